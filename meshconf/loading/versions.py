"""The version of a document's layout."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from meshconf.diagnostics.problem import Problem
from meshconf.diagnostics.words import noun, quoted
from meshconf.schema.configuration import VERSION_KEY

if TYPE_CHECKING:
    from meshconf.schema.model import Model
    from meshconf.sources.layer import Layer

__all__ = ["without_version"]


def without_version(model: Model, layer: Layer) -> Layer:
    """Take the version out of a layer, and refuse one that the schema cannot know.

    A schema that has a setting of that name keeps it.
    """
    if VERSION_KEY not in layer.data or VERSION_KEY in model.settings:
        return layer
    data = dict(layer.data)
    problem = _refusal(model, layer, data.pop(VERSION_KEY))
    return attrs.evolve(layer, data=data, problems=layer.problems + problem)


def _refusal(model: Model, layer: Layer, version: Any) -> tuple[Problem, ...]:
    current = model.configuration.version
    if type(version) is int and 1 <= version <= current:
        return ()
    # Only reports need places.
    from meshconf.loading.findings import Masks, located

    if type(version) is int and version > current:
        message = f"{layer.name} has {VERSION_KEY} {quoted(version)}; this program knows versions up to {current}"
        help_ = f"update the program, or use a file of version {current}"
        code, label = "MC501", "newer than the program"
    else:
        found = quoted(version) if type(version) is int else noun(version)
        message = f"`{VERSION_KEY}` must be an integer from 1 to {current}, got {found}"
        help_ = f"{VERSION_KEY} = {current}"
        code, label = "MC201", "no version"
    origin, labels, excerpts = located(layer, (VERSION_KEY,), label, Masks(model, [layer]))
    return (
        Problem(
            code,
            "error",
            VERSION_KEY,
            message,
            origin,
            help=help_,
            labels=labels,
            excerpts=excerpts,
        ),
    )
