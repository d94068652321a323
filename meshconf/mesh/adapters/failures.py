"""What counts as a failure, in the way that callers may say it, and how long is forever."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["LONGEST", "Failure", "failing"]

#: Types of exceptions, or a function that tells.
Failure: TypeAlias = "type[Exception] | tuple[type[Exception], ...] | Callable[[Exception], bool]"

#: No wait is longer than these seconds, ten years: what sleeps takes no more than some 290 years.
LONGEST = 10 * 365 * 86_400.0


def failing(on: Failure) -> Callable[[BaseException], bool]:
    """Return a function that tells whether an exception is a failure; an interruption never is."""
    if isinstance(on, (type, tuple)):
        types = on
        return lambda error: isinstance(error, types)
    tells = on
    return lambda error: isinstance(error, Exception) and tells(error)
