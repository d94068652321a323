"""Retries with stamina.

Importing this needs the extra ``stamina``.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, ParamSpec, TypedDict, TypeVar

import attrs

try:
    import stamina
except ImportError as failure:
    message = 'stamina_retry needs: pip install "meshconf[stamina]"'
    raise ImportError(message, name="stamina") from failure

from meshconf.mesh.adapters.failures import LONGEST
from meshconf.mesh.attempts import attempts_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping

    from meshconf.mesh.adapters.failures import Failure
    from meshconf.mesh.retry import RetryConfig

__all__ = ["DROPPED", "StaminaArguments", "StaminaRetry", "stamina_retry"]

P = ParamSpec("P")
T = TypeVar("T")

#: What stamina cannot do, by setting.
DROPPED: Mapping[str, str] = MappingProxyType(
    {
        "retry.jitter": (
            "stamina makes all waits longer by up to the same time, that of the first one, and none "
            "longer than max_delay"
        ),
        "retry.on": "stamina sees exceptions: the argument `on` says which of them are failures",
        "retry.status_codes": (
            "stamina sees exceptions: the argument `on` says which of them are failures"
        ),
        "retry.budget": "stamina knows of no other calls: a share above 0 limits nothing",
    }
)


class StaminaArguments(TypedDict):
    """Keyword arguments of ``stamina.retry`` and ``stamina.retry_context``."""

    on: Failure
    attempts: int
    timeout: float | None
    wait_initial: float
    wait_max: float
    wait_jitter: float
    wait_exp_base: float


@attrs.frozen
class StaminaRetry:
    """A decorator of functions, coroutine functions too; and attempts, for a loop around a block.

    Attributes:
        arguments: What stamina is given.
    """

    arguments: StaminaArguments

    def __call__(self, function: Callable[P, T]) -> Callable[P, T]:
        """Return a function that tries again."""
        return stamina.retry(**self.arguments)(function)

    def __iter__(self) -> Iterator[stamina.Attempt]:
        """Return attempts, each a context manager: ``for attempt in …: with attempt: …``."""
        return iter(stamina.retry_context(**self.arguments))

    def __aiter__(self) -> AsyncIterator[stamina.Attempt]:
        """Return attempts between which other tasks run: ``async for attempt in …``."""
        return aiter(stamina.retry_context(**self.arguments))


def stamina_retry(
    retry: RetryConfig, *, on: Failure = Exception, timeout: float | None = None
) -> StaminaRetry:
    """Return retries as stamina makes them.

    ``@stamina_retry(config.retry)`` decorates a function; ``for attempt in
    stamina_retry(config.retry): with attempt: …`` tries a block again, and so does ``async for``.
    After the last attempt its exception is raised as it is. Dropped, with reasons in ``DROPPED``:
    ``on`` and ``status_codes``, for which there is the argument *on*, and ``budget``; ``jitter`` is
    said nearly. Where ``on`` lists nothing, or ``budget`` is 0, there is one attempt all the same.

    Args:
        retry: The settings.

        on: What is worth another attempt: types of exceptions, or a function that tells. For
            httpx, ``httpx_failure(retry)`` reads it from ``retry.on`` and ``retry.status_codes``.

        timeout: Seconds, such as ``config.timeouts.request``, after which a failed attempt is the
            last; one that has begun is not cut off.
    """
    initial = min(retry.base_delay, LONGEST)
    return StaminaRetry(
        {
            "on": on,
            "attempts": attempts_of(retry),
            "timeout": timeout,
            "wait_initial": initial,
            "wait_max": min(retry.max_delay, LONGEST),
            "wait_jitter": initial * retry.jitter,
            "wait_exp_base": retry.multiplier,
        }
    )
