"""Constraints and units that stand in type hints, in the words of annotated-types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import annotated_types

from meshconf.schema.constraints import Bound, Constraint, CustomCheck, Length, MultipleOf
from meshconf.schema.setting import FieldMaker, read_validators

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["from_annotation", "units_in"]


def units_in(metadata: Iterable[object]) -> set[str]:
    """Find the units among the metadata of an `Annotated[…]`."""
    return {item.unit for item in metadata if isinstance(item, annotated_types.Unit)}


def from_annotation(metadata: Iterable[Any]) -> tuple[Constraint, ...]:
    """Read the constraints among the metadata of an `Annotated[…]`."""
    found: list[Constraint] = []
    for item in metadata:
        if isinstance(item, annotated_types.GroupedMetadata):
            found += from_annotation(item)
        elif isinstance(item, FieldMaker):
            found += read_validators(item._validator)[0]  # noqa: SLF001 - it has no public name
        else:
            found += _from_annotated_type(item)
    return tuple(found)


def _from_annotated_type(item: object) -> tuple[Constraint, ...]:
    match item:
        case annotated_types.Gt(gt):
            return (Bound(">", gt),)
        case annotated_types.Ge(ge):
            return (Bound(">=", ge),)
        case annotated_types.Lt(lt):
            return (Bound("<", lt),)
        case annotated_types.Le(le):
            return (Bound("<=", le),)
        case annotated_types.MinLen(least):
            return (Length(least),)
        case annotated_types.MaxLen(most):
            return (Length(0, most),)
        case annotated_types.MultipleOf(factor):
            return (MultipleOf(factor),)
        case annotated_types.Predicate(function):
            return (CustomCheck(lambda value: _predicate(function, value), _name(function)),)
        case _:
            return ()


def _predicate(function: Callable[[Any], object], value: Any) -> None:
    if not function(value):
        msg = "it does not hold"
        raise ValueError(msg)


def _name(function: object) -> str:
    return getattr(function, "__name__", None) or type(function).__name__
