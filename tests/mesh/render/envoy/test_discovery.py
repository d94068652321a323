"""Hosts that Envoy looks up."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.mesh.render.envoy.conftest import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.mesh.render.envoy.conftest import Serve, Start
    from tests.servers.consul import Consul


def asking(consul: Consul, name: str, port: int) -> dict[str, Any]:
    """Return settings with which Envoy asks Consul by DNS, again and again."""
    return {
        "discovery.backend": "dns",
        "discovery.refresh_interval": 0.2,
        "dns.name": name,
        "dns.record_type": "A",
        "dns.port": port,
        "dns.nameservers": [f"127.0.0.1:{consul.dns_port}"],
    }


class TestDns:
    def test_consul(self, new_consul: Callable[..., Consul], serve: Serve, start: Start) -> None:
        """Envoy asks the name servers that are set, and asks again."""
        consul, service = new_consul(in_memory=True), serve("payments")
        consul.register("payments", service.port)
        settings = asking(consul, "{service}.service.consul", service.port)
        envoy = start({"payments": {}, "ledger": {}}, settings)

        assert b"payments" == envoy.get("payments").body
        assert 503 == envoy.get("ledger").status

        consul.register("ledger", service.port)
        until(lambda: envoy.get("ledger").status == 200)
        consul.deregister("payments")
        until(lambda: envoy.get("payments").status == 503)
        # What says how names are looked up is nothing that Envoy is about to forget.
        assert "deprecated" not in envoy.process.log

    def test_tag(self, new_consul: Callable[..., Consul], serve: Serve, start: Start) -> None:
        """In Consul's DNS, a name with a dot is that of another service, which is why it is refused."""
        consul, service = new_consul(in_memory=True), serve("payments")
        consul.register("eu.payments", service.port)
        settings = asking(consul, "{service}.service.dc1.consul", service.port)
        envoy = start({"eu.payments": {}}, settings)

        assert 503 == envoy.get("eu.payments").status

        tagged = {"Name": "payments", "Tags": ["eu"], "Address": "127.0.0.1"}
        consul.ask("PUT", "/v1/agent/service/register", json.dumps(tagged))
        until(lambda: envoy.get("eu.payments").body == b"payments")

    def test_names(self, serve: Serve, start: Start) -> None:
        """A host that is given by its name is looked up by the system's own means."""
        service = serve("payments")
        envoy = start({"payments": {"hosts": [f"localhost:{service.port}"]}})

        assert b"payments" == envoy.get("payments").body


class TestStatic:
    def test_no_hosts(self, serve: Serve, start: Start) -> None:
        """Whom no host is named of answers 503, and the others are not troubled."""
        envoy = start({"payments": {"hosts": [serve()]}, "ledger": {}})

        assert (200, 503) == (envoy.get("payments").status, envoy.get("ledger").status)
