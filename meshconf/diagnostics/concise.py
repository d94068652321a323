"""Problems as text, a line for each: what editors and people in a hurry read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meshconf.diagnostics.problem import NOT_LOADED
from meshconf.diagnostics.styled import Piece, StyledLine
from meshconf.diagnostics.text import MOST_PROBLEMS, footer, heading, rest_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from meshconf.diagnostics.problem import Problem

__all__ = ["concise_lines"]


def concise_lines(
    problems: Sequence[Problem], sources: Sequence[str] = (), outcome: str = NOT_LOADED
) -> Iterator[StyledLine]:
    """Write each problem as one line that begins with its place, then the closing line.

    Args:
        problems: The findings, in the order in which they are to be read.

        sources: The names of the sources, for the closing line.

        outcome: What came of a load with errors, for the closing line.

    Yields:
        The lines, each part with its role.
    """
    yield from map(_line, problems[:MOST_PROBLEMS])
    if len(problems) > MOST_PROBLEMS:
        yield rest_line(problems)
    yield footer(problems, sources, outcome)


def _line(problem: Problem) -> StyledLine:
    if problem.origin is None:
        return heading(problem)
    return (Piece(str(problem.origin), "place"), Piece(": "), *heading(problem))
