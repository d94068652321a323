"""Type hints, resolved: postponed annotations, generics, inheritance."""

from __future__ import annotations

import functools
import inspect
import sys
import types
import typing
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, Union, get_args, get_origin

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["behind_name", "hints_of", "substitute"]


@functools.cache  # each field of a class asks
def hints_of(hint: Any) -> Mapping[str, Any]:
    """Resolve the hints of a class's fields, type variables filled in.

    Args:
        hint: A class, or a generic class with its arguments.

    Returns:
        The hint of each name.

    Raises:
        TypeError: If a hint cannot be resolved, as when it names what its module does not know.
    """
    cls = get_origin(hint) or hint
    resolved: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        own = _own_hints(base)
        filled = _variables(hint, base)
        resolved.update({name: substitute(value, filled) for name, value in own.items()})
    return types.MappingProxyType(resolved)


def _own_hints(cls: type) -> dict[str, Any]:
    try:
        names = inspect.get_annotations(cls)
        hints = typing.get_type_hints(cls, include_extras=True)
    except Exception:
        found = "; ".join(_unresolved(cls))
    else:
        return {name: hints[name] for name in names}
    raise TypeError(found)


def _unresolved(cls: type) -> Iterator[str]:
    """Tell which fields have hints that cannot be resolved, and why."""
    module = sys.modules.get(cls.__module__)  # there is none of what was executed from a text
    known = {} if module is None else vars(module)
    for name, hint in _as_written(cls).items():
        alone = types.SimpleNamespace(__annotations__={name: hint})
        try:
            typing.get_type_hints(alone, known, dict(vars(cls)))
        except NameError as error:
            yield f"{cls.__qualname__}.{name}: its module does not know {error.name!r}"
        except Exception as error:
            yield f"{cls.__qualname__}.{name}: {error}"


def _as_written(cls: type) -> dict[str, Any]:
    """Return the hints of a class without resolving them."""
    if sys.version_info >= (3, 14):
        import annotationlib

        return annotationlib.get_annotations(cls, format=annotationlib.Format.FORWARDREF)
    return inspect.get_annotations(cls)


def behind_name(hint: Any) -> Any:
    """Return what a NewType or a `type` statement gives a name to; None for any other hint."""
    if isinstance(hint, typing.NewType):
        return hint.__supertype__
    return hint.__value__ if type(hint) is getattr(typing, "TypeAliasType", None) else None


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
    arguments, origin = get_args(hint), get_origin(hint)
    if not variables or not arguments or origin is typing.Literal:
        return hint
    if origin is Annotated:
        inner = substitute(arguments[0], variables)
        return functools.reduce(lambda made, part: Annotated[made, part], arguments[1:], inner)
    filled = tuple(
        substitute(argument, variables) if argument is not ... else ... for argument in arguments
    )
    if origin in (Union, types.UnionType):
        return Union[filled]  # noqa: UP007 - the parts are only known here
    return hint.copy_with(filled) if hasattr(hint, "copy_with") else origin[filled]
