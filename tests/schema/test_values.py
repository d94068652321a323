"""Tests for `meshconf.schema.values`."""

import contextlib
import datetime as dt
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshconf.schema import values
from meshconf.schema.values import BadValue

Convert = Callable[[object], Any]

NOON = dt.time(12)
DAY = dt.date(2026, 11, 23)
MOMENT = dt.datetime(2026, 11, 23, 12, tzinfo=dt.timezone.utc)
MINUTE = dt.timedelta(minutes=1)

ACCEPTED: list[tuple[Convert, object, object]] = [
    (values.strict_integer, 5, 5),
    (values.strict_float, 1.5, 1.5),
    (values.strict_float, 2.0, 2),
    (values.strict_boolean, True, True),
    (values.strict_string, "5", "5"),
    (values.strict_string, "", ""),
    (values.strict_path, Path("~/a/../b"), "~/a/../b"),
    (values.strict_path, Path("a"), Path("a")),
    (values.strict_datetime, MOMENT, MOMENT),
    (values.strict_date, DAY, DAY),
    (values.strict_time, NOON, NOON),
    (values.strict_seconds, 0.5, "500ms"),
    (values.strict_seconds, 1.5, 1.5),
    (values.strict_seconds, 2.0, 2),
    (values.strict_seconds, 60.0, MINUTE),
    (values.strict_duration, MINUTE, MINUTE),
    (values.strict_duration, MINUTE, "1m"),
    (values.strict_duration, MINUTE, 60),
    (values.strict_size, 5, 5),
    (values.strict_size, 65536, "64KiB"),
]

REFUSED: list[tuple[Convert, str, object]] = [
    (values.strict_integer, "must be an integer, got a string", "8500"),
    (values.strict_integer, "must be an integer, got a boolean", True),
    (values.strict_integer, "must be an integer, got a float", 1.9),
    (values.strict_float, "must be a number, got a boolean", False),
    (values.strict_float, "must be a number, got a string", "1.5"),
    (values.strict_float, "must be a finite number, got nan", math.nan),
    (values.strict_float, "must be a finite number, got -inf", -math.inf),
    (values.strict_float, "is too large for a float", 10**400),
    (values.strict_boolean, "must be a boolean, got a string", "false"),
    (values.strict_boolean, "must be a boolean, got an integer", 0),
    (values.strict_string, "must be a string, got an integer", 5),
    (values.strict_string, "must be a string, got null", None),
    (values.strict_path, "must be a string with a path, got an integer", 5),
    (values.strict_path, "must be a path, got an empty string", ""),
    (values.strict_datetime, "must be a date-time, got a date", DAY),
    (values.strict_date, "must be a date, got a date-time", MOMENT),
    (values.strict_time, "must be a time, got a string", "12:00"),
    (values.strict_seconds, "is not a duration: unknown unit `secs`", "5 secs"),
    (values.strict_seconds, 'must be a duration such as 30.0 or "500ms", got a boolean', True),
    (values.strict_seconds, "must be a finite number, got inf", math.inf),
    (values.strict_duration, "is not a duration: it is empty", ""),
    (values.strict_duration, "is too long for a duration", 1e300),
    (values.strict_size, 'must be a size such as 4096 or "64KiB", got a float', 1.5),
    (values.strict_size, 'must be a size such as 4096 or "64KiB", got a boolean', True),
    (values.strict_size, "is not a size: no whole number of bytes", "1.5B"),
]

CONVERSIONS: list[Convert] = list(dict.fromkeys(convert for convert, *_ in ACCEPTED))


class TestConversions:
    """Conversions are strict: nothing is guessed."""

    @pytest.mark.parametrize(("convert", "expected", "value"), ACCEPTED)
    def test_accepted(self, convert: Convert, expected: object, value: object) -> None:
        """A value of the declared kind is taken, in the declared type."""
        converted = convert(value)

        assert (expected, type(expected)) == (converted, type(converted))

    @pytest.mark.parametrize(("convert", "expected", "value"), REFUSED)
    def test_refused(self, convert: Convert, expected: str, value: object) -> None:
        """A value of another kind is refused in the words of the file."""
        with pytest.raises(BadValue) as caught:
            convert(value)

        assert expected == str(caught.value)
        assert caught.value.__context__ is None

    @pytest.mark.parametrize("convert", CONVERSIONS)
    @given(
        value=st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text(max_size=5)
        | st.datetimes()
        | st.dates()
        | st.times()
        | st.lists(st.integers(), max_size=2)
        | st.dictionaries(st.text(max_size=2), st.integers(), max_size=2)
    )
    def test_any_value(self, convert: Convert, value: object) -> None:
        """Any plain value is converted or refused with a BadValue."""
        with contextlib.suppress(BadValue):
            convert(value)

    def test_quantity_is_pointed_at(self) -> None:
        """The wrong part of a quantity has a span, and its label says what may stand there."""
        with pytest.raises(BadValue) as caught:
            values.strict_seconds("5 secs")
        bad = caught.value

        assert ("MC204", (2, 6), "use one of ms, s, m, h, d") == (bad.code, bad.span, bad.label)


class TestBadValue:
    """A BadValue holds the words of a report."""

    def test_moved(self) -> None:
        """A BadValue about an element keeps its words when the element is found in a whole."""
        bad = BadValue(
            "MC201", "must", ", got", label="l", span=(1, 2), help="h", found="f", at=(1,)
        )
        moved = bad.moved(("list", 0))
        names = ("code", "expected", "detail", "label", "span", "help", "found")

        assert ("list", 0, 1) == moved.at
        assert [getattr(bad, name) for name in names] == [getattr(moved, name) for name in names]

    def test_arguments(self) -> None:
        """What may quote the value is not among the arguments that a traceback prints."""
        bad = BadValue("MC201", "must be x", ", got canary", label="canary", found="canary")

        assert ("MC201", "must be x") == bad.args
        assert "canary" not in repr(bad)
