"""The declared type of a field, compiled into one of a few kinds of value.

Whoever handles values (structuring, reading text, diagnosing, describing) goes by these kinds
and never looks at a type hint again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from meshconf.diagnostics.words import quoted
from meshconf.schema import values
from meshconf.schema.constraints import Constraint

if TYPE_CHECKING:
    from meshconf.schema.model import Model  # noqa: TC004 - nothing resolves these annotations

__all__ = [
    "BYTES",
    "SCALARS",
    "SECONDS",
    "Anything",
    "Choice",
    "Constrained",
    "Converted",
    "FixedArray",
    "Group",
    "GroupMap",
    "Kind",
    "ListOf",
    "MapOf",
    "Masked",
    "OptionalOf",
    "Scalar",
    "TaggedUnion",
    "bare",
    "describe",
    "limits",
    "models_in",
]


@attrs.frozen(eq=False, repr=False)
class Scalar:
    """A single value.

    Attributes:
        type: What it is in Python.

        name: What declarations call it: "int", "duration".

        convert: Takes the plain value; returns the converted one or raises BadValue.
    """

    type: type
    name: str
    convert: Callable[[object], Any]


@attrs.frozen(eq=False, repr=False)
class Choice:
    """A closed set of values: an Enum, or a Literal.

    Attributes:
        options: What a file may say, in the order of the declaration.

        enum: The Enum, or ``None`` for a Literal.
    """

    options: tuple[Any, ...]
    enum: type[Enum] | None = None

    @property
    def aliases(self) -> tuple[Any, ...]:
        """Further values that a file may say; an Enum maps each to one of its members."""
        if self.enum is None:
            return ()
        return tuple(
            value
            for value in self.enum._value2member_map_
            if type(value) in self._types and value not in self.options
        )

    @property
    def closed(self) -> bool:
        """Whether options and aliases are all; an Enum with a `_missing_` may read more."""
        return self.enum is None or _missing(self.enum) is _missing(Enum)

    @property
    def _types(self) -> set[type]:
        return {type(option) for option in self.options}

    def convert(self, value: object, _: object = None) -> Any:
        """Return the member for a value, or raise BadValue."""
        if self.enum is not None:
            return self._member(self.enum, value)
        for option in self.options:
            if type(option) is type(value) and option == value:
                return option
        raise self._bad(value)

    def _member(self, enum: type[Enum], value: object) -> Any:
        if isinstance(value, enum):
            return value
        # An Enum would take True for 1; what is of another type is none of its values.
        if type(value) in self._types:
            try:
                return enum(value)
            except ValueError:
                pass
        raise self._bad(value)

    def _bad(self, value: object) -> values.BadValue:
        from meshconf.diagnostics.suggest import nearest

        choices = ", ".join(map(quoted, self.options))
        near = nearest(value, map(str, self.options)) if isinstance(value, str) else ()
        return values.BadValue(
            "MC203",
            f"must be one of {choices}",
            f", got {quoted(value)}",
            label=f"did you mean {quoted(near[0])}?" if near else "not one of them",
            found=quoted(value),
        )


def _missing(enum: type[Enum]) -> object:
    return getattr(enum._missing_, "__func__", None)


@attrs.frozen(eq=False, repr=False)
class Anything:
    """A value of any kind, taken as it is."""


@attrs.frozen(eq=False, repr=False)
class Converted:
    """A value that a converter of the schema's author takes.

    Attributes:
        convert: The converter.

        by_class: Whether the class itself runs it, as attrs classes do.
    """

    convert: Callable[[Any], Any]
    by_class: bool


@attrs.frozen(eq=False, repr=False)
class Masked:
    """A `Secret` around a value."""

    inner: Kind


@attrs.frozen(eq=False, repr=False)
class OptionalOf:
    """A value or None; a TOML file can only leave it out."""

    inner: Kind


@attrs.frozen(eq=False, repr=False)
class Constrained:
    """A value on which the type hint puts constraints."""

    inner: Kind
    constraints: tuple[Constraint, ...]


@attrs.frozen(eq=False, repr=False)
class ListOf:
    """An array of equal elements: list, tuple, set or frozenset."""

    item: Kind
    container: Callable[[Iterator[Any]], Any]


@attrs.frozen(eq=False, repr=False)
class FixedArray:
    """A tuple of a fixed number of elements, each with its own type."""

    items: tuple[Kind, ...]


@attrs.frozen(eq=False, repr=False)
class MapOf:
    """A mapping from names to values, replaced as a whole."""

    key: Kind
    item: Kind


@attrs.frozen(eq=False, repr=False)
class Group:
    """A nested class."""

    model: Model


@attrs.frozen(eq=False, repr=False)
class GroupMap:
    """A mapping from names to groups, merged name by name."""

    model: Model


@attrs.frozen(eq=False, repr=False)
class TaggedUnion:
    """A group of one of several classes, told apart by the value of one field.

    Attributes:
        tag: The name of that field.

        models: The class for each value of it.
    """

    tag: str
    models: Mapping[Any, Model]

    def chosen(self, value: object) -> Model | None:
        """Return the class for a value of the field; None if it is none of them."""
        return self.models.get(value) if isinstance(value, (str, int)) else None


Kind = (
    Scalar
    | Choice
    | Anything
    | Converted
    | Masked
    | OptionalOf
    | Constrained
    | ListOf
    | FixedArray
    | MapOf
    | Group
    | GroupMap
    | TaggedUnion
)

#: The scalar types, each with its strict conversion.
SCALARS: dict[Any, Scalar] = {
    scalar.type: scalar
    for scalar in (
        Scalar(bool, "bool", values.strict_boolean),
        Scalar(int, "int", values.strict_integer),
        Scalar(float, "float", values.strict_float),
        Scalar(str, "str", values.strict_string),
        Scalar(Path, "path", values.strict_path),
        Scalar(dt.datetime, "date-time", values.strict_datetime),
        Scalar(dt.date, "date", values.strict_date),
        Scalar(dt.time, "time", values.strict_time),
        Scalar(dt.timedelta, "duration", values.strict_duration),
    )
}

#: A float that counts seconds.
SECONDS = Scalar(float, "seconds", values.strict_seconds)

#: An integer that counts bytes.
BYTES = Scalar(int, "bytes", values.strict_size)


def bare(kind: Kind) -> Kind:
    """Take away what surrounds a kind: optional, secret, constrained."""
    while isinstance(kind, (Masked, OptionalOf, Constrained)):
        kind = kind.inner
    return kind


def models_in(kind: Kind) -> tuple[Model, ...]:
    """Return the models of the classes that a value of this kind is made of."""
    match bare(kind):
        case Group(model) | GroupMap(model):
            return (model,)
        case TaggedUnion(_, models):
            return tuple(models.values())
        case ListOf(item) | MapOf(_, item):
            return models_in(item)
        case FixedArray(items):
            return tuple(model for item in items for model in models_in(item))
        case _:
            return ()


def describe(kind: Kind) -> str:
    """Write a kind in a few words, as a declaration would: "array of int, 400..=599"."""
    match kind:
        case Scalar(_, name):
            return name
        case Choice(options):
            return "one of " + ", ".join(map(quoted, options))
        case Masked(inner):
            return f"secret {describe(inner)}"
        case OptionalOf(inner):
            return f"optional {describe(inner)}"
        case Constrained(inner, constraints):
            return ", ".join([describe(inner), *limits(constraints)])
        case ListOf(item):
            return f"array of {describe(item)}"
        case FixedArray(items):
            return "array of " + ", ".join(map(describe, items))
        case MapOf(_, item):
            return f"table of {describe(item)}"
        case Group(model) | GroupMap(model):
            word = "table" if isinstance(kind, Group) else "tables"
            return f"{word} {model.cls.__name__}"
        case TaggedUnion(tag, models):
            return f"table with {tag} = " + " or ".join(map(quoted, models))
        case _:
            return "any value"


def limits(constraints: tuple[Constraint, ...]) -> list[str]:
    """Write constraints in a few words, a lower and an upper limit as one range."""
    said = [constraint.describe() for constraint in constraints]
    low = next((text for text in said if text.startswith(">= ")), None)
    high = next((text for text in said if text.startswith("<= ")), None)
    if low and high:
        rest = [text for text in said if text not in (low, high)]
        return [f"{low[3:]}..={high[3:]}", *rest]
    return said
