"""Reading a JSON Schema that somebody else wrote: what it demands of a value, in one record."""

from __future__ import annotations

import math
from copy import copy
from typing import TYPE_CHECKING, Any, TypeGuard

import attrs

from meshconf.describe.description import ENTRY
from meshconf.diagnostics.words import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from meshconf.diagnostics.words import Path

__all__ = ["TYPES", "Demands", "Document", "is_in", "only_required", "types_of"]

#: Deeper than any configuration; what refers to itself has no end.
_MOST_DEEP = 64

#: More than any pair of schemas needs to be compared, whatever its unions.
_MOST_READ = 100_000

#: Integers are numbers too: "number" here stands for those with a fraction.
TYPES = frozenset({"string", "integer", "number", "boolean", "array", "object", "null"})

#: Keywords that bound a value from below, and from above.
_LEAST = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_MOST = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")

#: Keywords whose effect is not read further.
_CONDITIONS = ("not", "if", "then", "else", "dependencies", "contains", "patternProperties")


@attrs.define(eq=False, repr=False, kw_only=True)
class Demands:
    """What a schema demands of a value; all of it holds.

    Attributes:
        types: The types that it may have; none if nothing is accepted.

        values: The values that it may be; ``None`` if they are not listed.

        limits: The keywords that hold a bound, with the tightest one.

        patterns: The patterns of a text.

        formats: The formats of a text.

        factors: What a number is a multiple of.

        unique: Whether equal elements are refused.

        needs: Sets of keys, of each of which a table has at least one.

        properties: The schemas of its keys.

        others: The schema of the keys that have none of their own.

        names: The schemas of its keys themselves.

        items: The schemas of the first elements of an array.

        rest: The schema of the elements after those.

        choices: Lists of schemas, of each of which at least one has to accept the value.

        conditions: What else it demands: keyword and content.
    """

    types: frozenset[str] = TYPES
    values: list[Any] | None = None
    limits: dict[str, Any] = attrs.field(factory=dict)
    patterns: list[str] = attrs.field(factory=list)
    formats: list[str] = attrs.field(factory=list)
    factors: list[Any] = attrs.field(factory=list)
    unique: bool = False
    needs: list[frozenset[str]] = attrs.field(factory=list)
    properties: dict[str, Any] = attrs.field(factory=dict)
    others: Any = True
    names: Any = True
    items: list[Any] = attrs.field(factory=list)
    rest: Any = True
    choices: list[list[Any]] = attrs.field(factory=list)
    conditions: list[tuple[str, Any]] = attrs.field(factory=list)


def types_of(value: Any) -> frozenset[str]:
    """Return the types that a value of JSON has: one."""
    if isinstance(value, bool):
        return frozenset({"boolean"})
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return frozenset({"integer"})
    known = ((float, "number"), (str, "string"), (list, "array"), (dict, "object"))
    name = next((name for type_, name in known if isinstance(value, type_)), "null")
    return frozenset({name})


def _is_schema(value: Any) -> bool:
    return isinstance(value, (dict, bool))


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _is_names(value: Any) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _is_schemas(value: Any) -> bool:
    return isinstance(value, list) and value != [] and all(map(_is_schema, value))


def _is_items(value: Any) -> bool:
    return _is_schema(value) or value == [] or _is_schemas(value)


def _is_properties(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_schema, value.values()))


def _is_type(value: Any) -> bool:
    names = value if isinstance(value, list) else [value]
    return bool(names) and all(one in [*TYPES] for one in names)


def _is_factor(value: Any) -> bool:
    return _is_number(value) and value > 0


#: What each keyword must hold to be read.
_SHAPES: tuple[tuple[Callable[[Any], bool], str, tuple[str, ...]], ...] = (
    (_is_number, "a number", (*_LEAST, *_MOST)),
    (_is_factor, "a number above 0", ("multipleOf",)),
    (_is_names, "a list of names", ("required",)),
    (_is_schema, "a schema", ("additionalProperties", "propertyNames", "additionalItems", "not")),
    (_is_properties, "a table of schemas", ("properties",)),
    (_is_schemas, "a list of schemas", ("allOf", "anyOf", "oneOf")),
    (_is_items, "a schema or a list of schemas", ("items",)),
    (_is_type, "a type", ("type",)),
    (lambda value: isinstance(value, list), "a list", ("enum",)),
    (lambda value: isinstance(value, str), "a text", ("pattern", "format", "$ref")),
)


@attrs.define(eq=False, repr=False)
class Document:
    """A JSON Schema, read part by part and with suspicion.

    Attributes:
        schema: The whole, as parsed JSON.

        name: What messages call it.
    """

    schema: Any
    name: str
    _read: int = 0

    def demands(self, schema: Any, also: Demands | None = None) -> Demands:
        """Return what a schema demands, and what *also* does.

        Raises:
            ValueError: If it, or what it refers to, is no schema that can be read.
        """
        together = Demands() if also is None else _copied(also)
        for part in self._parts(schema, 0):
            if part is False:
                together.types = frozenset()
            elif part is not True:
                _add_values(together, part)
                _add_tables(together, part)
                _add_arrays(together, part)
                _add_conditions(together, part)
        return together

    def defaults(self, schema: Any = None, path: Path = ()) -> Iterator[tuple[Path, Any]]:
        """Yield the default of each key that has one, by its path; that of an entry by ``<name>``.

        Raises:
            ValueError: If a schema cannot be read.
        """
        if len(path) > _MOST_DEEP:
            raise self._error("it is too large, or contains itself")
        demands = self.demands(self.schema if schema is None else schema)
        for name, below in (*demands.properties.items(), (ENTRY, demands.others)):
            for part in self._parts(below, 0):
                if isinstance(part, dict) and "default" in part:
                    yield (*path, name), part["default"]
            if isinstance(below, dict) and "object" in self.demands(below).types:
                yield from self.defaults(below, (*path, name))

    def refuses_all(self, schema: Any) -> bool:
        """Tell whether a schema accepts nothing at all."""
        return not self.demands(schema).types

    def _parts(self, schema: Any, depth: int) -> Iterator[Any]:
        """Yield a schema and all that stands in its `allOf`, references resolved."""
        self._read += 1
        if depth > _MOST_DEEP or self._read > _MOST_READ:
            raise self._error("it is too large, or contains itself")
        if not _is_schema(schema):
            raise self._error("a schema is a table, true or false")
        if isinstance(schema, bool):
            yield schema
            return
        for fits, wanted, keywords in _SHAPES:
            for keyword in keywords:
                if keyword in schema and not fits(schema[keyword]):
                    reason = f"`{keyword}` is not {wanted}"
                    raise self._error(reason)
        if "$ref" in schema:  # what stands beside it is not read in draft-07
            yield from self._parts(self._resolved(schema["$ref"]), depth + 1)
            return
        yield schema
        for part in schema.get("allOf", ()):
            yield from self._parts(part, depth + 1)

    def _resolved(self, reference: str) -> Any:
        at: Any = self.schema
        start, *parts = reference.split("/")
        for part in parts:
            name = part.replace("~1", "/").replace("~0", "~")
            at = at.get(name) if isinstance(at, dict) else None
        if start != "#" or at is None:
            reason = f"it has nothing at the reference {quoted(reference)}"
            raise self._error(reason)
        return at

    def _error(self, reason: str) -> ValueError:
        return ValueError(f"{self.name} cannot be read: {reason}")


def _copied(demands: Demands) -> Demands:
    held = {field.name: getattr(demands, field.name) for field in attrs.fields(Demands)}
    return Demands(**{name: copy(value) for name, value in held.items()})


def _add_values(demands: Demands, part: Mapping[str, Any]) -> None:
    if "type" in part:
        names = part["type"] if isinstance(part["type"], list) else [part["type"]]
        demands.types &= frozenset(names) | ({"integer"} if "number" in names else frozenset())
    for keyword in ("enum", "const"):
        if keyword in part:
            values: list[Any] = part["enum"] if keyword == "enum" else [part["const"]]
            kept = values if demands.values is None else demands.values
            demands.values = [value for value in kept if is_in(value, values)]
    if demands.values is not None:
        demands.types &= frozenset().union(*map(types_of, demands.values))
    for keywords, tighter in ((_LEAST, max), (_MOST, min)):
        for keyword in keywords:
            if keyword in part:
                limit = part[keyword]
                demands.limits[keyword] = tighter(demands.limits.get(keyword, limit), limit)
    demands.patterns += [part["pattern"]] if "pattern" in part else []
    demands.formats += [part["format"]] if "format" in part else []
    demands.factors += [part["multipleOf"]] if "multipleOf" in part else []


def is_in(value: Any, values: list[Any]) -> bool:
    """Tell whether a value is among others; 1 is 1.0 there, but true is not 1."""
    return any(value == one and types_of(value) == types_of(one) for one in values)


def _add_tables(demands: Demands, part: Mapping[str, Any]) -> None:
    demands.needs += (frozenset({name}) for name in part.get("required", ()))
    for name, schema in part.get("properties", {}).items():
        demands.properties[name] = _both(demands.properties.get(name, True), schema)
    demands.others = _both(demands.others, part.get("additionalProperties", True))
    demands.names = _both(demands.names, part.get("propertyNames", True))


def _both(one: Any, other: Any) -> Any:
    return other if one is True else one if other is True else {"allOf": [one, other]}


def _add_arrays(demands: Demands, part: Mapping[str, Any]) -> None:
    demands.unique = demands.unique or part.get("uniqueItems") is True
    items = part.get("items", True)
    if isinstance(items, list):
        demands.items = items
        demands.rest = part.get("additionalItems", True)
    else:
        demands.rest = _both(demands.rest, items)


def _add_conditions(demands: Demands, part: Mapping[str, Any]) -> None:
    for keyword in ("anyOf", "oneOf"):
        branches = part.get(keyword)
        if branches is not None:
            names = [only_required(branch) for branch in branches]
            if all(len(some) == 1 for some in names):
                demands.needs.append(frozenset(name for some in names for name in some))
            else:
                demands.choices.append(branches)
    demands.conditions += ((word, part[word]) for word in _CONDITIONS if word in part)


def only_required(schema: Any) -> list[str]:
    """Return the keys that a schema demands, if it demands nothing else."""
    required = schema.get("required") if isinstance(schema, dict) and len(schema) == 1 else None
    return required if _is_names(required) else []
