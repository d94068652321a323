"""Compiling a class into a Model: its hints, defaults, validators and rules, read once."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Iterator, Mapping, MutableMapping, MutableSequence, Sequence
from collections.abc import Set as AbstractSet
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

import attrs

from meshconf.diagnostics.suggest import fold
from meshconf.schema import kinds
from meshconf.schema.configuration import VERSION_KEY, configuration_of
from meshconf.schema.constraints import Constraint, from_hint
from meshconf.schema.fields import (
    Field,
    facts_in,
    field_name,
    fields_of,
    has_fields,
    name_of_hint,
    refuse_init_variables,
    refuse_misplaced,
)
from meshconf.schema.hints import behind_name, hints_of
from meshconf.schema.model import Model, Setting
from meshconf.schema.rules import Rule, refuse_misfit
from meshconf.schema.secret import Secret
from meshconf.schema.setting import FACTS, Facts, read_validators

if TYPE_CHECKING:
    from meshconf.schema.edits import Names

__all__ = ["model_of"]

_LISTS: dict[Any, Callable[[Iterator[Any]], Any]] = {
    list: list,
    Sequence: tuple,
    MutableSequence: list,
    set: set,
    frozenset: frozenset,
    AbstractSet: frozenset,
}
_MAPPINGS = (dict, Mapping, MutableMapping)


@functools.cache
def model_of(schema: Any) -> Model:
    """Compile a class; made once per class.

    Args:
        schema: An attrs class or a dataclass, or a generic one with its arguments.

    Returns:
        Its model.

    Raises:
        TypeError: If the class, or a class in it, cannot be supported; the message names the
            field.
    """
    compiler = _Compiler()
    model = compiler.model(schema, "schema")
    _check_inheritance(model, model)
    if model.configuration.steps:
        _check_history(model)
    return model


def _check_history(model: Model) -> None:
    """Refuse steps that lead to what is no setting, or whose version is a setting itself."""
    from meshconf.schema.old_paths import old_paths, remade_by  # most schemas have no history

    name = model.cls.__qualname__
    if VERSION_KEY in model.settings:
        msg = (
            f"{name} has steps, so `{VERSION_KEY}` is the version of a file and cannot be a setting"
        )
        raise TypeError(msg)
    for old in old_paths(model.configuration.steps):
        for into in old.into:
            if not _leads_to_a_setting(model, into):
                msg = (
                    f"{name}: the step to version {old.step.to} takes `{'.'.join(old.names)}` to "
                    f"`{'.'.join(into)}`, which is no setting"
                )
                raise TypeError(msg)

    for into, step in remade_by(model.configuration.steps):
        if not _leads_to_a_setting(model, into):
            msg = (
                f"{name}: the step to version {step.to} gives `{'.'.join(into)}` a value, which is "
                "no setting"
            )
            raise TypeError(msg)


def _leads_to_a_setting(model: Model, path: Names) -> bool:
    """Tell whether a path is that of a setting, or of a part of one that is no group."""
    found = (model.find(path[:end]) for end in range(len(path), 0, -1))
    ends = zip(range(len(path), 0, -1), found, strict=False)
    return next(
        (
            end == len(path) or not setting.holds_settings
            for end, setting in ends
            if setting is not None
        ),
        False,
    )


def _check_inheritance(root: Model, model: Model, *, reachable: bool = True) -> None:
    """Refuse what cannot be inherited; groups in lists and unions are out of its reach."""
    for setting in model.settings.values():
        if setting.facts.inherits is not None:
            reason = _not_inherited(root, setting) if reachable else "within a list or a union"
            if reason:
                name = field_name(setting.owner, setting.attribute)
                msg = f"{name} inherits {setting.facts.inherits!r}, {reason}"
                raise TypeError(msg)
        near = setting.group is not None or setting.map_of is not None
        for below in kinds.models_in(setting.kind):
            _check_inheritance(root, below, reachable=reachable and near)


def _not_inherited(root: Model, setting: Setting) -> str:
    """Say why a group cannot inherit what it names; empty if it can."""
    base = _group_at(root, str(setting.facts.inherits))
    if base is None or base.group is not setting.group:
        return f"which is no group of the same class in {root.cls.__qualname__}"
    return "which itself inherits" if base.facts.inherits is not None else ""


def _group_at(root: Model, path: str) -> Setting | None:
    """Return the setting at a path that leads through groups alone."""
    model: Model | None = root
    setting: Setting | None = None
    for part in path.split("."):
        setting = model.settings.get(part) if model is not None else None
        if setting is None:
            return None
        model = setting.group
    return setting


@attrs.define(eq=False, repr=False)
class _Compiler:
    """Compiles the classes of one schema, each once."""

    done: dict[Any, Model] = attrs.field(factory=dict)
    within: list[Any] = attrs.field(factory=list)

    def model(self, schema: Any, where: str) -> Model:
        """Compile a class that *where* asks for."""
        if schema in self.done:
            return self.done[schema]
        if schema in self.within:
            msg = f"{where}: {name_of_hint(schema)} contains itself; a configuration has a fixed depth"
            raise TypeError(msg)
        self.within.append(schema)
        try:
            model = self.done[schema] = self._compile(schema, where)
        finally:
            self.within.pop()
        return model

    def _compile(self, schema: Any, where: str) -> Model:
        cls = get_origin(schema) or schema
        fields = fields_of(cls, where)
        hints = hints_of(schema)
        refuse_init_variables(cls, hints)
        settings = [self._setting(schema, field, hints) for field in fields if field.init]
        by_name = {setting.name: setting for setting in settings}
        model = Model(
            cls=cls,
            settings=by_name,
            spellings=_spellings(cls, by_name),
            old_names=_old_names(cls, by_name),
            rules=tuple(_rules_of(cls)),
            configuration=configuration_of(cls),
        )
        for rule in model.rules:
            _check_paths(model, rule)
            refuse_misfit(rule, cls)
        return model

    def _setting(self, schema: Any, field: Field, hints: Mapping[str, Any]) -> Setting:
        cls = get_origin(schema) or schema
        where = field_name(cls, field.attribute)
        # attrs takes a type without an annotation too: attrs.make_class does.
        hint = hints.get(field.attribute, field.field.type if field.field is not None else None)
        if hint is None:
            msg = f"{where} has no type annotation"
            raise TypeError(msg)
        facts = field.metadata.get(FACTS) or facts_in(hint) or Facts()
        refuse_misplaced(hint, field, where)
        constraints, validators = read_validators(field.validator)
        converted = _converted(facts, field)
        if converted is None:
            kind = _in_unit(self.kind(hint, where), facts.unit)
            if _is_masked(kind):
                # What the class is shown is a Secret; what is checked stands in it.
                kind, constraints = _constrained(kind, constraints), ()
        else:  # the converter decides what the hint otherwise would
            facts = attrs.evolve(facts, secret=facts.secret or _names_secret(hint))
            kind = converted
            if converted.by_class:
                constraints += _checked_by_class(hint, field, where)
            else:
                kind = _constrained(_guarded(converted, hint), from_hint(hint))
        if facts.secret and kinds.models_in(kind):
            msg = f"{where} is a group: say secret=True of the settings in it that are secret"
            raise TypeError(msg)
        return Setting(
            name=field.name,
            attribute=field.attribute,
            owner=cls,
            kind=kind,
            default=field.default,
            facts=facts,
            constraints=constraints,
            validators=validators,
            field=field.field,
            checks_itself=FACTS in field.metadata and schema is cls,
        )

    def kind(self, hint: Any, where: str) -> kinds.Kind:
        """Compile a type hint."""
        origin, arguments = get_origin(hint), get_args(hint)
        if origin is Annotated:
            return self._annotated(hint, where)
        if hint in kinds.SCALARS:
            return kinds.SCALARS[hint]
        if hint is Any or hint is object:
            return kinds.Anything()
        if (named := behind_name(hint)) is not None:
            return self.kind(named, where)
        if origin is Literal:
            return kinds.Choice(arguments)
        if origin in (Union, types.UnionType):
            return self._union(arguments, where)
        if isinstance(hint, type) and issubclass(hint, Enum):
            return kinds.Choice(tuple(member.value for member in hint), hint)
        if (origin or hint) is Secret:
            return kinds.Masked(self.kind(arguments[0] if arguments else str, where))
        if has_fields(origin or hint):
            return kinds.Group(self.model(hint, where))
        return self._collection(origin or hint, arguments, hint, where)

    def _collection(self, origin: Any, arguments: Any, hint: Any, where: str) -> kinds.Kind:
        if origin is tuple and arguments and arguments[-1] is not ...:
            return kinds.FixedArray(tuple(self.kind(item, where) for item in arguments))
        if origin is tuple or origin in _LISTS:
            item = self.kind(arguments[0], where) if arguments else kinds.Anything()
            return kinds.ListOf(item, _LISTS.get(origin, tuple))
        if origin in _MAPPINGS:
            return self._mapping(arguments or (str, Any), where)
        way = (
            "decorate it with @attrs.frozen or @dataclass"
            if _is_plain(origin)
            else "give it a converter"
        )
        msg = f"{where}: {name_of_hint(hint)} is no type that a configuration can hold; {way}"
        raise TypeError(msg)

    def _mapping(self, arguments: Any, where: str) -> kinds.Kind:
        key, item = self.kind(arguments[0], where), self.kind(arguments[1], where)
        if not isinstance(kinds.bare(key), (kinds.Choice, kinds.Anything)) and (
            kinds.bare(key) is not kinds.SCALARS[str]
        ):
            msg = f"{where}: the keys of a mapping are text, as in TOML"
            raise TypeError(msg)
        if isinstance(item, kinds.Group):
            if not isinstance(key, (kinds.Scalar, kinds.Anything)):
                msg = f"{where}: the keys of a map of groups are plain str"
                raise TypeError(msg)
            return kinds.GroupMap(item.model)
        return kinds.MapOf(key, item)

    def _annotated(self, hint: Any, where: str) -> kinds.Kind:
        from meshconf.schema.annotations import from_annotation, units_in  # many need none

        inner, *metadata = get_args(hint)
        kind = self.kind(inner, where)
        facts = facts_in(hint)
        for unit in (*units_in(metadata), facts.unit if facts else ""):
            kind = _in_unit(kind, unit)
        return _constrained(kind, from_annotation(metadata))

    def _union(self, arguments: tuple[Any, ...], where: str) -> kinds.Kind:
        parts = [part for part in arguments if part is not types.NoneType]
        if len(parts) == 1:
            kind = self.kind(parts[0], where)
        elif all(has_fields(get_origin(part) or part) for part in parts):
            kind = self._tagged_union(parts, where)
        else:
            names = ", ".join(map(name_of_hint, parts))
            msg = f"{where}: a union of {names} cannot be told apart; classes need a tag field"
            raise TypeError(msg)
        return kinds.OptionalOf(kind) if len(parts) < len(arguments) else kind

    def _tagged_union(self, parts: list[Any], where: str) -> kinds.Kind:
        models = [self.model(part, where) for part in parts]
        for tag in models[0].settings:
            options = [_tag_options(model.settings.get(tag)) for model in models]
            flat = [option for some in options for option in some]
            if all(options) and len(flat) == len(set(flat)):
                pairs = zip(options, models, strict=True)
                return kinds.TaggedUnion(
                    tag, {option: model for some, model in pairs for option in some}
                )
        names = ", ".join(map(name_of_hint, parts))
        msg = f"{where}: {names} have no field of their own Literal values that tells them apart"
        raise TypeError(msg)


def _tag_options(setting: Setting | None) -> tuple[Any, ...]:
    if setting is None or not isinstance(setting.kind, kinds.Choice):
        return ()
    return tuple(setting.kind.options) if setting.kind.enum is None else ()


def _converted(facts: Facts, field: Field) -> kinds.Converted | None:
    own = getattr(field.field, "converter", None)
    if own is not None:
        return kinds.Converted(getattr(own, "converter", own), by_class=True)
    return None if facts.converter is None else kinds.Converted(facts.converter, by_class=False)


def _guarded(kind: kinds.Converted, hint: Any) -> kinds.Converted:
    """Put what a converter gives into the `Secret` that the hint promises, unless it is in one."""
    if not _is_secret(hint):
        return kind
    convert = kind.convert

    def guarded(value: Any) -> Any:
        found = convert(value)
        return found if found is None or isinstance(found, Secret) else Secret(found)

    return attrs.evolve(kind, convert=guarded)


def _is_secret(hint: Any) -> bool:
    """Tell whether a hint is a `Secret`, optional or annotated or neither."""
    if (named := behind_name(hint)) is not None:
        return _is_secret(named)
    if get_origin(hint) is Annotated:
        return _is_secret(get_args(hint)[0])
    if get_origin(hint) in (Union, types.UnionType):
        return any(map(_is_secret, get_args(hint)))
    return (get_origin(hint) or hint) is Secret


def _checked_by_class(hint: Any, field: Field, where: str) -> tuple[Constraint, ...]:
    """Return what the hint demands of a value that the class converts."""
    constraints = from_hint(hint)
    if constraints and FACTS not in field.metadata:
        msg = f"{where}: behind a converter nothing checks the hint; use setting(converter=…)"
        raise TypeError(msg)
    return constraints


def _names_secret(hint: Any) -> bool:
    """Tell whether there is a `Secret` anywhere in a hint."""
    if (named := behind_name(hint)) is not None:
        return _names_secret(named)
    return (get_origin(hint) or hint) is Secret or any(map(_names_secret, get_args(hint)))


def _is_masked(kind: kinds.Kind) -> bool:
    return isinstance(kind.inner if isinstance(kind, kinds.OptionalOf) else kind, kinds.Masked)


def _in_unit(kind: kinds.Kind, unit: str) -> kinds.Kind:
    """Let a float in seconds and an integer in bytes be written as a quantity."""
    match kind:
        case kinds.OptionalOf(inner):
            return kinds.OptionalOf(_in_unit(inner, unit))
        case kinds.Masked(inner):
            return kinds.Masked(_in_unit(inner, unit))
        case kinds.Constrained(inner, constraints):
            return kinds.Constrained(_in_unit(inner, unit), constraints)
        case _ if unit == "s" and kind is kinds.SCALARS[float]:
            return kinds.SECONDS
        case _ if unit == "B" and kind is kinds.SCALARS[int]:
            return kinds.BYTES
        case _:
            return kind


def _constrained(kind: kinds.Kind, constraints: tuple[Constraint, ...]) -> kinds.Kind:
    """Put constraints on the value itself: within what makes it optional or secret."""
    match kind:
        case _ if not constraints:
            return kind
        case kinds.OptionalOf(inner):
            return kinds.OptionalOf(_constrained(inner, constraints))
        case kinds.Masked(inner):
            return kinds.Masked(_constrained(inner, constraints))
        case kinds.Constrained(inner, others):
            return kinds.Constrained(inner, others + constraints)
        case _:
            return kinds.Constrained(kind, constraints)


def _is_plain(cls: Any) -> bool:
    """Tell whether a class has annotated fields, and nothing that makes an ``__init__`` of them."""
    if getattr(cls, "__bases__", ()) != (object,):
        return False
    own = vars(cls)
    # The latter since Python 3.14, unless annotations are postponed; `type` itself has another.
    return isinstance(own.get("__annotations__"), dict) or "__annotate_func__" in own


def _spellings(cls: type, settings: Mapping[str, Setting]) -> dict[str, str]:
    spellings: dict[str, str] = {}
    for name in settings:
        other = spellings.setdefault(fold(name), name)
        if other != name:
            msg = f"{cls.__qualname__}: `{other}` and `{name}` are the same key to a file"
            raise TypeError(msg)
    return spellings


def _old_names(cls: type, settings: Mapping[str, Setting]) -> dict[str, str]:
    old_names: dict[str, str] = {}
    for name, setting in settings.items():
        for old in setting.facts.renamed_from:
            if old in settings or old_names.setdefault(old, name) != name:
                msg = f"{cls.__qualname__}: the old name `{old}` of `{name}` is taken"
                raise TypeError(msg)
    return old_names


def _rules_of(cls: type) -> Iterator[Rule]:
    found: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        found.update(vars(base))
    # Above the rule, staticmethod wraps it.
    plain = (
        value.__func__ if isinstance(value, staticmethod) else value for value in found.values()
    )
    return (value for value in plain if isinstance(value, Rule))


def _check_paths(model: Model, rule: Rule) -> None:
    for path in rule.paths:
        parts = tuple(path.split("."))
        above = (model.find(parts[:end]) for end in range(1, len(parts)))
        through_map = any(setting is not None and setting.map_of is not None for setting in above)
        if through_map or model.find(parts) is None:
            what = "which leads through a map" if through_map else "which is no setting"
            msg = f"{model.cls.__qualname__}: the rule `{rule.name}` reads `{path}`, {what}"
            raise TypeError(msg)
