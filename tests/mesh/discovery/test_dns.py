"""Probes of a real name server: Consul's own."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from typing import TYPE_CHECKING, Any

import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import dns.rrset
import pytest

from meshconf.mesh.addresses import split_place
from meshconf.mesh.discovery import dns as probe_of_dns
from tests.mesh.discovery.test_consul import service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.servers.consul import Consul

__all__ = ["service"]


def at(server: int, /, **settings: Any) -> dict[str, Any]:
    """Return the settings of DNS for a name server on this machine."""
    settings = {
        "name": "{service}.service.consul",
        "nameservers": [f"127.0.0.1:{server}"],
        **settings,
    }
    return {f"dns.{name}": value for name, value in settings.items()} | {"discovery.backend": "dns"}


@pytest.fixture
def new_names() -> Iterator[Callable[..., int]]:
    """Return what starts a name server that answers with records, by name and type.

    Of names that it does not know it says that they do not exist, or what it is told to say.
    """
    with contextlib.ExitStack() as stack:

        def new_names(records: dict[tuple[str, str], list[str]], other: int = 3) -> int:
            server = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            server.bind(("127.0.0.1", 0))

            def serve() -> None:
                with contextlib.suppress(OSError):
                    while True:
                        asked, client = server.recvfrom(4096)
                        if not asked:  # it was woken
                            return
                        server.sendto(_answer(asked, records, other), client)

            threading.Thread(target=serve, daemon=True).start()
            stack.callback(lambda: _wake(server))
            return int(server.getsockname()[1])

        yield new_names


def _wake(server: socket.socket) -> None:
    with contextlib.suppress(OSError):
        server.shutdown(socket.SHUT_RDWR)


def _answer(asked: bytes, records: dict[tuple[str, str], list[str]], other: int) -> bytes:
    query = dns.message.from_wire(asked)
    response = dns.message.make_response(query)
    [question] = query.question
    name, kind = question.name.to_text(omit_final_dot=True), dns.rdatatype.to_text(question.rdtype)
    found = records.get((name, kind))
    if found is not None:
        response.answer.append(dns.rrset.from_text_list(question.name, 60, "IN", kind, found))
    elif name not in {known for known, _ in records}:
        response.set_rcode(dns.rcode.Rcode(other))
    return response.to_wire()


class TestHealthy:
    def test_srv(self, found, consul: Consul, service):
        """A service with SRV records is well; where it listens is told."""
        name = service(port=8080)
        findings = found({**at(consul.dns_port), "service_name": name}, name)

        assert ("ok", "answers") == (
            findings[f"name server 127.0.0.1:{consul.dns_port}"].severity,
            findings[f"name server 127.0.0.1:{consul.dns_port}"].message,
        )
        assert "ok" == findings[f"upstream {name}"].severity
        assert findings[f"upstream {name}"].message.startswith(
            f"1 SRV record for {name}.service.consul: 7f000001.addr.dc1.consul:8080"
        )

    def test_a(self, found, consul: Consul, service):
        """A service with A records is well; its addresses are told."""
        name = service()
        settings = at(consul.dns_port, record_type="A", port=80)
        one = found(settings, name)[f"upstream {name}"]

        assert ("ok", f"1 A record for {name}.service.consul: 127.0.0.1") == (
            one.severity,
            one.message,
        )

    def test_aaaa(self, found, new_names):
        """AAAA records are asked for."""
        port = new_names({("payments.test", "AAAA"): ["::1", "::2"]})
        settings = at(port, name="{service}.test", record_type="AAAA", port=80)
        one = found(settings, "payments")["upstream payments"]

        assert ("ok", "2 AAAA records for payments.test: ::1, ::2") == (one.severity, one.message)


class TestNameServers:
    def test_half_broken(self, found, consul: Consul, service, silent_names: int):
        """One name server that answers is enough; the other is still an error."""
        name = service()
        dead = f"127.0.0.1:{silent_names}"
        settings = at(consul.dns_port, nameservers=[dead, f"127.0.0.1:{consul.dns_port}"])
        findings = found(settings, name, timeout=0.5)

        assert ("error", "does not answer within 0.5 s", "dns.nameservers") == (
            findings[f"name server {dead}"].severity,
            findings[f"name server {dead}"].message,
            findings[f"name server {dead}"].path,
        )
        assert "ok" == findings[f"upstream {name}"].severity

    def test_absent(self, found, silent_names: int):
        """Where no name server answers, the rest is not repeated."""
        findings = found(at(silent_names), "payments", timeout=0.3)

        assert "skipped" == findings["service orders"].severity
        assert "skipped" == findings["upstream payments"].severity

    def test_refuses(self, found, new_names):
        """A name server that refuses to answer for such names is an error."""
        port = new_names({}, other=dns.rcode.REFUSED)
        one = found(at(port))[f"name server 127.0.0.1:{port}"]

        assert ("error", "refuses to answer for {service}.service.consul") == (
            one.severity,
            one.message,
        )

    def test_by_name(self, found, consul: Consul):
        """A name server may be named; one that has no address is an error."""
        settings = at(0, nameservers=[f"localhost:{consul.dns_port}", "ns.invalid"])
        findings = found(settings, timeout=20)

        assert "ok" == findings[f"name server localhost:{consul.dns_port}"].severity
        assert "the name ns.invalid cannot be resolved on this machine" == (
            findings["name server ns.invalid"].message
        )

    def test_of_the_system(self, found, consul: Consul, service, monkeypatch):
        """Without name servers, those of the operating system are asked."""
        name = service()
        port = consul.dns_port

        class Resolver(dns.resolver.Resolver):
            def __init__(self, *, configure: bool = True) -> None:
                super().__init__(configure=False)
                assert configure
                self.nameservers = ["127.0.0.1"]

        monkeypatch.setattr(dns.resolver, "Resolver", Resolver)
        monkeypatch.setattr(probe_of_dns, "_PORT", port)
        findings = found(at(0, nameservers=[]), name)

        assert "ok" == findings["name server 127.0.0.1"].severity
        assert "ok" == findings[f"upstream {name}"].severity

    def test_of_the_system_that_is_dead(self, found, silent_names: int, monkeypatch):
        """The remedy for a dead name server of the system is another one."""
        monkeypatch.setattr(
            dns.resolver.Resolver,
            "read_resolv_conf",
            lambda self, _: setattr(self, "nameservers", ["127.0.0.1"]),
        )
        monkeypatch.setattr(probe_of_dns, "_PORT", silent_names)
        one = found(at(0, nameservers=[]), timeout=0.3)["name server 127.0.0.1"]

        assert "set dns.nameservers, or see /etc/resolv.conf" == one.help

    def test_none_at_all(self, found, monkeypatch):
        """A system that names no name server is an error."""

        def read(*_: object) -> None:
            raise dns.resolver.NoResolverConfiguration

        monkeypatch.setattr(dns.resolver.Resolver, "read_resolv_conf", read)
        findings = found(at(0, nameservers=[]), "payments")
        one = findings["name servers"]

        assert ("error", "the operating system names none", "set dns.nameservers") == (
            one.severity,
            one.message,
            one.help,
        )
        assert "skipped" == findings["upstream payments"].severity

    def test_several_addresses(self, found, consul: Consul, monkeypatch):
        """Where a name has several addresses, all are asked in the time for one."""
        addresses = [(0, 0, 0, "", ("127.0.0.2", 0)), (0, 0, 0, "", ("127.0.0.1", 0))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: addresses)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as dead:
            dead.bind(("127.0.0.2", consul.dns_port))
            findings = found(at(0, nameservers=[f"ns.test:{consul.dns_port}"]), timeout=1)

        assert "ok" == findings[f"name server ns.test:{consul.dns_port}"].severity

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("10.0.0.1", ("10.0.0.1", 53)),
            ("10.0.0.1:5353", ("10.0.0.1", 5353)),
            ("ns.test", ("ns.test", 53)),
            ("::1", ("::1", 53)),
            ("[::1]", ("::1", 53)),
            ("[::1]:5353", ("::1", 5353)),
        ],
    )
    def test_spelling(self, text: str, expected: tuple[str, int]):
        """A name server has a port or none, and an address of either kind."""
        assert expected == split_place(text, 53)


@pytest.fixture
def silent_names() -> Iterator[int]:
    """Return a port of UDP on 127.0.0.1 that never answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        yield server.getsockname()[1]


class TestRecords:
    def test_no_such_name(self, found, consul: Consul):
        """A name that does not exist is an error; for the service itself it is a warning."""
        findings = found(at(consul.dns_port), "payments")
        one = findings["upstream payments"]

        assert (
            "error",
            "there is no name payments.service.consul (NXDOMAIN)",
            "upstreams.payments",
        ) == (one.severity, one.message, one.path)
        assert "warning" == findings["service orders"].severity

    @pytest.fixture
    def only_addresses(self, consul: Consul) -> Iterator[str]:
        """Return a name in Consul that has A records and no SRV records: that of a node."""
        node = {"Node": "lonely", "Address": "127.0.0.1"}
        consul.ask("PUT", "/v1/catalog/register", json.dumps(node))
        yield "lonely"
        consul.ask("PUT", "/v1/catalog/deregister", json.dumps({"Node": "lonely"}))

    @pytest.mark.parametrize(
        ("port", "remedy"),
        [
            ({}, 'set dns.record_type = "A" and dns.port, or have SRV records made'),
            ({"port": 80}, 'set dns.record_type = "A", or have SRV records made'),
        ],
    )
    def test_no_srv_records(self, found, consul: Consul, only_addresses, port, remedy: str):
        """A name with A records alone is an error that says which records it has."""
        settings = at(consul.dns_port, name="{service}.node.consul", **port)
        one = found(settings, only_addresses)[f"upstream {only_addresses}"]

        assert (
            "error",
            f"{only_addresses}.node.consul has no SRV records, only A",
            remedy,
            "dns.record_type",
        ) == (one.severity, one.message, one.help, one.path)

    def test_only_srv_records(self, found, new_names):
        """A name with SRV records alone needs no port."""
        port = new_names({("payments.test", "SRV"): ["0 0 80 a.test."]})
        settings = at(port, name="{service}.test", record_type="A", port=80)
        one = found(settings, "payments")["upstream payments"]

        assert 'set dns.record_type = "SRV", or have A records made' == one.help

    def test_no_records_at_all(self, found, new_names):
        """A name without records of any kind that can be used is an error."""
        port = new_names({("payments.test", "TXT"): ["x"]})
        one = found(at(port, name="{service}.test"), "payments")["upstream payments"]

        assert ("error", "payments.test has no SRV records") == (one.severity, one.message)

    def test_unhealthy(self, found, consul: Consul, service):
        """Consul answers for a service without healthy instances as if it were not there."""
        name = service(passing=False)
        one = found(at(consul.dns_port), name)[f"upstream {name}"]

        assert ("error", f"there is no name {name}.service.consul (NXDOMAIN)") == (
            one.severity,
            one.message,
        )

    def test_not_available(self, found, new_names):
        """An SRV record for the root says that there is no such service (RFC 2782)."""
        port = new_names({("payments.test", "SRV"): ["0 0 0 ."]})
        one = found(at(port, name="{service}.test"), "payments")["upstream payments"]

        assert "error" == one.severity
        assert "decidedly not available" in one.message

    @pytest.mark.parametrize(
        ("known", "severity"), [([], "error"), (["a"], "warning"), (["a", "b"], "ok")]
    )
    def test_hosts_without_address(self, found, new_names, known: list[str], severity: str):
        """A host that SRV records name and that has no address is told."""
        records = {("payments.test", "SRV"): ["0 0 80 a.test.", "0 0 81 b.test."]}
        records |= {(f"{host}.test", "A"): ["127.0.0.1"] for host in known}
        port = new_names(records)
        one = found(at(port, name="{service}.test"), "payments")["upstream payments"]

        assert severity == one.severity
        assert one.message.endswith(
            {
                "error": "but no address for a.test., b.test.",
                "warning": "but no address for b.test.",
                "ok": "a.test:80, b.test:81",
            }[severity]
        )

    def test_failing_server(self, found, new_names):
        """A name server that fails (SERVFAIL) is an error for each service."""
        port = new_names({}, other=dns.rcode.SERVFAIL)
        one = found(at(port), "payments")["upstream payments"]

        assert "error" == one.severity
        assert "(SERVFAIL or REFUSED)" in one.message

    def test_slow_server(self, found, monkeypatch, consul: Consul):
        """A name for which no answer comes is an error once the time is over."""

        def resolve(*_: object, **__: object) -> None:
            raise dns.resolver.LifetimeTimeout(timeout=0.5, errors=[])

        monkeypatch.setattr(dns.resolver.Resolver, "resolve", resolve)
        one = found(at(consul.dns_port), "payments", timeout=0.5)["upstream payments"]

        assert ("error", "no answer for payments.service.consul within 0.5 s") == (
            one.severity,
            one.message,
        )
