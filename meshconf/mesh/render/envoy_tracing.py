"""How Envoy tells traces to an OpenTelemetry collector."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import attrs

from meshconf.mesh.addresses import is_name
from meshconf.mesh.render.envoy_cluster import HTTP_OPTIONS, TLS_CONTEXT, typed, validation
from meshconf.mesh.render.envoy_hosts import address, is_ip_address

if TYPE_CHECKING:
    from meshconf.mesh.render.rendered import Account

__all__ = ["Tracing", "tracing_of"]

_CONFIG = "envoy.config.trace.v3.OpenTelemetryConfig"
_CLUSTER = "meshconf:tracing"  # no upstream may have a colon in its name
_HTTP_PORT, _GRPC_PORT = 4318, 4317  # those that OTLP registered


@attrs.frozen
class Tracing:
    """What the listener and the clusters get."""

    manager: dict[str, Any]
    cluster: dict[str, Any]


@attrs.frozen
class _Collector:
    host: str
    port: int
    path: str
    tls: bool
    http: bool


def tracing_of(account: Account) -> Tracing | None:
    """Return how traces are told; ``None`` where none are."""
    tracing = account.config.tracing
    if not tracing.enabled:
        return None
    if tracing.endpoint is None:
        account.drop("tracing.endpoint is not set, so nothing is traced", "tracing")
        return None
    collector = _collector(tracing.endpoint)
    if collector is None:
        reason = 'Envoy wants the address of a collector: "http://host:4317", or 4318 for HTTP'
        account.drop(reason, "tracing")
        return None
    provider = {
        "name": "envoy.tracers.opentelemetry",
        "typed_config": typed(
            _CONFIG, service_name=account.config.service_name, **_service(collector)
        ),
    }
    sampling = {"value": tracing.sampling_ratio * 100}
    return Tracing({"random_sampling": sampling, "provider": provider}, _cluster(collector))


def _collector(endpoint: str) -> _Collector | None:
    """Read an endpoint: a URL, or host and port."""
    try:
        url = urlsplit(endpoint if "://" in endpoint else f"//{endpoint}")
        host, port = url.hostname or "", url.port
    except ValueError:
        return None
    usable = is_ip_address(host) or is_name(host)
    if url.scheme not in ("", "http", "https") or not usable or port == 0:
        return None
    http = port == _HTTP_PORT or url.path not in ("", "/")
    return _Collector(
        host,
        port or (_HTTP_PORT if http else _GRPC_PORT),
        url.path if url.path not in ("", "/") else "/v1/traces",
        tls=url.scheme == "https",
        http=http,
    )


def _service(collector: _Collector) -> dict[str, Any]:
    timeout = "10.000s"  # the default of OTEL_EXPORTER_OTLP_TIMEOUT
    if not collector.http:
        grpc = {"envoy_grpc": {"cluster_name": _CLUSTER}, "timeout": timeout}
        return {"grpc_service": grpc}
    scheme = "https" if collector.tls else "http"
    host = f"[{collector.host}]" if ":" in collector.host else collector.host
    uri = f"{scheme}://{host}:{collector.port}{collector.path}"
    return {"http_service": {"http_uri": {"uri": uri, "cluster": _CLUSTER, "timeout": timeout}}}


def _cluster(collector: _Collector) -> dict[str, Any]:
    endpoint = {"address": address(collector.host, collector.port), "hostname": collector.host}
    found: dict[str, Any] = {
        "name": _CLUSTER,
        "type": "STATIC" if is_ip_address(collector.host) else "STRICT_DNS",
        "load_assignment": {
            "cluster_name": _CLUSTER,
            "endpoints": [{"lb_endpoints": [{"endpoint": endpoint}]}],
        },
    }
    if not collector.http:
        options = typed(HTTP_OPTIONS, explicit_http_config={"http2_protocol_options": {}})
        found["typed_extension_protocol_options"] = {HTTP_OPTIONS: options}
    if collector.tls:
        trusted = {"validation_context": validation(None, [collector.host])}
        context = typed(TLS_CONTEXT, auto_host_sni=True, common_tls_context=trusted)
        socket = {"name": "envoy.transport_sockets.tls", "typed_config": context}
        found["transport_socket"] = socket
    return found
