"""Problems as plain text, in the form that compilers taught people to read."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from meshconf.diagnostics.words import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from meshconf.diagnostics.problem import Excerpt, Line, Mark, Problem

__all__ = ["MOST_PROBLEMS", "footer", "problem_lines", "report"]

#: A report shows at most so many problems and counts the rest.
MOST_PROBLEMS = 50


def report(problems: Sequence[Problem], sources: Sequence[str] = ()) -> str:
    """Write all problems and the closing line.

    Args:
        problems: The findings, in the order in which they are to be read.

        sources: The names of the sources, for the closing line.

    Returns:
        The report without a newline at its end.
    """
    blocks = ["\n".join(problem_lines(problem)) for problem in problems[:MOST_PROBLEMS]]
    if len(problems) > MOST_PROBLEMS:
        blocks.append(f"… and {len(problems) - MOST_PROBLEMS} more")
    return "\n\n".join([*blocks, footer(problems, sources)])


def footer(problems: Sequence[Problem], sources: Sequence[str]) -> str:
    """Count the problems, name the sources and say what came of the load."""
    errors = sum(problem.severity == "error" for problem in problems)
    warnings = len(problems) - errors
    found = ((errors, "error"), (warnings, "warning"))
    counts = [_count(number, word) for number, word in found if number]
    where = f" in {', '.join(map(printable, sources))}" if sources else ""
    end = "; nothing was loaded" if errors else ""
    return f"meshconf: {', '.join(counts) or 'no problems'}{where}{end}"


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def problem_lines(problem: Problem) -> Iterable[str]:
    """Write one problem, line by line."""
    gutter = " " * _gutter_width(problem.excerpts)
    # What authors of rules and validators say is not known to be safe to print.
    yield f"{problem.severity}[{problem.code}]: {printable(problem.message)}"
    for position, excerpt in enumerate(problem.excerpts):
        if position:
            yield f"{gutter} |"
        yield f"{gutter}{':::' if position else '-->'} {excerpt.origin}"
        if excerpt.lines:
            yield f"{gutter} |"
            yield from _excerpt_lines(excerpt, gutter)
    remarks = [f"note: {printable(note)}" for note in problem.notes]
    if problem.help is not None:
        remarks.append(f"help: {printable(problem.help)}")
    if remarks and problem.excerpts:
        yield f"{gutter} |"
    yield from (f"{gutter} = {remark}" for remark in remarks)


def _gutter_width(excerpts: Sequence[Excerpt]) -> int:
    numbers = chain.from_iterable((line.number for line in excerpt.lines) for excerpt in excerpts)
    return max((len(str(number)) for number in numbers if number is not None), default=1)


def _excerpt_lines(excerpt: Excerpt, gutter: str) -> Iterable[str]:
    last: int | None = None
    for line in excerpt.lines:
        if last is not None and line.number is not None and line.number > last + 1:
            yield f"{gutter}..."
        yield _source_line(line, gutter)
        yield from (_mark_line(mark, gutter) for mark in line.marks)
        last = line.number


def _source_line(line: Line, gutter: str) -> str:
    number = gutter if line.number is None else str(line.number).rjust(len(gutter))
    return f"{number} | {line.text}".rstrip()


def _mark_line(mark: Mark, gutter: str) -> str:
    underline = ("^" if mark.primary else "-") * mark.width
    return f"{gutter} | {' ' * mark.offset}{underline} {printable(mark.text)}".rstrip()
