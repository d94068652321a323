"""What the name servers have to know for the backend ``dns``.

Importing this needs the extra ``dns``.
"""

from __future__ import annotations

import socket
from functools import partial
from typing import TYPE_CHECKING, Any

import attrs

try:
    import dns.exception
    import dns.message
    import dns.nameserver
    import dns.query
    import dns.rcode
    import dns.resolver
except ImportError as failure:
    message = 'asking name servers needs: pip install "meshconf[dns]"'
    raise ImportError(message, name="dns") from failure

from meshconf.mesh.addresses import split_place
from meshconf.mesh.discovery.probing import Check, dotted, error, fail, of_services, ok, warning
from meshconf.mesh.service_mesh import ServiceMeshConfig

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from meshconf.mesh.discovery.probing import Finding

__all__ = ["checks"]

_SERVERS = "dns.nameservers"
_PORT = 53

#: The types of records that hold addresses.
_ADDRESSES = ("A", "AAAA")

#: So many hosts of a service are looked up in turn.
_MOST_TARGETS = 8


def checks(config: ServiceMeshConfig, timeout: float) -> Iterator[Check]:
    """Name what is asked: each name server whether it answers, then for each service."""
    names = _Names(config, timeout)
    servers = []
    for nameserver in names.nameservers():
        servers.append(f"name server {nameserver}")
        yield Check(servers[-1], partial(names.answers, nameserver))
    if not servers:
        yield Check("name servers", names.none)
        servers.append("name servers")
    yield from of_services(config, names.knows_itself, names.knows_upstream, needs_one_of=servers)


@attrs.define
class _Names:
    """The name servers, as the configuration describes them."""

    config: ServiceMeshConfig
    timeout: float
    answering: list[dns.nameserver.Nameserver] = attrs.field(
        init=False, factory=list["dns.nameserver.Nameserver"]
    )

    def nameservers(self) -> Sequence[str]:
        """Return the name servers of the configuration, else those of the operating system."""
        if self.config.dns.nameservers:
            return tuple(dict.fromkeys(self.config.dns.nameservers))
        try:
            return tuple(map(str, dns.resolver.Resolver().nameservers))
        except dns.resolver.NoResolverConfiguration:
            return ()

    def none(self) -> list[Finding]:
        """Tell that there are none."""
        return [
            error(
                "the operating system names none",
                help="set dns.nameservers",
                path=_SERVERS,
            )
        ]

    def answers(self, nameserver: str) -> list[Finding]:
        """Ask a name server anything: that there is no such name is an answer too."""
        host, port = split_place(nameserver, _PORT)
        query = dns.message.make_query(self._name(self.config.service_name), self._type)
        addresses = self._addresses(host)
        patience = self.timeout / len(addresses)
        for address in addresses:
            try:
                answer, _ = dns.query.udp_with_fallback(query, address, patience, port)
            except (dns.exception.DNSException, OSError):
                continue
            if answer.rcode() == dns.rcode.REFUSED:
                fail(
                    f"refuses to answer for {self._name('{service}')}",
                    help="name one in dns.nameservers that knows these names",
                    path=_SERVERS,
                )
            self.answering.append(dns.nameserver.Do53Nameserver(address, port))
            return [ok("answers", path=_SERVERS)]
        return [
            error(
                f"does not answer within {self.timeout:g} s",
                help="correct dns.nameservers: it is asked over UDP, at port 53 unless another is named"
                if self.config.dns.nameservers
                else "set dns.nameservers, or see /etc/resolv.conf",
                path=_SERVERS,
            )
        ]

    def knows_itself(self, name: str) -> list[Finding]:
        """Ask for the service itself, which may be yet to start."""
        return [
            attrs.evolve(finding, severity="warning") if finding.severity == "error" else finding
            for finding in self._asked(name, "service_name")
        ]

    def knows_upstream(self, name: str) -> list[Finding]:
        """Ask for an upstream."""
        return self._asked(name, dotted("upstreams", name))

    @property
    def _type(self) -> str:
        return self.config.dns.record_type

    def _name(self, service: str) -> str:
        return str(self.config.dns.name).replace("{service}", service)

    def _addresses(self, host: str) -> Sequence[str]:
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
        except OSError:
            fail(
                f"the name {host} cannot be resolved on this machine",
                help="write the address of the name server into dns.nameservers",
                path=_SERVERS,
            )
        return tuple(dict.fromkeys(str(address[0]) for *_, address in found))

    def _resolver(self) -> dns.resolver.Resolver:
        """Return a resolver that asks the servers that answer, with the search list of the system."""
        own = bool(self.config.dns.nameservers)
        resolver = dns.resolver.Resolver(configure=not own)
        resolver.nameservers = list(self.answering)
        resolver.lifetime = self.timeout
        return resolver

    def _asked(self, service: str, path: str) -> list[Finding]:
        name, wanted = self._name(service), self._type
        resolver = self._resolver()
        try:
            answer = resolver.resolve(name, wanted, search=not self.config.dns.nameservers)
        except dns.resolver.NXDOMAIN:
            return [
                error(
                    f"there is no name {name} (NXDOMAIN)",
                    help=f"register {service}, or correct dns.name",
                    path=path,
                )
            ]
        except dns.resolver.NoAnswer:
            return [self._has_no_records(resolver, service, path)]
        except dns.resolver.NoNameservers:
            return [
                error(
                    f"no name server can answer for {name} (SERVFAIL or REFUSED)",
                    help="see the log of the name server, or name another in dns.nameservers",
                    path=_SERVERS,
                )
            ]
        except dns.exception.Timeout:
            return [
                error(
                    f"no answer for {name} within {self.timeout:g} s",
                    help="the name server asks another that does not answer; see its log",
                    path=_SERVERS,
                )
            ]
        if wanted == "SRV":
            return [self._has_hosts(resolver, list(answer), name, path)]
        shown = ", ".join(sorted(map(str, answer))[:_MOST_TARGETS])
        return [ok(f"{_records(len(answer), wanted)} for {name}: {shown}", path=path)]

    def _has_no_records(self, resolver: dns.resolver.Resolver, service: str, path: str) -> Finding:
        """Tell that a name has records of other types only, and of which."""
        name, wanted = self._name(service), self._type
        others = [other for other in ("SRV", "A", "AAAA") if other != wanted]
        found = [other for other in others if _has(resolver, name, other)]
        if not found:
            return error(
                f"{name} has no {wanted} records",
                help=f"see what it has: dig {name} any",
                path=path,
            )
        port = "" if self.config.dns.port else " and dns.port"  # which A and AAAA demand
        return error(
            f"{name} has no {wanted} records, only {' and '.join(found)}",
            help=f'set dns.record_type = "{found[0]}"{port}, or have {wanted} records made',
            path="dns.record_type",
        )

    def _has_hosts(
        self, resolver: dns.resolver.Resolver, records: Sequence[Any], name: str, path: str
    ) -> Finding:
        """See whether the hosts that SRV records name have addresses."""
        targets = sorted({str(record.target) for record in records})
        if targets == ["."]:  # RFC 2782
            return error(
                f"the SRV record of {name} says that the service is decidedly not available",
                help="start the service, or see who publishes that record",
                path=path,
            )
        asked = targets[:_MOST_TARGETS]
        lost = [one for one in asked if not any(_has(resolver, one, t) for t in _ADDRESSES)]
        if lost:
            find = warning if len(lost) < len(asked) else error
            return find(
                f"{_records(len(records), 'SRV')} for {name}, but no address for {', '.join(lost)}",
                help="have A or AAAA records made for these hosts",
                path=path,
            )
        shown = ", ".join(
            sorted({f"{r.target.to_text(omit_final_dot=True)}:{r.port}" for r in records})
        )
        return ok(f"{_records(len(records), 'SRV')} for {name}: {shown}", path=path)


def _has(resolver: dns.resolver.Resolver, name: str, type: str) -> bool:
    try:
        resolver.resolve(name, type)
    except dns.exception.DNSException:
        return False
    return True


def _records(number: int, type: str) -> str:
    return f"{number} {type} {'record' if number == 1 else 'records'}"
