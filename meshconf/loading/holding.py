"""Holding values of an earlier load in a new one, as if the sources still said them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from meshconf.loading.merge import copied, merge, table_of
from meshconf.sources.layer import Layer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from meshconf.diagnostics.words import Path
    from meshconf.loading.candidates import Candidate
    from meshconf.schema.model import Model, Setting

__all__ = ["HELD", "Kept", "held_back", "held_layer", "hold", "kept_values", "source_names"]

#: The kind of the layer of held values.
HELD = "held"

#: Stands for the value of what no source set.
NOT_SET: Any = object()


@attrs.frozen(eq=False)
class Kept:
    """What is held for a path.

    Attributes:
        raw: What goes into the merged tree: of a setting, the plain value that sources gave, or
            ``NOT_SET``; of a group, the object, with all that it inherited.

        shown: What those are told who ask for it.
    """

    raw: Any = attrs.field(repr=False)
    shown: Any = attrs.field(repr=False)


def kept_values(
    model: Model,
    layers: Sequence[Layer],
    config: Any,
    held: Mapping[Path, Kept],
    paths: Sequence[Path],
) -> dict[Path, Kept]:
    """Return what a load had for paths.

    Args:
        model: The schema.

        layers: The layers of the load, lowest precedence first.

        config: What came of it.

        held: What was held in it.

        paths: The paths of settings or groups.
    """
    tree = merge(model, [layer for layer in layers if layer.kind != HELD]).tree
    hold(model, tree, held)
    return {path: _kept(model, tree, config, path) for path in paths}


def _kept(model: Model, tree: Mapping[str, Any], config: Any, path: Path) -> Kept:
    value = _at(model, config, path)
    setting = model.find(path)
    assert setting is not None  # it is a path of the schema
    if setting.holds_settings:
        return Kept(value, value)
    raw = _at(model, tree, path)
    return Kept(raw, value if raw is NOT_SET else raw)


def _at(model: Model, value: Any, path: Path) -> Any:
    """Return what stands at a path of a merged tree, or of the configuration."""
    for end, part in enumerate(path, 1):
        if not isinstance(value, Mapping):
            setting = model.find(path[:end])
            assert setting is not None  # it is a path of the schema
            value = getattr(value, setting.attribute)
        elif part in value:
            value = value[part]
        else:
            return NOT_SET
    return value


def hold(model: Model, tree: dict[str, Any], held: Mapping[Path, Kept]) -> None:
    """Put held values into a merged tree; it is changed.

    Args:
        model: The schema.

        tree: The merged tree.

        held: The values by path.
    """
    for path, kept in held.items():
        table = _table_at(model, tree, path[:-1])
        raw = _default_raw(model, path) if kept.raw is NOT_SET else kept.raw
        if raw is NOT_SET:
            table.pop(str(path[-1]), None)
        else:
            table[str(path[-1])] = raw


def _default_raw(model: Model, path: Path) -> Any:
    """Return what the defaults of the groups around a setting give it; its own stays with its class."""
    table: Mapping[str, Any] = {}
    for end, part in enumerate(path[:-1], 1):
        setting = model.find(path[:end])
        assert setting is not None  # it is a path of the schema
        own = {} if setting.facts.inherits else setting.default_table
        outer = table.get(str(part))
        table = outer if isinstance(outer, dict) else own
    return table.get(str(path[-1]), NOT_SET)


def _table_at(model: Model, tree: dict[str, Any], path: Path) -> dict[str, Any]:
    """Return the table at a path, made if need be of the defaults."""
    table = tree
    for end, part in enumerate(path, 1):
        setting = model.find(path[:end])
        assert setting is not None  # it is a path of the schema
        below = table.get(str(part))
        if not isinstance(below, dict):
            below = table[str(part)] = _opened(setting, below)
        table = below
    return table


def _opened(setting: Setting, group: Any) -> dict[str, Any]:
    """Return a group or an entry that was given ready, or a group or a map that nothing sets."""
    model = setting.map_of or setting.group
    if group is not None and model is not None:
        return table_of(model, group)
    # Entries that the default of a map has are objects, and are opened in their turn.
    if setting.map_of is not None:
        return dict(setting.default_value())
    return copied(setting.default_table)


def held_back(candidates: Iterable[Candidate]) -> Candidate | None:
    """Return what a restart would put into force, of what there is for a path; None if nothing."""
    return next((one for one in candidates if one.origin.kind != HELD), None)


def source_names(layers: Iterable[Layer]) -> tuple[str, ...]:
    """Return the names of the sources that gave layers; what is held comes from none."""
    names = (layer.name for layer in layers if not layer.absent and layer.kind != HELD)
    return tuple(filter(None, names))


def held_layer(name: str, held: Mapping[Path, Kept]) -> Layer:
    """Return a layer that says what is held, for those who ask where a value came from."""
    data: dict[str, Any] = {}
    for path, kept in held.items():
        table = data
        for part in path[:-1]:
            table = table.setdefault(str(part), {})
        table[str(path[-1])] = kept.shown
    return Layer(HELD, name, data)
