"""Where HAProxy finds the hosts of an upstream: given addresses, or a name that it looks up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from meshconf.mesh.addresses import is_ip_address, split_place
from meshconf.mesh.paths import dotted
from meshconf.mesh.render.haproxy_tls import for_one_server
from meshconf.mesh.render.haproxy_words import Lines, duration, line, section
from meshconf.mesh.render.looked_up import refuse_no_name
from meshconf.mesh.render.upstreams import consul_host, kubernetes_host
from meshconf.mesh.render.words import few

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from meshconf.mesh.render.rendered import Account
    from meshconf.mesh.render.upstreams import Upstream

__all__ = ["Hosts", "hosts_of", "note_discovery", "resolvers", "servers"]

#: So many hosts of an upstream are used, where a name is looked up: each has its place from the start.
_PLACES = 20

_RESOLVERS = "meshconf"
_DNS_PORT = 53

#: Addresses that HAProxy takes for the one that its client has asked for.
_ANY = ("0.0.0.0", "::")  # noqa: S104 - nothing listens there

#: Why settings of a backend are not said, where HAProxy asks by DNS or does not ask at all.
_UNSAID: Mapping[str, Mapping[str, str]] = {
    "consul": {
        **{
            f"consul.{name}": "HAProxy asks Consul by DNS: the name servers of its machine have to forward .consul"
            for name in ("host", "port", "scheme", "token", "namespace", "consistency")
        },
        "discovery.only_passing": "Consul's DNS leaves out critical hosts alone, or what its agent says",
    },
    "kubernetes": {"discovery.only_passing": "Kubernetes' DNS leaves out hosts that are not ready"},
    "dns": {},
    "static": {},
    "etcd": {"etcd": "HAProxy cannot ask etcd"},
    "zookeeper": {"zookeeper": "HAProxy cannot ask ZooKeeper"},
}


@attrs.frozen
class Hosts:
    """The hosts of an upstream.

    Attributes:
        given: Hosts with their ports.

        looked_up: The name that is looked up, with a port or none; none if hosts are given.
    """

    given: tuple[tuple[str, int], ...] = ()
    looked_up: tuple[str, int | None] | None = None

    @property
    def most(self) -> int:
        """How many there can be."""
        return _PLACES if self.looked_up else len(self.given)


def hosts_of(account: Account, upstream: Upstream) -> Hosts:
    """Return the hosts of an upstream; there are none where HAProxy cannot learn them."""
    backend = account.config.discovery.backend
    if backend == "static":
        return Hosts(_given(account, upstream))
    if backend == "consul":
        return Hosts(looked_up=_in_consul(account, upstream))
    if backend == "kubernetes":
        return Hosts(looked_up=_in_kubernetes(account, upstream))
    if backend == "dns":
        return Hosts(looked_up=_in_dns(account, upstream))
    return Hosts()


def _given(account: Account, upstream: Upstream) -> tuple[tuple[str, int], ...]:
    path = dotted("static", "endpoints", upstream.name)
    for host, _ in upstream.hosts:
        if host in _ANY:
            message = f"holds {host}, by which HAProxy means what its client has asked for"
            account.refuse(path, message, "write the address of the host")
        if host.startswith("_"):
            message = f"holds {host}, and HAProxy looks up SRV records of what begins with _"
            account.refuse(path, message, "write the address of the host")
    if not all(is_ip_address(host) for host, _ in upstream.hosts):
        reason = "HAProxy looks up the name of a host once, when it starts"
        account.drop(reason, "static.endpoints")
    return upstream.hosts


def _in_consul(account: Account, upstream: Upstream) -> tuple[str, int | None]:
    name, datacenter = upstream.name, account.config.consul.datacenter
    if "." in name or name.startswith("_"):
        message = "is no name in Consul's DNS, which has no dots and no _ at the beginning"
        account.refuse(dotted("upstreams", name), message, "give it another name")
    parts, port = {"consul.datacenter": datacenter}, upstream.config.port
    service = f"_{name}._tcp" if port is None else name
    name = consul_host(account.config, service)
    refuse_no_name(account, upstream, name, parts)
    return name, port


def _in_kubernetes(account: Account, upstream: Upstream) -> tuple[str, int | None] | None:
    settings, port, name = account.config.kubernetes, upstream.config.port, upstream.name
    if name.startswith("_"):
        message = "is no name in Kubernetes' DNS, which has no _ at the beginning"
        account.refuse(dotted("upstreams", name), message, "give it another name")
    service = kubernetes_host(account.config, name)
    parts = {
        "kubernetes.namespace": settings.namespace,
        "kubernetes.cluster_domain": settings.cluster_domain,
    }
    if port is None:
        if not settings.port_name:
            return None
        parts["kubernetes.port_name"] = settings.port_name
        service = f"_{settings.port_name}._tcp.{service}"
    refuse_no_name(account, upstream, service, parts)
    return service, port


def _in_dns(account: Account, upstream: Upstream) -> tuple[str, int | None] | None:
    settings = account.config.dns
    template, is_srv = settings.name or "", settings.record_type == "SRV"
    parts = {"dns.name": template.replace("{service}", "service")}
    name = template.replace("{service}", upstream.name)
    refuse_no_name(account, upstream, name, parts)
    if name.startswith("_"):
        account.drop("SRV records bring ports of their own", "port", upstream=upstream)
        account.drop("SRV records bring ports of their own", "dns.port")
        if not is_srv:
            reason = "HAProxy looks up SRV records of a name that begins with _"
            account.drop(reason, "dns.record_type")
        return name, None
    if is_srv:
        reason = "HAProxy looks up SRV records only of a name that begins with _"
    else:
        reason = "HAProxy takes addresses of the other family where there are none of this one"
    account.drop(reason, "dns.record_type")
    port = upstream.config.port or settings.port
    return None if port is None else (name, port)


def note_discovery(account: Account, found: Sequence[tuple[Upstream, Hosts]]) -> None:
    """Note what HAProxy does not take from the settings of discovery, and who has no hosts."""
    config = account.config
    backend = config.discovery.backend
    account.drop_all(_UNSAID[backend])
    without = [one for one, hosts in found if not hosts.most]
    missing = few(one.name for one in without)
    for one in without:
        account.drop("HAProxy has no servers on it", "port", upstream=one)
    if not any(hosts.most for _, hosts in found):
        account.drop("HAProxy has no servers", "tls.server_name")
    if backend in ("etcd", "zookeeper"):
        account.drop("HAProxy cannot ask it: each backend has no servers", "discovery.backend")
    elif backend == "static":
        if missing:
            account.drop(f"it has no hosts for {missing}", "static.endpoints")
        return
    elif missing:
        reason = f"HAProxy learns no port for {missing}, which get no servers: set upstreams.*.port"
        account.drop(reason, "discovery.backend")
    if not any(hosts.looked_up for _, hosts in found):
        account.drop("HAProxy looks nothing up", "discovery", backend)
        return
    account.drop(f"HAProxy uses {_PLACES} hosts of an upstream at most", "discovery.backend")
    if backend == "kubernetes" and all(one.config.port for one, _ in found):
        account.drop("each upstream has a port of its own", "kubernetes.port_name")
    if backend == "dns" and len(_nameservers(account)) < len(config.dns.nameservers):
        account.drop("HAProxy wants IP addresses of name servers", "dns.nameservers")


def resolvers(account: Account) -> str:
    """Return the section that says who is asked for names, and how often."""
    interval = duration(account, "discovery.refresh_interval")
    servers = _nameservers(account) if account.config.discovery.backend == "dns" else []
    found = [
        line("nameserver", f"server{number}", _endpoint(*server))
        for number, server in enumerate(servers, 1)
    ]
    return section(
        "resolvers",
        _RESOLVERS,
        [
            *(found or [line("parse-resolv-conf")]),
            # Else no more than a handful of hosts fits into an answer.
            line("accepted_payload_size", 8192),
            line("timeout", "resolve", interval),
        ],
    )


def _nameservers(account: Account) -> list[tuple[str, int]]:
    """Return the name servers that are IP addresses, with their ports."""
    places = [split_place(text, _DNS_PORT) for text in account.config.dns.nameservers]
    return [(host, port) for host, port in places if is_ip_address(host)]


def servers(account: Account, upstream: Upstream, hosts: Hosts) -> Lines:
    """Return the servers of a backend."""
    if hosts.looked_up is None:
        return [
            line(
                "server",
                f"host{number}",
                _endpoint(host, port),
                *(() if is_ip_address(host) else ("init-addr", "libc,none")),
                *for_one_server(account, upstream, host),
            )
            for number, (host, port) in enumerate(hosts.given, 1)
        ]
    name, port = hosts.looked_up
    is_v6 = account.config.discovery.backend == "dns" and account.config.dns.record_type == "AAAA"
    return [
        line(
            "server-template",
            "host",
            _PLACES,
            name if port is None else f"{name}:{port}",
            *("resolvers", _RESOLVERS, "init-addr", "none"),
            *("resolve-prefer", "ipv6" if is_v6 else "ipv4"),
            *for_one_server(account, upstream, name),
        )
    ]


def _endpoint(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
