"""Values of a configuration, written as a file would have them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import Enum
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import attrs

from meshconf.diagnostics.opaque import own_words
from meshconf.diagnostics.toml_text import toml_value
from meshconf.schema.compile import model_of
from meshconf.schema.quantities import format_seconds
from meshconf.schema.secret import MASK, Secret

if TYPE_CHECKING:
    from meshconf.schema.model import Setting

__all__ = ["holds_secret", "plain"]


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
        return {_key(plain(key)): plain(item, reveal=reveal) for key, item in value.items()}
    if isinstance(value, AbstractSet):
        return sorted((plain(item, reveal=reveal) for item in value), key=toml_value)
    if _is_array(value):
        return [plain(item, reveal=reveal) for item in value]
    if _is_group(value):
        return {
            setting.name: MASK if setting.secret and not reveal else plain(held, reveal=reveal)
            for setting, held in _set_in(value)
        }
    return value


def _key(key: Any) -> str:
    return key if isinstance(key, str) else own_words(key)


def _is_array(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes, bytearray))


def _is_group(value: Any) -> bool:
    cls = type(value)
    return attrs.has(cls) or hasattr(cls, "__dataclass_fields__")


def _set_in(group: Any) -> Iterator[tuple[Setting, Any]]:
    """Yield the settings of a group that are set, each with its value."""
    cls: Any = type(group)
    for setting in model_of(cls).settings.values():
        held = getattr(group, setting.attribute)
        if held is not None:
            yield setting, held


def holds_secret(value: Any) -> bool:
    """Tell whether a value of a configuration is, or has in it, what `plain` masks."""
    if isinstance(value, Enum):
        return holds_secret(value.value)
    if isinstance(value, Secret):
        return True
    if isinstance(value, Mapping):
        return any(map(holds_secret, value.values()))
    if isinstance(value, AbstractSet) or _is_array(value):
        return any(map(holds_secret, value))
    return _is_group(value) and any(
        one.secret or holds_secret(held) for one, held in _set_in(value)
    )
