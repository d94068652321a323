"""How much a text may hold, whatever its format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["DEEPEST", "levels"]

#: Arrays and tables nest at most so deep: far more than a configuration needs, far less than
#: what makes those who walk them recurse themselves to death.
DEEPEST = 64


def levels(value: object) -> Iterator[list[Any]]:
    """Yield the arrays and tables in a parsed value, those of one depth together."""
    level: list[Any] = [value] if type(value) in (dict, list) else []
    while level:
        yield level
        level = [
            below
            for item in level
            for below in (item.values() if type(item) is dict else item)
            if type(below) in (dict, list)
        ]
