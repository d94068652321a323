"""Which values are those that the schema has by default."""

from __future__ import annotations

from meshconf.mesh.paths import value_at
from meshconf.mesh.service_mesh import ServiceMeshConfig
from meshconf.mesh.upstream import UpstreamConfig

__all__ = ["is_default"]

_OF_ALL = ServiceMeshConfig(service_name="default")
_OF_UPSTREAM = UpstreamConfig()


def is_default(config: ServiceMeshConfig | UpstreamConfig, path: str) -> bool:
    """Tell whether a setting has its default.

    The name of the service counts as one: it has to be given, whatever the target makes of it.
    """
    defaults = _OF_UPSTREAM if isinstance(config, UpstreamConfig) else _OF_ALL
    return path == "service_name" or bool(value_at(config, path) == value_at(defaults, path))
