"""Values as TOML writes them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import tomli_w

from meshconf.diagnostics.opaque import own_words
from meshconf.diagnostics.words import printable, quoted_key

__all__ = ["can_say", "toml_key", "toml_value"]

#: Half of a pair, which no encoding takes.
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def toml_value(value: Any) -> str:
    """Write one plain value in TOML, on one line; in its own words what TOML cannot say."""
    if isinstance(value, Mapping):
        pairs = ", ".join(
            f"{toml_key(str(key))} = {toml_value(item)}" for key, item in value.items()
        )
        return f"{{ {pairs} }}" if pairs else "{}"
    if isinstance(value, list):
        return f"[{', '.join(map(toml_value, value))}]"
    if isinstance(value, str):
        return "".join(map(_escaped, tomli_w.dumps({"v": value})[4:-1]))
    text = _written(value)
    return own_words(value) if text is None else text


def toml_key(name: str) -> str:
    """Write one part of a key in TOML 1.0, bare where that is allowed."""
    return name if quoted_key(name) == name else toml_value(name)


def can_say(value: Any) -> bool:
    """Tell whether TOML can say a plain value."""
    if isinstance(value, Mapping):
        return all(map(can_say, value.values()))
    if isinstance(value, list):
        return all(map(can_say, value))
    if isinstance(value, str):
        return not _LONE_SURROGATE.search(value)
    return _written(value) is not None


def _written(value: Any) -> str | None:
    """Write a single value in TOML; None for null, objects, and a time with an offset."""
    try:
        return tomli_w.dumps({"v": value})[4:-1]
    except Exception:  # subclasses of a schema's author may raise anything
        return None


def _escaped(char: str) -> str:
    """Escape what could steer a terminal and what TOML would let stand."""
    if char == printable(char):
        return char
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"  # noqa: PLR2004 - the end of Unicode's first plane
