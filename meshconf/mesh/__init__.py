"""The mesh schema: three groups of settings for a service in a mesh, and what is below them."""

from meshconf.mesh.circuit_breaker import CircuitBreakerConfig
from meshconf.mesh.discovery import (
    ConsulConfig,
    DiscoveryConfig,
    DnsConfig,
    EtcdConfig,
    KubernetesConfig,
    StaticConfig,
    ZookeeperConfig,
)
from meshconf.mesh.load_balancer import Algorithm, HealthCheckConfig, LoadBalancerConfig
from meshconf.mesh.retry import RetryConfig
from meshconf.mesh.service_mesh import ServiceMeshConfig
from meshconf.mesh.telemetry import MetricsConfig, TracingConfig
from meshconf.mesh.timeouts import TimeoutsConfig
from meshconf.mesh.tls import TlsConfig
from meshconf.mesh.upstream import UpstreamConfig

__all__ = [
    "Algorithm",
    "CircuitBreakerConfig",
    "ConsulConfig",
    "DiscoveryConfig",
    "DnsConfig",
    "EtcdConfig",
    "HealthCheckConfig",
    "KubernetesConfig",
    "LoadBalancerConfig",
    "MetricsConfig",
    "RetryConfig",
    "ServiceMeshConfig",
    "StaticConfig",
    "TimeoutsConfig",
    "TlsConfig",
    "TracingConfig",
    "UpstreamConfig",
    "ZookeeperConfig",
]
