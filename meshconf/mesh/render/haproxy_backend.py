"""An upstream as a backend of HAProxy: load balancing, limits, retries, timeouts, servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meshconf.mesh.attempts import attempts_of
from meshconf.mesh.load_balancer import Algorithm
from meshconf.mesh.render.algorithm import refuse_algorithm
from meshconf.mesh.render.haproxy_checks import checks, for_servers
from meshconf.mesh.render.haproxy_hosts import servers
from meshconf.mesh.render.haproxy_tls import for_all_servers
from meshconf.mesh.render.haproxy_words import Lines, duration, line, section
from meshconf.mesh.render.words import few

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from meshconf.mesh.render.haproxy_hosts import Hosts
    from meshconf.mesh.render.rendered import Account
    from meshconf.mesh.render.upstreams import Upstream

__all__ = ["backend"]

#: Why the rest of a circuit breaker is not said.
_EJECTION: Mapping[str, str] = {
    **{
        f"circuit_breaker.{name}": "HAProxy ejects a host only for failures in a row"
        for name in ("error_threshold", "minimum_requests", "window")
    },
    "circuit_breaker.half_open_max_requests": "HAProxy tries a host with checks before it is back",
}

#: All hosts, in percent.
_ALL = 100

#: Why the pauses between attempts are not said.
_PAUSES: Mapping[str, str] = {
    **{
        f"retry.{name}": "HAProxy waits before it tries the same host again: a second at most"
        for name in ("base_delay", "max_delay", "multiplier", "jitter")
    },
    "retry.budget": "HAProxy does not limit how many retries are in flight",
}

#: What HAProxy calls the kinds of failure that it knows.
_RETRY_ON: Mapping[str, tuple[str, ...]] = {
    "connect-failure": ("conn-failure",),
    "reset": ("conn-failure", "empty-response", "response-timeout"),
    # A connection that fails, or brings no answer, is a 502, 503 or 504 to the client.
    "gateway-error": (
        "conn-failure",
        "empty-response",
        "response-timeout",
        "502",
        "503",
        "504",
    ),
    "5xx": (
        "conn-failure",
        "empty-response",
        "response-timeout",
        "500",
        "501",
        "502",
        "503",
        "504",
    ),
}

#: The status codes after which HAProxy can retry.
_STATUS_CODES = frozenset({401, 403, 404, 408, 425, 500, 501, 502, 503, 504})


def backend(account: Account, upstream: Upstream, hosts: Hosts) -> str:
    """Return the backend of an upstream."""
    is_tcp = upstream.config.protocol == "tcp"
    # Over TLS it is agreed on: forced there, HAProxy 2.6 waits in vain for answers to its checks.
    forces_http2 = upstream.speaks_http2 and not account.config.tls.enabled
    for_each: list[object] = [
        *(("proto", "h2") if forces_http2 else ()),
        *_limit(account, upstream, hosts),
        *for_servers(account, upstream),
        *for_all_servers(account, upstream),
    ]
    return section(
        "backend",
        upstream.name,
        [
            *([line("mode", "tcp")] if is_tcp else []),
            *_balance(account, upstream, hosts),
            *_timeouts(account, upstream),
            *_retries(account, upstream),
            *_queue_limit(upstream),
            *checks(account, upstream),
            *([line("default-server", *for_each)] if for_each else []),
            *servers(account, upstream, hosts),
        ],
    )


def _balance(account: Account, upstream: Upstream, hosts: Hosts) -> Lines:
    balancer, path = upstream.config.load_balancer, "load_balancer.algorithm"
    if balancer.panic_threshold > 0:
        reason = "HAProxy sends nothing to a host that is down"
        account.drop(reason, "load_balancer.panic_threshold", upstream=upstream)
    algorithm = balancer.algorithm
    if algorithm is Algorithm.ROUND_ROBIN:
        return [line("balance", "roundrobin")]
    if algorithm is Algorithm.RANDOM:
        return [line("balance", "random(1)")]
    if algorithm is Algorithm.LEAST_REQUEST:
        if balancer.choice_count <= hosts.most:
            return [line("balance", f"random({balancer.choice_count})")]
        # As many draws would take their time, and find what is found at once here.
        reason = "HAProxy then compares all hosts"
        account.drop_part(reason, "load_balancer.choice_count", upstream=upstream)
        return [line("balance", "leastconn")]
    if algorithm in (Algorithm.RING_HASH, Algorithm.MAGLEV):
        if algorithm is Algorithm.MAGLEV:
            reason = "HAProxy has a ring in its place"
            account.drop_part(reason, path, upstream=upstream)
            account.drop(reason, "load_balancer.table_size", upstream=upstream)
        else:
            reason = "HAProxy chooses the size of its ring"
            account.drop(reason, "load_balancer.minimum_ring_size", upstream=upstream)
        return _hash(account, upstream)
    refuse_algorithm(account, upstream)
    return []


def _hash(account: Account, upstream: Upstream) -> Lines:
    key = upstream.config.load_balancer.hash_key or ""
    kind, _, name = key.partition(":")
    if upstream.config.protocol == "tcp" and kind != "source_ip":
        account.drop(account.no_requests, "load_balancer.hash_key", upstream=upstream)
        account.drop(account.no_requests, "load_balancer.algorithm", upstream=upstream)
        return [line("balance", "roundrobin")]
    words: dict[str, tuple[str, ...]] = {
        "header": (f"hdr({name})",),
        "cookie": ("hash", f"req.cook({name})"),
        "query": ("url_param", name),
        "source_ip": ("source",),
    }
    return [line("balance", *words[kind]), line("hash-type", "consistent")]


def _limit(account: Account, upstream: Upstream, hosts: Hosts) -> tuple[object, ...]:
    """Return how much each server takes at once."""
    breaker = upstream.config.circuit_breaker
    if not breaker.enabled:
        return ()
    account.drop_all(_EJECTION, upstream)
    if breaker.max_ejection_percent < _ALL:
        reason = "HAProxy ejects as many hosts as fail"
        account.drop(reason, "circuit_breaker.max_ejection_percent", upstream=upstream)
    if upstream.config.protocol == "tcp":
        account.drop(account.no_requests, "circuit_breaker.max_requests", upstream=upstream)
        limit, path = breaker.max_connections, "circuit_breaker.max_connections"
    else:
        reason = "HAProxy opens as many connections as the requests in flight want"
        account.drop(reason, "circuit_breaker.max_connections", upstream=upstream)
        limit, path = breaker.max_requests, "circuit_breaker.max_requests"
    if hosts.most > 1:
        account.drop_part("HAProxy limits each host, and not all together", path, upstream=upstream)
    return ("maxconn", limit)


def _queue_limit(upstream: Upstream) -> Lines:
    """Return what refuses when too many wait.

    A server's own maxqueue refuses nothing where any other server could take the request: that waits
    in the backend's queue then, which has no limit.
    """
    breaker = upstream.config.circuit_breaker
    if not breaker.enabled:
        return []
    refuse: tuple[object, ...] = ("http-request", "deny", "deny_status", 503)
    if upstream.config.protocol == "tcp":
        refuse = ("tcp-request", "content", "reject")
    return [line(*refuse, "if", "{", "queue", "ge", breaker.max_pending_requests, "}")]


def _timeouts(account: Account, upstream: Upstream) -> Lines:
    found = [
        line("timeout", "connect", duration(account, "timeouts.connect", upstream)),
        line("timeout", "queue", duration(account, "timeouts.request", upstream)),
    ]
    reason = "HAProxy limits the wait in the queue with it, and no request as a whole"
    account.drop_part(reason, "timeouts.request", upstream=upstream)
    idle = duration(account, "timeouts.idle", upstream)
    if upstream.config.protocol == "tcp":
        account.drop(account.no_requests, "timeouts.per_try", upstream=upstream)
        return [*found, line("timeout", "server", idle)]
    reason = "HAProxy counts silence: an answer that keeps coming may take longer"
    account.drop_part(reason, "timeouts.per_try", upstream=upstream)
    per_try = duration(account, "timeouts.per_try", upstream)
    return [*found, line("timeout", "server", per_try), line("timeout", "tunnel", idle)]


def _retries(account: Account, upstream: Upstream) -> Lines:
    retry, picks = upstream.config.retry, upstream.config.load_balancer.max_retries
    if attempts_of(retry) == 1:
        return [line("retries", 0)]
    account.drop_all(_PAUSES, upstream)
    failures = _failures(account, upstream)
    if not failures:
        reason = "HAProxy knows no failure that retry.on lists"
        unsaid = ("retry.max_attempts", "load_balancer.max_retries")
        account.drop(reason, *unsaid, upstream=upstream)
        return [line("retries", 0)]
    found = [line("retries", retry.max_attempts - 1)]
    if upstream.config.protocol != "tcp":
        found.append(line("retry-on", *failures))
    if picks:
        reason = "HAProxy picks another host for each retry, and avoids the last one alone"
        account.drop_part(reason, "load_balancer.max_retries", upstream=upstream)
        found.append(line("option", "redispatch", 1))
    return found


def _failures(account: Account, upstream: Upstream) -> list[str]:
    """Return the failures after which there is a retry."""
    retry = upstream.config.retry
    found = [word for one in retry.on for word in _RETRY_ON.get(one, ())]
    if upstream.config.protocol == "tcp":
        found = [word for word in found if word == "conn-failure"]
        account.drop(account.no_requests, "retry.status_codes", upstream=upstream)
        if set(retry.on) != {"connect-failure"}:
            drop = account.drop_part if found else account.drop
            drop(account.no_requests, "retry.on", upstream=upstream)
    elif "retriable-status-codes" in retry.on:
        found += _status_codes(account, upstream)
    found = list(dict.fromkeys(found))
    if upstream.config.protocol != "tcp":
        _note_failures(account, upstream, found)
    return found


def _status_codes(account: Account, upstream: Upstream) -> list[str]:
    codes = upstream.config.retry.status_codes
    found = [str(code) for code in codes if code in _STATUS_CODES]
    if len(found) < len(codes):
        reason = "HAProxy retries after 401, 403, 404, 408, 425 and 500 to 504 alone"
        drop = account.drop_part if found else account.drop
        drop(reason, "retry.status_codes", upstream=upstream)
    return found


def _note_failures(account: Account, upstream: Upstream, found: Sequence[str]) -> None:
    """Note in what HAProxy's retries differ from those that are listed."""
    listed = upstream.config.retry.on
    unknown = [one for one in listed if one not in (*_RETRY_ON, "retriable-status-codes")]
    if unknown:
        drop = account.drop_part if found else account.drop
        drop(f"HAProxy does not know {few(unknown)}", "retry.on", upstream=upstream)
    if "5xx" in listed:
        account.drop_part("HAProxy knows 500 to 504 of 5xx", "retry.on", upstream=upstream)
    if set(found) - {"conn-failure"}:
        # tune.bufsize, less what it keeps free for headers of its own. A larger one is memory that
        # each connection takes twice, and ends somewhere, too.
        reason = "HAProxy sends no request again that is larger than its buffer: 15 kB"
        account.drop_part(reason, "retry.on", upstream=upstream)
