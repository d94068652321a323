"""Saying which problems a load has to give."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import attrs

from meshconf.diagnostics.problem import ConfigError
from meshconf.diagnostics.text import report
from meshconf.diagnostics.words import printable, quoted
from meshconf.loading.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from meshconf.diagnostics.problem import Problem

__all__ = ["ExpectedProblem", "assert_problems", "difference"]

#: What a code looks like, that of a source of somebody's own too.
_CODE = re.compile(r"[A-Z]+[0-9]+")


@attrs.frozen
class ExpectedProblem:
    """A problem that a load has to give.

    Attributes:
        code: Its code, such as ``MC201``.

        path: The dotted path of the setting; empty for what is about a whole source.

        origin: Where it stands, as far as that matters: ``mesh.toml``, ``mesh.toml:6``,
            ``mesh.toml:6:8``, or the name of a variable.

        message: A part of the sentence that tells it.
    """

    code: str
    path: str = ""
    origin: str | None = attrs.field(default=None, kw_only=True)
    message: str | None = attrs.field(default=None, kw_only=True)

    @classmethod
    def of(cls, expected: str | ExpectedProblem) -> ExpectedProblem:
        """Read ``CODE PATH``.

        Raises:
            ValueError: If a text begins with no code.
        """
        if isinstance(expected, ExpectedProblem):
            return expected
        code, _, path = expected.partition(" ")
        if _CODE.fullmatch(code) is None:
            msg = f'{quoted(expected)} begins with no code: write it as "MC202 consul.port"'
            raise ValueError(msg)
        return cls(code, path)

    def fits(self, problem: Problem) -> bool:
        """Tell whether a problem is this one."""
        return (
            (self.code, self.path) == (problem.code, problem.path)
            and (self.origin is None or _is_at(problem, self.origin))
            and (self.message is None or self.message in problem.message)
        )

    def __str__(self) -> str:
        return _line(self.code, self.path, self.origin, self.message)


def _is_at(problem: Problem, place: str) -> bool:
    origin = problem.origin
    return origin is not None and (origin.name == place or f"{origin}:".startswith(f"{place}:"))


def _line(code: str, path: str, origin: object, message: str | None) -> str:
    where = " ".join(str(part) for part in (code, path, origin) if part)
    return f"{where}: {message}" if message else where


def assert_problems(
    found: ConfigError | Snapshot[Any] | Iterable[Problem], *expected: str | ExpectedProblem
) -> None:
    """Assert that a load gave exactly these problems, in any order.

    Args:
        found: The error of a load that failed, the snapshot of one that did not (then its warnings
            count), or problems.

        expected: What it has to give: ``"MC201 consul.port"``, or an ``ExpectedProblem``.

    Raises:
        AssertionError: If it did not; the message shows what differs, and the report.
    """
    __tracebackhide__ = True
    problems, shown = _told(found)
    if differs := difference(problems, expected):
        msg = f"{differs}\n\n{shown}"
        raise AssertionError(msg)


def _told(
    found: ConfigError | Snapshot[Any] | Iterable[Problem],
) -> tuple[tuple[Problem, ...], str]:
    """Return the problems, and how a report tells them."""
    if isinstance(found, ConfigError):
        return found.problems, str(found)
    if isinstance(found, Snapshot):
        return found.warnings, report(found.warnings, found.sources)
    problems = tuple(found)
    return problems, report(problems)


def difference(problems: Sequence[Problem], expected: Iterable[str | ExpectedProblem]) -> str:
    """Compare problems with those expected, line by line as a diff; empty if they are the same."""
    wanted = list(map(ExpectedProblem.of, expected))
    pairs = _paired(problems, wanted)
    if len(pairs) == len(problems) == len(wanted):
        return ""
    return "\n".join(("other problems than expected:", *_diff(problems, wanted, pairs)))


def _diff(
    problems: Sequence[Problem], wanted: Sequence[ExpectedProblem], pairs: dict[int, int]
) -> Iterator[str]:
    for number, one in enumerate(wanted):
        if number not in pairs.values():
            yield f"- {one}"
    for number, problem in enumerate(problems):
        said = printable(problem.message)
        place = None if said.startswith(str(problem.origin)) else problem.origin
        line = _line(problem.code, problem.path, place, said)
        yield f"{' ' if number in pairs else '+'} {line}"


def _paired(problems: Sequence[Problem], wanted: Sequence[ExpectedProblem]) -> dict[int, int]:
    """Pair as many problems as possible, each with one that is expected: numbers of both.

    What says less may fit a problem that only another one fits: then it moves on (Kuhn's algorithm).
    """
    pairs: dict[int, int] = {}

    def is_placed(number: int, tried: set[int]) -> bool:
        for candidate, problem in enumerate(problems):
            if candidate not in tried and wanted[number].fits(problem):
                tried.add(candidate)
                if candidate not in pairs or is_placed(pairs[candidate], tried):
                    pairs[candidate] = number
                    return True
        return False

    for number in range(len(wanted)):
        is_placed(number, set())
    return pairs
