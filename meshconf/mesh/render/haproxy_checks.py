"""How HAProxy finds out which hosts of an upstream are well: by asking, and by what they answer."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from meshconf.mesh.render.durations import milliseconds
from meshconf.mesh.render.haproxy_grpc_check import SERVING, health_request
from meshconf.mesh.render.haproxy_words import LONGEST, Lines, line
from meshconf.mesh.render.health import check_type, checked_over_http2
from meshconf.mesh.render.request_path import refuse_odd_path

if TYPE_CHECKING:
    from meshconf.mesh.render.rendered import Account
    from meshconf.mesh.render.upstreams import Upstream

__all__ = ["asked_over_http1", "checks", "for_servers"]

_CHECK = "load_balancer.health_check"
_HEALTHY = f"{_CHECK}.healthy_threshold"
_FAILURES, _RESET = "circuit_breaker.consecutive_failures", "circuit_breaker.reset_timeout"
_LONGEST_RESET = "circuit_breaker.max_reset_timeout"

#: The most checks in a row that are counted: HAProxy adds those for up to those for down.
_MOST_CHECKS = 1_000_000_000


def checks(account: Account, upstream: Upstream) -> Lines:
    """Return what a backend says of the questions that its servers are asked."""
    asked = check_type(account, upstream)
    if asked == "none":
        return []
    found = [line("timeout", "check", f"{_timeout(account, upstream)}ms")]
    if asked == "http":
        found += _http_check(account, upstream)
    elif asked == "grpc":
        found += [
            line("option", "tcp-check"),
            line("tcp-check", "send-binary", health_request(upstream.name)),
            line("tcp-check", "expect", "binary", SERVING),
        ]
    return found


def _timeout(account: Account, upstream: Upstream) -> int:
    """Return the time for an answer, and note where HAProxy gives a longer one."""
    check, timeouts = upstream.config.load_balancer.health_check, upstream.config.timeouts
    found = milliseconds(account, f"{_CHECK}.timeout", upstream, most=LONGEST)
    if check.timeout < min(check.interval, timeouts.connect):
        reason = "HAProxy waits for a check at least as long as for a connection: timeouts.connect"
        account.drop_part(reason, f"{_CHECK}.timeout", upstream=upstream)
    return found


def _http_check(account: Account, upstream: Upstream) -> Lines:
    check = upstream.config.load_balancer.health_check
    refuse_odd_path(account, f"{_CHECK}.path", upstream)
    version = "HTTP/2" if checked_over_http2(upstream) else "HTTP/1.1"
    request = ("meth", "GET", "uri", check.path, "ver", version, "hdr", "Host", upstream.name)
    found = [line("option", "httpchk")]
    if asked_over_http1(upstream) and not account.config.tls.enabled:
        # HAProxy 2.6 does not hear of check-proto from a default-server.
        found.append(line("http-check", "connect", "default", "proto", "h1"))
    found.append(line("http-check", "send", *request))
    if check.expected_statuses:
        statuses = ",".join(check.expected_statuses)
        return [*found, line("http-check", "expect", "status", statuses)]
    reason = "HAProxy then expects 200 to 399"
    account.drop_part(reason, f"{_CHECK}.expected_statuses", upstream=upstream)
    return found


def asked_over_http1(upstream: Upstream) -> bool:
    """Tell whether an upstream speaks HTTP/2, and what is asked for its health does not."""
    is_asked = upstream.config.load_balancer.health_check.type == "http"
    return upstream.speaks_http2 and is_asked and not checked_over_http2(upstream)


def for_servers(account: Account, upstream: Upstream) -> tuple[object, ...]:
    """Return what each server of a backend is checked by, and what takes it out of service."""
    check = upstream.config.load_balancer.health_check
    if check.type == "none":
        reason = "HAProxy ejects a host, and takes it back, only if it is checked"
        # Whoever wants no checks does not think of ejection.
        is_lost = upstream.config.circuit_breaker.enabled
        account.drop(reason, _FAILURES, upstream=upstream, notable=is_lost)
        unsaid = (_RESET, _LONGEST_RESET, "load_balancer.slow_start")
        account.drop(reason, *unsaid, upstream=upstream)
        return ()
    interval = milliseconds(account, f"{_CHECK}.interval", upstream, most=LONGEST)
    fall = _count(account, upstream, f"{_CHECK}.unhealthy_threshold", check.unhealthy_threshold)
    rise = _count(account, upstream, _HEALTHY, check.healthy_threshold)
    ejection = _ejection(account, upstream)
    if ejection:
        rise = _rise(account, upstream, interval, rise)
    return (
        "check",
        *(() if check.port is None else ("port", check.port)),
        *("inter", f"{interval}ms", "fall", fall, "rise", rise),
        *ejection,
        *_slow_start(account, upstream),
    )


def _ejection(account: Account, upstream: Upstream) -> tuple[object, ...]:
    breaker = upstream.config.circuit_breaker
    if not breaker.enabled:
        return ()
    if breaker.consecutive_failures == 0:
        reason = "HAProxy ejects a host only for failures in a row"
        account.drop(reason, _RESET, _LONGEST_RESET, upstream=upstream)
        return ()
    reason = (
        "HAProxy counts anew with each check that passes, and counts no answer that it tries again"
    )
    account.drop_part(reason, _FAILURES, upstream=upstream)
    layer = "layer4" if upstream.config.protocol == "tcp" else "layer7"
    limit = ("error-limit", breaker.consecutive_failures)
    return ("observe", layer, *limit, "on-error", "mark-down")


def _rise(account: Account, upstream: Upstream, interval: int, healthy: int) -> int:
    """Return after how many checks that pass a host is back, whatever has put it out.

    HAProxy counts checks, not time. That a host was ejected and that it failed its checks are the
    same to it.
    """
    breaker = upstream.config.circuit_breaker
    intervals = breaker.reset_timeout * 1000 / interval
    rise = max(ceil(min(intervals, _MOST_CHECKS)), healthy)
    reason = f"HAProxy takes a host back after {rise:,} checks that pass, one each {interval:,} ms"
    account.drop_part(reason, _RESET, upstream=upstream)
    if rise > healthy:
        account.drop_part(reason, _HEALTHY, upstream=upstream)
    if breaker.max_reset_timeout > breaker.reset_timeout:
        reason = "HAProxy ejects a host for equally long each time"
        account.drop(reason, _LONGEST_RESET, upstream=upstream)
    elif rise != intervals:
        account.drop_part(reason, _LONGEST_RESET, upstream=upstream)
    return rise


def _count(account: Account, upstream: Upstream, path: str, count: int) -> int:
    if count > _MOST_CHECKS:
        reason = f"HAProxy counts {_MOST_CHECKS:,} checks at most"
        account.drop_part(reason, path, upstream=upstream)
    return min(count, _MOST_CHECKS)


def _slow_start(account: Account, upstream: Upstream) -> tuple[object, ...]:
    seconds, path = upstream.config.load_balancer.slow_start, "load_balancer.slow_start"
    if seconds is None:
        return ()
    # HAProxy rounds up to whole seconds itself.
    found = ceil(min(seconds, LONGEST // 1000))
    if found != seconds:
        reason = f"HAProxy counts whole seconds here: {found:,} s"
        account.drop_part(reason, path, upstream=upstream)
    return ("slowstart", f"{found}s")
