"""The --schema option: the one place where a name from outside becomes code."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import os
import re
import sys
from pathlib import Path
from typing import IO, Any

import click

__all__ = ["BadSchema", "schema_named"]


class BadSchema(click.ClickException):
    """The schema cannot be had: the command was used as it should be."""

    def show(self, file: IO[Any] | None = None) -> None:
        """Say so in a line."""
        click.echo(f"meshconf: {self.message}", file=file)

    @classmethod
    def of(cls, schema: Any, error: TypeError) -> BadSchema:
        """Tell what is wrong with a class, and where it stands if it is not one within it."""
        said = str(error)
        try:
            file, (_, line) = inspect.getsourcefile(schema), inspect.getsourcelines(schema)
        except (OSError, TypeError):  # there is no source, as of what C made
            return cls(said)
        is_named = re.search(rf"(?<!\w){re.escape(schema.__qualname__)}(?!\w)", said)
        return cls(f"{said} ({file}:{line})" if is_named else said)


def schema_named(name: str | None, folder: Path, said_in: str = "--schema") -> Any:
    """Import the class that an operator names.

    Args:
        name: ``module:Class``; None means the mesh schema.

        folder: Where modules are looked for first, in it and in its folder `src`, as `python -m`
            looks in the working directory.

        said_in: What named it, for messages.

    Returns:
        The class.

    Raises:
        click.UsageError: If that is no name of a class.

        BadSchema: If it cannot be imported; the message says why, and where.
    """
    from meshconf.diagnostics.words import printable

    if name is None:
        from meshconf import ServiceMeshConfig

        return ServiceMeshConfig
    said = f"{said_in} {printable(name)}"
    module, colon, path = name.partition(":")
    if not (module and colon and path):
        msg = f"{said}: write it as module:Class, such as orders.config:Settings"
        raise click.UsageError(msg)
    for place in (folder / "src", folder):
        if place.is_dir() and str(place) not in sys.path:
            sys.path.insert(0, str(place))
    try:
        with contextlib.redirect_stdout(sys.stderr):  # stdout is for results
            found: Any = importlib.import_module(module)
        for part in path.split("."):
            found = getattr(found, part)
    except (Exception, SystemExit) as error:  # a script may end where it is imported
        reason = _reason(error, module)
    else:
        return found
    msg = f"{said}: {printable(reason)}"
    raise BadSchema(msg)


def _reason(error: BaseException, module: str) -> str:
    """Say why an import failed, and at which line of the user's own code."""
    from traceback import extract_tb

    try:
        said = f"{type(error).__name__}: {error}"
    except Exception:  # its own words fail
        said = type(error).__name__
    if isinstance(error, SyntaxError) and error.filename:
        return f"{type(error).__name__}: {error.msg} ({error.filename}:{error.lineno})"
    package = f"{Path(__file__).parents[1]}{os.sep}"
    own = [
        frame
        for frame in extract_tb(error.__traceback__)
        if frame.filename != importlib.__file__
        and not frame.filename.startswith((package, "<frozen"))
    ]
    if own:
        return f"{said} ({own[-1].filename}:{own[-1].lineno})"
    if isinstance(error, ModuleNotFoundError) and module.startswith(str(error.name)):
        return f"{said}; it is looked for in the working directory and where Python finds modules"
    return said
