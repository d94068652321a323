"""Type hints, resolved: postponed annotations, generics, inheritance."""

from __future__ import annotations

import functools
import inspect
import types
import typing
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

__all__ = ["hints_of", "substitute"]


def hints_of(hint: Any) -> dict[str, Any]:
    """Resolve the hints of a class's fields, type variables filled in.

    Args:
        hint: A class, or a generic class with its arguments.

    Returns:
        The hint of each name.

    Raises:
        TypeError: If a hint names what its module does not know.
    """
    cls = get_origin(hint) or hint
    resolved: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        own = _own_hints(base)
        filled = _variables(hint, base)
        resolved.update({name: substitute(value, filled) for name, value in own.items()})
    return resolved


def _own_hints(cls: type) -> dict[str, Any]:
    try:
        names = inspect.get_annotations(cls)
        hints = typing.get_type_hints(cls, include_extras=True)
    except NameError as error:
        unknown = error.name
    else:
        return {name: hints[name] for name in names}
    msg = f"{cls.__qualname__}: {_culprit(cls, unknown)}the module of the class does not know"
    raise TypeError(msg)


def _culprit(cls: type, unknown: str | None) -> str:
    """Name the field whose hint could not be resolved, where the hints are still text."""
    texts = {name: str(hint) for name, hint in vars(cls).get("__annotations__", {}).items()}
    field = next((name for name, text in texts.items() if unknown and unknown in text), "")
    return f"the hint of `{field}` names {unknown!r}, which " if field else f"{unknown!r} is what "


def _variables(hint: Any, base: type) -> dict[Any, Any]:
    """Find what the type variables of *base* stand for, seen from *hint*."""
    cls = get_origin(hint) or hint
    own = dict(zip(getattr(cls, "__parameters__", ()), get_args(hint), strict=False))
    if cls is base:
        return own
    for parent in getattr(cls, "__orig_bases__", cls.__bases__):
        if base in (get_origin(parent) or parent).__mro__:
            return _variables(substitute(parent, own), base)
    return {}


def substitute(hint: Any, variables: dict[Any, Any]) -> Any:
    """Put types in the place of type variables."""
    if isinstance(hint, TypeVar):
        return variables.get(hint, hint)
    arguments = get_args(hint)
    if not variables or not arguments:
        return hint
    origin = get_origin(hint)
    if origin is Annotated:
        inner = substitute(arguments[0], variables)
        return functools.reduce(lambda made, part: Annotated[made, part], arguments[1:], inner)
    filled = tuple(
        substitute(argument, variables) if argument is not ... else ... for argument in arguments
    )
    if origin in (Union, types.UnionType):
        return Union[filled]  # noqa: UP007 - the parts are only known here
    if origin is typing.Literal:
        return hint
    return hint.copy_with(filled) if hasattr(hint, "copy_with") else origin[filled]
