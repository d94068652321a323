"""Hosts that fail, and Envoy, which leaves them alone for a while."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.mesh.render.envoy.conftest import shares, until

if TYPE_CHECKING:
    from tests.mesh.render.envoy.conftest import Serve, Start
    from tests.servers.answering import Answering
    from tests.servers.envoy import Envoy

#: Envoy takes up to a second until it heeds what follows a change of health.
QUICK = {
    "circuit_breaker.enabled": True,
    "circuit_breaker.window": 0.1,
    "circuit_breaker.reset_timeout": 1.2,
    "circuit_breaker.max_reset_timeout": 1.2,
    "circuit_breaker.consecutive_failures": 3,
}


def ejected(envoy: Envoy, upstream: str) -> int:
    """Return how many hosts are ejected."""
    return envoy.stat(f"cluster.{upstream}.outlier_detection.ejections_active")


def away(envoy: Envoy, upstream: str, host: Answering, patience: float) -> float:
    """Return the seconds from the last request that a host got to the next one."""
    left = host.requests[-1].time
    host.forget()

    def is_back() -> bool:
        envoy.get(upstream)
        return bool(host.requests)

    until(is_back, patience)
    return host.requests[0].time - left


class TestConsecutiveFailures:
    """Failures in a row eject a host."""

    @pytest.mark.slow
    def test_defaults(self, serve: Serve, start: Start) -> None:
        """Of two hosts, one that fails is called five times, then not for 30 s; no client notices."""
        good, bad = serve("good"), serve("bad", status=503)
        envoy = start({"payments": {"hosts": [good, bad]}}, base={"metrics.enabled": False})
        statuses: list[int] = []
        # Whom Envoy asks first, and so how often the bad one is asked, differs from start to start.
        while len(bad.requests) < 5:
            assert 0 == ejected(envoy, "payments")
            statuses.append(envoy.get("payments").status)
        until(lambda: ejected(envoy, "payments"))
        statuses += [envoy.get("payments").status for _ in range(10)]

        assert {200} == set(statuses)
        assert (len(statuses), 5) == (len(good.requests), len(bad.requests))

        bad.status = 200

        # Envoy looks once in a window of ten seconds whom it lets in again.
        assert 29.9 < away(envoy, "payments", bad, 60) < 42

    def test_number(self, serve: Serve, start: Start) -> None:
        """A host is ejected with the last of so many failures, and comes back after its time."""
        good, bad = serve("good"), serve("bad", status=503)
        envoy = start({"payments": {"hosts": [good, bad]}}, QUICK)

        assert [2, 2] == shares(envoy, "payments", [good, bad], 4)
        assert 0 == ejected(envoy, "payments")

        envoy.get("payments")
        envoy.get("payments")
        until(lambda: ejected(envoy, "payments"))

        assert 3 == len(bad.requests)
        assert 1.1 < away(envoy, "payments", bad, 15) < 4

    def test_success_between(self, serve: Serve, start: Start) -> None:
        """A success in between starts the count again."""
        good, bad = serve("good"), serve("bad", status=503)
        envoy = start({"payments": {"hosts": [good, bad]}}, QUICK)
        shares(envoy, "payments", [good, bad], 4)
        bad.status = 200
        shares(envoy, "payments", [good, bad], 2)
        bad.status = 503

        assert [2, 2] == shares(envoy, "payments", [good, bad], 4)
        assert 0 == ejected(envoy, "payments")


class TestErrorThreshold:
    """The share of failures in a window ejects a host, if there were enough requests."""

    def test_judged(self, serve: Serve, start: Start) -> None:
        """A host is ejected from the threshold on, not below, and not with fewer requests."""
        good = serve("good")
        bad = {name: serve(name) for name in ("at", "below", "few", "off", "none")}
        own: dict[str, dict[str, object]] = {
            "off": {"circuit_breaker.enabled": False},
            "none": {"circuit_breaker.max_ejection_percent": 0},
        }
        settings = {
            "circuit_breaker.enabled": True,
            "circuit_breaker.consecutive_failures": 0,
            "circuit_breaker.window": 3.0,
            "circuit_breaker.error_threshold": 0.5,
            "circuit_breaker.minimum_requests": 10,
        }
        upstreams = {
            name: {"hosts": [good, host], **own.get(name, {})} for name, host in bad.items()
        }
        envoy = start(upstreams, settings)
        for name, failures, successes in (
            ("at", 5, 5),
            ("below", 4, 6),
            ("few", 9, 0),
            ("off", 10, 0),
            ("none", 10, 0),
        ):
            for status, number in ((503, failures), (200, successes)):
                bad[name].status = status
                shares(envoy, name, [bad[name]], 2 * number)
        until(lambda: ejected(envoy, "at"))
        time.sleep(0.2)
        found = {name: shares(envoy, name, [host], 4) for name, host in bad.items()}

        assert {"at": [0], "below": [2], "few": [2], "off": [2], "none": [2]} == found


class TestMaxEjectionPercent:
    """At most so many hosts are ejected at the same time."""

    def test_percent(self, serve: Serve, start: Start) -> None:
        """Of four hosts, half are ejected by 50 %, one by 1 %, and none by 0 %."""
        hosts = [serve(str(number), status=503) for number in range(4)]
        percents = (0, 1, 50)
        own = {
            str(percent): {"hosts": hosts, "circuit_breaker.max_ejection_percent": percent}
            for percent in percents
        }
        forever = {
            "circuit_breaker.reset_timeout": 60.0,
            "circuit_breaker.max_reset_timeout": 60.0,
        }
        envoy = start(own, {**QUICK, **forever})
        for percent in percents:
            shares(envoy, str(percent), hosts, 40)
        until(lambda: ejected(envoy, "50") == 2)
        time.sleep(1.1)
        found = {percent: shares(envoy, str(percent), hosts, 12).count(0) for percent in percents}

        assert {0: 0, 1: 1, 50: 2} == found
