"""Telling of one setting: what it is, what its value is, and why."""

from __future__ import annotations

import inspect
import textwrap
from typing import TYPE_CHECKING, Any

from meshconf.diagnostics.styled import Piece, StyledLine
from meshconf.diagnostics.words import Path, dotted, printable, quantity
from meshconf.loading.candidates import Candidate, candidates_at
from meshconf.loading.lookup import Held, default_at, held, held_or_inherited
from meshconf.loading.partial import BROKEN
from meshconf.loading.values import values_in
from meshconf.loading.walk import as_tables, inherited_path, restart_at, rules_reading
from meshconf.schema.model import REQUIRED
from meshconf.schema.old_paths import paths_before
from meshconf.schema.secret import MASK
from meshconf.sources.environment import file_variable, names_for, variable_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from meshconf.schema.model import Model, Setting
    from meshconf.schema.rules import Rule
    from meshconf.sources.layer import Layer

__all__ = ["explanation"]

#: Help is wrapped at so many characters.
WIDTH = 92

#: Why a layer of a kind wins over those before it.
_REASONS = {
    "file": "the last file that sets it wins",
    "secret_file": "a directory of secrets wins over files",
    "dotenv": "a .env file wins over other files",
    "env": "the environment wins over files",
    "override": "overrides win over every source",
    "held": "a change of it takes effect at a restart",
}

_NOWHERE = "nowhere: no source sets it"


def explanation(
    model: Model,
    layers: Sequence[Layer],
    prefix: str | None,
    path: Path,
    setting: Setting,
    config: Any,
) -> Iterator[StyledLine]:
    """Explain a setting or a group.

    Args:
        model: The schema.

        layers: What was read, lowest precedence first.

        prefix: What the names of variables begin with; None if the environment was not read.

        path: The setting's path.

        setting: What stands there.

        config: The configuration, or a Partial of it.

    Yields:
        The lines.
    """
    found = values_in(model, config, only=path)
    value = next((value for where, _, value in found if where == path), BROKEN)
    yield (Piece(dotted(path), "title"), Piece(_equals(setting, value)))
    for line in textwrap.wrap(setting.facts.help, WIDTH - 2):
        yield (Piece(f"  {printable(line)}"),)
    yield ()
    if setting.holds_settings or setting.appends:
        origins = _parts(model, layers, path, setting)
    else:
        origins = _origins(model, layers, path, setting, value)
    rows = [
        *origins,
        ("", ""),
        *_declared(model, prefix, path, setting),
        *_held(model, config, path),
    ]
    width = max(len(label) for label, _ in rows)
    for label, text in rows:
        yield (
            (Piece(f"  {label:{width}}  ", "quiet"), Piece(printable(text)))
            if label or text
            else ()
        )


def _equals(setting: Setting, value: Any) -> str:
    if value is BROKEN:
        return " has no valid value"
    if not setting.holds_value(value):
        return ""
    return f" = {_said(setting, value)}"


def _parts(
    model: Model, layers: Sequence[Layer], path: Path, setting: Setting
) -> Iterator[tuple[str, str]]:
    """Yield the places of what is put together of them: a group, a map, a joined list."""
    found = candidates_at(model, layers, path, setting)
    places = [_place(one) for one in found if one.origin.kind != "default"]
    own = len(list(held(model, layers, path)))
    base = dotted(inherited_path(model, path) or ())
    if not places:
        yield "from", _place(found[-1]) if found[-1].value is not None else _NOWHERE
    for position, place in enumerate(places):
        yield "" if position else "set in", f"{place}{'' if position < own else f', as {base}'}"
    if setting.appends and len(places) > 1:
        yield "because", "the lists of all sources are joined"


def _origins(
    model: Model, layers: Sequence[Layer], path: Path, setting: Setting, value: Any
) -> Iterator[tuple[str, str]]:
    """Yield where the value comes from, what it overrides, and why it wins."""
    winner, *losers = candidates_at(model, layers, path, setting)
    base = inherited_path(model, path)
    if winner.origin.kind == "default" and (value is None or value is BROKEN):
        required = default_at(model, path) is REQUIRED
        yield "from", f"{_NOWHERE}{', and it is required' if required else ''}"
        return
    found = list(held_or_inherited(model, layers, path))
    kinds = [one.layer.kind for one in found]
    own = len(list(held(model, layers, path)))
    yield (
        "from",
        f"{_place(winner)}{_kept(found)}{'' if base is None or own else f', as {dotted(base)}'}",
    )
    # That a default sets nothing is nothing that could lose.
    losers = [one for one in losers if one.origin.kind != "default" or one.value is not None]
    for position, loser in enumerate(losers):
        yield "" if position else "overrides", f"{_said(setting, loser.value)} from {_place(loser)}"
    if losers:
        yield "because", _reason(kinds, base if own == 1 else None)


def _kept(found: Sequence[Held]) -> str:
    """Say that the winner is a default that a file of an earlier version keeps, if it is."""
    is_given = bool(found) and found[0].layer.stood_at(found[0].path) is None
    return ", which keeps the default of its version" if is_given else ""


def _reason(kinds: Sequence[str], base: Path | None) -> str:
    """Say why the first of the layers wins, whose kinds are given, over the next."""
    if len(kinds) == 1:
        return "any source wins over the default"
    if base is not None:
        return f"a value of its own wins over that of {dotted(base)}"
    if kinds[0] == kinds[1] != "file":
        return "the last of such sources that sets it wins"
    return _REASONS.get(kinds[0], "its source wins over files")


def _declared(
    model: Model, prefix: str | None, path: Path, setting: Setting
) -> Iterator[tuple[str, str]]:
    entry = setting.map_of if path[-1] != setting.name else None
    yield "type", setting.type_text() if entry is None else f"table {entry.cls.__name__}"
    if prefix is not None and (name := variable_at(model, path, prefix)):
        in_file = file_variable(names_for(model, prefix), name)
        what = "as JSON" if setting.holds_settings else f"or {in_file}" if in_file else ""
        yield "variable", ", ".join(filter(None, (name, what)))
    before = paths_before(model.configuration.steps, path)
    history = {names: old.step.to - 1 for names, old in before if names != path}
    for number, (names, version) in enumerate(history.items()):
        yield "" if number else "history", f"{dotted(names)} up to version {version}"
    if setting.facts.renamed_from:
        yield "old names", ", ".join(_old_names(model, prefix, path, setting))
    if setting.holds_settings:
        return
    restarts = restart_at(model, path) is not None
    yield "a change", "needs a restart" if restarts else "is taken over by a running process"
    rules = [rule for rule in rules_reading(model, path) if _names(rule, path)]
    for position, rule in enumerate(rules):
        yield "" if position else "rules", f"{rule.name}: {_first_line(rule.check)}"


def _names(rule: Rule, path: Path) -> bool:
    """Tell whether a rule reads the setting itself, and not a whole group around it."""
    return any(dotted(path).endswith(read) for read in rule.paths)


def _old_names(model: Model, prefix: str | None, path: Path, setting: Setting) -> Iterator[str]:
    for old in setting.facts.renamed_from:
        yield old
        if prefix is not None and (name := variable_at(model, (*path[:-1], old), prefix)):
            yield name


def _held(model: Model, config: Any, path: Path) -> Iterator[tuple[str, str]]:
    """Yield what a group holds itself, and the names of what is below."""
    parts: dict[str, str] = {}
    for where, setting, value in values_in(model, config):
        if where[: len(path)] != path or where == path:
            continue
        own = len(where) == len(path) + 1 and setting.holds_value(value)
        part = dotted(where[len(path) : len(path) + 1])
        parts.setdefault(part, _equals(setting, value) if own else " = {…}")
    for position, (part, said) in enumerate(parts.items()):
        yield "" if position else "holds", f"{part}{said}"


def _first_line(function: Any) -> str:
    return printable((inspect.getdoc(function) or "").partition("\n")[0])


def _said(setting: Setting, value: Any) -> str:
    if setting.secret and value is not None:
        return MASK
    if value is None or value is REQUIRED:
        return "not set"
    return quantity(as_tables(setting.kind, value), setting.unit)


def _place(candidate: Candidate) -> str:
    origin = candidate.origin
    return "the default" if origin.kind == "default" else str(origin)
