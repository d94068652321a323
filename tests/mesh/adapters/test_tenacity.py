"""Retries that tenacity makes."""

from __future__ import annotations

import asyncio
import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
import tenacity

from meshconf.mesh import RetryConfig
from meshconf.mesh.adapters import tenacity_retry
from meshconf.mesh.adapters.failures import LONGEST

if TYPE_CHECKING:
    from meshconf.mesh.adapters.tenacity import TenacityRetry

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


def waits(retry: TenacityRetry, function: Failing | None = None) -> list[float]:
    """Return how long tenacity would have slept between the attempts."""
    found: list[float] = []
    retrying = tenacity.Retrying(**retry.arguments, sleep=found.append)
    with pytest.raises(OSError, match="down"):
        retrying(function or Failing())
    return found


class TestAttempts:
    @pytest.mark.parametrize("attempts", [1, 2, 7])
    def test_are_counted(self, attempts: int) -> None:
        """A function that fails is called as often as is set, the first attempt included."""
        function = Failing()
        config = RetryConfig(max_attempts=attempts, base_delay=0.001, max_delay=0.001)
        with pytest.raises(OSError, match="down"):
            tenacity_retry(config)(function)()

        assert attempts == len(function.calls)

    @pytest.mark.parametrize("none", [{"budget": 0.0}, {"on": ()}])
    def test_one(self, none: dict[str, Any]) -> None:
        """Without a retry in flight, or a failure that is worth one, there is one attempt."""
        function = Failing()
        with pytest.raises(OSError, match="down"):
            tenacity_retry(RetryConfig(max_attempts=5, **none))(function)()

        assert 1 == len(function.calls)

    def test_end_with_success(self) -> None:
        """The first success is the last attempt."""
        function = Failing(times=1)

        assert "up" == tenacity_retry(FAST)(function)()
        assert 2 == len(function.calls)

    def test_last_failure(self) -> None:
        """What the last attempt raised is raised as it is."""
        error = OSError("down")
        with pytest.raises(OSError, match="down") as caught:
            tenacity_retry(FAST)(Failing(error=error))()

        assert error is caught.value

    @pytest.mark.parametrize(
        ("on", "error", "attempts"),
        [
            (OSError, OSError(), 3),
            (OSError, ValueError(), 1),
            ((OSError, ValueError), ValueError(), 3),
            (lambda error: "late" in str(error), ValueError("late"), 3),
            (lambda error: "late" in str(error), ValueError("early"), 1),
            (Exception, KeyboardInterrupt(), 1),
            (lambda error: True, KeyboardInterrupt(), 1),
        ],
    )
    def test_only_after_failures(self, on: Any, error: BaseException, attempts: int) -> None:
        """Only what is a failure is tried again."""
        function = Failing(error=error)
        with pytest.raises(type(error)):
            tenacity_retry(FAST, on=on)(function)()

        assert attempts == len(function.calls)

    def test_any_exception(self) -> None:
        """What is a failure need not be said: any exception is."""
        function = Failing(error=ZeroDivisionError())
        with pytest.raises(ZeroDivisionError):
            tenacity_retry(FAST)(function)()

        assert 3 == len(function.calls)


class TestWays:
    def test_block(self) -> None:
        """A block is tried again in a loop, more than once with the same object."""
        retry = tenacity_retry(FAST)
        for times in (1, 2):
            function = Failing(times)
            for attempt in retry:
                with attempt:
                    assert "up" == function()

            assert times + 1 == len(function.calls)

    def test_coroutine(self) -> None:
        """A coroutine function is awaited anew."""
        function = Failing(times=2)

        @tenacity_retry(FAST)
        async def called() -> str:
            await asyncio.sleep(0)
            return function()

        assert "up" == asyncio.run(called())
        assert 3 == len(function.calls)

    def test_asynchronous_block(self) -> None:
        """Other tasks run between the attempts of a block in an asynchronous loop."""
        retry = tenacity_retry(RetryConfig(base_delay=0.2, max_delay=0.2))
        function = Failing(times=1)
        ticks: list[int] = []

        async def tick() -> None:
            for number in range(3):
                await asyncio.sleep(0.01)
                ticks.append(number)

        async def called() -> list[int]:
            task = asyncio.create_task(tick())
            async for attempt in retry:
                with attempt:
                    function()
            seen = list(ticks)
            await task
            return seen

        assert [0, 1, 2] == asyncio.run(called())

    def test_arguments(self) -> None:
        """What tenacity is given may be added to."""
        seen: list[int] = []
        arguments = tenacity_retry(FAST).arguments

        @tenacity.retry(**arguments, after=lambda state: seen.append(state.attempt_number))
        def called() -> None:
            raise OSError

        with pytest.raises(OSError):  # noqa: PT011 - it says nothing
            called()

        assert [1, 2, 3] == seen


class TestWaits:
    def test_grow(self) -> None:
        """Waits grow by the multiplier, up to the longest."""
        config = RetryConfig(
            max_attempts=6, base_delay=0.5, max_delay=9, multiplier=3, jitter=0, budget=0.1
        )

        assert [0.5, 1.5, 4.5, 9, 9] == waits(tenacity_retry(config))

    def test_stay(self) -> None:
        """With a multiplier of 1, waits are equally long."""
        config = RetryConfig(max_attempts=4, base_delay=2, multiplier=1, jitter=0)

        assert [2, 2, 2] == waits(tenacity_retry(config))

    def test_jitter(self) -> None:
        """Each wait is longer at random, by up to the share that is set."""
        config = RetryConfig(max_attempts=301, base_delay=8, max_delay=8, jitter=0.5)
        found = waits(tenacity_retry(config))

        assert 8 <= min(found) < 8.5
        assert 11.5 < max(found) <= 12
        assert len(set(found)) > 200

    @pytest.mark.parametrize(
        ("base", "longest", "multiplier"),
        [(5e-324, 5e-324, 1), (5e-324, 1e300, 1e300), (1e300, 1e300, 2), (1, 30, 1e308)],
    )
    def test_bounds(self, base: float, longest: float, multiplier: float) -> None:
        """Whatever is set, a wait can be slept, also after thousands of attempts."""
        config = RetryConfig(
            max_attempts=3000, base_delay=base, max_delay=longest, multiplier=multiplier, jitter=1
        )
        found = waits(tenacity_retry(config))

        assert 2999 == len(found)
        assert all(0 <= one <= 2 * min(longest, LONGEST) for one in found)

    def test_are_slept(self) -> None:
        """Waits are real ones."""
        function = Failing()
        config = RetryConfig(base_delay=0.05, max_delay=0.05, jitter=0)
        with pytest.raises(OSError, match="down"):
            tenacity_retry(config)(function)()

        assert all(later - earlier >= 0.05 for earlier, later in pairwise(function.calls))


class TestTimeout:
    @pytest.mark.parametrize(("timeout", "attempts"), [(None, 5), (60, 5), (0.8, 3)])
    def test_no_attempt_after_it(self, timeout: float | None, attempts: int) -> None:
        """No attempt begins after the timeout."""
        function = Failing()
        config = RetryConfig(max_attempts=5, base_delay=0.3, multiplier=1, jitter=0)
        begin = time.monotonic()
        with pytest.raises(OSError, match="down"):
            tenacity_retry(config, timeout=timeout)(function)()

        assert attempts == len(function.calls)
        assert time.monotonic() - begin < 20
