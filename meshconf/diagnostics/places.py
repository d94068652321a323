"""Where problems stand in files, for formats that other programs show beside the file."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

import attrs

from meshconf.diagnostics.problem import Label

if TYPE_CHECKING:
    from meshconf.diagnostics.problem import Origin, Problem

__all__ = ["Place", "blamed", "place"]


@attrs.frozen
class Place:
    """A stretch of a file, or a file as a whole.

    Attributes:
        file: The path of the file as it was given, with forward slashes.

        line: The first line, from 1; ``None`` for the whole file.

        column: The first character, from 1; ``None`` for whole lines.

        end_line: The last line; ``None`` where it is not known or not told.

        end_column: The character after the last one; ``None`` likewise.
    """

    file: str
    line: int | None = None
    column: int | None = None
    end_line: int | None = None
    end_column: int | None = None


def blamed(problem: Problem) -> Label | None:
    """Return the label at the origin of a problem, or one made of the origin alone."""
    if problem.origin is None:
        return None
    for label in problem.labels:
        if label.primary and label.origin == problem.origin:
            return label
    return Label(problem.origin, "")


def place(label: Label) -> Place | None:
    """Return where in a file a label stands; ``None`` if it stands in no file."""
    origin = label.origin
    if not _in_file(origin):
        return None
    file = PurePath(origin.name).as_posix()
    # The columns of a .env file are those of a value without its name and its quotes.
    if origin.kind == "dotenv" or origin.line is None or label.end is None:
        column = origin.column if origin.kind == "file" else None
        return Place(file, origin.line, column)
    return Place(file, origin.line, origin.column, label.end.line, label.end.column)


def _in_file(origin: Origin) -> bool:
    """Tell whether the name of an origin is the path of a file that people edit."""
    # Without a line, what a .env file blames may be the name of a variable.
    return origin.kind == "file" or (origin.kind == "dotenv" and origin.line is not None)
