"""Comparing values by what the schema declares."""

from __future__ import annotations

import datetime as dt
import enum
from typing import Any

import attrs
import pytest

from meshconf import Secret
from meshconf.describe.alike import alike
from meshconf.describe.difference import differences
from meshconf.loading.load import read_outcome
from meshconf.schema.compile import model_of

NAN = float("nan")


class Many:
    """An object that does not compare."""

    def __eq__(self, other: object) -> bool:
        raise ValueError

    __hash__ = None  # type: ignore[assignment]


class Colour(enum.Enum):
    ONE = 1
    TWO = 2


@attrs.frozen
class Part:
    value: Any = None
    number: float = 1


def is_alike(hint: Any, left: Any, right: Any) -> bool:
    """Compare two values of a hint."""
    model = model_of(attrs.make_class("Made", {"it": attrs.field(type=hint)}))
    return alike(model.settings["it"].kind, left, right)


class TestAlike:
    @pytest.mark.parametrize(
        ("left", "right"),
        [
            (True, 1),
            (1, 1.0),
            (0.0, -0.0),
            ([1], [True]),
            ((1,), (1.0,)),
            ([1], [1, 2]),
            ({"a": [1]}, {"a": [True]}),
            ({"a": 1}, {"b": 1}),
            ({1}, {True}),
            (Secret("a"), Secret("b")),
            (Secret(1), Secret(True)),
            ([Secret("a")], [Secret("b")]),
            (Colour.ONE, Colour.TWO),
            (Colour.ONE, 1),
            (Many(), Many()),
            (None, 0),
            (
                dt.datetime(2026, 1, 1, 1, tzinfo=dt.timezone.utc),
                dt.datetime(2026, 1, 1, 2, tzinfo=dt.timezone(dt.timedelta(hours=1))),
            ),
        ],
    )
    def test_any_value_that_differs(self, left: Any, right: Any) -> None:
        """Where any value may stand, values differ as they do in a file."""
        assert not is_alike(Any, left, right)

    @pytest.mark.parametrize(
        ("left", "right"),
        [
            (NAN, float("nan")),
            ([NAN], [float("nan")]),
            ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
            ({"b", "a"}, {"a", "b"}),
            (Secret("a"), Secret("a")),
            (Colour.ONE, Colour.ONE),
            (dt.date(2026, 1, 2), dt.date(2026, 1, 2)),
        ],
    )
    def test_any_value_that_is_the_same(self, left: Any, right: Any) -> None:
        """What is written the same is the same, nan too."""
        assert is_alike(Any, left, right)

    @pytest.mark.parametrize(
        ("hint", "left", "right", "expected"),
        [
            (float, 1, 1.0, True),
            (list[float], [1], [1.0], True),
            (tuple[Any, float], (1, 1), (1, 1.0), True),
            (tuple[Any, float], (1, 1), (True, 1), False),
            (dict[str, Any], {"a": 1}, {"a": 1.0}, False),
            (dict[str, float], {"a": 1}, {"a": 1.0}, True),
            (list[Any], [[1]], [[True]], False),
            (list[Part], [Part(1)], [Part(True)], False),
            (list[Part], [Part(1, 1)], [Part(1, 1.0)], True),
            (list[Part], [Part(1)], [Part(1), Part(1)], False),
            (Secret[str], Secret("a"), Secret("a"), True),
            (frozenset[int], frozenset({1}), frozenset({2}), False),
        ],
    )
    def test_declared(self, hint: Any, left: Any, right: Any, expected: bool) -> None:
        """What is declared is compared as Python does, down to where any value may stand."""
        assert expected is is_alike(hint, left, right)


class TestDifferences:
    @pytest.mark.parametrize(
        ("left", "right", "expected"),
        [(True, 1, 1), ([1], [True], 1), (1.0, 1, 1), (NAN, float("nan"), 0), (1, 1, 0)],
    )
    def test_of_any_value(self, left: Any, right: Any, expected: int) -> None:
        """A change between true, 1 and 1.0 is a difference."""
        old, new = (
            read_outcome(Part, (), prefix=None, overrides={"value": value})
            for value in (left, right)
        )

        assert expected == len(differences(old, new))
