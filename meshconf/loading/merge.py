"""Many layers into one tree, by the declared types.

Groups merge leaf by leaf, maps of groups entry by entry; a list or a mapping is one value and is
replaced whole. Keys come out as the schema spells them. What does not fit the schema's names is
noted for the report and left out.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Literal

import attrs

from meshconf.diagnostics.suggest import fold, folded
from meshconf.diagnostics.words import Path, quoted_key
from meshconf.schema import kinds
from meshconf.schema.model import REQUIRED, Model, Setting
from meshconf.schema.names import entry_key
from meshconf.sources.layer import Layer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["Merged", "Oddity", "canonical_key", "copied", "merge", "overlay", "table_of"]


@attrs.frozen(eq=False, repr=False)
class Oddity:
    """A name or a shape in a layer that does not fit the schema.

    Attributes:
        sort: ``unknown`` key; ``twice``, one setting spelled in two ways; ``old`` name;
            ``no_table`` where a group is wanted; ``ambiguous`` name of a map's entry;
            ``exposed``, a secret's value where it should not stand; ``local``, what another
            machine may not set.

        layer: Where it is.

        path: The path as the layer spells it.

        model: The class whose keys are read there, where that matters.

        canonical: The path as the schema spells it, up to the odd name.

        other: For ``twice`` and ``ambiguous``, the other spelling; for ``old``, the new one if
            it is set too, to the same.
    """

    sort: Literal["unknown", "twice", "old", "no_table", "ambiguous", "exposed", "local"]
    layer: Layer
    path: Path
    model: Model | None
    canonical: Path
    other: str = ""

    @property
    def refuses(self) -> bool:
        """Whether it refuses the load; if not, it is a warning."""
        return self.sort != "old" and (self.sort != "exposed" or self.layer.secrets == "error")


@attrs.frozen(eq=False, repr=False)
class Merged:
    """The tree that the layers give together, and what did not fit."""

    tree: dict[str, Any]
    oddities: list[Oddity]


def merge(model: Model, layers: Iterable[Layer]) -> Merged:
    """Merge layers.

    Args:
        model: The schema.

        layers: The layers, lowest precedence first. They are not changed.

    Returns:
        The tree, with a dict for every group that has no default of its own.
    """
    merged = Merged({}, [])
    unions: dict[Path, list[_Part]] = {}
    for layer in layers:
        _Merge(layer, merged.oddities, unions).group(model, merged.tree, layer.data, (), ())
    while unions:  # a union may hold another
        _join(*unions.popitem())
    _fill(model, merged.tree)
    return merged


def canonical_key(model: Model, key: str) -> str | None:
    """Return the name of the setting that a key means; None if it means none."""
    if key in model.settings:
        return key
    folded = fold(key)
    return (
        model.spellings.get(folded) or model.old_names.get(key) or _old_spellings(model).get(folded)
    )


@functools.cache
def _old_spellings(model: Model) -> Mapping[str, str]:
    """List what old names mean by what is left of them when folded; the first of several counts."""
    return {fold(old): name for old, name in reversed([*model.old_names.items()])}


@attrs.frozen(eq=False, repr=False)
class _Merge:
    """Merges one layer into a tree."""

    layer: Layer
    oddities: list[Oddity]
    unions: dict[Path, list[_Part]]

    def group(
        self, model: Model, into: dict[str, Any], data: Mapping[str, Any], path: Path, here: Path
    ) -> None:
        """Merge a table; *path* is its path in the layer, *here* its path in the schema."""
        settings = model.settings
        meant: _Meant | None = None
        for key, value in data.items():
            setting = settings.get(key)
            if setting is None:
                meant = _meant(model, data) if meant is None else meant
                setting = self._respelled(model, data, meant, key, path, here)
                if setting is None:
                    continue
            if setting.is_leaf:
                into[setting.name] = value
            else:
                self.nested(setting, into, value, (*path, key), (*here, setting.name))

    def _respelled(
        self,
        model: Model,
        data: Mapping[str, Any],
        meant: _Meant,
        key: str,
        path: Path,
        here: Path,
    ) -> Setting | None:
        """Find the setting that a key means by another spelling or an old name."""
        name = meant.names.get(key)
        if name is None:
            self._odd("unknown", (*path, key), model, (*here, key))
            return None
        other = next((one for one in meant.keys[name] if one != key), None)
        is_old = model.spellings.get(fold(key)) is None
        if other is not None and other == name and is_old and _same(data[other], data[key]):
            self._odd("old", (*path, key), model, (*here, name), other)
            return None
        if other is not None:
            # Reported once, at the spelling that is not the schema's.
            self._odd("twice", (*path, key), model, (*here, name), other)
            return None
        if is_old:
            self._odd("old", (*path, key), model, (*here, name))
        return model.settings[name]

    def _odd(
        self, sort: Any, path: Path, model: Model | None, canonical: Path, other: str = ""
    ) -> None:
        self.oddities.append(Oddity(sort, self.layer, path, model, canonical, other))

    def _says(self, path: Path) -> bool:
        """Tell whether the source says what stands at a path, and no step gives it."""
        return self.layer.stood_at(path) is not None

    def nested(
        self, setting: Setting, into: dict[str, Any], value: Any, path: Path, here: Path
    ) -> None:
        """Merge the value of a setting that is more than a leaf."""
        name = setting.name
        if self.layer.remote and setting.facts.local_only and self._says(path):
            self._odd("local", path, None, here)
        if setting.secret and value and self.layer.secrets != "allow" and self._says(path):
            self._odd("exposed", path, None, here)
        if setting.appends:
            value = self._normal(setting.kind, value, path, here)
            before = into.get(name, ())
            both = isinstance(value, (list, tuple)) and isinstance(before, (list, tuple))
            into[name] = [*before, *value] if both else value
        elif setting.group is not None:
            self._table(setting.group, setting, into, value, path, here)
        elif setting.map_of is not None:
            self._map(setting.map_of, setting, into, value, path, here)
        elif setting.union is not None:
            self._union(setting.union, setting, into, value, path, here)
        else:
            into[name] = self._normal(setting.kind, value, path, here)

    def _table(
        self,
        model: Model,
        setting: Setting,
        into: dict[str, Any],
        value: Any,
        path: Path,
        here: Path,
    ) -> None:
        if isinstance(value, dict):
            table = into.get(setting.name)
            if type(table) is not dict:
                table = into[setting.name] = copied(setting.default_table)
            self.group(model, table, value, path, here)
        elif _is_ready(setting, value, model):
            into[setting.name] = value
        else:
            self._odd("no_table", path, model, here)

    def _map(
        self,
        model: Model,
        setting: Setting,
        into: dict[str, Any],
        value: Any,
        path: Path,
        here: Path,
    ) -> None:
        if not isinstance(value, dict):
            self._odd("no_table", path, model, here)
            return
        entries = into.setdefault(setting.name, {})
        known = folded(entries) if self.layer.spelled else {}
        for key, entry in value.items():
            name = key
            if self.layer.spelled and (*path, key) in self.layer.spelled:
                name = self._entry_name(known.get(fold(key), []), key, path, model, here)
            if isinstance(entry, dict):
                table = entries.get(name)
                if type(table) is not dict:
                    table = entries[name] = {}
                self.group(model, table, entry, (*path, key), (*here, name))
            elif type(entry) is model.cls:
                entries[name] = entry
            else:
                self._odd("no_table", (*path, key), model, (*here, name))

    def _entry_name(
        self, same: Sequence[str], key: str, path: Path, model: Model, here: Path
    ) -> str:
        """Choose the entry that the key in a variable's name means; *same* fold to it."""
        if len(same) > 1:
            self._odd("ambiguous", (*path, key), model, here, ", ".join(map(quoted_key, same)))
        return same[0] if same else entry_key(key)

    def _union(
        self,
        union: kinds.TaggedUnion,
        setting: Setting,
        into: dict[str, Any],
        value: Any,
        path: Path,
        here: Path,
    ) -> None:
        """Put off merging until the last layer has said which class it is."""
        self.unions.setdefault(here, []).append(_Part(self, union, setting, into, value, path))

    def _normal(self, kind: kinds.Kind, value: Any, path: Path, here: Path) -> Any:
        """Spell the keys of groups within lists and mappings as the schema does."""
        kind = kinds.bare(kind)
        match kind:
            case kinds.ListOf(item) if isinstance(value, (list, tuple)):
                return [
                    self._normal(item, element, (*path, number), (*here, number))
                    for number, element in enumerate(value)
                ]
            case kinds.FixedArray(items) if isinstance(value, (list, tuple)):
                pairs = enumerate(zip(items, value, strict=False))
                first = [
                    self._normal(item, element, (*path, number), (*here, number))
                    for number, (item, element) in pairs
                ]
                return [*first, *value[len(first) :]]
            case kinds.MapOf(_, item) if isinstance(value, dict):
                return {
                    key: self._normal(item, entry, (*path, key), (*here, key))
                    for key, entry in value.items()
                }
            case kinds.GroupMap(model):
                return self._normal(
                    kinds.MapOf(kinds.SCALARS[str], kinds.Group(model)), value, path, here
                )
            case kinds.Group(model) if isinstance(value, dict):
                table: dict[str, Any] = {}
                self.group(model, table, value, path, here)
                _fill(model, table)
                return table
            case kinds.TaggedUnion() if isinstance(value, dict):
                tag = _tag_in(kind, value)
                if (member := kind.chosen(tag)) is not None:
                    return self._normal(kinds.Group(member), value, path, here)
                return _tagged(value, kind.tag, tag)
            case _:
                pass
        return value


@attrs.frozen(eq=False, repr=False)
class _Meant:
    """What the keys of one table mean: the settings by key, and the keys by setting."""

    names: dict[str, str] = attrs.field(factory=dict)
    keys: dict[str, list[str]] = attrs.field(factory=dict)


def _meant(model: Model, data: Mapping[str, Any]) -> _Meant:
    """Go through the keys of a table once, however many of them are odd."""
    meant = _Meant()
    for key in data:
        name = canonical_key(model, key) if isinstance(key, str) else None
        if name is not None:
            meant.names[key] = name
            meant.keys.setdefault(name, []).append(key)
    return meant


@attrs.frozen(eq=False, repr=False)
class _Part:
    """What one layer says of a union."""

    merge: _Merge
    union: kinds.TaggedUnion
    setting: Setting
    into: dict[str, Any]
    value: Any
    path: Path


def _join(here: Path, parts: list[_Part]) -> None:
    """Merge what the layers say of a union, once it is known which class it is."""
    last = parts[-1]
    name, tag = last.setting.name, last.union.tag
    last.into[name] = last.value
    if not isinstance(last.value, dict):
        return
    kept: list[_Part] = []
    chosen: Any = None
    for part in reversed(parts):
        told = _tag_in(part.union, part.value) if isinstance(part.value, dict) else None
        if not isinstance(part.value, dict) or (None not in (told, chosen) and told != chosen):
            break  # another class: nothing of what it had holds
        chosen = told if chosen is None else chosen
        kept.append(part)
    default = last.setting.default_table
    chosen = default.get(tag) if chosen is None else chosen
    model = last.union.chosen(chosen)
    if model is None:
        last.into[name] = _tagged(last.value, tag, chosen)
        return
    table = last.into[name] = copied(default) if default.get(tag) == chosen else {}
    for part in reversed(kept):
        part.merge.group(model, table, part.value, part.path, here)
    _fill(model, table)


def _tag_in(union: kinds.TaggedUnion, table: Mapping[str, Any]) -> Any:
    """Return the tag that a table tells, however it spells the key; None if it tells none."""
    if union.tag in table:
        return table[union.tag]
    models = union.models.values()
    found = (
        value
        for key, value in table.items()
        if isinstance(key, str) and any(canonical_key(one, key) == union.tag for one in models)
    )
    return next(found, None)


def _tagged(table: dict[str, Any], tag: str, told: Any) -> dict[str, Any]:
    """Return a table of no class that is known, with what was told of its class, if anything."""
    return table if told is None else {**table, tag: told}


def _same(left: Any, right: Any) -> bool:
    from meshconf.evolution.proof import same  # only old names need it

    return same(left, right)


def copied(table: Mapping[str, Any]) -> dict[str, Any]:
    """Copy a table with the tables in it, so that what is put into it stays there."""
    if not table:
        return {}
    return {name: copied(value) if type(value) is dict else value for name, value in table.items()}


def _is_ready(setting: Setting, value: Any, model: Model) -> bool:
    return type(value) is model.cls or (
        value is None and isinstance(setting.kind, kinds.OptionalOf)
    )


def _fill(model: Model, table: dict[str, Any]) -> None:
    """Give groups without a default a table, so that their own defaults apply."""
    for setting in model.groups if model.requires_groups else ():
        below = table.get(setting.name)
        if below is None and setting.default is REQUIRED and setting.name not in table:
            below = table[setting.name] = {}
        if type(below) is dict and setting.group is not None:
            _fill(setting.group, below)
        elif type(below) is dict and setting.map_of is not None and setting.map_of.groups:
            for entry in below.values():
                if type(entry) is dict:
                    _fill(setting.map_of, entry)


def overlay(model: Model, below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one merged table of a class over another, leaf by leaf."""
    table = {**below, **above}
    for setting in model.groups:
        lower, upper = below.get(setting.name), above.get(setting.name)
        if setting.group is not None and lower is not None and type(upper) is dict:
            lower = lower if type(lower) is dict else table_of(setting.group, lower)
            table[setting.name] = overlay(setting.group, lower, upper)
    return table


def table_of(model: Model, group: Any) -> dict[str, Any]:
    """Return an object as a table of its class."""
    return {name: getattr(group, below.attribute) for name, below in model.settings.items()}
