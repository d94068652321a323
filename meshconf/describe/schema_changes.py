"""What changed between two JSON Schemas of a schema, and which of it its steps take care of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import attrs

from meshconf.describe.compatibility import DEMANDED, Break, breaking_changes, narrowed
from meshconf.describe.description import ELEMENT, ENTRY, written
from meshconf.describe.schema_reading import Document, is_in, types_of
from meshconf.diagnostics.words import quoted
from meshconf.schema.configuration import VERSION_KEY
from meshconf.schema.edits import EVERY
from meshconf.schema.old_paths import old_paths, remade_by

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from meshconf.diagnostics.words import Path
    from meshconf.schema.edits import Names
    from meshconf.schema.old_paths import OldPath
    from meshconf.schema.steps import Step

__all__ = ["SchemaChange", "changes_between"]

Level = Literal["breaking", "tightening", "default", "relaxing", "covered"]


@attrs.frozen
class SchemaChange:
    """A change of what files may say.

    Attributes:
        level: ``breaking``: a key or a type that is refused now, or a key that is demanded;
            ``tightening``: a setting that takes fewer values; ``default``: files that do not set
            it mean something else now; ``relaxing``: more files are accepted; ``covered``: a step
            takes care of it.

        path: The setting, dotted; empty for the whole file.

        what: What changed.
    """

    level: Level
    path: str
    what: str

    def __str__(self) -> str:
        return f"{self.level}: {self.said}"

    @property
    def said(self) -> str:
        """The setting and what changed, without the level."""
        return f"`{self.path}`: {self.what}" if self.path else self.what


def changes_between(
    old: Any, new: Any, steps: Sequence[Step], required: Iterable[Path] = ()
) -> tuple[SchemaChange, ...]:
    """Find what changed from an older JSON Schema to a newer one.

    Args:
        old: The JSON Schema of the last release, as parsed JSON; the version that it tells says
            which steps its files still have before them.

        new: The one of now.

        steps: The steps of the schema.

        required: The settings that have to be set, by a file or, of which no JSON Schema tells, by
            a variable.

    Returns:
        What refuses files first, then other defaults, then what a step takes care of, then what is
        accepted besides.

    Raises:
        ValueError: If one of the two is no JSON Schema that can be read.
    """
    comparison = _Steps(Document(old, "the old JSON Schema"), Document(new, "the new JSON Schema"))
    ahead = tuple(one for one in steps if one.to > comparison.version)
    found: list[SchemaChange] = []
    for one in dict.fromkeys((*breaking_changes(old, new), *comparison.demanded(required))):
        why = comparison.cover(one, ahead)
        level: Level = "covered" if why else _level(one)
        found.append(SchemaChange(level, one.path, one.what + why))
    found += (
        SchemaChange(_level(one), one.path, one.what)
        for one in comparison.narrowed(ahead)
        if not comparison.cover(one, ahead)
    )
    found += comparison.defaults(ahead)
    found += (SchemaChange("relaxing", one.path, one.undone) for one in breaking_changes(new, old))
    levels = ("breaking", "tightening", "default", "covered", "relaxing")
    return tuple(sorted(dict.fromkeys(found), key=lambda one: levels.index(one.level)))


def _level(change: Break) -> Level:
    return "tightening" if change.tightens else "breaking"


@attrs.frozen
class _Steps:
    """Holds changes against steps."""

    old: Document
    new: Document

    @property
    def version(self) -> int:
        """The version that the old JSON Schema is of."""
        told = self.old.demands(self.old.schema).properties.get(VERSION_KEY, True)
        version = self.old.demands(told).limits.get("maximum", 1)
        return version if type(version) is int else 1

    def cover(self, change: Break, steps: tuple[Step, ...]) -> str:
        """Say how steps take care of a change, as the end of a sentence; empty if they do not."""
        for old in old_paths(steps):
            if _is_at(old.names, change.at):
                return _taken(old)
            given = any(_is_at(into, change.at) for into in old.into)
            if given and _is_demand(change) and self._is_demanded(old.names):
                return _taken(old)
        if change.lost and (table := _mapped(change.at, steps)):
            # Of a table of values it is known which it does not have.
            return _remade(change.at, steps) if all(one in table for one in change.lost) else ""
        return _remade(change.at, steps)

    def _is_demanded(self, names: Names) -> bool:
        """Tell whether files had to have a value at a path."""
        schema = self.old.schema
        for name in names:
            demands = self.old.demands(schema)
            if frozenset({name}) not in demands.needs and name != EVERY:
                return False
            schema = demands.properties.get(name, demands.others)
        return True

    def demanded(self, required: Iterable[Path]) -> Iterator[Break]:
        """Yield the settings that have to be set now, and were not there or had a default."""
        before = dict(self.old.defaults())
        for path in required:
            names = tuple(map(str, path))
            if path in before or _at(self.old, names) is None:
                yield Break(written(path), DEMANDED, at=path)

    def defaults(self, steps: tuple[Step, ...]) -> Iterator[SchemaChange]:
        """Yield the settings whose default is another one now, where they are now."""
        moved = {_path(old.names): old for old in old_paths(steps) if len(old.into) == 1}
        now = dict(self.new.defaults())
        for path, value in self.old.defaults():
            old = moved.get(path)
            at = path if old is None else _path(old.into[0])
            if at not in now or (old is not None and old.is_remade):
                continue
            # That another type is wanted is told anyway.
            if is_in(now[at], [value]) or types_of(now[at]) != types_of(value):
                continue
            why = _remade(at, steps)
            what = f"default changed from {quoted(value)} to {quoted(now[at])}{why}"
            yield SchemaChange("covered" if why else "default", written(at), what)

    def narrowed(self, steps: tuple[Step, ...]) -> Iterator[Break]:
        """Yield what a setting takes no longer at the place that a step moves it to."""
        for old in old_paths(steps):
            if len(old.into) != 1 or old.is_remade:
                continue
            before = _at(self.old, old.names)
            now = _at(self.new, old.into[0])
            if before is not None and now is not None:
                yield from narrowed(self.old, self.new, (before, now), _path(old.into[0]))


def _taken(old: OldPath) -> str:
    if not old.into:
        return f"; the step to version {old.step.to} takes it out"
    new = " and ".join(f"`{written(_path(into))}`" for into in old.into)
    return f"; the step to version {old.step.to} makes {new} of `{written(_path(old.names))}`"


def _remade(path: Path, steps: tuple[Step, ...]) -> str:
    found = (step for names, step in remade_by(steps) if _is_at(names, path))
    step = next(found, None)
    return "" if step is None else f"; the step to version {step.to} gives it a value"


def _mapped(path: Path, steps: tuple[Step, ...]) -> list[Any]:
    """List the values that steps replace at a path, if they do nothing else to it."""
    edits = [
        edit
        for step in steps
        for edit in step.edits
        if edit.kind == "convert" and _is_at(edit.paths[0], path)
    ]
    return [] if any(not edit.values for edit in edits) else [v for e in edits for v in e.values]


def _is_demand(change: Break) -> bool:
    return change.what == DEMANDED


def _path(names: Names) -> Path:
    return tuple(ENTRY if name == EVERY else name for name in names)


def _is_at(names: Names, path: Path) -> bool:
    """Tell whether a declared path leads to another one, or to what holds it."""
    pairs = zip(names, path, strict=False)
    return len(names) <= len(path) and all(
        name == part or (name == EVERY and part != ELEMENT) for name, part in pairs
    )


def _at(document: Document, names: Names) -> Any:
    """Return the part of a JSON Schema that is about a path; None if nothing is."""
    schema = document.schema
    for name in names:
        demands = document.demands(schema)
        schema = demands.properties.get(name, demands.others)
        if schema is True or document.refuses_all(schema):
            return None
    return schema
