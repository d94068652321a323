"""The conditions and the rules of retries."""

from __future__ import annotations

from typing import Any

import pytest

from meshconf.mesh import RetryConfig

DEFAULTS = (
    1.0,
    30.0,
    2.0,
    0.2,
    ("connect-failure", "refused-stream", "unavailable", "cancelled", "retriable-status-codes"),
    (503,),
    None,
)


class TestConditions:
    """The closed set of `retry.on`."""

    def test_takes_each(self, load: Any) -> None:
        """Each condition of the set is taken."""
        conditions = (
            "5xx",
            "gateway-error",
            "reset",
            "reset-before-request",
            "connect-failure",
            "refused-stream",
            "retriable-4xx",
            "retriable-status-codes",
            "cancelled",
            "deadline-exceeded",
            "internal",
            "resource-exhausted",
            "unavailable",
        )

        config = load(f'service_name = "orders"\n[retry]\non = {list(conditions)}')

        assert conditions == config.retry.on


class TestBackoffCanGrow:
    """base_delay and max_delay."""

    @pytest.mark.parametrize(("base", "longest"), [(1.0, 30.0), (30.0, 30.0)])
    def test_holds(self, base: float, longest: float) -> None:
        """The first delay may be as long as the last."""
        assert RetryConfig.backoff_can_grow(base, longest) is None

    def test_fails(self) -> None:
        """A first delay longer than the last is said with both numbers."""
        message = "base_delay 45 s is longer than max_delay 20 s"

        assert message == RetryConfig.backoff_can_grow(45.0, 20.0)

    def test_refuses_the_load(self, find: Any) -> None:
        """It is an error, and the only finding."""
        message = "`retry`: base_delay 25 s is longer than max_delay 20 s"

        assert [("error", message)] == find({"retry.base_delay": 25, "retry.max_delay": "20s"})


class TestRetriesHappen:
    """max_attempts 1 beside other settings."""

    @pytest.mark.parametrize(
        ("attempts", "rest", "names"),
        [
            (2, (0.1, *DEFAULTS[1:]), ["mesh.toml"]),
            (1, DEFAULTS, ["mesh.toml"]),
            (1, (0.1, *DEFAULTS[1:]), []),
        ],
    )
    def test_holds(self, attempts: int, rest: tuple[Any, ...], names: list[str]) -> None:
        """There are retries, the rest are defaults, or they are only inherited."""
        assert RetryConfig.retries_happen(attempts, *rest, layers=lambda path: names) is None

    def test_warns(self, find: Any) -> None:
        """Settings without effect are one warning that names them."""
        message = (
            "`retry`: max_attempts 1 means no retry, so jitter and budget would have no effect"
        )
        settings = {"retry.max_attempts": 1, "retry.jitter": 0.5, "retry.budget": 0.1}

        assert [("warning", message)] == find(settings)

    def test_upstream_without_retries(self, find: Any) -> None:
        """An upstream may do without retries, though it cannot take back what it inherits."""
        settings = {
            "retry.base_delay": 0.1,
            "upstreams": {"payments": {"retry": {"max_attempts": 1}}},
        }

        assert [] == find(settings)
