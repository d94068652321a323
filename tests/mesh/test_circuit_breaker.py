"""The rules of the circuit breaker."""

from __future__ import annotations

from typing import Any

import pytest

from meshconf import CircuitBreakerConfig


class TestEjectionCanGrow:
    """reset_timeout and max_reset_timeout."""

    @pytest.mark.parametrize(("first", "longest"), [(30.0, 300.0), (30.0, 30.0)])
    def test_holds(self, first: float, longest: float) -> None:
        """The first ejection may be as long as the longest."""
        assert CircuitBreakerConfig.ejection_can_grow(first, longest) is None

    def test_fails(self) -> None:
        """A first ejection longer than the longest is an error with both numbers."""
        message = "reset_timeout 301 s is longer than max_reset_timeout 300 s"

        assert message == CircuitBreakerConfig.ejection_can_grow(301.0, 300.0)

    def test_refuses_the_load(self, find: Any) -> None:
        """It is an error."""
        message = "`circuit_breaker`: reset_timeout 301 s is longer than max_reset_timeout 300 s"

        assert [("error", message)] == find({"circuit_breaker.reset_timeout": 301.0})


class TestEjectionOutlastsWindow:
    """reset_timeout and window."""

    @pytest.mark.parametrize(
        ("ejection", "window", "enabled"),
        [(30.0, 10.0, True), (10.0, 10.0, True), (5.0, 10.0, False)],
    )
    def test_holds(self, ejection: float, window: float, enabled: bool) -> None:
        """An ejection lasts a window or longer, or there are none."""
        assert CircuitBreakerConfig.ejection_outlasts_window(ejection, window, enabled) is None

    def test_warns(self, find: Any) -> None:
        """A shorter ejection is a warning with both numbers."""
        message = (
            "`circuit_breaker`: reset_timeout 5 s is shorter than window 10 s: a host is back "
            "before its failures are judged again"
        )

        assert [("warning", message)] == find({"circuit_breaker.reset_timeout": 5.0})


class TestThresholdSparesHealthyHosts:
    """error_threshold."""

    @pytest.mark.parametrize(("threshold", "enabled"), [(0.001, True), (1.0, True), (0.0, False)])
    def test_holds(self, threshold: float, enabled: bool) -> None:
        """A threshold above 0 needs failures, and a breaker that is off ejects nothing."""
        assert CircuitBreakerConfig.threshold_spares_healthy_hosts(threshold, enabled) is None

    def test_warns(self, find: Any) -> None:
        """A threshold of 0 is a warning, and the only one."""
        message = (
            "`circuit_breaker`: error_threshold 0 ejects every host, also without a single failure"
        )

        assert [("warning", message)] == find({"circuit_breaker.error_threshold": 0.0})


class TestVolumeResolvesThreshold:
    """minimum_requests and error_threshold."""

    @pytest.mark.parametrize(
        ("volume", "threshold", "enabled"),
        [
            (20, 0.5, True),
            (10, 0.1, True),
            (3, 0.3333333333333333, True),
            (100, 0.01, True),
            (4, 0.0, True),
            (4, 0.1, False),
        ],
    )
    def test_holds(self, volume: int, threshold: float, enabled: bool) -> None:
        """As many requests as one over the threshold are enough, rounding aside."""
        assert CircuitBreakerConfig.volume_resolves_threshold(volume, threshold, enabled) is None

    def test_survives_tiny_thresholds(self) -> None:
        """The smallest float of all is a threshold, too."""
        message = CircuitBreakerConfig.volume_resolves_threshold(1, 5e-324, True)

        assert message is not None

    def test_warns(self, find: Any) -> None:
        """Fewer requests are a warning that names how many would do."""
        message = (
            "`circuit_breaker`: one failure in minimum_requests 20 exceeds error_threshold 0.04: "
            "the threshold wants minimum_requests of at least 25"
        )

        assert [("warning", message)] == find({"circuit_breaker.error_threshold": 0.04})
