"""How Envoy tells traces to an OpenTelemetry collector."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import attrs

from meshconf.mesh.addresses import host_with_port_or_without, split_place
from meshconf.mesh.render.envoy_cluster import HTTP_OPTIONS
from meshconf.mesh.render.envoy_hosts import cluster_of
from meshconf.mesh.render.envoy_tls import tls_to_collector
from meshconf.mesh.render.envoy_words import typed

if TYPE_CHECKING:
    from meshconf.mesh.render.rendered import Account

__all__ = ["Tracing", "tracing_of"]

_CONFIG = "envoy.config.trace.v3.OpenTelemetryConfig"
_DETECTOR = "envoy.tracers.opentelemetry.resource_detectors.static_config"
_ATTRIBUTES = (
    "envoy.extensions.tracers.opentelemetry.resource_detectors.v3"
    ".StaticConfigResourceDetectorConfig"
)
_CLUSTER = "meshconf:tracing"  # no upstream may have a colon in its name
_ENDPOINT = re.compile(r"(?:(https?)://)?([^/?#@]+)(/[!\"$->@-~]*)?")  # a path in ASCII, no query
_HTTP_PORT, _GRPC_PORT = 4318, 4317  # those that OTLP registered
_HTTPS_PORT, _NONE = 443, 0


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
    is_port_guessed: bool


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
    if collector.is_port_guessed:
        reason = f"Envoy takes port {collector.port}, as the endpoint names none"
        account.drop_part(reason, "tracing.endpoint")
    config = account.config
    version = typed(_ATTRIBUTES, attributes={"service.version": config.service_version})
    provider = typed(
        _CONFIG,
        service_name=config.service_name,
        resource_detectors=[{"name": _DETECTOR, "typed_config": version}],
        **_service(collector),
    )
    manager = {
        "random_sampling": {"value": _sampling(account)},
        "provider": {"name": "envoy.tracers.opentelemetry", "typed_config": provider},
    }
    return Tracing(manager, _cluster(collector))


def _sampling(account: Account) -> float:
    """Return the percentage of traces, and note where that is not exact."""
    ratio = account.config.tracing.sampling_ratio
    found = round(ratio, 4)
    if abs(found - ratio) > 1e-9:  # noqa: PLR2004 - one trace in a billion
        account.drop_part(f"Envoy counts in ten-thousandths: {found:g}", "tracing.sampling_ratio")
    return found * 100


def _collector(endpoint: str) -> _Collector | None:
    """Read an endpoint: a URL without a query, or host and port."""
    parts = _ENDPOINT.fullmatch(endpoint)
    if parts is None:
        return None
    scheme, place, path = parts.groups()
    try:
        host_with_port_or_without(place)
    except ValueError:
        return None
    http, tls = place.endswith(f":{_HTTP_PORT}") or path not in (None, "/"), scheme == "https"
    host, port = split_place(place, _NONE)
    is_guessed = port == _NONE and not tls
    if port == _NONE:
        port = _HTTPS_PORT if tls else _HTTP_PORT if http else _GRPC_PORT
    path = "/v1/traces" if path in (None, "/") else path
    return _Collector(host, port, path, tls=tls, http=http, is_port_guessed=is_guessed)


def _service(collector: _Collector) -> dict[str, Any]:
    timeout = "10.000s"  # the default of OTEL_EXPORTER_OTLP_TIMEOUT
    host = f"[{collector.host}]" if ":" in collector.host else collector.host
    authority = f"{host}:{collector.port}"
    if not collector.http:
        grpc = {"cluster_name": _CLUSTER, "authority": authority}
        return {"grpc_service": {"envoy_grpc": grpc, "timeout": timeout}}
    scheme = "https" if collector.tls else "http"
    uri = f"{scheme}://{authority}{collector.path}"
    return {"http_service": {"http_uri": {"uri": uri, "cluster": _CLUSTER, "timeout": timeout}}}


def _cluster(collector: _Collector) -> dict[str, Any]:
    found = cluster_of(_CLUSTER, [(collector.host, collector.port)])
    if not collector.http:
        options = typed(HTTP_OPTIONS, explicit_http_config={"http2_protocol_options": {}})
        found["typed_extension_protocol_options"] = {HTTP_OPTIONS: options}
    if collector.tls:
        found |= tls_to_collector(collector.host)
    return found
