"""What is in use and will go away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from meshconf.diagnostics.words import dotted
from meshconf.schema.steps import numbers_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from meshconf.diagnostics.problem import Problem
    from meshconf.sources.layer import Layer

__all__ = ["Deprecation", "deprecations"]


@attrs.frozen
class Deprecation:
    """A key or a variable that is in use and will go away.

    Attributes:
        name: As it stands in its source.

        removed_in: The release that no longer reads it, such as ``3.0``; empty if that is not
            planned.
    """

    name: str
    removed_in: str = ""


def deprecations(layers: Iterable[Layer], warnings: Iterable[Problem]) -> tuple[Deprecation, ...]:
    """List the keys and variables in use that will go away, the sources in their order."""
    releases: dict[str, list[str]] = {}
    for layer in layers:
        for name, release in _outdated(layer):
            releases.setdefault(name, []).append(release)
    for one in warnings:
        # Names that changed without a version are told by warnings alone.
        if one.code == "MC104" and one.found:
            releases.setdefault(one.found, [])
    return tuple(Deprecation(name, _earliest(some)) for name, some in releases.items())


def _outdated(layer: Layer) -> Iterator[tuple[str, str]]:
    """Yield what a layer has by an old name or at an old place, with a release that ends it."""
    if layer.history is not None:
        from meshconf.evolution.documents import Migrated  # files of the current version do without

        for path in layer.history.old_paths:
            yield dotted(path), ""
        for use in layer.history.uses if isinstance(layer.history, Migrated) else ():
            if use.edit.kind != "set":  # which is told where the document says nothing
                yield dotted(use.path), use.step.removed_in
    for stray in layer.strays:
        if stray.old is not None:
            yield stray.name, stray.old.step.removed_in


def _earliest(releases: Iterable[str]) -> str:
    return min(filter(None, releases), key=numbers_of, default="")
