"""Problems as text, in the form that compilers taught people to read."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from meshconf.diagnostics.problem import NOT_LOADED
from meshconf.diagnostics.styled import Piece, StyledLine, plain
from meshconf.diagnostics.words import printable, sentence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from meshconf.diagnostics.problem import Excerpt, Line, Mark, Problem, Severity

__all__ = [
    "MOST_FOUND",
    "MOST_PROBLEMS",
    "footer",
    "heading",
    "message",
    "problem_lines",
    "report",
    "report_lines",
    "rest_line",
]

#: A report shows at most so many problems and counts the rest.
MOST_PROBLEMS = 50

#: From so many on there may be more: no others of their sort are looked for.
MOST_FOUND = 500


def report(
    problems: Sequence[Problem], sources: Sequence[str] = (), outcome: str = NOT_LOADED
) -> str:
    """Write all problems and the closing line.

    Args:
        problems: The findings, in the order in which they are to be read.

        sources: The names of the sources, for the closing line.

        outcome: What came of a load with errors, for the closing line.

    Returns:
        The report without a newline at its end.
    """
    return plain(report_lines(problems, sources, outcome))


def report_lines(
    problems: Sequence[Problem], sources: Sequence[str] = (), outcome: str = NOT_LOADED
) -> Iterator[StyledLine]:
    """Write the same line by line, each part with its role."""
    for problem in problems[:MOST_PROBLEMS]:
        yield from problem_lines(problem)
        yield ()
    if len(problems) > MOST_PROBLEMS:
        yield rest_line(problems)
        yield ()
    yield footer(problems, sources, outcome)


def rest_line(problems: Sequence[Problem]) -> StyledLine:
    """Count the problems that a report does not show."""
    return (Piece(f"… and {len(problems) - MOST_PROBLEMS} more"),)


def footer(
    problems: Sequence[Problem], sources: Sequence[str], outcome: str = NOT_LOADED
) -> StyledLine:
    """Count the problems, name the sources and say what came of the load."""
    errors = sum(problem.severity == "error" for problem in problems)
    warnings = len(problems) - errors
    found = ((errors, "error"), (warnings, "warning"))
    counts = [_count(number, word) for number, word in found if number]
    where = f" in {', '.join(map(printable, sources))}" if sources else ""
    end = f"; {outcome}" if errors else ""
    said = Piece(", ".join(counts) or "no problems", "title")
    return (Piece("meshconf: "), said, Piece(f"{where}{end}"))


def _count(number: int, word: str) -> str:
    number_said = f"{number} or more" if number >= MOST_FOUND else str(number)
    return f"{number_said} {word}" if number == 1 else f"{number_said} {word}s"


def problem_lines(problem: Problem) -> Iterator[StyledLine]:
    """Write one problem, line by line."""
    gutter = " " * _gutter_width(problem.excerpts)
    yield heading(problem)
    bar = (Piece(f"{gutter} |", "frame"),)
    for position, excerpt in enumerate(problem.excerpts):
        if position:
            yield bar
        arrow = Piece(f"{gutter}{':::' if position else '-->'} ", "frame")
        yield (arrow, Piece(str(excerpt.origin), "place"))
        if excerpt.lines:
            yield bar
            yield from _excerpt_lines(excerpt, gutter, problem.severity)
    remarks = _remarks(problem)
    if remarks and problem.excerpts:
        yield bar
    for word, remark in remarks:
        yield (
            Piece(f"{gutter} = ", "frame"),
            Piece(f"{word}:", "remark"),
            Piece(f" {remark}"),
        )


def heading(problem: Problem) -> StyledLine:
    """Write the first line of a problem: its severity, its code and the fact."""
    # What authors of rules and validators say is not known to be safe to print.
    return (
        Piece(f"{problem.severity}[{problem.code}]", problem.severity),
        Piece(f": {sentence(problem.message)}", "title"),
    )


def message(problem: Problem, *, place: bool) -> str:
    """Write the fact, the notes and the help, a line for each, for where no excerpt fits.

    Args:
        problem: The problem.

        place: Whether to begin with the place, unless the fact itself does.

    Returns:
        The lines.
    """
    fact = sentence(problem.message)
    where = str(problem.origin) if place and problem.origin is not None else ""
    prefix = f"{where}: " if where and not fact.startswith(where) else ""
    remarks = (f"{word}: {remark}" for word, remark in _remarks(problem))
    return "\n".join((f"{prefix}{fact}", *remarks))


def _remarks(problem: Problem) -> list[tuple[str, str]]:
    remarks = [("note", sentence(note)) for note in problem.notes]
    if problem.help is not None:
        remarks.append(("help", sentence(problem.help)))
    return remarks


def _gutter_width(excerpts: Sequence[Excerpt]) -> int:
    numbers = chain.from_iterable((line.number for line in excerpt.lines) for excerpt in excerpts)
    return max((len(str(number)) for number in numbers if number is not None), default=1)


def _excerpt_lines(excerpt: Excerpt, gutter: str, severity: Severity) -> Iterable[StyledLine]:
    last: int | None = None
    for line in excerpt.lines:
        if last is not None and line.number is not None and line.number > last + 1:
            yield (Piece(f"{gutter}...", "frame"),)
        yield _source_line(line, gutter)
        yield from (_mark_line(mark, gutter, severity) for mark in line.marks)
        last = line.number


def _source_line(line: Line, gutter: str) -> StyledLine:
    number = gutter if line.number is None else str(line.number).rjust(len(gutter))
    text = line.text.rstrip()
    return (Piece(f"{number} |", "frame"), Piece(f" {text}" if text else ""))


def _mark_line(mark: Mark, gutter: str, severity: Severity) -> StyledLine:
    underline = ("^" if mark.primary else "-") * mark.width
    said = f" {' ' * mark.offset}{underline} {sentence(mark.text)}".rstrip()
    return (Piece(f"{gutter} |", "frame"), Piece(said, severity if mark.primary else "beside"))
