"""The rules between the circuit breaker, the load balancer, retries and timeouts."""

from __future__ import annotations

from typing import Any

import pytest

from meshconf import ServiceMeshConfig
from meshconf.mesh import UpstreamConfig, policies

FIVE_SECONDS_EACH = {"timeouts.per_try": 5.0, "timeouts.request": 5.0}


class TestBothClasses:
    """ServiceMeshConfig and UpstreamConfig."""

    @pytest.mark.parametrize("name", policies.__all__)
    def test_have_each_rule(self, name: str) -> None:
        """Both classes hold the very same rule, under its own name."""
        rule = getattr(policies, name)

        assert rule is getattr(ServiceMeshConfig, name) is getattr(UpstreamConfig, name)
        assert name == rule.name

    def test_upstream_is_judged_by_what_it_inherits(self, find: Any) -> None:
        """An upstream's setting is held against those that it inherits."""
        settings = {
            "timeouts.request": 50.0,
            "upstreams": {"payments": {"retry": {"base_delay": 2.0}}},
        }
        message = (
            "`upstreams.payments`: 3 attempts of timeouts.per_try 15 s and waits of 7.2 s take up "
            "to 52.2 s, longer than timeouts.request 50 s"
        )

        assert [("warning", message)] == find(settings)


class TestAttemptsFitRequest:
    """The longest a request can take with all its attempts."""

    @pytest.mark.parametrize(
        ("attempts", "base", "longest", "multiplier", "jitter", "per_try", "request_"),
        [
            (3, 1.0, 30.0, 2.0, 0.2, 15.0, 60.0),
            (3, 1.0, 30.0, 2.0, 0.2, 15.0, 48.6),  # exactly what is needed
            (1, 30.0, 30.0, 2.0, 1.0, 15.0, 16.0),  # no retry, no wait
            (4, 1.0, 1.5, 2.0, 0.0, 1.0, 8.0),  # 1 + 1.5 + 1.5: the longest delay holds
            (3, 1.0, 30.0, 2.0, 0.2, 60.0, 60.0),  # attempts_are_possible speaks of it
            (3, 1.0, 30.0, 2.0, 0.2, 61.0, 60.0),  # attempt_fits_request speaks of it
            (3, 31.0, 30.0, 2.0, 0.2, 15.0, 60.0),  # backoff_can_grow speaks of it
        ],
    )
    def test_holds(
        self,
        attempts: int,
        base: float,
        longest: float,
        multiplier: float,
        jitter: float,
        per_try: float,
        request_: float,
    ) -> None:
        """Attempts and waits that add up to the request or less are no finding."""
        values = (attempts, base, longest, multiplier, jitter, per_try, request_)

        assert policies.attempts_fit_request(*values) is None

    def test_warns(self, find: Any) -> None:
        """A request that is too short is a warning with the sum and its parts."""
        message = (
            "3 attempts of timeouts.per_try 15 s and waits of 3.6 s take up to 48.6 s, longer than "
            "timeouts.request 48.5 s"
        )

        assert [("warning", message)] == find({"timeouts.request": 48.5})

    @pytest.mark.parametrize(
        ("multiplier", "waits"),
        [
            (1.0, 999),
            (1.0000001, 999.009),  # from the hundredth wait on counted as equally long
            (2.0, 1 + 2 + 4 + 8 + 16 + 994 * 30),
            (1e300, 1 + 998 * 30),
        ],
    )
    def test_many_attempts(self, multiplier: float, waits: float) -> None:
        """A thousand attempts are added up like three, however the delay grows."""
        message = policies.attempts_fit_request(1000, 1.0, 30.0, multiplier, 0.0, 0.001, 1.0)

        assert message is not None
        assert f"waits of {waits:g} s" in message

    def test_most_attempts(self) -> None:
        """The largest number of attempts is added up at once."""
        message = policies.attempts_fit_request(2**31 - 1, 1.0, 30.0, 1.0, 0.0, 1.0, 60.0)

        assert message is not None
        assert "take up to 4.29497e+09 s" in message


class TestAttemptsArePossible:
    """per_try equal to request."""

    @pytest.mark.parametrize(
        ("attempts", "per_try", "request_"), [(3, 15.0, 60.0), (1, 60.0, 60.0), (3, 61.0, 60.0)]
    )
    def test_holds(self, attempts: int, per_try: float, request_: float) -> None:
        """Time is left, no other attempt is wanted, or another rule speaks of it."""
        assert policies.attempts_are_possible(attempts, per_try, request_) is None

    def test_warns(self, find: Any) -> None:
        """An attempt that takes the whole request is one warning."""
        message = (
            "timeouts.per_try 5 s is all of timeouts.request 5 s: a request that times out is "
            "never tried again, though retry.max_attempts is 3"
        )

        assert [("warning", message)] == find(FIVE_SECONDS_EACH)

    def test_one_attempt(self, find: Any) -> None:
        """A single attempt may take the whole request."""
        assert [] == find({**FIVE_SECONDS_EACH, "retry.max_attempts": 1})


class TestOneRequestIsNoVolume:
    """minimum_requests and max_attempts."""

    @pytest.mark.parametrize(
        ("minimum", "attempts", "enabled"), [(20, 3, True), (4, 3, True), (3, 3, False)]
    )
    def test_holds(self, minimum: int, attempts: int, enabled: bool) -> None:
        """More requests than one client's attempts are judged, or none are."""
        assert policies.one_request_is_no_volume(minimum, attempts, enabled) is None

    def test_warns(self, find: Any) -> None:
        """A volume that one request reaches is a warning."""
        message = (
            "one request with retry.max_attempts 3 can reach circuit_breaker.minimum_requests 3 "
            "and eject a host on its own"
        )

        assert [("warning", message)] == find({"circuit_breaker.minimum_requests": 3})


class TestOneRequestEjectsNoHost:
    """consecutive_failures and max_attempts."""

    @pytest.mark.parametrize(
        ("failures", "attempts", "enabled"),
        [(5, 3, True), (4, 3, True), (0, 3, True), (3, 3, False)],
    )
    def test_holds(self, failures: int, attempts: int, enabled: bool) -> None:
        """More failures than one request's attempts are needed, or none are counted."""
        assert policies.one_request_ejects_no_host(failures, attempts, enabled) is None

    def test_warns(self, find: Any) -> None:
        """Failures that one request reaches are a warning."""
        message = (
            "one request with retry.max_attempts 3 can reach circuit_breaker.consecutive_failures "
            "3 and eject a host on its own"
        )

        assert [("warning", message)] == find({"circuit_breaker.consecutive_failures": 3})


class TestEjectionsAvoidPanic:
    """max_ejection_percent and panic_threshold."""

    @pytest.mark.parametrize(
        ("percent", "panic", "enabled"),
        [(50, 0.5, True), (90, 0.1, True), (30, 0.7, True), (100, 0.0, True), (51, 0.5, False)],
    )
    def test_holds(self, percent: int, panic: float, enabled: bool) -> None:
        """As many hosts as the panic threshold are left, rounding aside."""
        assert policies.ejections_avoid_panic(percent, panic, enabled) is None

    def test_every_percent_fits_its_complement(self) -> None:
        """No percentage is refused for the rounding of its complement."""
        found = [
            policies.ejections_avoid_panic(percent, panic / 100, True)
            for percent in range(101)
            for panic in range(101 - percent)
        ]

        assert {None} == set(found)

    def test_warns(self, find: Any) -> None:
        """Ejections that lead to panic are a warning with both numbers."""
        message = (
            "circuit_breaker.max_ejection_percent 51 can leave 49 % of the hosts, fewer than "
            "load_balancer.panic_threshold 0.5: then ejected hosts get traffic again"
        )

        assert [("warning", message)] == find({"circuit_breaker.max_ejection_percent": 51})
