"""What a service allows its upstreams, in its own service-defaults of Consul."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from meshconf.mesh.render.consul_language import (
    EJECTION,
    ENFORCING,
    Version,
    duration,
    since,
)
from meshconf.mesh.render.durations import milliseconds
from meshconf.mesh.render.envoy_words import LONGEST
from meshconf.mesh.render.rendered import Account
from meshconf.mesh.render.upstreams import general

if TYPE_CHECKING:
    from collections.abc import Sequence

    from meshconf.mesh.render.upstreams import Upstream

__all__ = ["caller"]

_UNLIMITED = 2**31 - 1

_BY_DEFAULT = f"{since(ENFORCING)}: 5 failures in a row eject a host"
_BY_SUCCESS_RATE = (
    "Consul leaves on that Envoy ejects hosts whose success rate is far below the rest"
)

_NOT_SAID = {
    "circuit_breaker.error_threshold": "Consul ejects by failures in a row",
    "circuit_breaker.minimum_requests": "Consul ejects by failures in a row",
    "circuit_breaker.max_reset_timeout": "Consul sets no longest ejection",
    "circuit_breaker.half_open_max_requests": "Consul gives no trial requests",
}


def caller(
    account: Account, version: Version, upstreams: Sequence[Upstream], chosen: Sequence[Upstream]
) -> dict[str, Any]:
    """Return the entry of this service: what holds for each upstream, and for all others.

    Args:
        account: The account.

        version: Of Consul.

        upstreams: All upstreams, as the entry is written as a whole.

        chosen: Those of which the account tells.
    """
    config = account.config
    defaults = _upstream_config(account, version, general(config))
    overrides, names = [], {one.name for one in chosen}
    for one in upstreams:
        noted = account if one.name in names else Account(account.target, config, (one,))
        found = _upstream_config(noted, version, one)
        if found != defaults:
            overrides.append({"Name": one.name, **found})
    return {
        "Kind": "service-defaults",
        "Name": config.service_name,
        "UpstreamConfig": {
            "Defaults": defaults,
            **({"Overrides": overrides} if overrides else {}),
        },
    }


def _upstream_config(account: Account, version: Version, upstream: Upstream) -> dict[str, Any]:
    breaker = upstream.config.circuit_breaker
    account.drop_all(_NOT_SAID, upstream)
    if upstream.config.protocol == "tcp":
        account.drop_part(account.no_requests, "circuit_breaker.max_requests", upstream=upstream)
    return {
        "ConnectTimeoutMs": milliseconds(account, "timeouts.connect", upstream, most=LONGEST),
        # Without numbers, Envoy's own limits of 1,024 would hold.
        "Limits": {
            "MaxConnections": breaker.max_connections if breaker.enabled else _UNLIMITED,
            "MaxPendingRequests": breaker.max_pending_requests if breaker.enabled else _UNLIMITED,
            "MaxConcurrentRequests": breaker.max_requests if breaker.enabled else _UNLIMITED,
        },
        "PassiveHealthCheck": (
            _ejection(account, version, upstream)
            if breaker.enabled
            else _no_ejection(account, version, upstream)
        ),
    }


def _ejection(account: Account, version: Version, upstream: Upstream) -> dict[str, Any]:
    breaker, failures = upstream.config.circuit_breaker, "circuit_breaker.consecutive_failures"
    account.drop_part(_BY_SUCCESS_RATE, failures, upstream=upstream)
    found: dict[str, Any] = {"Interval": duration(account, "circuit_breaker.window", upstream)}
    if breaker.consecutive_failures:
        found["MaxFailures"] = breaker.consecutive_failures
    if version >= ENFORCING:
        ejects = breaker.consecutive_failures and breaker.max_ejection_percent
        found["EnforcingConsecutive5xx"] = 100 if ejects else 0
    elif not breaker.consecutive_failures:
        account.drop_part(_BY_DEFAULT, failures, upstream=upstream)
    if version >= EJECTION:
        found["MaxEjectionPercent"] = breaker.max_ejection_percent
        found["BaseEjectionTime"] = duration(account, "circuit_breaker.reset_timeout", upstream)
    else:
        for name in ("max_ejection_percent", "reset_timeout"):
            account.drop(since(EJECTION), f"circuit_breaker.{name}", upstream=upstream)
    return found


def _no_ejection(account: Account, version: Version, upstream: Upstream) -> dict[str, Any]:
    """Return what switches ejections off: without a word of them, Envoy has its own."""
    account.drop_part(_BY_SUCCESS_RATE, "circuit_breaker.enabled", upstream=upstream)
    if version < ENFORCING:
        account.drop_part(_BY_DEFAULT, "circuit_breaker.enabled", upstream=upstream)
        return {}
    return {
        "EnforcingConsecutive5xx": 0,
        **({"MaxEjectionPercent": 0} if version >= EJECTION else {}),
    }
