"""Settings that a running process cannot take over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meshconf.describe.difference import change_text, differences
from meshconf.describe.differing import ABSENT
from meshconf.diagnostics.problem import Problem
from meshconf.diagnostics.words import dotted
from meshconf.loading.findings import Located, Masks, located
from meshconf.loading.lookup import held_or_inherited
from meshconf.loading.walk import restart_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from meshconf.describe.difference import Difference
    from meshconf.describe.differing import Pair
    from meshconf.diagnostics.words import Path
    from meshconf.loading.load import Outcome
    from meshconf.schema.model import Model

__all__ = ["refusals", "waiting"]


def waiting(model: Model, pairs: Iterable[Pair]) -> list[Path]:
    """Return the paths whose change has to wait for a restart, those under one of them left out.

    What a new entry of a map says is all new, and waits for nothing.

    Args:
        model: The schema.

        pairs: What differs, a table before what it holds.
    """
    found: dict[Path, None] = {}
    tables: dict[Path, Pair] = {}
    for pair in pairs:
        if pair.setting.holds_settings:
            tables[pair.path] = pair
        unit = restart_at(model, pair.path)
        if unit is not None and (pair.old is ABSENT or pair.new is ABSENT):
            unit = _one_sided(model, pair.path, unit, tables)
        if unit is not None and not any(unit[:end] in found for end in range(len(unit))):
            found[unit] = None
    return list(found)


def _one_sided(model: Model, path: Path, unit: Path, tables: dict[Path, Pair]) -> Path | None:
    """Return what is held if only one side has a setting: the group that is new, or gone."""
    for end in range(1, len(path) + 1):
        table = tables.get(path[:end])
        if table is not None:
            # What a new entry of a map holds waits for nothing, unless the map itself does.
            is_new = table.setting.map_of is not None and len(unit) >= end
            return None if is_new else min(path[:end], unit, key=len)
        setting = model.find(path[:end])
        if setting is not None and setting.union is not None:
            return min(path[:end], unit, key=len)
    return unit


def refusals(old: Outcome, new: Outcome, paths: Iterable[Path]) -> Iterator[Problem]:
    """Tell that changes need a restart, each with its place."""
    units = tuple(paths)
    masks = Masks(new.model, new.layers)
    for one in differences(old, new):
        if any(one.path[: len(unit)] == unit for unit in units):
            yield _refusal(new, one, masks)


def _refusal(new: Outcome, one: Difference, masks: Masks) -> Problem:
    path = dotted(one.path)
    winner = next(held_or_inherited(new.model, new.layers, one.path), None)
    found: Located = (one.place, (), ())
    if winner is not None:
        found = located(winner.layer, winner.path, "changed", masks)
    origin, labels, excerpts = found
    return Problem(
        "MC602",
        "error",
        path,
        f"`{path}` cannot change without a restart",
        origin,
        (f"the change is {change_text(one)}",),
        "start again, or take the change back",
        sensitive=one.setting.secret,
        labels=labels,
        excerpts=excerpts,
    )
