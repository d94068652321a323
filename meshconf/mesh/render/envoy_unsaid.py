"""What Envoy says of no upstream, whether in a whole bootstrap or in a part of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meshconf.mesh.render.envoy_hosts import note_discovery
from meshconf.mesh.render.envoy_words import note_waits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from meshconf.mesh.render.rendered import Account
    from meshconf.mesh.render.upstreams import Upstream

__all__ = ["note_unsaid"]

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
        note_waits(account, one)
        if one.config.protocol == "tcp":
            key = one.config.load_balancer.hash_key
            hashed = () if key == "source_ip" else ("load_balancer.hash_key",)
            account.drop(account.no_requests, *_OF_REQUESTS, *hashed, upstream=one)
