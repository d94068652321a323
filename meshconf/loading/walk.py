"""Going through values by what the schema declares: from a table to what stands under its keys."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any

from meshconf.loading.merge import canonical_key
from meshconf.schema import kinds
from meshconf.schema.secret import MASK

if TYPE_CHECKING:
    from meshconf.diagnostics.words import Path
    from meshconf.schema.model import Model, Setting
    from meshconf.schema.rules import Rule

__all__ = [
    "as_tables",
    "groups_in",
    "inherited_path",
    "kind_at",
    "member",
    "restart_at",
    "rules_reading",
    "setting_at",
    "step",
    "without_secrets",
]


def step(
    kind: kinds.Kind | None, part: str | int, table: object = None
) -> tuple[Setting | None, kinds.Kind | None]:
    """Go from a value to what stands under one of its keys or at one of its positions.

    Args:
        kind: The kind of the value; None if the schema does not know it.

        part: The key, in any spelling that a file may use, or the position.

        table: The value, which tells which class of a union it is; None if that is not known.

    Returns:
        The setting that the key names, if it names one, and the kind of what stands there; None
        for what the schema does not know.
    """
    kind = None if kind is None else kinds.bare(kind)
    match kind:
        case kinds.Group(model):
            name = canonical_key(model, part) if isinstance(part, str) else None
            setting = model.settings[name] if name is not None else None
            return setting, setting.kind if setting is not None else None
        case kinds.TaggedUnion(_, models):
            known = member(kind, table)
            steps = [
                step(kinds.Group(one), part) for one in ((known,) if known else models.values())
            ]
            found = [(setting, below) for setting, below in steps if setting is not None]
            # Which class it is may be told elsewhere: what one of them keeps secret is a secret.
            secret = ((setting, below) for setting, below in found if setting.secret)
            return next(chain(secret, found), (None, None))
        case kinds.GroupMap(model):
            return None, kinds.Group(model)
        case kinds.ListOf(item) | kinds.MapOf(_, item):
            return None, item
        case kinds.FixedArray(items) if isinstance(part, int) and part < len(items):
            return None, items[part]
        case kinds.Anything() | kinds.Converted():
            return None, kind
        case _:
            return None, None


def member(union: kinds.TaggedUnion, value: object) -> Model | None:
    """Return the class that the tag in a table, or the object itself, stands for."""
    if isinstance(value, Mapping):
        return union.chosen(value.get(union.tag))
    return next((one for one in union.models.values() if type(value) is one.cls), None)


def setting_at(model: Model, path: Path) -> Setting | None:
    """Return the last setting on a path: at an entry of a map or a list, the map or the list."""
    kind: kinds.Kind | None = kinds.Group(model)
    found: Setting | None = None
    for part in path:
        setting, kind = step(kind, part)
        found = setting or found
    return found


def kind_at(model: Model, path: Path) -> kinds.Kind | None:
    """Return the kind of what stands at a path; None if the schema does not know it."""
    kind: kinds.Kind | None = kinds.Group(model)
    for part in path:
        kind = step(kind, part)[1]
    return kind


def inherited_path(model: Model, path: Path) -> Path | None:
    """Return the path that a path below an inheriting group takes its value from."""
    for end in range(len(path), 0, -1):
        setting = setting_at(model, path[:end])
        if setting is not None and setting.facts.inherits and path[end - 1] == setting.name:
            return (*setting.facts.inherits.split("."), *path[end:])
    return None


def restart_at(model: Model, path: Path) -> Path | None:
    """Return the path, at or above a path, of what only a restart changes; None if nothing is.

    A list of groups, whose elements have no names to tell them apart by, changes as a whole.
    """
    for end in range(1, len(path) + 1):
        setting = setting_at(model, path[:end])
        if setting is not None and _needs_restart(setting):
            return path[:end]
    return None


def _needs_restart(setting: Setting) -> bool:
    if setting.facts.reload == "restart":
        return True
    return not setting.holds_settings and any(map(_restarts, kinds.models_in(setting.kind)))


@functools.cache
def _restarts(model: Model) -> bool:
    """Tell whether anything in a class needs a restart."""
    return any(
        one.facts.reload == "restart" or any(map(_restarts, kinds.models_in(one.kind)))
        for one in model.settings.values()
    )


def rules_reading(model: Model, path: Path) -> Iterator[Rule]:
    """Yield the rules that read a path, those of its own class last."""
    for end in range(len(path)):
        kind = kind_at(model, path[:end])
        above = None if kind is None else kinds.bare(kind)
        if isinstance(above, kinds.Group):
            name = ".".join(str(part) for part in path[end:])
            yield from (
                rule
                for rule in above.model.rules
                if any(name == read or name.startswith(f"{read}.") for read in rule.paths)
            )


def groups_in(kind: kinds.Kind, value: Any, path: Path = ()) -> Iterator[tuple[Path, Model, Any]]:
    """Yield the groups that a value consists of: itself, or the entries of a map or list.

    A group that is not set, or that is no table and no object of its class, is left out.
    """
    kind = kinds.bare(kind)
    match kind:
        case _ if not kinds.models_in(kind):
            return
        case kinds.Group(model) if isinstance(value, (dict, model.cls)):
            yield path, model, value
        case kinds.TaggedUnion() if (known := member(kind, value)) is not None:
            yield path, known, value
        case kinds.GroupMap() | kinds.MapOf() if isinstance(value, Mapping):
            for key, entry in value.items():
                yield from groups_in(_item(kind, key), entry, (*path, key))
        case kinds.ListOf() | kinds.FixedArray() if not isinstance(value, (str, Mapping)):
            for number, entry in enumerate(value or ()):
                yield from groups_in(_item(kind, number), entry, (*path, number))
        case _:  # not set, or wrong
            pass


def _item(kind: kinds.Kind, part: str | int) -> kinds.Kind:
    return step(kind, part)[1] or kinds.Anything()


def without_secrets(kind: kinds.Kind | None, value: Any) -> Any:
    """Return a value with the secrets of the groups in it masked; such a group becomes a dict."""
    if kind is None or not any(model.secret_names for model in kinds.models_in(kind)):
        return value
    return as_tables(kind, value)


def as_tables(kind: kinds.Kind | None, value: Any) -> Any:
    """Return a value with the groups in it as dicts of what they set, their secrets masked."""
    if kind is None or not kinds.models_in(kind):
        return value
    path, model, group = next(groups_in(kind, value), ((0,), None, None))
    if model is not None and not path and not isinstance(group, Mapping):
        settings = model.settings.items()
        fields = ((name, getattr(group, setting.attribute)) for name, setting in settings)
        value = {name: below for name, below in fields if below is not None}
    if isinstance(value, Mapping):
        return {key: _masked(kind, value, key, below) for key, below in value.items()}
    if isinstance(value, (list, tuple)):
        return [_masked(kind, value, number, below) for number, below in enumerate(value)]
    return value


def _masked(kind: kinds.Kind, whole: Any, part: str | int, below: Any) -> Any:
    setting, below_kind = step(kind, part, whole)
    if setting is not None and setting.secret:
        return None if below is None else MASK
    return as_tables(below_kind, below)
