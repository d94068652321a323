"""The command line: thin commands over the rooms below."""

from __future__ import annotations

import logging

from meshconf.cli.commands import meshconf

__all__ = ["run"]


def run() -> None:
    """Run the command that the arguments name."""
    # The commands print warnings themselves.
    logging.getLogger("meshconf").addHandler(logging.NullHandler())
    meshconf(prog_name="meshconf")
