"""What Envoy says of no upstream, whether in a whole bootstrap or in a part of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meshconf.mesh.render.envoy_hosts import note_discovery

if TYPE_CHECKING:
    from collections.abc import Sequence

    from meshconf.mesh.render.rendered import Account
    from meshconf.mesh.render.upstreams import Upstream

__all__ = ["note_unsaid"]

_DOUBLES = 2.0

#: What is about requests.
_OF_REQUESTS = (
    "circuit_breaker.max_requests",
    "load_balancer.max_retries",
    "retry.budget",
    "retry.on",
    "retry.status_codes",
    "timeouts.per_try",
    "timeouts.request",
)


def note_unsaid(account: Account, upstreams: Sequence[Upstream]) -> None:
    """Note what Envoy has no words for."""
    note_discovery(account, upstreams)
    for one in upstreams:
        reason = "Envoy gives a host its full share when its ejection ends"
        account.drop(reason, "circuit_breaker.half_open_max_requests", upstream=one)
        if one.config.retry.multiplier != _DOUBLES:
            account.drop("Envoy doubles each delay", "retry.multiplier", upstream=one)
        reason = "Envoy waits a random time, up to the whole of each delay"
        account.drop(reason, "retry.jitter", upstream=one)
        if one.config.protocol == "tcp":
            reason = "Envoy sees connections in plain TCP, and no requests"
            key = one.config.load_balancer.hash_key
            hashed = () if key == "source_ip" else ("load_balancer.hash_key",)
            account.drop(reason, *_OF_REQUESTS, *hashed, upstream=one)
