"""An upstream as a cluster of Envoy: limits, ejection, load balancing, health checks, TLS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from meshconf.mesh.load_balancer import Algorithm
from meshconf.mesh.render.algorithm import refuse_algorithm
from meshconf.mesh.render.envoy_hosts import hosts_in_cluster
from meshconf.mesh.render.envoy_tls import tls_to_upstream
from meshconf.mesh.render.envoy_words import duration, percent, typed
from meshconf.mesh.render.health import check_type, checked_over_http2
from meshconf.mesh.render.request_path import refuse_odd_path

if TYPE_CHECKING:
    from meshconf.mesh.render.rendered import Account
    from meshconf.mesh.render.upstreams import Upstream

__all__ = ["HTTP_OPTIONS", "cluster"]

#: What turns a limit off: the largest number of its kind.
_UNLIMITED = 2**32 - 1

HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_WEIGHTED = (
    "envoy.extensions.load_balancing_policies.client_side_weighted_round_robin.v3"
    ".ClientSideWeightedRoundRobin"
)


def cluster(account: Account, upstream: Upstream) -> dict[str, Any]:
    """Return the cluster of an upstream."""
    return {
        **hosts_in_cluster(account, upstream),
        "connect_timeout": duration(account, "timeouts.connect", upstream),
        **_balancing(account, upstream),
        **_limits(account, upstream),
        **_ejection(account, upstream),
        **_health_checks(account, upstream),
        **_protocol(account, upstream),
        **tls_to_upstream(account, upstream),
    }


def _limits(account: Account, upstream: Upstream) -> dict[str, Any]:
    breaker = upstream.config.circuit_breaker
    is_tcp = upstream.config.protocol == "tcp"
    names = ("max_connections", "max_pending_requests", *(() if is_tcp else ("max_requests",)))
    thresholds: dict[str, Any] = {
        name: getattr(breaker, name) if breaker.enabled else _UNLIMITED for name in names
    }
    # Else Envoy allows three retries at a time, whatever retry.max_attempts says.
    thresholds["max_retries"] = _UNLIMITED
    budget = {} if is_tcp else _retry_budget(account, upstream)
    return {"circuit_breakers": {"thresholds": [{**thresholds, **budget}]}}


def _retry_budget(account: Account, upstream: Upstream) -> dict[str, Any]:
    budget = upstream.config.retry.budget
    if budget is None:
        return {}
    least = {}
    if budget == 0:
        least = {"min_retry_concurrency": 0}
    else:
        reason = "Envoy allows three retries at a time, however few requests there are"
        account.drop_part(reason, "retry.budget", upstream=upstream)
    return {"retry_budget": {"budget_percent": {"value": budget * 100}, **least}}


def _ejection(account: Account, upstream: Upstream) -> dict[str, Any]:
    breaker = upstream.config.circuit_breaker
    if not breaker.enabled:
        return {}
    return {
        "outlier_detection": {
            "interval": duration(account, "circuit_breaker.window", upstream),
            "base_ejection_time": duration(account, "circuit_breaker.reset_timeout", upstream),
            "max_ejection_time": duration(account, "circuit_breaker.max_reset_timeout", upstream),
            "max_ejection_percent": breaker.max_ejection_percent,
            # Else nothing is ejected where the percentage is less than one host.
            "always_eject_one_host": breaker.max_ejection_percent > 0,
            # Where it is off, Envoy still wants a number.
            "consecutive_5xx": max(breaker.consecutive_failures, 1),
            "enforcing_consecutive_5xx": 100 if breaker.consecutive_failures else 0,
            "failure_percentage_threshold": percent(
                account, "circuit_breaker.error_threshold", upstream
            ),
            "failure_percentage_request_volume": breaker.minimum_requests,
            # Envoy's own defaults are 0 % and five hosts, with which nothing would happen.
            "enforcing_failure_percentage": 100,
            "failure_percentage_minimum_hosts": 1,
            # The rates of hosts are not compared with each other.
            "enforcing_success_rate": 0,
            # Else the next health check ends an ejection, long before its time.
            "successful_active_health_check_uneject_host": False,
        }
    }


def _balancing(account: Account, upstream: Upstream) -> dict[str, Any]:
    balancer = upstream.config.load_balancer
    panic = percent(account, "load_balancer.panic_threshold", upstream)
    common = {
        "healthy_panic_threshold": {"value": panic},
        # Else a change of health that follows another is heeded up to a second late.
        "update_merge_window": "0s",
    }
    found: dict[str, Any] = {"common_lb_config": common}
    algorithm = balancer.algorithm
    if algorithm is Algorithm.PEAK_EWMA:
        refuse_algorithm(account, upstream)
        return found
    if algorithm is Algorithm.WEIGHTED_ROUND_ROBIN:
        policy = {
            "name": "envoy.load_balancing_policies.client_side_weighted_round_robin",
            "typed_config": typed(_WEIGHTED),
        }
        found["load_balancing_policy"] = {"policies": [{"typed_extension_config": policy}]}
        return found
    found["lb_policy"] = algorithm.name
    options: dict[str, Any] = {
        Algorithm.LEAST_REQUEST: {"choice_count": balancer.choice_count},
        Algorithm.RING_HASH: {"minimum_ring_size": balancer.minimum_ring_size},
        Algorithm.MAGLEV: {"table_size": balancer.table_size},
    }.get(algorithm, {})
    if balancer.slow_start is not None and algorithm in (
        Algorithm.ROUND_ROBIN,
        Algorithm.LEAST_REQUEST,
    ):
        window = duration(account, "load_balancer.slow_start", upstream)
        options["slow_start_config"] = {"slow_start_window": window}
    if options:
        found[f"{algorithm}_lb_config"] = options
    return found


def _health_checks(account: Account, upstream: Upstream) -> dict[str, Any]:
    check = upstream.config.load_balancer.health_check
    asked = check_type(account, upstream)
    if asked == "none":
        return {}
    interval = duration(account, "load_balancer.health_check.interval", upstream)
    found: dict[str, Any] = {
        "timeout": duration(account, "load_balancer.health_check.timeout", upstream),
        "interval": interval,
        # A cluster without traffic would be asked once a minute.
        "no_traffic_interval": interval,
        "unhealthy_threshold": check.unhealthy_threshold,
        "healthy_threshold": check.healthy_threshold,
        f"{asked}_health_check": _http_check(account, upstream) if asked == "http" else {},
    }
    if asked == "http" and account.config.tls.enabled and not checked_over_http2(upstream):
        # Else h2 is offered where the service itself speaks HTTP/2.
        found["tls_options"] = {"alpn_protocols": ["http/1.1"]}
    return {"health_checks": [found]}


def _http_check(account: Account, upstream: Upstream) -> dict[str, Any]:
    check = upstream.config.load_balancer.health_check
    refuse_odd_path(account, "load_balancer.health_check.path", upstream)
    if not check.expected_statuses:
        path = "load_balancer.health_check.expected_statuses"
        account.drop_part("Envoy then expects 200", path, upstream=upstream)
    return {
        "path": check.path,
        "codec_client_type": "HTTP2" if checked_over_http2(upstream) else "HTTP1",
        "expected_statuses": [_statuses(text) for text in check.expected_statuses],
        # Else one other status takes a host out at once, whatever unhealthy_threshold says.
        "retriable_statuses": [{"start": 100, "end": 600}],
    }


def _statuses(text: str) -> dict[str, int]:
    first, _, last = text.partition("-")
    return {"start": int(first), "end": int(last or first) + 1}


def _protocol(account: Account, upstream: Upstream) -> dict[str, Any]:
    protocol = upstream.config.protocol
    if protocol == "tcp":
        return {}
    idle = duration(account, "timeouts.idle", upstream)
    spoken = "http_protocol_options" if protocol == "http" else "http2_protocol_options"
    options = typed(
        HTTP_OPTIONS,
        common_http_protocol_options={"idle_timeout": idle},
        explicit_http_config={spoken: {}},
    )
    return {"typed_extension_protocol_options": {HTTP_OPTIONS: options}}
