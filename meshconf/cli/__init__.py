"""The command line: thin commands over the rooms below."""

from __future__ import annotations

import io
import os
import sys

import click

from meshconf.cli.commands import meshconf
from meshconf.cli.loaded import FAILED

__all__ = ["run"]

#: What shells report for a program that an interrupt ended.
INTERRUPTED = 130


def run() -> None:
    """Run the command that the arguments name, and end with its exit code."""
    _prepare_streams()
    try:
        # It ends with 1 by itself where whoever reads the output has seen enough.
        code = meshconf.main(prog_name="meshconf", standalone_mode=False)
        sys.stdout.flush()
    except click.Abort:
        code = INTERRUPTED
    except click.ClickException as error:
        _complain(error)
        code = FAILED
    except OSError as error:  # the disk is full, or the working directory is gone
        # Else Python would complain once more when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        click.echo(f"meshconf: {(error.strerror or str(error)).lower()}", err=True)
        code = FAILED
    sys.exit(code)


def _complain(error: click.ClickException) -> None:
    """Say what is wrong; it may quote what stands in a file or in an argument."""
    from meshconf.diagnostics.words import printable

    said = io.StringIO()
    error.show(said)
    for line in said.getvalue().rstrip("\n").split("\n"):
        text = line.lstrip("\t")  # click indents choices by one
        click.echo("    " * (len(line) - len(text)) + printable(text), err=True)


def _prepare_streams() -> None:
    """Have streams that take whatever is written, also where a caller closed them."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115
        elif isinstance(stream, io.TextIOWrapper) and mode == "w":
            # A terminal that cannot show an arrow is no reason to fail.
            stream.reconfigure(errors="backslashreplace")
