"""Hosts that HAProxy looks up, in the DNS of a real Consul."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.mesh.render.haproxy.conftest import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.mesh.render.haproxy.conftest import Serve, Start
    from tests.servers.consul import Consul


def dns(consul: Consul, name: str, **own: Any) -> dict[str, Any]:
    """Return settings that have Consul asked by DNS, five times a second."""
    return {
        "discovery.backend": "dns",
        "discovery.refresh_interval": 0.2,
        "dns.nameservers": ["nowhere.invalid", f"127.0.0.1:{consul.dns_port}"],
        "dns.name": name,
        "upstreams": {"payments": {}, "ledger": {}},
        **{f"dns.{setting}": value for setting, value in own.items()},
    }


class TestDns:
    def test_srv(self, new_consul: Callable[..., Consul], serve: Serve, start: Start) -> None:
        """SRV records bring hosts and ports; news of them come with the next look-up."""
        consul = new_consul(in_memory=True)
        first, second = serve("first"), serve("second")
        consul.register("payments", first.port)
        haproxy = start({}, dns(consul, "_{service}._tcp.service.dc1.consul"))
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
        own = dns(consul, "{service}.service.consul", record_type="A", port=service.port)
        haproxy = start({}, own)
        until(lambda: haproxy.get("payments").body == b"payments")

        assert 503 == haproxy.get("ledger").status


class TestNames:
    def test_are_looked_up_at_once(self, serve: Serve, start: Start) -> None:
        """A host that is given by its name is looked up by the system's own means."""
        service = serve("payments")
        haproxy = start({"payments": [f"localhost:{service.port}"]})

        assert b"payments" == haproxy.get("payments").body
