"""The JSON Schema of a schema, draft-07: what editors check and complete TOML files with."""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from typing import TYPE_CHECKING, Any

import attrs

from meshconf.describe.description import ELEMENT, ENTRY, about
from meshconf.describe.file_text import plain
from meshconf.diagnostics.json_report import json_text
from meshconf.loading.convert import violation
from meshconf.schema import kinds
from meshconf.schema.configuration import VERSION_KEY
from meshconf.schema.constraints import Bound, Length, MultipleOf, OneOf, Pattern
from meshconf.schema.model import REQUIRED

if TYPE_CHECKING:
    from meshconf.describe.description import (
        Described,
        DescribedGroup,  # noqa: TC004 - nothing resolves annotations
        Description,
    )
    from meshconf.diagnostics.words import Path
    from meshconf.schema.constraints import Constraint

__all__ = ["json_schema", "json_schema_text"]

DRAFT = "http://json-schema.org/draft-07/schema#"

#: What a value may be is written with no look-around: the editors' engines have none.
_BLANK = r"[ \t-\r]*"
_WHOLE = rf"{_BLANK}[+-]?[0-9]{{1,20}}"
_NUMBER = rf"{_WHOLE}(?:\.[0-9]{{1,20}})?{_BLANK}"
_DURATION = "".join(f"(?:{_NUMBER}{unit})?" for unit in ("w", "d", "h", "m", "s", "ms", "[uµ]s"))
_SIZE = rf"{_WHOLE}(?:\.0{{1,20}})?{_BLANK}B?|{_NUMBER}(?:[kKMGT]B|[KMGT]iB)"

_TEXTS: Mapping[str, str] = {
    "duration": rf"^(?:{_NUMBER}|{_DURATION})\s*$",
    "size": rf"^(?:{_SIZE})\s*$",
}

#: What stands for a kind of value where no constraint says more; the formats are those that
#: editors know for TOML's own date-times and times, with an offset or without.
_PLAIN: Mapping[str, Mapping[str, Any]] = {
    "bool": {"type": "boolean"},
    "path": {"type": "string", "minLength": 1},
    "date-time": {
        "anyOf": [
            {"type": "string", "format": "date-time"},
            {"type": "string", "format": "date-time-local"},
        ]
    },
    "date": {"type": "string", "format": "date"},
    "time": {"type": "string", "format": "time-local"},
}

#: The types of an Enum's values, bool before int.
_TYPES: tuple[tuple[tuple[type, ...], str], ...] = (
    ((bool,), "boolean"),
    ((int,), "integer"),
    ((float,), "number"),
    ((str, dt.date, dt.time), "string"),
)

_BOUNDS = {
    ">": "exclusiveMinimum",
    ">=": "minimum",
    "<": "exclusiveMaximum",
    "<=": "maximum",
}

# A regular expression of these parts alone means the same to Python, ECMA 262 and Rust.
_CHAR = (
    r"(?:[^\\^$.|?*+()\[\]{}\U00010000-\U0010ffff]|\\[\\^$.|?*+()\[\]{}/tnrfv]|\\x[0-9A-Fa-f]{2})"
)
_IN_CLASS = (
    r"(?:[^\\\[\]&~\-\U00010000-\U0010ffff]|\\[\\^$.|?*+()\[\]{}/\-tnrfv]|\\x[0-9A-Fa-f]{2})"
)
_CLASS = rf"\[\^?-?(?:\\[dDsSwW]|{_IN_CLASS}-{_IN_CLASS}|{_IN_CLASS})+-?\]"
_REPEAT = r"(?:[*+?]|\{[0-9]+(?:,[0-9]*)?\})\??"
_PORTABLE = re.compile(
    rf"(?:(?:{_CHAR}|{_CLASS}|\\[dDsSwW]|\.|\))(?:{_REPEAT})?|\((?:\?:)?|[|^$]|\\[bB])*"
)


def json_schema(description: Description) -> dict[str, Any]:
    """Write the JSON Schema of a schema.

    It accepts one file alone, as the loader does without an environment, with these exceptions:
    keys only as they are declared, while the loader also reads them in other case and with
    dashes; no bounds on durations and sizes that are written as text, but that a positive one
    holds a digit other than 0; no checks by functions, and no patterns that other languages
    read otherwise; no difference between an integer and a float without a fraction, nor between
    a date and a text.

    Args:
        description: The schema.

    Returns:
        The JSON Schema, draft-07.
    """
    model = description.root.model
    root = _object(description.root, {}, inherited=False)
    if VERSION_KEY not in model.settings:
        root["properties"] = {VERSION_KEY: _version(model.configuration.version)} | root[
            "properties"
        ]
    document = {"$schema": DRAFT, "title": model.cls.__name__, **root}
    used = {name: _definition(name) for name in sorted(set(_references(root)))}
    return document | ({"definitions": used} if used else {})


def json_schema_text(description: Description) -> str:
    """Write the JSON Schema of a schema as text.

    Args:
        description: The schema.

    Returns:
        The document, with a newline at its end; equal schemas give equal texts.
    """
    return json_text(json_schema(description)) + "\n"


def _version(current: int) -> dict[str, Any]:
    return {
        "description": "Version of the layout of this file; 1 if it does not say.",
        "type": "integer",
        "minimum": 1,
        "maximum": current,
    }


def _definition(name: str) -> dict[str, Any]:
    """Write the text of a quantity; it has a digit, a positive one a digit that is not 0 as well.

    Each pattern of the wider definition stands in the narrower one, so that whoever compares
    two of them sees which is which.
    """
    sign, _, quantity = name.rpartition("_")
    patterns = [_TEXTS[quantity], "[0-9]", *(["[1-9]"] if sign else [])]
    return {"type": "string", "allOf": [{"pattern": pattern} for pattern in patterns]}


def _references(part: Any) -> Iterator[str]:
    """Find the names of the definitions that a part refers to."""
    if isinstance(part, dict):
        if isinstance(reference := part.get("$ref"), str):
            yield reference.rpartition("/")[2]
        for below in part.values():
            yield from _references(below)
    elif isinstance(part, list):
        for below in part:
            yield from _references(below)


def _object(group: DescribedGroup, start: Mapping[str, Any], *, inherited: bool) -> dict[str, Any]:
    """Write a group; *start* is the table that the loader lays the file's table over."""
    properties: dict[str, Any] = {}
    required: list[str] = []
    conditions: list[dict[str, Any]] = []
    for described in group.settings:
        setting = described.setting
        names = (setting.name, *setting.facts.renamed_from)
        properties.update(_properties(described, start, inherited=inherited))
        conditions += ({"not": {"required": list(pair)}} for pair in combinations(names, 2))
        if setting.name == group.tag:
            required += () if setting.name in start else names[:1]
        elif not inherited and _must_be_set(described, start):
            if len(names) > 1:
                conditions.append({"anyOf": [{"required": [name]} for name in names]})
            else:
                required.append(setting.name)
    said = {"description": about(group.model.cls)}
    optional = {"required": required, "allOf": conditions}
    return {
        **{key: text for key, text in said.items() if text},
        "type": "object",
        "properties": properties,
        **{key: value for key, value in optional.items() if value},
        "additionalProperties": False,
    }


def _must_be_set(described: Described, start: Mapping[str, Any]) -> bool:
    """Tell whether the loader demands a setting of a file, since no variable can give it."""
    setting = described.setting
    if setting.name in start or setting.default is not REQUIRED:
        return False
    if described.variable and not setting.holds_settings:
        return False
    if setting.group is None:
        return True
    # A group without a default is made of the defaults of its own settings.
    inherits = setting.facts.inherits is not None
    return not inherits and any(_must_be_set(one, {}) for one in described.groups[0].settings)


def _properties(
    described: Described, start: Mapping[str, Any], *, inherited: bool
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a setting and its old names."""
    setting = described.setting
    table = start.get(setting.name)
    if setting.union is not None or type(table) is not dict:
        table = setting.default_table
    inherited = inherited or (setting.facts.inherits is not None and setting.group is not None)
    place = _Place(described.groups, table, inherited)
    value = place.written(setting.kind, described.path, setting.constraints)
    help_ = {"description": setting.facts.help} if setting.facts.help else {}
    unit = {"x-unit": setting.unit} if setting.unit else {}
    secret = {"writeOnly": True} if setting.secret else {}
    default = {} if inherited else _default(described)
    yield setting.name, {**help_, **value, **help_, **default, **unit, **secret}
    for old in setting.facts.renamed_from:
        said = {"description": f"Old name of `{setting.name}`.", "deprecated": True}
        yield old, {**said, **value, **said, **unit, **secret}


def _default(described: Described) -> dict[str, Any]:
    """Write a default as a file would, if it can be; a group's stands at its settings."""
    setting, default = described.setting, described.default
    hidden = setting.secret or described.computed or default is REQUIRED or default is None
    if hidden or (kinds.models_in(setting.kind) and default):
        return {}
    values = _as_json([default])
    return {"default": values[0]} if values else {}


def _as_json(values: Iterable[Any]) -> list[Any]:
    """Write values as a file would; what no file can say is left out."""
    written: list[Any] = []
    for value in values:
        try:
            text = json.dumps(plain(value), allow_nan=False, default=dt.date.isoformat)
        except (TypeError, ValueError):
            continue
        written.append(json.loads(text))
    return written


@attrs.frozen(eq=False, repr=False)
class _Place:
    """Writes the values of one setting.

    Attributes:
        groups: The groups that they are made of.

        start: The table that the loader lays the file's table over.

        inherited: Whether what the file does not set is taken from another group.
    """

    groups: tuple[DescribedGroup, ...]
    start: Mapping[str, Any]
    inherited: bool

    def written(
        self, kind: kinds.Kind, path: Path, constraints: tuple[Constraint, ...] = ()
    ) -> dict[str, Any]:
        """Write a kind of value that stands at a path."""
        match kind:
            case kinds.OptionalOf(inner) | kinds.Masked(inner):
                return self.written(inner, path, constraints)
            case kinds.Constrained(inner, more):
                return self.written(inner, path, (*more, *constraints))
            case kinds.Scalar():
                return _scalar(kind, constraints)
            case kinds.Choice():
                return _choice(kind, constraints)
            case kinds.Group():
                return _object(self._groups(path)[0], self.start, inherited=self.inherited)
            case kinds.TaggedUnion(tag):
                return {"anyOf": [self._branch(group, tag) for group in self._groups(path)]}
            case kinds.Anything() | kinds.Converted():
                # Some editors ask about tables where nothing is said of their keys.
                return {"additionalProperties": True}
            case _:
                return attrs.evolve(self, start={}, inherited=False)._collection(  # noqa: SLF001 - its own
                    kind, path, constraints
                )

    def _groups(self, path: Path) -> list[DescribedGroup]:
        return [group for group in self.groups if group.path == path]

    def _branch(self, group: DescribedGroup, tag: str) -> dict[str, Any]:
        start = self.start if self.start.get(tag) in group.tags else {}
        return _object(group, start, inherited=False)

    def _collection(
        self, kind: kinds.Kind, path: Path, constraints: tuple[Constraint, ...]
    ) -> dict[str, Any]:
        match kind:
            case kinds.ListOf(item, container):
                limits = _lengths(constraints, "Items")
                if container in (set, frozenset):  # equal elements are counted once
                    limits.pop("maxItems", None)
                return {"type": "array", "items": self.written(item, (*path, ELEMENT)), **limits}
            case kinds.FixedArray(items):
                return {
                    "type": "array",
                    "items": [self.written(item, (*path, n)) for n, item in enumerate(items)],
                    "minItems": len(items),
                    "maxItems": len(items),
                    "additionalItems": False,
                }
            case kinds.MapOf(key, item):
                return self._mapping(key, item, path, constraints)
            case _:
                assert isinstance(kind, kinds.GroupMap)
                return self._mapping(kinds.Anything(), kinds.Group(kind.model), path, constraints)

    def _mapping(
        self, key: kinds.Kind, item: kinds.Kind, path: Path, constraints: tuple[Constraint, ...]
    ) -> dict[str, Any]:
        name = self.written(key, path)
        free = isinstance(kinds.bare(key), kinds.Anything) or name == {"type": "string"}
        return {
            "type": "object",
            **({} if free else {"propertyNames": name}),
            "additionalProperties": self.written(item, (*path, ENTRY)),
            **_lengths(constraints, "Properties"),
        }


def _scalar(kind: kinds.Scalar, constraints: tuple[Constraint, ...]) -> dict[str, Any]:
    match kind.name:
        case "int":
            return {"type": "integer", **_numeric(constraints)}
        case "float":
            return {"type": "number", **_numeric(constraints)}
        case "str":
            return {"type": "string", **_textual(constraints)}
        case "seconds" | "duration":
            return _quantity("number", "duration", constraints)
        case "bytes":
            return _quantity("integer", "size", constraints)
        case name:
            return dict(_PLAIN[name])


def _quantity(type_: str, text: str, constraints: tuple[Constraint, ...]) -> dict[str, Any]:
    limits = _numeric(constraints)
    positive = limits.get("exclusiveMinimum", -1) >= 0 or limits.get("minimum", 0) > 0
    name = f"positive_{text}" if positive else text
    return {"anyOf": [{"type": type_, **limits}, {"$ref": f"#/definitions/{name}"}]}


def _choice(kind: kinds.Choice, constraints: tuple[Constraint, ...]) -> dict[str, Any]:
    allowed = [
        option
        for option in (*kind.options, *kind.aliases)
        if violation(constraints, kind.convert(option)) is None
    ]
    values = [value for value in _as_json(allowed) if isinstance(value, (str, int, float))]
    if kind.closed:
        return {"enum": values}
    types = [name for of, name in _TYPES if any(type(one) in of for one in kind.options)]
    return {"anyOf": [{"enum": values}, {"type": types}]}


def _numeric(constraints: tuple[Constraint, ...]) -> dict[str, Any]:
    """Write what constraints demand of a number."""
    parts: list[dict[str, Any]] = []
    for constraint in constraints:
        match constraint:
            case Bound(operator, limit):
                parts += ({_BOUNDS[operator]: number} for number in _numbers([limit]))
            case MultipleOf(factor):
                parts += ({"multipleOf": number} for number in _numbers([factor]) if number > 0)
            case OneOf(options):
                parts.append({"enum": _numbers(options)})
            case _:
                pass
    return _joined(parts)


def _numbers(values: Iterable[Any]) -> list[int | float]:
    """Return the finite numbers among values, durations in seconds."""
    plain_ = (
        value.total_seconds() if isinstance(value, dt.timedelta) else value for value in values
    )
    return [value for value in plain_ if isinstance(value, (int, float)) and math.isfinite(value)]


def _textual(constraints: tuple[Constraint, ...]) -> dict[str, Any]:
    """Write what constraints demand of a text."""
    parts = [_lengths(constraints, "Length")]
    for constraint in constraints:
        match constraint:
            case Pattern(regex) if _is_portable(regex):
                parts.append({"pattern": f"^(?:{regex.pattern})$"})
            case OneOf(options):
                parts.append({"enum": [text for text in _as_json(options) if type(text) is str]})
            case _:
                pass
    return _joined(parts)


def _is_portable(regex: re.Pattern[Any]) -> bool:
    """Tell whether a regular expression means the same in other languages."""
    return (
        isinstance(regex.pattern, str)
        and not regex.flags & ~(re.UNICODE | re.ASCII)
        and _PORTABLE.fullmatch(regex.pattern) is not None
    )


def _lengths(constraints: tuple[Constraint, ...], of: str) -> dict[str, Any]:
    """Write what constraints demand of a length: minItems, maxItems."""
    parts: list[dict[str, Any]] = []
    for constraint in constraints:
        if isinstance(constraint, Length):
            parts.append({f"min{of}": constraint.least} if constraint.least else {})
            parts.append({} if constraint.most is None else {f"max{of}": constraint.most})
    return _joined(parts)


def _joined(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Join demands, of which all hold; of two bounds on one side the tighter one."""
    joined: dict[str, Any] = {}
    others: list[dict[str, Any]] = []
    for keyword, value in ((keyword, part[keyword]) for part in parts for keyword in part):
        if keyword not in joined:
            joined[keyword] = value
        elif keyword.lower().startswith(("min", "exclusivemin")):
            joined[keyword] = max(joined[keyword], value)
        elif keyword.lower().startswith(("max", "exclusivemax")):
            joined[keyword] = min(joined[keyword], value)
        else:
            others.append({keyword: value})
    return joined | ({"allOf": others} if others else {})
