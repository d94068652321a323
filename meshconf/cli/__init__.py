"""The command line: thin commands over the rooms below."""

from __future__ import annotations

import io
import os
import sys

import click

from meshconf.cli.commands import meshconf

__all__ = ["run"]

#: What shells report for a program that an interrupt ended.
INTERRUPTED = 130

#: The output could not be written to its end.
UNREAD = 1


def run() -> None:
    """Run the command that the arguments name, and end with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show an arrow is no reason to fail.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = meshconf.main(prog_name="meshconf", standalone_mode=False)
        sys.stdout.flush()
    except click.Abort:
        code = INTERRUPTED
    except click.ClickException as error:
        error.show()
        code = error.exit_code if isinstance(error, click.UsageError) else 2
    except BrokenPipeError:  # whoever read the output has seen enough
        # Else Python would complain once more when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = UNREAD
    sys.exit(code)
