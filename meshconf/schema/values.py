"""Strict conversions of plain values: what TOML and JSON give, into what a class declares.

Each function takes a value and returns the converted one, or raises BadValue, which holds the
words for a report. Nothing is guessed: `"8500"` is no integer and `true` is no integer.
"""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path

from meshconf.diagnostics.words import noun
from meshconf.schema.quantities import QuantityError, parse_duration, parse_size

__all__ = [
    "BadValue",
    "raised_at",
    "refused",
    "said_by",
    "strict_boolean",
    "strict_date",
    "strict_datetime",
    "strict_duration",
    "strict_float",
    "strict_integer",
    "strict_path",
    "strict_seconds",
    "strict_size",
    "strict_string",
    "strict_time",
    "wrong_type",
]


class BadValue(ValueError):  # noqa: N818 - it says what the value is
    """A value is not what the schema declares.

    Attributes:
        code: The code of the problem.

        expected: What is wrong, without the value, to stand after the setting's path: "must be
            an integer".

        detail: The rest of the sentence, which may quote the value: ", got a string".

        label: The words under the caret; they may quote the value.

        span: The wrong part of a text, in characters; ``None`` for the whole value.

        help: A remedy that can be pasted, or ``None``.

        found: What was there, for programs; it may quote the value.

        at: The element that is wrong, as a path below the value.
    """

    def __init__(
        self,
        code: str,
        expected: str,
        detail: str = "",
        *,
        label: str = "",
        span: tuple[int, int] | None = None,
        help: str | None = None,
        found: str = "",
        at: tuple[str | int, ...] = (),
    ) -> None:
        super().__init__(code, expected)
        self.code = code
        self.expected = expected
        self.detail = detail
        self.label = label
        self.span = span
        self.help = help
        self.found = found
        self.at = at

    def moved(self, to: tuple[str | int, ...]) -> BadValue:
        """Return the same about an element: *to* is where the value stands in the whole."""
        return BadValue(
            self.code,
            self.expected,
            self.detail,
            label=self.label,
            span=self.span,
            help=self.help,
            found=self.found,
            at=(*to, *self.at),
        )

    def __str__(self) -> str:
        return self.expected + self.detail


def said_by(error: Exception) -> str:
    """Return the words of an exception; nothing if it holds something else than words."""
    return error.args[0] if error.args and isinstance(error.args[0], str) else ""


def raised_at(error: BaseException, but: str = "") -> str:
    """Name the file and line that raised an exception: " in config.py:41".

    Args:
        error: The exception.

        but: A file that is not worth naming; then nothing is said.
    """
    from traceback import extract_tb  # only a fault of an author's code needs it

    frames = extract_tb(error.__traceback__)
    if not frames or frames[-1].filename == but:
        return ""
    return f" in {Path(frames[-1].filename).name}:{frames[-1].lineno}"


def refused(expected: str, error: Exception, found: str = "") -> BadValue:
    """Say that code of the schema's author refused a value, in the author's words."""
    said = said_by(error)
    detail = f": {said}" if said else ""
    return BadValue("MC207", expected, detail, label="refused", found=found)


def wrong_type(expected: str, value: object) -> BadValue:
    """Say that a value is of another kind than wanted."""
    found = noun(value)
    return BadValue("MC201", f"must be {expected}", f", got {found}", label=found, found=found)


def strict_integer(value: object, _: object = None) -> int:
    """Accept integers; a boolean is none."""
    if type(value) is int:
        return value
    raise wrong_type("an integer", value)


def strict_float(value: object, _: object = None) -> float:
    """Accept finite floats and integers."""
    if type(value) is float and math.isfinite(value):
        return value
    if type(value) is int:
        return _float_of(value)
    if type(value) is float:
        raise BadValue(
            "MC201",
            "must be a finite number",
            f", got {value}",
            label="not finite",
            found=str(value),
        )
    raise wrong_type("a number", value)


def _float_of(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        pass
    raise BadValue("MC202", "is too large for a float", label="too large", found="an integer")


def strict_boolean(value: object, _: object = None) -> bool:
    """Accept true and false."""
    if type(value) is bool:
        return value
    raise wrong_type("a boolean", value)


def strict_string(value: object, _: object = None) -> str:
    """Accept strings."""
    if type(value) is str:
        return value
    raise wrong_type("a string", value)


def strict_path(value: object, _: object = None) -> Path:
    """Accept strings, as paths; nothing is expanded or resolved."""
    if isinstance(value, Path):
        return value
    if type(value) is not str:
        raise wrong_type("a string with a path", value)
    if not value:
        raise BadValue("MC205", "must be a path", ", got an empty string", label="empty")
    return Path(value)


def strict_datetime(value: object, _: object = None) -> dt.datetime:
    """Accept date-times, with or without an offset."""
    if isinstance(value, dt.datetime):
        return value
    raise wrong_type("a date-time", value)


def strict_date(value: object, _: object = None) -> dt.date:
    """Accept dates; a date-time is none."""
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value
    raise wrong_type("a date", value)


def strict_time(value: object, _: object = None) -> dt.time:
    """Accept times of day."""
    if isinstance(value, dt.time):
        return value
    raise wrong_type("a time", value)


def strict_seconds(value: object, _: object = None) -> float:
    """Accept numbers of seconds and duration texts."""
    if type(value) is float and math.isfinite(value):
        return value
    if type(value) is str:
        return _duration(value)
    if isinstance(value, dt.timedelta):
        return value.total_seconds()
    if type(value) is int or type(value) is float:
        return strict_float(value)
    raise wrong_type('a duration such as 30.0 or "500ms"', value)


def _duration(text: str) -> float:
    try:
        return parse_duration(text)
    except QuantityError as error:
        bad = _bad_quantity("is not a duration", error)
    raise bad


def strict_duration(value: object, _: object = None) -> dt.timedelta:
    """Accept what strict_seconds accepts, as a timedelta."""
    if isinstance(value, dt.timedelta):
        return value
    seconds = strict_seconds(value)
    try:
        return dt.timedelta(seconds=seconds)
    except OverflowError:
        pass
    raise BadValue("MC202", "is too long for a duration", label="too long", found=f"{seconds:g} s")


def strict_size(value: object, _: object = None) -> int:
    """Accept numbers of bytes and size texts."""
    if type(value) is int:
        return value
    if type(value) is not str:
        raise wrong_type('a size such as 4096 or "64KiB"', value)
    try:
        return parse_size(value)
    except QuantityError as error:
        bad = _bad_quantity("is not a size", error)
    raise bad


def _bad_quantity(expected: str, error: QuantityError) -> BadValue:
    return BadValue(
        "MC204",
        expected,
        f": {error.reason}",
        label=error.hint,
        span=(error.start, error.end),
        found="a string",
    )
