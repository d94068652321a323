"""Problems as SARIF 2.1.0, which code hosts and editors read.

GitHub's code scanning refuses a whole file if one result stands in no file, as the value of a
variable does. What goes there is best checked without the environment.
"""

from __future__ import annotations

from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import PurePath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from meshconf.diagnostics.codes import CODES
from meshconf.diagnostics.json_report import json_text
from meshconf.diagnostics.places import Place, blamed, place
from meshconf.diagnostics.text import message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from meshconf.diagnostics.problem import Edit, Label, Problem

__all__ = ["report_sarif"]


def report_sarif(
    problems: Sequence[Problem], sources: Sequence[str] = (), not_checked: Sequence[str] = ()
) -> str:
    """Write all problems as one SARIF log with one run.

    Args:
        problems: The findings, in the order in which they are to be read.

        sources: The names of the sources that were read, lowest precedence first.

        not_checked: What was left out, a phrase for each.

    Returns:
        The log, indented, without a newline at its end.
    """
    codes = list(dict.fromkeys(problem.code for problem in problems))
    notifications = [{"level": "note", "message": {"text": one}} for one in not_checked]
    run = {
        "tool": {"driver": _driver(codes)},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {"executionSuccessful": True, "toolExecutionNotifications": notifications},
        ],
        "results": [_result(problem, codes.index(problem.code)) for problem in problems],
        "properties": {"sources": list(sources)},
    }
    return json_text(
        {
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [run],
        }
    )


def _driver(codes: Sequence[str]) -> dict[str, Any]:
    driver: dict[str, Any] = {
        "name": "meshconf",
        "informationUri": "https://github.com/meshconf/meshconf",
        "rules": [_rule(code) for code in codes],
    }
    with suppress(PackageNotFoundError):  # it may run from a folder that nobody installed
        driver["version"] = version("meshconf")
    return driver


def _rule(name: str) -> dict[str, Any]:
    code = CODES.get(name)
    if code is None:  # a source of one's own may have codes of its own
        return {"id": name}
    return {
        "id": name,
        "name": code.title,
        "shortDescription": {"text": code.title},
        "fullDescription": {"text": code.cause},
        "help": {"text": code.remedy},
    }


def _result(problem: Problem, rule: int) -> dict[str, Any]:
    label = blamed(problem)
    found = None if label is None else place(label)
    location: dict[str, Any] = {} if found is None else _physical(found)
    if logical := _logical(problem):
        location["logicalLocations"] = logical
    related = [_related(other) for other in dict.fromkeys(problem.labels) if other != label]
    result: dict[str, Any] = {
        "ruleId": problem.code,
        "ruleIndex": rule,
        "level": problem.severity,
        "message": {"text": message(problem, place=found is None)},
        "locations": [location] if location else [],
        "relatedLocations": [one for one in related if one],
    }
    if problem.edit is not None and problem.edit.origin.kind == "file":
        result["fixes"] = [_fix(problem.edit, problem.help)]
    return result


def _logical(problem: Problem) -> list[dict[str, str]]:
    """Name the setting, and the variable that its value comes from."""
    names = [{"fullyQualifiedName": problem.path, "kind": "property"}] if problem.path else []
    if problem.origin is not None and problem.origin.kind == "env":
        names.append({"fullyQualifiedName": problem.origin.name, "kind": "variable"})
    return names


def _related(label: Label) -> dict[str, Any]:
    found = place(label)
    return {} if found is None else {**_physical(found), "message": {"text": label.text}}


def _physical(found: Place) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(found.file)}}
    if found.line is not None:
        physical["region"] = _region(found)
    return {"physicalLocation": physical}


def _region(found: Place) -> dict[str, int]:
    numbers = {
        "startLine": found.line,
        "startColumn": found.column,
        "endLine": found.end_line,
        "endColumn": found.end_column,
    }
    return {name: number for name, number in numbers.items() if number is not None}


def _fix(edit: Edit, help: str | None) -> dict[str, Any]:
    file = PurePath(edit.origin.name).as_posix()
    region = Place(file, edit.start.line, edit.start.column, edit.end.line, edit.end.column)
    replacement = {
        "deletedRegion": _region(region),
        "insertedContent": {"text": edit.replacement},
    }
    change = {"artifactLocation": {"uri": _uri(file)}, "replacements": [replacement]}
    fix: dict[str, Any] = {"artifactChanges": [change], "properties": {"safe": edit.safe}}
    return fix if help is None else {"description": {"text": help}, **fix}


def _uri(file: str) -> str:
    """Write a path as a URI, or as a reference relative to the root of the repository."""
    # Names that are no Unicode hold surrogates, which must not raise here.
    if PurePath(file).is_absolute():
        return "file:///" + quote(file.lstrip("/"), safe="/:", errors="surrogatepass")
    return quote(file, errors="surrogatepass")
