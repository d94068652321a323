"""Where Envoy sends what clients ask for: routes by Host header, and connections by port."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from meshconf.mesh.attempts import attempts_of
from meshconf.mesh.render.envoy_words import duration, typed

if TYPE_CHECKING:
    from meshconf.mesh.render.rendered import Account
    from meshconf.mesh.render.upstreams import Upstream

__all__ = ["route_configuration", "tcp_proxy"]

_PREVIOUS_HOSTS = "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"
_TCP_PROXY = "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy"


def route_configuration(account: Account, upstreams: list[Upstream], name: str) -> dict[str, Any]:
    """Return the routes to upstreams, each for the Host header that is its name."""
    return {
        "name": name,
        "ignore_port_in_host_matching": True,
        "virtual_hosts": [_virtual_host(account, one) for one in upstreams],
    }


def _virtual_host(account: Account, upstream: Upstream) -> dict[str, Any]:
    route = {
        "cluster": upstream.name,
        "timeout": duration(account, "timeouts.request", upstream),
        "retry_policy": _retry_policy(account, upstream),
        **_hash_policy(upstream),
    }
    return {
        "name": upstream.name,
        "domains": [upstream.name],
        "routes": [{"match": {"prefix": "/"}, "route": route}],
    }


def _retry_policy(account: Account, upstream: Upstream) -> dict[str, Any]:
    retry = upstream.config.retry
    # One attempt has its time too, and Envoy takes it from here.
    found: dict[str, Any] = {
        "num_retries": attempts_of(retry) - 1,
        "per_try_timeout": duration(account, "timeouts.per_try", upstream),
    }
    if attempts_of(retry) == 1:
        return found
    found["retry_on"] = ",".join(retry.on)
    if retry.status_codes:
        found["retriable_status_codes"] = list(retry.status_codes)
    found["retry_back_off"] = {
        "base_interval": duration(account, "retry.base_delay", upstream),
        "max_interval": duration(account, "retry.max_delay", upstream),
    }
    picks = upstream.config.load_balancer.max_retries
    if picks:
        name = "envoy.retry_host_predicates.previous_hosts"
        predicate = {"name": name, "typed_config": typed(_PREVIOUS_HOSTS)}
        found["retry_host_predicate"] = [predicate]
        found["host_selection_retry_max_attempts"] = picks
    return found


def _hash_policy(upstream: Upstream) -> dict[str, Any]:
    key = upstream.config.load_balancer.hash_key
    if key is None:
        return {}
    kind, _, name = key.partition(":")
    policies: dict[str, dict[str, Any]] = {
        "header": {"header": {"header_name": name}},
        "cookie": {"cookie": {"name": name}},
        "query": {"query_parameter": {"name": name}},
        "source_ip": {"connection_properties": {"source_ip": True}},
    }
    return {"hash_policy": [policies[kind]]}


def tcp_proxy(account: Account, upstream: Upstream) -> dict[str, Any]:
    """Return the filter that sends all connections of a listener to an upstream."""
    retry = upstream.config.retry
    by_source = upstream.config.load_balancer.hash_key == "source_ip"
    hashed: dict[str, Any] = {"hash_policy": [{"source_ip": {}}]} if by_source else {}
    return {
        "name": "envoy.filters.network.tcp_proxy",
        "typed_config": typed(
            _TCP_PROXY,
            stat_prefix=upstream.name,
            cluster=upstream.name,
            idle_timeout=duration(account, "timeouts.idle", upstream),
            max_connect_attempts=attempts_of(retry),
            backoff_options={
                "base_interval": duration(account, "retry.base_delay", upstream),
                "max_interval": duration(account, "retry.max_delay", upstream),
            },
            **hashed,
        ),
    }
