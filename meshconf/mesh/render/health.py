"""How the hosts of an upstream are asked, where the setting does not fit what they speak."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from meshconf.mesh.render.rendered import Account
    from meshconf.mesh.render.upstreams import Upstream

__all__ = ["check_type", "checked_over_http2"]


def checked_over_http2(upstream: Upstream) -> bool:
    """Tell whether health is asked for in HTTP/2: on the port of a service that speaks nothing else.

    What answers about health on another port is taken for an ordinary server.
    """
    port = upstream.config.load_balancer.health_check.port
    own = {None, upstream.config.port, *(port for _, port in upstream.hosts)}
    return upstream.speaks_http2 and port in own


def check_type(account: Account, upstream: Upstream) -> str:
    """Return the type of the health checks of an upstream.

    The default, ``http``, would take every host of an upstream that speaks plain TCP or gRPC out of
    service: where nothing says that another port answers HTTP, what the upstream speaks is asked.

    Returns:
        ``http``, ``tcp``, ``grpc`` or ``none``; ``grpc`` only for an upstream that speaks HTTP/2.
    """
    check, protocol = upstream.config.load_balancer.health_check, upstream.config.protocol
    found: str = check.type
    if found == "http" and check.port is None and protocol in ("tcp", "grpc"):
        found = protocol
    if found == "grpc" and protocol in ("http", "tcp"):
        found = "tcp"
    if found != check.type:
        asked = {"tcp": "a connection", "grpc": "gRPC's health service"}[found]
        reason = f"what speaks {protocol} is asked for {asked}"
        unused = ("path", "expected_statuses") if check.type == "http" else ()
        for name in ("type", *unused):
            account.drop_part(reason, f"load_balancer.health_check.{name}", upstream=upstream)
    return found
