"""Where HAProxy finds the hosts of an upstream: given addresses, or a name that it looks up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from meshconf.mesh.addresses import is_ip_address, split_place
from meshconf.mesh.paths import dotted
from meshconf.mesh.render.durations import milliseconds
from meshconf.mesh.render.haproxy_tls import for_one_server
from meshconf.mesh.render.haproxy_words import LONGEST, Lines, line, section
from meshconf.mesh.render.listening import drop_port
from meshconf.mesh.render.looked_up import (
    DNS_PORT,
    note_looked_up,
    parts_of_names,
    refuse_no_name,
    refuse_not_asked,
)
from meshconf.mesh.render.upstreams import consul_host, kubernetes_host
from meshconf.mesh.render.words import few

if TYPE_CHECKING:
    from collections.abc import Sequence

    from meshconf.mesh.render.rendered import Account
    from meshconf.mesh.render.upstreams import Upstream
    from meshconf.mesh.service_mesh import ServiceMeshConfig

__all__ = ["Hosts", "has_zone", "hosts_of", "looks_up", "note_discovery", "resolvers", "servers"]

#: So many hosts of an upstream are used, where a name is looked up: each has its place from the start.
_PLACES = 20

_RESOLVERS = "meshconf"

#: A host is gone where so many look-ups have not brought it, or its name.
_MISSES = 3

#: So long, in milliseconds, the last hosts are kept while no name server answers: a day, the least
#: that RFC 8767 (section 5) suggests.
_KEPT = 86_400_000

#: So long, in milliseconds, HAProxy waits for an answer by default before it asks again.
_RETRY = 1000

#: Addresses that HAProxy takes for the one that its client has asked for.
_ANY = ("0.0.0.0", "::")  # noqa: S104 - nothing listens there

#: What becomes of several instances on one machine.
_ONE_PORT = "HAProxy uses one port of each host name in SRV records"


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


def looks_up(config: ServiceMeshConfig, upstreams: Sequence[Upstream]) -> bool:
    """Tell whether HAProxy looks up names while it runs."""
    if config.discovery.backend != "static":
        return bool(upstreams)
    return any(_is_in_dns(host) for one in upstreams for host, _ in one.hosts)


def _is_in_dns(host: str) -> bool:
    """Tell a name that is complete from addresses, and from names that only this machine knows.

    HAProxy asks name servers alone, and has no search domains: hardly any of them knows a name
    without a dot.
    """
    return "." in host.removesuffix(".") and not is_ip_address(host) and not _is_localhost(host)


def _is_localhost(host: str) -> bool:
    return host.lower().removesuffix(".").rpartition(".")[2] == "localhost"


def has_zone(host: str) -> bool:
    """Tell whether a host is an IPv6 address with a zone, which HAProxy does not take."""
    return ":" in host and "%" in host


def hosts_of(account: Account, upstream: Upstream) -> Hosts:
    """Return the hosts of an upstream, and refuse one whose hosts HAProxy cannot learn."""
    backend = account.config.discovery.backend
    if backend == "static":
        return Hosts(_given(account, upstream))
    if backend == "consul":
        return Hosts(looked_up=_in_consul(account, upstream))
    if backend == "kubernetes":
        return Hosts(looked_up=_in_kubernetes(account, upstream))
    if backend == "dns":
        return Hosts(looked_up=_in_dns(account, upstream))
    refuse_not_asked(account)
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
        if has_zone(host):
            message = f"holds {host}, and HAProxy takes no zone of an IPv6 address"
            account.refuse(path, message, "write an address that needs none")
    return upstream.hosts


def _in_consul(account: Account, upstream: Upstream) -> tuple[str, int | None]:
    name = upstream.name
    if "." in name or name.startswith("_"):
        message = "is no name in Consul's DNS, which has no dots and no _ at the beginning"
        account.refuse(dotted("upstreams", name), message, "give it another name")
    port = upstream.config.port
    service = f"_{name}._tcp" if port is None else name
    name = consul_host(account.config, service)
    refuse_no_name(account, upstream, name, parts_of_names(account.config))
    return name, port


def _in_kubernetes(account: Account, upstream: Upstream) -> tuple[str, int | None]:
    settings, port, name = account.config.kubernetes, upstream.config.port, upstream.name
    if name.startswith("_"):
        message = "is no name in Kubernetes' DNS, which has no _ at the beginning"
        account.refuse(dotted("upstreams", name), message, "give it another name")
    service = kubernetes_host(account.config, name)
    parts = parts_of_names(account.config)
    if port is None and settings.port_name:
        parts["kubernetes.port_name"] = settings.port_name
        service = f"_{settings.port_name}._tcp.{service}"
    elif port is None:
        message = "is not set, nor is kubernetes.port_name, by which HAProxy could ask for it"
        account.refuse_of(upstream, "port", message, "set one of the two")
    refuse_no_name(account, upstream, service, parts)
    return service, port


def _in_dns(account: Account, upstream: Upstream) -> tuple[str, int | None]:
    settings = account.config.dns
    template, is_srv = settings.name or "", settings.record_type == "SRV"
    name = template.replace("{service}", upstream.name)
    refuse_no_name(account, upstream, name, parts_of_names(account.config))
    if name.startswith("_"):
        _note_srv(account, upstream)
        return name, None
    if is_srv:
        reason = "HAProxy looks up SRV records only of a name that begins with _"
        account.drop(reason, "dns.record_type", notable=True)
    else:
        reason = "HAProxy takes addresses of the other family where there are none of this one"
        account.drop_part(reason, "dns.record_type")
    port = upstream.config.port or settings.port
    if port is None:
        message = "is not set, and HAProxy asks for addresses, without ports"
        remedy = "write the port on which the service listens, or begin dns.name with _"
        account.refuse_of(upstream, "port", message, remedy)
    return name, port


def _note_srv(account: Account, upstream: Upstream) -> None:
    reason = "SRV records bring ports of their own"
    drop_port(account, reason, upstream)
    account.drop(reason, "dns.port")
    # RFC 2782 has the weight 0 for a host that is the only one.
    for reason in (_ONE_PORT, "HAProxy sends nothing to hosts whose SRV records have the weight 0"):
        account.drop_part(reason, "dns.record_type", notable=True)
    if account.config.dns.record_type != "SRV":
        reason = "HAProxy looks up SRV records of a name that begins with _"
        account.drop_part(reason, "dns.record_type")


def note_discovery(account: Account, found: Sequence[tuple[Upstream, Hosts]]) -> None:
    """Note what HAProxy does not take from the settings of discovery, and who has no hosts."""
    config = account.config
    backend = config.discovery.backend
    if backend == "static":
        _note_given(account, [one for one, _ in found])
        return
    note_looked_up(account)
    reason = f"HAProxy uses {_PLACES} hosts of an upstream at most"
    account.drop_part(reason, "discovery.backend", notable=True)
    if backend == "consul" and not all(one.config.port for one, _ in found):
        account.drop_part(_ONE_PORT, "discovery.backend", notable=True)
    if backend == "kubernetes" and all(one.config.port for one, _ in found):
        account.drop("each upstream has a port of its own", "kubernetes.port_name")
    if backend == "dns":
        asked = _nameservers(account)
        if len(asked) < len(config.dns.nameservers):
            drop = account.drop_part if asked else account.drop
            drop("HAProxy wants IP addresses of name servers", "dns.nameservers")


def _note_given(account: Account, upstreams: Sequence[Upstream]) -> None:
    """Note of hosts that are given what HAProxy does with names, and who has none."""
    hosts = dict.fromkeys(host for one in upstreams for host, _ in one.hosts)
    names = [one for one in hosts if not is_ip_address(one) and not _is_localhost(one)]
    if once := [one for one in names if not _is_in_dns(one)]:
        reason = f"HAProxy looks up {few(once)} once, when it starts: they have no dots"
        account.drop_part(reason, "static.endpoints")
    if len(once) < len(names):
        reason = "HAProxy gives up a host after 23 days in which no name server knew its name"
        account.drop_part(reason, "static.endpoints")
    without = [one for one in upstreams if not one.hosts]
    if without:
        reason = f"it has no hosts of {few(one.name for one in without)}"
        account.drop_part(reason, "static.endpoints")
    for one in without:
        drop_port(account, "HAProxy has no servers on it", one)
    if len(without) == len(upstreams):
        account.drop("HAProxy has no servers", "tls.server_name")


def resolvers(account: Account) -> str:
    """Return the section that says who is asked for names, how often, and how long answers count.

    An answer without hosts counts as none: HAProxy does not tell it from a failing name server. Nor
    is it told that a name that is given is gone: it may stand in a hosts file, or want a search domain.
    """
    path, backend = "discovery.refresh_interval", account.config.discovery.backend
    interval = milliseconds(account, path, most=LONGEST // _MISSES)
    gone = _MISSES * interval
    kept, unknown = max(_KEPT, gone), gone
    if backend == "static":
        kept = unknown = LONGEST
    servers = _nameservers(account) if backend == "dns" else []
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
            line("timeout", "resolve", f"{interval}ms"),
            # Three times, before a failure is one.
            line("timeout", "retry", f"{min(interval, _RETRY)}ms"),
            line("hold", "obsolete", f"{gone}ms"),
            line("hold", "nx", f"{unknown}ms"),
            *(line("hold", status, f"{kept}ms") for status in ("other", "refused", "timeout")),
        ],
    )


def _nameservers(account: Account) -> list[tuple[str, int]]:
    """Return the name servers that are IP addresses, with their ports."""
    places = [split_place(text, DNS_PORT) for text in account.config.dns.nameservers]
    return [(host, port) for host, port in places if is_ip_address(host) and not has_zone(host)]


def servers(account: Account, upstream: Upstream, hosts: Hosts) -> Lines:
    """Return the servers of a backend."""
    if hosts.looked_up is None:
        return [
            line(
                "server",
                f"host{number}",
                _endpoint(host, port),
                *_looked_up(host),
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
            *_asking("none", "ipv6" if is_v6 else "ipv4"),
            *for_one_server(account, upstream, name),
        )
    ]


def _looked_up(host: str) -> tuple[str, ...]:
    """Return how a host is looked up that is given: by the system at first, then by DNS."""
    if is_ip_address(host):
        return ()
    return _asking("libc,none", "ipv4") if _is_in_dns(host) else ("init-addr", "libc,none")


def _asking(first: str, family: str) -> tuple[str, ...]:
    return ("resolvers", _RESOLVERS, "init-addr", first, "resolve-prefer", family)


def _endpoint(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
