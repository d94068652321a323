"""Where Envoy finds the hosts of an upstream: given addresses, or a name that it looks up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from meshconf.mesh.addresses import is_ip_address, split_place
from meshconf.mesh.paths import dotted
from meshconf.mesh.render.envoy_words import address, duration, typed
from meshconf.mesh.render.listening import drop_port
from meshconf.mesh.render.looked_up import (
    DNS_PORT,
    NOT_ASKED,
    note_looked_up,
    parts_of_names,
    refuse_no_name,
    refuse_not_asked,
)
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
    "refuse_hostless",
]

_FAMILIES = {"A": "V4_ONLY", "AAAA": "V6_ONLY", "SRV": "V4_PREFERRED"}
_CARES = "envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig"

_DNS = "envoy.extensions.clusters.dns.v3.DnsCluster"


def hosts_of(config: ServiceMeshConfig, upstream: Upstream) -> tuple[tuple[str, int], ...]:
    """Return the hosts of an upstream: addresses and names, each with its port.

    There are none where Envoy has no way to learn them, which ``refuse_hostless`` refuses.
    """
    backend = config.discovery.backend
    if backend == "static":
        return upstream.hosts
    port = _port(config, upstream)
    if backend in NOT_ASKED or port is None:
        return ()
    return ((_looked_up(config, upstream.name), port),)


def _looked_up(config: ServiceMeshConfig, service: str) -> str:
    """Return the name that Envoy asks for by DNS."""
    backend = config.discovery.backend
    if backend == "kubernetes":
        return kubernetes_host(config, service)
    if backend == "consul":
        return consul_host(config, service)
    return (config.dns.name or "").replace("{service}", service)


def _port(config: ServiceMeshConfig, upstream: Upstream) -> int | None:
    shared = config.dns.port if config.discovery.backend == "dns" else None
    return upstream.config.port or shared


def refuse_hostless(account: Account, upstreams: Sequence[Upstream]) -> None:
    """Refuse upstreams whose hosts Envoy has no way to learn, so that each request would get 503."""
    config = account.config
    backend = config.discovery.backend
    if backend == "static" or not upstreams:
        return
    if backend in NOT_ASKED:
        refuse_not_asked(account)
        return
    for one in upstreams:
        if backend == "dns" and _looked_up(config, one.name).startswith("_"):
            # SRV records bring ports: that one is missing is not what is wrong.
            message = "makes a name of SRV records, which Envoy does not look up"
            account.refuse("dns.name", message, "write a name that has A or AAAA records")
        elif _port(config, one) is None:
            message = "is not set, and Envoy asks DNS for addresses, without ports"
            account.refuse_of(one, "port", message, "write the port on which the service listens")
        _refuse_odd_name(account, one)


def _refuse_odd_name(account: Account, upstream: Upstream) -> None:
    """Refuse a name that no DNS server knows, or that stands for another service."""
    config, name = account.config, upstream.name
    backend = config.discovery.backend
    if backend == "consul" and "." in name:
        message = "means another service in Consul's DNS: what precedes a dot is a tag"
        account.refuse(dotted("upstreams", name), message, "give it a name without dots")
    refuse_no_name(account, upstream, _looked_up(config, name), parts_of_names(config))


def note_discovery(account: Account, upstreams: Sequence[Upstream]) -> None:
    """Note what Envoy does not take from the settings of discovery, and whose hosts it lacks."""
    backend = account.config.discovery.backend
    if backend == "static":
        _note_hostless(account, [one for one in upstreams if not one.hosts])
        return
    note_looked_up(account)
    if backend in NOT_ASKED:
        account.drop(f"Envoy cannot ask {NOT_ASKED[backend]}", "discovery", backend)
    elif backend == "kubernetes":
        reason = "Envoy asks Kubernetes by DNS, whose addresses have no ports"
        account.drop(reason, "kubernetes.port_name")
    elif backend == "dns":
        _note_dns(account)


def _note_hostless(account: Account, upstreams: Sequence[Upstream]) -> None:
    """Note upstreams without static hosts, whose requests get 503 until they have some."""
    if upstreams:
        missing = few(one.name for one in upstreams)
        reason = f"it has no hosts of {missing}: whatever is sent there fails"
        account.drop_part(reason, "static.endpoints", notable=True)
    for one in upstreams:
        reason = "Envoy knows no hosts on it"
        account.drop(reason, "load_balancer.health_check.port", upstream=one)
        drop_port(account, reason, one)


def _note_dns(account: Account) -> None:
    dns = account.config.dns
    if dns.record_type == "SRV":
        # Many a name has SRV records alone, and then there are no hosts.
        account.drop("Envoy looks up A and AAAA records", "dns.record_type", notable=True)
    if not all(is_ip_address(split_place(text, DNS_PORT)[0]) for text in dns.nameservers):
        account.drop("Envoy wants IP addresses of name servers", "dns.nameservers")


def cluster_of(
    name: str,
    hosts: Sequence[tuple[str, int]],
    health_port: int | None = None,
    lookup: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return what a cluster says of its hosts: addresses, or names that are looked up.

    Args:
        name: What the cluster is called.

        hosts: The hosts, with their ports.

        health_port: The port that is asked for health, if it is another one.

        lookup: What is said of how names are looked up.
    """
    endpoints = [{"endpoint": _endpoint(host, port, health_port)} for host, port in hosts]
    found = {
        "name": name,
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": endpoints}]},
    }
    if all(is_ip_address(host) for host, _ in hosts):
        return {"type": "STATIC", **found}
    # Else an IPv6 address is taken where there is one, though many a host listens on IPv4 alone.
    dns = typed(_DNS, **{"dns_lookup_family": "V4_PREFERRED", **(lookup or {})})
    return {"cluster_type": {"name": "envoy.clusters.dns", "typed_config": dns}, **found}


def _endpoint(host: str, port: int, health_port: int | None) -> dict[str, Any]:
    """Return a host; its name is what TLS asks for, where it has one."""
    named = {} if is_ip_address(host) else {"hostname": host.removesuffix(".")}
    checked = {"health_check_config": {"port_value": health_port}} if health_port else {}
    return {"address": address(host, port), **named, **checked}


def hosts_in_cluster(account: Account, upstream: Upstream) -> dict[str, Any]:
    """Return what the cluster of an upstream says of its hosts, and of how it learns of them."""
    health_port = upstream.config.load_balancer.health_check.port
    # Of names among static hosts, nothing says how often they are looked up.
    lookup = None if account.config.discovery.backend == "static" else _lookup(account)
    return cluster_of(upstream.name, hosts_of(account.config, upstream), health_port, lookup)


def _lookup(account: Account) -> dict[str, Any]:
    """Return how often a name is looked up, and, for the backend dns, how."""
    config = account.config
    # Envoy demands more than a millisecond.
    found: dict[str, Any] = {
        "dns_refresh_rate": duration(account, "discovery.refresh_interval", least=2)
    }
    if config.discovery.backend == "dns":
        found["dns_lookup_family"] = _FAMILIES[config.dns.record_type]
        servers = [split_place(text, DNS_PORT) for text in config.dns.nameservers]
        if servers and all(is_ip_address(host) for host, _ in servers):
            resolvers = [address(host, port) for host, port in servers]
            found["typed_dns_resolver_config"] = {
                "name": "envoy.network.dns_resolver.cares",
                "typed_config": typed(_CARES, resolvers=resolvers),
            }
    return found
