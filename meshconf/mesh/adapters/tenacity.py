"""Retries with tenacity.

Importing this needs the extra ``tenacity``.
"""

from __future__ import annotations

import random
from types import MappingProxyType
from typing import TYPE_CHECKING, ParamSpec, TypedDict, TypeVar

import attrs

try:
    import tenacity
except ImportError as failure:
    message = 'tenacity_retry needs: pip install "meshconf[tenacity]"'
    raise ImportError(message, name="tenacity") from failure

from meshconf.mesh.adapters.failures import LONGEST, failing
from meshconf.mesh.attempts import attempts_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping

    from meshconf.mesh.adapters.failures import Failure
    from meshconf.mesh.retry import RetryConfig

__all__ = ["DROPPED", "TenacityArguments", "TenacityRetry", "tenacity_retry"]

P = ParamSpec("P")
T = TypeVar("T")

#: What tenacity cannot do, by setting.
DROPPED: Mapping[str, str] = MappingProxyType(
    {
        "retry.on": "tenacity sees exceptions: the argument `on` says which of them are failures",
        "retry.status_codes": (
            "tenacity sees exceptions: the argument `on` says which of them are failures"
        ),
        "retry.budget": "tenacity knows of no other calls: a share above 0 limits nothing",
    }
)


class TenacityArguments(TypedDict):
    """Keyword arguments of ``tenacity.retry``, ``Retrying`` and ``AsyncRetrying``."""

    stop: tenacity.stop.stop_base
    wait: Callable[[tenacity.RetryCallState], float]
    retry: tenacity.retry_base
    reraise: bool


@attrs.frozen
class TenacityRetry:
    """A decorator of functions, coroutine functions too; and attempts, for a loop around a block.

    Attributes:
        arguments: What tenacity is given. ``tenacity.retry(**found.arguments, before_sleep=…)`` adds
            to it.
    """

    arguments: TenacityArguments

    def __call__(self, function: Callable[P, T]) -> Callable[P, T]:
        """Return a function that tries again."""
        return tenacity.retry(**self.arguments)(function)

    def __iter__(self) -> Iterator[tenacity.AttemptManager]:
        """Return attempts, each a context manager: ``for attempt in …: with attempt: …``."""
        return iter(tenacity.Retrying(**self.arguments))

    def __aiter__(self) -> AsyncIterator[tenacity.AttemptManager]:
        """Return attempts between which other tasks run: ``async for attempt in …``."""
        return aiter(tenacity.AsyncRetrying(**self.arguments))


def tenacity_retry(
    retry: RetryConfig, *, on: Failure = Exception, timeout: float | None = None
) -> TenacityRetry:
    """Return retries as tenacity makes them.

    ``@tenacity_retry(config.retry)`` decorates a function; ``for attempt in
    tenacity_retry(config.retry): with attempt: …`` tries a block again, and so does ``async for``.
    After the last attempt its exception is raised as it is. Dropped, with reasons in ``DROPPED``:
    ``on`` and ``status_codes``, for which there is the argument *on*, and ``budget``. Where ``on``
    lists nothing, or ``budget`` is 0, there is one attempt all the same.

    Args:
        retry: The settings.

        on: What is worth another attempt: types of exceptions, or a function that tells. For
            httpx, ``httpx_failure(retry)`` reads it from ``retry.on`` and ``retry.status_codes``.

        timeout: Seconds, such as ``config.timeouts.request``, after which no attempt begins; one
            that has begun is not cut off.
    """
    stop: tenacity.stop.stop_base = tenacity.stop_after_attempt(attempts_of(retry))
    if timeout is not None:
        stop |= tenacity.stop_before_delay(timeout)
    return TenacityRetry(
        {
            "stop": stop,
            "wait": _wait(retry),
            "retry": tenacity.retry_if_exception(failing(on)),
            "reraise": True,
        }
    )


def _wait(retry: RetryConfig) -> Callable[[tenacity.RetryCallState], float]:
    growing = tenacity.wait_exponential(
        multiplier=min(retry.base_delay, LONGEST),
        exp_base=retry.multiplier,
        max=min(retry.max_delay, LONGEST),
    )

    def wait(state: tenacity.RetryCallState) -> float:
        return growing(state) * (1 + random.uniform(0, retry.jitter))  # noqa: S311 - no secret

    return wait
