"""The words of what a rendering tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["few"]

#: So many things are named in one sentence.
_MOST_NAMED = 5


def few(names: Iterable[object]) -> str:
    """Name the first of many things, and count the rest: "a, b and 3 more"."""
    found = list(map(str, names))
    rest = len(found) - _MOST_NAMED
    return ", ".join(found[:_MOST_NAMED]) + (f" and {rest} more" if rest > 0 else "")
