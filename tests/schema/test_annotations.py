"""Tests for `meshconf.schema.annotations` and `meshconf.schema.hint_aliases`."""

import functools
import operator
from typing import Any, get_args

import annotated_types
import attrs
import pytest

from meshconf.schema.annotations import from_annotation, units_in
from meshconf.schema.hint_aliases import Bytes, Port, Ratio, Seconds
from meshconf.schema.setting import setting


def described(*metadata: object) -> list[str]:
    """Describe what stands in the metadata of an Annotated."""
    return [constraint.describe() for constraint in from_annotation(metadata)]


class Truthy:
    """A predicate without a name."""

    def __call__(self, value: object) -> bool:
        """Tell whether a value is true."""
        return bool(value)


class TestFromAnnotation:
    """annotated-types are read as constraints."""

    @pytest.mark.parametrize(
        ("expected", "item"),
        [
            (["> 1"], annotated_types.Gt(1)),
            ([">= 1"], annotated_types.Ge(1)),
            (["< 1"], annotated_types.Lt(1)),
            (["<= 1"], annotated_types.Le(1)),
            ([">= 1", "< 5"], annotated_types.Interval(ge=1, lt=5)),
            (["not empty"], annotated_types.MinLen(1)),
            (["length <= 5"], annotated_types.MaxLen(5)),
            (["length >= 2", "length <= 5"], annotated_types.Len(2, 5)),
            (["length <= 5"], annotated_types.Len(0, 5)),
            (["check `multiple of 5`"], annotated_types.MultipleOf(5)),
            (["check `isdigit`"], annotated_types.Predicate(str.isdigit)),
            (["check `Truthy`"], annotated_types.Predicate(Truthy())),
            (["check `partial`"], annotated_types.Predicate(functools.partial(operator.lt, 0))),
            ([">= 1"], setting(ge=1, help="one of ours")),
            ([">= 1"], setting(validator=attrs.validators.ge(1))),
            ([], attrs.field()),
            ([], annotated_types.Unit("s")),
            ([], "a remark"),
            ([], ["unhashable"]),
        ],
    )
    def test_described(self, expected: list[str], item: object) -> None:
        """Each stands for its constraints; what is none of these for no constraint."""
        assert expected == described(item)

    @pytest.mark.parametrize(
        ("expected", "item", "value"),
        [
            ("", annotated_types.MultipleOf(5), 10),
            (
                "fails the check `multiple of 5`: it is no multiple of 5",
                annotated_types.MultipleOf(5),
                11,
            ),
            ("", annotated_types.Predicate(str.isdigit), "1"),
            (
                "fails the check `isdigit`: it does not hold",
                annotated_types.Predicate(str.isdigit),
                "x",
            ),
        ],
    )
    def test_check(self, expected: str, item: Any, value: object) -> None:
        """A predicate and a factor are checked by what they compute."""
        (constraint,) = from_annotation([item])

        assert expected == str(constraint.check(value) or "")


class TestAliases:
    """The hints that configurations often need."""

    def test_units(self) -> None:
        """Seconds and bytes carry their units."""
        units = [units_in(get_args(hint)[1:]) for hint in (Seconds, Bytes, Ratio)]

        assert [{"s"}, {"B"}, set()] == units

    def test_bounds(self) -> None:
        """A ratio lies between 0 and 1, a port between 1 and 65535."""
        bounds = [described(*get_args(hint)[1:]) for hint in (Ratio, Port)]

        assert [[">= 0", "<= 1"], [">= 1", "<= 65535"]] == bounds
