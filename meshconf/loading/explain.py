"""Telling of one setting: what it is, what its value is, and why."""

from __future__ import annotations

import inspect
import textwrap
from typing import TYPE_CHECKING, Any

from meshconf.diagnostics.styled import Piece, StyledLine
from meshconf.diagnostics.words import Path, dotted, printable, quantity
from meshconf.loading.candidates import Candidate, candidates_at
from meshconf.loading.lookup import default_at, held
from meshconf.loading.partial import BROKEN
from meshconf.loading.values import values_in
from meshconf.loading.walk import inherited_path, rules_reading, without_secrets
from meshconf.schema.model import REQUIRED
from meshconf.schema.secret import MASK
from meshconf.sources.environment import FILE_SUFFIX, variable_at

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
}

_CHANGES = {
    "live": "is taken over by a running process",
    "restart": "needs a restart",
}


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
        yield (Piece(f"  {line}"),)
    yield ()
    rows = [
        *_candidates(model, layers, path, setting),
        ("", ""),
        *_declared(model, prefix, path, setting),
        *_held(model, config, path),
    ]
    width = max(len(label) for label, _ in rows)
    for label, text in rows:
        yield (Piece(f"  {label:{width}}  ", "quiet"), Piece(text)) if label or text else ()


def _equals(setting: Setting, value: Any) -> str:
    if value is BROKEN:
        return " has no value"
    if not setting.holds_value(value):
        return ""
    return f" = {_said(setting, value)}"


def _candidates(
    model: Model, layers: Sequence[Layer], path: Path, setting: Setting
) -> Iterator[tuple[str, str]]:
    """Yield where the value comes from, what it overrides, and why it wins."""
    winner, *losers = found = candidates_at(model, layers, path, setting)
    if setting.holds_settings and winner.origin.kind != "default":
        # Groups are merged: each source has its part.
        places = [_place(one) for one in found if one.origin.kind != "default"]
        yield from (("" if position else "set in", place) for position, place in enumerate(places))
        return
    base = inherited_path(model, path)
    own = len(list(held(model, layers, path)))
    if winner.origin.kind == "default" and winner.value is None:
        required = default_at(model, path) is REQUIRED and setting.group is None
        yield "from", f"no source sets it{', and it is required' if required else ''}"
        return
    inherited = base is not None and not own and winner.origin.kind != "default"
    yield "from", f"{_place(winner)}{f', as {dotted(base)}' if base and inherited else ''}"
    for position, loser in enumerate(losers):
        label = "" if position else "overrides"
        yield label, f"{_said(setting, loser.value)} from {_place(loser)}"
    if losers:
        yield "because", _reason(winner, losers[0], base if own == 1 else None)


def _reason(winner: Candidate, loser: Candidate, base: Path | None) -> str:
    if loser.origin.kind == "default":
        return "any source wins over the default"
    if base is not None:
        return f"a value of its own wins over that of {dotted(base)}"
    return _REASONS.get(winner.origin.kind, "its source wins over files")


def _declared(
    model: Model, prefix: str | None, path: Path, setting: Setting
) -> Iterator[tuple[str, str]]:
    yield "type", setting.type_text()
    name = "" if prefix is None else variable_at(model, path, prefix)
    if name:
        what = "as JSON" if setting.holds_settings else f"or {name}{FILE_SUFFIX}"
        yield "variable", f"{name}, {what}"
    if setting.facts.renamed_from:
        yield "old names", ", ".join(_old_names(model, prefix, path, setting))
    if setting.holds_settings:
        return
    yield "a change", _CHANGES[setting.facts.reload]
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
    for where, setting, value in values_in(model, config, only=None):
        if where[: len(path)] != path or where == path:
            continue
        own = len(where) == len(path) + 1 and setting.holds_value(value)
        part = dotted(where[len(path) : len(path) + 1])
        parts.setdefault(part, _equals(setting, value) if own else " = {…}")
    for position, (part, said) in enumerate(parts.items()):
        yield "" if position else "holds", f"{part}{said}"


def _first_line(function: Any) -> str:
    return printable(inspect.getdoc(function) or "").partition("\n")[0]


def _said(setting: Setting, value: Any) -> str:
    if setting.secret and value is not None:
        return MASK
    if value is None or value is REQUIRED:
        return "not set"
    if not setting.holds_value(value):
        return "{…}"
    return quantity(without_secrets(setting.kind, value), setting.unit)


def _place(candidate: Candidate) -> str:
    origin = candidate.origin
    return "the default" if origin.kind == "default" else str(origin)
