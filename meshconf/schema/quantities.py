"""Durations and sizes: numbers that people write with units."""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["QuantityError", "format_seconds", "parse_duration", "parse_size"]

_MICROSECONDS = 1_000_000

#: Microseconds in each unit; a larger unit stands before a smaller one.
_DURATIONS: Mapping[str, int] = {
    "w": 604_800 * _MICROSECONDS,
    "d": 86_400 * _MICROSECONDS,
    "h": 3_600 * _MICROSECONDS,
    "m": 60 * _MICROSECONDS,
    "s": _MICROSECONDS,
    "ms": 1_000,
    "us": 1,
    "µs": 1,
}

#: Bytes in each unit: powers of 1024 for KiB and its like, of 1000 for kB and its like.
_BYTES: Mapping[str, int] = {
    "B": 1,
    "kB": 1000,
    "KB": 1000,
    "MB": 1000**2,
    "GB": 1000**3,
    "TB": 1000**4,
    "KiB": 1024,
    "MiB": 1024**2,
    "GiB": 1024**3,
    "TiB": 1024**4,
}

#: More digits than any quantity needs, before and after the point.
_MOST_DIGITS = 20

#: Numbers are counted in such parts, as integers, so that sums and products are exact.
_PARTS: int = 10**_MOST_DIGITS

_NUMBER = re.compile(r"\s*(([+-]?)(\d+)(?:\.(\d+))?)\s*", re.ASCII)
_UNIT = re.compile(r"[^\d\s.+-]+")


class QuantityError(ValueError):
    """A text is no quantity.

    Attributes:
        reason: What is wrong with it, quoting the text.

        start: Where the wrong part begins, in characters from 0.

        end: Where it ends, exclusive.

        hint: What may stand there.
    """

    def __init__(self, reason: str, start: int, end: int, hint: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.start = start
        self.end = end
        self.hint = hint


def parse_duration(text: str) -> float:
    """Read a duration such as ``500ms``, ``1h30m``, ``1.5s`` or ``2.5`` as seconds.

    Units are w, d, h, m, s, ms and us, each at most once, the larger before the smaller; a
    number without a unit stands alone and means seconds.

    Args:
        text: The duration.

    Returns:
        The seconds it takes.

    Raises:
        QuantityError: If it cannot be read.
    """
    parts = _parts(text, "durations look like 500ms, 1h30m or 2.5")
    if len(parts) == 1 and not parts[0][1]:
        return parts[0][0] / _PARTS
    total = 0
    smallest: float = math.inf
    for number, unit, start in parts:
        if unit not in _DURATIONS:
            raise _unknown_unit(unit, start, _DURATIONS, "use one of ms, s, m, h, d")
        if _DURATIONS[unit] >= smallest:
            msg = f"`{unit}` after a smaller or the same unit"
            raise QuantityError(msg, start, start + len(unit), "write the larger unit first")
        smallest = _DURATIONS[unit]
        total += number * smallest
    return total / (_PARTS * _MICROSECONDS)


def parse_size(text: str) -> int:
    """Read a size such as ``64KiB``, ``1.5MB`` or ``4096`` as bytes.

    Args:
        text: The size.

    Returns:
        The number of bytes.

    Raises:
        QuantityError: If it cannot be read, or is no whole number of bytes.
    """
    hint = "sizes look like 64KiB, 1.5MB or 4096"
    parts = _parts(text, hint)
    if len(parts) > 1:
        msg = "more than one number"
        raise QuantityError(msg, parts[0][2], len(text), hint)
    number, unit, start = parts[0]
    if unit and unit not in _BYTES:
        raise _unknown_unit(unit, start, _BYTES, "use one of B, kB, MB, GB, KiB, MiB, GiB")
    size, rest = divmod(number * _BYTES[unit or "B"], _PARTS)
    if rest:
        msg = "no whole number of bytes"
        raise QuantityError(msg, 0, len(text), hint)
    return size


def _parts(text: str, hint: str) -> list[tuple[int, str, int]]:
    """Split a text into (number, unit, position of the unit)."""
    parts: list[tuple[int, str, int]] = []
    at = 0
    end = len(text.rstrip())
    while at < end:
        number = _NUMBER.match(text, at)
        if number is None:
            rest = text[at:end].lstrip()
            msg = f"expected a number at `{rest[:20]}`"
            raise QuantityError(msg, end - len(rest), end, hint)
        if max(len(number[3]), len(number[4] or "")) > _MOST_DIGITS:
            msg = f"a number has more than {_MOST_DIGITS} digits"
            raise QuantityError(msg, number.start(1), number.end(1), hint)
        unit = _UNIT.match(text, number.end())
        if unit is None and (parts or number.end() < end):
            msg = f"`{number[1]}` has no unit"
            raise QuantityError(msg, number.start(1), number.end(1), hint)
        at = unit.end() if unit else number.end()
        exact = int(number[2] + number[3] + (number[4] or "").ljust(_MOST_DIGITS, "0"))
        parts.append((exact, unit[0] if unit else "", number.end()))
    if not parts:
        msg = "it is empty"
        raise QuantityError(msg, 0, len(text), hint)
    return parts


def _unknown_unit(unit: str, start: int, units: Iterable[str], hint: str) -> QuantityError:
    near = next((name for name in units if name.lower() == unit.lower()), None)
    if near is not None:
        hint = f"did you mean `{near}`?"
    return QuantityError(f"unknown unit `{unit[:20]}`", start, start + len(unit), hint)


def format_seconds(seconds: float) -> str:
    """Write seconds, to the microsecond, as one number with the largest unit that fits: ``90s``."""
    microseconds = dt.timedelta(seconds=seconds) // dt.timedelta(microseconds=1)
    units = ("h", "m", "s", "ms", "us") if microseconds else ("s",)
    unit = next(unit for unit in units if microseconds % _DURATIONS[unit] == 0)
    return f"{microseconds // _DURATIONS[unit]}{unit}"
