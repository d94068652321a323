"""What a collector of traces gets, and what services are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.mesh.render.envoy.conftest import until

if TYPE_CHECKING:
    from tests.mesh.render.envoy.conftest import Serve, Start

#: Spans are sent at once, and not after five seconds.
AT_ONCE = {"tracing.opentelemetry.min_flush_spans": 1}


class TestCollector:
    """Each request is told, with who has asked."""

    def test_http(self, serve: Serve, start: Start) -> None:
        """A collector gets spans by HTTP, where the path says so."""
        service, collector = serve(), serve()
        settings = {
            "service_version": "1.2.3-canary",
            "tracing.endpoint": f"http://127.0.0.1:{collector.port}/v1/traces",
        }
        envoy = start({"payments": {"hosts": [service]}}, settings, runtime=AT_ONCE)
        envoy.get("payments", "/orders/17")
        until(lambda: collector.requests)
        found = collector.requests[0]

        assert ("POST", "/v1/traces") == (found.method, found.target)
        assert f"127.0.0.1:{collector.port}" == found.headers["host"]
        assert [True] * 3 == [
            text in found.body for text in (b"\x06orders", b"1.2.3-canary", b"/orders/17")
        ]

    def test_grpc(self, serve: Serve, start: Start) -> None:
        """A collector gets spans by gRPC, where there is no path, under its own host name."""
        service, collector = serve(), serve()
        second = start({"localhost": {"hosts": [collector]}})
        port = second.address.rpartition(":")[2]
        settings = {"tracing.endpoint": f"http://localhost:{port}"}
        envoy = start({"payments": {"hosts": [service]}}, settings, runtime=AT_ONCE)
        envoy.get("payments", "/orders/17")
        until(lambda: collector.requests)
        found = collector.requests[0]

        assert "/opentelemetry.proto.collector.trace.v1.TraceService/Export" == found.target
        assert f"localhost:{port}" == found.headers["host"]
        assert b"/orders/17" in found.body


class TestSampling:
    """Which requests are told."""

    def test_ratio(self, serve: Serve, start: Start) -> None:
        """A share of all requests is told, from none to all, and services are told of it."""
        service, collector = serve(), serve()

        def told(ratio: float) -> int:
            settings = {
                "tracing.endpoint": f"http://127.0.0.1:{collector.port}/v1/traces",
                "tracing.sampling_ratio": ratio,
            }
            envoy = start({"payments": {"hosts": [service]}}, settings, runtime=AT_ONCE)
            service.forget()
            for _ in range(100):
                envoy.get("payments")
            flags = [request.headers["traceparent"][-2:] for request in service.requests]
            number = flags.count("01")
            until(lambda: envoy.stat("tracing.opentelemetry.spans_sent") == number)
            return number

        assert (0, 100) == (told(0.0), told(1.0))
        assert 20 < told(0.5) < 80

    def test_off(self, serve: Serve, start: Start) -> None:
        """Without a collector, nothing is traced."""
        service = serve()
        start({"payments": {"hosts": [service]}}).get("payments")

        assert "traceparent" not in service.requests[0].headers
