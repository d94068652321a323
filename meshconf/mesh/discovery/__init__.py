"""Where the hosts of an upstream are looked up: settings for each backend, and probes of it.

The settings are imported with the mesh; what probes needs is imported when something is probed.
"""

from meshconf.mesh.discovery.settings import (
    Backend,
    ConsulConfig,
    DiscoveryConfig,
    DnsConfig,
    EtcdConfig,
    KubernetesConfig,
    StaticConfig,
    ZookeeperConfig,
)

__all__ = [
    "Backend",
    "ConsulConfig",
    "DiscoveryConfig",
    "DnsConfig",
    "EtcdConfig",
    "KubernetesConfig",
    "StaticConfig",
    "ZookeeperConfig",
]
