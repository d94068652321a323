"""Values that a format has no words for: they are told in their own."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from meshconf.diagnostics.words import LONGEST_INTEGER, printable

__all__ = ["is_json", "json_value", "own_words"]

#: Where an object lies in memory, which is somewhere else each time.
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def own_words(value: object) -> str:
    """Write a value as it calls itself, on one line and safe to print."""
    if value is None:
        return "null"
    if isinstance(value, int) and value.bit_length() > LONGEST_INTEGER:
        return hex(value)
    try:
        return printable(_ADDRESS.sub("", str(value)))
    except Exception:  # what its author's code raises is no reason to stop
        return printable(f"<{type(value).__name__}>")


def is_json(value: Any) -> bool:
    """Tell whether JSON can say a plain value."""
    if isinstance(value, Mapping):
        return all(map(is_json, value.values()))
    if isinstance(value, (list, tuple)):
        return all(map(is_json, value))
    return _is_scalar(value)


def json_value(value: Any) -> Any:
    """Return a plain value with what JSON cannot say as text: dates, nan, objects."""
    if isinstance(value, Mapping):
        return {key: json_value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return list(map(json_value, value))
    return value if _is_scalar(value) else own_words(value)


def _is_scalar(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, int):  # readers of JSON take a larger one for an infinity
        return value.bit_length() <= LONGEST_INTEGER
    return value is None or isinstance(value, str)
