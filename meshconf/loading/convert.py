"""Converting one value element by element, collecting what is wrong with each.

The hooks of `structure` stop at the first fault and keep no place; here every fault counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import attrs

from meshconf.diagnostics.words import Path
from meshconf.loading.partial import BROKEN
from meshconf.loading.structure import Structurer, union_tag
from meshconf.schema import kinds
from meshconf.schema.model import Model
from meshconf.schema.secret import Secret
from meshconf.schema.values import BadValue, refused
from meshconf.sources.layer import Unparsed

if TYPE_CHECKING:
    from meshconf.schema.constraints import Constraint

__all__ = ["MOST_IN_ONE", "Conversion", "violation"]

#: So many wrong elements of one value are reported; the rest of it is not looked at.
MOST_IN_ONE = 10


def violation(constraints: Iterable[Constraint], value: Any) -> BadValue | None:
    """Return how a value breaks the first constraint that it breaks; None is for optionals."""
    value = value.reveal() if isinstance(value, Secret) else value
    if value is None:
        return None
    found = (_judged(constraint, value) for constraint in constraints)
    return next((bad for bad in found if bad is not None), None)


def _judged(constraint: Constraint, value: Any) -> BadValue | None:
    try:
        return constraint.check(value)
    except Exception:  # a bound on what has no order, a pattern on what is no text
        wanted = f"must be a value for the check `{constraint.describe()}`"
        return BadValue("MC201", wanted, ", got one that it cannot judge", label="cannot be judged")


@attrs.frozen(eq=False, repr=False)
class Conversion:
    """Converts the value of one setting.

    Attributes:
        structurer: Has the hook of every kind.

        group: Judges a group within the value and returns the object; it tells its problems itself.

        path: The path of the setting.

        errors: What was found wrong, each with the path of the element; at most ten.
    """

    structurer: Structurer
    group: Callable[[Model, Mapping[str, Any], Path], Any]
    path: Path
    errors: list[BadValue] = attrs.field(factory=list)

    def convert(self, kind: kinds.Kind, value: Any, at: Path = ()) -> Any:
        """Return the converted value, BROKEN if a part of it is wrong."""
        match kind:
            case _ if isinstance(value, Unparsed):
                return self._broken(value.bad, at)
            case kinds.OptionalOf(inner):
                return None if value is None else self.convert(inner, value, at)
            case kinds.Constrained(inner, constraints):
                converted = self.convert(inner, value, at)
                bad = None if converted is BROKEN else violation(constraints, converted)
                return converted if bad is None else self._broken(bad, at)
            case kinds.Converted(convert):
                return self._attempt(convert, value, at)
            case kinds.ListOf(item, container) if isinstance(value, (list, tuple)):
                elements = self._each(((item, one, n) for n, one in enumerate(value)), at)
                return self._attempt(container, elements, at) if _sound(elements) else BROKEN
            case kinds.FixedArray(items) if _has_length(value, len(items)):
                elements = self._each(zip(items, value, range(len(items)), strict=True), at)
                return tuple(elements) if _sound(elements) else BROKEN
            case kinds.MapOf(key, item) if isinstance(value, Mapping):
                names = self._each(((key, name, name) for name in value), at)
                entries = self._each(((item, one, name) for name, one in value.items()), at)
                return dict(zip(names, entries, strict=True)) if _sound(names + entries) else BROKEN
            case kinds.Group(model) if isinstance(value, dict):
                return self.group(model, value, (*self.path, *at))
            case kinds.GroupMap(model) if isinstance(value, Mapping):
                return self.convert(kinds.MapOf(kinds.Anything(), kinds.Group(model)), value, at)
            case kinds.TaggedUnion(_, models) if isinstance(value, dict):
                tag = self._attempt(lambda table: union_tag(kind, table), value, at)
                return (
                    BROKEN if tag is BROKEN else self.convert(kinds.Group(models[tag]), value, at)
                )
            case _:
                return self._attempt(self.structurer.of_kind(kind), value, at)

    def _each(self, elements: Iterable[tuple[kinds.Kind, Any, str | int]], at: Path) -> list[Any]:
        """Convert elements, each a kind, a value and its place below *at*."""
        converted: list[Any] = []
        for kind, value, part in elements:
            if len(self.errors) >= MOST_IN_ONE:
                return [BROKEN]
            converted.append(self.convert(kind, value, (*at, part)))
        return converted

    def _broken(self, bad: BadValue, at: Path) -> Any:
        self.errors.append(bad.moved(at))
        return BROKEN

    def _attempt(self, hook: Callable[..., Any], value: Any, at: Path) -> Any:
        """Run a function of the schema's author or of ours, whatever it raises."""
        try:
            return hook(value)
        except BadValue as error:
            bad = error
        except Exception as error:
            bad = refused("is refused by its converter", error)
        return self._broken(bad, at)


def _has_length(value: Any, length: int) -> bool:
    return isinstance(value, (list, tuple)) and len(value) == length


def _sound(parts: Iterable[Any]) -> bool:
    # By identity: what a schema's own classes do with == is not known.
    return all(part is not BROKEN for part in parts)
