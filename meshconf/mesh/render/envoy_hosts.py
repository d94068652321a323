"""Where Envoy finds the hosts of an upstream: given addresses, or a name that it looks up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from meshconf.mesh.addresses import is_ip_address, is_name, split_place
from meshconf.mesh.paths import value_at
from meshconf.mesh.render.envoy_words import address, duration, typed
from meshconf.mesh.render.upstreams import consul_host, kubernetes_host
from meshconf.mesh.render.words import few

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from meshconf.mesh.render.rendered import Account
    from meshconf.mesh.render.upstreams import Upstream
    from meshconf.mesh.service_mesh import ServiceMeshConfig

__all__ = [
    "cluster_of",
    "hosts_in_cluster",
    "hosts_of",
    "note_discovery",
]

_DNS_PORT = 53
_FAMILIES = {"A": "V4_ONLY", "AAAA": "V6_ONLY", "SRV": "V4_PREFERRED"}
_CARES = "envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig"

#: What the names that are looked up are made of.
_IN_NAMES: Mapping[str, Sequence[str]] = {
    "consul": ["consul.datacenter"],
    "kubernetes": ["kubernetes.namespace", "kubernetes.cluster_domain"],
    "dns": ["dns.name"],
}

#: Why settings of a backend are not said, where Envoy asks by DNS or does not ask at all.
_UNSAID: Mapping[str, Mapping[str, str]] = {
    "consul": {
        f"consul.{name}": "Envoy asks Consul by DNS: the resolver of its machine has to forward .consul"
        for name in ("host", "port", "scheme", "token", "namespace", "consistency")
    },
    "kubernetes": {
        "kubernetes.port_name": "Envoy asks Kubernetes by DNS, whose addresses have no ports"
    },
    "etcd": {"etcd": "Envoy cannot ask etcd"},
    "zookeeper": {"zookeeper": "Envoy cannot ask ZooKeeper"},
}


def hosts_of(config: ServiceMeshConfig, upstream: Upstream) -> tuple[tuple[str, int], ...]:
    """Return the hosts of an upstream: addresses and names, each with its port.

    There are none where Envoy has no way to learn them, as ``note_discovery`` says.
    """
    if config.discovery.backend == "static":
        return upstream.hosts
    name, port = _looked_up(config, upstream.name), _port(config, upstream)
    return () if name is None or port is None else ((name, port),)


def _looked_up(config: ServiceMeshConfig, service: str) -> str | None:
    """Return the name that Envoy asks for by DNS; None where the backend gives none."""
    backend = config.discovery.backend
    if backend == "kubernetes":
        return kubernetes_host(config, service)
    if backend == "consul":
        return consul_host(config, service)
    if backend == "dns" and config.dns.name is not None:
        return config.dns.name.replace("{service}", service)
    return None


def _port(config: ServiceMeshConfig, upstream: Upstream) -> int | None:
    shared = config.dns.port if config.discovery.backend == "dns" else None
    return upstream.config.port or shared


def note_discovery(account: Account, upstreams: Sequence[Upstream]) -> None:
    """Note what Envoy does not take from the settings of discovery, and whose hosts it lacks."""
    config = account.config
    backend = config.discovery.backend
    for path in _IN_NAMES.get(backend, ()):
        if not is_name(value_at(config, path).replace("{service}", "service")):
            account.refuse(path, "makes no host name, by which Envoy could ask")
    account.drop_all(_UNSAID.get(backend, {}))
    account.drop("Envoy sends to whatever hosts it is told", "discovery.only_passing")
    hosts = {one.name: hosts_of(config, one) for one in upstreams}
    if missing := few(name for name, found in hosts.items() if not found):
        reason = {
            "static": f"static.endpoints has no hosts of {missing}",
            "etcd": "Envoy cannot ask it: no cluster has hosts",
            "zookeeper": "Envoy cannot ask it: no cluster has hosts",
        }.get(backend, f"Envoy asks by DNS for addresses, without ports: set the port of {missing}")
        account.drop(reason, "discovery.backend")
    for one in upstreams:
        if not hosts[one.name]:
            paths = ("port", "load_balancer.health_check.port")
            account.drop("Envoy knows no hosts on it", *paths, upstream=one)
    if all(is_ip_address(host) for found in hosts.values() for host, _ in found):
        asked = [backend] if backend in _IN_NAMES else []
        account.drop("Envoy looks nothing up", "discovery.refresh_interval", *asked)
    if backend == "dns":
        _note_dns(account)


def _note_dns(account: Account) -> None:
    dns = account.config.dns
    if dns.record_type == "SRV":
        account.drop("Envoy looks up A and AAAA records", "dns.record_type")
    if not all(is_ip_address(split_place(text, _DNS_PORT)[0]) for text in dns.nameservers):
        account.drop("Envoy wants IP addresses of name servers", "dns.nameservers")


def cluster_of(
    name: str, hosts: Sequence[tuple[str, int]], health_port: int | None = None
) -> dict[str, Any]:
    """Return what a cluster says of its hosts: addresses, or names that are looked up."""
    endpoints = [{"endpoint": _endpoint(host, port, health_port)} for host, port in hosts]
    found = {
        "name": name,
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": endpoints}]},
    }
    if all(is_ip_address(host) for host, _ in hosts):
        return {"type": "STATIC", **found}
    # Else an IPv6 address is taken where there is one, though many a host listens on IPv4 alone.
    return {"type": "STRICT_DNS", "dns_lookup_family": "V4_PREFERRED", **found}


def _endpoint(host: str, port: int, health_port: int | None) -> dict[str, Any]:
    """Return a host; its name is what TLS asks for, where it has one."""
    named = {} if is_ip_address(host) else {"hostname": host.removesuffix(".")}
    checked = {"health_check_config": {"port_value": health_port}} if health_port else {}
    return {"address": address(host, port), **named, **checked}


def hosts_in_cluster(account: Account, upstream: Upstream) -> dict[str, Any]:
    """Return what the cluster of an upstream says of its hosts, and of how it learns of them."""
    health_port = upstream.config.load_balancer.health_check.port
    found = cluster_of(upstream.name, hosts_of(account.config, upstream), health_port)
    # Of names among static hosts, nothing says how often they are looked up.
    if found["type"] == "STATIC" or account.config.discovery.backend == "static":
        return found
    return {**found, **_lookup(account)}


def _lookup(account: Account) -> dict[str, Any]:
    """Return how often a name is looked up, and, for the backend dns, how."""
    config = account.config
    # Envoy demands more than a millisecond.
    found: dict[str, Any] = {
        "dns_refresh_rate": duration(account, "discovery.refresh_interval", least=2)
    }
    if config.discovery.backend == "dns":
        found["dns_lookup_family"] = _FAMILIES[config.dns.record_type]
        servers = [split_place(text, _DNS_PORT) for text in config.dns.nameservers]
        if servers and all(is_ip_address(host) for host, _ in servers):
            resolvers = [address(host, port) for host, port in servers]
            found["typed_dns_resolver_config"] = {
                "name": "envoy.network.dns_resolver.cares",
                "typed_config": typed(_CARES, resolvers=resolvers),
            }
    return found
