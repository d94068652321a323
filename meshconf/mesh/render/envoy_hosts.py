"""Where Envoy finds the hosts of an upstream: given addresses, or a name that it looks up."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from meshconf.mesh.addresses import split_endpoint
from meshconf.mesh.render.durations import milliseconds, seconds_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from meshconf.mesh.render.rendered import Account
    from meshconf.mesh.render.upstreams import Upstream

__all__ = ["address", "hosts_of", "is_ip_address", "load_assignment", "note_discovery"]

_DNS_PORT = 53
_FAMILIES = {"A": "V4_ONLY", "AAAA": "V6_ONLY", "SRV": "V4_PREFERRED"}
_CARES = "type.googleapis.com/envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig"

#: Why settings of a backend are not said, where Envoy asks by DNS or does not ask at all.
_UNSAID: Mapping[str, Mapping[str, str]] = {
    "consul": {
        f"consul.{name}": "Envoy asks Consul by DNS: the resolver of its machine has to forward .consul"
        for name in ("host", "port", "scheme", "token", "namespace", "consistency")
    },
    "kubernetes": {
        "kubernetes.port_name": "Envoy asks Kubernetes by DNS, whose addresses have no ports"
    },
    "dns": {},
    "static": {},
    "etcd": {"etcd": "Envoy cannot ask etcd"},
    "zookeeper": {"zookeeper": "Envoy cannot ask ZooKeeper"},
}


def hosts_of(account: Account, upstream: Upstream) -> tuple[tuple[str, int], ...]:
    """Return the hosts of an upstream: addresses and names, each with its port.

    Where Envoy has no way to learn them there are none, which the account then says.
    """
    config, name = account.config, upstream.name
    backend, port = config.discovery.backend, upstream.config.port
    if backend == "static":
        if not upstream.hosts:
            account.drop(f"{name} has no hosts in static.endpoints", "discovery.backend")
        return upstream.hosts
    if backend == "kubernetes":
        host = f"{name}.{config.kubernetes.namespace}.svc.{config.kubernetes.cluster_domain}"
    elif backend == "consul":
        host = f"{name}.service.{config.consul.datacenter}.consul"
    elif backend == "dns":
        host = (config.dns.name or "").replace("{service}", name)
        port = port or config.dns.port
    else:
        account.drop("Envoy cannot ask it: each cluster has no hosts", "discovery.backend")
        return ()
    if port is None:
        reason = f"Envoy asks by DNS for addresses, without ports: set the port of {name}"
        account.drop(reason, "discovery.backend")
        return ()
    return ((host, port),)


def note_discovery(account: Account) -> None:
    """Note what Envoy does not take from the settings of discovery."""
    config = account.config
    account.drop_all(_UNSAID[config.discovery.backend])
    account.drop("Envoy sends to whatever hosts it is told", "discovery.only_passing")
    if config.discovery.backend in ("static", "etcd", "zookeeper"):
        account.drop("Envoy looks nothing up", "discovery.refresh_interval")
    if config.discovery.backend == "dns":
        if config.dns.record_type == "SRV":
            account.drop("Envoy looks up A and AAAA records", "dns.record_type")
        if not all(is_ip_address(_nameserver(text)[0]) for text in config.dns.nameservers):
            account.drop("Envoy wants IP addresses of name servers", "dns.nameservers")


def load_assignment(account: Account, upstream: Upstream) -> dict[str, Any]:
    """Return what a cluster says of its hosts, and of how their names are looked up."""
    hosts = hosts_of(account, upstream)
    check = upstream.config.load_balancer.health_check
    checked = {"health_check_config": {"port_value": check.port}} if check.port else {}
    endpoints = [
        {"endpoint": {"address": address(host, port), "hostname": host, **checked}}
        for host, port in hosts
    ]
    found = {
        "load_assignment": {
            "cluster_name": upstream.name,
            "endpoints": [{"lb_endpoints": endpoints}],
        }
    }
    if all(is_ip_address(host) for host, _ in hosts):
        return {"type": "STATIC", **found}
    return {"type": "STRICT_DNS", **_lookup(account), **found}


def address(host: str, port: int) -> dict[str, Any]:
    """Return a TCP address as Envoy writes it."""
    return {"socket_address": {"address": host, "port_value": port}}


def is_ip_address(host: str) -> bool:
    """Tell an IP address from a name."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _lookup(account: Account) -> dict[str, Any]:
    config = account.config
    found: dict[str, Any] = {"dns_lookup_family": "V4_PREFERRED"}
    if config.discovery.backend == "static":  # a name among the hosts; nothing says how often
        return found
    # Envoy demands more than a millisecond.
    interval = milliseconds(account, "discovery.refresh_interval", least=2, most=2**31 - 1)
    found["dns_refresh_rate"] = seconds_text(interval)
    if config.discovery.backend == "dns":
        found["dns_lookup_family"] = _FAMILIES[config.dns.record_type]
        servers = [_nameserver(text) for text in config.dns.nameservers]
        if servers and all(is_ip_address(host) for host, _ in servers):
            found["typed_dns_resolver_config"] = _resolver(servers)
    return found


def _nameserver(text: str) -> tuple[str, int]:
    """Return the address and the port of a name server."""
    bare = text.removeprefix("[").removesuffix("]")
    return (bare, _DNS_PORT) if is_ip_address(bare) or ":" not in text else split_endpoint(text)


def _resolver(servers: Sequence[tuple[str, int]]) -> dict[str, Any]:
    return {
        "name": "envoy.network.dns_resolver.cares",
        "typed_config": {
            "@type": _CARES,
            "resolvers": [address(host, port) for host, port in servers],
        },
    }
