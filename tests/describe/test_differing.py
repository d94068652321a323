"""What two configurations hold otherwise."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from meshconf.describe.differing import differing
from meshconf.loading.load import read_outcome


@attrs.frozen(kw_only=True)
class Point:
    """A group."""

    at: tuple[int, int] = (0, 0)
    weight: float = 1.0


@attrs.frozen(kw_only=True)
class Shape:
    """A schema."""

    start: Point = Point()
    end: Point | None = None


def outcome_of(data: dict[str, Any]) -> Any:
    """Load data; tell what came of it."""
    return read_outcome(Shape, (), prefix=None, overrides=data)


def paths(old: dict[str, Any], new: dict[str, Any]) -> list[tuple[str | int, ...]]:
    """Return the paths of what differs."""
    before, after = outcome_of(old), outcome_of(new)
    return [one.path for one in differing(before.model, before.config, after.config)]


class TestDiffering:
    """`differing`."""

    @pytest.mark.parametrize("at", [[0, 1], [1, 0]])
    def test_arrays(self, at: list[int]):
        """Arrays of a fixed length differ if one of their elements does."""
        assert [("start", "at")] == paths({}, {"start.at": at})

    def test_not_a_number(self):
        """What is not a number on both sides is the same."""
        nan = {"start.weight": float("nan")}

        assert [] == paths(nan, nan)
        assert [("start", "weight")] == paths(nan, {})

    def test_group_that_could_not_be_made(self):
        """Of a group that could not be made whole, what could be made is compared."""
        broken = {"end.weight": "heavy", "end.at": [1, 1]}

        assert [("end", "at"), ("end", "weight")] == paths({"end.at": [2, 2]}, broken)
