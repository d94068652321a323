"""The formats in which problems can be written, by the names that the command line uses.

`full` and `concise` are lines for people, `write` gives the others as text for programs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from meshconf.diagnostics.problem import NOT_LOADED
from meshconf.diagnostics.styled import Piece, StyledLine
from meshconf.diagnostics.words import printable

if TYPE_CHECKING:
    from meshconf.diagnostics.problem import Problem

__all__ = ["FORMATS", "LINE_FORMATS", "lines", "write"]

Writer = Callable[["Sequence[Problem]", Sequence[str], Sequence[str]], str]
LineWriter = Callable[["Sequence[Problem]", Sequence[str], str], Iterator[StyledLine]]


def lines(
    format: str,
    problems: Sequence[Problem],
    sources: Sequence[str],
    not_checked: Sequence[str] = (),
    outcome: str = NOT_LOADED,
) -> Iterator[StyledLine]:
    """Write problems as lines for people.

    Args:
        format: One of ``LINE_FORMATS``.

        problems: The findings, in the order in which they are to be read.

        sources: The names of the sources that were read, lowest precedence first.

        not_checked: What was left out, a phrase for each.

        outcome: What came of a load with errors.

    Yields:
        The lines, each part with its role.
    """
    yield from _LINE_WRITERS[format]()(problems, sources, outcome)
    if not_checked:
        yield (Piece(f"not checked: {'; '.join(map(printable, not_checked))}", "quiet"),)


def write(
    format: str, problems: Sequence[Problem], sources: Sequence[str], not_checked: Sequence[str]
) -> str:
    """Write problems as text for programs.

    Args:
        format: One of ``FORMATS`` that is none of ``LINE_FORMATS``.

        problems: The findings, in the order in which they are to be read.

        sources: The names of the sources that were read, lowest precedence first.

        not_checked: What was left out, a phrase for each.

    Returns:
        The text without a newline at its end.
    """
    return _WRITERS[format]()(problems, sources, not_checked)


def _full() -> LineWriter:
    from meshconf.diagnostics.text import report_lines

    return report_lines


def _concise() -> LineWriter:
    from meshconf.diagnostics.concise import concise_lines

    return concise_lines


def _json() -> Writer:
    from meshconf.diagnostics.json_report import report_json

    return report_json


def _github() -> Writer:
    from meshconf.diagnostics.github import report_github

    return report_github


def _sarif() -> Writer:
    from meshconf.diagnostics.sarif import report_sarif

    return report_sarif


def _junit() -> Writer:
    from meshconf.diagnostics.junit import report_junit

    return report_junit


_LINE_WRITERS: Mapping[str, Callable[[], LineWriter]] = {"full": _full, "concise": _concise}
_WRITERS: Mapping[str, Callable[[], Writer]] = {
    "json": _json,
    "github": _github,
    "sarif": _sarif,
    "junit": _junit,
}

#: The formats that ``lines`` writes.
LINE_FORMATS = tuple(_LINE_WRITERS)

#: All formats.
FORMATS = (*_LINE_WRITERS, *_WRITERS)
