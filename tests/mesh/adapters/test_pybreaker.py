"""Circuit breakers of pybreaker."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pybreaker
import pytest

from meshconf import CircuitBreakerConfig
from meshconf.mesh.adapters import pybreaker_breaker

OPEN, CLOSED, HALF_OPEN = "open", "closed", "half-open"


def raises(error: BaseException) -> None:
    """Raise an exception."""
    raise error


def fail(breaker: pybreaker.CircuitBreaker, times: int = 1, error: Any = OSError) -> None:
    """Let calls fail."""
    for _ in range(times):
        with pytest.raises((error, pybreaker.CircuitBreakerError)):
            breaker.call(raises, error())


class TestOpening:
    @pytest.mark.parametrize("failures", [1, 2, 5])
    def test_after_failures(self, failures: int) -> None:
        """It opens after so many failures in a row, and lets nothing through then."""
        breaker = pybreaker_breaker(CircuitBreakerConfig(consecutive_failures=failures))
        fail(breaker, failures - 1)

        assert CLOSED == breaker.current_state

        fail(breaker)

        assert OPEN == breaker.current_state
        with pytest.raises(pybreaker.CircuitBreakerError):
            breaker.call(pytest.fail, "it was called")

    def test_raises_the_failure(self) -> None:
        """The failure that opens it is raised as it is, so that it is tried again."""
        breaker = pybreaker_breaker(CircuitBreakerConfig(consecutive_failures=1))

        with pytest.raises(OSError, match=r"^down$"):
            breaker.call(raises, OSError("down"))
        assert OPEN == breaker.current_state

    def test_not_without_a_row(self) -> None:
        """A success starts the count anew."""
        breaker = pybreaker_breaker(CircuitBreakerConfig(consecutive_failures=3))
        for _ in range(5):
            fail(breaker, 2)
            breaker.call(int)

        assert CLOSED == breaker.current_state

    @pytest.mark.parametrize(
        "config",
        [
            CircuitBreakerConfig(consecutive_failures=0),
            CircuitBreakerConfig(enabled=False),
            CircuitBreakerConfig(enabled=False, consecutive_failures=1),
            CircuitBreakerConfig(consecutive_failures=2**31 - 1),
        ],
    )
    def test_never(self, config: CircuitBreakerConfig) -> None:
        """It never opens where it is off, or never counts to the end."""
        breaker = pybreaker_breaker(config)
        fail(breaker, 500)

        assert CLOSED == breaker.current_state

    @pytest.mark.parametrize(
        ("on", "error", "state"),
        [
            (Exception, OSError, OPEN),
            (OSError, OSError, OPEN),
            (OSError, ConnectionError, OPEN),
            (OSError, ValueError, CLOSED),
            ((OSError, ValueError), ValueError, OPEN),
            (lambda error: isinstance(error, ValueError), ValueError, OPEN),
            (lambda error: isinstance(error, ValueError), OSError, CLOSED),
            (Exception, KeyboardInterrupt, CLOSED),
        ],
    )
    def test_only_by_failures(self, on: Any, error: type[BaseException], state: str) -> None:
        """Only what is a failure is counted."""
        breaker = pybreaker_breaker(CircuitBreakerConfig(consecutive_failures=2), on=on)
        fail(breaker, 2, error)

        assert state == breaker.current_state

    def test_by_default(self) -> None:
        """What is a failure need not be said: any exception is."""
        breaker = pybreaker_breaker(CircuitBreakerConfig())
        fail(breaker, 5, ZeroDivisionError)

        assert OPEN == breaker.current_state


class TestHalfOpen:
    @pytest.fixture(name="breaker")
    def _breaker(self) -> pybreaker.CircuitBreaker:
        """Return a breaker that is half open after its first call."""
        config = CircuitBreakerConfig(
            consecutive_failures=1, reset_timeout=0.05, half_open_max_requests=3
        )
        breaker = pybreaker_breaker(config)
        fail(breaker)
        time.sleep(0.06)
        return breaker

    def test_closes(self, breaker: pybreaker.CircuitBreaker) -> None:
        """It closes once all trial requests have passed."""
        states = []
        for _ in range(3):
            breaker.call(int)
            states.append(breaker.current_state)

        assert [HALF_OPEN, HALF_OPEN, CLOSED] == states

    def test_opens(self, breaker: pybreaker.CircuitBreaker) -> None:
        """It opens again by a trial request that fails."""
        breaker.call(int)
        fail(breaker)

        assert OPEN == breaker.current_state

    def test_not_before(self) -> None:
        """It stays open until the reset timeout has passed."""
        config = CircuitBreakerConfig(consecutive_failures=1, reset_timeout=30)
        breaker = pybreaker_breaker(config)
        fail(breaker)
        time.sleep(0.06)
        fail(breaker)

        assert OPEN == breaker.current_state

    @pytest.mark.parametrize(("seconds", "state"), [(5e-324, CLOSED), (1e300, OPEN)])
    def test_bounds(self, seconds: float, state: str) -> None:
        """It may be open for no time, or for longer than dates go."""
        config = CircuitBreakerConfig(
            consecutive_failures=1,
            reset_timeout=seconds,
            max_reset_timeout=1e300,
            half_open_max_requests=1,
        )
        breaker = pybreaker_breaker(config)
        fail(breaker)
        for _ in range(state == OPEN):
            with pytest.raises(pybreaker.CircuitBreakerError):
                breaker.call(int)
        for _ in range(state == CLOSED):
            breaker.call(int)

        assert state == breaker.current_state


def test_one_at_a_time() -> None:
    """A call waits for the one before it, as the docstring says."""
    breaker = pybreaker_breaker(CircuitBreakerConfig())
    begin = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        for _ in range(4):
            pool.submit(breaker.call, time.sleep, 0.05)

    assert time.monotonic() - begin >= 0.2


OFF = [
    CircuitBreakerConfig(enabled=False),
    CircuitBreakerConfig(consecutive_failures=0),
]


class TestNeverOpen:
    """A breaker that is off, or counts no failures."""

    @pytest.mark.parametrize("config", OFF)
    def test_side_by_side(self, config: CircuitBreakerConfig) -> None:
        """Calls do not wait for each other: each goes on when all are there."""
        breaker, barrier = pybreaker_breaker(config), threading.Barrier(4, timeout=30)
        with ThreadPoolExecutor(4) as pool:
            found = [pool.submit(breaker.call, barrier.wait) for _ in range(4)]

        assert {0, 1, 2, 3} == {one.result() for one in found}

    @pytest.mark.parametrize("config", OFF)
    def test_ways(self, config: CircuitBreakerConfig) -> None:
        """It decorates functions, surrounds blocks, and tells its listeners of failures."""
        breaker = pybreaker_breaker(config)
        told: list[tuple[str, BaseException]] = []

        class Listener(pybreaker.CircuitBreakerListener):
            def failure(self, cb: pybreaker.CircuitBreaker, exc: BaseException) -> None:
                told.append((cb.current_state, exc))

        breaker.add_listener(Listener())
        error = OSError("down")
        with pytest.raises(OSError, match="down"), breaker.calling():
            raise error

        assert 7 == breaker(int)("7")
        assert [(CLOSED, error)] == told


def test_of_coroutine_functions() -> None:
    """Of a coroutine function it sees no failure, as its docstring says."""
    breaker = pybreaker_breaker(CircuitBreakerConfig(consecutive_failures=1))

    @breaker
    async def called() -> None:
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011 - it says nothing
        asyncio.run(called())

    assert CLOSED == breaker.current_state


def test_breakers_are_apart() -> None:
    """Each breaker counts for itself."""
    config = CircuitBreakerConfig(consecutive_failures=1)
    first, second = pybreaker_breaker(config), pybreaker_breaker(config)
    fail(first)

    assert (OPEN, CLOSED) == (first.current_state, second.current_state)
