"""The DestinationRule of an upstream: limits, ejection, load balancing, TLS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from meshconf.mesh.addresses import is_name
from meshconf.mesh.attempts import attempts_of
from meshconf.mesh.load_balancer import Algorithm
from meshconf.mesh.render.algorithm import NEAREST, refuse_algorithm
from meshconf.mesh.render.envoy_words import duration, percent
from meshconf.mesh.render.istio_route import metadata

if TYPE_CHECKING:
    from meshconf.mesh.render.rendered import Account
    from meshconf.mesh.render.upstreams import Upstream

__all__ = ["destination_rule"]

_LARGEST_TABLE = 4_999_999  # the last prime below 5,000,011, which Istio does not take any more
_SYSTEM = "system"  # what Istio calls the authorities of the operating system
_CHOICES = 2  # Envoy's default, which Istio leaves

_NOT_SAID = {
    "load_balancer.health_check": "the probes of its pods say how a host is asked",
    "circuit_breaker.error_threshold": "Istio ejects by failures in a row alone",
    "circuit_breaker.minimum_requests": "Istio ejects by failures in a row alone",
    "circuit_breaker.max_reset_timeout": "Istio sets no longest ejection",
    "circuit_breaker.half_open_max_requests": "Istio gives no trial requests",
}


def destination_rule(account: Account, upstream: Upstream, host: str) -> dict[str, Any]:
    """Return the resource for the connections to a host, or to its port if one is set."""
    account.drop_all(_NOT_SAID, upstream)
    policy = {
        "connectionPool": _connection_pool(account, upstream),
        "loadBalancer": _load_balancer(account, upstream),
        **_ejection(account, upstream),
        **_retry_budget(account, upstream),
        **_tls(account, host),
    }
    port = upstream.config.port
    if port is not None:
        policy = {"portLevelSettings": [{"port": {"number": port}, **policy}]}
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "DestinationRule",
        "metadata": metadata(account, upstream),
        "spec": {"host": host, "trafficPolicy": policy},
    }


def _connection_pool(account: Account, upstream: Upstream) -> dict[str, Any]:
    """Return limits, which Istio does not have unless they are said, and timeouts."""
    breaker, protocol = upstream.config.circuit_breaker, upstream.config.protocol
    tcp = {"connectTimeout": duration(account, "timeouts.connect", upstream)}
    http: dict[str, Any] = {}
    limits = {"maxConnections": breaker.max_connections} if breaker.enabled else {}
    if breaker.enabled:
        http["http1MaxPendingRequests"] = breaker.max_pending_requests
    idle = duration(account, "timeouts.idle", upstream)
    if protocol == "tcp":
        account.drop(account.no_requests, "circuit_breaker.max_requests", upstream=upstream)
        pool: dict[str, Any] = {"tcp": {**tcp, **limits, "idleTimeout": idle}}
        return {**pool, **({"http": http} if http else {})}
    if breaker.enabled:
        http["http2MaxRequests"] = breaker.max_requests  # of HTTP/1.1 too
    http["idleTimeout"] = idle
    if protocol == "grpc":
        reason = "Istio's rules tell it from no other HTTP/2"
        account.drop_part(reason, "protocol", upstream=upstream)
    http["h2UpgradePolicy"] = "DO_NOT_UPGRADE" if protocol == "http" else "UPGRADE"
    return {"tcp": {**tcp, **limits}, "http": http}


def _load_balancer(account: Account, upstream: Upstream) -> dict[str, Any]:
    balancer = upstream.config.load_balancer
    algorithm = balancer.algorithm
    if algorithm in NEAREST:
        refuse_algorithm(account, upstream)
    if algorithm is Algorithm.RING_HASH:
        ring = {"ringHash": {"minimumRingSize": balancer.minimum_ring_size}}
        return {"consistentHash": {**_hash_key(account, upstream), **ring}}
    if algorithm is Algorithm.MAGLEV:
        table = {"maglev": {"tableSize": _table_size(account, upstream)}}
        return {"consistentHash": {**_hash_key(account, upstream), **table}}
    if algorithm is Algorithm.LEAST_REQUEST and balancer.choice_count != _CHOICES:
        reason = f"Istio takes the less busy one of {_CHOICES} hosts"
        account.drop(reason, "load_balancer.choice_count", upstream=upstream)
    found: dict[str, Any] = {"simple": algorithm.name}
    if balancer.slow_start is not None and algorithm is not Algorithm.RANDOM:
        found["warmup"] = {"duration": duration(account, "load_balancer.slow_start", upstream)}
    return found


def _table_size(account: Account, upstream: Upstream) -> int:
    found = min(upstream.config.load_balancer.table_size, _LARGEST_TABLE)
    if found != upstream.config.load_balancer.table_size:
        reason = f"the largest table that Istio takes has {_LARGEST_TABLE:,} entries"
        account.drop_part(reason, "load_balancer.table_size", upstream=upstream)
    return found


def _hash_key(account: Account, upstream: Upstream) -> dict[str, Any]:
    kind, _, name = str(upstream.config.load_balancer.hash_key).partition(":")
    if kind == "source_ip":
        return {"useSourceIp": True}
    if upstream.config.protocol == "tcp":
        account.drop(account.no_requests, "load_balancer.hash_key", upstream=upstream)
        return {}
    if kind == "header":
        return {"httpHeaderName": name}
    if kind == "query":
        return {"httpQueryParameterName": name}
    # Older ones refuse a cookie without a lifetime; 0 is that of the session.
    reason = "Istio also sets the cookie, for the session, where a client brings none"
    account.drop_part(reason, "load_balancer.hash_key", upstream=upstream)
    return {"httpCookie": {"name": name, "ttl": "0s"}}


def _ejection(account: Account, upstream: Upstream) -> dict[str, Any]:
    """Return when hosts are ejected: never, where it is not said."""
    breaker = upstream.config.circuit_breaker
    panic = "load_balancer.panic_threshold"
    if not breaker.enabled:
        reason = "Istio knows panic only where hosts are ejected"
        account.drop(reason, panic, upstream=upstream)
        return {}
    if breaker.max_ejection_percent == 0:
        # Istio takes a 0 there for its default, which is 10.
        reason = "circuit_breaker.max_ejection_percent is 0, so that no host is ejected"
        for name in ("window", "consecutive_failures", "reset_timeout"):
            account.drop(reason, f"circuit_breaker.{name}", upstream=upstream)
        account.drop(reason, panic, upstream=upstream)
        return {}
    return {
        "outlierDetection": {
            "consecutive5xxErrors": breaker.consecutive_failures,
            "interval": duration(account, "circuit_breaker.window", upstream),
            "baseEjectionTime": duration(account, "circuit_breaker.reset_timeout", upstream),
            "maxEjectionPercent": breaker.max_ejection_percent,
            "minHealthPercent": percent(account, panic, upstream),
        }
    }


def _retry_budget(account: Account, upstream: Upstream) -> dict[str, Any]:
    budget, protocol = upstream.config.retry.budget, upstream.config.protocol
    if budget is None or protocol == "tcp" or attempts_of(upstream.config.retry) == 1:
        return {}
    if upstream.config.port is not None:
        reason = "Istio has a retry budget for all ports of a host, and none for one of them"
        account.drop(reason, "retry.budget", upstream=upstream)
        return {}
    reason = "Istio allows three retries at a time, however few requests there are"
    account.drop_part(reason, "retry.budget", upstream=upstream)
    return {"retryBudget": {"percent": budget * 100}}


def _tls(account: Account, host: str) -> dict[str, Any]:
    """Return how a host is spoken to, and which certificate is believed: one for its name.

    Without a word of it, it depends on the version of Istio and on what its clients ask for.
    """
    tls = account.config.tls
    if not tls.enabled:
        return {}
    found: dict[str, Any] = {"mode": "SIMPLE"}
    if tls.cert_file is not None and tls.key_file is not None:
        found = {
            "mode": "MUTUAL",
            "clientCertificate": _file(account, "tls.cert_file", str(tls.cert_file)),
            "privateKey": _file(account, "tls.key_file", str(tls.key_file)),
        }
    name = tls.server_name or host
    if tls.server_name and not is_name(name):
        remedy = "write the name in the upstream's certificate"
        account.refuse("tls.server_name", "is no host name, which Istio wants", remedy)
    found["sni"] = name
    if not tls.verify:
        # Beside it, Istio takes no authority and no names.
        return {"tls": {**found, "insecureSkipVerify": True}}
    found["caCertificates"] = _SYSTEM
    if tls.ca_file is not None:
        found["caCertificates"] = _file(account, "tls.ca_file", str(tls.ca_file))
    found["subjectAltNames"] = [name.removesuffix(".")]
    return {"tls": found}


def _file(account: Account, path: str, text: str) -> str:
    if not text.isprintable():
        message = "holds characters that cannot be printed, which Istio may misread"
        account.refuse(path, message, "give the file another name")
    if "~" in text:
        account.refuse(path, "holds a ~, at which Istio ends names", "give the file another name")
    if text == _SYSTEM:
        message = f"is {_SYSTEM}, by which Istio means the authorities of the operating system"
        account.refuse(path, message, "write the whole path")
    return text
