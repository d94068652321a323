"""The service that tests call answers as it is told, and tells what it was asked."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest
import urllib3

from tests.servers.answering import Answering
from tests.servers.talk import ask

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers.certificates import Authority


@pytest.fixture
def service() -> Iterator[Answering]:
    """Start a service that says `a`."""
    with Answering("a") as service:
        yield service


def at_once(service: Answering, number: int) -> None:
    """Send so many requests at the same time, and wait for their answers."""
    threads = [threading.Thread(target=ask, args=["GET", service.address]) for _ in range(number)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()


class TestAnswers:
    """Answers."""

    def test_are_as_told(self, service: Answering) -> None:
        """The status is the one that is told last."""
        first = ask("GET", f"{service.address}/")
        service.status = 503
        second = ask("POST", f"{service.address}/", b"x", errors=True)

        assert (200, b"a") == (first.status, first.body)
        assert (503, b"a") == (second.status, second.body)

    def test_have_headers(self, service: Answering) -> None:
        """Headers are those that are told last."""
        service.headers = {"grpc-status": "14"}

        assert "14" == ask("GET", f"{service.address}/").headers["grpc-status"]

    def test_to_chunks(self, service: Answering) -> None:
        """A body may come in chunks."""
        with urllib3.PoolManager() as pool:
            pool.request("POST", f"{service.address}/", body=[b"one ", b"two"], chunked=True)

        assert b"one two" == service.requests[0].body

    def test_to_health_checks_are_apart(self, service: Answering) -> None:
        """A health check has a status of its own, comes at once, and is counted apart."""
        service.status, service.delay, service.hangs_up = 503, 10.0, True
        first = ask("GET", f"{service.address}/health?x=1", timeout=5.0)
        service.health = 500
        second = ask("OPTIONS", f"{service.address}/health", timeout=5.0, errors=True)

        assert [200, 500] == [first.status, second.status]
        assert ["GET", "OPTIONS"] == [each.method for each in service.health_checks]
        assert [] == service.requests

    def test_are_delayed(self, service: Answering) -> None:
        """An answer takes as long as is told."""
        service.delay = 0.2
        started = time.monotonic()
        ask("GET", service.address)

        assert 0.2 <= time.monotonic() - started < 5

    def test_are_none(self, service: Answering) -> None:
        """The connection is closed in place of an answer, and the request counted."""
        service.hangs_up = True
        with pytest.raises(OSError, match="without response"):
            ask("GET", service.address)

        assert 1 == len(service.requests)

    def test_are_over_tls(self, authority: Authority) -> None:
        """A certificate makes it speak https."""
        issued = authority.issue("127.0.0.1")
        with (
            Answering("a", tls=issued) as service,
            urllib3.PoolManager(ca_certs=str(issued.ca), retries=False, timeout=5) as pool,
        ):
            found = pool.request("GET", service.address)
            with pytest.raises(OSError, match=r"closed|reset"):
                ask("GET", service.address.replace("https", "http"))

        assert b"a" == found.data


class TestRequests:
    """Requests."""

    def test_are_told(self, service: Answering) -> None:
        """Each request is there with all that it was, until they are forgotten."""
        before = time.monotonic()
        ask("PUT", f"{service.address}/b?c=d", b"text", {"X-E": "f"})
        [found] = service.requests
        service.forget()

        assert ("PUT", "/b?c=d", b"text") == (found.method, found.target, found.body)
        assert "f" == found.headers["x-e"]
        assert before <= found.time <= time.monotonic()
        assert [] == service.requests

    def test_are_counted_at_once(self, service: Answering) -> None:
        """The most requests in flight are those that overlap."""
        service.delay = 0.3
        at_once(service, 3)
        found = service.most_in_flight
        service.forget()
        service.delay = 0.0
        ask("GET", service.address)

        assert 3 == found
        assert 0 == service.in_flight
        assert 1 == service.most_in_flight

    def test_keep_their_connection(self, service: Answering) -> None:
        """Requests follow one another on one connection, whatever the method."""
        with urllib3.HTTPConnectionPool("127.0.0.1", service.port, maxsize=1) as pool:
            for method in ("GET", "HEAD", "POST", "DELETE"):
                pool.request(method, "/", body=b"text" if method == "POST" else None)

            assert (4, 1) == (pool.num_requests, pool.num_connections)


class TestStop:
    """Stopping."""

    def test_refuses(self, service: Answering) -> None:
        """Nobody connects after a stop, and everybody at the same address after a start."""
        address = service.address
        service.stop()
        service.stop()
        with pytest.raises(OSError, match="refused"):
            ask("GET", address)
        service.start()
        service.start()

        assert 200 == ask("GET", address).status
        assert address == service.address

    def test_cuts(self, service: Answering) -> None:
        """Who waits for an answer, or for nothing, is cut at once; requests stay counted."""
        service.delay = 30.0
        timer = threading.Timer(0.2, service.stop)
        with urllib3.HTTPConnectionPool("127.0.0.1", service.port, retries=False) as pool:
            pool.request("GET", "/health")
            timer.start()
            started = time.monotonic()
            with pytest.raises(urllib3.exceptions.ProtocolError):
                pool.request("GET", "/")
            passed = time.monotonic() - started
        timer.join()

        assert passed < 5
        assert (1, 0) == (len(service.requests), service.in_flight)
