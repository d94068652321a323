"""How a class says what a field alone cannot: bounds, help, names, and what merging does."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Literal, TypeVar, overload

import attrs

from meshconf.schema.constraints import (
    AttrsValidator,
    Bound,
    Constraint,
    OneOf,
    Pattern,
    from_hint,
    from_validator,
)
from meshconf.schema.hints import hints_of
from meshconf.schema.secret import MASK, Secret

__all__ = ["FACTS", "Checks", "Facts", "FieldMaker", "read_validators", "setting"]

T = TypeVar("T")

#: The key of a field's metadata under which its facts stand.
FACTS = "meshconf"

#: What `setting()` and `attrs.field()` return.
FieldMaker: Any = type(attrs.field())


@attrs.frozen(eq=False, repr=False, kw_only=True)
class Facts:
    """What `setting()` says of a field beyond its type and default."""

    constraints: tuple[Constraint, ...] = ()
    secret: bool = False
    unit: str = ""
    help: str = ""
    env: str | None = None
    reload: Literal["live", "restart"] = "live"
    local_only: bool = False
    renamed_from: tuple[str, ...] = ()
    inherits: str | None = None
    merge: Literal["replace", "append"] = "replace"
    empty_is_unset: bool = False
    converter: Callable[[Any], Any] | None = None


class Checks:
    """The attrs validator of a setting: its own constraints and those of its type hint."""

    __slots__ = ("_all", "constraints", "secret")

    def __init__(self, constraints: tuple[Constraint, ...], *, secret: bool) -> None:
        self.constraints = constraints
        self.secret = secret
        self._all: dict[type, tuple[Constraint, ...]] = {}

    def __call__(self, instance: object, attribute: attrs.Attribute[Any], value: Any) -> None:
        """Raise ValueError for a value that breaks a constraint; None is for optional fields."""
        cls = type(instance)
        constraints = self._all.get(cls)
        if constraints is None:  # a subclass may fill in a type variable of the hint
            constraints = self._all[cls] = self.constraints + _hinted(cls, attribute.name)
        if value is None or not constraints:
            return
        checked = value.reveal() if type(value) is Secret else value
        for constraint in constraints:
            if bad := constraint.check(checked):
                secret = self.secret or checked is not value
                msg = f"{attribute.name} {bad.expected}{'' if secret else bad.detail}"
                raise ValueError(msg)


def _hinted(cls: type, name: str) -> tuple[Constraint, ...]:
    try:
        hints = hints_of(cls)
    except TypeError:  # a hint that only a type checker can resolve
        return ()
    return from_hint(hints.get(name))


def read_validators(validator: Any) -> tuple[tuple[Constraint, ...], tuple[AttrsValidator, ...]]:
    """Tell the constraints among a field's validators from those that want the whole object."""
    parts: list[Any] = []
    for part in () if validator is None else from_validator(validator):
        parts += part.constraints if isinstance(part, Checks) else [part]
    constraints = tuple(part for part in parts if hasattr(part, "check"))
    return constraints, tuple(part for part in parts if not hasattr(part, "check"))


@overload
def setting(
    *,
    gt: Any = ...,
    ge: Any = ...,
    lt: Any = ...,
    le: Any = ...,
    one_of: Iterable[Any] | None = ...,
    matches: str | None = ...,
    secret: bool = ...,
    unit: str = ...,
    help: str = ...,
    env: str | None = ...,
    reload: Literal["live", "restart"] = ...,
    local_only: bool = ...,
    renamed_from: str | Iterable[str] = ...,
    inherits: str | None = ...,
    merge: Literal["replace", "append"] = ...,
    empty_is_unset: bool = ...,
    validator: Any = ...,
    converter: Callable[[Any], Any] | None = ...,
) -> Any: ...


@overload
def setting(
    default: T,
    *,
    gt: Any = ...,
    ge: Any = ...,
    lt: Any = ...,
    le: Any = ...,
    one_of: Iterable[Any] | None = ...,
    matches: str | None = ...,
    secret: bool = ...,
    unit: str = ...,
    help: str = ...,
    env: str | None = ...,
    reload: Literal["live", "restart"] = ...,
    local_only: bool = ...,
    renamed_from: str | Iterable[str] = ...,
    inherits: str | None = ...,
    merge: Literal["replace", "append"] = ...,
    empty_is_unset: bool = ...,
    validator: Any = ...,
    converter: Callable[[Any], Any] | None = ...,
) -> T: ...


def setting(
    default: Any = attrs.NOTHING,
    *,
    gt: Any = None,
    ge: Any = None,
    lt: Any = None,
    le: Any = None,
    one_of: Iterable[Any] | None = None,
    matches: str | None = None,
    secret: bool = False,
    unit: str = "",
    help: str = "",
    env: str | None = None,
    reload: Literal["live", "restart"] = "live",
    local_only: bool = False,
    renamed_from: str | Iterable[str] = (),
    inherits: str | None = None,
    merge: Literal["replace", "append"] = "replace",
    empty_is_unset: bool = False,
    validator: Any = None,
    converter: Callable[[Any], Any] | None = None,
) -> Any:
    """Declare a setting of an attrs class.

    In a dataclass, write it into the hint: ``Annotated[int, setting(ge=1, help="…")]``; the
    default then stays where dataclasses have it, and of validators only those of attrs itself
    have a place there.

    Args:
        default: The value where no source sets one, or an ``attrs.Factory``; without it the
            setting is required.

        gt: The value must be greater than this.

        ge: The value must be at least this.

        lt: The value must be less than this.

        le: The value must be at most this.

        one_of: The values that are allowed.

        matches: A regular expression that the whole text must match.

        secret: Mask the value wherever meshconf shows values, and in the class's repr. The field
            itself stays plain; ``Secret[T]`` as its type also guards it in your own code.

        unit: The unit of a number, a label for people: "requests". Two of them do more: with
            ``s`` a float also takes "500ms", with ``B`` an integer takes "64KiB".

        help: One sentence: unit, effect, and what the standard term for it is.

        env: The whole name of its variable, instead of the one derived from prefix and path.

        reload: Whether a running process may take over a new value (``live``) or has to be
            started again (``restart``).

        local_only: Whether no document from another machine, such as one in Consul, may set it.

        renamed_from: Names that the setting had earlier in the same class; they are read with a
            warning.

        inherits: For a group in a map of groups: the path, from the root, of the group whose
            values hold where this one sets none.

        merge: What becomes of a list that several sources set: the last one counts
            (``replace``), or each adds to those before (``append``).

        empty_is_unset: For an optional setting: an empty variable means that it is not set.

        validator: Validators as attrs takes them, for what has no word here.

        converter: A converter as attrs takes it; the setting then takes any value that TOML can
            hold.

    Returns:
        An attrs field.

    Raises:
        ValueError: If ``reload`` or ``merge`` is no such word, or ``matches`` no expression.
    """
    _one_of_words("reload", reload, ("live", "restart"))
    _one_of_words("merge", merge, ("replace", "append"))
    bounds = {">": gt, ">=": ge, "<": lt, "<=": le}
    constraints: list[Constraint] = [
        Bound(operator, limit) for operator, limit in bounds.items() if limit is not None
    ]
    if one_of is not None:
        constraints.append(OneOf(tuple(one_of)))
    if matches is not None:
        constraints.append(Pattern(re.compile(matches)))
    facts = Facts(
        constraints=tuple(constraints),
        secret=secret,
        unit=unit,
        help=help,
        env=env,
        reload=reload,
        local_only=local_only,
        renamed_from=(renamed_from,) if isinstance(renamed_from, str) else tuple(renamed_from),
        inherits=inherits,
        merge=merge,
        empty_is_unset=empty_is_unset,
        converter=converter,
    )
    validators = [] if validator is None else _listed(validator)
    checks = Checks(facts.constraints, secret=secret)
    return attrs.field(
        default=default,
        validator=[checks, *validators] if validators else checks,  # a list costs a call more
        converter=converter,
        repr=_hidden if secret else True,
        metadata={FACTS: facts},
    )


def _hidden(_: object) -> str:
    return MASK


def _one_of_words(name: str, value: str, words: tuple[str, ...]) -> None:
    if value not in words:
        msg = f"{name} is one of {', '.join(words)}, not {value!r}"
        raise ValueError(msg)


def _listed(validator: Any) -> list[Any]:
    return list(validator) if isinstance(validator, (list, tuple)) else [validator]
