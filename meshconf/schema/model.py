"""The compiled description of a class: a tree of settings, groups and maps of groups."""

from __future__ import annotations

import dataclasses
import functools
import types
from collections.abc import (
    Callable,
    Iterator,
    Mapping,
    MutableMapping,
    MutableSequence,
    Sequence,
)
from collections.abc import (
    Set as AbstractSet,
)
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import attrs

from meshconf.diagnostics.suggest import fold
from meshconf.schema import kinds
from meshconf.schema.configuration import Configuration, configuration_of
from meshconf.schema.constraints import AttrsValidator, Constraint, from_hint
from meshconf.schema.hints import behind_name, hints_of
from meshconf.schema.rules import Rule
from meshconf.schema.secret import Secret
from meshconf.schema.setting import FACTS, Facts, FieldMaker, read_validators

__all__ = ["REQUIRED", "Model", "Setting", "model_of"]

Path = tuple[str | int, ...]

#: Stands where a setting has no default.
REQUIRED: Any = attrs.NOTHING

_LISTS: dict[Any, Callable[[Iterator[Any]], Any]] = {
    list: list,
    Sequence: tuple,
    MutableSequence: list,
    set: set,
    frozenset: frozenset,
    AbstractSet: frozenset,
}
_MAPPINGS = (dict, Mapping, MutableMapping)


@attrs.frozen(eq=False, repr=False, kw_only=True)
class Setting:
    """One field of a class; where its kind is a group or a map of groups, what is below it.

    Attributes:
        name: Its key in files.

        attribute: Its name in Python.

        owner: The class that declares it.

        kind: What it may hold.

        default: Its default, an ``attrs.Factory``, or ``REQUIRED``.

        facts: What ``setting()`` says of it.

        constraints: What attrs validators and ``setting()`` demand of its value; what the type
            hint demands stands in the kind.

        validators: Validators that only the whole object can be shown to.

        field: The attrs attribute, for those validators; ``None`` in a dataclass.

        checks_itself: Whether the class checks what the hint demands: a `setting()` of an attrs
            class does, as far as the class knows what its type variables stand for.
    """

    name: str
    attribute: str
    owner: type
    kind: kinds.Kind
    default: Any
    facts: Facts
    constraints: tuple[Constraint, ...] = ()
    validators: tuple[AttrsValidator, ...] = ()
    field: attrs.Attribute[Any] | None = None
    checks_itself: bool = False

    @functools.cached_property
    def secret(self) -> bool:
        """Whether its value is never shown."""
        return self.facts.secret or _holds_secret(self.kind)

    @functools.cached_property
    def group(self) -> Model | None:
        """The model of the class, if the setting is a group of one class."""
        kind = kinds.bare(self.kind)
        return kind.model if isinstance(kind, kinds.Group) else None

    @functools.cached_property
    def map_of(self) -> Model | None:
        """The model of the class, if the setting is a map of groups."""
        kind = kinds.bare(self.kind)
        return kind.model if isinstance(kind, kinds.GroupMap) else None

    @functools.cached_property
    def union(self) -> kinds.TaggedUnion | None:
        """The union, if the setting is a group of one of several classes."""
        kind = kinds.bare(self.kind)
        return kind if isinstance(kind, kinds.TaggedUnion) else None

    @functools.cached_property
    def appends(self) -> bool:
        """Whether the lists of several sources are joined."""
        return self.facts.merge == "append"

    @functools.cached_property
    def is_leaf(self) -> bool:
        """Whether merging has nothing to do but take the value, whole and as it is."""
        return not (kinds.models_in(self.kind) or self.appends or self.secret)

    @functools.cached_property
    def default_table(self) -> Mapping[str, Any]:
        """What the default of a group sets otherwise than its class does, as a merged table."""
        default = None if self.default is REQUIRED else self.default_value()
        if self.group is None or type(default) is not self.group.cls:
            return {}
        return _differences(self.group, default)

    def holds_value(self, value: Any) -> bool:
        """Whether a value of it is shown as one, and not setting by setting."""
        return value is None or not (self.group or self.map_of or self.union)

    @functools.cached_property
    def unit(self) -> str:
        """The unit of its numbers; empty if it has none."""
        kind = kinds.bare(self.kind)
        own = "s" if kind is kinds.SECONDS else "B" if kind is kinds.BYTES else ""
        return self.facts.unit or own

    def default_value(self) -> Any:
        """Make the default; ``REQUIRED`` where there is none."""
        if isinstance(self.default, attrs.Factory):  # type: ignore[arg-type]
            return None if self.default.takes_self else self.default.factory()
        return self.default

    def declaration(self) -> str:
        """Write the setting as it is declared: ``ConsulConfig.port: int, 1..=65535``."""
        said = [kinds.describe(self.kind), *kinds.limits(self.constraints)]
        if self.facts.unit and self.facts.unit not in ("s", "B"):
            said.append(f"in {self.facts.unit}")
        return f"{self.owner.__name__}.{self.attribute}: {', '.join(said)}"


def _differences(model: Model, instance: Any) -> dict[str, Any]:
    table: dict[str, Any] = {}
    for name, setting in model.settings.items():
        value = getattr(instance, setting.attribute)
        if setting.default is not REQUIRED and setting.default_value() == value:
            continue
        below = setting.group
        table[name] = value
        if below is not None and type(value) is below.cls:
            table[name] = _differences(below, value)
    return table


def _holds_secret(kind: kinds.Kind) -> bool:
    match kind:
        case kinds.Masked():
            return True
        case kinds.OptionalOf(inner) | kinds.Constrained(inner, _):
            return _holds_secret(inner)
        case kinds.ListOf(item) | kinds.MapOf(_, item):
            return _holds_secret(item)
        case kinds.FixedArray(items):
            return any(map(_holds_secret, items))
        case _:
            return False


@attrs.frozen(eq=False, repr=False, kw_only=True)
class Model:
    """The description of one class.

    Attributes:
        cls: The class.

        settings: Its settings by their keys, in the order of declaration.

        spellings: What else may be written for a key: with dashes, in other case.

        old_names: The key for each name that ``renamed_from`` lists.

        rules: Its rules, those of its base classes included.

        configuration: What the class says of itself as a root.
    """

    cls: type
    settings: Mapping[str, Setting]
    spellings: Mapping[str, str]
    old_names: Mapping[str, str]
    rules: tuple[Rule, ...]
    configuration: Configuration

    @functools.cached_property
    def groups(self) -> tuple[Setting, ...]:
        """Its settings that are groups or maps of groups."""
        return tuple(
            setting
            for setting in self.settings.values()
            if setting.group is not None or setting.map_of is not None
        )

    @functools.cached_property
    def inherits(self) -> bool:
        """Whether a group in it, at any depth, inherits from another."""
        return any(
            setting.facts.inherits is not None
            or any(below.inherits for below in kinds.models_in(setting.kind))
            for setting in self.settings.values()
        )

    @functools.cached_property
    def secret_names(self) -> frozenset[str]:
        """The keys of all secrets, at any depth, old names included."""
        names: set[str] = set()
        for name, setting in self.settings.items():
            if setting.secret:
                names |= {name, *setting.facts.renamed_from}
            for below in kinds.models_in(setting.kind):
                names |= below.secret_names
        return frozenset(names)

    def find(self, path: Path) -> Setting | None:
        """Return the setting at a path, names of maps' entries included; None if there is none."""
        model: Model | None = self
        setting: Setting | None = None
        entry_of: Model | None = None
        for position, part in enumerate(path, 1):
            if entry_of is not None:
                model, entry_of = entry_of, None
                continue
            setting = model.settings.get(str(part)) if model is not None else None
            if setting is None:
                return None
            model, entry_of = _below(setting, path[position:]), setting.map_of
        return setting

    def walk(self, path: Path = ()) -> Iterator[tuple[Path, Setting]]:
        """Yield every setting that has a fixed path, groups before what they hold."""
        for name, setting in self.settings.items():
            yield (*path, name), setting
            if setting.group is not None:
                yield from setting.group.walk((*path, name))


def _below(setting: Setting, rest: Path) -> Model | None:
    if setting.union is None:
        return setting.group
    # Any class of the union that knows the next name will do.
    models = setting.union.models.values()
    return next((model for model in models if rest and rest[0] in model.settings), None)


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
    return model


def _check_inheritance(root: Model, model: Model) -> None:
    for setting in model.settings.values():
        source = setting.facts.inherits
        if source is not None:
            base = root.find(tuple(source.split(".")))
            if base is None or base.group is None or base.group is not setting.group:
                msg = (
                    f"{_field_name(setting.owner, setting.attribute)} inherits {source!r}, which is "
                    f"no group of the same class in {root.cls.__qualname__}"
                )
                raise TypeError(msg)
            if base.facts.inherits is not None:
                msg = (
                    f"{_field_name(setting.owner, setting.attribute)} inherits {source!r}, which "
                    "itself inherits"
                )
                raise TypeError(msg)
        for below in kinds.models_in(setting.kind):
            _check_inheritance(root, below)


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
            msg = f"{where}: {_name(schema)} contains itself; a configuration has a fixed depth"
            raise TypeError(msg)
        self.within.append(schema)
        try:
            model = self.done[schema] = self._compile(schema, where)
        finally:
            self.within.pop()
        return model

    def _compile(self, schema: Any, where: str) -> Model:
        cls = get_origin(schema) or schema
        fields = _fields_of(cls, where)
        hints = hints_of(schema)
        _refuse_init_variables(cls, hints)
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
        return model

    def _setting(self, schema: Any, field: _Field, hints: Mapping[str, Any]) -> Setting:
        cls = get_origin(schema) or schema
        where = _field_name(cls, field.attribute)
        # attrs takes a type without an annotation too: attrs.make_class does.
        hint = hints.get(field.attribute, field.field.type if field.field is not None else None)
        if hint is None:
            msg = f"{where} has no type annotation"
            raise TypeError(msg)
        facts = field.metadata.get(FACTS) or _facts_in(hint) or Facts()
        _refuse_misplaced(hint, field, where)
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
                kind = _constrained(kind, from_hint(hint))
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
        if _is_class_with_fields(origin or hint):
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
        msg = (
            f"{where}: {_name(hint)} is no type that a configuration can hold; give it a converter"
        )
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
        facts = _facts_in(hint)
        for unit in (*units_in(metadata), facts.unit if facts else ""):
            kind = _in_unit(kind, unit)
        return _constrained(kind, from_annotation(metadata))

    def _union(self, arguments: tuple[Any, ...], where: str) -> kinds.Kind:
        parts = [part for part in arguments if part is not types.NoneType]
        if len(parts) == 1:
            kind = self.kind(parts[0], where)
        elif all(_is_class_with_fields(get_origin(part) or part) for part in parts):
            kind = self._tagged_union(parts, where)
        else:
            names = ", ".join(map(_name, parts))
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
        names = ", ".join(map(_name, parts))
        msg = f"{where}: {names} have no field of their own Literal values that tells them apart"
        raise TypeError(msg)


def _tag_options(setting: Setting | None) -> tuple[Any, ...]:
    if setting is None or not isinstance(setting.kind, kinds.Choice):
        return ()
    return tuple(setting.kind.options) if setting.kind.enum is None else ()


@attrs.frozen(eq=False, repr=False)
class _Field:
    """What attrs and dataclasses both know of a field."""

    name: str
    attribute: str
    default: Any
    init: bool
    metadata: Mapping[Any, Any]
    validator: Any = None
    field: attrs.Attribute[Any] | None = None


def _fields_of(cls: Any, where: str) -> list[_Field]:
    if not _is_class_with_fields(cls):
        msg = f"{where}: {_name(cls)} is neither an attrs class nor a dataclass"
        raise TypeError(msg)
    if attrs.has(cls):
        return [
            _Field(
                name=field.alias or field.name.lstrip("_"),
                attribute=field.name,
                default=field.default,
                init=field.init,
                metadata=field.metadata,
                validator=field.validator,
                field=field,
            )
            for field in attrs.fields(cls)
        ]
    return [
        _Field(field.name, field.name, _dataclass_default(field), field.init, field.metadata)
        for field in dataclasses.fields(cls)
    ]


def _dataclass_default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return attrs.Factory(field.default_factory)
    return REQUIRED if field.default is dataclasses.MISSING else field.default


def _is_class_with_fields(hint: Any) -> bool:
    return isinstance(hint, type) and (attrs.has(hint) or dataclasses.is_dataclass(hint))


def _refuse_init_variables(cls: type, hints: Mapping[str, Any]) -> None:
    for name, hint in hints.items():
        if isinstance(hint, dataclasses.InitVar) and not hasattr(cls, name):
            msg = f"{_field_name(cls, name)}: an InitVar is no setting, so it needs a default"
            raise TypeError(msg)


def _settings_in(hint: Any) -> Iterator[Any]:
    """Find what `setting()` made within an `Annotated[…]`, optional or not."""
    if (named := behind_name(hint)) is not None:
        yield from _settings_in(named)
    elif get_origin(hint) in (Union, types.UnionType):
        for part in get_args(hint):
            yield from _settings_in(part)
    elif get_origin(hint) is Annotated:
        inner, *metadata = get_args(hint)
        yield from (item for item in metadata if isinstance(item, FieldMaker))
        yield from _settings_in(inner)


def _facts_in(hint: Any) -> Facts | None:
    return next((made.metadata.get(FACTS) for made in _settings_in(hint)), None)


def _refuse_misplaced(hint: Any, field: _Field, where: str) -> None:
    """Refuse what a `setting()` says in a place where it has no effect."""
    if isinstance(field.default, FieldMaker):
        msg = f"{where}: in a dataclass, write setting() into the hint: Annotated[int, setting(…)]"
        raise TypeError(msg)
    for made in _settings_in(hint):
        if made._default is not attrs.NOTHING:  # noqa: SLF001 - it has no public name
            msg = f"{where}: the default stands behind the hint, not in its setting()"
            raise TypeError(msg)
        _, validators = read_validators(made._validator)  # noqa: SLF001 - the same
        if validators:
            msg = f"{where}: in a hint, write a check of your own as annotated_types.Predicate"
            raise TypeError(msg)


def _converted(facts: Facts, field: _Field) -> kinds.Converted | None:
    own = getattr(field.field, "converter", None)
    if own is not None:
        return kinds.Converted(getattr(own, "converter", own), by_class=True)
    return None if facts.converter is None else kinds.Converted(facts.converter, by_class=False)


def _checked_by_class(hint: Any, field: _Field, where: str) -> tuple[Constraint, ...]:
    """Return what the hint demands of a value that the class converts."""
    constraints = from_hint(hint)
    if constraints and FACTS not in field.metadata:
        msg = f"{where}: behind a converter nothing checks the hint; use setting(converter=…)"
        raise TypeError(msg)
    return constraints


def _names_secret(hint: Any) -> bool:
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
        if model.find(tuple(path.split("."))) is None:
            msg = f"{model.cls.__qualname__}: the rule `{rule.name}` reads `{path}`, which is no setting"
            raise TypeError(msg)


def _name(hint: Any) -> str:
    if _is_class_with_fields(type(hint)):  # its repr would show its values
        return f"an instance of {type(hint).__qualname__}"
    # On Python 3.10, list[int] is a type too.
    plain = isinstance(hint, type) and get_origin(hint) is None
    return hint.__qualname__ if plain else str(hint)


def _field_name(cls: type, attribute: str) -> str:
    return f"{cls.__qualname__}.{attribute}"
