"""Tests for `meshconf.schema.constraints`."""
# ruff: noqa: UP045 - the old spellings of unions are supported too

import datetime as dt
import re
from collections.abc import Callable
from typing import Annotated, Any, NewType, Optional

import annotated_types
import attrs
import pytest
from attrs import validators

from meshconf.schema.constraints import (
    Bound,
    Constraint,
    CustomCheck,
    Length,
    MultipleOf,
    OneOf,
    Pattern,
    from_hint,
    from_validator,
)
from meshconf.schema.values import BadValue


def said(constraint: Constraint, value: object) -> str:
    """Return what a constraint says of a value."""
    return str(constraint.check(value) or "")


class TestBound:
    """A bound limits one side."""

    @pytest.mark.parametrize(
        ("operator", "good", "bad", "expected"),
        [
            (">", 6, 5, "must be greater than 5, got 5"),
            (">=", 5, 4, "must be at least 5, got 4"),
            ("<", 4, 5, "must be less than 5, got 5"),
            ("<=", 5, 6, "must be at most 5, got 6"),
        ],
    )
    def test_check(self, operator: str, good: int, bad: int, expected: str) -> None:
        """Each operator accepts its side and names the limit where it refuses."""
        bound = Bound(operator, 5)

        assert ("", expected) == (said(bound, good), said(bound, bad))

    def test_label(self) -> None:
        """The label says which side was left."""
        bad = Bound(">=", 1).check(0)

        assert bad is not None
        assert ("MC202", "less than the minimum 1", "0") == (bad.code, bad.label, bad.found)

    def test_nan(self) -> None:
        """A number that is none is within no bound."""
        assert "must be at least 0, got nan" == said(Bound(">=", 0), float("nan"))

    def test_no_order(self) -> None:
        """A value that has no order with the limit is refused, not raised about."""
        bound = Bound(">", dt.datetime(2020, 1, 1))  # noqa: DTZ001 - one side has no offset
        value = dt.datetime(2021, 1, 1, tzinfo=dt.timezone.utc)
        expected = "must be comparable with 2020-01-01 00:00:00, got 2021-01-01 00:00:00+00:00"

        assert expected == said(bound, value)

    def test_describe(self) -> None:
        """A bound is described as it would be written."""
        assert ">= 0.5" == Bound(">=", 0.5).describe()


class TestOneOf:
    """A closed set."""

    def test_check(self) -> None:
        """A value of the set is accepted; another is refused with the whole set."""
        choice = OneOf(("a", 2))

        assert "" == said(choice, 2)
        assert 'must be one of "a", 2, got "b"' == said(choice, "b")

    def test_describe(self) -> None:
        """A set is described by its values."""
        assert 'one of "a", 2' == OneOf(("a", 2)).describe()


class TestPattern:
    """A regular expression."""

    def test_check(self) -> None:
        """The whole text must match."""
        pattern = Pattern(re.compile("[a-z]+"))

        assert "" == said(pattern, "abc")
        assert 'must match [a-z]+, got "abc\\n"' == said(pattern, "abc\n").replace("\\\\", "\\")

    def test_describe(self) -> None:
        """A pattern is described by its expression."""
        assert "matches [a-z]+" == Pattern(re.compile("[a-z]+")).describe()


class TestLength:
    """Limits on characters and elements."""

    @pytest.mark.parametrize(
        ("expected", "length", "value"),
        [
            ("", Length(1), "a"),
            ("must not be empty", Length(1), ""),
            ("must not be empty", Length(1, 3), []),
            ("must have at least 2 characters, got 1", Length(2), "a"),
            ("must have at least 2 elements, got 0", Length(2), ()),
            ("must have at most 1 elements, got 2", Length(0, 1), {1, 2}),
            ("must have at most 1 characters, got 2", Length(0, 1), "ab"),
            ("", Length(2, 2), {"a": 1, "b": 2}),
        ],
    )
    def test_check(self, expected: str, length: Length, value: object) -> None:
        """The number of characters or elements is within the limits, or is told."""
        assert expected == said(length, value)

    @pytest.mark.parametrize(
        ("expected", "length"),
        [
            ("not empty", Length(1)),
            ("length >= 2", Length(2)),
            ("length <= 5", Length(0, 5)),
            ("length 1..=5", Length(1, 5)),
        ],
    )
    def test_describe(self, expected: str, length: Length) -> None:
        """Limits are described in a few words."""
        assert expected == length.describe()


class TestCustomCheck:
    """A function of the author's."""

    @staticmethod
    def even(value: int) -> None:
        """Accept even numbers."""
        if value < 0:
            raise BadValue("MC202", "must not be negative")
        if value == 1:
            raise LookupError
        if value % 2:
            msg = f"{value} is odd"
            raise ValueError(msg)

    @pytest.mark.parametrize(
        ("expected", "value"),
        [
            ("", 2),
            ("fails the check `even`: 3 is odd", 3),
            ("fails the check `even`", 1),
            ("must not be negative", -1),
        ],
    )
    def test_check(self, expected: str, value: int) -> None:
        """What the function raises is what the report says."""
        assert expected == said(CustomCheck(self.even, "even"), value)

    def test_words_are_in_the_detail(self) -> None:
        """What the function says may quote the value, so it stands apart from the rest."""
        bad = CustomCheck(self.even, "even").check(3)

        assert bad is not None
        assert ("fails the check `even`", ": 3 is odd") == (bad.expected, bad.detail)

    def test_describe(self) -> None:
        """A check is described by its name."""
        assert "check `even`" == CustomCheck(self.even, "even").describe()


Positive = NewType("Positive", Annotated[int, annotated_types.Gt(0)])


class TestFromHint:
    """A hint's own constraints, not those of its elements."""

    @pytest.mark.parametrize(
        ("expected", "hint"),
        [
            ([], int),
            ([], list[Annotated[int, annotated_types.Gt(0)]]),
            (["> 0"], Annotated[int, annotated_types.Gt(0)]),
            (
                ["> 0", "< 9"],
                Annotated[Annotated[int, annotated_types.Gt(0)], annotated_types.Lt(9)],
            ),
            (["> 0"], Optional[Annotated[int, annotated_types.Gt(0)]]),
            (["> 0"], Annotated[int, annotated_types.Gt(0)] | None),
            (["> 0"], Positive),
            (["> 0", "< 9"], Annotated[Positive, annotated_types.Lt(9)]),
        ],
    )
    def test_constraints(self, expected: list[str], hint: object) -> None:
        """They are found in Annotated, in unions and behind the name of a NewType."""
        assert expected == [constraint.describe() for constraint in from_hint(hint)]


def even(_: object, __: object, value: int) -> None:
    """Accept even numbers."""
    if value % 2:
        raise ValueError


class TestFromValidator:
    """attrs' own validators become constraints."""

    @pytest.mark.parametrize(
        ("expected", "validator"),
        [
            (["> 1"], validators.gt(1)),
            ([">= 1"], validators.ge(1)),
            (["< 1"], validators.lt(1)),
            (["<= 1"], validators.le(1)),
            (["not empty"], validators.min_len(1)),
            (["length <= 3"], validators.max_len(3)),
            (["one of 1, 2"], validators.in_([1, 2])),
            (["matches a+"], validators.matches_re("a+")),
            (["matches a+"], validators.matches_re("a+", func=re.fullmatch)),
            ([], validators.instance_of(int)),
            ([">= 1", "<= 2"], validators.and_(validators.ge(1), validators.le(2))),
            ([">= 1"], validators.optional(validators.ge(1))),
            ([">= 1", "<= 2"], validators.optional([validators.ge(1), validators.le(2)])),
        ],
    )
    def test_constraints(self, expected: list[str], validator: Any) -> None:
        """Each stands for the constraint that it checks; a type check for none."""
        found: list[Any] = list(from_validator(validator))

        assert expected == [constraint.describe() for constraint in found]

    @pytest.mark.parametrize(
        "validator",
        [
            even,
            validators.or_(validators.ge(5), validators.le(1)),
            validators.not_(validators.ge(5)),
            validators.matches_re("a+", func=re.search),
            validators.deep_iterable(validators.ge(5)),
            validators.optional(even),
            validators.optional([validators.ge(1), even]),
        ],
    )
    def test_others(self, validator: Callable[..., Any]) -> None:
        """Any other is kept as it is, within the optional that shields it from None."""
        assert (validator,) == from_validator(validator)

    def test_mixed(self) -> None:
        """A conjunction gives what each of its parts gives."""
        found = from_validator(validators.and_(validators.ge(1), even))

        assert (Bound(">=", 1), even) == found

    @pytest.mark.parametrize(
        ("validator", "good", "bad"),
        [
            (validators.ge(1), 1, 0),
            (validators.min_len(2), "ab", "a"),
            (validators.max_len(2), "ab", "abc"),
            (validators.in_((1, 2)), 2, 3),
            (validators.matches_re("a+"), "aa", "aab"),
        ],
    )
    def test_agrees_with_attrs(self, validator: Any, good: object, bad: object) -> None:
        """The constraint refuses what the validator refuses."""

        @attrs.frozen
        class Holder:
            value: Any = attrs.field(validator=validator)

        (constraint,) = from_validator(validator)
        Holder(good)
        with pytest.raises(ValueError, match="value"):
            Holder(bad)

        assert [None, True] == [constraint.check(good), bool(constraint.check(bad))]  # type: ignore[union-attr]


class TestMultipleOf:
    """A factor divides the value."""

    def test_check(self) -> None:
        """What is no multiple is refused, and what cannot be divided is, too."""
        constraint = MultipleOf(5)
        expected = "fails the check `multiple of 5`: it is no multiple of 5"

        assert ("", expected) == (said(constraint, 10), said(constraint, 11))
        assert said(constraint, [1]).startswith("fails the check `multiple of 5`: ")

    def test_describe(self) -> None:
        """It is described as a check."""
        assert "check `multiple of 5`" == MultipleOf(5).describe()
