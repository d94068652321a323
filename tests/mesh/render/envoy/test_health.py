"""How Envoy asks hosts whether they are well."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.mesh.render.envoy.conftest import until
from tests.servers.grpc_health import GrpcHealth

if TYPE_CHECKING:
    from tests.mesh.render.envoy.conftest import Serve, Start

CHECK = "load_balancer.health_check"
OFTEN = {
    f"{CHECK}.type": "http",
    f"{CHECK}.interval": 0.3,
    f"{CHECK}.timeout": 0.3,
    "load_balancer.panic_threshold": 0.0,
}


class TestHttp:
    def test_question(self, serve: Serve, start: Start) -> None:
        """A host is asked for the path, by the name of the upstream, as often as is said."""
        service = serve(health_path="/ready")
        start({"payments": {"hosts": [service], f"{CHECK}.path": "/ready?deep=1"}}, OFTEN)
        until(lambda: len(service.health_checks) >= 4)
        first, *_, last = service.health_checks[:4]

        assert ("GET", "/ready?deep=1", "payments") == (
            first.method,
            first.target,
            first.headers["host"],
        )
        # A host without traffic is asked as often: by default, Envoy would do so once a minute.
        assert 0.8 <= last.time - first.time < 3

    def test_thresholds(self, serve: Serve, start: Start) -> None:
        """So many failures in a row take a host out, and so many successes let it in again."""
        service = serve()
        thresholds = {f"{CHECK}.unhealthy_threshold": 3, f"{CHECK}.healthy_threshold": 2}
        envoy = start({"payments": {"hosts": [service], **thresholds}}, OFTEN)

        def checks_until(healthy: int) -> int:
            service.forget()
            until(lambda: envoy.stat("cluster.payments.membership_healthy") == healthy)
            return len(service.health_checks)

        service.health = 500

        assert 3 == checks_until(0)

        until(lambda: envoy.get("payments").status == 503)
        service.health = 200

        assert 2 == checks_until(1)

        until(lambda: envoy.get("payments").status == 200)

    def test_statuses(self, serve: Serve, start: Start) -> None:
        """The statuses that are expected pass, single ones and ranges, and no others."""
        services = {name: serve() for name in ("first", "last", "single", "below", "above")}
        statuses = {"first": 300, "last": 399, "single": 404, "below": 299, "above": 400}
        for name, service in services.items():
            service.health = statuses[name]
        upstreams = {name: {"hosts": [service]} for name, service in services.items()}
        envoy = start(upstreams, {**OFTEN, f"{CHECK}.expected_statuses": ["300-399", "404"]})
        found = {name: envoy.get(name).status for name in services}

        assert {"first": 200, "last": 200, "single": 200, "below": 503, "above": 503} == found

    def test_no_statuses(self, serve: Serve, start: Start) -> None:
        """Where no status is expected, 200 alone passes."""
        well, ill = serve(), serve()
        ill.health = 204
        settings = {**OFTEN, f"{CHECK}.expected_statuses": []}
        envoy = start({"well": {"hosts": [well]}, "ill": {"hosts": [ill]}}, settings)

        assert (200, 503) == (envoy.get("well").status, envoy.get("ill").status)

    def test_slow(self, serve: Serve, start: Start) -> None:
        """An answer that takes longer than the timeout is a failure."""
        service = serve(health_path="/another")
        service.delay = 5.0
        began = time.monotonic()
        envoy = start({"payments": {"hosts": [service]}}, OFTEN)

        assert 0 < envoy.stat("cluster.payments.health_check.failure")
        assert 0.3 <= time.monotonic() - began

    def test_http2(self, serve: Serve, start: Start) -> None:
        """An upstream that speaks HTTP/2 is asked in HTTP/2."""
        service = serve()
        second = start({"payments": {"hosts": [service]}})
        host = second.address.removeprefix("http://")
        settings = {"hosts": [host], "protocol": "http2"}
        envoy = start({"payments": settings}, OFTEN)

        assert 200 == envoy.get("payments").status
        assert [] != service.health_checks
        assert 0 == second.stat("http.egress.downstream_cx_http1_total")


class TestOtherTypes:
    def test_port(self, serve: Serve, start: Start) -> None:
        """Where a port is set, it is asked there."""
        service, health = serve(), serve()
        service.health, health.health = 500, 200
        settings = {"hosts": [service], f"{CHECK}.port": health.port}
        envoy = start({"payments": settings}, OFTEN)

        assert 200 == envoy.get("payments").status
        assert ([], True) == (service.health_checks, bool(health.health_checks))

    def test_port_of_http2(self, serve: Serve, start: Start) -> None:
        """What answers on a port of its own is asked in HTTP/1.1, whatever the service speaks."""
        health, service = serve(), serve()
        http2 = start({"http2": {"hosts": [service]}})
        with GrpcHealth() as grpc:
            hosts = {
                "http2": http2.address.removeprefix("http://"),
                "grpc": f"127.0.0.1:{grpc.port}",
            }
            upstreams = {
                name: {"hosts": [host], "protocol": name, f"{CHECK}.port": health.port}
                for name, host in hosts.items()
            }
            envoy = start(upstreams, OFTEN)

            assert [1, 1] == [
                envoy.stat(f"cluster.{name}.membership_healthy") for name in upstreams
            ]
            assert 200 == envoy.get("http2").status
            assert {*upstreams} == {check.headers["host"] for check in health.health_checks}

            health.health = 500
            until(lambda: envoy.get("http2").status == 503)
            until(lambda: envoy.stat("cluster.grpc.membership_healthy") == 0)

    def test_tcp(self, serve: Serve, start: Start) -> None:
        """By TCP, a host that takes connections is well, whatever it answers."""
        service = serve()
        service.health = 500
        envoy = start({"payments": {"hosts": [service]}}, {**OFTEN, f"{CHECK}.type": "tcp"})

        assert 200 == envoy.get("payments").status

        service.stop()
        until(lambda: envoy.stat("cluster.payments.membership_healthy") == 0)

        assert [] == service.health_checks

    def test_none(self, serve: Serve, start: Start) -> None:
        """Where nobody is asked, every host counts as well."""
        service = serve()
        service.health = 500
        envoy = start({"payments": {"hosts": [service]}}, {**OFTEN, f"{CHECK}.type": "none"})

        assert 200 == envoy.get("payments").status
        assert [] == service.health_checks

    @pytest.mark.parametrize("asked", ["http", "grpc"])
    def test_grpc(self, start: Start, asked: str) -> None:
        """What speaks gRPC is asked by gRPC, also where HTTP is the default, and believed."""
        with GrpcHealth() as service:
            settings = {"hosts": [f"127.0.0.1:{service.port}"], "protocol": "grpc"}
            envoy = start({"payments": settings}, {**OFTEN, f"{CHECK}.type": asked})
            healthy = "cluster.payments.membership_healthy"

            assert 1 == envoy.stat(healthy)

            service.says(2)
            until(lambda: envoy.stat(healthy) == 0)
