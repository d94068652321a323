"""Changing a text in places; all else stays as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Splice", "spliced"]


class Splice(NamedTuple):
    """A change to a stretch of a text, in characters from 0; `end` is exclusive.

    Where both are the same, the replacement is inserted.
    """

    start: int
    end: int
    replacement: str


def spliced(text: str, splices: Iterable[Splice]) -> str:
    """Make changes to a text.

    Args:
        text: The text.

        splices: The changes, in any order, all with offsets of *text*. Of several that insert
            at one place, the first comes first.

    Returns:
        The changed text, the same as before outside of the splices.

    Raises:
        ValueError: If two splices overlap, or one lies outside of the text.
    """
    pieces: list[str] = []
    done = 0
    for start, end, replacement in sorted(splices, key=_place):
        if not done <= start <= end <= len(text):
            msg = f"the splice {start}:{end} overlaps another or lies outside of the text"
            raise ValueError(msg)
        pieces += (text[done:start], replacement)
        done = end
    return "".join((*pieces, text[done:]))


def _place(splice: Splice) -> tuple[int, int]:
    return splice.start, splice.end
