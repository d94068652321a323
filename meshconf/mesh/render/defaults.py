"""Which values are those that the schema has by default."""

from __future__ import annotations

from meshconf.mesh.paths import value_at
from meshconf.mesh.service_mesh import ServiceMeshConfig
from meshconf.mesh.upstream import UpstreamConfig

__all__ = ["is_default"]

_OF_ALL = ServiceMeshConfig(service_name="default")
_OF_UPSTREAM = UpstreamConfig()


def is_default(config: ServiceMeshConfig | UpstreamConfig, path: str) -> bool:
    """Tell whether a setting has its default; the name of the service has none."""
    defaults = _OF_UPSTREAM if isinstance(config, UpstreamConfig) else _OF_ALL
    return path != "service_name" and bool(value_at(config, path) == value_at(defaults, path))
