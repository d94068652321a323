"""Findings as data: what is wrong, with what, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import attrs

from meshconf.diagnostics.words import printable, short_name

if TYPE_CHECKING:
    from meshconf.diagnostics.spans import Position  # noqa: TC004 - nothing resolves annotations

__all__ = [
    "NOT_LOADED",
    "ConfigError",
    "Edit",
    "Excerpt",
    "Label",
    "Line",
    "Mark",
    "Origin",
    "Problem",
    "Severity",
]

Severity = Literal["error", "warning"]


@attrs.frozen
class Origin:
    """The place that a value comes from.

    Attributes:
        kind:
            What sort of source it is: ``default``, ``file``, ``env``, ``dotenv``,
            ``secret_file``, ``override``, or the kind that a source of your own gave its layer.

        name: The path of the file, the name of the variable, the key in the store.

        line: Line in that text, from 1; ``None`` where there is none.

        column: Column in that line, in characters from 1; ``None`` where there is none.
    """

    kind: str
    name: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        if self.kind == "env":
            return f"environment variable {short_name(self.name)}"
        name = printable(self.name)
        if self.line is None:
            return name
        return f"{name}:{self.line}" if self.column is None else f"{name}:{self.line}:{self.column}"


@attrs.frozen
class Label:
    """A stretch of a source that a problem speaks of, and what it says of it."""

    origin: Origin
    text: str
    start: Position | None = None
    end: Position | None = None
    primary: bool = True


@attrs.frozen
class Mark:
    """An underlined stretch of a shown line, in terminal cells from 0."""

    offset: int
    width: int
    text: str
    primary: bool = True


@attrs.frozen
class Line:
    """One line of a source as it may be shown: escaped, elided, secrets masked.

    ``number`` is ``None`` for a text without line numbers, such as a variable's.
    """

    number: int | None
    text: str
    marks: tuple[Mark, ...] = ()


@attrs.frozen
class Excerpt:
    """The lines of one source that a report shows."""

    origin: Origin
    lines: tuple[Line, ...] = ()


@attrs.frozen
class Edit:
    """A change to the text of a source that mends a problem.

    Attributes:
        origin: The text.

        start: Where the change begins.

        end: Where it ends, exclusive.

        replacement: What stands there afterwards; never a secret.

        safe: Whether it is certain to be what the author meant, so that a program may make it.
    """

    origin: Origin
    start: Position
    end: Position
    replacement: str
    safe: bool


@attrs.frozen
class Problem:
    """One finding about a configuration.

    Attributes:
        code: A stable code such as ``MC201``; ``meshconf.diagnostics.codes`` lists them.

        severity: ``error`` refuses the load; ``warning`` does not.

        path: Dotted path of the setting, empty where the finding is about a whole source.

        message: The fact, in one sentence, in the words of the file.

        origin: Where the blamed value stands; ``None`` where nothing can be blamed.

        notes: What else is worth knowing: what the value shadows, what was declared.

        help: One remedy that can be pasted, or ``None`` where none is certain.

        edit: The same as a change to the text, where it is one.

        expected: What was wanted ("an integer"), for programs.

        found: What was there, empty for a secret.

        sensitive: Whether the setting is a secret; then no part of the record holds its value.

        labels: The stretches of text that the problem speaks of.

        excerpts: The same as lines that may be shown.
    """

    code: str
    severity: Severity
    path: str
    message: str
    origin: Origin | None = None
    notes: tuple[str, ...] = ()
    help: str | None = None
    expected: str = ""
    found: str = ""
    sensitive: bool = False
    labels: tuple[Label, ...] = ()
    excerpts: tuple[Excerpt, ...] = ()
    edit: Edit | None = None


#: What comes of a load that has errors.
NOT_LOADED = "nothing was loaded"


class ConfigError(ValueError):
    """A configuration could not be loaded.

    ``str(error)`` is the whole plain report.

    Attributes:
        problems: Every finding, errors and warnings, in the order of the report.

        sources: The names of the sources that were read, lowest precedence first.

        outcome: What came of the load, as the report says at its end.
    """

    def __init__(
        self,
        problems: tuple[Problem, ...],
        sources: tuple[str, ...] = (),
        outcome: str = NOT_LOADED,
    ) -> None:
        self.problems = problems
        self.sources = sources
        self.outcome = outcome
        super().__init__(problems, sources, outcome)

    def __str__(self) -> str:
        from meshconf.diagnostics.text import report

        return report(self.problems, self.sources, self.outcome)
