"""Dotted paths of settings, and the values that stand at them."""

import json
import re
from collections.abc import Iterator
from operator import attrgetter
from typing import Any

import attrs

__all__ = ["dotted", "settings_of", "value_at"]

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+\Z")


def dotted(*parts: str) -> str:
    """Write the path of a setting, with quotes around keys that hold more than letters and dashes."""
    return ".".join(part if _BARE_KEY.match(part) else _quoted(part) for part in parts)


def _quoted(key: str) -> str:
    """Write a key as TOML does; what a terminal does not show stands there by its number."""
    text = json.dumps(key, ensure_ascii=False)
    return "".join(char if char.isprintable() else _escaped(ord(char)) for char in text)


def _escaped(number: int) -> str:
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"  # noqa: PLR2004 - four digits


def value_at(config: Any, path: str) -> Any:
    """Return what stands at a dotted path of field names."""
    return attrgetter(path)(config)


def settings_of(config: Any, path: str = "") -> Iterator[str]:
    """Return the paths of the settings of a group, those of its own groups included.

    Args:
        config: The object that *path* starts from.

        path: The group; all of *config* if empty. The path of a setting is its own only setting.
    """
    group = value_at(config, path) if path else config
    if not attrs.has(type(group)):
        yield path
        return
    for field in attrs.fields(type(group)):
        yield from settings_of(config, f"{path}.{field.name}" if path else field.name)
