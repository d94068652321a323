"""Problems as workflow commands, which GitHub Actions shows beside the lines of the file.

The commands and their properties:
https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from meshconf.diagnostics.codes import CODES
from meshconf.diagnostics.places import blamed, place
from meshconf.diagnostics.styled import plain_line
from meshconf.diagnostics.text import footer, message
from meshconf.diagnostics.words import printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from meshconf.diagnostics.places import Place
    from meshconf.diagnostics.problem import Problem

__all__ = ["report_github"]


def report_github(
    problems: Sequence[Problem], sources: Sequence[str] = (), not_checked: Sequence[str] = ()
) -> str:
    """Write a workflow command for each problem, then the closing line for the log.

    Args:
        problems: The findings, in the order in which they are to be read.

        sources: The names of the sources, for the closing line.

        not_checked: What was left out, a phrase for each; each becomes a notice.

    Returns:
        The lines without a newline at the end.
    """
    lines = [_problem(problem) for problem in problems]
    lines += [_command("notice", {"title": "not checked"}, printable(one)) for one in not_checked]
    return "\n".join((*lines, plain_line(footer(problems, sources))))


def _problem(problem: Problem) -> str:
    label = blamed(problem)
    found = None if label is None else place(label)
    properties = {} if found is None else _place(found)
    title = f" {CODES[problem.code].title}" if problem.code in CODES else ""
    properties["title"] = f"{problem.code}{title}"
    # The log shows only the message, and a step has room for ten annotations.
    return _command(problem.severity, properties, message(problem, place=True))


def _place(found: Place) -> dict[str, str]:
    numbers = {"line": found.line, "endLine": found.end_line}
    # GitHub takes columns only where the stretch is on one line; the end is exclusive.
    if found.end_line in (None, found.line):
        numbers |= {"col": found.column, "endColumn": found.end_column}
    known = {name: str(number) for name, number in numbers.items() if number is not None}
    return {"file": found.file, **known}


def _command(name: str, properties: Mapping[str, str], text: str) -> str:
    pairs = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name} {pairs}::{_data(text)}"


def _property(text: str) -> str:
    return _data(printable(text)).replace(":", "%3A").replace(",", "%2C")


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
