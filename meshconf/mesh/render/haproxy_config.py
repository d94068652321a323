"""A configuration as HAProxy's: a whole one, for HAProxy 2.6 or newer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from meshconf.mesh.render.durations import milliseconds
from meshconf.mesh.render.haproxy_backend import backend
from meshconf.mesh.render.haproxy_hosts import (
    has_zone,
    hosts_of,
    looks_up,
    note_discovery,
    resolvers,
)
from meshconf.mesh.render.haproxy_tls import note_tls
from meshconf.mesh.render.haproxy_words import (
    LONGEST,
    Lines,
    duration,
    line,
    refuse_control_characters,
    section,
)
from meshconf.mesh.render.listening import Address, address_of, listeners_of
from meshconf.mesh.render.rendered import Account, Rendered
from meshconf.mesh.render.request_path import metrics_path
from meshconf.mesh.render.upstreams import refuse_names, upstreams_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from meshconf.mesh.render.upstreams import Upstream
    from meshconf.mesh.service_mesh import ServiceMeshConfig

__all__ = ["haproxy"]

# No upstream may have a colon in its name.
_FRONTEND, _METRICS, _UNKNOWN = "meshconf:http", "meshconf:metrics", "meshconf:unknown"
_TCP_FRONTEND = "meshconf:tcp:{}"

_REFRESH = "discovery.refresh_interval"

#: What holds for metrics, and where no upstream is asked for: each of these has its own.
_DEFAULTS = section(
    "defaults",
    "",
    [
        line("mode", "http"),
        line("timeout", "connect", "5000ms"),
        line("timeout", "client", "300000ms"),
        line("timeout", "server", "15000ms"),
    ],
)


def haproxy(
    config: ServiceMeshConfig, *, upstream: str | None = None, listen: str = "127.0.0.1:15001"
) -> Rendered:
    """Render a configuration for HAProxy 2.6 or newer: ``haproxy -f FILE``.

    Clients speak HTTP with *listen*, and the Host header, with a port or without, names the upstream;
    who names another gets a 404. An upstream that speaks plain TCP has its own port on the same
    address. Metrics are offered where the settings say, in Prometheus' format.

    Args:
        config: The configuration.

        upstream: The name of the only upstream to render; all of them if not given.

        listen: Host and port that clients connect to.

    Raises:
        ConfigError: If something has no equivalent in HAProxy (MC303); it holds all of it.

        ValueError: If *listen* is no host and port, or one with a zone.
    """
    http = address_of("listen", listen)
    if has_zone(http[0]):
        msg = f"listen {json.dumps(listen)}: HAProxy takes no zone of an IPv6 address"
        raise ValueError(msg)
    upstreams = upstreams_of(config, upstream)
    asks = looks_up(config, upstreams)
    account = Account("HAProxy", config, upstreams, used=[_REFRESH] if asks else [])
    refuse_names(account, upstreams)
    if config.tracing.enabled:
        account.drop("HAProxy sends no traces by itself", "tracing")
    note_tls(account)
    listeners = listeners_of(account, upstreams, http)
    found = [(one, hosts_of(account, one)) for one in upstreams]
    note_discovery(account, found)
    routed = [one for one in upstreams if one.config.protocol != "tcp"]
    sections = [_global(account), _DEFAULTS]
    if asks:
        sections.append(resolvers(account))
    sections.append(_frontend(account, http, routed))
    sections += [
        _tcp_frontend(account, one, listeners.tcp[one.name])
        for one in upstreams
        if one.name in listeners.tcp
    ]
    if config.metrics.enabled:
        sections.append(_metrics(account))
    sections += [backend(account, one, hosts) for one, hosts in found]
    sections.append(section("backend", _UNKNOWN, [line("http-request", "return", "status", 404)]))
    return account.rendered("\n".join(sections))


def _global(account: Account) -> str:
    config = account.config
    for path, text in (
        ("service_name", config.service_name),
        ("service_version", config.service_version),
    ):
        refuse_control_characters(account, path, text)
    description = f"{config.service_name} {config.service_version}"
    return section("global", "", [line("description", description)])


def _bind(where: Address) -> str:
    host, port = where
    return line("bind", f"[{host}]:{port}" if ":" in host else f"{host}:{port}")


def _frontend(account: Account, where: Address, upstreams: Sequence[Upstream]) -> str:
    """Return the frontend that finds the upstream by the Host header."""
    return section(
        "frontend",
        _FRONTEND,
        [
            _bind(where),
            *_patience(account, upstreams),
            *(
                line(
                    "use_backend",
                    one.name,
                    "if",
                    "{",
                    "req.hdr(host),host_only",
                    "-i",
                    one.name,
                    "}",
                )
                for one in upstreams
            ),
            line("default_backend", _UNKNOWN),
        ],
    )


def _patience(account: Account, upstreams: Sequence[Upstream]) -> Lines:
    """Return how long the silence of a client is borne: the longest that any upstream says."""
    times = [(milliseconds(account, "timeouts.idle", one, most=LONGEST), one) for one in upstreams]
    longest = max((time for time, _ in times), default=None)
    if longest is None:
        return []
    for time, one in times:
        if time < longest:
            reason = f"HAProxy bears the silence of all clients equally long: {longest:,} ms"
            account.drop_part(reason, "timeouts.idle", upstream=one)
    return [line("timeout", "client", f"{longest}ms")]


def _tcp_frontend(account: Account, upstream: Upstream, where: Address) -> str:
    return section(
        "frontend",
        _TCP_FRONTEND.format(upstream.name),
        [
            line("mode", "tcp"),
            _bind(where),
            line("timeout", "client", duration(account, "timeouts.idle", upstream)),
            line("default_backend", upstream.name),
        ],
    )


def _metrics(account: Account) -> str:
    """Return a frontend that answers with HAProxy's statistics."""
    path = metrics_path(account)
    serve = ("http-request", "use-service", "prometheus-exporter")
    return section(
        "frontend",
        _METRICS,
        [
            line("bind", f"*:{account.config.metrics.port}"),
            line(*serve, "if", "{", "path", path, "}"),
            line("http-request", "return", "status", 404),
        ],
    )
