"""The words of reports: paths, kinds of values, text that is safe to print.

Everything here speaks the language of the file (string, integer, table), never that of Python.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

__all__ = [
    "KEY_PART",
    "MASK",
    "Path",
    "cells",
    "counted",
    "dotted",
    "elide",
    "few",
    "noun",
    "parse_path",
    "printable",
    "quantity",
    "quoted",
    "quoted_key",
    "sentence",
    "short_name",
    "variable_text",
]

#: The keys from the root to a value; positions in a list are ints, from 0.
Path = tuple[str | int, ...]

#: What stands wherever a secret would, whatever its length.
MASK = "<secret>"

#: A value longer than this is cut where it is quoted in a sentence.
LONGEST_VALUE = 60

#: A sentence that is longer, because of the names in it, loses its middle.
LONGEST_SENTENCE = 2_000

#: So many things of a kind are named in one sentence.
MOST_NAMED = 10

#: An integer of more bits is written in base 16: Python refuses to write thousands of digits.
LONGEST_INTEGER = 1024

#: An integer of more bits may have more than 4,300 digits, which Python does not write.
MOST_BITS = 14_284

#: No setting has the name of a variable of more characters.
LONGEST_NAME = 1024

#: A part of a dotted key, as a pattern.
KEY_PART = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""
_KEY = rf"{KEY_PART}(?:[ \t]*\.[ \t]*{KEY_PART})*"

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+\Z")

# bool before int and datetime before date: each is also the other.
_NOUNS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "a boolean"),
    (int, "an integer"),
    (float, "a float"),
    (str, "a string"),
    (dt.datetime, "a date-time"),
    (dt.date, "a date"),
    (dt.time, "a time"),
    (dt.timedelta, "a duration"),
    (Mapping, "a table"),
    ((Sequence, AbstractSet), "an array"),
    (type(None), "null"),
)


def noun(value: object) -> str:
    """Name the kind of a value as a TOML file calls it: "a string", "a table"."""
    for types, word in _NOUNS:
        if isinstance(value, types):
            return word
    return "another kind of value"


def dotted(path: Path) -> str:
    """Write a path as TOML would: `retry.status_codes[1]`, `upstreams."a.b".port`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            key = part if _BARE_KEY.match(part) else _in_quotes(part)
            text += f".{key}" if text else key
    return text


def parse_path(text: str) -> Path:
    """Read a dotted path, with quotes around keys that hold dots; empty if it is none."""
    if '"' not in text and "'" not in text:
        return tuple(text.split("."))
    if not re.fullmatch(_KEY, text.strip(" \t")):  # tomli would read whole statements
        return ()
    import tomli

    try:
        nested: Any = tomli.loads(f"{text} = 0")
    except (ValueError, RecursionError):
        return ()
    path: list[str] = []
    while isinstance(nested, dict):
        key = next(iter(nested))
        path.append(key)
        nested = nested[key]
    return tuple(path)


def _in_quotes(text: str) -> str:
    import json  # only reports quote

    return printable(json.dumps(text, ensure_ascii=False))


def printable(text: str) -> str:
    """Escape control characters, ANSI escapes and bidirectional controls.

    Printing what a file holds must not be able to steer the terminal.
    """
    if text.isprintable():
        return text
    return "".join(char if _is_plain(char) else _escape(char) for char in text)


def _is_plain(char: str) -> bool:
    import unicodedata  # only reports show text

    return char.isprintable() or unicodedata.category(char) == "Zs"


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def elide(text: str, longest: int = LONGEST_VALUE) -> str:
    """Cut a text to *longest* characters, marking the cut."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def sentence(text: str) -> str:
    """Write a sentence safe to print; one without end, as names in it may be, loses its middle."""
    if len(text) > LONGEST_SENTENCE:
        half = LONGEST_SENTENCE // 2
        text = f"{text[:half]}…{text[-half:]}"
    return printable(text)


def counted(number: int, noun: str) -> str:
    """Write a number of things: "1 change", "2 changes"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def few(names: Sequence[str]) -> str:
    """Name the first of many things, and count the rest: "a, b and 3 more"."""
    rest = len(names) - MOST_NAMED
    return f"{', '.join(names[:MOST_NAMED])}{f' and {rest} more' if rest > 0 else ''}"


def short_name(name: str) -> str:
    """Write the name of a variable, cut only where it is too long to be that of a setting."""
    return printable(name) if len(name) <= LONGEST_NAME else elide(printable(name))


def quoted(value: object) -> str:
    """Write a value as the file would, short and safe to print."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return elide(_in_quotes(value))
    if isinstance(value, dt.timedelta):
        return quantity(value.total_seconds(), "s")
    if isinstance(value, Mapping):
        pairs = (f"{quoted_key(key)} = {quoted(item)}" for key, item in value.items())
        return elide("{" + ", ".join(pairs) + "}")
    if isinstance(value, (Sequence, AbstractSet)):
        return elide("[" + ", ".join(map(quoted, value)) + "]")
    if isinstance(value, int) and value.bit_length() > LONGEST_INTEGER:
        return elide(hex(value))
    try:
        return elide(printable(str(value)))
    except Exception:  # an object of the schema's author
        return noun(value)


def quoted_key(key: object) -> str:
    """Write the key of a mapping bare where TOML allows it."""
    text = str(key)
    return text if _BARE_KEY.match(text) else _in_quotes(text)


def variable_text(value: object) -> str:
    """Write a value as a variable would hold it: text without quotes."""
    return elide(printable(value)) if isinstance(value, str) else quoted(value)


def quantity(value: object, unit: str) -> str:
    """Write a number with its unit: "45 s", "0.5 s", or without one."""
    text = f"{value:g}" if isinstance(value, float) else quoted(value)
    return f"{text} {unit}" if unit and isinstance(value, (int, float)) else text


def cells(text: str) -> int:
    """Count the terminal cells that a printable text takes."""
    return len(text) if text.isascii() else sum(map(_char_cells, text))


def _char_cells(char: str) -> int:
    import unicodedata  # only reports show text

    if unicodedata.category(char) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
