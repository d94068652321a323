"""What became of each place of a document that was migrated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from meshconf.diagnostics.words import Path, dotted
from meshconf.evolution.documents import Migrated, Trail, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Place", "new_values_in", "place_of"]


@attrs.define(eq=False)
class _Fate:
    """What becomes of a place of the old document and of what is below it."""

    new: Path | None = None
    note: str = ""
    is_decided: bool = False
    is_replaced: bool = False
    gave: list[Path] = attrs.field(factory=list[Path])
    below: dict[str, _Fate] = attrs.field(factory=dict[str, "_Fate"])

    def under(self, part: str | int) -> _Fate:
        fate = self.below.get(str(part))
        if fate is None:
            fate = self.below[str(part)] = _Fate()
        return fate


@attrs.frozen
class Place:
    """A place of the old document, with its fate if it or anything below it has one.

    `new` is where it stands now; `None` if nowhere, for the reason in `note`.
    """

    fate: _Fate | None
    new: Path | None
    note: str = ""
    is_replaced: bool = False

    @property
    def gave(self) -> tuple[Path, ...]:
        """All places of the new document whose values come from what stands here."""
        own = () if self.new is None else (self.new,)
        return own if self.fate is None else tuple(dict.fromkeys((*own, *self.fate.gave)))

    def below(self, parts: Path) -> Place:
        """Return the place at a path below this one."""
        place = self
        for part in parts:
            place = place.next(part)
        return place

    def next(self, part: str | int) -> Place:
        """Return the place under a key or at a position."""
        fate = self.fate.below.get(str(part)) if self.fate is not None else None
        if fate is not None and fate.is_decided:
            return Place(fate, fate.new, fate.note, fate.is_replaced)
        if self.is_replaced:
            return Place(fate, None, "written anew")
        return Place(fate, None if self.new is None else (*self.new, part), self.note)


def place_of(migrated: Migrated) -> Place:
    """Return the place of the old document as a whole."""
    root = _Fate(new=(), is_decided=True)
    for path, note in migrated.gone.items():
        _decide(root, path, None, note)
    for new, trail in walk(migrated.trail):
        if trail.came is not None:
            _decide(root, trail.came, new, "").is_replaced = trail.is_new
        for old in trail.made_of:
            _at(root, old).gave.append(new)
    for new, trail in new_values_in(migrated.trail):
        for _, inside in walk(trail):
            if inside.came is not None:
                _decide(root, inside.came, None, f"now in `{dotted(new)}`")
    return Place(root, ())


def new_values_in(trail: Trail, path: Path = ()) -> Iterator[tuple[Path, Trail]]:
    """Yield the new values, each as a whole."""
    for name, below in trail.below.items():
        here = (*path, name)
        if below.is_new and not below.is_holder:
            yield here, below
        else:
            yield from new_values_in(below, here)


def _decide(root: _Fate, path: Path, new: Path | None, note: str) -> _Fate:
    fate = _at(root, path)
    fate.new, fate.note, fate.is_decided = new, note, True
    return fate


def _at(root: _Fate, path: Path) -> _Fate:
    fate = root
    for part in path:
        fate = fate.under(part)
    return fate
