"""Migrating a document that was parsed.

Whatever the edits do is noted in a trail, which knows of every value that is not where it was:
where it stood, or that it is new. The text of the document is changed by the same trail.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from copy import deepcopy
from itertools import dropwhile, takewhile
from typing import TYPE_CHECKING, Any

import attrs

from meshconf.diagnostics.suggest import fold
from meshconf.diagnostics.words import Path, dotted, printable
from meshconf.evolution.proof import same
from meshconf.schema.configuration import VERSION_KEY, version_of
from meshconf.schema.edits import EVERY, DeclaredEdit, entry, is_plain
from meshconf.schema.values import raised_at, said_by

if TYPE_CHECKING:
    from collections.abc import (
        Callable,
        Iterator,
        Sequence,  # noqa: TC004 - nothing resolves annotations
    )

    from meshconf.evolution.fates import Place
    from meshconf.schema.edits import Kind, Names
    from meshconf.schema.steps import Step  # noqa: TC004 - nothing resolves annotations

__all__ = ["Conflict", "Failure", "Migrated", "Trail", "Use", "migrate"]

Table = dict[str, Any]


@attrs.frozen
class Use:
    """An edit that did something.

    Attributes:
        step: The step that it is of.

        edit: The edit.

        path: Where the document said what it changed.

        into: Where that is said now; empty for what is gone.
    """

    step: Step
    edit: DeclaredEdit
    path: Path
    into: tuple[Path, ...]


@attrs.frozen
class Conflict:
    """A value that could not take its new place, because there is one already.

    Attributes:
        step: The step that it arose in.

        edit: The edit that it hindered.

        old: Where the document has the old one.

        new: Where it has the new one.

        equal: Whether both are the same. Then the old one was dropped; otherwise it is left.
    """

    step: Step
    edit: DeclaredEdit
    old: Path
    new: Path
    equal: bool


@attrs.frozen
class Failure:
    """A function of the schema's author that did not give a value; nothing was changed by it.

    Attributes:
        step: The step that it is of.

        path: Where the document has the value that it was called for.

        error: What was wrong, without the value.

        said: What the function itself said, which may hold the value.
    """

    step: Step
    path: Path
    error: str
    said: str = ""


@attrs.define(eq=False)
class Trail:
    """What became of one place in a document.

    Attributes:
        came: Where in the old document the value stood, if it is not where it was.

        is_new: Whether the value is none of the old document: below it, nothing is.

        made_of: Where the values stood that a new value was made of.

        is_holder: Whether it is new, but just a table for what came into it.

        is_emptied: Whether all that it held was taken out.

        below: The places below it that something became of.
    """

    came: Path | None = None
    is_new: bool = False
    is_holder: bool = False
    is_emptied: bool = False
    made_of: tuple[Path, ...] = ()
    below: dict[str, Trail] = attrs.field(factory=dict[str, "Trail"])

    def under(self, part: str | int) -> Trail:
        """Return the trail of what is under a key, made if need be."""
        trail = self.below.get(str(part))
        if trail is None:
            trail = self.below[str(part)] = Trail()
        return trail


@attrs.frozen
class Migrated:
    """A migrated document, and what is to be told of it.

    Attributes:
        document: The document, without its version.

        uses: The edits that did something.

        conflicts: What is set at its old place and its new one.

        failures: The functions that failed.

        trail: What became of which place.

        gone: Why there is no longer what the old document has at a path.

        original: The document as it was.
    """

    document: Table
    uses: tuple[Use, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    failures: tuple[Failure, ...] = ()
    trail: Trail = attrs.field(factory=Trail, repr=False)
    gone: Mapping[Path, str] = attrs.field(factory=dict["Path", str], repr=False)
    original: Mapping[str, Any] = attrs.field(factory=dict[str, Any], repr=False)

    @property
    def moved(self) -> dict[Path, Path]:
        """Where each value stood that is elsewhere now, by its path; what it holds is not listed."""
        return {
            path: trail.came
            for path, trail in walk(self.trail)
            if trail.came is not None and trail.came != path
        }

    @property
    def old_paths(self) -> tuple[Path, ...]:
        """What the old document says where the new one does not, or says otherwise."""
        return tuple(dict.fromkeys(use.path for use in self.uses if use.edit.kind != "set"))

    def stood_at(self, path: Path) -> Path | None:
        """Return where the old document had what is now at a path.

        Args:
            path: A path in the new document.

        Returns:
            The old path; for a value that an edit made, that of the first value it was made of;
            ``None`` for what no value of the old document gave.
        """
        return _stood_at(self.trail, path)

    def is_remade(self, path: Path) -> bool:
        """Tell whether the value at a path of the new document is none of the old one."""
        return _is_made(self.trail, path)

    def is_left(self, path: Path | None) -> bool:
        """Tell whether what the old document has at a path could not take its new place."""
        return path in self._left

    @functools.cached_property
    def _left(self) -> frozenset[Path]:
        return frozenset(one.old for one in self.conflicts if not one.equal)

    def gave(self, path: Path) -> tuple[Path, ...]:
        """Return where the new document has what comes from a path of the old one."""
        return self.root.below(path).gave

    @functools.cached_property
    def root(self) -> Place:
        """What became of the old document, from its root on."""
        from meshconf.evolution.fates import place_of  # a load does not ask

        return place_of(self)


def _is_made(root: Trail, path: Path) -> bool:
    """Tell whether an edit made the value at a path, or one that it is a part of."""
    trail: Trail | None = root
    for part in path:
        trail = trail.below.get(str(part)) if trail is not None else None
        if trail is not None and trail.is_new and not trail.is_holder:
            return True
    return False


def _stood_at(root: Trail, path: Path) -> Path | None:
    came: Path = ()
    trail: Trail | None = root
    for part in path:
        trail = trail.below.get(str(part)) if trail is not None else None
        if trail is None or not (trail.is_new or trail.came is not None):
            came = (*came, part)
            continue
        found = _first_of(trail)
        if found is None or (trail.is_new and not trail.is_holder):
            return found
        came = found
    return came


def _first_of(trail: Trail) -> Path | None:
    """Return where the first value stood that a value was made of, or that came into a table."""
    if trail.came is not None:
        return trail.came
    if trail.made_of:
        return trail.made_of[0]
    below = map(_first_of, trail.below.values()) if trail.is_holder else ()
    return next((found for found in below if found is not None), None)


def migrate(
    document: Mapping[str, Any],
    version: int,
    steps: Sequence[Step],
    under: Sequence[Mapping[str, Any]] | None = None,
) -> Migrated:
    """Migrate a document.

    Args:
        document: The document as it was parsed. It is not changed.

        version: The version that it is to have.

        steps: The steps of the schema.

        under: The documents that it lies over, migrated; ``None`` if a default holds where it says
            nothing. Over others, `set_default` is for the entries of maps that they do not have.

    Returns:
        The document and what is to be told; one that tells no version that comes before the
        wanted one is the same as before.
    """
    copy = _copied(document)
    before = version_of(document)
    copy.pop(VERSION_KEY, None)
    if before is None or before >= version:
        return Migrated(copy, original=document)
    migration = _Migration(copy, under)
    for step in steps:
        if before < step.to <= version:
            migration.make(step)
    return Migrated(
        copy,
        tuple(migration.uses),
        tuple(migration.conflicts),
        tuple(migration.failures),
        migration.trail,
        migration.gone,
        document,
    )


def walk(trail: Trail, path: Path = ()) -> Iterator[tuple[Path, Trail]]:
    """Yield all that is below a trail, with paths in the new document."""
    for name, below in trail.below.items():
        yield (*path, name), below
        yield from walk(below, (*path, name))


def _copied(table: Mapping[str, Any]) -> Table:
    """Copy tables; arrays are left alone by all edits."""
    return {
        key: _copied(value) if isinstance(value, dict) else value for key, value in table.items()
    }


def _spelt(table: Table, name: str) -> list[str]:
    """List the keys of a table that mean a name: itself first, then other spellings of it."""
    wanted, length = fold(name), len(name)
    others = [key for key in table if len(key) == length and key != name and fold(key) == wanted]
    return [name, *others] if name in table else others


def _places(table: Table, names: Names, path: Path = ()) -> Iterator[Path]:
    """Yield the paths in a table that a declared path means."""
    if not names:
        yield path
        return
    name, *rest = names
    for key in list(table) if name == EVERY else _spelt(table, name):
        if not rest:
            yield (*path, key)
        elif isinstance(table[key], dict):
            yield from _places(table[key], tuple(rest), (*path, key))


def _at(document: Any, path: Path) -> Any:
    value = document
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return value


@attrs.frozen
class _Migration:
    """The steps at work on one document."""

    document: Table
    under: Sequence[Mapping[str, Any]] | None
    uses: list[Use] = attrs.field(init=False, factory=list[Use])
    conflicts: list[Conflict] = attrs.field(init=False, factory=list[Conflict])
    failures: list[Failure] = attrs.field(init=False, factory=list[Failure])
    trail: Trail = attrs.field(init=False, factory=Trail)
    gone: dict[Path, str] = attrs.field(init=False, factory=dict["Path", str])
    emptied: dict[Path, int] = attrs.field(init=False, factory=dict["Path", int])
    """Tables that lost all they held in this step, with how much of the path is to stay."""
    arrived: set[Path] = attrs.field(init=False, factory=set["Path"])
    """Where this step has put values."""

    def make(self, step: Step) -> None:
        """Make a step; a table that it emptied goes, but for the entry of a map."""
        for edit in step.edits:
            above = entry(edit.paths[0]) if edit.kind not in _LONE else ()
            for path in list(_places(self.document, above)):
                table = self.at(path)
                if edit.kind == "set" and self.is_under(path):
                    continue
                if isinstance(table, dict):
                    _Making(self, step, edit, path, len(above)).make()
        for path, least in self.emptied.items():
            self.prune(path, least, f"emptied in version {step.to}")
        self.emptied.clear()
        self.arrived.clear()

    # --- the document -------------------------------------------------------------

    def at(self, path: Path) -> Any:
        """Return what is at a path; ``None`` if nothing is."""
        return _at(self.document, path)

    def is_under(self, path: Path) -> bool:
        """Tell whether the document lies over one that has something at a path."""
        return any(_at(document, path) is not None for document in self.under or ())

    def target(self, above: Path, names: Names) -> Path | None:
        """Find where a declared path would stand; ``None`` if what is no table is in the way."""
        path, value = above, self.at(above)
        for name in names:
            if value is not None and not isinstance(value, dict):
                return None
            key = next(iter(_spelt(value, name)), name) if value else name
            value = value.get(key) if value else None
            path = (*path, key)
        return path

    def is_free(self, path: Path) -> bool:
        """Tell whether nothing is at a path, or an emptied table."""
        value = self.at(path)
        return value is None or (value == {} and path in self.emptied)

    def take(self, path: Path) -> tuple[Any, Trail]:
        """Take a value out."""
        came = self.came(path)
        trail = self.trail_of(path[:-1]).below.pop(str(path[-1]), None) or Trail()
        if not trail.is_new and trail.came is None:
            trail.came, trail.is_new = came, came is None
        table = self.at(path[:-1])
        return table.pop(path[-1]), trail

    def put(self, path: Path, value: Any, trail: Trail) -> None:
        """Put a value where nothing is, with the tables that it needs."""
        if self.emptied.pop(path, None) is not None and self.at(path) == {}:
            _, old = self.take(path)
            self.drop(old, f"now `{dotted(path)}` itself")
        self.arrived.add(path)
        table, below = self.document, self.trail
        for part in map(str, path[:-1]):
            if part not in table:
                table[part] = {}
                below.below[part] = Trail(is_new=True, is_holder=True)
            table, below = table[part], below.under(part)
        table[str(path[-1])] = value
        below.below[str(path[-1])] = trail

    def left(self, path: Path, least: int) -> None:
        """Note that something was taken out of a table."""
        if len(path) > 0 and not self.at(path):
            self.emptied[path] = least

    def prune(self, path: Path, least: int, note: str) -> None:
        """Drop a table if it is empty, and those above it that hold nothing else."""
        while path and self.at(path) == {}:
            if len(path) <= least:
                self.trail_of(path).is_emptied = True
                return
            _, trail = self.take(path)
            self.drop(trail, note)
            path = path[:-1]

    # --- the trail ----------------------------------------------------------------

    def trail_of(self, path: Path) -> Trail:
        trail = self.trail
        for part in path:
            trail = trail.under(part)
        return trail

    def came(self, path: Path) -> Path | None:
        """Return where a value stood; ``None`` if it is new."""
        came: Path | None = ()
        trail: Trail | None = self.trail
        for part in path:
            trail = trail.below.get(str(part)) if trail is not None else None
            if trail is not None and (trail.is_new or trail.came is not None):
                came = None if trail.is_new else trail.came
            elif came is not None:
                came = (*came, part)
        return came

    def drop(self, trail: Trail, note: str) -> None:
        """Note that what had a trail is gone, with all that came into it."""
        for one in (trail, *(below for _, below in walk(trail))):
            if one.came is not None:
                self.gone[one.came] = note


@attrs.frozen
class _Making:
    """One edit at work in the document, or in one entry of a map."""

    migration: _Migration
    step: Step
    edit: DeclaredEdit
    above: Path
    least: int

    def make(self) -> None:
        _MAKERS[self.edit.kind](self)

    def found(self, names: Names) -> list[Path]:
        """Find what a declared path of the edit means here."""
        table: Any = self.migration.at(self.above)
        return list(_places(table, names[self.least :], self.above))

    def target(self, names: Names) -> Path | None:
        return self.migration.target(self.above, names[self.least :])

    def old_path(self, path: Path) -> Path:
        return _stood_at(self.migration.trail, path) or path

    def used(self, old: Path, *into: Path) -> None:
        self.migration.uses.append(Use(self.step, self.edit, old, into))

    def move(self) -> None:
        for path in self.found(self.edit.paths[0]):
            self.move_one(path)

    def move_one(self, path: Path) -> None:
        migration, (names,) = self.migration, self.edit.into
        old = self.old_path(path)
        value, trail = migration.take(path)
        migration.left(path[:-1], self.least)
        target = self.target(names)
        is_within = isinstance(value, dict) and target is not None and target[: len(path)] == path
        if target is None or is_within:
            self.back(path, value, trail)
            if target is None:
                self.fail(old, f"what has the place of `{dotted(names)}` is no table")
        elif migration.is_free(target):
            migration.put(target, value, trail)
            self.used(old, target)
        elif self.is_settled(old, target, value):
            migration.drop(trail, self.removed(f"the same as `{dotted(target)}`"))
        else:
            self.back(path, value, trail)

    def back(self, path: Path, value: Any, trail: Trail) -> None:
        """Put a value back where it was taken from."""
        emptied = self.migration.emptied
        emptied.pop(path[:-1], None)
        least = emptied.get(path)
        self.migration.put(path, value, trail)
        if least is not None:  # it is still to go
            emptied[path] = least

    def is_settled(self, old: Path, target: Path, value: Any) -> bool:
        """Note that a place is taken; tell whether by the same value."""
        equal = same(self.migration.at(target), self.as_converted(value))
        new = self.old_path(target)
        self.migration.conflicts.append(Conflict(self.step, self.edit, old, new, equal))
        return equal

    def as_converted(self, value: Any) -> Any:
        """Return what a moved value would be at its new place, where the step converts it there."""
        after = dropwhile(lambda edit: edit is not self.edit, self.step.edits)
        for edit in after:
            if edit.kind == "convert" and edit.paths[0] in self.edit.into:
                try:
                    made = edit.function(deepcopy(value)) if edit.function is not None else None
                except Exception:
                    return value
                value = value if made is None else made
        return value

    def removed(self, reason: str) -> str:
        why = f" ({printable(reason)})" if reason else ""
        return f"removed in version {self.step.to}{why}"

    def remove(self) -> None:
        for path in self.found(self.edit.paths[0]):
            self.used(self.old_path(path))
            self.drop(path, self.removed(self.edit.reason))

    def drop(self, path: Path, note: str) -> None:
        _, trail = self.migration.take(path)
        self.migration.drop(trail, note)
        self.migration.left(path[:-1], self.least_of(path))

    def least_of(self, path: Path) -> int:
        """Tell how much of a path names an entry of a map."""
        names = self.edit.paths[0]
        return self.least or len(entry(names[: len(path) - 1]))

    def set(self) -> None:
        target = self.target(self.edit.into[0])
        if target is not None and self.migration.is_free(target):
            self.migration.put(target, deepcopy(self.edit.value), Trail(is_new=True))
            self.used(target, target)

    def convert(self) -> None:
        for path in self.found(self.edit.paths[0]):
            if self.is_new_already(path):
                continue
            value = self.migration.at(path)
            old = self.old_path(path)
            new = self.called(old, value)
            if new is not None and not same(new, value):
                self.replace(path, new)
                self.used(old, path)

    def is_new_already(self, path: Path) -> bool:
        """Tell whether a value has a place of the new layout that this step gave no value.

        Then it was written for the new layout, by somebody who did not say the version.
        """
        names = self.edit.paths[0]
        before = takewhile(lambda edit: edit is not self.edit, self.step.edits)
        is_given = any(
            into == names[: len(into)]
            for edit in before
            if edit.kind not in ("set", "convert")
            for into in edit.into
        )
        ends = range(1, len(path) + 1)
        return is_given and not any(path[:end] in self.migration.arrived for end in ends)

    def replace(self, path: Path, value: Any) -> None:
        """Put another value in the place of one."""
        _, trail = self.migration.take(path)
        for _, one in walk(trail):
            self.migration.drop(one, f"written anew in version {self.step.to}")
        fresh = Trail(came=trail.came, is_new=True, made_of=trail.made_of)
        self.migration.put(path, value, fresh)

    def called(self, old: Path, *values: Any) -> Any:
        """Call the author's function; ``None`` if it gives no value."""
        function: Any = self.edit.function
        try:
            result = function(*deepcopy(values))
            # A copy of each: several places must not share a table, nor its author lose one.
            result = [*map(deepcopy, result)] if self.edit.kind == "split" else deepcopy(result)
            parts: list[Any] = result if self.edit.kind == "split" else [result]
            odd = [type(one).__name__ for one in parts if one is not None and not is_plain(one)]
        except Exception as error:
            where = raised_at(error, but=__file__)
            self.fail(old, f"it raised {type(error).__name__}{where}", said_by(error))
            return None
        if odd:
            self.fail(old, f"it gave {odd[0]}, which no document can hold")
            return None
        if self.edit.kind == "split" and len(parts) != len(self.edit.into):
            self.fail(old, f"it gave {len(parts)} values for {len(self.edit.into)} paths")
            return None
        return result

    def fail(self, old: Path, error: str, said: str = "") -> None:
        self.migration.failures.append(Failure(self.step, old, error, said))

    def split(self) -> None:
        for path in self.found(self.edit.paths[0]):
            old = self.old_path(path)
            values = self.called(old, self.migration.at(path))
            if values is not None:
                given = zip(self.edit.into, values, strict=True)
                self.spread([path], [(into, one) for into, one in given if one is not None])

    def join(self) -> None:
        first = [next(iter(self.found(names)), None) for names in self.edit.paths]
        paths = [path for path in first if path is not None]
        target = self.target(self.edit.into[0])
        if paths and None in first and target is not None and self.migration.is_under(target):
            # The rest is a part of what it lies over.
            reason = "it is a part of a value whose other parts stand in another file"
            self.fail(self.old_path(paths[0]), reason)
        elif paths:
            values = [None if path is None else self.migration.at(path) for path in first]
            value = self.called(self.old_path(paths[0]), *values)
            if value is not None:
                self.spread(paths, [(self.edit.into[0], value)])

    def spread(self, paths: list[Path], given: list[tuple[Names, Any]]) -> None:
        """Put new values in the place of old ones, unless one is set to something else."""
        migration = self.migration
        olds = [self.old_path(path) for path in paths]
        taken = [migration.take(path) for path in paths]
        for path in paths:
            migration.left(path[:-1], self.least)
        targets = [(self.target(names), value) for names, value in given]
        blocked = [
            target is None
            or not (migration.is_free(target) or self.is_settled(olds[0], target, value))
            for target, value in targets
        ]
        if any(blocked):
            for path, (value, trail) in zip(paths, taken, strict=True):
                self.back(path, value, trail)
            if None in (target for target, _ in targets):
                self.fail(olds[0], "what has the place of its new value is no table")
            return
        free = [(one, value) for one, value in targets if one and migration.is_free(one)]
        names = " and ".join(f"`{dotted(target)}`" for target, _ in targets if target)
        for _, trail in taken:
            migration.drop(trail, self.removed(f"now {names}" if names else ""))
        made_of = tuple(olds)
        for number, (target, value) in enumerate(free):
            # The first of the new values takes the line of the first of the old ones.
            came = taken[0][1].came if number == 0 else None
            migration.gone.pop(came or (), None)
            migration.put(target, value, Trail(came=came, is_new=True, made_of=made_of))
        for old in olds:
            self.used(old, *(target for target, _ in targets if target))


#: These have one path, so that it alone says what they mean.
_LONE: tuple[Kind, ...] = ("remove", "convert")

_MAKERS: dict[Kind, Callable[[_Making], None]] = {
    "move": _Making.move,
    "remove": _Making.remove,
    "set": _Making.set,
    "convert": _Making.convert,
    "split": _Making.split,
    "join": _Making.join,
}
