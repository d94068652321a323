"""Tests for `meshconf.schema.kinds`."""

from enum import Enum, Flag, IntEnum
from typing import Any, Literal

import attrs
import pytest

from meshconf.schema import kinds
from meshconf.schema.compile import model_of
from meshconf.schema.constraints import Bound, Length
from meshconf.schema.values import BadValue


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Loose(Enum):
    ON = "on"

    @classmethod
    def _missing_(cls, value: object) -> Any:
        return cls.ON if value == "yes" else None


class Shade(Enum):
    BLUE = "blue", "azure", 5
    GREY = "grey"

    def __new__(cls, value: str, *others: object) -> Any:
        """Make a member of a value and its other names."""
        member = object.__new__(cls)
        member._value_ = value
        for other in others:
            cls._value2member_map_[other] = member
        return member


class Access(Flag):
    READ = 1


@attrs.frozen
class Inner:
    kind: Literal["inner"] = "inner"


@attrs.frozen
class Other:
    kind: Literal["other"] = "other"


INT = kinds.SCALARS[int]
STR = kinds.SCALARS[str]
INNER = model_of(Inner)
OTHER = model_of(Other)
UNION = kinds.TaggedUnion("kind", {"inner": INNER, "other": OTHER})


def choice_of(enum: type[Enum]) -> kinds.Choice:
    """Make the choice of an Enum."""
    return kinds.Choice(tuple(member.value for member in enum), enum)


class TestChoice:
    """A closed set of values."""

    @pytest.mark.parametrize(
        ("expected", "enum", "value"),
        [
            (Colour.RED, Colour, "red"),
            (Colour.RED, Colour, Colour.RED),
            (Level.LOW, Level, 1),
            (Loose.ON, Loose, "yes"),
        ],
    )
    def test_enum(self, expected: Enum, enum: type[Enum], value: object) -> None:
        """An Enum's member is found by its value, or by what the Enum itself lets stand for it."""
        assert expected is choice_of(enum).convert(value)

    @pytest.mark.parametrize(
        ("enum", "value"), [(Colour, "RED"), (Level, True), (Level, 1.0), (Level, "1"), (Loose, 1)]
    )
    def test_no_member(self, enum: type[Enum], value: object) -> None:
        """A name of a member, or a value of another type, is no member."""
        with pytest.raises(BadValue, match=r"^must be one of") as caught:
            choice_of(enum).convert(value)

        assert "MC203" == caught.value.code
        assert caught.value.__context__ is None

    @pytest.mark.parametrize("value", [1, True, "a", 0, False])
    def test_literal(self, value: object) -> None:
        """A Literal of several types tells true from 1."""
        converted = kinds.Choice((1, True, "a", 0, False)).convert(value)

        assert (type(value), value) == (type(converted), converted)

    @pytest.mark.parametrize(
        ("expected", "value"),
        [
            ('did you mean "round_robin"?', "round-robbin"),
            ("not one of them", "quite another"),
            ("not one of them", 5),
        ],
    )
    def test_suggestion(self, expected: str, value: object) -> None:
        """A near miss is suggested; a far one is not."""
        with pytest.raises(BadValue) as caught:
            kinds.Choice(("round_robin", "random")).convert(value)

        assert expected == caught.value.label


class TestAliases:
    """What an Enum reads beside the values of its members."""

    @pytest.mark.parametrize(
        ("expected", "choice"),
        [
            (("azure",), choice_of(Shade)),
            ((), choice_of(Colour)),
            ((), kinds.Choice(("a", 1))),
        ],
    )
    def test_aliases(self, expected: tuple[Any, ...], choice: kinds.Choice) -> None:
        """Further values of the type of a member's are aliases; a Literal has none."""
        assert expected == choice.aliases

    @pytest.mark.parametrize(
        ("expected", "choice"),
        [
            (True, choice_of(Shade)),
            (True, choice_of(Level)),
            (True, kinds.Choice(("a", 1))),
            (False, choice_of(Loose)),
            (False, choice_of(Access)),
        ],
    )
    def test_closed(self, expected: bool, choice: kinds.Choice) -> None:
        """An Enum with a function for what is missing may read more than its values."""
        assert expected is choice.closed

    def test_reported(self) -> None:
        """An alias is read, and no report lists it."""
        choice = choice_of(Shade)

        assert Shade.BLUE is choice.convert("azure")
        with pytest.raises(BadValue, match=r"^must be one of \"blue\", \"grey\", got"):
            choice.convert("green")


class TestBare:
    """What surrounds a kind can be taken away."""

    def test_all(self) -> None:
        """Optional, secret and constrained are taken away in any order."""
        bound = (Bound(">", 1),)
        kind = kinds.OptionalOf(kinds.Masked(kinds.Constrained(kinds.OptionalOf(INT), bound)))

        assert INT is kinds.bare(kind)


class TestModelsIn:
    """The classes that a value is made of."""

    @pytest.mark.parametrize(
        ("expected", "kind"),
        [
            ((), INT),
            ((), kinds.ListOf(INT, list)),
            ((INNER,), kinds.Group(INNER)),
            ((INNER,), kinds.OptionalOf(kinds.Group(INNER))),
            ((INNER,), kinds.GroupMap(INNER)),
            ((INNER, OTHER), UNION),
            ((INNER,), kinds.ListOf(kinds.Group(INNER), list)),
            ((INNER,), kinds.MapOf(STR, kinds.Group(INNER))),
            ((INNER, OTHER), kinds.FixedArray((kinds.Group(INNER), INT, kinds.Group(OTHER)))),
        ],
    )
    def test_models(self, expected: tuple[Any, ...], kind: kinds.Kind) -> None:
        """Classes are found in unions, arrays, mappings and behind what surrounds them."""
        assert expected == kinds.models_in(kind)


class TestDescribe:
    """A kind in a few words."""

    @pytest.mark.parametrize(
        ("expected", "kind"),
        [
            ("int", INT),
            ("seconds", kinds.SECONDS),
            ('one of "red", "blue"', choice_of(Colour)),
            ("secret str", kinds.Masked(STR)),
            ("optional int", kinds.OptionalOf(INT)),
            ("int, 1..=9", kinds.Constrained(INT, (Bound(">=", 1), Bound("<=", 9)))),
            ("int, > 1, <= 9", kinds.Constrained(INT, (Bound(">", 1), Bound("<=", 9)))),
            (
                "str, 1..=9, not empty",
                kinds.Constrained(STR, (Bound(">=", 1), Length(1), Bound("<=", 9))),
            ),
            ("array of int", kinds.ListOf(INT, list)),
            ("array of int, str", kinds.FixedArray((INT, STR))),
            ("table of int", kinds.MapOf(STR, INT)),
            ("table Inner", kinds.Group(INNER)),
            ("tables Inner", kinds.GroupMap(INNER)),
            ('table with kind = "inner" or "other"', UNION),
            ("any value", kinds.Anything()),
            ("any value", kinds.Converted(int, by_class=False)),
        ],
    )
    def test_words(self, expected: str, kind: kinds.Kind) -> None:
        """Each kind is described as a declaration would write it."""
        assert expected == kinds.describe(kind)
