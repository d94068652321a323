"""Problems as JUnit XML, which servers for continuous integration read.

Each source is a test case. It has one failure at most, with all errors of the source in it: many
readers, Jenkins among them, show only the first of several.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from meshconf.diagnostics.styled import plain
from meshconf.diagnostics.text import problem_lines
from meshconf.diagnostics.words import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from meshconf.diagnostics.problem import Origin, Problem

__all__ = ["report_junit"]


def report_junit(
    problems: Sequence[Problem], sources: Sequence[str] = (), not_checked: Sequence[str] = ()
) -> str:
    """Write all problems as a test suite in which each source is a test case.

    Problems of variables belong to the case `environment`, problems without an origin in a source
    to the case `configuration`.

    Args:
        problems: The findings, in the order in which they are to be read.

        sources: The names of the sources that were read, lowest precedence first.

        not_checked: What was left out, a phrase for each; each becomes a case that was skipped.

    Returns:
        The document, in ASCII, without a newline at its end.
    """
    found: dict[str, list[Problem]] = {name: [] for name in sources}
    for problem in problems:
        found.setdefault(_case_of(problem.origin, sources), []).append(problem)
    cases = [_case(name, of_source) for name, of_source in found.items()]
    cases += [_skipped(one) for one in not_checked]
    counts = {
        "tests": str(len(cases)),
        "failures": str(sum(case.find("failure") is not None for case in cases)),
        "errors": "0",
        "skipped": str(len(not_checked)),
    }
    root = ET.Element("testsuites", {"name": "meshconf", **counts})
    ET.SubElement(root, "testsuite", {"name": "meshconf", **counts}).extend(cases)
    ET.indent(root)
    return str(ET.tostring(root, "us-ascii", xml_declaration=True), "ascii")


def _case_of(origin: Origin | None, sources: Sequence[str]) -> str:
    """Name the test case that a problem belongs to."""
    if origin is None or origin.kind == "default":
        return "configuration"
    if origin.name in sources:
        return origin.name
    directories = {str(parent) for parent in PurePath(origin.name).parents}
    if origin.kind == "secret_file" and (named := directories.intersection(sources)):
        return max(named, key=len)
    return "environment" if origin.kind in ("env", "dotenv", "secret_file") else origin.name


def _case(name: str, problems: Sequence[Problem]) -> ET.Element:
    case = ET.Element("testcase", {"classname": "meshconf", "name": printable(name)})
    errors = [problem for problem in problems if problem.severity == "error"]
    warnings = [problem for problem in problems if problem.severity == "warning"]
    if errors:
        codes = ", ".join(dict.fromkeys(problem.code for problem in errors))
        rest = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        said = f"{errors[0].message}{rest}"
        failure = {"type": printable(codes), "message": printable(said)}
        ET.SubElement(case, "failure", failure).text = _text(errors)
    if warnings:
        ET.SubElement(case, "system-out").text = _text(warnings)
    return case


def _skipped(text: str) -> ET.Element:
    case = ET.Element("testcase", {"classname": "meshconf", "name": printable(text)})
    ET.SubElement(case, "skipped", {"message": "not checked"})
    return case


def _text(problems: Sequence[Problem]) -> str:
    """Write problems in full, without the characters that XML cannot hold."""
    lines = "\n\n".join(plain(problem_lines(problem)) for problem in problems).split("\n")
    return "\n".join(map(printable, lines))
