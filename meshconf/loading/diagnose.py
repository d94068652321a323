"""Finding every problem of a set of layers, after a load failed or has something to say.

It goes leaf by leaf: converts each winning value, runs each constraint itself, builds what can be
built and runs the rules whose settings are sound. One cause gives one problem; what could not be
judged because of it is counted, not guessed at.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, islice
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import attrs

from meshconf.diagnostics.problem import Problem
from meshconf.diagnostics.text import MOST_FOUND
from meshconf.loading import about_names, about_rules, about_values
from meshconf.loading.convert import Conversion, violation
from meshconf.loading.findings import Masks, broken_problem
from meshconf.loading.lookup import Held, Spellings, held_or_inherited
from meshconf.loading.merge import Merged, merge, table_of
from meshconf.loading.partial import BROKEN, Partial
from meshconf.loading.structure import Structurer
from meshconf.loading.walk import rules_reading
from meshconf.schema import kinds
from meshconf.schema.model import REQUIRED, Model, Setting
from meshconf.schema.values import BadValue, said_by
from meshconf.sources.layer import Layer

if TYPE_CHECKING:
    from meshconf.diagnostics.words import Path  # noqa: TC004 - nothing resolves annotations
    from meshconf.loading.check_rules import Breach
    from meshconf.loading.load import UnknownVariables
    from meshconf.schema.rules import Rule

__all__ = ["Diagnosis", "diagnose", "made_as_far_as_possible"]

# MOST_FOUND problems are looked into with names, with variables and with values each: a text that
# consists of mistakes must not keep the report waiting.


def diagnose(
    model: Model,
    layers: Sequence[Layer],
    prefix: str | None,
    unknown: UnknownVariables,
    breaches: Sequence[Breach] | None = None,
) -> tuple[Problem, ...]:
    """Find all problems.

    Args:
        model: The schema.

        layers: The layers, lowest precedence first.

        prefix: What the names of variables begin with; None if the environment was not read.

        unknown: What unknown variables are.

        breaches: The rules that do not hold, if the configuration could be built; None if it
            could not, and its values have to be judged.

    Returns:
        The problems in the order of the report: by source, then by place.
    """
    diagnosis = Diagnosis(model, layers, prefix, merge(model, layers), Masks(model, layers))
    diagnosis.run(unknown, breaches)
    return tuple(_ordered(diagnosis.problems, layers))


def made_as_far_as_possible(model: Model, layers: Sequence[Layer]) -> Partial:
    """Make what can be made of a configuration that has errors; the rest of it is BROKEN."""
    merged = merge(model, layers)
    diagnosis = Diagnosis(model, layers, None, merged, Masks(model, layers), makes_all=True)
    return diagnosis.group(model, merged.tree, ())


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


class _Neighbours(SimpleNamespace):
    """What a validator is shown of the other settings; its repr tells no secret."""

    def __repr__(self) -> str:
        return "the settings"


@attrs.define(eq=False, repr=False)
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
    with_values: list[Problem] = attrs.field(factory=list)
    spellings: Spellings = attrs.field(factory=Spellings)
    meant: set[Path] = attrs.field(factory=set)
    """What unknown keys were probably meant to set: who mends the key does not miss it."""
    makes_all: bool = False
    """Whether objects are made even when enough problems were found."""

    def run(self, unknown: UnknownVariables, breaches: Sequence[Breach] | None) -> None:
        """Collect everything that there is to say."""
        for layer in self.layers:
            self.problems += layer.problems[:MOST_FOUND]
            self.problems += (broken_problem(self.model, broken) for broken in layer.broken)
        names = [*islice(about_names.odd_names(self), MOST_FOUND)]
        self.problems += names
        self.problems += islice(about_names.strays(self, unknown), MOST_FOUND)
        if breaches is None:
            # Where that many names are wrong, values are judged when the names are right.
            if sum(one.severity == "error" for one in names) < MOST_FOUND:
                self.group(self.model, self.merged.tree, ())
            self.problems += self.with_values
        else:
            found = (about_rules.breach_problems(self, breach) for breach in breaches)
            self.problems += islice(chain.from_iterable(found), MOST_FOUND)

    @property
    def full(self) -> bool:
        """Whether enough problems with values were found."""
        return len(self.with_values) >= MOST_FOUND

    def held(self, path: Path) -> list[Held]:
        """Return what the layers hold for a path, the winner first; inherited values last."""
        return list(held_or_inherited(self.model, self.layers, path, self.spellings))

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
        partial = Partial(model, table)
        if self.full and not self.makes_all:
            return partial
        if self.root is None:
            self.root = partial
        # What is inherited from comes first, whatever the order of declaration.
        for setting in sorted(model.settings.values(), key=_inherits):
            name = setting.name
            partial.values[name] = self._value(partial, setting, (*path, name), base)
        self._build(partial, path)
        if not self.full:
            self.with_values += about_rules.broken_rules(self, partial, path)
        return partial

    def _value(self, partial: Partial, setting: Setting, path: Path, base: Partial | None) -> Any:
        name, table = setting.name, partial.table
        if setting.facts.inherits is not None and setting.group is not None:
            return self._inheriting(setting.facts.inherits, setting.group, table.get(name), path)
        if name in table:
            inherited = base.values.get(name) if base is not None else None
            return self._given(setting, table[name], path, inherited)
        if base is not None:
            return base.values.get(name, BROKEN)
        if setting.default is not REQUIRED:
            partial.left_out.add(name)
            return _default(setting)
        if self._asks_for(path) and not self.full:
            self.with_values.append(about_names.missing(self, setting, path))
        return BROKEN

    def _asks_for(self, path: Path) -> bool:
        """Tell whether a required setting is missed, and not told of otherwise.

        Its key may be misspelt, or another value may stand in the place of its group.
        """
        if not all(layer.complete for layer in self.layers):
            return False
        above = [path[:end] for end in range(1, len(path))]
        return path not in self.meant and not any(
            one in self._no_tables or one in self.meant for one in above
        )

    @functools.cached_property
    def _no_tables(self) -> frozenset[Path]:
        """Where a value stands in the place of a group."""
        odd = self.merged.oddities
        return frozenset(one.canonical for one in odd if one.sort == "no_table")

    def _inheriting(self, source: str, model: Model, own: Any, path: Path) -> Any:
        base = self._partial_at(source)
        if not own:
            return BROKEN if base is None else base
        return self.group(model, own, path, base) if type(own) is dict else own

    def _partial_at(self, path: str) -> Partial | None:
        """Return the judged group at a path of the root; None if it could not be made."""
        value: Any = self.root
        model = self.model
        for part in path.split("."):
            value = value.values[part] if isinstance(value, Partial) else BROKEN
            below = model.settings[part].group
            assert below is not None  # the schema was checked
            model = below
        return _partial_of(model, value)

    def _given(self, setting: Setting, value: Any, path: Path, inherited: Any) -> Any:
        if setting.group is not None and type(value) is dict:
            return self.group(setting.group, value, path, _partial_of(setting.group, inherited))
        return self._leaf(setting, value, path)

    def _leaf(self, setting: Setting, value: Any, path: Path) -> Any:
        """Convert a value and check it; every wrong element of it is a problem of its own."""
        if _converts_later(setting):
            return value
        conversion = Conversion(self.structurer, self._group_within, path)
        converted = conversion.convert(setting.kind, value)
        errors = conversion.errors
        rules: Iterable[Rule] = rules_reading(self.model, path) if errors else ()
        if (
            not errors
            and converted is not BROKEN
            and (bad := violation(setting.constraints, converted))
        ):
            errors = [bad]
        if errors:
            self._blame(setting, errors, path, rules)
        return BROKEN if errors else converted

    def _blame(
        self, setting: Setting, errors: Iterable[BadValue], path: Path, left_out: Iterable[Rule]
    ) -> None:
        """Tell what is wrong with a value; nothing is looked up once there is enough to tell."""
        if self.full:
            return
        names = tuple(rule.name for rule in left_out)
        room = MOST_FOUND - len(self.with_values)
        self.with_values += (
            about_values.bad_value(self, setting, bad, path, left_out=names)
            for bad in islice(errors, room)
        )

    def _group_within(self, model: Model, table: Mapping[str, Any], path: Path) -> Any:
        return self.group(model, table, path).built

    def _build(self, partial: Partial, path: Path) -> None:
        """Build the object if all of it is sound; if its class refuses it, find out why."""
        said = ""
        given = (value for name, value in partial.values.items() if name not in partial.left_out)
        sound = all(_plain(value) is not BROKEN for value in given)
        if sound:
            try:
                partial.built = partial.model.cls(**_arguments(partial))
            except Exception as error:
                said = said_by(error)
            else:
                return
        if not self._refused(partial, path) and sound and not self.full:
            self.with_values.append(about_values.refused_group(self, partial.model, path, said))

    def _refused(self, partial: Partial, path: Path) -> bool:
        """Run the validators that want the whole object, on what there is of it."""
        settings = partial.model.settings
        known = {settings[name].attribute: _plain(value) for name, value in partial.values.items()}
        instance = _Neighbours(
            **{name: value for name, value in known.items() if value is not BROKEN}
        )
        refused = False
        for name, setting in settings.items():
            value = known[setting.attribute]
            if value is BROKEN:
                continue
            said = (
                about_values.refused_by(one, instance, setting, value) for one in setting.validators
            )
            bad = next((bad for bad in said if bad is not None), None)
            if bad is not None:
                refused = True
                self._blame(setting, [bad], (*path, name), ())
                partial.values[name] = BROKEN
        return refused


def _partial_of(model: Model, value: Any) -> Partial | None:
    """Return a judged group to inherit from; None if there is none, or it could not be made."""
    if value is None or value is BROKEN or isinstance(value, Partial):
        return value if isinstance(value, Partial) else None
    # A group that no source sets is the object that is its default.
    return Partial(model, {}, table_of(model, value), built=value)


def _inherits(setting: Setting) -> bool:
    return any(model.inherits for model in kinds.models_in(setting.kind))


def _default(setting: Setting) -> Any:
    """Make a default for others to look at; BROKEN if only the class itself can make it."""
    default = setting.default
    if isinstance(default, attrs.Factory) and default.takes_self:  # type: ignore[arg-type]
        return BROKEN
    try:
        return setting.default_value()
    except Exception:
        return BROKEN


def _converts_later(setting: Setting) -> bool:
    """Tell whether a converter wants more than the value; only the class itself can run it."""
    converter = getattr(setting.field, "converter", None)
    return bool(getattr(converter, "takes_self", False) or getattr(converter, "takes_field", False))


def _plain(value: Any) -> Any:
    return value.built if isinstance(value, Partial) else value


def _arguments(partial: Partial) -> dict[str, Any]:
    """Return what the class is called with; it makes what is left out itself."""
    arguments: dict[str, Any] = {}
    for name, setting in partial.model.settings.items():
        if name in partial.left_out:
            continue
        alias = setting.field.alias if setting.field is not None else None
        kind = setting.kind
        by_class = isinstance(kind, kinds.Converted) and kind.by_class and name in partial.table
        # A class that runs the converter itself gets the value as it was written.
        value = partial.table[name] if by_class else _plain(partial.values[name])
        arguments[alias or setting.attribute] = value
    return arguments
