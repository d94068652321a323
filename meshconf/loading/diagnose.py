"""Finding every problem of a set of layers, after a load failed or has something to say.

It goes leaf by leaf: converts each winning value, runs each constraint itself, builds what can be
built and runs the rules whose settings are sound. One cause gives one problem; what could not be
judged because of it is counted, not guessed at.
"""

from __future__ import annotations

import types
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from meshconf.diagnostics.problem import Problem
from meshconf.loading import about_names, about_rules, about_values
from meshconf.loading.findings import Masks, broken_problem
from meshconf.loading.lookup import Held, held
from meshconf.loading.merge import Merged, merge
from meshconf.loading.partial import BROKEN, Partial
from meshconf.loading.structure import Hook, Structurer, union_tag
from meshconf.schema import kinds
from meshconf.schema.model import REQUIRED, Model, Setting
from meshconf.schema.values import BadValue
from meshconf.sources.layer import Layer, Unparsed

if TYPE_CHECKING:
    from meshconf.loading.load import UnknownVariables

__all__ = ["Diagnosis", "diagnose"]

Path = tuple[str | int, ...]


def diagnose(
    model: Model, layers: Sequence[Layer], prefix: str | None, unknown: UnknownVariables
) -> tuple[Problem, ...]:
    """Find all problems.

    Args:
        model: The schema.

        layers: The layers, lowest precedence first.

        prefix: What the names of variables begin with; None if the environment was not read.

        unknown: What unknown variables are.

    Returns:
        The problems in the order of the report: by source, then by place.
    """
    diagnosis = Diagnosis(model, layers, prefix, merge(model, layers), Masks(model, layers))
    diagnosis.run(unknown)
    return tuple(_ordered(diagnosis.problems, layers))


def _ordered(problems: Sequence[Problem], layers: Sequence[Layer]) -> list[Problem]:
    ranks = {
        name: rank
        for rank, layer in enumerate(layers)
        for name in (layer.name, *(text.name for text in layer.texts.values()))
    }

    def order(problem: Problem) -> tuple[Any, ...]:
        origin = problem.origin
        if origin is None:
            return (problem.severity != "error", len(ranks), 0, 0)
        rank = ranks.get(origin.name, len(ranks))
        return (problem.severity != "error", rank, origin.line or 0, origin.column or 0)

    return sorted(problems, key=order)


@attrs.define(eq=False)
class Diagnosis:
    """One pass over all layers, collecting problems."""

    model: Model
    layers: Sequence[Layer]
    prefix: str | None
    merged: Merged
    masks: Masks
    problems: list[Problem] = attrs.field(factory=list)
    structurer: Structurer = attrs.field(factory=Structurer)
    root: Partial | None = None

    def run(self, unknown: UnknownVariables) -> None:
        """Collect everything that there is to say."""
        for layer in self.layers:
            self.problems += layer.problems
            for broken in layer.broken:
                setting = self.model.find(broken.path)
                if setting is not None:
                    self.problems.append(broken_problem(broken, setting))
        self.problems += about_names.odd_names(self)
        self.problems += about_names.strays(self, unknown)
        self.group(self.model, self.merged.tree, ())

    def held(self, path: Path) -> list[Held]:
        """Return what the layers hold for a path, the winner first; inherited values last."""
        found = list(held(self.model, self.layers, path))
        if base := self.inherited_path(path):
            found += held(self.model, self.layers, base)
        return found

    def inherited_path(self, path: Path) -> Path | None:
        """Return the path that a path below an inheriting group takes its value from."""
        for end in range(len(path), 0, -1):
            setting = self.model.find(path[:end])
            if setting is not None and setting.facts.inherits and path[end - 1] == setting.name:
                return (*setting.facts.inherits.split("."), *path[end:])
        return None

    def group(
        self, model: Model, table: Mapping[str, Any], path: Path, base: Partial | None = None
    ) -> Partial:
        """Judge a group.

        Args:
            model: Its class.

            table: Its merged plain values.

            path: Where it is.

            base: The group that it inherits from, whose values hold where *table* sets none.
        """
        partial = Partial(model, {}, table)
        if self.root is None:
            self.root = partial
        for name, setting in model.settings.items():
            partial.values[name] = self._value(setting, table, (*path, name), base)
        self._validate(partial, path)
        self._build(partial, path)
        self.problems += about_rules.broken_rules(self, partial, path)
        return partial

    def _value(
        self, setting: Setting, table: Mapping[str, Any], path: Path, base: Partial | None
    ) -> Any:
        name = setting.name
        if setting.facts.inherits is not None and setting.group is not None:
            return self._inheriting(setting, setting.group, table.get(name), path)
        if name in table:
            inherited = base.values.get(name) if base is not None else None
            return self._given(setting, table[name], path, inherited)
        if base is not None:
            return base.values.get(name, BROKEN)
        if setting.default is not REQUIRED:
            return setting.default_value()
        if all(layer.complete for layer in self.layers):
            self.problems.append(about_names.missing(self, setting, path))
        return BROKEN

    def _inheriting(self, setting: Setting, model: Model, own: Any, path: Path) -> Any:
        base = self._partial_at(str(setting.facts.inherits))
        if type(own) is dict and own:
            return self.group(model, own, path, base)
        return base if base is not None else setting.default_value()

    def _partial_at(self, path: str) -> Partial | None:
        """Return the judged group at a path of the root; None if it holds its default."""
        value: Any = self.root
        for part in path.split("."):
            value = value.values.get(part) if isinstance(value, Partial) else None
        if isinstance(value, Partial):
            return value
        setting = self.model.find(tuple(path.split(".")))
        if setting is None or setting.group is None or value is BROKEN:
            return None
        names = setting.group.settings.items()
        values = {name: getattr(value, below.attribute, BROKEN) for name, below in names}
        return Partial(setting.group, values, {}, value)

    def _given(self, setting: Setting, value: Any, path: Path, inherited: Any) -> Any:
        if setting.group is not None and type(value) is dict:
            below = inherited if isinstance(inherited, Partial) else None
            return self.group(setting.group, value, path, below)
        if setting.map_of is not None and type(value) is dict:
            return self._entries(setting.map_of, value, path)
        if setting.union is not None and type(value) is dict:
            return self._member(setting, setting.union, value, path)
        return self._leaf(setting, value, path)

    def _entries(self, model: Model, entries: Mapping[str, Any], path: Path) -> Any:
        judged = {
            key: self.group(model, entry, (*path, key)) if type(entry) is dict else entry
            for key, entry in entries.items()
        }
        parts = [one for one in judged.values() if isinstance(one, Partial)]
        if any(part.built is BROKEN for part in parts):
            return BROKEN
        return {key: one.built if isinstance(one, Partial) else one for key, one in judged.items()}

    def _member(
        self, setting: Setting, union: kinds.TaggedUnion, value: Mapping[str, Any], path: Path
    ) -> Any:
        try:
            model = union.models[union_tag(union, value)]
        except BadValue as error:
            bad = error
        else:
            return self.group(model, value, path).built
        self.problems.append(about_values.bad_value(self, setting, bad, path, left_out=0))
        return BROKEN

    def _leaf(self, setting: Setting, value: Any, path: Path) -> Any:
        """Convert a value and check it; every wrong element of it is a problem of its own."""
        errors: list[BadValue] = []
        converted = _converted(self.structurer, setting.kind, value, (), errors)
        if errors:
            left_out = about_values.checks_on(self.model, setting, path)
        else:
            left_out = 0
            errors = _violated(setting, converted)
        for bad in errors:
            problem = about_values.bad_value(self, setting, bad, path, left_out=left_out)
            self.problems.append(problem)
        return BROKEN if errors else converted

    def _validate(self, partial: Partial, path: Path) -> None:
        """Run the validators that want the whole object, on what there is of it."""
        settings = partial.model.settings
        known = {
            settings[name].attribute: getattr(value, "built", value)
            for name, value in partial.values.items()
        }
        instance = types.SimpleNamespace(
            **{name: value for name, value in known.items() if value is not BROKEN}
        )
        for name, setting in settings.items():
            value = known[setting.attribute]
            if value is BROKEN or not setting.validators:
                continue
            for validator in setting.validators:
                bad = about_values.refused_by(validator, instance, setting, value)
                if bad is not None:
                    here = (*path, name)
                    self.problems.append(about_values.bad_value(self, setting, bad, here))
                    partial.values[name] = BROKEN
                    break

    def _build(self, partial: Partial, path: Path) -> None:
        """Build the object if all of it is sound."""
        arguments: dict[str, Any] = {}
        for name, setting in partial.model.settings.items():
            value = partial.values[name]
            value = value.built if isinstance(value, Partial) else value
            if value is BROKEN:
                return
            alias = setting.field.alias if setting.field is not None else setting.attribute
            arguments[alias or setting.attribute] = _as_written(setting, value, partial.table)
        try:
            partial.built = partial.model.cls(**arguments)
        except Exception as error:
            said = str(error.args[0]) if error.args else ""
        else:
            return
        self.problems.append(about_values.refused_group(self, partial.model, path, said))


def _as_written(setting: Setting, value: Any, table: Mapping[str, Any]) -> Any:
    """Give a class that runs the converter itself the value as it was written."""
    kind = setting.kind
    if isinstance(kind, kinds.Converted) and kind.by_class and setting.name in table:
        return table[setting.name]
    return value


def _violated(setting: Setting, converted: Any) -> list[BadValue]:
    if converted is None:
        return []
    found = [constraint.check(converted) for constraint in setting.constraints]
    return [bad for bad in found if bad is not None][:1]


def _converted(
    structurer: Structurer, kind: kinds.Kind, value: Any, at: Path, errors: list[BadValue]
) -> Any:
    """Convert a value, element by element, collecting what is wrong with each."""
    match kind:
        case _ if isinstance(value, Unparsed):
            errors.append(value.bad.moved(at))
            return BROKEN
        case kinds.OptionalOf(inner):
            return None if value is None else _converted(structurer, inner, value, at, errors)
        case kinds.ListOf(item, container) if isinstance(value, (list, tuple)):
            elements = [
                _converted(structurer, item, element, (*at, number), errors)
                for number, element in enumerate(value)
            ]
            return container(iter(elements)) if BROKEN not in elements else BROKEN
        case kinds.MapOf(_, item) if isinstance(value, Mapping):
            entries = {
                key: _converted(structurer, item, entry, (*at, key), errors)
                for key, entry in value.items()
            }
            return entries if BROKEN not in entries.values() else BROKEN
        case kinds.Constrained(inner, constraints):
            return _constrained(structurer, inner, constraints, value, at, errors)
        case _:
            return _attempt(structurer.of_kind(kind), value, at, errors)


def _constrained(
    structurer: Structurer,
    inner: kinds.Kind,
    constraints: Collection[Any],
    value: Any,
    at: Path,
    errors: list[BadValue],
) -> Any:
    converted = _converted(structurer, inner, value, at, errors)
    if converted is BROKEN or converted is None:
        return converted
    found = next(filter(None, (constraint.check(converted) for constraint in constraints)), None)
    if found is None:
        return converted
    errors.append(found.moved(at))
    return BROKEN


def _attempt(hook: Hook, value: Any, at: Path, errors: list[BadValue]) -> Any:
    try:
        return hook(value, None)
    except BadValue as bad:
        errors.append(bad.moved(at))
    except Exception as error:
        said = str(error.args[0]) if error.args else ""
        detail = f": {said}" if said else ""
        errors.append(
            BadValue("MC207", "is refused by its converter", detail, label="refused", at=at)
        )
    return BROKEN
