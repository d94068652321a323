"""The compiled description of a class: a tree of settings, groups and maps of groups."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import attrs

from meshconf.schema import kinds
from meshconf.schema.configuration import Configuration
from meshconf.schema.constraints import AttrsValidator, Constraint
from meshconf.schema.rules import Rule
from meshconf.schema.setting import Facts

if TYPE_CHECKING:
    from meshconf.diagnostics.words import Path

__all__ = ["REQUIRED", "Model", "Setting"]

#: Stands where a setting has no default.
REQUIRED: Any = attrs.NOTHING


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
        plain = not (kinds.models_in(self.kind) or self.appends or self.secret)
        return plain and not self.facts.local_only

    @functools.cached_property
    def default_table(self) -> Mapping[str, Any]:
        """What the default of a group sets otherwise than its class does, as a merged table.

        For a union, its tag as well.
        """
        if self.default is REQUIRED or (self.group is None and self.union is None):
            return {}
        return _default_table(self, self.default_value()) or {}

    @functools.cached_property
    def holds_settings(self) -> bool:
        """Whether it is a group, of one class or of several, or a map of groups."""
        return self.group is not None or self.map_of is not None or self.union is not None

    def holds_value(self, value: Any) -> bool:
        """Whether a value of it is shown as one, and not setting by setting."""
        return value is None or not self.holds_settings

    @functools.cached_property
    def unit(self) -> str:
        """The unit of its numbers; empty if it has none."""
        kind = kinds.bare(self.kind)
        own = "s" if kind is kinds.SECONDS else "B" if kind is kinds.BYTES else ""
        return self.facts.unit or own

    def default_value(self) -> Any:
        """Make the default; ``REQUIRED`` where there is none.

        Raises:
            TypeError: If its factory raises; what that says may hold a value and is left out.
        """
        if not isinstance(self.default, attrs.Factory):  # type: ignore[arg-type]
            return self.default
        try:
            return None if self.default.takes_self else self.default.factory()
        except Exception as error:
            reason = type(error).__name__
        msg = f"the default of {self.owner.__name__}.{self.attribute} cannot be made: {reason}"
        raise TypeError(msg)

    def type_text(self) -> str:
        """Write what it may hold: ``int, 1..=65535``."""
        said = [kinds.describe(self.kind), *kinds.limits(self.constraints)]
        if self.facts.unit and self.facts.unit not in ("s", "B"):
            said.append(f"in {self.facts.unit}")
        return ", ".join(said)

    def declaration(self) -> str:
        """Write the setting as it is declared: ``ConsulConfig.port: int, 1..=65535``."""
        return f"{self.owner.__name__}.{self.attribute}: {self.type_text()}"


def _default_table(setting: Setting, value: Any) -> dict[str, Any] | None:
    """Write an object that is a default as a table; None if it is no group."""
    if setting.union is not None:
        tag, models = setting.union.tag, setting.union.models.values()
        model = next((model for model in models if type(value) is model.cls), None)
        if model is not None:
            chosen = getattr(value, model.settings[tag].attribute)
            return {**_differences(model, value), tag: chosen}
    if setting.group is not None and type(value) is setting.group.cls:
        return _differences(setting.group, value)
    return None


def _differences(model: Model, instance: Any) -> dict[str, Any]:
    table: dict[str, Any] = {}
    for name, setting in model.settings.items():
        value = getattr(instance, setting.attribute)
        if not _is_default(setting, value):
            below = _default_table(setting, value)
            table[name] = value if below is None else below
    return table


def _is_default(setting: Setting, value: Any) -> bool:
    """Tell whether a value is the default; what cannot be made or compared is none."""
    try:
        return setting.default is not REQUIRED and bool(setting.default_value() == value)
    except Exception:
        return False


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
    def requires_groups(self) -> bool:
        """Whether a group in it, at any depth, has no default."""
        return any(
            (setting.group is not None and setting.default is REQUIRED)
            or any(below.requires_groups for below in kinds.models_in(setting.kind))
            for setting in self.groups
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
        """The keys of all secrets, at any depth, old names and those of earlier versions included."""
        names: set[str] = set()
        if self.configuration.steps:
            from meshconf.schema.old_paths import old_paths  # most schemas have no history

            for old in old_paths(self.configuration.steps):
                settings = (self.find(into) for into in old.into)
                if old.is_secret or any(one is not None and one.secret for one in settings):
                    names.add(old.names[-1])
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
    # Any class of the union that knows the next name will do, one that keeps it secret before others.
    name = str(rest[0]) if rest else ""
    knowing = [model for model in setting.union.models.values() if name in model.settings]
    secret = (model for model in knowing if model.settings[name].secret)
    return next(secret, knowing[0] if knowing else None)
