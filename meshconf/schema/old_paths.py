"""The paths that documents of earlier versions had, and where what they set stands now."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import attrs

from meshconf.diagnostics.suggest import fold
from meshconf.diagnostics.words import Path, dotted, printable
from meshconf.schema.edits import EVERY
from meshconf.schema.steps import Step

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from meshconf.schema.edits import (
        DeclaredEdit,
        Names,  # noqa: TC004 - nothing resolves annotations
    )
    from meshconf.schema.model import Model

__all__ = [
    "OldPath",
    "deprecation",
    "old_path_at",
    "old_paths",
    "old_paths_in",
    "paths_before",
    "remade_by",
    "with_entries",
]


@attrs.frozen(eq=False)
class OldPath:
    """A path that a document had.

    Attributes:
        names: The path as it was declared, with ``*`` for every key.

        into: Where its value stands now; empty if nowhere, several if it was split.

        step: The step that took it away.

        reason: Why, in the author's words.

        is_remade: Whether the value itself is another now, so that an old one is no new one.

        is_expired: Whether this release no longer reads it.

        is_secret: Whether what it set was a secret that is gone.
    """

    names: Names
    into: tuple[Names, ...]
    step: Step
    reason: str = ""
    is_remade: bool = False
    is_expired: bool = False
    is_secret: bool = False

    def said(self, old: str, new: Sequence[str]) -> str:
        """Say what became of it, by the names that the reader knows."""
        return deprecation(old, new, self.step, self.reason, is_expired=self.is_expired)

    def said_of_gone(self, name: str, new: Sequence[str]) -> str:
        """Say why what has a name is not read: nothing takes it over, or only in another form."""
        if not new:
            return self.said(name, new)
        reason = f": {printable(self.reason)}" if self.reason else ""
        path = dotted(self.names).replace(f'"{EVERY}"', EVERY)
        why = f"`{path}`, which it set, has another form since {self.step.name}"
        return f"{name} is no longer read ({why}{reason}); use {' and '.join(new)}"


def deprecation(
    old: str, new: Sequence[str], step: Step, reason: str = "", *, is_expired: bool = False
) -> str:
    """Say in one sentence what became of a name.

    Args:
        old: The name.

        new: What to use instead; empty for nothing.

        step: The step that took it away.

        reason: Why, in the author's words.

        is_expired: Whether it is no longer read.
    """
    why = f" ({printable(reason)})" if reason else ""
    if is_expired:
        said = f"was removed in {step.removed_in}"
    elif new:
        until = f", removed in {step.removed_in}" if step.removed_in else ""
        said = f"is deprecated since {step.name}{until}"
    else:
        said = f"has no effect since {step.name}"
    return f"{old} {said}{'; use ' if new else ''}{' and '.join(new)}{why}"


@functools.lru_cache(maxsize=64)
def old_paths(steps: tuple[Step, ...], release: str = "") -> tuple[OldPath, ...]:
    """Find the paths that documents had before some step, the latest step's first.

    Args:
        steps: The steps of a schema.

        release: The release of the program; empty if it is not known.
    """
    found: list[OldPath] = []
    for step in steps:
        is_expired = step.is_expired(release)
        for edit in step.edits:
            if edit.kind == "set":
                continue
            below = [one for old in found for one in _below(old, edit)]
            found = [_followed(one, edit) for one in (*found, *below)]
            if edit.kind != "convert":
                remade = edit.kind in ("split", "join")
                found += (
                    OldPath(names, edit.into, step, edit.reason, remade, is_expired, edit.secret)
                    for names in edit.paths
                )
    # What came back to where it was is no old path.
    return tuple(old for old in reversed(found) if old.is_remade or old.into != (old.names,))


def remade_by(steps: tuple[Step, ...]) -> Iterator[tuple[Names, Step]]:
    """Yield the paths whose values steps make anew or give where there is none, as they are now."""
    for position, step in enumerate(steps):
        for number, edit in enumerate(step.edits):
            if edit.kind not in ("convert", "set"):
                continue
            made = OldPath(edit.paths[0], edit.paths, step)
            later = (
                *step.edits[number + 1 :],
                *(e for s in steps[position + 1 :] for e in s.edits),
            )
            for other in later:
                made = _followed(made, other)
            yield from ((into, step) for into in made.into)


def old_path_at(model: Model, path: Path) -> OldPath | None:
    """Find what a path was in documents of an earlier version; None for one that is current.

    Args:
        model: The schema.

        path: The path, in any spelling that a file may use.
    """
    *above, key = map(str, path)
    if not model.configuration.steps or model.find(path) is not None:
        return None
    found = old_paths_in(model, tuple(above))
    return next((old for old in found if fold(old.names[-1]) == fold(key)), None)


def old_paths_in(model: Model, table: Path) -> Iterator[OldPath]:
    """Yield the old paths of what stood in a table, whose path may be in any spelling."""
    configuration = model.configuration
    wanted = [fold(str(part)) for part in table]
    for old in old_paths(configuration.steps, configuration.release):
        pairs = zip(old.names, wanted, strict=False)
        if len(old.names) == len(wanted) + 1 and all(
            name == EVERY or fold(name) == part for name, part in pairs
        ):
            yield old


def paths_before(steps: tuple[Step, ...], path: Path) -> Iterator[tuple[Names, OldPath]]:
    """Yield where documents of earlier versions had what stands at a path now.

    Args:
        steps: The steps of a schema.

        path: A path of a setting; any name may stand for the name of an entry.

    Yields:
        The path, with the names of entries as *path* has them, and what became of it. Below a group
        that moved, each path moved with it.
    """
    for old in old_paths(steps):
        for into in old.into:
            length = len(into)
            pairs = zip(into, path, strict=False)
            if length <= len(path) and all(name in (EVERY, part) for name, part in pairs):
                names = with_entries(old.names, into, path)
                yield (*names, *map(str, path[length:])), old


def with_entries(names: Names, like: Names, path: Path) -> Names:
    """Put the names of entries into a declared path.

    Args:
        names: The declared path.

        like: Another one, of the same entries.

        path: A path that *like* stands for, at least up to its last entry.
    """
    entries = (str(part) for part, name in zip(path, like, strict=False) if name == EVERY)
    return tuple(next(entries, name) if name == EVERY else name for name in names)


def _below(old: OldPath, edit: DeclaredEdit) -> Iterator[OldPath]:
    """Yield the old paths of what an edit takes from a group that has an old path."""
    for into in old.into:
        for names in edit.paths:
            rest = names[len(into) :]
            if rest and names[: len(into)] == into:
                yield attrs.evolve(old, names=(*old.names, *rest), into=(names,))


def _followed(old: OldPath, edit: DeclaredEdit) -> OldPath:
    """Follow the values of an old path through a later edit."""
    into: list[Names] = []
    reason, remade, secret = old.reason, old.is_remade, old.is_secret
    for path in old.into:
        names = next((one for one in edit.paths if path[: len(one)] == one), None)
        if names is None:
            into.append(path)
        elif edit.kind == "move":
            into.append((*edit.into[0], *path[len(names) :]))
        elif edit.kind == "remove":
            reason, secret = edit.reason, secret or edit.secret
        else:
            remade = True
            into += [path] if edit.kind == "convert" else edit.into
    return attrs.evolve(old, into=tuple(into), reason=reason, is_remade=remade, is_secret=secret)
