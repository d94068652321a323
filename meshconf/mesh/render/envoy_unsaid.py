"""What Envoy says of no upstream, whether in a whole bootstrap or in a part of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meshconf.mesh.attempts import attempts_of
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
            _note_requests(account, one)


def _note_requests(account: Account, upstream: Upstream) -> None:
    """Note what is about requests, of an upstream that speaks plain TCP."""
    unsaid = [*_OF_REQUESTS]
    if upstream.config.load_balancer.hash_key != "source_ip":
        unsaid.append("load_balancer.hash_key")
    if upstream.config.retry.budget != 0:  # which leaves one attempt
        unsaid.append("retry.budget")
    account.drop(account.no_requests, *unsaid, upstream=upstream)
    if attempts_of(upstream.config.retry) > 1:
        reason = "Envoy connects again after any failure to connect, and after no other one"
        account.drop_part(reason, "retry.on", upstream=upstream)
