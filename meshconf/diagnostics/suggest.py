"""What a misspelt name was probably meant to be."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["distance", "fold", "folded", "nearest", "speaks_of"]

#: Longer names get no suggestion: comparing them costs more than it helps.
LONGEST_NAME = 64
MOST_SUGGESTIONS = 3

SHORT_NAME = 4
MIDDLE_NAME = 8


def fold(name: str) -> str:
    """Drop what people vary in a name: case, and `-` or `.` for `_`."""
    return name.lower().replace("-", "_").replace(".", "_")


def folded(names: Iterable[str]) -> dict[str, list[str]]:
    """List names by what is left of them when folded."""
    by_fold: dict[str, list[str]] = {}
    for name in names:
        by_fold.setdefault(fold(name), []).append(name)
    return by_fold


def nearest(name: str, known: Iterable[str]) -> tuple[str, ...]:
    """Find the known names that *name* is a likely misspelling of.

    Args:
        name: The name that nothing matched.

        known: The names that would have matched.

    Returns:
        The nearest ones, at most three; none rather than a wild one.
    """
    if len(name) > LONGEST_NAME:
        return ()
    wanted = fold(name)
    reach = _reach(wanted)
    scored = [
        (distance(wanted, fold(candidate), reach), candidate)
        for candidate in dict.fromkeys(known)
        if abs(len(candidate) - len(name)) <= reach
    ]
    best = min((score for score, _ in scored), default=reach + 1)
    if best > reach:
        return ()
    return tuple(sorted(name for score, name in scored if score == best))[:MOST_SUGGESTIONS]


def speaks_of(word: str, names: Iterable[str]) -> bool:
    """Tell whether a word holds one of some names or is a likely misspelling of one."""
    folded = fold(word)
    known = tuple(map(fold, names))
    return any(name in folded for name in known) or bool(nearest(folded, known))


def _reach(name: str) -> int:
    """Allow one slip in a short name, two in one of middle length, else three."""
    return 1 if len(name) <= SHORT_NAME else 2 if len(name) <= MIDDLE_NAME else 3


def distance(left: str, right: str, most: int) -> int:
    """Count the insertions, deletions, substitutions and swaps of neighbours between two names.

    This is the Damerau-Levenshtein distance in its restricted form (no stretch is edited twice).
    It stops early, with any number above *most*, once it cannot come below that.
    """
    # Each letter that only one of the two has takes a change of its own.
    if max(len(set(left).difference(right)), len(set(right).difference(left))) > most:
        return most + 1
    before_last: list[int] = []
    last = list(range(len(right) + 1))
    for row, char in enumerate(left, 1):
        current = [row]
        for column, other in enumerate(right, 1):
            best = min(
                last[column] + 1,
                current[column - 1] + 1,
                last[column - 1] + (char != other),
            )
            if row > 1 and column > 1 and char == right[column - 2] and left[row - 2] == other:
                best = min(best, before_last[column - 2] + 1)
            current.append(best)
        if min(current) > most:
            return most + 1
        before_last, last = last, current
    return last[-1]
