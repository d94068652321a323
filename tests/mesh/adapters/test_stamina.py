"""Retries that stamina makes."""

from __future__ import annotations

import asyncio
import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
import stamina
from stamina import instrumentation

from meshconf.mesh import RetryConfig
from meshconf.mesh.adapters import stamina_retry
from meshconf.mesh.adapters.failures import LONGEST

if TYPE_CHECKING:
    from collections.abc import Iterator

FAST = RetryConfig(base_delay=0.001, max_delay=0.002)


class Failing:
    """Fails a number of times, and counts."""

    def __init__(self, times: int = 10**9, error: BaseException | None = None) -> None:
        self.times = times
        self.error = error or OSError("down")
        self.calls: list[float] = []

    def __call__(self) -> str:
        self.calls.append(time.monotonic())
        if len(self.calls) <= self.times:
            raise self.error
        return "up"


@pytest.fixture(name="waits", autouse=True)
def _waits() -> Iterator[list[float]]:
    """Collect how long stamina waits, which it tells its hooks."""
    found: list[float] = []
    before = instrumentation.get_on_retry_hooks()
    instrumentation.set_on_retry_hooks([lambda details: found.append(details.wait_for)])
    yield found
    instrumentation.set_on_retry_hooks(before)


class TestAttempts:
    @pytest.mark.parametrize("attempts", [1, 2, 7])
    def test_are_counted(self, attempts: int) -> None:
        """A function that fails is called as often as is set, the first attempt included."""
        function = Failing()
        config = RetryConfig(max_attempts=attempts, base_delay=0.001, max_delay=0.001)
        with pytest.raises(OSError, match="down"):
            stamina_retry(config)(function)()

        assert attempts == len(function.calls)

    def test_many(self) -> None:
        """A thousand attempts, after which waits without a limit would be no numbers, are no many."""
        function = Failing()
        config = RetryConfig(max_attempts=1100, base_delay=5e-324, max_delay=1e-6)
        with pytest.raises(OSError, match="down"):
            stamina_retry(config)(function)()

        assert 1100 == len(function.calls)

    @pytest.mark.parametrize("none", [{"budget": 0.0}, {"on": ()}])
    def test_one(self, none: dict[str, Any]) -> None:
        """Without a retry in flight, or a failure that is worth one, there is one attempt."""
        function = Failing()
        with pytest.raises(OSError, match="down"):
            stamina_retry(RetryConfig(max_attempts=5, **none))(function)()

        assert 1 == len(function.calls)

    def test_end_with_success(self) -> None:
        """The first success is the last attempt."""
        function = Failing(times=1)

        assert "up" == stamina_retry(FAST)(function)()
        assert 2 == len(function.calls)

    @pytest.mark.parametrize(
        ("on", "error", "attempts"),
        [
            (OSError, OSError(), 3),
            (OSError, ValueError(), 1),
            ((OSError, ValueError), ValueError(), 3),
            (lambda error: "late" in str(error), ValueError("late"), 3),
            (lambda error: "late" in str(error), ValueError("early"), 1),
            (Exception, KeyboardInterrupt(), 1),
        ],
    )
    def test_only_after_failures(self, on: Any, error: BaseException, attempts: int) -> None:
        """Only what is a failure is tried again."""
        function = Failing(error=error)
        with pytest.raises(type(error)):
            stamina_retry(FAST, on=on)(function)()

        assert attempts == len(function.calls)

    def test_any_exception(self) -> None:
        """What is a failure need not be said: any exception is."""
        function = Failing(error=ZeroDivisionError())
        with pytest.raises(ZeroDivisionError):
            stamina_retry(FAST)(function)()

        assert 3 == len(function.calls)

    def test_are_limited_in_tests(self) -> None:
        """What tests tell stamina holds."""
        function = Failing()
        with stamina.set_testing(True, attempts=1), pytest.raises(OSError, match="down"):
            stamina_retry(RetryConfig(max_attempts=9))(function)()

        assert 1 == len(function.calls)


class TestWays:
    def test_block(self) -> None:
        """A block is tried again in a loop, more than once with the same object."""
        retry = stamina_retry(FAST)
        for times in (1, 2):
            function = Failing(times)
            for attempt in retry:
                with attempt:
                    assert "up" == function()

            assert times + 1 == len(function.calls)

    def test_coroutine(self) -> None:
        """A coroutine function is awaited anew."""
        function = Failing(times=2)

        @stamina_retry(FAST)
        async def called() -> str:
            await asyncio.sleep(0)
            return function()

        assert "up" == asyncio.run(called())
        assert 3 == len(function.calls)

    def test_asynchronous_block(self) -> None:
        """A block is tried again in an asynchronous loop."""
        function = Failing(times=2)

        async def called() -> None:
            async for attempt in stamina_retry(FAST):
                with attempt:
                    function()

        asyncio.run(called())

        assert 3 == len(function.calls)


class TestWaits:
    def test_grow(self, waits: list[float]) -> None:
        """Waits grow by the multiplier, up to the longest."""
        config = RetryConfig(
            max_attempts=5, base_delay=0.01, max_delay=0.05, multiplier=2, jitter=0
        )
        function = Failing()
        with pytest.raises(OSError, match="down"):
            stamina_retry(config)(function)()

        assert [0.01, 0.02, 0.04, 0.05] == pytest.approx(waits)
        assert all(
            later - earlier >= wait
            for wait, (earlier, later) in zip(waits, pairwise(function.calls), strict=True)
        )

    def test_jitter(self, waits: list[float]) -> None:
        """Each wait is longer at random, by a share of the first one, and never than the longest."""
        config = RetryConfig(
            max_attempts=3, base_delay=0.002, max_delay=0.0045, multiplier=2, jitter=0.5
        )
        for _ in range(60):
            with pytest.raises(OSError, match="down"):
                stamina_retry(config)(Failing())()
        first, second = waits[::2], waits[1::2]

        assert 0.002 <= min(first) < 0.0023
        assert 0.0027 < max(first) <= 0.003
        assert 0.004 <= min(second) < max(second) == pytest.approx(0.0045)

    @pytest.mark.parametrize("multiplier", [1, 1e300])
    def test_bounds(self, multiplier: float) -> None:
        """Whatever is set, a wait can be slept."""
        config = RetryConfig(base_delay=1e300, max_delay=1e300, multiplier=multiplier, jitter=1)
        found = stamina_retry(config).arguments

        assert (LONGEST, LONGEST, LONGEST) == (
            found["wait_initial"],
            found["wait_max"],
            found["wait_jitter"],
        )

    def test_steep(self, waits: list[float]) -> None:
        """A multiplier whose powers are no numbers reaches the longest wait at once."""
        config = RetryConfig(
            max_attempts=5, base_delay=0.001, max_delay=0.002, multiplier=1e300, jitter=0
        )
        with pytest.raises(OSError, match="down"):
            stamina_retry(config)(Failing())()

        assert [0.001, 0.002, 0.002, 0.002] == pytest.approx(waits)


class TestTimeout:
    @pytest.mark.parametrize(("timeout", "attempts"), [(None, 5), (60, 5), (0.15, 3)])
    def test_last_attempt(self, timeout: float | None, attempts: int) -> None:
        """The attempt that fails after the timeout is the last."""
        function = Failing()
        config = RetryConfig(max_attempts=5, base_delay=0.1, multiplier=1, jitter=0)
        with pytest.raises(OSError, match="down"):
            stamina_retry(config, timeout=timeout)(function)()

        assert attempts == len(function.calls)
