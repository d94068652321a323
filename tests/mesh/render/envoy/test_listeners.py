"""Where clients reach Envoy, and what they reach there."""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from tests.servers.process import free_ports
from tests.servers.talk import ask

if TYPE_CHECKING:
    from tests.mesh.render.envoy.conftest import Serve, Start

#: Where Envoy listens if hosts have the same ports on 127.0.0.1.
BESIDE = "127.0.0.2"


class TestHttp:
    @pytest.mark.parametrize("host", ["payments", "payments:80", "PAYMENTS", "Payments:15001"])
    def test_host(self, serve: Serve, start: Start, host: str) -> None:
        """The Host header names the upstream, with a port or without, in any case."""
        payments, ledger = serve("payments"), serve("ledger")
        envoy = start({"payments": {"hosts": [payments]}, "Ledger": {"hosts": [ledger]}})

        assert b"payments" == envoy.get(host).body
        assert b"ledger" == envoy.get("ledger").body

    @pytest.mark.parametrize("host", ["orders", "payments.internal", "127.0.0.1", "meshconf:admin"])
    def test_unknown(self, serve: Serve, start: Start, host: str) -> None:
        """A host that is no upstream is not found."""
        envoy = start({"payments": {"hosts": [serve()]}})

        assert 404 == envoy.get(host).status


class TestTcp:
    def test_port(self, serve: Serve, start: Start) -> None:
        """An upstream that speaks plain TCP is reached on its own port, whatever it is called."""
        # The name that the listener for requests might have.
        services = {"egress": serve("one"), "http": serve("two")}
        upstreams = {
            name: {"hosts": [service], "protocol": "tcp", "port": service.port}
            for name, service in services.items()
        }
        web = serve("web")
        envoy = start({**upstreams, "web": {"hosts": [web]}}, host=BESIDE)
        found = {
            name: ask("GET", f"http://{BESIDE}:{service.port}/").body
            for name, service in services.items()
        }

        assert {"egress": b"one", "http": b"two"} == found
        assert (b"web", 404) == (envoy.get("web").body, envoy.get("http").status)

    @pytest.mark.parametrize("number", [1, 2, 4])
    def test_attempts(self, serve: Serve, start: Start, number: int) -> None:
        """A connection that is refused is tried as often as a request, after as long a wait."""
        service = serve()
        service.stop()
        settings = {"protocol": "tcp", "port": service.port, "retry.max_attempts": number}
        delays = {"retry.base_delay": 0.2, "retry.max_delay": 0.2}
        envoy = start({"mainframe": {"hosts": [service], **settings, **delays}}, host=BESIDE)
        began = time.monotonic()
        with socket.create_connection((BESIDE, service.port), timeout=10) as client:
            assert b"" == client.recv(1)

        waited = time.monotonic() - began

        assert number == envoy.stat("cluster.mainframe.upstream_cx_connect_fail")
        assert (number > 1) * 0.005 < waited < number * 0.2 + 0.5

    @pytest.mark.parametrize("settings", [{"retry.on": []}, {"retry.budget": 0}])
    def test_one_attempt(self, serve: Serve, start: Start, settings: dict[str, Any]) -> None:
        """Where nothing is tried again, nor is a connection."""
        service = serve()
        service.stop()
        own = {"protocol": "tcp", "port": service.port, "retry.max_attempts": 4, **settings}
        envoy = start({"mainframe": {"hosts": [service], **own}}, host=BESIDE)
        with socket.create_connection((BESIDE, service.port), timeout=10) as client:
            assert b"" == client.recv(1)

        assert 1 == envoy.stat("cluster.mainframe.upstream_cx_connect_fail")

    def test_max_requests(self, serve: Serve, start: Start) -> None:
        """Connections are no requests, of which there may be one."""
        service = serve()
        service.delay = 0.3
        own = {"protocol": "tcp", "port": service.port, "circuit_breaker.max_requests": 1}
        settings = {"circuit_breaker.enabled": True}
        start({"mainframe": {"hosts": [service], **own}}, settings, host=BESIDE)
        with ThreadPoolExecutor(3) as pool:
            url = f"http://{BESIDE}:{service.port}/"
            found = [one.status for one in pool.map(lambda _: ask("GET", url), range(3))]

        assert [200] * 3 == found
        assert 3 == service.most_in_flight

    def test_idle(self, serve: Serve, start: Start) -> None:
        """A connection without traffic is closed."""
        service = serve()
        settings = {"protocol": "tcp", "port": service.port, "timeouts.idle": 0.5}
        start({"mainframe": {"hosts": [service], **settings}}, host=BESIDE)
        began = time.monotonic()
        with socket.create_connection((BESIDE, service.port), timeout=10) as client:
            assert b"" == client.recv(1)

        assert 0.45 < time.monotonic() - began < 4


class TestMetrics:
    def test_page(self, serve: Serve, start: Start) -> None:
        """The metrics page has Envoy's statistics, and nothing else of its admin interface."""
        [port] = free_ports(1)
        settings = {"metrics.enabled": True, "metrics.port": port, "metrics.path": "/m"}
        envoy = start({"payments": {"hosts": [serve()]}}, settings)
        envoy.get("payments")
        url = f"http://127.0.0.1:{port}"
        page = ask("GET", f"{url}/m").body.decode()
        paths = ["/", "/stats", "/stats/prometheus", "/config_dump", "/m/", "/m/../quitquitquit"]
        statuses = [ask("POST", f"{url}{path}", errors=True).status for path in paths]

        assert 'envoy_cluster_upstream_rq_total{envoy_cluster_name="payments"} 1' in page
        assert [404] * len(paths) == statuses
        assert 200 == ask("GET", f"{url}/m?usedonly").status

    def test_off(self, serve: Serve, start: Start) -> None:
        """Where metrics are off, there is no page."""
        [port] = free_ports(1)
        start({"payments": {"hosts": [serve()]}}, {"metrics.port": port})
        with pytest.raises(OSError, match="refused"):
            ask("GET", f"http://127.0.0.1:{port}/metrics")
