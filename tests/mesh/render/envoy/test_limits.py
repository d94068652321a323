"""How much is in flight to an upstream at the same time, and how long anything may take."""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tests.mesh.render.envoy.conftest import until

if TYPE_CHECKING:
    from tests.mesh.render.envoy.conftest import Serve, Start
    from tests.servers.answering import Answering
    from tests.servers.envoy import Envoy


def at_once(
    envoy: Envoy, upstream: str, service: Answering, number: int, in_flight: int, waiting: int = 0
) -> list[str | None]:
    """Send requests to a service that keeps them: so many that are in flight, then all others.

    Of these, so many wait.

    Returns:
        What those answers say of overload that came in the meantime.
    """
    service.start()
    service.forget()
    service.delay = 60.0
    with ThreadPoolExecutor(number) as pool:
        asked = [pool.submit(envoy.get, upstream) for _ in range(in_flight)]
        try:
            # A request that waits for its connection would take the place of one that waits longer.
            until(lambda: service.in_flight == in_flight)
            asked += [pool.submit(envoy.get, upstream) for _ in range(number - in_flight)]
            until(lambda: sum(one.done() for one in asked) == number - in_flight - waiting)
            answers = [one.result() for one in asked if one.done()]
        finally:
            service.stop()
    return [one.headers.get("x-envoy-overloaded") for one in answers if one.status == 503]


class TestLimits:
    """What is beyond a limit is refused at once, and not tried again."""

    def test_requests(self, serve: Serve, start: Start) -> None:
        """Of ten requests, seven are refused if three may be in flight, whatever is spoken."""
        service = serve()
        limited = {
            "circuit_breaker.enabled": True,
            "circuit_breaker.max_requests": 3,
            "retry.max_attempts": 3,
        }
        second = start({"http2": {"hosts": [service]}})
        hosts = {"http": service, "http2": second.address.removeprefix("http://")}
        upstreams = {
            name: {"hosts": [host], "protocol": name, **limited} for name, host in hosts.items()
        }
        envoy = start(upstreams)
        refused = [at_once(envoy, name, service, 10, in_flight=3) for name in hosts]

        assert [["true"] * 7] * 2 == refused

    def test_pending(self, serve: Serve, start: Start) -> None:
        """With one connection, one request is in flight, so many wait, and the others are refused."""
        service = serve()
        limited = {
            "circuit_breaker.enabled": True,
            "circuit_breaker.max_connections": 1,
            "circuit_breaker.max_pending_requests": 2,
        }
        envoy = start({"payments": {"hosts": [service], **limited}})

        assert ["true"] * 5 == at_once(envoy, "payments", service, 8, in_flight=1, waiting=2)

    def test_off(self, serve: Serve, start: Start) -> None:
        """Where the circuit breaker is off, nothing is limited."""
        service = serve()
        limits = {
            "circuit_breaker.max_requests": 1,
            "circuit_breaker.max_connections": 1,
            "circuit_breaker.max_pending_requests": 1,
        }
        envoy = start({"payments": {"hosts": [service], **limits}})

        assert [] == at_once(envoy, "payments", service, 8, in_flight=8)


class TestTimeouts:
    """Clocks that end what takes too long."""

    def test_request(self, serve: Serve, start: Start) -> None:
        """A request ends with 504 when its time is over, be there attempts left or not."""
        service = serve()
        service.delay = 5.0
        settings = {
            "timeouts.request": 0.5,
            "timeouts.per_try": 0.2,
            "retry.max_attempts": 10,
            "retry.on": ["gateway-error"],
            "retry.base_delay": 0.001,
        }
        envoy = start({"payments": {"hosts": [service], **settings}})
        began = time.monotonic()

        assert 504 == envoy.get("payments").status
        assert 0.45 < time.monotonic() - began < 4
        assert 3 == len(service.requests)

    def test_connection(self, start: Start) -> None:
        """A connection that does not stand in time is a failure."""
        with socket.socket() as full, socket.socket() as first, socket.socket() as second:
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            for client in (first, second):
                client.setblocking(False)
                client.connect_ex(full.getsockname())
            host = f"127.0.0.1:{full.getsockname()[1]}"
            envoy = start({"payments": {"hosts": [host], "timeouts.connect": 0.3}})
            began = time.monotonic()

            assert 503 == envoy.get("payments").status
            assert 0.25 < time.monotonic() - began < 4
            assert 1 == envoy.stat("cluster.payments.upstream_cx_connect_timeout")

    def test_idle(self, serve: Serve, start: Start) -> None:
        """A connection is kept for the next request, and closed after a silence."""
        service = serve()
        envoy = start({"payments": {"hosts": [service], "timeouts.idle": 0.5}})
        stat = "cluster.payments.upstream_cx_"
        envoy.get("payments")
        envoy.get("payments")

        assert (1, 1) == (envoy.stat(f"{stat}total"), envoy.stat(f"{stat}active"))

        until(lambda: envoy.stat(f"{stat}active") == 0)

        assert 1 == envoy.stat(f"{stat}idle_timeout")
