"""Values of a configuration, written as a file would have them."""

from __future__ import annotations

import datetime as dt
import inspect
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import Enum
from pathlib import PurePath
from typing import Any

import attrs
import tomli_w

from meshconf.diagnostics.words import dotted, printable
from meshconf.schema.compile import model_of
from meshconf.schema.quantities import format_seconds
from meshconf.schema.secret import MASK, Secret

__all__ = ["about", "plain", "toml_value"]


def toml_value(value: Any) -> str:
    """Write one plain value in TOML, on one line."""
    if isinstance(value, Mapping):
        pairs = ", ".join(
            f"{dotted((str(key),))} = {toml_value(item)}" for key, item in value.items()
        )
        return f"{{ {pairs} }}" if pairs else "{}"
    if isinstance(value, list):
        return f"[{', '.join(map(toml_value, value))}]"
    if isinstance(value, str):
        return "".join(map(_escaped, tomli_w.dumps({"v": value})[4:-1]))
    return tomli_w.dumps({"v": value})[4:-1]


def _escaped(char: str) -> str:
    """Escape what could steer a terminal and what TOML would let stand."""
    if char == printable(char):
        return char
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"  # noqa: PLR2004 - the end of Unicode's first plane


def plain(value: Any, *, reveal: bool = False) -> Any:
    """Turn a value of a configuration into what a file would say.

    Args:
        value: The value.

        reveal: Whether secrets are said too; otherwise they are masked.
    """
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, Secret):
        return plain(value.reveal(), reveal=reveal) if reveal else MASK
    if isinstance(value, dt.timedelta):
        return format_seconds(value.total_seconds())
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, Mapping):
        return {
            str(plain(key)): plain(item, reveal=reveal)
            for key, item in value.items()
            if item is not None
        }
    if isinstance(value, AbstractSet):
        return sorted((plain(item, reveal=reveal) for item in value), key=repr)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(item, reveal=reveal) for item in value]
    if attrs.has(type(value)) or hasattr(value, "__dataclass_fields__"):
        return dict(_plain_group(value, reveal=reveal))
    return value


def _plain_group(value: Any, *, reveal: bool) -> Iterable[tuple[str, Any]]:
    cls: Any = type(value)
    for setting in model_of(cls).settings.values():
        held = getattr(value, setting.attribute)
        if held is not None:
            masked = setting.secret and not reveal
            yield setting.name, MASK if masked else plain(held, reveal=reveal)


def about(cls: type) -> str:
    """Return what the docstring of a class begins with; empty if its author wrote none."""
    first = inspect.cleandoc(cls.__doc__ or "").split("\n\n", 1)[0]
    # dataclasses write one of their own.
    return "" if first.startswith(f"{cls.__name__}(") else " ".join(first.split())
