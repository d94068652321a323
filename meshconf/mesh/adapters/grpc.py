"""The options of a gRPC channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meshconf.mesh.render.grpc_service_config import grpc

if TYPE_CHECKING:
    from meshconf.mesh.service_mesh import ServiceMeshConfig

__all__ = ["grpc_service_config"]


def grpc_service_config(
    config: ServiceMeshConfig, *, upstream: str | None = None
) -> list[tuple[str, str | int]]:
    """Return options for a channel: ``grpc.insecure_channel(target, options=…)``.

    They are the same for ``grpc.aio``, and are made without grpcio, which the extra ``grpc`` installs
    in a version that takes them. What gRPC cannot do is in ``meshconf.mesh.render.grpc(config).dropped``.

    Args:
        config: The configuration.

        upstream: The name of the upstream that the channel leads to; the only one, if not given.

    Raises:
        ConfigError: If something has no equivalent in gRPC (MC303); it holds all of it.
    """
    text = grpc(config, upstream=upstream).text
    return [("grpc.service_config", text), ("grpc.enable_retries", 1)]
