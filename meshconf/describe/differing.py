"""Finding the settings that two configurations of one class hold otherwise.

Both are gone through at once. What is the same object, and what was found alike before, such as
the groups that many entries inherit, is looked at only once: a change in one of ten thousand
entries is found in the time of a few attribute reads for each.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import attrs

from meshconf.describe.alike import alike, compares_as_python
from meshconf.diagnostics.words import Path
from meshconf.loading.partial import BROKEN, Partial
from meshconf.loading.values import value_of
from meshconf.schema import kinds

if TYPE_CHECKING:
    from meshconf.schema.model import Model, Setting  # noqa: TC004 - nothing resolves annotations

__all__ = ["ABSENT", "Pair", "differing"]

#: Stands for the value of a setting that one side does not have.
ABSENT: Any = object()


@attrs.frozen(eq=False, repr=False)
class Pair:
    """A setting, an entry of a map or an optional group, with what each side holds.

    Attributes:
        path: Where it stands.

        setting: What was declared.

        old: What the first side holds: a value; for a table, an empty one; ``ABSENT`` if it has
            none there.

        new: What the second side holds.
    """

    path: Path
    setting: Setting
    old: Any
    new: Any


def differing(model: Model, old: Any, new: Any) -> Iterator[Pair]:
    """Yield what differs, in the order of the schema, a table before what it holds.

    Args:
        model: The class of both.

        old: The first configuration, or a Partial of it.

        new: The second one.
    """
    return _Comparison().group(model, old, new, ())


@attrs.frozen(eq=False, repr=False)
class _Comparison:
    """Compares two configurations, and remembers which of their groups are alike."""

    alike: set[tuple[int, int]] = attrs.field(factory=set)

    def group(self, model: Model, old: Any, new: Any, path: Path) -> Iterator[Pair]:
        """Compare two groups of one class; one side may be ``ABSENT``."""
        if self.is_same(model, old, new):
            return
        for setting in model.settings.values():
            here = (*path, setting.name)
            yield from self._setting(setting, _held(old, setting), _held(new, setting), here)

    def is_same(self, model: Model, old: Any, new: Any) -> bool:
        """Tell at little cost that two groups are alike; if it tells nothing, they may be still."""
        seen = (id(old), id(new))
        if old is new or seen in self.alike:
            return True
        if type(old) is not model.cls or type(new) is not model.cls:
            return False
        glance = _glance(model)
        if glance.simple(old) != glance.simple(new):
            return False
        groups = zip(glance.models, glance.groups(old), glance.groups(new), strict=True)
        if not all(self.is_same(below, was, is_now) for below, was, is_now in groups):
            return False
        for setting in glance.others:
            was, is_now = value_of(old, setting), value_of(new, setting)
            if next(self._setting(setting, was, is_now, ()), None) is not None:
                return False
        self.alike.add(seen)
        return True

    def _setting(self, setting: Setting, old: Any, new: Any, path: Path) -> Iterator[Pair]:
        if not setting.holds_settings:
            if old is ABSENT or new is ABSENT or not alike(setting.kind, old, new):
                yield Pair(path, setting, old, new)
        elif setting.map_of is not None:
            yield from self._map(setting, setting.map_of, old, new, path)
        else:
            yield from self._table(setting, old, new, path)

    def _map(
        self, setting: Setting, model: Model, old: Any, new: Any, path: Path
    ) -> Iterator[Pair]:
        before, after = _entries(old), _entries(new)
        for key in dict.fromkeys((*before, *after)):
            sides = before.get(key, ABSENT), after.get(key, ABSENT)
            yield from _one_sided(setting, *sides, (*path, key))
            yield from self.group(model, *sides, (*path, key))

    def _table(self, setting: Setting, old: Any, new: Any, path: Path) -> Iterator[Pair]:
        sides = _table(old), _table(new)
        if isinstance(setting.kind, kinds.OptionalOf):
            yield from _one_sided(setting, *sides, path)
        models = [_model_of(setting, side) for side in sides if side is not ABSENT]
        if len(set(models)) > 1:
            yield from self._members(models[0], models[1], *sides, path)
        elif models:
            yield from self.group(models[0], *sides, path)

    def _members(
        self, before: Model, after: Model, old: Any, new: Any, path: Path
    ) -> Iterator[Pair]:
        """Compare what two classes of a union have in common; the rest only one side has."""
        for name in dict.fromkeys((*before.settings, *after.settings)):
            was, is_now = before.settings.get(name), after.settings.get(name)
            here = (*path, name)
            if was is not None and is_now is not None and _are_comparable(was, is_now):
                yield from self._setting(is_now, _held(old, was), _held(new, is_now), here)
                continue
            if was is not None:
                yield from self._setting(was, _held(old, was), ABSENT, here)
            if is_now is not None:
                yield from self._setting(is_now, ABSENT, _held(new, is_now), here)


def _are_comparable(one: Setting, other: Setting) -> bool:
    return kinds.models_in(one.kind) == kinds.models_in(other.kind)


def _held(group: Any, setting: Setting) -> Any:
    return ABSENT if group is ABSENT else value_of(group, setting)


def _entries(value: Any) -> dict[Any, Any]:
    return {} if value is ABSENT or value is BROKEN or value is None else value


def _table(value: Any) -> Any:
    return ABSENT if value is BROKEN or value is None else value


def _one_sided(setting: Setting, old: Any, new: Any, path: Path) -> Iterator[Pair]:
    """Yield a table that only one side has."""
    if (old is ABSENT) is not (new is ABSENT):
        yield Pair(path, setting, *(ABSENT if one is ABSENT else {} for one in (old, new)))


def _model_of(setting: Setting, group: Any) -> Model:
    """Return the class of what stands at a group or a union."""
    if isinstance(group, Partial):
        return group.model
    models = kinds.models_in(setting.kind)
    return next((one for one in models if type(group) is one.cls), models[0])


@attrs.frozen(eq=False, repr=False)
class _Glance:
    """A way to see at once that most settings of two objects are the same.

    Attributes:
        simple: Gives the values that are alike if Python calls them equal.

        groups: Gives the groups.

        models: The classes of the groups.

        others: The rest of the settings.
    """

    simple: Callable[[Any], tuple[Any, ...]]
    groups: Callable[[Any], tuple[Any, ...]]
    models: tuple[Model, ...]
    others: tuple[Setting, ...]


@functools.cache
def _glance(model: Model) -> _Glance:
    settings = model.settings.values()
    simple = [one for one in settings if compares_as_python(one.kind)]
    groups = [one for one in settings if isinstance(one.kind, kinds.Group)]
    models = [one.kind.model for one in groups if isinstance(one.kind, kinds.Group)]
    others = [one for one in settings if one not in simple and one not in groups]
    return _Glance(_getter(simple), _getter(groups), tuple(models), tuple(others))


def _getter(settings: Sequence[Setting]) -> Callable[[Any], tuple[Any, ...]]:
    """Return a function that gives the values of settings at once."""
    names = [one.attribute for one in settings]
    if len(names) > 1:
        return attrgetter(*names)
    return lambda group: tuple(getattr(group, name) for name in names)
