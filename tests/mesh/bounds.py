"""The bounds of the settings that have some, class by class."""

from __future__ import annotations

from typing import Any

from meshconf import CircuitBreakerConfig, LoadBalancerConfig, ServiceMeshConfig
from meshconf.mesh import (
    ConsulConfig,
    DiscoveryConfig,
    DnsConfig,
    EtcdConfig,
    HealthCheckConfig,
    MetricsConfig,
    RetryConfig,
    TimeoutsConfig,
    TracingConfig,
    UpstreamConfig,
    ZookeeperConfig,
)

Row = tuple[type, str, list[Any], list[Any]]

MOST = 2**31 - 1
TINY = 5e-324

#: The class, the setting, the values at its limits, the values just beyond them.
NUMBERS: list[Row] = [
    (CircuitBreakerConfig, "max_requests", [1, MOST], [0, MOST + 1]),
    (CircuitBreakerConfig, "max_connections", [1, MOST], [0, MOST + 1]),
    (CircuitBreakerConfig, "max_pending_requests", [1, MOST], [0, MOST + 1]),
    (CircuitBreakerConfig, "error_threshold", [0.0, 1.0], [-TINY, 1.0000001]),
    (CircuitBreakerConfig, "minimum_requests", [1, MOST], [0, MOST + 1]),
    (CircuitBreakerConfig, "window", [0.001, 86400.0], [0.0009]),
    (CircuitBreakerConfig, "consecutive_failures", [0, MOST], [-1, MOST + 1]),
    (CircuitBreakerConfig, "reset_timeout", [TINY, 86400.0], [0.0]),
    (CircuitBreakerConfig, "max_reset_timeout", [TINY, 86400.0], [0.0]),
    (CircuitBreakerConfig, "half_open_max_requests", [1, MOST], [0, MOST + 1]),
    (CircuitBreakerConfig, "max_ejection_percent", [0, 100], [-1, 101]),
    (LoadBalancerConfig, "max_retries", [0, MOST], [-1, MOST + 1]),
    (LoadBalancerConfig, "choice_count", [2, MOST], [1, MOST + 1]),
    (LoadBalancerConfig, "minimum_ring_size", [1, 8388608], [0, 8388609]),
    (LoadBalancerConfig, "table_size", [2, 3, 5, 5000011], [-7, 0, 1, 4, 9, 65536, 5000077]),
    (LoadBalancerConfig, "slow_start", [None, TINY], [0.0]),
    (LoadBalancerConfig, "panic_threshold", [0.0, 1.0], [-TINY, 1.0000001]),
    (HealthCheckConfig, "port", [None, 1, 65535], [0, 65536]),
    (HealthCheckConfig, "interval", [TINY], [0.0]),
    (HealthCheckConfig, "timeout", [TINY], [0.0]),
    (HealthCheckConfig, "healthy_threshold", [1, MOST], [0, MOST + 1]),
    (HealthCheckConfig, "unhealthy_threshold", [1, MOST], [0, MOST + 1]),
    (RetryConfig, "max_attempts", [1, MOST], [0, MOST + 1]),
    (RetryConfig, "base_delay", [TINY], [0.0, -1.0]),
    (RetryConfig, "max_delay", [TINY], [0.0, -1.0]),
    (RetryConfig, "multiplier", [1.0, 1e300], [0.9999999]),
    (RetryConfig, "jitter", [0.0, 1.0], [-TINY, 1.0000001]),
    (RetryConfig, "budget", [None, 0.0, 1.0], [-TINY, 1.0000001]),
    (TimeoutsConfig, "connect", [TINY], [0.0]),
    (TimeoutsConfig, "request", [TINY], [0.0]),
    (TimeoutsConfig, "per_try", [TINY], [0.0]),
    (TimeoutsConfig, "idle", [TINY], [0.0]),
    (DiscoveryConfig, "refresh_interval", [TINY], [0.0]),
    (ConsulConfig, "port", [1, 65535], [0, 65536]),
    (EtcdConfig, "dial_timeout", [TINY], [0.0]),
    (DnsConfig, "port", [None, 1, 65535], [0, 65536]),
    (ZookeeperConfig, "session_timeout", [TINY], [0.0]),
    (MetricsConfig, "port", [1, 65535], [0, 65536]),
    (TracingConfig, "sampling_ratio", [0.0, 1.0], [-TINY, 1.0000001]),
    (UpstreamConfig, "port", [None, 1, 65535], [0, 65536]),
]
TEXTS: list[Row] = [
    (ServiceMeshConfig, "service_name", ["a", "a" * 253], ["", "a" * 254]),
    (HealthCheckConfig, "path", ["/", "/health?deep=1"], ["", "health", "/he alth", "/a\n"]),
    (MetricsConfig, "path", ["/", "/metrics"], ["", "metrics", "/met rics"]),
    (ZookeeperConfig, "root", ["/", "/a/b"], ["", "services"]),
    (ConsulConfig, "host", ["consul", "::1"], ["", "http://consul", "consul:8500"]),
    (
        LoadBalancerConfig,
        "hash_key",
        [None, "header:x-user", "cookie:sid", "query:id", "source_ip"],
        ["", "header:", "x-user", "header:a b", "source_ip:", "body:id", "source_ip\n"],
    ),
    (
        DnsConfig,
        "name",
        [None, "orders.internal", "{service}.service.consul", "_{service}._tcp.example.com"],
        ["", "{servcie}.consul", "{service", "a b", "{}"],
    ),
]

#: Where the settings of a class stand.
PATHS = {
    CircuitBreakerConfig: "circuit_breaker.",
    LoadBalancerConfig: "load_balancer.",
    HealthCheckConfig: "load_balancer.health_check.",
    RetryConfig: "retry.",
    TimeoutsConfig: "timeouts.",
    DiscoveryConfig: "discovery.",
    ConsulConfig: "consul.",
    EtcdConfig: "etcd.",
    DnsConfig: "dns.",
    ZookeeperConfig: "zookeeper.",
    MetricsConfig: "metrics.",
    TracingConfig: "tracing.",
    UpstreamConfig: "upstreams.payments.",
    ServiceMeshConfig: "",
}
