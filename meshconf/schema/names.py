"""The names of variables: derived from the schema and looked up, never split.

One function makes every name; the loader, the reports and the documentation all call it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import attrs

from meshconf.diagnostics.suggest import fold
from meshconf.diagnostics.words import LONGEST_NAME, Path, dotted
from meshconf.schema.model import Model, Setting

if TYPE_CHECKING:
    from meshconf.schema import kinds
    from meshconf.schema.edits import Names  # noqa: TC004 - nothing resolves annotations
    from meshconf.schema.old_paths import OldPath  # noqa: TC004 - nothing resolves annotations

__all__ = [
    "Found",
    "MapVariables",
    "Variable",
    "Variables",
    "entry_key",
    "name_of",
    "old_settings",
    "variable_name",
    "variables_of",
]

#: Stands on both sides of the key of a map's entry.
ENTRY = "__"


@attrs.frozen(eq=False, repr=False)
class Variable:
    """A name and the setting or group that it sets.

    ``old`` is the old key of the setting where the name stems from ``renamed_from``; ``old_path``
    is the path that it had in files of an earlier version, where the name stems from that.
    """

    name: str
    path: Path
    setting: Setting
    old: str = ""
    old_path: OldPath | None = None


@attrs.frozen(eq=False, repr=False)
class MapVariables:
    """The names below a map of groups: its own, the key between double underscores, the rest.

    ``old_path`` is the path that the map had in files of an earlier version, if ``start`` is its.
    """

    start: str
    path: Path
    below: Variables
    old_path: OldPath | None = None

    def find(self, rest: str) -> Found | None:
        """Look up what follows the name of the map; the key may itself hold underscores."""
        for end in range(1, len(rest)):
            if rest.startswith(ENTRY, end):
                found = self.below.find(rest[end + len(ENTRY) :])
                if found is not None:
                    return found.within((*self.path, rest[:end]), self.old_path)
        return None

    def find_gone(self, rest: str) -> OldPath | None:
        """Look up what follows the name of the map among the names that set nothing any more."""
        ends = (end for end in range(1, len(rest)) if rest.startswith(ENTRY, end))
        found = (self.below.find_gone(rest[end + len(ENTRY) :]) for end in ends)
        return next((one for one in found if one is not None), None)


@attrs.frozen(eq=False, repr=False)
class Variables:
    """All names that a model gives variables.

    ``outright`` lists those that do not begin with the prefix, since ``env`` names them whole;
    ``gone`` has the names of what files of an earlier version had and no setting has any more.
    """

    by_name: Mapping[str, Variable]
    maps: tuple[MapVariables, ...]
    outright: tuple[str, ...] = ()
    gone: Mapping[str, OldPath] = attrs.field(factory=dict[str, "OldPath"])

    def find(self, name: str) -> Found | None:
        """Look a name up; None if no setting has it, or it has more than 1,024 characters."""
        if variable := self.by_name.get(name):
            return Found(variable, variable.path, (), variable.old_path)
        if len(name) > LONGEST_NAME:  # there are as many ways to split it
            return None
        for entries in self.maps:
            if name.startswith(entries.start) and (
                found := entries.find(name[len(entries.start) :])
            ):
                return found
        return None

    def find_gone(self, name: str) -> OldPath | None:
        """Look up a name that set something in an earlier version; None if it is none."""
        if len(name) > LONGEST_NAME:
            return None
        for known, old in self.gone.items():
            if name == known or name.startswith(f"{known}_"):
                return old
        found = (
            entries.find_gone(name[len(entries.start) :])
            for entries in self.maps
            if name.startswith(entries.start)
        )
        return next((one for one in found if one is not None), None)


@attrs.frozen(eq=False, repr=False)
class Found:
    """The variable that has a name, and the path that the name stands for.

    ``entries`` lists the positions in the path of keys of maps, as the name spells them;
    ``old_path`` is where files of an earlier version had it, if the name stems from that.
    """

    variable: Variable
    path: Path
    entries: tuple[int, ...] = ()
    old_path: OldPath | None = None

    def within(self, path: Path, old_path: OldPath | None) -> Found:
        """Return the same below an entry of a map."""
        start = len(path)
        entries = (start - 1, *(start + position for position in self.entries))
        return Found(self.variable, (*path, *self.path), entries, self.old_path or old_path)


def variables_of(model: Model, prefix: str, separator: str = "_") -> Variables:
    """Make the names of all variables of a model.

    Args:
        model: The root.

        prefix: What all derived names begin with.

        separator: What stands between the parts of a path.

    Returns:
        The names.

    Raises:
        TypeError: If two settings share a name; the message names both.
    """
    return _variables(model, prefix, separator, _olds(model))


@attrs.frozen(eq=False, repr=False)
class _Old:
    """An old path as it is declared below some map's entry, or from the root."""

    names: Names
    into: tuple[Names, ...]
    old: OldPath

    def below(self, names: Names, path: Path) -> _Old | None:
        """Return it from an entry of a map on, whose old path and whose path are given."""
        start, end = len(names), len(path)
        within = self.names[:start] == names and all(into[:end] == path for into in self.into)
        if not within or len(self.names) == start:
            return None
        return _Old(self.names[start:], tuple(into[end:] for into in self.into), self.old)


def _variables(model: Model, prefix: str, separator: str, olds: list[_Old]) -> Variables:
    by_name: dict[str, Variable] = {}
    maps: list[MapVariables] = []
    for path, setting in _walk(model, ()):
        _add(
            by_name,
            Variable(setting.facts.env or variable_name(prefix, path, separator), path, setting),
        )
        for old in setting.facts.renamed_from:
            old_path = (*path[:-1], old)
            _add(
                by_name,
                Variable(variable_name(prefix, old_path, separator), path, setting, old),
            )
        if setting.map_of is not None:
            start = variable_name(prefix, path, separator) + ENTRY
            names = tuple(map(str, path))
            below = _entries(setting.map_of, separator, olds, names, path)
            maps.append(MapVariables(start, path, below))
    for name, variable in by_name.items():
        for entries in maps:
            if name.startswith(entries.start) and entries.find(name[len(entries.start) :]):
                msg = f"`{dotted(variable.path)}` has the variable of an entry of `{dotted(entries.path)}`: {name}"
                raise TypeError(msg)
    gone = _add_old(model, prefix, separator, olds, by_name, maps)
    outright = tuple(name for name in by_name if not name.startswith(prefix))
    return Variables(by_name, tuple(maps), outright, gone)


def _entries(model: Model, separator: str, olds: list[_Old], names: Names, path: Path) -> Variables:
    """Make the names below the entries of a map, whose old path and whose path are given."""
    if olds:
        from meshconf.schema.edits import EVERY

        below = (old.below((*names, EVERY), (*path, EVERY)) for old in olds)
        olds = [old for old in below if old is not None]
    return _variables(model, "", separator, olds)


def _add_old(
    model: Model,
    prefix: str,
    separator: str,
    olds: list[_Old],
    by_name: dict[str, Variable],
    maps: list[MapVariables],
) -> dict[str, OldPath]:
    """Add the names that stem from old paths; return those of what is gone."""
    gone: dict[str, OldPath] = {}
    for names, path, setting, old in _old_settings(model, olds):
        name = variable_name(prefix, names, separator)
        if setting is None:
            if name not in by_name:
                gone.setdefault(name, old)
            continue
        if name not in gone:
            by_name.setdefault(name, Variable(name, path, setting, old_path=old))
        if setting.map_of is not None:
            entries = _entries(setting.map_of, separator, olds, names, path)
            maps.append(MapVariables(name + ENTRY, path, entries, old))
    return gone


def old_settings(model: Model) -> Iterator[tuple[Names, Path, Setting | None, OldPath]]:
    """Yield what files of earlier versions had at a fixed path: that, and the setting of now.

    Args:
        model: The root.

    Yields:
        The old path, the path and the setting, those below a group that moved included; no
        setting where none takes over what the old path had, or, before it is yielded with its own,
        where a group has another form as a whole.
    """
    return _old_settings(model, _olds(model))


def _olds(model: Model) -> list[_Old]:
    if not model.configuration.steps:
        return []
    from meshconf.schema.old_paths import old_paths  # most schemas have no history

    found = old_paths(model.configuration.steps, model.configuration.release)
    return [_Old(old.names, old.into, old) for old in found]


def _old_settings(
    model: Model, olds: list[_Old]
) -> Iterator[tuple[Names, Path, Setting | None, OldPath]]:
    if not olds:
        return
    from meshconf.schema.edits import entry

    apart = {one.names for one in olds if one.old.is_remade}
    for one in olds:
        if any(map(entry, (one.names, *one.into))):
            continue  # it is named from the entry of its map on
        target = one.into[0] if len(one.into) == 1 and not one.old.is_remade else ()
        setting = model.find(target) if target else None
        if setting is not None and any(names[: len(one.names)] == one.names for names in apart):
            yield one.names, target, None, one.old  # as a whole, it has another form
        yield one.names, target, setting, one.old
        for rest, below in _below(setting) if setting is not None else ():
            names = (*one.names, *map(str, rest))
            if not any(other == names[: len(other)] for other in apart):
                yield names, (*target, *rest), below, one.old


def _below(setting: Setting) -> Iterator[tuple[Path, Setting]]:
    if setting.group is not None:
        yield from _walk(setting.group, ())
    elif setting.union is not None:
        yield from _walk_union(setting.union, ())


def _add(by_name: dict[str, Variable], variable: Variable) -> None:
    other = by_name.setdefault(variable.name, variable)
    if other is not variable:
        msg = f"`{dotted(other.path)}` and `{dotted(variable.path)}` share the variable {variable.name}"
        raise TypeError(msg)


def _walk(model: Model, path: Path) -> Iterator[tuple[Path, Setting]]:
    for name, setting in model.settings.items():
        yield (*path, name), setting
        yield from (((*path, name, *rest), below) for rest, below in _below(setting))


def _walk_union(union: kinds.TaggedUnion, path: Path) -> Iterator[tuple[Path, Setting]]:
    """Walk the settings of all classes of a union, each name once: one variable serves them all."""
    seen: set[Path] = set()
    for model in union.models.values():
        for below, setting in _walk(model, path):
            if below not in seen:
                seen.add(below)
                yield below, setting


def variable_name(prefix: str, path: Path, separator: str = "_") -> str:
    """Derive the name of a variable from a path that leads through no map's entry."""
    return prefix + separator.join(fold(str(part)).upper() for part in path)


def name_of(model: Model, path: Path, prefix: str, separator: str = "_") -> str:
    """Return the name of the variable that sets the setting at a path.

    Args:
        model: The root.

        path: The path; what follows the number of a list's element is left out, since only the
            list as a whole has a variable.

        prefix: What derived names begin with.

        separator: What stands between the parts of a path.
    """
    path = tuple(itertools.takewhile(lambda part: isinstance(part, str), path))
    for end in range(1, len(path) - 1):
        setting = model.find(path[:end])
        if setting is not None and setting.map_of is not None:
            entry = ENTRY + fold(str(path[end])).upper() + ENTRY
            start = variable_name(prefix, path[:end], separator)
            return start + entry + name_of(setting.map_of, path[end + 1 :], "", separator)
    setting = model.find(path)
    return (setting.facts.env if setting else None) or variable_name(prefix, path, separator)


def entry_key(spelled: str) -> str:
    """Turn the key of a variable into the key of an entry that no file names."""
    return spelled.lower().replace("_", "-")
