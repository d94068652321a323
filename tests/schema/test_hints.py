"""Tests for `meshconf.schema.hints`."""
# ruff: noqa: UP007, UP045 - the old spellings of unions are supported too

import sys
from typing import Annotated, Any, Generic, List, Literal, NewType, Optional, TypeVar, Union  # noqa: UP035

import pytest

from meshconf.schema.hints import behind_name, hints_of, substitute

T = TypeVar("T")
K = TypeVar("K")

Name = NewType("Name", str)


class Pair(Generic[K, T]):
    key: K
    value: T
    both: dict[K, T]
    text: "list[T]"


class Named(Pair[str, T]):
    extra: Optional[T]


class Full(Named[int]):
    own: bool


class Narrowed(Full):
    key: "Name"


class Bare(Pair):  # type: ignore[type-arg]
    pass


class Mixin:
    mixed: int


class Mixed(Mixin, Pair[int, int]):
    pass


class TestHintsOf:
    """The hints of a class and its bases, type variables filled in."""

    @pytest.mark.parametrize(
        ("expected", "hint"),
        [
            ({"key": K, "value": T, "both": dict[K, T], "text": list[T]}, Pair),  # type: ignore[valid-type]
            (
                {"key": str, "value": int, "both": dict[str, int], "text": list[int]},
                Pair[str, int],
            ),
            (
                {
                    "key": str,
                    "value": int,
                    "both": dict[str, int],
                    "text": list[int],
                    "extra": Optional[int],
                },
                Named[int],
            ),
            (
                {
                    "key": str,
                    "value": int,
                    "both": dict[str, int],
                    "text": list[int],
                    "extra": Optional[int],
                    "own": bool,
                },
                Full,
            ),
            (
                {"key": K, "value": T, "both": dict[K, T], "text": list[T]},  # type: ignore[valid-type]
                Bare,
            ),
            (
                {
                    "mixed": int,
                    "key": int,
                    "value": int,
                    "both": dict[int, int],
                    "text": list[int],
                },
                Mixed,
            ),
        ],
    )
    def test_resolved(self, expected: dict[str, Any], hint: Any) -> None:
        """Arguments reach the bases through any number of classes."""
        assert expected == hints_of(hint)

    def test_redeclared(self) -> None:
        """A subclass's own hint wins over that of its base."""
        assert Name is hints_of(Narrowed)["key"]

    def test_order(self) -> None:
        """The fields of a base come before those of its subclass."""
        assert ["key", "value", "both", "text", "extra", "own"] == list(hints_of(Full))


class TestUnresolvable:
    """A hint that cannot be resolved is a TypeError that names the field."""

    def test_unknown_name(self) -> None:
        """The field is named even where another hint holds the same letters."""

        class Local:
            first: "Any"
            second: "An"  # type: ignore[name-defined] # noqa: F821 - unknown on purpose

        with pytest.raises(TypeError) as caught:
            hints_of(Local)

        assert f"{Local.__qualname__}.second: its module does not know 'An'" == str(caught.value)
        assert caught.value.__context__ is None

    def test_local_name(self) -> None:
        """A class of the same function cannot be named by a text."""

        class Below:
            pass

        class Above:
            below: "Below"

        with pytest.raises(TypeError, match=r"Above\.below: its module does not know 'Below'$"):
            hints_of(Above)

    @pytest.mark.parametrize("text", ["int |", "list[int", "'", "sys.nothing", "1 + ''"])
    def test_no_hint(self, text: str) -> None:
        """A text that is no expression, or none of a type, is told with its field."""
        names = {"__annotations__": {"good": "int", "bad": text}, "__module__": __name__}

        with pytest.raises(TypeError, match=r"^Local\.bad: "):
            hints_of(type("Local", (), names))

    def test_of_no_module(self) -> None:
        """So it is where the class stands in no module that was imported."""
        local = type(
            "Local", (), {"__annotations__": {"a": "int", "b": "An"}, "__module__": "gone"}
        )

        with pytest.raises(TypeError, match=r"^Local\.b: its module does not know 'An'$"):
            hints_of(local)

    def test_in_a_base(self) -> None:
        """The class that holds the hint is named, not the one that inherits it."""

        class Base:
            field: "Nowhere"  # type: ignore[name-defined] # noqa: F821 - unknown on purpose

        class Derived(Base):
            pass

        with pytest.raises(TypeError, match=r"Base\.field: its module does not know 'Nowhere'$"):
            hints_of(Derived)


class TestSubstitute:
    """Types in the place of type variables."""

    @pytest.mark.parametrize(
        ("expected", "hint"),
        [
            (int, T),
            (K, K),
            (str, str),
            (list[int], list[T]),  # type: ignore[valid-type]
            (List[int], List[T]),  # type: ignore[valid-type] # noqa: UP006 - the old spelling
            (tuple[int, ...], tuple[T, ...]),  # type: ignore[valid-type]
            (dict[str, list[int]], dict[str, list[T]]),  # type: ignore[valid-type]
            (Optional[int], Optional[T]),
            (Union[int, str], Union[T, str]),
            (Union[int, str], T | str),
            (Annotated[int, "a", "b"], Annotated[T, "a", "b"]),
            (Pair[str, int], Pair[str, T]),  # type: ignore[valid-type]
            (Literal["T"], Literal["T"]),
        ],
    )
    def test_filled(self, expected: Any, hint: Any) -> None:
        """A variable is replaced wherever it stands, and what holds none stays as it is."""
        assert expected == substitute(hint, {T: int})


class TestBehindName:
    """Names that stand for another hint."""

    @pytest.mark.parametrize(("expected", "hint"), [(str, Name), (None, str), (None, list[int])])
    def test_new_type(self, expected: Any, hint: Any) -> None:
        """A NewType gives what it was made of; what has no such name gives None."""
        assert expected is behind_name(hint)

    @pytest.mark.skipif(sys.version_info < (3, 12), reason="the type statement is of 3.12")
    def test_type_statement(self) -> None:
        """A `type` statement gives the hint on its right side."""
        names: dict[str, Any] = {}
        exec("type Numbers = list[int]", names)  # noqa: S102 - a syntax error before 3.12

        assert list[int] == behind_name(names["Numbers"])
