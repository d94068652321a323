"""Problems as JSON, for programs: the data of the report, after `terraform validate -json`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from meshconf.diagnostics.opaque import json_value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from meshconf.diagnostics.problem import Edit, Label, Origin, Problem
    from meshconf.diagnostics.spans import Position

__all__ = ["FORMAT_VERSION", "json_text", "origin_data", "problem_data", "report_json"]

#: The first number changes when a program that reads the form has to change.
FORMAT_VERSION = "1.0"


def report_json(
    problems: Sequence[Problem], sources: Sequence[str] = (), not_checked: Sequence[str] = ()
) -> str:
    """Write all problems as one JSON object.

    The `help` of a problem is null if there is neither a remedy in words nor an edit; else it has
    both keys, and either may be null.

    Args:
        problems: The findings, in the order in which they are to be read.

        sources: The names of the sources that were read, lowest precedence first.

        not_checked: What was left out, a phrase for each.

    Returns:
        The object, indented, without a newline at its end.
    """
    errors = sum(problem.severity == "error" for problem in problems)
    document = {
        "format_version": FORMAT_VERSION,
        "valid": not errors,
        "error_count": errors,
        "warning_count": len(problems) - errors,
        "sources": list(sources),
        "not_checked": list(not_checked),
        "problems": [problem_data(problem) for problem in problems],
    }
    return json_text(document)


def json_text(document: Mapping[str, Any]) -> str:
    """Write a document as JSON that people can read and a terminal can show.

    What JSON cannot say is written as text: "nan", "inf", dates, objects.
    """
    text = json.dumps(json_value(document), indent=2, ensure_ascii=False)
    return "\n".join(map(_safe, text.split("\n")))


def _safe(line: str) -> str:
    """Escape what could steer a terminal, and lone surrogates, which no encoding takes."""
    if line.isprintable():
        return line
    return "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in line)


def problem_data(problem: Problem) -> dict[str, Any]:
    """Return a problem as the data of a JSON report."""
    return {
        "code": problem.code,
        "severity": problem.severity,
        "path": problem.path,
        "summary": problem.message,
        "expected": problem.expected,
        "found": problem.found,
        "sensitive": problem.sensitive,
        "origin": None if problem.origin is None else origin_data(problem.origin),
        "labels": [_label(label) for label in problem.labels],
        "notes": list(problem.notes),
        "help": _help(problem.help, problem.edit),
    }


def _help(text: str | None, edit: Edit | None) -> dict[str, Any] | None:
    if text is None and edit is None:
        return None
    return {"text": text, "edit": None if edit is None else _edit(edit)}


def _edit(edit: Edit) -> dict[str, Any]:
    return {
        "source": edit.origin.name,
        "kind": edit.origin.kind,
        "start": _position(edit.start),
        "end": _position(edit.end),
        "replacement": edit.replacement,
        "safe": edit.safe,
    }


def origin_data(origin: Origin) -> dict[str, Any]:
    """Return a place as the data of a JSON report."""
    return {
        "kind": origin.kind,
        "name": origin.name,
        "line": origin.line,
        "column": origin.column,
    }


def _label(label: Label) -> dict[str, Any]:
    return {
        "source": label.origin.name,
        "kind": label.origin.kind,
        "text": label.text,
        "primary": label.primary,
        "start": _position(label.start),
        "end": _position(label.end),
    }


def _position(position: Position | None) -> dict[str, int] | None:
    """Write a place in the text of its source: lines and columns from 1, bytes of UTF-8 from 0."""
    return None if position is None else position._asdict()
