"""The --schema option: the one place where a name from outside becomes code."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import click

__all__ = ["schema_named"]


def schema_named(name: str | None) -> Any:
    """Import the class that an operator names.

    Args:
        name: ``module:Class``; None means the mesh schema.

    Returns:
        The class.

    Raises:
        click.UsageError: If it cannot be imported; the message says why.
    """
    if name is None:
        from meshconf import ServiceMeshConfig

        return ServiceMeshConfig
    module, colon, path = name.partition(":")
    if not (module and colon and path):
        msg = f"--schema {name}: write it as module:Class, such as orders.config:Settings"
        raise click.UsageError(msg)
    # As `python -m` does: the folder that the command is run in counts.
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        found: Any = importlib.import_module(module)
        for part in path.split("."):
            found = getattr(found, part)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
    else:
        return found
    msg = f"--schema {name}: {reason}"
    raise click.UsageError(msg)
