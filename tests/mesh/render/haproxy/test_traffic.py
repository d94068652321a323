"""What comes in at HAProxy, and to whom it goes."""

from __future__ import annotations

import socket
import threading
import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from tests.mesh.render.haproxy.conftest import until
from tests.servers.process import free_ports
from tests.servers.talk import ask

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.mesh.render.haproxy.conftest import Serve, Start
    from tests.servers.haproxy import HAProxy


def at_once(send: Callable[[], int], number: int) -> list[int]:
    """Do something so many times, almost at once; return what came of it, sorted."""
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(send())) for _ in range(number)]
    for each in threads:
        each.start()
        time.sleep(0.01)
    for each in threads:
        each.join()
    return sorted(found)


def bodies(haproxy: HAProxy, number: int, **options: Any) -> list[str]:
    """Send requests one after the other; return what was answered."""
    return [haproxy.get("payments", **options).body.decode() for _ in range(number)]


class TestRouting:
    @pytest.mark.parametrize("name", ["payments", "PayMents", "payments:80", "PAYMENTS:15001"])
    def test_by_host(self, name: str, start: Start, serve: Serve) -> None:
        """The Host header names the upstream, in any case, with a port or without."""
        haproxy = start({"pay": [serve("no")], "payments": [serve("yes")], "payments2": []})

        assert b"yes" == haproxy.get(name).body

    @pytest.mark.parametrize(
        "name", ["shipping", "", "pay", "payments.", "meshconf:http", "ledger"]
    )
    def test_to_nobody(self, name: str, start: Start, serve: Serve) -> None:
        """A name of no upstream, or of one that speaks plain TCP, is not found."""
        own = {"upstreams.ledger.protocol": "tcp"}
        haproxy = start({"payments": [serve()], "ledger": [serve()]}, own)

        assert 404 == haproxy.get(name).status

    def test_without_hosts(self, start: Start) -> None:
        """An upstream that has no hosts is known, and cannot answer."""
        haproxy = start({"payments": [], "ledger": ["127.0.0.1:1"]})

        assert 503 == haproxy.get("payments").status


class TestBalancing:
    def test_in_turn(self, start: Start, serve: Serve) -> None:
        """Round robin asks one host after the other."""
        haproxy = start({"payments": [serve("a"), serve("b"), serve("c")]})

        assert [*"aabbcc"] == sorted(bodies(haproxy, 6))

    def test_at_random(self, start: Start, serve: Serve) -> None:
        """Random picks reach all hosts, in no order."""
        own = {"load_balancer.algorithm": "random"}
        haproxy = start({"payments": [serve("a"), serve("b")]}, own)
        found = bodies(haproxy, 40)

        assert {"a", "b"} == set(found)
        assert len({*pairwise(found)}) == 4

    @pytest.mark.parametrize("choices", [2, 3, 1000])
    def test_to_the_least_busy(self, choices: int, start: Start, serve: Serve) -> None:
        """Of hosts, the one with fewer requests gets the next, however many are compared."""
        busy = serve("busy")
        own = {"load_balancer.algorithm": "least_request", "load_balancer.choice_count": choices}
        haproxy = start({"payments": [busy, serve("idle")]}, own)
        busy.delay = 30.0
        threads = [threading.Thread(target=haproxy.get, args=["payments"]) for _ in range(8)]
        for each in threads:
            each.start()
        until(lambda: busy.in_flight > 0)
        busy.delay = 0.0
        found = bodies(haproxy, 100)
        busy.stop()
        for each in threads:
            each.join()

        assert found.count("idle") > 55

    @pytest.mark.parametrize("algorithm", ["ring_hash", "maglev"])
    @pytest.mark.parametrize(
        ("key", "asked"),
        [
            ("header:x-user", lambda user: {"headers": {"X-User": user}}),
            ("cookie:sid", lambda user: {"headers": {"Cookie": f"a=b; sid={user}"}}),
            ("query:id", lambda user: {"path": f"/?a=b&id={user}"}),
        ],
    )
    def test_by_hash(
        self,
        algorithm: str,
        key: str,
        asked: Callable[[str], dict[str, Any]],
        start: Start,
        serve: Serve,
    ) -> None:
        """Who has the same key gets the same host, and others get others."""
        own = {"load_balancer.algorithm": algorithm, "load_balancer.hash_key": key}
        haproxy = start({"payments": [serve("a"), serve("b"), serve("c")]}, own)
        users = [f"user{number}" for number in range(20)]
        first = [bodies(haproxy, 1, **asked(user)) for user in users]
        second = [bodies(haproxy, 1, **asked(user)) for user in users]

        assert first == second
        assert {"a", "b", "c"} == {each for (each,) in first}

    def test_by_address(self, start: Start, serve: Serve) -> None:
        """Who comes from the same address gets the same host."""
        own = {"load_balancer.algorithm": "ring_hash", "load_balancer.hash_key": "source_ip"}
        haproxy = start({"payments": [serve("a"), serve("b"), serve("c")]}, own)

        assert 1 == len(set(bodies(haproxy, 10)))


LIMITS = {
    "circuit_breaker.enabled": True,
    "circuit_breaker.max_requests": 2,
    "circuit_breaker.max_pending_requests": 3,
}


class TestLimits:
    def test_requests(self, start: Start, serve: Serve) -> None:
        """So many requests are in flight, so many wait, and all others are refused at once."""
        host = serve()
        host.delay = 0.3
        haproxy = start({"payments": [host]}, LIMITS)
        found = at_once(lambda: haproxy.get("payments").status, 9)

        assert [200] * 5 + [503] * 4 == found
        assert 2 == host.most_in_flight

    def test_requests_of_each_host(self, start: Start, serve: Serve) -> None:
        """Each host has the limit for itself, and all have one queue."""
        hosts = [serve(), serve()]
        for host in hosts:
            host.delay = 0.3
        haproxy = start({"payments": hosts}, LIMITS)
        found = at_once(lambda: haproxy.get("payments").status, 9)

        assert [200] * 7 + [503] * 2 == found
        assert [2, 2] == [host.most_in_flight for host in hosts]

    def test_are_off(self, start: Start, serve: Serve) -> None:
        """Nothing is limited where that is off."""
        host = serve()
        host.delay = 0.3
        haproxy = start({"payments": [host]}, {**LIMITS, "circuit_breaker.enabled": False})
        found = at_once(lambda: haproxy.get("payments").status, 9)

        assert [200] * 9 == found
        assert 9 == host.most_in_flight

    def test_connections(self, start: Start, serve: Serve) -> None:
        """Of plain TCP, connections are limited."""
        host = serve()
        host.delay = 0.3
        own = {
            **LIMITS,
            "circuit_breaker.max_connections": 1,
            "upstreams.payments.protocol": "tcp",
            "upstreams.payments.port": host.port,
        }
        start({"payments": [host]}, own, host="127.0.0.2")

        def send() -> int:
            try:
                return ask("GET", f"http://127.0.0.2:{host.port}").status
            except OSError:
                return 0

        assert [0] * 2 + [200] * 4 == at_once(send, 6)
        assert 1 == host.most_in_flight


class TestTimeouts:
    def test_of_an_attempt(self, start: Start, serve: Serve) -> None:
        """An attempt that takes too long is given up."""
        host = serve()
        host.delay = 5.0
        haproxy = start({"payments": [host]}, {"timeouts.per_try": 0.2})
        started = time.monotonic()
        found = haproxy.get("payments").status

        assert 504 == found
        assert 0.2 <= time.monotonic() - started < 2

    def test_of_the_wait(self, start: Start, serve: Serve) -> None:
        """Who waits in the queue for as long as a request may take is refused."""
        host = serve()
        host.delay = 1.0
        own = {**LIMITS, "timeouts.request": 0.3, "timeouts.per_try": 0.3}
        own["circuit_breaker.max_requests"] = 1
        haproxy = start({"payments": [host]}, own)

        assert [503, 504, 504] == at_once(lambda: haproxy.get("payments").status, 3)

    @pytest.mark.parametrize(("idle", "other"), [(0.3, 0.1), (0.1, 0.3)])
    def test_of_silence(self, idle: float, other: float, start: Start, serve: Serve) -> None:
        """A client that says nothing is cut, after the longest time that any upstream has."""
        own = {"timeouts.idle": idle, "upstreams.ledger.timeouts.idle": other}
        haproxy = start({"payments": [serve()], "ledger": [serve()]}, own)
        port = int(haproxy.address.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: payments\r\n\r\n")
            client.recv(65536)
            started = time.monotonic()
            rest = client.recv(65536)

        assert b"" == rest
        assert 0.25 < time.monotonic() - started < 2


class TestTcp:
    def test_has_its_port(self, start: Start, serve: Serve) -> None:
        """Connections to the port of an upstream that speaks plain TCP go to its hosts."""
        host, other = serve("yes"), serve("no")
        own = {"upstreams.ledger.protocol": "tcp", "upstreams.ledger.port": host.port}
        haproxy = start({"payments": [other], "ledger": [host]}, own, host="127.0.0.2")
        found = ask("GET", f"http://127.0.0.2:{host.port}", headers={"Host": "payments"}).body

        assert b"yes" == found
        assert b"no" == haproxy.get("payments").body

    def test_is_cut_in_silence(self, start: Start, serve: Serve) -> None:
        """A connection without traffic is closed after timeouts.idle."""
        host = serve()
        own = {
            "upstreams.ledger.protocol": "tcp",
            "upstreams.ledger.port": host.port,
            "upstreams.ledger.timeouts.idle": 0.2,
        }
        start({"ledger": [host]}, own, host="127.0.0.2")
        with socket.create_connection(("127.0.0.2", host.port), timeout=5) as client:
            started = time.monotonic()
            rest = client.recv(1)

        assert b"" == rest
        assert 0.15 < time.monotonic() - started < 2


class TestMetrics:
    def test_are_offered(self, start: Start, serve: Serve) -> None:
        """Prometheus finds metrics of each upstream on the port and path, and nothing else there."""
        [port] = free_ports(1)
        own = {"metrics.enabled": True, "metrics.port": port, "metrics.path": "/stats/prometheus"}
        haproxy = start({"payments": [serve()]}, own)
        haproxy.get("payments")
        page = f"http://127.0.0.1:{port}"
        found = ask("GET", f"{page}/stats/prometheus").body.decode()
        other = ask("GET", f"{page}/metrics", errors=True).status

        assert 'haproxy_backend_http_responses_total{proxy="payments",code="2xx"} 1' in found
        assert 404 == other

    def test_are_off(self, start: Start) -> None:
        """Nobody listens where that is off."""
        [port] = free_ports(1)
        start({}, {"metrics.enabled": False, "metrics.port": port})

        with pytest.raises(OSError, match="refused"):
            ask("GET", f"http://127.0.0.1:{port}/metrics")
