"""What a repository says of its configuration: ``[tool.meshconf]`` in pyproject.toml."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import annotated_types
import attrs
import click

from meshconf import setting

if TYPE_CHECKING:
    from meshconf import Layer  # noqa: TC004 - nothing resolves annotations
    from meshconf.schema.model import Model

__all__ = ["Project", "project_here"]

FILE = "pyproject.toml"

#: What a broken pyproject.toml holds if its table is ours to read.
NAME = b"tool.meshconf"


@attrs.frozen(kw_only=True)
class Project:
    """The table ``[tool.meshconf]``.

    It is itself a schema that meshconf loads.
    """

    schema: str | None = setting(None, help="The schema as module:Class.")
    prefix: str | None = setting(None, help="What the names of its variables begin with.")
    files: tuple[Annotated[str, annotated_types.MinLen(1)], ...] = setting(
        (), help="The files that are read, from this folder."
    )


@attrs.frozen(kw_only=True)
class _Tool:
    meshconf: Project = Project()


@attrs.frozen(kw_only=True)
class _Document:
    tool: _Tool = _Tool()


def project_here() -> tuple[Project, Path]:
    """Read the nearest pyproject.toml that has the table.

    Returns:
        The table, and the folder that its paths start from; the working directory if no
        pyproject.toml above it has the table.

    Raises:
        click.ClickException: If the table is wrong; the message is the report.
    """
    here = Path.cwd()
    for folder in (here, *here.parents):
        file = folder / FILE
        if file.is_file() and (found := _table(file)) is not None:
            return found, folder
    return Project(), here


def _table(file: Path) -> Project | None:
    from meshconf import ConfigError, load
    from meshconf.schema.compile import model_of
    from meshconf.sources.file import Document

    try:
        content = file.read_bytes()
    except OSError:
        return None
    name = os.path.relpath(file)
    layer = Document(name, content).read(model_of(_Document))
    tool = layer.data.get("tool")
    if isinstance(tool, dict) and "meshconf" in tool:
        layer = attrs.evolve(layer, data={"tool": {"meshconf": tool["meshconf"]}})
    elif layer.complete or NAME not in content:
        return None  # it belongs to others, who will say what is wrong with it
    try:
        return load(_Given(layer), schema=_Document, prefix=None).tool.meshconf
    except ConfigError as error:
        report = str(error)
    msg = f"{name} does not fit\n\n{report}"
    raise click.ClickException(msg)


@attrs.frozen
class _Given:
    """A source that was read already."""

    layer: Layer

    def read(self, model: Model) -> Layer:  # noqa: ARG002 - the protocol's
        return self.layer
