"""Tests for `meshconf.sources.text_values`."""
# ruff: noqa: UP007, UP045 - the old spellings of unions are supported too

import datetime as dt
from enum import IntEnum
from pathlib import Path
from typing import Any, Literal, Optional, Union

import attrs
import pytest
from environs import Env
from hypothesis import given
from hypothesis import strategies as st

from meshconf.schema import kinds
from meshconf.schema.compile import model_of
from meshconf.schema.hint_aliases import Bytes, Port, Seconds
from meshconf.schema.secret import Secret
from meshconf.sources.layer import Unparsed
from meshconf.sources.text_values import TextReader, format_of, is_service_link


class Level(IntEnum):
    LOW = 1
    HIGH = 2


@attrs.frozen
class Leaf:
    value: int = 1


def kind_of(hint: Any) -> kinds.Kind:
    """Compile a hint."""
    made = attrs.make_class("Made", ["field"])
    made.__annotations__ = {"field": hint}
    return model_of(made).settings["field"].kind


def read(text: str, hint: Any) -> Any:
    """Read a text; the sentence about it where it cannot be read."""
    value = TextReader().read("NAME", text, kind_of(hint))
    return str(value.bad) if isinstance(value, Unparsed) else value


class TestSingle:
    """Single values are read by their declared type."""

    @pytest.mark.parametrize(
        ("expected", "text", "hint"),
        [
            ("5", "5", str),
            ("", "", str),
            ("${HOME} {{X}} $$", "${HOME} {{X}} $$", str),
            ("~/x", "~/x", Path),
            ("5", "5", Any),
            ("5", "5", Secret[str]),
            (5, "5", int),
            (-5, "-5", int),
            (5, "5", Port),
            (5, "5", Optional[int]),
            (5, "5", Secret[int]),
            (5, " +5\t", int),
            (5, "005", int),
            (1.5, "1.5", float),
            (5.0, "5", float),
            (1000.0, "1e3", float),
            (dt.date(2026, 11, 23), "2026-11-23", dt.date),
            (dt.time(12, 30), "12:30", dt.time),
            (dt.datetime(2026, 11, 23, 12), "2026-11-23T12:00:00", dt.datetime),  # noqa: DTZ001
            ("1h30m", "1h30m", dt.timedelta),
            ("500ms", "500ms", Seconds),
            ("64KiB", "64KiB", Bytes),
            (2, "2", Level),
            ("HIGH", "HIGH", Level),
            (1, "1", Literal[1, "a"]),
            ("a", "a", Literal[1, "a"]),
            ("b", "b", Literal[1, "a"]),
            (True, "TRUE", Literal[True, "auto"]),
            (True, "true", Literal[1, True]),
            (False, "False", Literal[False]),
        ],
    )
    def test_value(self, expected: Any, text: str, hint: Any) -> None:
        """The value is what a file would have said; what it means is judged later."""
        value = read(text, hint)

        assert (expected, type(expected)) == (value, type(value))

    @pytest.mark.parametrize("text", ["true", "TRUE", "tRuE", "1", "yes", "on", "y", "t", " true "])
    def test_true(self, text: str) -> None:
        """A boolean is said in several ways, in any case."""
        assert read(text, bool) is True

    @pytest.mark.parametrize("text", ["false", "False", "0", "NO", "off", "n", "F"])
    def test_false(self, text: str) -> None:
        """So is its opposite."""
        assert read(text, bool) is False

    @pytest.mark.parametrize(
        ("expected", "text", "hint"),
        [
            ('must be a boolean, got "maybe"', "maybe", bool),
            ('must be a boolean, got "2"', "2", bool),
            ('must be a boolean, got "tr ue"', "tr ue", bool),
            ("must be a boolean, got an empty text", "", bool),
            ('must be an integer, got "1.9"', "1.9", int),
            ('must be an integer, got "1_000"', "1_000", int),
            ('must be an integer, got " ٣ "', " ٣ ", int),
            ('must be an integer, got "\u30005"', "\u30005", int),
            ('must be a number, got "1_0.5"', "1_0.5", float),
            ('must be a number, got "٣.5"', "٣.5", float),
            ('must be an integer, got "true"', "true", int),
            ("must be an integer, got an empty text", "", int),
            ('must be an integer, got "0x10"', "0x10", int),
            ('must be a number, got "nan"', "nan", float),
            ('must be a number, got "inf"', "inf", float),
            ('must be a number, got "1e999"', "1e999", float),
            ('must be a date, got "soon"', "soon", dt.date),
            ('must be a time, got "25:00"', "25:00", dt.time),
            ('must be a date-time, got "now"', "now", dt.datetime),
            ("must be a quantity, got an empty text", " ", Seconds),
            ("must be a quantity, got an empty text", "", Bytes),
            ("must be a quantity, got an empty text", "", dt.timedelta),
            ("must be an integer, got a service link of Kubernetes", "tcp://10.0.0.1:80", Port),
        ],
    )
    def test_unparsed(self, expected: str, text: str, hint: Any) -> None:
        """What cannot be read is told in the words of the field."""
        assert expected == read(text, hint)

    def test_digits(self) -> None:
        """A number of thousands of digits is refused like any other text."""
        assert read("9" * 5000, int).startswith("must be an integer")

    @pytest.mark.parametrize(
        ("text", "hint"),
        [
            ("C4N4RY", int),
            ("9" * 5000, int),
            ("C4N4RY", float),
            ("C4N4RY", bool),
            ("C4N4RY", dt.date),
        ],
    )
    def test_nothing_is_kept(self, text: str, hint: Any) -> None:
        """The refusal holds no exception of environs, which would hold the text."""
        value = TextReader().read("NAME", text, kind_of(hint))

        assert isinstance(value, Unparsed)
        assert (None, None) == (value.bad.__cause__, value.bad.__context__)

    def test_service_link(self) -> None:
        """A service link in the place of a number says how to be rid of it."""
        value = TextReader().read("NAME", "tcp://10.0.0.1:80", kind_of(int))

        assert isinstance(value, Unparsed)
        assert "set `enableServiceLinks: false` in the pod's spec" == value.bad.help

    @pytest.mark.parametrize(
        "hint", [bool, int, float, dt.date, dt.time, dt.datetime, Level, Seconds]
    )
    @given(text=st.text(max_size=10) | st.text("0123456789-:.TZ+e", max_size=20))
    def test_any_text(self, hint: Any, text: str) -> None:
        """Any text is a value or the sentence about it."""
        read(text, hint)

    @given(st.integers() | st.floats(allow_nan=False, allow_infinity=False))
    def test_numbers(self, number: float) -> None:
        """A number that Python wrote is read back."""
        assert number == read(str(number), type(number))

    def test_reader_looks_nowhere_else(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A variable of the process does not stand in for the text that is read."""
        monkeypatch.setenv("NAME", "7")

        assert 5 == read("5", int)
        assert "must be an integer, got an empty text" == read("", int)

    def test_environs_looks_up_by_one_method(self) -> None:
        """The Env of environs has the one look-up method that the reader replaces."""
        assert callable(Env._get_value)


class TestArrays:
    """Arrays are JSON, or elements between commas."""

    @pytest.mark.parametrize(
        ("expected", "text", "hint"),
        [
            (["a", "b"], "a,b", list[str]),
            (["a", "b"], " a , b ", list[str]),
            (["a"], "a", list[str]),
            (["a", ""], "a,", list[str]),
            ([1, 2], "1,2", tuple[int, ...]),
            ([1, 2], "[1, 2]", set[int]),
            (["a,b"], ' ["a,b"]', list[str]),
            ([], "[]", list[str]),
            ([[1], [2]], "1,2", list[list[int]]),
            ([[1, 2]], "[[1, 2]]", list[list[int]]),
            (["5s", "1m"], "5s,1m", list[Seconds]),
            ([1, "b"], "1,b", tuple[int, str]),
            ([1], "1", tuple[int, str]),
            ([1, "b", "c"], "1,b,c", tuple[int, str]),
            (["1"], "1", list),
            ("must be an array, got an empty text", "", list[str]),
            ("must be an array, got an empty text", " ", tuple[int, str]),
            ("is not valid JSON: expecting value", "[1,", list[int]),
        ],
    )
    def test_value(self, expected: Any, text: str, hint: Any) -> None:
        """Elements are read by their own types; their number is judged later."""
        assert expected == read(text, hint)

    def test_bad_element(self) -> None:
        """An element that cannot be read stands in the array as such."""
        one, other = read("1,x", list[int])

        assert 1 == one
        assert 'must be an integer, got "x"' == str(other.bad)


class TestTables:
    """Groups and mappings are JSON objects."""

    @pytest.mark.parametrize("hint", [Leaf, dict[str, Leaf], dict[str, int], Optional[Leaf]])
    def test_table(self, hint: Any) -> None:
        """An object is read whole."""
        assert {"a": 1} == read('{"a": 1}', hint)

    @pytest.mark.parametrize(
        ("expected", "text"),
        [
            ("is not valid JSON: expecting value", ""),
            ("must be a JSON table, got an array", "[]"),
        ],
    )
    def test_no_table(self, expected: str, text: str) -> None:
        """Another text is refused."""
        assert expected == read(text, dict[str, int])


class TestFormatOf:
    """How a text is laid out."""

    @pytest.mark.parametrize(
        ("expected", "text", "hint"),
        [
            ("json", "{}", Leaf),
            ("json", "{}", dict[str, int]),
            ("json", " [1]", list[int]),
            ("list", "1,2", list[int]),
            ("list", "1,2", Optional[tuple[int, int]]),
            ("plain", "1", int),
            ("plain", "[1]", str),
        ],
    )
    def test_format(self, expected: str, text: str, hint: Any) -> None:
        """Elements are looked for in JSON and between commas, by the declared type."""
        assert expected == format_of(kind_of(hint), text)


class TestIsServiceLink:
    """What Kubernetes injects for a Service."""

    @pytest.mark.parametrize(
        ("expected", "text"),
        [
            (True, "tcp://10.0.0.1:80"),
            (True, "udp://[fd00::1]:53"),
            (True, "sctp://10.0.0.1:80"),
            (False, "http://10.0.0.1:80"),
            (False, "tcp://10.0.0.1"),
            (False, "tcp://host:80"),
            (False, "80"),
            (False, ""),
        ],
    )
    def test_text(self, expected: bool, text: str) -> None:
        """A protocol, an address and a port, and nothing else."""
        assert expected == is_service_link(text)


def test_union_of_classes_is_a_table() -> None:
    """A group of one of several classes is given as JSON too."""

    @attrs.frozen
    class One:
        tag: Literal["one"] = "one"

    @attrs.frozen
    class Two:
        tag: Literal["two"] = "two"

    assert {"tag": "two"} == read('{"tag": "two"}', Union[One, Two])
