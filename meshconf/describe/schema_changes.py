"""What changed between two JSON Schemas of a schema, and which of it its steps take care of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import attrs

from meshconf.describe.compatibility import Break, breaking_changes, narrowed
from meshconf.describe.description import ELEMENT, ENTRY, written
from meshconf.describe.schema_reading import Document
from meshconf.schema.configuration import VERSION_KEY
from meshconf.schema.edits import EVERY
from meshconf.schema.old_paths import old_paths, remade_by

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from meshconf.diagnostics.words import Path
    from meshconf.schema.edits import Names
    from meshconf.schema.old_paths import OldPath
    from meshconf.schema.steps import Step

__all__ = ["SchemaChange", "changes_between"]

Level = Literal["breaking", "tightening", "relaxing", "covered"]


@attrs.frozen
class SchemaChange:
    """A change of what files may say.

    Attributes:
        level: ``breaking``: a key or a type that is refused now, or a key that is demanded;
            ``tightening``: a setting that takes fewer values; ``relaxing``: more files are
            accepted; ``covered``: files are refused, but a step migrates them.

        path: The setting, dotted; empty for the whole file.

        what: What changed.
    """

    level: Level
    path: str
    what: str

    def __str__(self) -> str:
        return f"{self.level}: " + (f"`{self.path}`: {self.what}" if self.path else self.what)


def changes_between(old: Any, new: Any, steps: Sequence[Step]) -> tuple[SchemaChange, ...]:
    """Find what changed from an older JSON Schema to a newer one.

    Args:
        old: The JSON Schema of the last release, as parsed JSON; the version that it tells says
            which steps its files still have before them.

        new: The one of now.

        steps: The steps of the schema.

    Returns:
        What refuses files first, then what a step takes care of, then what is accepted besides.

    Raises:
        ValueError: If one of the two is no JSON Schema that can be read.
    """
    breaks = breaking_changes(old, new)
    comparison = _Steps(Document(old, "the old JSON Schema"), Document(new, "the new JSON Schema"))
    ahead = tuple(one for one in steps if one.to > comparison.version)
    refused: list[SchemaChange] = []
    covered: list[SchemaChange] = []
    for one in breaks:
        why = comparison.cover(one, ahead)
        if why:
            covered.append(SchemaChange("covered", one.path, f"{one.what}; {why}"))
        else:
            refused.append(_refused(one))
    refused += (_refused(one) for one in comparison.narrowed(ahead))
    relaxed = (SchemaChange("relaxing", one.path, one.undone) for one in breaking_changes(new, old))
    order = sorted(dict.fromkeys(refused), key=lambda one: one.level != "breaking")
    return (*order, *covered, *dict.fromkeys(relaxed))


def _refused(one: Break) -> SchemaChange:
    return SchemaChange("tightening" if one.tightens else "breaking", one.path, one.what)


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
        """Say how steps take care of a change; empty if they do not."""
        for old in old_paths(steps):
            if _is_at(old.names, change.at):
                return _taken(old)
            given = any(_is_at(into, change.at) for into in old.into)
            if given and _is_demand(change) and self._is_demanded(old.names):
                return _taken(old)
        for names, step in remade_by(steps):
            if _is_at(names, change.at):
                return f"the step to version {step.to} gives it another value"
        return ""

    def _is_demanded(self, names: Names) -> bool:
        """Tell whether files had to have a value at a path."""
        schema = self.old.schema
        for name in names:
            demands = self.old.demands(schema)
            if frozenset({name}) not in demands.needs and name != EVERY:
                return False
            schema = demands.properties.get(name, demands.others)
        return True

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
        return f"the step to version {old.step.to} takes it out"
    new = " and ".join(f"`{written(_path(into))}`" for into in old.into)
    return f"the step to version {old.step.to} makes {new} of `{written(_path(old.names))}`"


def _is_demand(change: Break) -> bool:
    return change.what == "is required now"


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
