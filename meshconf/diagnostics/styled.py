"""Text whose parts say what they are, so that a terminal can colour them and a file need not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Piece", "Role", "StyledLine", "plain", "plain_line"]

#: What a part of a line is; empty for ordinary text.
Role = Literal[
    "",
    "error",  # the word of an error, and what is underlined because of it
    "warning",
    "title",  # what a report or a table is about
    "place",  # where something stands
    "frame",  # lines and numbers around an excerpt
    "beside",  # what else is underlined
    "remark",  # the word before a note or a remedy
    "quiet",  # what most readers skip
    "added",
    "removed",
]


class Piece(NamedTuple):
    """A part of a line."""

    text: str
    role: Role = ""


StyledLine = tuple[Piece, ...]


def plain_line(line: StyledLine) -> str:
    """Write one line without styles."""
    return "".join(piece.text for piece in line)


def plain(lines: Iterable[StyledLine]) -> str:
    """Write lines without styles, without a newline at the end."""
    return "\n".join(map(plain_line, lines))
