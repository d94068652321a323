"""The VirtualService of an upstream: its port, timeouts and retries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from meshconf.mesh.attempts import attempts_of
from meshconf.mesh.render.envoy_words import duration, note_waits
from meshconf.mesh.render.words import few

if TYPE_CHECKING:
    from meshconf.mesh.render.rendered import Account
    from meshconf.mesh.render.upstreams import Upstream

__all__ = ["metadata", "virtual_service"]

_PICKS = 5  # as often as Istio picks another host

# Istio refuses a status without a text in Go's net/http.
_STATUSES = frozenset(
    {*range(400, 419), *range(421, 427), 428, 429, 431, 451, *range(500, 509), 510, 511}
)


def metadata(account: Account, upstream: Upstream) -> dict[str, Any]:
    """Return what a resource of an upstream is called, and for whom it was rendered."""
    return {
        "name": upstream.name,
        "namespace": account.config.kubernetes.namespace,
        "annotations": {"meshconf/service": account.config.service_name},
    }


def virtual_service(account: Account, upstream: Upstream, host: str) -> dict[str, Any]:
    """Return the resource for the requests, or the connections, to a host."""
    destination: dict[str, Any] = {"host": host}
    if upstream.config.port is not None:
        destination["port"] = {"number": upstream.config.port}
    route: dict[str, Any] = {**_match(upstream), "route": [{"destination": destination}]}
    if upstream.config.protocol == "tcp":
        _drop_requests(account, upstream)
        routes = {"tcp": [route]}
    else:
        routes = {"http": [{**route, **_attempts(account, upstream)}]}
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": metadata(account, upstream),
        "spec": {"hosts": [host], **routes},
    }


def _match(upstream: Upstream) -> dict[str, Any]:
    """Return what a route is for: else one to a port would take what is meant for the others."""
    port = upstream.config.port
    return {} if port is None else {"match": [{"port": port}]}


def _drop_requests(account: Account, upstream: Upstream) -> None:
    paths = "retry", "load_balancer.max_retries", "timeouts.request", "timeouts.per_try"
    account.drop(account.no_requests, *paths, upstream=upstream)


def _attempts(account: Account, upstream: Upstream) -> dict[str, Any]:
    if attempts_of(upstream.config.retry) > 1:
        timeout = duration(account, "timeouts.request", upstream)
        return {"timeout": timeout, "retries": _retries(account, upstream)}
    reason = "a request with one attempt ends after timeouts.per_try"
    account.drop(reason, "timeouts.request", upstream=upstream)
    # Istio takes no other word beside 0, and tries twice more if none is said.
    return {
        "timeout": duration(account, "timeouts.per_try", upstream),
        "retries": {"attempts": 0},
    }


def _retries(account: Account, upstream: Upstream) -> dict[str, Any]:
    retry = upstream.config.retry
    _drop_waits(account, upstream)
    picks = upstream.config.load_balancer.max_retries
    if picks not in (0, _PICKS):
        reason = f"Istio picks another host up to {_PICKS} times"
        account.drop_part(reason, "load_balancer.max_retries", upstream=upstream)
    return {
        "attempts": retry.max_attempts - 1,
        "perTryTimeout": duration(account, "timeouts.per_try", upstream),
        "retryOn": ",".join(dict.fromkeys([*retry.on, *_status_codes(account, upstream)])),
        "backoff": duration(account, "retry.base_delay", upstream),
        "retryIgnorePreviousHosts": picks > 0,
    }


def _drop_waits(account: Account, upstream: Upstream) -> None:
    reason = "Istio waits ten times retry.base_delay at most"
    account.drop(reason, "retry.max_delay", upstream=upstream)
    note_waits(account, upstream)


def _status_codes(account: Account, upstream: Upstream) -> list[str]:
    retry = upstream.config.retry
    if "retriable-status-codes" not in retry.on:
        return []
    unknown = [code for code in dict.fromkeys(retry.status_codes) if code not in _STATUSES]
    if unknown:
        reason = f"Istio does not take {few(unknown)}"
        account.drop_part(reason, "retry.status_codes", upstream=upstream)
    return [str(code) for code in retry.status_codes if code in _STATUSES]
