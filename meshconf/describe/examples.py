"""A value that a setting takes, for those that have no default to show."""

from __future__ import annotations

import datetime as dt
from itertools import product
from typing import TYPE_CHECKING, Any

from meshconf.describe.file_text import holds_secret, plain
from meshconf.loading.convert import violation
from meshconf.loading.structure import Structurer
from meshconf.schema import kinds
from meshconf.schema.constraints import Bound, OneOf

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from meshconf.describe.description import Described
    from meshconf.schema.constraints import Constraint
    from meshconf.schema.model import Setting

__all__ = ["NO_EXAMPLE", "example_of", "value_to_show"]

NO_EXAMPLE: Any = object()

#: Texts that most checks of addresses, paths and names let pass, one of them.
_TEXTS = ("change-me", "changeme", "localhost", "localhost:8080", "http://localhost:8080", "/path")

#: So many combinations of elements are tried for an array.
_MOST_TRIED = 100


def value_to_show(described: Described) -> Any:
    """Return what a file made from a schema shows for a setting, as a file would say it.

    Returns:
        Its default, or an example of what is required; ``NO_EXAMPLE`` if there is neither, or
        if a secret in it may not be shown.
    """
    if described.required:
        return example_of(described.setting)
    if described.default is None or described.computed or holds_secret(described.default):
        return NO_EXAMPLE
    return plain(described.default)


def example_of(setting: Setting) -> Any:
    """Find a value that a setting takes.

    Args:
        setting: The setting; no group.

    Returns:
        The value as a file would say it; ``NO_EXAMPLE`` if none is found.
    """
    convert = Structurer().of_kind(setting.kind)
    for value in _candidates(setting.kind, setting.constraints):
        try:
            converted = convert(value)
        except Exception:  # noqa: S112 - what a check of the author's raises is a refusal
            continue
        if violation(setting.constraints, converted) is None:
            return plain(value)
    return NO_EXAMPLE


def _candidates(kind: kinds.Kind, constraints: Iterable[Constraint]) -> Iterator[Any]:
    """Yield values that may do, the plainest first."""
    match kind:
        case kinds.OptionalOf(inner) | kinds.Masked(inner):
            yield from _candidates(inner, constraints)
        case kinds.Constrained(inner, own):
            yield from _candidates(inner, (*own, *constraints))
        case kinds.Choice(options):
            yield from options
        case kinds.ListOf(item):
            yield from ([value] for value in _candidates(item, ()))
            yield []
        case kinds.FixedArray(items):
            tried = product(*(list(_candidates(item, ())) for item in items))
            yield from (list(values) for values, _ in zip(tried, range(_MOST_TRIED), strict=False))
        case kinds.MapOf(key, item):
            name = next(_candidates(key, ()), "name")
            yield from ({name: value} for value in _candidates(item, ()))
            yield {}
        case kinds.Scalar(type_):
            yield from _from_constraints(constraints)
            yield from _of_type(type_)
        case _:
            yield from (*_TEXTS, 1, True)


def _from_constraints(constraints: Iterable[Constraint]) -> Iterator[Any]:
    for constraint in constraints:
        match constraint:
            case OneOf(options):
                yield from options
            case Bound(">=" | "<=", limit):
                yield limit
            case Bound(">", limit) if isinstance(limit, (int, float)):
                yield limit + 1
            case Bound("<", limit) if isinstance(limit, (int, float)):
                yield limit - 1
            case _:
                pass


def _of_type(type_: type) -> tuple[Any, ...]:
    if type_ is bool:
        return (True, False)
    if type_ in (int, float):
        return (type_(1), type_(0), type_(10), type_(100))
    if type_ is dt.timedelta:
        return ("1s", "1m", "1h", "1d")
    if type_ is dt.datetime:
        return (dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc), dt.datetime(2026, 1, 1))  # noqa: DTZ001 - either may be asked for
    if type_ is dt.date:
        return (dt.date(2026, 1, 1),)
    if type_ is dt.time:
        return (dt.time(12),)
    return _TEXTS
