"""Running the rules of a schema on a built configuration."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Sequence
from operator import attrgetter
from typing import Any

import attrs

from meshconf.diagnostics.words import Path
from meshconf.loading.walk import groups_in
from meshconf.schema import kinds
from meshconf.schema.model import Model
from meshconf.schema.rules import Rule
from meshconf.schema.values import raised_at
from meshconf.sources.layer import Layer

__all__ = ["Breach", "Failed", "Setters", "breaches", "run"]


@attrs.frozen(eq=False, repr=False)
class Failed:
    """What a rule gives that does not answer: the reason, without any value."""

    reason: str


@attrs.frozen(eq=False, repr=False)
class Breach:
    """A rule that does not hold.

    Attributes:
        rule: The rule.

        path: The path of the group whose class declares it.

        said: What the rule says, or why it does not answer.

        values: What it read.
    """

    rule: Rule
    path: Path
    said: str | Failed
    values: Sequence[Any]


def breaches(model: Model, config: Any, layers: Sequence[Layer]) -> list[Breach]:
    """Run all rules of a configuration, a group's once for each object.

    Args:
        model: The schema.

        config: The configuration.

        layers: What rules that ask for it learn the setting layers from.

    Returns:
        What does not hold, of either level.
    """
    found: list[Breach] = []
    _visit(_ruled(model), config, (), Setters(model, layers), set(), found)
    return found


@attrs.frozen(eq=False, repr=False)
class Setters:
    """Tells rules which layers set what they read."""

    model: Model
    layers: Sequence[Layer]

    def of(self, rule: Rule, path: Path) -> Callable[[str], Collection[str]] | None:
        """Return the function that a rule in the group at *path* gets; None if it wants none."""
        if not rule.layers:
            return None
        from meshconf.loading.lookup import names_that_set  # few rules ask

        return lambda name: names_that_set(self.model, self.layers, (*path, *name.split(".")))


@attrs.frozen(eq=False, repr=False)
class _Ruled:
    """The rules of a class and of the classes below it that have any."""

    cls: type
    rules: tuple[tuple[Rule, Callable[[Any], Any]], ...]
    groups: tuple[tuple[str, str, _Ruled], ...]
    maps: tuple[tuple[str, str, _Ruled], ...]
    others: tuple[tuple[str, str, kinds.Kind], ...]

    @property
    def empty(self) -> bool:
        return not (self.rules or self.groups or self.maps or self.others)


@functools.cache
def _ruled(model: Model) -> _Ruled:
    groups: list[tuple[str, str, _Ruled]] = []
    maps: list[tuple[str, str, _Ruled]] = []
    others: list[tuple[str, str, kinds.Kind]] = []
    for name, setting in model.settings.items():
        if all(_ruled(below).empty for below in kinds.models_in(setting.kind)):
            continue
        if setting.group is not None:
            groups.append((name, setting.attribute, _ruled(setting.group)))
        elif setting.map_of is not None:
            maps.append((name, setting.attribute, _ruled(setting.map_of)))
        else:
            others.append((name, setting.attribute, setting.kind))
    rules = tuple((rule, _getter(model, rule)) for rule in model.rules)
    return _Ruled(model.cls, rules, tuple(groups), tuple(maps), tuple(others))


def _getter(model: Model, rule: Rule) -> Callable[[Any], Any]:
    """Return a function that takes the object and gives the values that a rule reads."""
    paths = [_attribute_path(model, path) for path in rule.paths]
    get = attrgetter(*paths)
    return get if len(paths) > 1 else lambda config: (get(config),)


def _attribute_path(model: Model, path: str) -> str:
    """Turn a path of settings into one of attributes."""
    parts = path.split(".")
    settings = [model.find(tuple(parts[: end + 1])) for end in range(len(parts))]
    return ".".join(setting.attribute for setting in settings if setting is not None)


def _visit(
    ruled: _Ruled, config: Any, path: Path, setters: Setters, seen: set[int], found: list[Breach]
) -> None:
    # The same object may stand in many places, inherited; its rules have been run then.
    if config is None or id(config) in seen:
        return
    seen.add(id(config))
    for rule, get in ruled.rules:
        try:
            values = get(config)
        except AttributeError:  # a group on the way is None
            continue
        said = run(rule, values, setters.of(rule, path) if rule.layers else None)
        if said is not None:
            found.append(Breach(rule, path, said, values))
    for name, attribute, below in ruled.groups:
        _visit(below, getattr(config, attribute), (*path, name), setters, seen, found)
    for name, attribute, entry in ruled.maps:
        for key, value in (getattr(config, attribute) or {}).items():
            _visit(entry, value, (*path, name, key), setters, seen, found)
    for name, attribute, kind in ruled.others:
        for where, model, value in groups_in(kind, getattr(config, attribute), (*path, name)):
            _visit(_ruled(model), value, where, setters, seen, found)


def run(
    rule: Rule, values: Sequence[Any], layers: Callable[[str], Collection[str]] | None
) -> str | Failed | None:
    """Run one rule.

    Returns:
        What it says, or None if it holds; Failed if it raises or returns anything else, which is
        a fault of the schema.
    """
    try:
        said: object = rule.check(*values) if layers is None else rule.check(*values, layers=layers)
    except Exception as error:
        return Failed(f"{type(error).__name__}{raised_at(error, but=__file__)}")
    if said is None or (isinstance(said, str) and said):
        return said
    if isinstance(said, bool):
        told = str(said)
    else:
        told = "an empty text" if said == "" else f"a value of type {type(said).__name__}"
    return Failed(f"it returned {told}, not a sentence or None")
