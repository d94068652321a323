"""Comparing values of a configuration by what the schema declares."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from math import isnan
from typing import TYPE_CHECKING, Any

from meshconf.describe.file_text import plain
from meshconf.evolution.proof import same
from meshconf.schema import kinds

if TYPE_CHECKING:
    from meshconf.schema.model import Model

__all__ = ["alike", "compares_as_python"]

#: Of these == says less than a file does: the sign of a zero, the offset of a time.
_WRITTEN = (float, dt.date, dt.time)


def alike(kind: kinds.Kind, left: Any, right: Any) -> bool:
    """Tell whether two values of a setting are the same to a reader of the file.

    They are compared as Python does, but to the letter where any value may stand: there 1, 1.0
    and true differ.
    """
    if left is right:
        return True
    kind = kinds.bare(kind)
    if isinstance(kind, (kinds.Anything, kinds.Converted)):
        return type(left) is type(right) and _alike_as_written(kind, left, right)
    model = _model_of(kind, left)
    if model is not None and type(right) is model.cls:
        return _alike_groups(model, left, right)
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        return _alike_lists(kind, left, right)
    if isinstance(kind, kinds.MapOf) and isinstance(left, Mapping) and isinstance(right, Mapping):
        return _alike_maps(kind.item, left, right)
    return _equal(left, right)


def compares_as_python(kind: kinds.Kind) -> bool:
    """Tell whether values of a kind that Python calls equal are alike in any case."""
    match kinds.bare(kind):
        case kinds.Scalar() | kinds.Choice() | kinds.Masked():
            return True
        case kinds.ListOf(item) | kinds.MapOf(_, item):
            return compares_as_python(item)
        case kinds.FixedArray(items):
            return all(map(compares_as_python, items))
        case _:
            return False


def _is_nan(value: Any) -> bool:
    return type(value) is float and isnan(value)


def _alike_as_written(kind: kinds.Kind, left: Any, right: Any) -> bool:
    """Compare two values of one type to the letter."""
    if isinstance(left, Mapping):
        return _alike_maps(kind, left, right)
    if isinstance(left, (list, tuple)):
        return _alike_lists(kinds.ListOf(kind, list), left, right)
    if isinstance(left, (set, frozenset)):
        return _equal(left, right) and same(plain(left), plain(right))
    return same(left, right) if isinstance(left, _WRITTEN) else _equal(left, right)


def _model_of(kind: kinds.Kind, value: Any) -> Model | None:
    return next((one for one in kinds.models_in(kind) if type(value) is one.cls), None)


def _alike_groups(model: Model, left: Any, right: Any) -> bool:
    return all(
        alike(one.kind, getattr(left, one.attribute), getattr(right, one.attribute))
        for one in model.settings.values()
    )


def _alike_lists(kind: kinds.Kind, left: Any, right: Any) -> bool:
    if len(left) != len(right):
        return False
    items = kind.items if isinstance(kind, kinds.FixedArray) else ()
    item = kind.item if isinstance(kind, kinds.ListOf) else kinds.Anything()
    declared = (*items, *[item] * (len(left) - len(items)))
    return all(map(alike, declared, left, right))


def _alike_maps(item: kinds.Kind, left: Mapping[Any, Any], right: Mapping[Any, Any]) -> bool:
    return left.keys() == right.keys() and all(alike(item, left[key], right[key]) for key in left)


def _equal(left: Any, right: Any) -> bool:
    """Compare as Python does, whatever code of the schema's author that runs."""
    try:
        return bool(left == right) or (_is_nan(left) and _is_nan(right))
    except Exception:  # such as an array, which has no one answer
        return False
