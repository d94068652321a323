"""The fields of a class, as attrs and dataclasses both tell of them."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Union, get_args, get_origin

import attrs

from meshconf.schema.hints import behind_name
from meshconf.schema.model import REQUIRED
from meshconf.schema.setting import FACTS, Facts, FieldMaker, read_validators

__all__ = [
    "Field",
    "facts_in",
    "field_name",
    "fields_of",
    "has_fields",
    "name_of_hint",
    "refuse_init_variables",
    "refuse_misplaced",
]


@attrs.frozen(eq=False, repr=False)
class Field:
    """What attrs and dataclasses both know of a field."""

    name: str
    attribute: str
    default: Any
    init: bool
    metadata: Mapping[Any, Any]
    validator: Any = None
    field: attrs.Attribute[Any] | None = None


def fields_of(cls: Any, where: str) -> list[Field]:
    """Read the fields of an attrs class or a dataclass; *where* says who asks for it."""
    if not has_fields(cls):
        name = getattr(cls, "__qualname__", None) or name_of_hint(cls)
        subject = name if where == name else f"{where}: {name}"
        msg = f"{subject} is neither an attrs class nor a dataclass"
        raise TypeError(msg)
    if attrs.has(cls):
        return [
            Field(
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
        Field(field.name, field.name, _dataclass_default(field), field.init, field.metadata)
        for field in dataclasses.fields(cls)
    ]


def _dataclass_default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return attrs.Factory(field.default_factory)
    return REQUIRED if field.default is dataclasses.MISSING else field.default


def has_fields(hint: Any) -> bool:
    """Tell whether a hint is an attrs class or a dataclass."""
    return isinstance(hint, type) and (attrs.has(hint) or dataclasses.is_dataclass(hint))


def refuse_init_variables(cls: type, hints: Mapping[str, Any]) -> None:
    """Raise TypeError for a dataclass that cannot be made from its fields alone."""
    for name, hint in hints.items():
        if isinstance(hint, dataclasses.InitVar) and not hasattr(cls, name):
            msg = f"{field_name(cls, name)}: an InitVar is no setting, so it needs a default"
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


def facts_in(hint: Any) -> Facts | None:
    """Find what a `setting()` within a hint says."""
    return next((made.metadata.get(FACTS) for made in _settings_in(hint)), None)


def refuse_misplaced(hint: Any, field: Field, where: str) -> None:
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


def name_of_hint(hint: Any) -> str:
    """Name a hint for a message."""
    if has_fields(type(hint)):  # its repr would show its values
        return f"an instance of {type(hint).__qualname__}"
    # On Python 3.10, list[int] is a type too.
    plain = isinstance(hint, type) and get_origin(hint) is None
    return hint.__qualname__ if plain else str(hint)


def field_name(cls: type, attribute: str) -> str:
    """Name a field for a message: ``ConsulConfig.port``."""
    return f"{cls.__qualname__}.{attribute}"
