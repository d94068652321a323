"""Hosts that fail, and HAProxy, which tries again, picks others and leaves them alone."""

from __future__ import annotations

import re
import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from tests.mesh.render.haproxy.conftest import checked, until
from tests.servers.process import free_ports
from tests.servers.talk import ask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.mesh.render.haproxy.conftest import Serve, Start
    from tests.servers.answering import Answering
    from tests.servers.haproxy import HAProxy


#: What HAProxy answers where all hosts are down.
NO_SERVER = b"<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>\n"


def dead() -> str:
    """Return an address where nobody listens."""
    return f"127.0.0.1:{free_ports(1)[0]}"


def shares(haproxy: HAProxy, hosts: Sequence[Answering], number: int) -> list[int]:
    """Send requests one after the other; return how many each host got."""
    for host in hosts:
        host.forget()
    for _ in range(number):
        haproxy.get("payments")
    return [len(host.requests) for host in hosts]


class TestAttempts:
    @pytest.mark.parametrize("attempts", [1, 2, 4])
    def test_after_a_status(self, attempts: int, start: Start, serve: Serve) -> None:
        """A host that answers 503 gets max_attempts in all, and the client its last answer."""
        host = serve("sorry", status=503)
        haproxy = start({"payments": [host]}, {"retry.max_attempts": attempts})
        found = haproxy.get("payments")

        assert (503, b"sorry") == (found.status, found.body)
        assert attempts == len(host.requests)

    def test_of_a_large_request(self, start: Start, serve: Serve) -> None:
        """A request that is larger than HAProxy's buffer is not sent again after an answer."""
        host = serve(status=503)
        haproxy = start({"payments": [host]}, {"retry.max_attempts": 2})
        haproxy.get("payments", method="POST", body=b"x" * 20_000)

        assert 1 == len(host.requests)

    def test_of_any_size_past_a_dead_host(self, start: Start, serve: Serve) -> None:
        """Before it is sent, a request is as good for another host, however large it is."""
        own = {"retry.max_attempts": 2, "timeouts.connect": 0.05}
        haproxy = start({"payments": [dead(), serve()]}, own)
        large = b"x" * 1_000_000
        found = {haproxy.get("payments", method="POST", body=large).status for _ in range(4)}

        assert {200} == found

    @pytest.mark.parametrize("on", ["connect-failure", "gateway-error", "5xx", "reset"])
    def test_past_a_host_that_refuses(self, on: str, start: Start, serve: Serve) -> None:
        """A connection that fails is among all that a retry may be after, but answers alone."""
        own = {"retry.max_attempts": 2, "retry.on": [on], "timeouts.connect": 0.05}
        haproxy = start({"payments": [dead(), serve()]}, own)

        assert {200} == {haproxy.get("payments").status for _ in range(4)}

    @pytest.mark.parametrize("attempts", [1, 2, 4])
    def test_at_a_closed_port(self, attempts: int, start: Start) -> None:
        """A host that refuses connections gets max_attempts too."""
        [port] = free_ports(1)
        own = {"retry.max_attempts": attempts, "timeouts.connect": 0.05}
        haproxy = start(
            {"payments": [dead()]}, {**own, "metrics.enabled": True, "metrics.port": port}
        )
        status = haproxy.get("payments").status
        page = ask("GET", f"http://127.0.0.1:{port}/metrics").body.decode()
        metric = r'haproxy_backend_connection_attempts_total{proxy="payments"} (\d+)'

        assert 503 == status
        assert [str(attempts)] == re.findall(metric, page)

    @pytest.mark.parametrize(
        ("on", "failure", "attempts"),
        [
            ("retriable-status-codes", {"status": 503}, 3),
            ("retriable-status-codes", {"status": 500}, 1),
            ("5xx", {"status": 500}, 3),
            ("5xx", {"status": 504}, 3),
            ("5xx", {"status": 505}, 1),
            ("5xx", {"status": 404}, 1),
            ("5xx", {"hangs_up": True}, 3),
            ("5xx", {"delay": 0.4}, 3),
            ("gateway-error", {"status": 502}, 3),
            ("gateway-error", {"status": 500}, 1),
            ("gateway-error", {"hangs_up": True}, 3),
            ("gateway-error", {"delay": 0.4}, 3),
            ("reset", {"hangs_up": True}, 3),
            ("reset", {"delay": 0.4}, 3),
            ("reset", {"status": 503}, 1),
            ("connect-failure", {"hangs_up": True}, 1),
            ("connect-failure", {"status": 503}, 1),
            ("unavailable", {"status": 503}, 1),
        ],
    )
    def test_after_what_is_listed(
        self, on: str, failure: dict[str, Any], attempts: int, start: Start, serve: Serve
    ) -> None:
        """Only the kinds of failure in retry.on are tried again, as far as HAProxy knows them."""
        host = serve()
        for name, value in failure.items():
            setattr(host, name, value)
        own = {"retry.max_attempts": 3, "retry.on": [on], "timeouts.per_try": 0.1}
        haproxy = start({"payments": [host]}, own)
        haproxy.get("payments")

        assert attempts == len(host.requests)

    def test_after_codes(self, start: Start, serve: Serve) -> None:
        """The codes in retry.status_codes are tried again, but those that HAProxy cannot."""
        host = serve()
        own = {"retry.max_attempts": 2, "retry.status_codes": [404, 429]}
        haproxy = start({"payments": [host]}, own)
        found = []
        for host.status in (404, 429, 503):
            found.append(shares(haproxy, [host], 1))

        assert [[2], [1], [1]] == found

    def test_at_other_hosts(self, start: Start, serve: Serve) -> None:
        """Each attempt goes to another host than the last one, where that is allowed."""
        hosts = [serve(status=503), serve(status=503), serve(status=503)]
        own = {"retry.max_attempts": 3, "load_balancer.max_retries": 1}
        haproxy = start({"payments": hosts}, own)

        assert [1, 1, 1] == shares(haproxy, hosts, 1)

    def test_at_the_same_host(self, start: Start, serve: Serve) -> None:
        """All attempts go to the host that was picked, where picks are not repeated."""
        hosts = [serve(status=503), serve(status=503), serve(status=503)]
        own = {"retry.max_attempts": 3, "load_balancer.max_retries": 0}
        haproxy = start({"payments": hosts}, own)

        assert [0, 0, 3] == sorted(shares(haproxy, hosts, 1))

    @pytest.mark.parametrize(("picks", "expected"), [(1, {200}), (0, {200, 503})])
    def test_past_a_dead_host(
        self, picks: int, expected: set[int], start: Start, serve: Serve
    ) -> None:
        """A request to a host that is dead gets to the other one, where picks are repeated."""
        own = {
            "retry.max_attempts": 2,
            "load_balancer.max_retries": picks,
            "timeouts.connect": 0.05,
        }
        haproxy = start({"payments": [dead(), serve()]}, own)

        assert expected == {haproxy.get("payments").status for _ in range(6)}


class TestHealthChecks:
    def test_take_out_and_in(self, start: Start, serve: Serve) -> None:
        """A host is out after so many failures in a row, and in after so many successes."""
        host = serve(health_path="/healthz")
        own = checked(path="/healthz?deep=1", unhealthy_threshold=3, healthy_threshold=5)
        haproxy = start({"payments": [host]}, own)
        first = haproxy.get("payments").status
        host.forget()
        host.health = 500
        until(lambda: haproxy.get("payments").status == 503)
        failures = len(host.health_checks)
        host.forget()
        host.health = 200
        until(lambda: haproxy.get("payments").status == 200)
        successes = len(host.health_checks)

        assert 200 == first
        assert 3 <= failures <= 4  # one more may have come meanwhile
        assert 5 <= successes <= 6
        assert {"/healthz?deep=1"} == {each.target for each in host.health_checks}
        assert {"payments"} == {each.headers["host"] for each in host.health_checks}

    def test_come_in_time(self, start: Start, serve: Serve) -> None:
        """From one check to the next it is the interval."""
        host = serve()
        start({"payments": [host]}, checked(interval=0.2))
        host.wait_for_health_checks(4)
        times = [each.time for each in host.health_checks[1:4]]

        assert [True, True] == [0.15 < b - a < 0.4 for a, b in pairwise(times)]

    @pytest.mark.parametrize(
        ("statuses", "status", "expected"),
        [
            (["200-299"], 204, 200),
            (["200-299"], 302, 503),
            (["204", "404"], 404, 200),
            (["204", "404"], 200, 503),
            ([], 302, 200),
            ([], 404, 503),
        ],
    )
    def test_expect_statuses(
        self, statuses: list[str], status: int, expected: int, start: Start, serve: Serve
    ) -> None:
        """Of a health check, the statuses that are listed are well; 200 to 399 if none is."""
        host = serve()
        host.health = status
        own = checked(
            expected_statuses=statuses, unhealthy_threshold=1, interval=0.05, timeout=0.05
        )
        haproxy = start({"payments": [host]}, own)
        host.wait_for_health_checks(3)

        assert expected == haproxy.get("payments").status

    def test_ask_another_port(self, start: Start, serve: Serve) -> None:
        """The port that is set is asked, in place of that of the traffic."""
        host, probe = serve(), serve()
        probe.health = 500
        haproxy = start({"payments": [host]}, checked(port=probe.port, unhealthy_threshold=1))
        until(lambda: haproxy.get("payments").status == 503)

        assert [] == host.health_checks

    def test_connect(self, start: Start, serve: Serve) -> None:
        """A health check of type tcp is passed by a connection, and failed without one."""
        host = serve()
        host.health = 500
        own = checked(type="tcp", unhealthy_threshold=1, healthy_threshold=1)
        haproxy = start({"payments": [host, dead()]}, own)
        until(lambda: {haproxy.get("payments").status for _ in range(4)} == {200})

        assert [] == host.health_checks

    def test_are_none(self, start: Start, serve: Serve) -> None:
        """Without health checks, nobody is asked, and each host is taken for well."""
        host = serve()
        haproxy = start({"payments": [host, dead()]})

        assert {200, 503} == {haproxy.get("payments").status for _ in range(4)}
        assert [] == host.health_checks


def ejecting(interval: float = 5.0, **own: Any) -> dict[str, Any]:
    """Return settings for ejections, between two checks of which there is time for some requests."""
    breaker = {"enabled": True, "consecutive_failures": 3, "reset_timeout": 30.0, **own}
    return {
        **checked(healthy_threshold=1, interval=interval),
        **{f"circuit_breaker.{name}": value for name, value in breaker.items()},
    }


class TestEjection:
    def test_after_failures_in_a_row(self, start: Start, serve: Serve) -> None:
        """A host is left alone with the last of so many failures, until it has passed its checks."""
        good, bad = serve(), serve(status=503)
        haproxy = start({"payments": [good, bad]}, ejecting(0.3, reset_timeout=0.6))
        bad.wait_for_health_checks(2)
        found = shares(haproxy, [good, bad], 20)
        left = bad.requests[-1].time
        bad.forget()
        until(lambda: haproxy.get("payments").status == 503)
        away = bad.requests[0].time - left

        assert [17, 3] == found
        # Two checks, one each 0.3 s, the first of which comes soon or late.
        assert 0.3 < away < 1

    def test_not_after_a_success(self, start: Start, serve: Serve) -> None:
        """A success in between starts the count again."""
        good, bad = serve(), serve(status=503)
        haproxy = start({"payments": [good, bad]}, ejecting())
        shares(haproxy, [good, bad], 4)
        bad.status = 200
        shares(haproxy, [good, bad], 2)
        bad.status = 503

        assert [5, 3] == shares(haproxy, [good, bad], 8)

    @pytest.mark.parametrize("own", [{"consecutive_failures": 0}, {"enabled": False}])
    def test_is_off(self, own: dict[str, Any], start: Start, serve: Serve) -> None:
        """Nothing is ejected where that is off, however often it fails."""
        good, bad = serve(), serve(status=503)
        haproxy = start({"payments": [good, bad]}, ejecting(**own))

        assert [10, 10] == shares(haproxy, [good, bad], 20)

    def test_not_after_what_is_tried_again(self, start: Start, serve: Serve) -> None:
        """An answer after which there is another attempt is no failure, unlike the last one."""
        good, bad = serve(), serve(status=503)
        own = {**ejecting(), "retry.max_attempts": 2}
        haproxy = start({"payments": [good, bad]}, own)
        statuses = {haproxy.get("payments").status for _ in range(20)}

        assert {200} == statuses
        assert len(bad.requests) > 10
        good.status = 503
        until(lambda: haproxy.get("payments").body == NO_SERVER)

    def test_not_after_a_check(self, start: Start, serve: Serve) -> None:
        """A check that passes in between starts the count again."""
        bad = serve(status=503)
        haproxy = start({"payments": [bad]}, ejecting(0.1))
        for number in range(1, 6):
            haproxy.get("payments")
            bad.wait_for_health_checks(2 * number)

        assert 5 == len(bad.requests)

    def test_of_dead_hosts(self, start: Start, serve: Serve) -> None:
        """Connections that are refused count as failures, tried again or not."""
        good, bad = serve(), serve()
        # Checked on the port of the other one, it seems to be well.
        own = {
            **ejecting(),
            **checked(port=good.port, interval=5.0),
            "retry.max_attempts": 2,
        }
        haproxy = start({"payments": [good, bad]}, own)
        bad.stop()
        statuses = {haproxy.get("payments").status for _ in range(20)}

        assert {200} == statuses
        assert "Detected 3 consecutive errors" in haproxy.process.log

    def test_returns_slowly(self, start: Start, serve: Serve) -> None:
        """A host that is back gets little at first, where that is asked for."""
        good, bad = serve(), serve()
        own = {
            **checked(unhealthy_threshold=1, healthy_threshold=1),
            "load_balancer.slow_start": 30,
        }
        haproxy = start({"payments": [good, bad]}, own)
        before = shares(haproxy, [good, bad], 20)
        bad.health = 500
        until(lambda: shares(haproxy, [good, bad], 4) == [4, 0])
        bad.health = 200
        until(lambda: "payments/host2 is UP" in haproxy.process.log)
        time.sleep(0.1)
        after = shares(haproxy, [good, bad], 40)

        assert [10, 10] == before
        assert after[1] < 10
