"""A configuration as Envoy's: a whole bootstrap, or the clusters and routes for one of your own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from meshconf.mesh.addresses import is_ip_address
from meshconf.mesh.render.envoy_cluster import cluster
from meshconf.mesh.render.envoy_hosts import cluster_of, refuse_hostless
from meshconf.mesh.render.envoy_route import route_configuration, tcp_proxy
from meshconf.mesh.render.envoy_tracing import tracing_of
from meshconf.mesh.render.envoy_unsaid import note_unsaid
from meshconf.mesh.render.envoy_words import address, typed
from meshconf.mesh.render.listening import Address, address_of, listeners_of
from meshconf.mesh.render.rendered import Account, Rendered
from meshconf.mesh.render.request_path import metrics_path
from meshconf.mesh.render.upstreams import Upstream, refuse_names, upstreams_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from meshconf.mesh.service_mesh import ServiceMeshConfig

__all__ = ["envoy", "envoy_clusters", "envoy_routes"]

_MANAGER = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_ROUTER = "envoy.extensions.filters.http.router.v3.Router"
_CLUSTER = "envoy.config.cluster.v3.Cluster"
_ROUTES = "envoy.config.route.v3.RouteConfiguration"
_ROUTES_NAME = "meshconf"
_ADMIN = "meshconf:admin"  # no upstream may have a colon in its name

#: What the listener of an upstream says that speaks plain TCP; its cluster says the rest.
_IN_LISTENERS = (
    "load_balancer.hash_key",
    "load_balancer.max_retries",
    "retry",
    "timeouts.idle",
    "timeouts.per_try",
    "timeouts.request",
)

#: What neither clusters nor routes say.
_IN_BOOTSTRAP = ("service_name", "service_version", "metrics", "tracing")


def envoy(
    config: ServiceMeshConfig,
    *,
    upstream: str | None = None,
    listen: str = "127.0.0.1:15001",
    admin: str = "127.0.0.1:9901",
) -> Rendered:
    """Render a bootstrap for Envoy, as JSON: ``envoy -c FILE``.

    Clients speak HTTP with *listen*, and the Host header, with a port or without, names the
    upstream. An upstream that speaks plain TCP has its own port on the same address. Metrics are
    offered where the settings say, in Prometheus' format.

    Args:
        config: The configuration.

        upstream: The name of the only upstream to render; all of them if not given.

        listen: IP address and port that clients connect to; 15001, as in Istio's sidecars, by default.

        admin: IP address and port of Envoy's admin interface; who reaches it may stop Envoy.

    Raises:
        ConfigError: If something has no equivalent in Envoy (MC303); it holds all of it.

        ValueError: If *listen* or *admin* is no IP address and port, or they are the same.
    """
    http, back = _ip_address("listen", listen), _ip_address("admin", admin)
    if http == back:
        msg = f"listen and admin are both {listen}: give each an address of its own"
        raise ValueError(msg)
    upstreams = upstreams_of(config, upstream)
    account = _account(config, upstreams)
    refuse_hostless(account, upstreams)
    listeners = listeners_of(account, upstreams, http, back)
    tracing = tracing_of(account)
    clusters, routes = _clusters_and_routes(account, upstreams)
    manager = _manager("egress", routes)
    listening = [_listener("meshconf:http", http, _filter(manager))]
    for one in upstreams:
        if one.name in listeners.tcp:
            proxy = tcp_proxy(account, one)
            listening.append(_listener(one.name, listeners.tcp[one.name], proxy))
        elif one.config.protocol == "tcp":
            account.drop("Envoy does not listen for it", *_IN_LISTENERS, upstream=one)
    if tracing is not None:
        manager["tracing"] = tracing.manager
        clusters.append(tracing.cluster)
    if config.metrics.enabled:
        listening.append(_metrics(account))
        clusters.append(cluster_of(_ADMIN, [back]))
    bootstrap = {
        "node": {
            "id": config.service_name,
            "cluster": config.service_name,
            "metadata": {"service_version": config.service_version},
        },
        "admin": {"address": address(*back)},
        "static_resources": {"listeners": listening, "clusters": clusters},
    }
    return account.rendered(_text(bootstrap))


def envoy_clusters(config: ServiceMeshConfig, *, upstream: str | None = None) -> Rendered:
    """Render the upstreams as clusters, for a bootstrap of your own that names the file.

    The file is that of ``dynamic_resources.cds_config.path_config_source``. Where another one is
    moved into its place, Envoy takes that at once.

    What is dropped is what neither this text nor that of ``envoy_routes`` says.

    Args:
        config: The configuration.

        upstream: The name of the only upstream to render; all of them if not given.

    Raises:
        ConfigError: If something has no equivalent in Envoy (MC303), in the routes or here; it
            holds all of it.
    """
    upstreams = upstreams_of(config, upstream)
    account = _account_of_parts(config, upstreams)
    refuse_hostless(account, upstreams)
    clusters, _ = _clusters_and_routes(account, upstreams)
    return account.rendered(_resources(_CLUSTER, clusters))


def envoy_routes(config: ServiceMeshConfig, *, upstream: str | None = None) -> Rendered:
    """Render the routes to upstreams, for a bootstrap of your own whose listener names the file.

    The file is that of ``rds.config_source.path_config_source``, with ``meshconf`` for the name of
    the routes. They lead to clusters that are named as the upstreams are, wherever these have their
    hosts from. An upstream that speaks plain TCP has none.

    What is dropped is what neither this text nor that of ``envoy_clusters`` says.

    Args:
        config: The configuration.

        upstream: The name of the only upstream to render; all of them if not given.

    Raises:
        ConfigError: If something has no equivalent in Envoy (MC303), in the clusters or here, but
            for a way to find hosts; it holds all of it.
    """
    upstreams = upstreams_of(config, upstream)
    account = _account_of_parts(config, upstreams)
    _, routes = _clusters_and_routes(account, upstreams)
    return account.rendered(_resources(_ROUTES, [routes]))


def _ip_address(name: str, text: str) -> Address:
    """Read an argument that is an address, where Envoy takes no name."""
    found = address_of(name, text)
    if not is_ip_address(found[0]):
        msg = f"{name}: Envoy wants an IP address, which {found[0]} is not"
        raise ValueError(msg)
    return found


def _account(config: ServiceMeshConfig, upstreams: tuple[Upstream, ...]) -> Account:
    account = Account("Envoy", config, upstreams)
    refuse_names(account, upstreams)
    note_unsaid(account, upstreams)
    return account


def _account_of_parts(config: ServiceMeshConfig, upstreams: tuple[Upstream, ...]) -> Account:
    """Return an account of what neither clusters nor routes say."""
    account = _account(config, upstreams)
    account.drop("it stands in Envoy's bootstrap", *_IN_BOOTSTRAP)
    for one in upstreams:
        if one.config.protocol == "tcp":
            account.drop("it stands with Envoy's listeners", *_IN_LISTENERS, upstream=one)
    return account


def _clusters_and_routes(
    account: Account, upstreams: Sequence[Upstream]
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Write both, whichever is wanted: what is noted is then what neither of them says."""
    routed = [one for one in upstreams if one.config.protocol != "tcp"]
    return (
        [cluster(account, one) for one in upstreams],
        route_configuration(account, routed, _ROUTES_NAME),
    )


def _text(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2) + "\n"


def _resources(type_name: str, resources: Sequence[Mapping[str, Any]]) -> str:
    return _text({"resources": [typed(type_name, **one) for one in resources]})


def _listener(name: str, where: Address, filter: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "address": address(*where), "filter_chains": [{"filters": [filter]}]}


def _manager(name: str, routes: Mapping[str, Any]) -> dict[str, Any]:
    router = {"name": "envoy.filters.http.router", "typed_config": typed(_ROUTER)}
    return typed(
        _MANAGER,
        stat_prefix=name,
        # A request has its own timeout; this one would cut it off after five minutes.
        stream_idle_timeout="0s",
        http_filters=[router],
        route_config=routes,
    )


def _filter(manager: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}


def _metrics(account: Account) -> dict[str, Any]:
    """Return a listener that answers with Envoy's statistics, and with nothing else of its admin."""
    match = {"path": metrics_path(account)}
    route = {"cluster": _ADMIN, "prefix_rewrite": "/stats/prometheus"}
    host = {"name": "metrics", "domains": ["*"], "routes": [{"match": match, "route": route}]}
    manager = _filter(_manager("metrics", {"name": "metrics", "virtual_hosts": [host]}))
    return _listener("meshconf:metrics", ("0.0.0.0", account.config.metrics.port), manager)  # noqa: S104 - who scrapes is elsewhere
