"""JSON in a variable, read as strictly as TOML."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from meshconf.diagnostics.words import noun
from meshconf.schema.values import BadValue
from meshconf.sources.budget import DEEPEST, levels

__all__ = ["read_json", "read_json_table"]


class _NotJsonError(ValueError):
    pass


def read_json(text: str) -> Any:
    """Read a JSON text.

    Args:
        text: The text, of a size that a variable can have.

    Returns:
        The value.

    Raises:
        BadValue: If it is no JSON, gives a key twice, holds NaN, an infinity or half of a
            surrogate pair, or nests deeper than 64 levels.
    """
    span: tuple[int, int] | None = None
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        reason = error.msg[:1].lower() + error.msg[1:]
        span = (error.pos, min(error.pos + 1, len(text)))
    except _NotJsonError as error:
        reason = str(error)
    except RecursionError:
        reason = f"it nests deeper than {DEEPEST} levels"
    except ValueError:  # thousands of digits
        reason = "a number has too many digits"
    else:
        if sum(1 for _ in levels(value)) > DEEPEST:
            reason = f"it nests deeper than {DEEPEST} levels"
        elif _is_encodable(text, value):
            return value
        else:
            reason = "half of a surrogate pair stands alone"
    raise BadValue(
        "MC206", "is not valid JSON", f": {reason}", label=reason, span=span, found="text"
    )


def _is_encodable(text: str, value: object) -> bool:
    """Tell whether all texts in a value are Unicode: escapes may write what no encoding takes."""
    if text.isascii() and "\\u" not in text:
        return True
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        msg = "a key is given twice"
        raise _NotJsonError(msg)
    return table


def _no_constant(name: str) -> NoReturn:
    msg = f"{name} is no JSON number"
    raise _NotJsonError(msg)


def read_json_table(text: str) -> dict[str, Any]:
    """Read a JSON text that must be an object.

    Raises:
        BadValue: As read_json, or if it is another kind of value.
    """
    value = read_json(text)
    if isinstance(value, dict):
        return value
    found = noun(value)
    raise BadValue("MC206", "must be a JSON table", f", got {found}", label=found, found=found)
