"""Which values are those that the schema has by default."""

from __future__ import annotations

from meshconf.mesh.paths import value_at
from meshconf.mesh.service_mesh import ServiceMeshConfig
from meshconf.mesh.upstream import UpstreamConfig

__all__ = ["defaults_of", "is_default"]

_OF_ALL = ServiceMeshConfig(service_name="default")
_OF_UPSTREAM = UpstreamConfig()


def defaults_of(config: ServiceMeshConfig | UpstreamConfig) -> ServiceMeshConfig | UpstreamConfig:
    """Return a configuration, or an upstream, that has all defaults, and no settings but the mesh's.

    A class of a user's that inherits may have more, which mean nothing to a target.
    """
    return _OF_UPSTREAM if isinstance(config, UpstreamConfig) else _OF_ALL


def is_default(config: ServiceMeshConfig | UpstreamConfig, path: str) -> bool:
    """Tell whether a setting has its default.

    The name of the service counts as one: it has to be given, whatever the target makes of it.
    """
    same = value_at(config, path) == value_at(defaults_of(config), path)
    return path == "service_name" or bool(same)
