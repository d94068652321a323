"""The policies of one upstream as the service config of a gRPC channel.

The format is that of gRPC's proposals A2, A6 (retries), A17 (health), A24 (load balancing), A50
(outlier detection) and A58 (weighted round robin).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from meshconf.mesh.attempts import attempts_of
from meshconf.mesh.load_balancer import Algorithm
from meshconf.mesh.paths import dotted, settings_of, value_at
from meshconf.mesh.render.defaults import is_default
from meshconf.mesh.render.durations import milliseconds, seconds_text
from meshconf.mesh.render.health import check_type
from meshconf.mesh.render.rendered import Account, Rendered
from meshconf.mesh.render.upstreams import general, upstreams_of
from meshconf.mesh.render.words import few

if TYPE_CHECKING:
    from collections.abc import Sequence

    from meshconf.mesh.render.upstreams import Upstream
    from meshconf.mesh.service_mesh import ServiceMeshConfig

__all__ = ["grpc"]

#: The longest duration of protobuf, ten thousand years, in milliseconds.
_LONGEST = 315_576_000_000_000

#: So many milliseconds earlier than the timeout of a service config says, gRPC's core ends a call at
#: the worst: grpc/grpc#34547. A timeout that is no longer ends each call at once.
_EARLY = 2_000

#: From 1 ms, gRPC's core takes off up to 20 % at random and never comes back from a wait of 0 ms:
#: grpc/grpc#41036.
_SHORTEST_WAIT = 2

#: More attempts than these, no gRPC client makes, whatever its service config says.
_MOST_ATTEMPTS = 5

_PYTHON = "gRPC in Python"

_CODES = {
    "cancelled": "CANCELLED",
    "deadline-exceeded": "DEADLINE_EXCEEDED",
    "internal": "INTERNAL",
    "resource-exhausted": "RESOURCE_EXHAUSTED",
    "unavailable": "UNAVAILABLE",
}

#: What a hashing algorithm takes.
_HASHING = {
    Algorithm.RING_HASH: ("hash_key", "minimum_ring_size"),
    Algorithm.MAGLEV: ("hash_key", "table_size"),
}

_OUTSIDE = "it is no matter of a channel's service config"

#: What a service config says of nothing.
_UNSAID = {
    "service_name": _OUTSIDE,
    "service_version": _OUTSIDE,
    "discovery": "the target of the channel says how hosts are found",
    "metrics": _OUTSIDE,
    "tracing": _OUTSIDE,
    "tls": "the credentials of the channel say it",
}

#: What it says of no policies.
_UNSAID_OF_POLICIES = {
    "circuit_breaker.max_requests": "gRPC limits no calls in flight",
    "circuit_breaker.max_connections": "a channel has one connection to each host",
    "circuit_breaker.max_pending_requests": "gRPC limits no calls that wait",
    "circuit_breaker.consecutive_failures": "gRPC counts no failures in a row",
    "circuit_breaker.half_open_max_requests": (
        "gRPC gives a host its full share when its ejection ends"
    ),
    "load_balancer.max_retries": "gRPC picks anew for each attempt, and perhaps the same host",
    "load_balancer.slow_start": "gRPC gives a new host its full share at once",
    "load_balancer.panic_threshold": "gRPC knows no panic mode",
    "retry.jitter": "gRPC makes waits up to 20 % shorter or longer",
    "retry.status_codes": "a call of gRPC ends with a code of its own, not with an HTTP status",
    "timeouts.connect": "an argument of the channel says it: grpc.min_reconnect_backoff_ms",
    "timeouts.per_try": "gRPC has one deadline for all attempts of a call",
    "timeouts.idle": "an argument of the channel says it: grpc.client_idle_timeout_ms",
}

#: What it does without being told.
_OBEYED = {
    "circuit_breaker.consecutive_failures": 0,
    "load_balancer.max_retries": 0,
    "load_balancer.panic_threshold": 0,
}


def grpc(config: ServiceMeshConfig, *, upstream: str | None = None) -> Rendered:
    """Render the service config of a gRPC channel, as JSON.

    A channel leads to one upstream and has one service config. With several upstreams and none
    chosen, it is the one of the general groups.

    Args:
        config: The configuration.

        upstream: The name of the upstream that the channel leads to; the only one, if not given.

    Raises:
        ConfigError: If something has no equivalent in gRPC (MC303); it holds all of it.
    """
    found = upstreams_of(config, upstream)
    alone = len(found) == 1
    one = found[0] if alone else general(config)
    account = Account("gRPC", config, [one])
    account.drop_all(_UNSAID)
    account.drop(_UNSAID["discovery"], config.discovery.backend)
    account.drop_all(_UNSAID_OF_POLICIES, one, obeyed=_OBEYED)
    if one.config.retry.budget != 0:
        reason = "gRPC throttles by the share of failures, not by retries in flight"
        account.drop(reason, "retry.budget", upstream=one)
    if alone:
        account.drop("the target of the channel names the port", "port", upstream=one)
        if one.config.protocol != "grpc":
            account.drop("a channel speaks gRPC", "protocol", upstream=one)
    else:
        _note_others(account, one, found)
    document: dict[str, Any] = {
        "methodConfig": [{"name": [{}], **_timeout(account, one), **_retry_policy(account, one)}],
        "loadBalancingConfig": _load_balancing(account, one),
        **_health_check(account, one),
    }
    return account.rendered(json.dumps(document, indent=2) + "\n")


def _note_others(account: Account, chosen: Upstream, others: Sequence[Upstream]) -> None:
    """Note what upstreams have that the service config, which is for none of them, does not say."""
    for one in others:
        reason = f"a gRPC channel has one service config: --upstream {dotted(one.name)}"
        differing = (
            path
            for path in settings_of(chosen.config)
            if value_at(one.config, path) != value_at(chosen.config, path)
        )
        account.drop(reason, *differing, upstream=one)


def _timeout(account: Account, upstream: Upstream) -> dict[str, Any]:
    path = "timeouts.request"
    found = milliseconds(account, path, upstream, most=_LONGEST)
    if found <= _EARLY:
        reason = (
            f"{_PYTHON} ends calls up to 2 s early (grpc/grpc#34547), here at once: pass "
            "timeout= to each call"
        )
        account.drop(reason, path, upstream=upstream)
        return {}
    reason = f"{_PYTHON} ends calls up to 2 s early (grpc/grpc#34547)"
    account.drop_part(reason, path, upstream=upstream)
    return {"timeout": seconds_text(found)}


def _retry_policy(account: Account, upstream: Upstream) -> dict[str, Any]:
    retry = upstream.config.retry
    if unsaid := [word for word in dict.fromkeys(retry.on) if word not in _CODES]:
        reason = f"gRPC tries again by the code of a call, and has none for {few(unsaid)}"
        account.drop_part(reason, "retry.on", upstream=upstream)
    codes = [_CODES[word] for word in dict.fromkeys(retry.on) if word in _CODES]
    if attempts_of(retry) == 1:
        return {}
    if not codes:
        account.drop("retry.on lists no code of gRPC", "retry", upstream=upstream)
        return {}
    attempts = min(retry.max_attempts, _MOST_ATTEMPTS)
    if attempts < retry.max_attempts:
        reason = f"gRPC makes {_MOST_ATTEMPTS} attempts at most"
        account.drop_part(reason, "retry.max_attempts", upstream=upstream)

    def wait(path: str) -> str:
        found = milliseconds(account, path, upstream, least=_SHORTEST_WAIT, most=_LONGEST)
        return seconds_text(found)

    policy = {
        "maxAttempts": attempts,
        "initialBackoff": wait("retry.base_delay"),
        "maxBackoff": wait("retry.max_delay"),
        "backoffMultiplier": retry.multiplier,
        "retryableStatusCodes": codes,
    }
    return {"retryPolicy": policy}


def _load_balancing(account: Account, upstream: Upstream) -> list[dict[str, Any]]:
    child = _policies(account, upstream)
    breaker = upstream.config.circuit_breaker
    if not breaker.enabled:
        return child
    if breaker.max_ejection_percent == 0:
        # gRPC compares before it ejects, and would eject one host even so.
        ejecting = set(settings_of(upstream.config, "circuit_breaker"))
        ejecting.remove("circuit_breaker.max_ejection_percent")
        account.drop("circuit_breaker.max_ejection_percent is 0", *ejecting, upstream=upstream)
        return child
    return [{"outlier_detection_experimental": _outlier_detection(account, upstream, child)}]


def _outlier_detection(
    account: Account, upstream: Upstream, child: list[dict[str, Any]]
) -> dict[str, Any]:
    breaker = upstream.config.circuit_breaker
    # A share is ejected that is larger than the threshold: none is larger than 100 %.
    threshold = min(round(breaker.error_threshold * 100), 99)
    account.drop_part(
        f"gRPC ejects above a whole percentage: above {threshold} %",
        "circuit_breaker.error_threshold",
        upstream=upstream,
    )
    if breaker.max_ejection_percent < 100:  # noqa: PLR2004 - percent
        account.drop_part(
            "gRPC ejects a host as long as fewer than that are ejected, and so at least one",
            "circuit_breaker.max_ejection_percent",
            upstream=upstream,
        )

    def seconds(name: str) -> str:
        path = f"circuit_breaker.{name}"
        return seconds_text(milliseconds(account, path, upstream, most=_LONGEST))

    return {
        "interval": seconds("window"),
        "baseEjectionTime": seconds("reset_timeout"),
        "maxEjectionTime": seconds("max_reset_timeout"),
        "maxEjectionPercent": breaker.max_ejection_percent,
        "failurePercentageEjection": {
            "threshold": threshold,
            "enforcementPercentage": 100,
            "minimumHosts": 1,
            "requestVolume": breaker.minimum_requests,
        },
        "childPolicy": child,
    }


def _policies(account: Account, upstream: Upstream) -> list[dict[str, Any]]:
    """Return the policies for an algorithm; a client takes the first that it knows."""
    path = "load_balancer.algorithm"
    balancer = upstream.config.load_balancer
    algorithm = balancer.algorithm
    if algorithm == Algorithm.WEIGHTED_ROUND_ROBIN:
        return [{"weighted_round_robin": {}}]
    policies: list[dict[str, Any]] = [{"round_robin": {}}]
    if algorithm == Algorithm.LEAST_REQUEST:
        reason = f"{_PYTHON} has no least_request: round_robin takes its place"
        account.drop_part(reason, path, "load_balancer.choice_count", upstream=upstream)
        policies.insert(0, {"least_request_experimental": {"choiceCount": balancer.choice_count}})
    elif algorithm == Algorithm.RANDOM:
        reason = "gRPC has no random choice: round_robin takes its place"
        account.drop(reason, path, upstream=upstream)
    elif algorithm != Algorithm.ROUND_ROBIN:
        _refuse_algorithm(account, upstream)
    return policies


def _refuse_algorithm(account: Account, upstream: Upstream) -> None:
    """Refuse an algorithm, and with it the settings that another one leaves without effect."""
    algorithm = upstream.config.load_balancer.algorithm
    message = f"is {algorithm}, for which gRPC has no policy"
    if algorithm == Algorithm.RING_HASH:
        # It takes the policy, and each call ends with "hash attribute not present".
        message = f"is {algorithm}, with which gRPC fails every call of a channel without xDS"
    remedy = "use round_robin, least_request, random or weighted_round_robin"
    account.refuse_of(upstream, "load_balancer.algorithm", message, remedy)
    for name in _HASHING.get(algorithm, ()):
        path = f"load_balancer.{name}"
        if not is_default(upstream.config, path):
            account.refuse_of(upstream, path, f"is for {algorithm}", "take it out")


def _health_check(account: Account, upstream: Upstream) -> dict[str, Any]:
    """Return gRPC's health check, where gRPC's health service is what is to be asked."""
    group = "load_balancer.health_check"
    check = upstream.config.load_balancer.health_check
    if check.type != "grpc" and not (
        upstream.config.protocol == "grpc" and check_type(account, upstream) == "grpc"
    ):
        if check.type != "none":
            # The default is a check that is then not made.
            reason = "gRPC asks nothing but gRPC's health service"
            account.drop(reason, f"{group}.type", upstream=upstream, notable=True)
            account.drop(reason, group, upstream=upstream)
        return {}
    told = ("port", "interval", "timeout", "healthy_threshold", "unhealthy_threshold")
    reason = "gRPC is told of health over the connection of the calls, when it changes"
    account.drop(reason, *(f"{group}.{name}" for name in told), upstream=upstream)
    return {"healthCheckConfig": {"serviceName": ""}}
