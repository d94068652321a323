"""Printing: with colours on a terminal, plain anywhere else."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, TextIO

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from meshconf.diagnostics.styled import Role, StyledLine

__all__ = ["diff_lines", "print_lines", "shown", "under_ci"]

#: Of what others say, such as servers, so many characters are shown.
LONGEST_WORDS = 300

#: How each role looks, in rich's words: the colours of the terminal's own palette.
_STYLES: Mapping[Role, str] = {
    "error": "bold red",
    "warning": "bold yellow",
    "title": "bold",
    "place": "cyan",
    "frame": "blue",
    "beside": "blue",
    "remark": "bold cyan",
    "quiet": "dim",
    "added": "green",
    "removed": "red",
}


def print_lines(lines: Iterable[StyledLine], color: str, *, err: bool = False) -> None:
    """Print lines.

    Args:
        lines: The lines, each part with its role.

        color: ``always``, ``never``, or ``auto`` for a terminal where NO_COLOR is not set.

        err: Whether to print to stderr.
    """
    stream = sys.stderr if err else sys.stdout
    if _wants_color(color, stream):
        _print_colored(lines, stream)
        return
    from meshconf.diagnostics.styled import plain_line

    for line in lines:
        click.echo(plain_line(line), file=stream)


def _wants_color(color: str, stream: TextIO) -> bool:
    if color != "auto":
        return color == "always"
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _print_colored(lines: Iterable[StyledLine], stream: TextIO) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(file=stream, force_terminal=True, color_system="standard", no_color=False)
    for line in lines:
        text = Text.assemble(*((piece.text, _STYLES.get(piece.role, "")) for piece in line))
        # A terminal wraps long lines itself, and they can still be copied whole.
        console.print(text, soft_wrap=True)


def diff_lines(
    old: str, new: str, old_name: str, new_name: str, *, context: int
) -> Iterator[StyledLine]:
    """Write what differs between two texts as a unified diff, with so many lines around it."""
    from difflib import unified_diff

    from meshconf.diagnostics.styled import Piece
    from meshconf.diagnostics.words import printable

    roles: dict[str, Role] = {"+": "added", "-": "removed", "@": "frame"}
    lines = unified_diff(
        old.splitlines(), new.splitlines(), old_name, new_name, lineterm="", n=context
    )
    for line in lines:
        yield (Piece(printable(line), roles.get(line[:1], "")),)


def under_ci() -> bool:
    """Tell whether a CI system runs the command; all of them set this variable."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false")


def shown(text: str | None) -> str:
    """Write what may be the words of a server: escaped, and cut where it is long."""
    from meshconf.diagnostics.words import elide, printable

    return elide(printable(text or ""), LONGEST_WORDS)
