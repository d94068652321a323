"""Hosts that HAProxy looks up: in the DNS of a real Consul, and in one that fails as it is told."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.mesh.render.haproxy.conftest import until
from tests.servers.names import SILENCE, Names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.mesh.render.haproxy.conftest import Serve, Start
    from tests.servers.consul import Consul

#: From one look-up to the next.
INTERVAL = 0.2

SRV, ADDRESS = "_{service}._tcp.test", "{service}.test"


def dns(port: int, name: str, /, **own: Any) -> dict[str, Any]:
    """Return settings that have a name server asked, five times a second."""
    return {
        "discovery.backend": "dns",
        "discovery.refresh_interval": INTERVAL,
        "dns.nameservers": ["nowhere.invalid", f"127.0.0.1:{port}"],
        "dns.name": name,
        "upstreams": {"payments": {}, "ledger": {}},
        **{f"dns.{setting}": value for setting, value in own.items()},
    }


@pytest.fixture(name="names")
def _names() -> Iterator[Names]:
    """Start a name server that knows two names of this machine, and nothing else."""
    with Names({(name, "A"): ["127.0.0.1"] for name in ("host.test", "other.test")}) as names:
        yield names


def ask_in_vain(names: Names, fails: str, number: int = 16) -> None:
    """Have a name server fail, until so many questions had no answer."""
    names.fails = fails
    end = names.asked + number
    until(lambda: names.asked > end)


class TestDns:
    def test_srv(self, new_consul: Callable[..., Consul], serve: Serve, start: Start) -> None:
        """SRV records bring hosts and ports; news of them come with the next look-up."""
        consul = new_consul(in_memory=True)
        first, second = serve("first"), serve("second")
        consul.register("payments", first.port)
        haproxy = start({}, dns(consul.dns_port, "_{service}._tcp.service.dc1.consul"))
        until(lambda: haproxy.get("payments").body == b"first")
        consul.register("payments", second.port)
        until(lambda: haproxy.get("payments").body == b"second")
        before = haproxy.get("ledger").status
        consul.register("ledger", first.port)
        until(lambda: haproxy.get("ledger").body == b"first")

        assert 503 == before

    def test_addresses(self, new_consul: Callable[..., Consul], serve: Serve, start: Start) -> None:
        """Address records bring hosts, on the port that is set."""
        consul, service = new_consul(in_memory=True), serve("payments")
        consul.register("payments", 1)
        own = dns(consul.dns_port, "{service}.service.consul", record_type="A", port=service.port)
        haproxy = start({}, own)
        until(lambda: haproxy.get("payments").body == b"payments")

        assert 503 == haproxy.get("ledger").status

    def test_ports(self, names: Names, serve: Serve, start: Start) -> None:
        """Of several ports of a name, one is used."""
        services = [serve("a"), serve("b"), serve("c")]
        targets = ["host.test", "host.test", "other.test"]
        names.records["_payments._tcp.test", "SRV"] = [
            f"0 1 {service.port} {target}."
            for service, target in zip(services, targets, strict=True)
        ]
        haproxy = start({}, dns(names.port, SRV))
        until(lambda: haproxy.get("payments").body == b"c")
        ask_in_vain(names, "SERVFAIL", 1)
        found = {haproxy.get("payments").body for _ in range(6)}

        assert 2 == len(found)

    def test_weight(self, names: Names, serve: Serve, start: Start) -> None:
        """A host gets nothing if its SRV record has the weight 0."""
        service = serve()
        for upstream, weight in (("payments", 0), ("ledger", 1)):
            names.records[f"_{upstream}._tcp.test", "SRV"] = [
                f"0 {weight} {service.port} host.test."
            ]
        haproxy = start({}, dns(names.port, SRV))
        until(lambda: haproxy.get("ledger").status == 200)

        assert 503 == haproxy.get("payments").status


class TestOutage:
    @pytest.mark.parametrize("name", [SRV, ADDRESS])
    def test_hosts_stay(self, name: str, names: Names, serve: Serve, start: Start) -> None:
        """While no name server answers, the last hosts are used, and then the next ones."""
        service, other = serve(), serve("other")
        names.records["payments.test", "A"] = ["127.0.0.1"]
        names.records["_payments._tcp.test", "SRV"] = [f"0 1 {service.port} host.test."]
        own = {} if name == SRV else {"record_type": "A", "port": service.port}
        haproxy = start({}, dns(names.port, name, **own))
        until(lambda: haproxy.get("payments").status == 200)
        statuses: list[int] = []
        for each in ("SERVFAIL", "REFUSED", SILENCE):
            ask_in_vain(names, each)
            statuses.append(haproxy.get("payments").status)
        log = haproxy.process.log
        names.fails = None
        names.records["_payments._tcp.test", "SRV"] = [f"0 1 {other.port} host.test."]

        assert [200, 200, 200] == statuses
        assert "DOWN" not in log
        if name == SRV:
            until(lambda: haproxy.get("payments").body == b"other")

    def test_hosts_that_are_gone_leave(self, names: Names, serve: Serve, start: Start) -> None:
        """A host that is not among the others for some look-ups leaves, as all do without a name."""
        first, second = serve("first"), serve("second")
        path = ("_payments._tcp.test", "SRV")
        both = [f"0 1 {first.port} host.test.", f"0 1 {second.port} other.test."]
        names.records[path] = both
        haproxy = start({}, dns(names.port, SRV))

        def answers() -> set[bytes]:
            return {haproxy.get("payments").body for _ in range(4)}

        until(lambda: answers() == {b"first", b"second"})
        names.records[path] = both[:1]
        started = time.monotonic()
        until(lambda: answers() == {b"first"})
        for_one = time.monotonic() - started
        del names.records[path]
        started = time.monotonic()
        until(lambda: haproxy.get("payments").status == 503)
        for_all = time.monotonic() - started

        # Three intervals after the look-up that brought it last, on a machine that has time.
        assert INTERVAL < for_one < 5
        assert INTERVAL < for_all < 5


class TestNames:
    def test_are_looked_up_at_once(self, serve: Serve, start: Start) -> None:
        """A host that is given by its name is looked up by the system's own means."""
        service = serve("payments")
        haproxy = start({"payments": [f"localhost:{service.port}"]})

        assert b"payments" == haproxy.get("payments").body

    def test_are_looked_up_again(self, names: Names, serve: Serve, start: Start) -> None:
        """A host that nobody knows at first comes, and one that is elsewhere is followed."""
        service, path = serve("payments"), ("payments.invalid", "A")
        own = {"discovery.refresh_interval": INTERVAL}
        haproxy = start({"payments": [f"payments.invalid:{service.port}"]}, own, names=names)
        before = haproxy.get("payments").status
        names.records[path] = ["127.0.0.1"]
        until(lambda: haproxy.get("payments").status == 200)
        names.records[path] = ["127.0.0.9"]
        until(lambda: haproxy.get("payments").status == 503)

        assert 503 == before

    def test_stay(self, names: Names, serve: Serve, start: Start) -> None:
        """A host whose name no DNS server knows stays: it may be known to this machine alone."""
        service, path = serve("payments"), ("payments.invalid", "A")
        own = {"discovery.refresh_interval": INTERVAL}
        names.records[path] = ["127.0.0.1"]
        haproxy = start({"payments": [f"payments.invalid:{service.port}"]}, own, names=names)
        until(lambda: haproxy.get("payments").status == 200)
        ask_in_vain(names, "NXDOMAIN")

        assert b"payments" == haproxy.get("payments").body

    def test_of_this_machine(self, names: Names, serve: Serve, start: Start) -> None:
        """Names without a dot are no names for DNS, and their hosts stay."""
        service = serve("payments")
        hosts = {"payments": [f"localhost:{service.port}"], "ledger": ["payments.invalid:1"]}
        own = {"discovery.refresh_interval": INTERVAL}
        haproxy = start(hosts, own, names=names)
        ask_in_vain(names, "NXDOMAIN")

        assert b"payments" == haproxy.get("payments").body
