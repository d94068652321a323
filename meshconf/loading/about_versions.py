"""What a report says about versions: a file that is too new, and what was migrated in an old one."""

from __future__ import annotations

import shlex
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

import attrs

from meshconf.diagnostics.excerpt import Highlight
from meshconf.diagnostics.problem import Excerpt, Label, Origin, Problem
from meshconf.diagnostics.spans import first_key
from meshconf.diagnostics.words import Path, dotted, noun, printable, quoted
from meshconf.loading.findings import Located, Masks, located, shown
from meshconf.loading.lookup import InText
from meshconf.loading.walk import setting_at
from meshconf.schema.configuration import VERSION_KEY, version_of
from meshconf.schema.edits import EVERY, entry
from meshconf.schema.old_paths import deprecation

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from meshconf.evolution.documents import (
        Conflict,
        Failure,
        Migrated,
        Use,  # noqa: TC004 - nothing resolves annotations
    )
    from meshconf.schema.edits import Names
    from meshconf.schema.model import Model
    from meshconf.schema.steps import Step
    from meshconf.sources.layer import Layer

__all__ = ["changes", "deprecations", "migration_problems", "refusal"]

#: So many changes of one file are told; the rest is counted.
MOST_CHANGES = 50


def refusal(model: Model, layer: Layer) -> Problem:
    """Tell that the version of a layer is none that the schema knows."""
    current, version = model.configuration.version, layer.data[VERSION_KEY]
    if type(version) is int and version > current:
        message = f"{layer.name} has {VERSION_KEY} {quoted(version)}; this program knows versions up to {current}"
        help_ = f"update the program, or use a file of version {current}"
        code, label = "MC501", "newer than the program"
    else:
        found = quoted(version) if type(version) is int else noun(version)
        message = f"`{VERSION_KEY}` must be an integer from 1 to {current}, got {found}"
        help_ = f"{VERSION_KEY} = {current}, if that is the layout of the file"
        code, label = "MC201", "no version"
    origin, labels, excerpts = located(layer, (VERSION_KEY,), label, Masks(model, [layer]))
    return Problem(
        code,
        "error",
        VERSION_KEY,
        message,
        origin,
        help=help_,
        labels=labels,
        excerpts=excerpts,
    )


def migration_problems(
    model: Model, layer: Layer, migrated: Migrated, under: Sequence[Layer]
) -> Iterator[Problem]:
    """Tell what was migrated in a document, and what could not be.

    Args:
        model: The schema.

        layer: The migrated layer.

        migrated: How it was migrated.

        under: The documents that it lies over.

    Yields:
        One warning, or an error if this release no longer reads that layout; and a problem for
        each conflict and each failure.
    """
    masks = Masks(model, [layer])
    if migrated.uses:
        yield _old_layout(model, layer, migrated, under)
    for conflict in migrated.conflicts:
        yield _both_set(layer, masks, conflict)
    for failure in migrated.failures:
        yield _failed(model, layer, masks, failure)


def _old_layout(model: Model, layer: Layer, migrated: Migrated, under: Sequence[Layer]) -> Problem:
    configuration = model.configuration
    version = version_of(migrated.original)
    expired = any(use.step.is_expired(configuration.release) for use in migrated.uses)
    name = printable(layer.name)
    said = "is no longer read" if expired else f"is older than {configuration.version}"
    origin = _first(layer, {use.path for use in migrated.uses})
    command = "meshconf migrate"
    if configuration.writes < configuration.version:
        command += " --to current"
    if layer.kind == "file" and FilePath(layer.name).is_file():
        # Several files are one configuration, whose old defaults are those of the first.
        files = [one.name for one in under if one.kind == "file"]
        command += f" --write {printable(shlex.join([*files, layer.name]))}"
    else:
        command += " - < DOCUMENT"
    return Problem(
        "MC502",
        "error" if expired else "warning",
        VERSION_KEY,
        f"{name} has the layout of version {version}, which {said}",
        origin,
        tuple(deprecations(model, migrated)),
        f"mend it by `{command}`",
        excerpts=(Excerpt(origin),),
    )


def deprecations(model: Model, migrated: Migrated) -> Iterator[str]:
    """Say of each old place in a document that it is deprecated, and what to use instead.

    Args:
        model: The schema.

        migrated: The document.

    Yields:
        At most 50 sentences, one for all entries of a map, and how many there are besides.
    """
    return _sentences(model, migrated, _deprecated)


def changes(model: Model, migrated: Migrated) -> Iterator[str]:
    """Say each change of a document: what it was and what it is now.

    Args:
        model: The schema.

        migrated: The document.

    Yields:
        As many as `deprecations` does.
    """
    return _sentences(model, migrated, _changed)


@attrs.frozen
class _Change:
    """What became of one old place, or of the same place in several entries of a map."""

    old: str
    new: tuple[str, ...]
    uses: tuple[Use, ...]

    @property
    def step(self) -> Step:
        return self.uses[0].step

    @property
    def reason(self) -> str:
        last = self.uses[0] if self.new else self.uses[-1]  # what is gone was removed at last
        return last.edit.reason

    @property
    def is_converted(self) -> bool:
        """Whether a step makes another value of it."""
        return any(use.edit.kind == "convert" for use in self.uses)

    @property
    def is_of_the_value(self) -> bool:
        """Whether it is the value that is another, and not its place."""
        return self.new == (self.old,) and all(use.edit.kind == "convert" for use in self.uses)


def _sentences(
    model: Model, migrated: Migrated, say: Callable[[Model, _Change], str]
) -> Iterator[str]:
    uses: dict[Path, list[Use]] = {}
    for use in migrated.uses:
        uses.setdefault(use.path, []).append(use)
    alike: dict[Any, list[Path]] = {}
    for path, some in uses.items():
        shown_as = _written(path, some[0].edit.paths[0], many=True)
        alike.setdefault((shown_as, *(id(use.edit) for use in some)), []).append(path)
    groups = list(alike.values())
    for paths in groups[:MOST_CHANGES]:
        path, many = paths[0], len(paths) > 1
        declared = uses[path][0].edit.paths[0]
        new = tuple(_written(one, declared, many=many) for one in migrated.gave(path))
        change = _Change(_written(path, declared, many=many), new, tuple(uses[path]))
        yield say(model, change) + (f" ({len(paths)} places)" if many else "")
    if len(groups) > MOST_CHANGES:
        yield f"… and {len(groups) - MOST_CHANGES} more"


def _deprecated(model: Model, change: _Change) -> str:
    if change.uses[0].edit.kind == "set":
        return f"{change.old} is not set; it keeps {_kept(model, change)}"
    if change.is_of_the_value:
        return f"{change.old} is written otherwise since {change.step.name}"
    expired = change.step.is_expired(model.configuration.release)
    new = [*change.new]
    if new and change.is_converted:
        new[-1] += ", which is written otherwise"
    return deprecation(change.old, new, change.step, change.reason, is_expired=expired)


def _changed(model: Model, change: _Change) -> str:
    why = f" ({printable(change.reason)})" if change.reason else ""
    if change.uses[0].edit.kind == "set":
        return f"{change.old} is set to {_kept(model, change)}"
    if change.is_of_the_value:
        return f"{change.old} is written otherwise"
    if not change.new:
        return f"{change.old} is removed{why}"
    converted = ", written otherwise" if change.is_converted else ""
    return f"{change.old} → {' and '.join(change.new)}{converted}{why}"


def _kept(model: Model, change: _Change) -> str:
    """Say which value a file of an earlier version has where it says none."""
    use = change.uses[0]
    setting = setting_at(model, use.into[0])
    value = "a secret" if setting is not None and setting.secret else quoted(use.edit.value)
    return f"{value}, the default of version {use.step.to - 1}"


def _written(path: Path, declared: Names, *, many: bool) -> str:
    """Write a path for a sentence; one that stands for many with `*` for the names of entries."""
    stars = len(entry(declared)) if many else 0
    if not stars:
        return f"`{dotted(path)}`"
    # A name may itself need quotes, the star does not.
    parts = [
        "*" if number < stars and declared[number] == EVERY else dotted((part,))
        for number, part in enumerate(path)
    ]
    return f"`{'.'.join(parts)}`"


def _both_set(layer: Layer, masks: Masks, conflict: Conflict) -> Problem:
    """Tell that a document sets a value at its old place and at its new one."""
    old, new = f"`{dotted(conflict.old)}`", f"`{dotted(conflict.new)}`"
    same = "the same value" if conflict.equal else "different values"
    places = [(conflict.old, "the old one"), (conflict.new, "the new one")]
    origin, labels, excerpts = _keys(layer, masks, places)
    return Problem(
        "MC105",
        "warning" if conflict.equal else "error",
        dotted(conflict.new),
        f"{old} is now {new}, and both are set, to {same}",
        origin,
        help=f"keep {new}" if conflict.edit.kind == "move" else f"remove {old} or {new}",
        labels=labels,
        excerpts=excerpts,
    )


def _failed(model: Model, layer: Layer, masks: Masks, failure: Failure) -> Problem:
    """Tell that a step could not make a new value."""
    path = dotted(failure.path)
    gave = layer.history.gave(failure.path) if layer.history is not None else ()
    settings = [setting_at(model, one) for one in gave]
    secret = any(one is not None and one.secret for one in settings)
    said = "" if secret else masks.harmless(failure.said)
    origin, labels, excerpts = _keys(layer, masks, [(failure.path, failure.error)], key=False)
    return Problem(
        "MC503",
        "error",
        path,
        f"the step to version {failure.step.to} failed at `{path}`: {failure.error}"
        + (f": {printable(said)}" if said else ""),
        origin,
        help="correct the value; if it is right, the step is at fault",
        sensitive=secret,
        labels=labels,
        excerpts=excerpts,
    )


def _first(layer: Layer, paths: Collection[Path]) -> Origin:
    """Return the place of the first of some keys of a document of an earlier version."""
    text = layer.texts.get(())
    span = first_key(text.text, paths) if text is not None else None
    return Origin(layer.kind, layer.name) if text is None or span is None else text.origin(span)


def _keys(
    layer: Layer, masks: Masks, places: Sequence[tuple[Path, str]], *, key: bool = True
) -> Located:
    """Show keys of a document of an earlier version, or the values; the first is to blame."""
    text = layer.texts.get(())
    highlights: list[Highlight] = []
    for path, label in places:
        span = None if text is None else (text.index.keys if key else text.index.values).get(path)
        if span is not None:
            highlights.append(Highlight(span, label, primary=not highlights))
    if text is None or not highlights:
        origin = Origin(layer.kind, layer.name)
        return origin, (Label(origin, ""),), (Excerpt(origin),)
    return shown(text, highlights, masks.of(layer, InText(text, places[0][0], ())))
