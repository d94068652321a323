"""What a reload changed, as data."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs

from meshconf.describe.difference import differences, shown_value
from meshconf.diagnostics.words import dotted

if TYPE_CHECKING:
    from meshconf.describe.difference import Difference
    from meshconf.diagnostics.problem import Origin  # noqa: TC004 - nothing resolves annotations
    from meshconf.loading.load import Outcome  # noqa: TC004

__all__ = ["Change", "Update"]

T_co = TypeVar("T_co", covariant=True)


@attrs.frozen
class Change:
    """One setting that a reload changed.

    Attributes:
        path: Dotted, as in ``upstreams.payments.port``.

        old: The value before, as a file would say it; ``None`` if it was not set, ``<secret>`` for
            a secret, ``{}`` for an entry of a map, whose settings are told one by one.

        new: The value now.

        origin: Where the new value comes from; the old one if there is none now.
    """

    path: str
    old: Any
    new: Any
    origin: Origin


@attrs.frozen(eq=False)
class Update(Generic[T_co]):
    """A new configuration came into force.

    Attributes:
        generation: Its number; the configuration that was loaded at the start is number 1.
    """

    generation: int
    _before: Outcome = attrs.field(repr=False)
    _after: Outcome = attrs.field(repr=False)

    @property
    def old(self) -> T_co:
        """The configuration that was in force before."""
        old: T_co = self._before.config
        return old

    @property
    def new(self) -> T_co:
        """The configuration that is in force now."""
        new: T_co = self._after.config
        return new

    @functools.cached_property
    def differences(self) -> tuple[Difference, ...]:
        """What differs, for those who write it; see ``meshconf.describe.difference``."""
        return tuple(differences(self._before, self._after))

    @functools.cached_property
    def changes(self) -> tuple[Change, ...]:
        """What differs, in the order of the schema; found when it is first asked for.

        What several groups inherit is told once, where it is inherited from.
        """
        return tuple(map(_change, self.differences))


def _change(one: Difference) -> Change:
    return Change(dotted(one.path), shown_value(one, one.old), shown_value(one, one.new), one.place)
