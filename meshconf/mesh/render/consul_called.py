"""How an upstream is called, in entries of its own of Consul: protocol, resolver and router.

An entry takes the place of the one of its kind and name, with all that the service has written there
itself. So none is written that is not needed: ``service-defaults``, where a service says what it
allows its own upstreams, only for its protocol, without which Consul refuses a router; and neither
of them for plain TCP, which is what Consul takes for granted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from meshconf.mesh.attempts import attempts_of
from meshconf.mesh.load_balancer import Algorithm
from meshconf.mesh.render.algorithm import NEAREST, refuse_algorithm
from meshconf.mesh.render.consul_language import (
    LOAD_BALANCER,
    RESOLVER_TIMEOUT,
    ROUTE_CONDITIONS,
    UPSTREAM_CONFIG,
    Version,
    duration,
    since,
)
from meshconf.mesh.render.words import few

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meshconf.mesh.render.rendered import Account
    from meshconf.mesh.render.upstreams import Upstream

__all__ = ["called"]

_LARGEST_RING = 8_388_608  # Envoy's limit

# What RetryOn takes, but for connect-failure, which has a key of its own.
_CONDITIONS = frozenset(
    {
        "5xx",
        "gateway-error",
        "reset",
        "refused-stream",
        "retriable-4xx",
        "cancelled",
        "deadline-exceeded",
        "internal",
        "resource-exhausted",
        "unavailable",
    }
)

_OPTIONS = {
    Algorithm.LEAST_REQUEST: ("choice_count",),
    Algorithm.RING_HASH: ("hash_key", "minimum_ring_size"),
    Algorithm.MAGLEV: ("hash_key",),
}

_REGISTRATION = "the registration of a service says that"
_WAITS = "Consul sets no waits between attempts"

_NOT_SAID = {
    "port": "Consul finds hosts in its own catalogue",
    "load_balancer.health_check": _REGISTRATION,
    "load_balancer.slow_start": "Consul has no slow start",
    "load_balancer.panic_threshold": "Consul switches panic mode off",
}

_NOT_SAID_OF_REQUESTS = {
    "load_balancer.max_retries": "Consul does not set how often another host is picked",
    "retry.base_delay": _WAITS,
    "retry.max_delay": _WAITS,
    "retry.multiplier": _WAITS,
    "retry.jitter": _WAITS,
}


def called(account: Account, version: Version, upstream: Upstream) -> Iterator[dict[str, Any]]:
    """Return the entries of an upstream: its protocol before its router, which Consul wants."""
    account.drop_all(_NOT_SAID, upstream, obeyed={"load_balancer.panic_threshold": 0})
    if version < UPSTREAM_CONFIG:
        reason = f"{since(UPSTREAM_CONFIG)}: limits and ejections are those of Envoy by default"
        account.drop(reason, "circuit_breaker", upstream=upstream)
    protocol = upstream.config.protocol
    resolver = {
        "Kind": "service-resolver",
        "Name": upstream.name,
        "ConnectTimeout": duration(account, "timeouts.connect", upstream),
        **_load_balancer(account, version, upstream),
    }
    if protocol == "tcp":
        _note_tcp(account, upstream)
        yield resolver
        return
    yield {"Kind": "service-defaults", "Name": upstream.name, "Protocol": protocol}
    request = _request_timeout(account, upstream)
    if version >= RESOLVER_TIMEOUT:  # where terminating gateways look for it
        resolver["RequestTimeout"] = request
    yield resolver
    route = {
        "Match": {"HTTP": {"PathPrefix": "/"}},
        "Destination": {
            "RequestTimeout": request,
            **_idle_timeout(account, version, upstream),
            **_retries(account, version, upstream),
        },
    }
    yield {"Kind": "service-router", "Name": upstream.name, "Routes": [route]}


def _note_tcp(account: Account, upstream: Upstream) -> None:
    reason = "it holds as long as neither service-defaults nor proxy-defaults name another"
    account.drop_part(reason, "protocol", upstream=upstream)
    account.drop(
        account.no_requests,
        "retry",
        "load_balancer.max_retries",
        "load_balancer.hash_key",
        "timeouts.request",
        "timeouts.per_try",
        "timeouts.idle",
        upstream=upstream,
    )


def _request_timeout(account: Account, upstream: Upstream) -> str:
    if attempts_of(upstream.config.retry) == 1:
        reason = "a request with one attempt ends after timeouts.per_try"
        account.drop(reason, "timeouts.request", upstream=upstream)
        return duration(account, "timeouts.per_try", upstream)
    reason = "Consul sets no time for one of several attempts"
    account.drop(reason, "timeouts.per_try", upstream=upstream)
    return duration(account, "timeouts.request", upstream)


def _idle_timeout(account: Account, version: Version, upstream: Upstream) -> dict[str, str]:
    if version < ROUTE_CONDITIONS:
        account.drop(since(ROUTE_CONDITIONS), "timeouts.idle", upstream=upstream)
        return {}
    found = duration(account, "timeouts.idle", upstream)
    reason = "Consul ends silent requests, and closes no silent connections"
    account.drop_part(reason, "timeouts.idle", upstream=upstream)
    return {"IdleTimeout": found}


def _retries(account: Account, version: Version, upstream: Upstream) -> dict[str, Any]:
    account.drop_all(_NOT_SAID_OF_REQUESTS, upstream, obeyed={"load_balancer.max_retries": 0})
    retry = upstream.config.retry
    if retry.budget != 0:
        account.drop("Consul has no retry budget", "retry.budget", upstream=upstream)
    if attempts_of(retry) == 1:
        return {}
    reason = "Consul leaves Envoy's limit of three retries at a time"
    account.drop_part(reason, "retry.max_attempts", upstream=upstream)
    found: dict[str, Any] = {"NumRetries": retry.max_attempts - 1}
    if "connect-failure" in retry.on:
        found["RetryOnConnectFailure"] = True
    if "retriable-status-codes" in retry.on and retry.status_codes:
        found["RetryOnStatusCodes"] = list(retry.status_codes)
    conditions = [one for one in dict.fromkeys(retry.on) if one in _CONDITIONS]
    if conditions and version >= ROUTE_CONDITIONS:
        found["RetryOn"] = conditions
    elif conditions:
        reason = f"{since(ROUTE_CONDITIONS)}: {few(conditions)}"
        account.drop_part(reason, "retry.on", upstream=upstream)
    if "reset-before-request" in retry.on:
        reason = "Consul does not know reset-before-request"
        account.drop_part(reason, "retry.on", upstream=upstream)
    return found


def _load_balancer(account: Account, version: Version, upstream: Upstream) -> dict[str, Any]:
    balancer = upstream.config.load_balancer
    algorithm = balancer.algorithm
    if algorithm in NEAREST:
        refuse_algorithm(account, upstream)
    if algorithm is Algorithm.MAGLEV:
        account.drop("Consul sets no table size", "load_balancer.table_size", upstream=upstream)
    if version < LOAD_BALANCER:
        for name in ("algorithm", *_OPTIONS.get(algorithm, ())):
            account.drop(since(LOAD_BALANCER), f"load_balancer.{name}", upstream=upstream)
        return {}
    options: dict[Algorithm, dict[str, Any]] = {
        Algorithm.LEAST_REQUEST: {"LeastRequestConfig": {"ChoiceCount": balancer.choice_count}},
        # A maximum that is not given would be 0 to Envoy, less than the minimum.
        Algorithm.RING_HASH: {
            "RingHashConfig": {
                "MinimumRingSize": balancer.minimum_ring_size,
                "MaximumRingSize": _LARGEST_RING,
            },
            **_hash_policies(upstream),
        },
        Algorithm.MAGLEV: _hash_policies(upstream),
    }
    return {"LoadBalancer": {"Policy": str(algorithm), **options.get(algorithm, {})}}


def _hash_policies(upstream: Upstream) -> dict[str, Any]:
    key = upstream.config.load_balancer.hash_key
    if key is None or upstream.config.protocol == "tcp":
        return {}
    kind, _, name = key.partition(":")
    if kind == "source_ip":
        return {"HashPolicies": [{"SourceIP": True}]}
    field = "query_parameter" if kind == "query" else kind
    return {"HashPolicies": [{"Field": field, "FieldValue": name}]}
