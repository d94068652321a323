"""Tests for `meshconf.diagnostics.junit`."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshconf.diagnostics.junit import report_junit
from meshconf.diagnostics.problem import Origin, Problem
from meshconf.diagnostics.styled import plain
from meshconf.diagnostics.text import problem_lines
from tests.diagnostics.conftest import CANARY, in_file

if TYPE_CHECKING:
    import meshconf


def suite(*args: object) -> ET.Element:
    """Write a report; return its test suite as it is read."""
    root = ET.fromstring(report_junit(*args))  # type: ignore[arg-type] # noqa: S314 - our own text
    found = root.find("testsuite")
    assert found is not None
    assert root.attrib == found.attrib
    return found


def names(*args: object) -> list[str | None]:
    """Write a report; return the names of its cases."""
    return [case.get("name") for case in suite(*args)]


def text_of(problem: Problem) -> str:
    """Write a problem in full."""
    return plain(problem_lines(problem))


class TestLoad:
    def test_counts(self, refused: meshconf.ConfigError) -> None:
        """A case for each source is counted, and a failure for each that has errors."""
        expected = {
            "name": "meshconf",
            "tests": "4",
            "failures": "2",
            "errors": "0",
            "skipped": "1",
        }
        sources = ("other.toml", *refused.sources)

        assert expected == suite(refused.problems, sources, ["remote"]).attrib

    def test_cases(self, refused: meshconf.ConfigError) -> None:
        """Each source has its case, in their order, with what stands in it."""
        found = suite(refused.problems, ("other.toml", *refused.sources), ["remote"])

        assert [
            ("other.toml", []),
            ("app.toml", ["failure", "system-out"]),
            ("environment", ["failure", "system-out"]),
            ("remote", ["skipped"]),
        ] == [(case.get("name"), [child.tag for child in case]) for case in found]
        assert {"meshconf"} == {case.get("classname") for case in found}

    def test_failure(self, refused: meshconf.ConfigError) -> None:
        """All errors of a source are in one failure: readers show only the first of several."""
        failures = suite(refused.problems, refused.sources).findall("testcase/failure")

        assert [
            {
                "type": "MC201, MC205, MC101",
                "message": "`consul.port` must be an integer, got a string (and 2 more)",
            },
            {"type": "MC301", "message": "`retry`: base_delay is longer than max_delay"},
        ] == [failure.attrib for failure in failures]
        assert "\n\n".join(map(text_of, refused.problems[:3])) == failures[0].text
        assert text_of(refused.problems[3]) == failures[1].text

    def test_same_code_twice(self) -> None:
        """The type of a failure names each code once."""
        (case,) = suite([in_file(), in_file()])
        (failure,) = case

        assert "MC201" == failure.get("type")

    def test_warnings(self, refused: meshconf.ConfigError) -> None:
        """Warnings fail nothing; they are what the case printed."""
        printed = suite(refused.problems, refused.sources).findall("testcase/system-out")

        assert list(map(text_of, refused.problems[4:])) == [one.text for one in printed]

    def test_canary(self, refused: meshconf.ConfigError) -> None:
        """No secret is in it."""
        assert CANARY not in report_junit(refused.problems, refused.sources)


class TestCaseOf:
    @pytest.mark.parametrize(
        ("expected", "origin"),
        [
            ("configuration", None),
            ("configuration", Origin("default", "App.a")),
            ("b.toml", Origin("file", "b.toml", 1, 1)),
            ("/run/secrets/b.toml", Origin("file", "/run/secrets/b.toml", 1, 1)),
            (".env", Origin("dotenv", ".env", 1)),
            ("environment", Origin("dotenv", "APP_A")),
            ("environment", Origin("env", "APP_A")),
            ("environment", Origin("secret_file", "/tmp/a (APP_A_FILE)")),  # noqa: S108 - a name
            ("/run/secrets/deep", Origin("secret_file", "/run/secrets/deep/a")),
            ("/run/secrets", Origin("secret_file", "/run/secrets/a")),
            ("/run/secrets", Origin("secret_file", "/run/secrets")),
            ("consul key", Origin("consul", "consul key")),
        ],
    )
    def test_name(self, expected: str, origin: Origin | None) -> None:
        """A problem belongs to the case of its source, which has one even if it was not read."""
        sources = ("app.toml", ".env", "/run/secrets", "/run/secrets/deep")
        found = suite([in_file(origin=origin)], sources)
        failed = [case.get("name") for case in found if case.find("failure") is not None]

        assert [expected] == failed


class TestForm:
    def test_no_problems(self) -> None:
        """A load without problems has cases that passed."""
        assert ["app.toml", "environment"] == names((), ("app.toml", "environment"))

    def test_skipped(self) -> None:
        """What was not checked is a case that says so."""
        (case,) = suite((), (), ["remote"])
        (skipped,) = case

        assert {"message": "not checked"} == skipped.attrib

    def test_encoding(self) -> None:
        """The text is ASCII and says so, whatever the terminal's encoding is."""
        text = report_junit((), ["\N{BULLET}"])

        assert text.startswith("<?xml version='1.0' encoding='us-ascii'?>\n<testsuites ")
        assert text.isascii()

    @given(st.text(st.characters()))
    def test_any_text(self, text: str) -> None:
        """Whatever a problem says, XML can hold it."""
        problems = [
            Problem(text, severity, text, text, Origin("file", text), (text,), text)
            for severity in ("error", "warning")
        ]

        assert 2 == len(suite(problems, [text], [text]))
