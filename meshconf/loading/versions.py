"""Documents of every version that a schema knows: each comes out in the layout of the current one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from meshconf.schema.configuration import VERSION_KEY, version_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from meshconf.diagnostics.words import Path
    from meshconf.schema.model import Model
    from meshconf.sources.layer import Layer

__all__ = ["all_up_to_date"]

#: The kinds of layers that are no documents: what sets single values, and has no layout.
_NO_DOCUMENTS = ("env", "dotenv", "secret_file", "override")


def _is_document(layer: Layer) -> bool:
    """Tell whether a layer is a document, which has a version."""
    return layer.kind not in _NO_DOCUMENTS


def all_up_to_date(model: Model, layers: Sequence[Layer]) -> tuple[Layer, ...]:
    """Migrate layers to the current version.

    A default of an earlier version holds where the first document says nothing; those after it lie
    over it.

    Args:
        model: The schema.

        layers: What the sources gave, lowest precedence first.
    """
    done: list[Layer] = []
    under: list[Layer] = []
    for layer in layers:
        done.append(_up_to_date(model, layer, under))
        if _is_document(layer) and not layer.absent:
            under.append(done[-1])
    return tuple(done)


def _up_to_date(model: Model, layer: Layer, under: Sequence[Layer]) -> Layer:
    """Migrate a layer to the current version, and take the version out of it.

    A schema that has a setting of that name keeps it, and has no history.

    Args:
        model: The schema.

        layer: What a source gave. It is not changed.

        under: The documents that it lies over, up to date; none if a default holds where it says
            nothing.

    Returns:
        The layer; with an error among its problems if its version is none that the schema knows,
        and with what is to be told of the migration.
    """
    current, steps = model.configuration.version, model.configuration.steps
    told = VERSION_KEY in layer.data
    if VERSION_KEY in model.settings or not (told or steps):
        return layer
    version = version_of(layer.data)
    if version is None or version > current:
        from meshconf.loading.about_versions import refusal  # few files are refused

        problems = (*layer.problems, refusal(model, layer))
        if version is not None:  # what else a newer file says cannot be judged
            return attrs.evolve(layer, data={}, problems=problems, complete=False)
        return attrs.evolve(layer, data=_without_version(layer), problems=problems)
    if version < current and steps and _is_document(layer) and not layer.absent:
        return _migrated(model, layer, under)
    return attrs.evolve(layer, data=_without_version(layer)) if told else layer


def _without_version(layer: Layer) -> dict[str, Any]:
    return {key: value for key, value in layer.data.items() if key != VERSION_KEY}


def _migrated(model: Model, layer: Layer, under: Sequence[Layer]) -> Layer:
    from meshconf.evolution.documents import migrate  # files of the current version do without

    configuration = model.configuration
    # What could not be read may say what seems to be missing.
    documents = [one.data for one in under] if under or not layer.complete else None
    migrated = migrate(layer.data, configuration.version, configuration.steps, documents)
    if not (migrated.uses or migrated.conflicts or migrated.failures):
        return attrs.evolve(layer, data=migrated.document)
    from meshconf.loading.about_versions import migration_problems

    data, complete = migrated.document, layer.complete
    for failure in migrated.failures:
        # Its value is none that the setting could have.
        complete = False
        for path in migrated.gave(failure.path):
            _drop(data, path)
    moved = attrs.evolve(layer, data=data, history=migrated, complete=complete)
    problems = migration_problems(model, moved, migrated, under)
    return attrs.evolve(moved, problems=(*layer.problems, *problems))


def _drop(data: dict[str, Any], path: Path) -> None:
    table: Any = data
    for part in path[:-1]:
        table = table.get(part, {})  # what is around it may have failed too
    table.pop(path[-1], None)
