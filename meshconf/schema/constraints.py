"""Bounds and other conditions on a single value, whoever declared them.

They come from `setting(ge=…)`, from annotated-types in `Annotated[…]`, and from attrs' own
validators; a report words them all alike.
"""

from __future__ import annotations

import operator
import re
import types
from collections.abc import Callable, Sized
from typing import Annotated, Any, Protocol, Union, get_args, get_origin

import attrs

from meshconf.diagnostics.words import noun, quoted
from meshconf.schema.hints import behind_name
from meshconf.schema.values import BadValue, refused

__all__ = [
    "AttrsValidator",
    "Bound",
    "Constraint",
    "CustomCheck",
    "Length",
    "MultipleOf",
    "OneOf",
    "Pattern",
    "from_hint",
    "from_validator",
]


class Constraint(Protocol):
    """A condition that a converted value must meet."""

    def check(self, value: Any) -> BadValue | None:
        """Return what is wrong with the value, or None."""
        ...

    def describe(self) -> str:
        """Write the condition in a few words: ">= 1"."""
        ...


_WORDS = {
    ">": ("greater than", "not greater than"),
    ">=": ("at least", "less than the minimum"),
    "<": ("less than", "not less than"),
    "<=": ("at most", "greater than the maximum"),
}


_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


@attrs.frozen
class Bound:
    """A limit on one side of a number, a date or whatever has an order."""

    operator: str
    limit: Any
    _holds: Callable[[Any, Any], Any] = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "_holds", _COMPARE[self.operator])

    def check(self, value: Any) -> BadValue | None:
        """Return what is wrong with the value, or None."""
        try:
            if self._holds(value, self.limit):
                return None
        except TypeError:  # a date-time with an offset and one without have no order
            wanted, found = "comparable with", "not comparable with"
        else:
            wanted, found = _WORDS[self.operator]
        limit = quoted(self.limit)
        return BadValue(
            "MC202",
            f"must be {wanted} {limit}",
            f", got {quoted(value)}",
            label=f"{found} {limit}",
            found=quoted(value),
        )

    def describe(self) -> str:
        """Write the bound as in `>= 1`."""
        return f"{self.operator} {quoted(self.limit)}"


@attrs.frozen
class OneOf:
    """A closed set of values."""

    options: tuple[Any, ...]

    def check(self, value: Any) -> BadValue | None:
        """Return what is wrong with the value, or None."""
        if value in self.options:
            return None
        choices = ", ".join(map(quoted, self.options))
        return BadValue(
            "MC203",
            f"must be one of {choices}",
            f", got {quoted(value)}",
            label="not one of them",
            found=quoted(value),
        )

    def describe(self) -> str:
        """List the options."""
        return "one of " + ", ".join(map(quoted, self.options))


@attrs.frozen
class Pattern:
    """A regular expression that the whole text must match."""

    regex: re.Pattern[str]

    def check(self, value: Any) -> BadValue | None:
        """Return what is wrong with the value, or None."""
        if self.regex.fullmatch(value):
            return None
        return BadValue(
            "MC205",
            f"must match {self.regex.pattern}",
            f", got {quoted(value)}",
            label="does not match",
            found=quoted(value),
        )

    def describe(self) -> str:
        """Write the pattern."""
        return f"matches {self.regex.pattern}"


@attrs.frozen
class Length:
    """Limits on the number of characters or elements."""

    least: int = 0
    most: int | None = None

    def check(self, value: Sized) -> BadValue | None:
        """Return what is wrong with the value, or None."""
        count = len(value)
        things = "characters" if isinstance(value, str) else "elements"
        if count < self.least:
            if self.least == 1:
                return BadValue("MC205", "must not be empty", label="empty", found="empty")
            return self._bad(f"must have at least {self.least} {things}", count)
        if self.most is not None and count > self.most:
            return self._bad(f"must have at most {self.most} {things}", count)
        return None

    def _bad(self, expected: str, count: int) -> BadValue:
        return BadValue("MC205", expected, f", got {count}", label=f"{count}", found=f"{count}")

    def describe(self) -> str:
        """Write the limits."""
        if self.most is None:
            return "not empty" if self.least == 1 else f"length >= {self.least}"
        if not self.least:
            return f"length <= {self.most}"
        return f"length {self.least}..={self.most}"


@attrs.frozen
class MultipleOf:
    """A number of which the value is a multiple."""

    factor: Any

    def check(self, value: Any) -> BadValue | None:
        """Return what is wrong with the value, or None."""
        return CustomCheck(self._divide, f"multiple of {self.factor}").check(value)

    def _divide(self, value: Any) -> None:
        if value % self.factor:
            msg = f"it is no multiple of {self.factor}"
            raise ValueError(msg)

    def describe(self) -> str:
        """Write the factor."""
        return f"check `multiple of {self.factor}`"


@attrs.frozen
class CustomCheck:
    """A function of the schema's author: it returns, or raises what it has to say.

    Attributes:
        function: Takes the value.

        name: What a report calls it where its words may not be shown.
    """

    function: Callable[[Any], object]
    name: str

    def check(self, value: Any) -> BadValue | None:
        """Return what is wrong with the value, or None."""
        try:
            self.function(value)
        except BadValue as error:
            return error
        except Exception as error:
            return refused(f"fails the check `{self.name}`", error, noun(value))
        return None

    def describe(self) -> str:
        """Write the name of the function."""
        return f"check `{self.name}`"


def from_hint(hint: object) -> tuple[Constraint, ...]:
    """Read the constraints that a type hint puts on the value itself, not on its elements."""
    if (named := behind_name(hint)) is not None:
        return from_hint(named)
    if get_origin(hint) is Annotated:
        from meshconf.schema.annotations import from_annotation  # many schemas need none

        inner, *metadata = get_args(hint)
        return from_hint(inner) + from_annotation(metadata)
    if get_origin(hint) in (Union, types.UnionType):
        return tuple(found for part in get_args(hint) for found in from_hint(part))
    return ()


AttrsValidator = Callable[[Any, Any, Any], Any]

_NUMBER: type = type(attrs.validators.ge(0))
_MIN_LENGTH: type = type(attrs.validators.min_len(0))
_MAX_LENGTH: type = type(attrs.validators.max_len(0))
_IN: type = type(attrs.validators.in_(()))
_AND: type = type(attrs.validators.and_())
_OPTIONAL: type = type(attrs.validators.optional(attrs.validators.ge(0)))
_INSTANCE_OF: type = type(attrs.validators.instance_of(int))
_MATCHES: type = type(attrs.validators.matches_re(""))


def from_validator(validator: Any) -> tuple[Constraint | AttrsValidator, ...]:
    """Read what an attrs validator stands for.

    attrs' own validators become constraints, so that reports can word them and schemas can show
    them. Any other is returned as it is: only the whole object can be shown to it.
    """
    kind = type(validator)
    if kind is _AND:
        return tuple(part for one in validator._validators for part in from_validator(one))  # noqa: SLF001
    if kind is _OPTIONAL:  # constraints never see a None, but other validators would
        parts = from_validator(validator.validator)
        return parts if all(hasattr(part, "check") for part in parts) else (validator,)
    if kind is _NUMBER:
        return (Bound(validator.compare_op, validator.bound),)
    if kind is _MIN_LENGTH:
        return (Length(validator.min_length),)
    if kind is _MAX_LENGTH:
        return (Length(0, validator.max_length),)
    if kind is _IN:
        return (OneOf(tuple(validator.options)),)
    if kind is _MATCHES and validator.match_func == validator.pattern.fullmatch:
        return (Pattern(validator.pattern),)
    if kind is _INSTANCE_OF:  # the declared type says as much
        return ()
    return (validator,)
