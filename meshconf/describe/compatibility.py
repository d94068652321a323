"""What files an old JSON Schema accepts and a new one refuses."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import attrs

from meshconf.describe.description import ELEMENT, ENTRY, written
from meshconf.describe.schema_reading import (
    TYPES,
    Demands,
    Document,
    is_in,
    only_required,
    types_of,
)
from meshconf.diagnostics.words import elide, printable, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from meshconf.diagnostics.words import Path  # noqa: TC004 - nothing resolves annotations

__all__ = ["DEMANDED", "Break", "breaking_changes", "narrowed"]

#: What is said of a setting that has to be set now.
DEMANDED = "is required now"

#: Longer than any path of a configuration; a schema that contains itself has no end.
_MOST_DEEP = 64

_WORDS = {
    "string": "a string",
    "integer": "an integer",
    "number": "a number with a fraction",
    "boolean": "a boolean",
    "array": "an array",
    "object": "a table",
    "null": "null",
}

#: The keywords that hold a bound, with the types that they bound and their words.
_LOWER = (
    ("minLength", "string", "minimum length"),
    ("minItems", "array", "minimum number of elements"),
    ("minProperties", "object", "minimum number of keys"),
)
_UPPER = (
    ("maxLength", "string", "maximum length"),
    ("maxItems", "array", "maximum number of elements"),
    ("maxProperties", "object", "maximum number of keys"),
)


@attrs.frozen
class Break:
    """A change that refuses files which were accepted.

    Attributes:
        path: The setting, dotted; ``<name>`` stands for the name of an entry and ``[]`` for an
            element; empty for the whole file.

        what: What changed: "minimum raised from 1 to 2".

        undone: The same, told as a change back would be: "minimum lowered from 2 to 1".

        tightens: Whether it is the same setting as before, of the same type, that takes fewer
            values; if not, a key or a type is refused, or a key is demanded.

        at: The path, name by name.

        lost: The single values that are no longer accepted, where it is those.
    """

    path: str
    what: str
    undone: str = attrs.field(default="", eq=False)
    tightens: bool = attrs.field(default=False, eq=False)
    at: Path = attrs.field(default=(), eq=False)
    lost: tuple[Any, ...] = attrs.field(default=(), eq=False)

    def __str__(self) -> str:
        return f"`{self.path}`: {self.what}" if self.path else self.what


def breaking_changes(old: Any, new: Any) -> tuple[Break, ...]:
    """Find what files an old JSON Schema accepts that a new one refuses.

    The two are compared keyword by keyword. What cannot be judged so, such as two patterns or
    two conditions, counts as breaking where it differs. Keywords that refuse nothing, and those
    that draft-07 does not know, are passed over.

    Args:
        old: The JSON Schema that was published, as parsed JSON.

        new: The one that is to take its place.

    Returns:
        The breaking changes, in the order of the old schema; empty if there is none.

    Raises:
        ValueError: If one of them is no JSON Schema that can be read.
    """
    comparison = _Comparison(
        Document(old, "the old JSON Schema"), Document(new, "the new JSON Schema")
    )
    try:
        return tuple(dict.fromkeys(comparison.compare(old, new, ())))
    except RecursionError:
        pass
    raise _too_deep()


def narrowed(old: Document, new: Document, schemas: tuple[Any, Any], path: Path) -> list[Break]:
    """Find what one part of a JSON Schema accepts that one of another refuses.

    Args:
        old: The JSON Schema of the first part.

        new: That of the second.

        schemas: The two parts.

        path: Where the second stands.

    Raises:
        ValueError: If one of them is no JSON Schema that can be read.
    """
    return list(_Comparison(old, new).compare(*schemas, path))


@attrs.frozen
class _Comparison:
    """Compares parts of two documents that stand at the same path."""

    old: Document
    new: Document

    def compare(self, old: Any, new: Any, path: Path) -> Iterator[Break]:
        """Yield what a new schema refuses of that which an old one accepts."""
        if new is True:
            return iter(())
        if len(path) > _MOST_DEEP:
            raise _too_deep()
        return self._breaks(self.old.demands(old), self.new.demands(new), path)

    def _breaks(self, before: Demands, now: Demands, path: Path) -> Iterator[Break]:
        if before.choices:
            first, *others = before.choices
            rest = attrs.evolve(before, choices=others)
            for branch in first:
                yield from self._breaks(self.old.demands(branch, rest), now, path)
            return
        yield from _conditions(self, before, now, path)
        if before.types == frozenset({"boolean"}) and now.values is not None:
            before = attrs.evolve(before, values=[True, False])
        if before.values is not None:
            taken = (value for value in before.values if types_of(value) <= before.types)
            lost = [value for value in taken if not self._takes(now, value)]
            if lost:
                said = ", ".join(map(quoted, lost))
                found = _break(path, f"no longer accepts {said}", f"also accepts {said}")
                yield attrs.evolve(found, lost=tuple(lost))
            return
        accepted = self._types(now)
        if lost_types := before.types - accepted:
            said = _nouns(lost_types)
            yield _break(path, _lost(before.types, accepted, lost_types), f"also accepts {said}")
        before = attrs.evolve(before, types=before.types & accepted)
        if now.values is not None and before.types:
            said = ", ".join(map(quoted, now.values))
            yield _tighter(path, f"must now be one of {said}", f"may be another than {said}")
        yield from _values(before, now, path)
        if "object" in before.types:
            yield from self._tables(before, now, path)
        if "array" in before.types:
            yield from self._arrays(before, now, path)
        if before.types:
            for choice in now.choices:
                yield from self._chosen(before, [self.new.demands(one) for one in choice], path)

    def _types(self, now: Demands) -> frozenset[str]:
        types = now.types
        for choice in now.choices:
            types &= frozenset[str]().union(*(self._types(self.new.demands(one)) for one in choice))
        return types

    def _takes(self, now: Demands, value: Any) -> bool:
        """Tell whether a single value is accepted, tables and arrays by their type alone."""
        return (
            types_of(value) <= now.types
            and (now.values is None or is_in(value, now.values))
            and not list(_values(_only(value), now, ()))
            and all(
                any(self._takes(self.new.demands(one), value) for one in choice)
                for choice in now.choices
            )
        )

    def _chosen(self, before: Demands, branches: Sequence[Demands], path: Path) -> Iterator[Break]:
        """Yield why no branch accepts all; the branch that is most alike tells."""
        found = [list(self._breaks(before, branch, path)) for branch in branches]
        if not all(found):
            return
        numbers = before.types & {"integer", "number"}
        apart = [frozenset({name}) for name in sorted(before.types - numbers)]
        kinds = [*apart, numbers] if numbers else apart
        if len(kinds) > 1:
            for types in kinds:
                yield from self._chosen(attrs.evolve(before, types=types), branches, path)
            return
        pairs = zip(branches, found, strict=True)
        alike = [breaks for branch, breaks in pairs if self._alike(before, branch)]
        if alike:
            yield from min(alike, key=len)
        else:
            said = self._named(before)
            yield _break(path, f"no longer accepts {said}", f"also accepts {said}")

    def _alike(self, before: Demands, now: Demands) -> bool:
        """Tell whether two branches are of the same type and told apart by no key."""
        for name in before.properties.keys() & now.properties.keys():
            values = self.old.demands(before.properties[name]).values
            others = self.new.demands(now.properties[name]).values
            if values and others and not any(is_in(value, others) for value in values):
                return False
        return bool(before.types & now.types)

    def _named(self, before: Demands) -> str:
        for need in before.needs:
            for name in need & before.properties.keys():
                if values := self.old.demands(before.properties[name]).values:
                    said = " or ".join(map(quoted, values))
                    return f"a table with {_shown(name)} = {said}"
        return _nouns(before.types)

    def _tables(self, before: Demands, now: Demands, path: Path) -> Iterator[Break]:
        for name, schema in before.properties.items():
            other = now.properties.get(name, now.others)
            if self.old.refuses_all(schema):
                continue
            if self.new.refuses_all(other):
                yield _break((*path, name), "was removed", "is new")
            else:
                yield from self.compare(schema, other, (*path, name))
        yield from _newly_required(before, now, path)
        yield from self._names(before, now, path)
        if self.old.refuses_all(before.others):
            return
        for name in now.properties.keys() - before.properties.keys():
            yield from self.compare(before.others, now.properties[name], (*path, name))
        if self.new.refuses_all(now.others):
            yield _break(path, "other keys are no longer accepted", "other keys are accepted")
        else:
            yield from self.compare(before.others, now.others, (*path, ENTRY))

    def _names(self, before: Demands, now: Demands, path: Path) -> Iterator[Break]:
        if now.names is True:
            return
        demands = self.new.demands(now.names)
        for name in before.properties:
            if not self._takes(demands, name):
                yield _break((*path, name), "was removed", "is new")
        if not self.old.refuses_all(before.others):
            text = {"allOf": [{"type": "string"}, before.names]}
            for found in self.compare(text, now.names, (*path, ENTRY)):
                yield attrs.evolve(
                    found, what=f"as a key: {found.what}", undone=f"as a key: {found.undone}"
                )

    def _arrays(self, before: Demands, now: Demands, path: Path) -> Iterator[Break]:
        if now.unique and not before.unique:
            yield _tighter(
                path, "equal elements are no longer accepted", "equal elements are accepted"
            )
        most = before.limits.get("maxItems", math.inf)
        for number in range(max(len(before.items), len(now.items))):
            if number < most:
                pair = (_item(before, number), _item(now, number))
                yield from self.compare(*pair, (*path, number))
        if max(len(before.items), len(now.items)) < most:
            yield from self.compare(before.rest, now.rest, (*path, ELEMENT))


def _too_deep() -> ValueError:
    return ValueError("the JSON Schemas cannot be compared: they are nested too deeply")


def _item(demands: Demands, number: int) -> Any:
    return demands.items[number] if number < len(demands.items) else demands.rest


def _break(path: Path, what: str, undone: str) -> Break:
    return Break(written(path), what, undone, at=path)


def _tighter(path: Path, what: str, undone: str) -> Break:
    return Break(written(path), what, undone, tightens=True, at=path)


def _nouns(types: frozenset[str]) -> str:
    words = [word for name, word in _WORDS.items() if name in types]
    if {"integer", "number"} <= types:
        words = ["a number" if word == "an integer" else word for word in words]
        words.remove(_WORDS["number"])
    return " or ".join(words)


def _lost(before: frozenset[str], accepted: frozenset[str], lost: frozenset[str]) -> str:
    if not accepted:
        return "is no longer accepted"
    return (
        f"must now be {_nouns(accepted)}"
        if before == TYPES
        else f"no longer accepts {_nouns(lost)}"
    )


def _only(value: Any) -> Demands:
    """Return the demands that this value alone meets, as far as bounds can tell."""
    if isinstance(value, (str, list, dict)):
        limits = {keyword: len(value) for keyword, *_ in (*_LOWER, *_UPPER)}
    else:
        limits = {"minimum": value, "maximum": value}
    return Demands(types=types_of(value), values=[value], limits=limits)


def _values(before: Demands, now: Demands, path: Path) -> Iterator[Break]:
    """Compare what is demanded of single values, and of lengths."""
    if before.types & {"integer", "number"}:
        yield from _bounds(before, now, path)
        yield from (
            _tighter(
                path,
                f"must now be a multiple of {factor}",
                f"need no longer be a multiple of {factor}",
            )
            for factor in now.factors
            if not _is_divided(before, factor)
        )
    if "string" in before.types:
        yield from _texts(before, now, path)
    for keyword, type_, word in _LOWER:
        least, limit = before.limits.get(keyword, 0), now.limits.get(keyword, 0)
        if type_ in before.types and limit > least:
            yield _moved(path, word, least or None, limit)
    for keyword, type_, word in _UPPER:
        most, limit = before.limits.get(keyword), now.limits.get(keyword)
        if type_ in before.types and limit is not None and (most is None or limit < most):
            yield _moved(path, word, most, limit)


def _moved(path: Path, word: str, before: Any, now: Any) -> Break:
    """Tell that a bound was moved, or is new."""
    if before is None:
        return _tighter(path, f"{word} {now} is new", f"{word} {now} is gone")
    there, back = ("raised", "lowered") if now > before else ("lowered", "raised")
    return _tighter(
        path, f"{word} {there} from {before} to {now}", f"{word} {back} from {now} to {before}"
    )


def _is_divided(before: Demands, factor: Any) -> bool:
    if before.values is not None:
        return all(value % factor == 0 for value in before.values)
    known = [*before.factors, *([] if "number" in before.types else [1])]
    return any(one % factor == 0 for one in known)


def _bounds(before: Demands, now: Demands, path: Path) -> Iterator[Break]:
    whole = "number" not in before.types
    for sign, keyword, word in ((1, "minimum", "greater than"), (-1, "maximum", "less than")):
        old, new = (
            _bound(before, keyword, sign, whole=whole),
            _bound(now, keyword, sign, whole=whole),
        )
        if new is None or (old is not None and new <= old):
            continue
        limit = sign * new[0]
        if not new[1]:
            yield _moved(path, keyword, old and sign * old[0], limit)
        else:
            yield _tighter(path, f"must now be {word} {limit}", f"need no longer be {word} {limit}")


def _bound(demands: Demands, keyword: str, sign: int, *, whole: bool) -> tuple[Any, bool] | None:
    """Return a bound that is the higher, the more it refuses, and whether it excludes itself."""
    found: list[tuple[Any, bool]] = []
    if (limit := demands.limits.get(keyword)) is not None:
        found.append((math.ceil(sign * limit) if whole else sign * limit, False))
    if (limit := demands.limits.get(f"exclusive{keyword.capitalize()}")) is not None:
        limit = sign * limit
        found.append((math.floor(limit) + 1, False) if whole else (limit, True))
    return max(found, default=None)


def _texts(before: Demands, now: Demands, path: Path) -> Iterator[Break]:
    for pattern in now.patterns:
        if before.values is not None:
            if not _matches(pattern, before.values):
                yield _pattern(path, pattern, "")
        elif pattern not in before.patterns:
            known = [one for one in before.patterns if one not in now.patterns]
            yield _pattern(path, pattern, known[0] if known else "")
    if before.values is None:
        for name in now.formats:
            if name not in before.formats:
                said = f"be a text of the format {_shown(name)}"
                yield _tighter(path, f"must now {said}", f"need no longer {said}")


def _pattern(path: Path, pattern: str, before: str) -> Break:
    said = f"match {_shown(pattern)}"
    if not before:
        return _tighter(path, f"must now {said}", f"need no longer {said}")
    was = f"match {_shown(before)}"
    return _tighter(
        path,
        f"must now {said} instead of {_shown(before)}",
        f"may {was} instead of {_shown(pattern)}",
    )


def _shown(text: str) -> str:
    return elide(printable(text))


def _matches(pattern: str, values: Sequence[Any]) -> bool:
    try:
        return all(re.search(pattern, value) for value in values)
    except re.error:  # an expression of another language
        return False


def _newly_required(before: Demands, now: Demands, path: Path) -> Iterator[Break]:
    for need in now.needs:
        if any(known <= need for known in before.needs):
            continue
        if len(need) == 1:
            yield _break((*path, *need), DEMANDED, "is no longer required")
        else:
            names = ", ".join(f"`{written((name,))}`" for name in sorted(need))
            said = f"one of {names} is"
            yield _break(path, f"{said} required now", f"{said} no longer required")


def _conditions(
    comparison: _Comparison, before: Demands, now: Demands, path: Path
) -> Iterator[Break]:
    for keyword, content in now.conditions:
        if (keyword, content) in before.conditions:
            continue
        names = only_required(content) if keyword == "not" else []
        if not names:
            said = f"the condition `{keyword}` is"
            yield _break(path, f"{said} new or changed", f"{said} gone or changed")
        elif all(
            not comparison.old.refuses_all(before.properties.get(name, before.others))
            for name in names
        ):
            said = " and ".join(f"`{written((name,))}`" for name in names)
            yield _break(
                path,
                f"{said} are no longer accepted together",
                f"{said} are accepted together",
            )
