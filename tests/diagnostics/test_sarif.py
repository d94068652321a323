"""Tests for `meshconf.diagnostics.sarif`."""

from __future__ import annotations

import importlib
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meshconf.diagnostics.codes import CODES
from meshconf.diagnostics.problem import Label, Origin, Problem
from meshconf.diagnostics.sarif import report_sarif
from meshconf.diagnostics.spans import Position
from tests.diagnostics.conftest import CANARY, edit, in_file

if TYPE_CHECKING:
    import meshconf

REFERENCE = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=@/:-]|%[0-9A-F]{2})*")


def run_of(*args: Any) -> Any:
    """Write a report; return its one run."""
    log = json.loads(report_sarif(*args))
    assert "2.1.0" == log["version"]
    (run,) = log["runs"]
    return run


def result_of(problem: Problem) -> Any:
    """Write one problem; return its result."""
    (result,) = run_of([problem])["results"]
    return result


def uri_of(name: str) -> str:
    """Write a problem of a file; return the URI of the file."""
    (location,) = result_of(in_file(origin=Origin("file", name)))["locations"]
    return str(location["physicalLocation"]["artifactLocation"]["uri"])


@pytest.fixture(scope="module")
def validator() -> Any:
    """Return what validates against the schema of the standard."""
    folder = os.environ.get("MESHCONF_SCHEMAS")
    if folder is None:
        reason = "MESHCONF_SCHEMAS names no folder with sarif-2.1.0.json"
        assert os.environ.get("MESHCONF_REQUIRE_SCHEMAS") != "1", reason
        pytest.skip(reason)
    schema = json.loads((Path(folder) / "sarif-2.1.0.json").read_text(encoding="utf-8"))
    return importlib.import_module("jsonschema").Draft7Validator(schema)


class TestSchema:
    def test_a_load(self, validator: Any, refused: meshconf.ConfigError) -> None:
        """The report of a load is valid SARIF."""
        problems = (*refused.problems, in_file(edit=edit(), help="h"), in_file(code="X1"))

        validator.validate(json.loads(report_sarif(problems, refused.sources, ["a", "b"])))

    def test_nothing(self, validator: Any) -> None:
        """A report without problems is valid SARIF."""
        validator.validate(json.loads(report_sarif(())))

    def test_control(self, validator: Any) -> None:
        """What is no SARIF is found to be none."""
        assert not validator.is_valid({"version": "2.1.0", "runs": [{}]})

    @settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=30)
    @given(st.text(st.characters()))
    def test_any_text(self, validator: Any, text: str) -> None:
        """Whatever a problem says, the report is valid SARIF."""
        problem = Problem(text, "error", text, text, Origin("file", text), (text,), text)

        validator.validate(json.loads(report_sarif([problem], [text], [text])))


class TestRun:
    def test_driver(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The tool names itself and the version that is installed."""
        (tmp_path / "meshconf-1.2.dist-info").mkdir()
        metadata = "Metadata-Version: 2.1\nName: meshconf\nVersion: 1.2\n"
        (tmp_path / "meshconf-1.2.dist-info" / "METADATA").write_text(metadata, encoding="utf-8")
        monkeypatch.syspath_prepend(tmp_path)
        driver = run_of(())["tool"]["driver"]

        assert {
            "name": "meshconf",
            "informationUri": "https://github.com/meshconf/meshconf",
            "rules": [],
            "version": "1.2",
        } == driver

    def test_not_installed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A folder that nobody installed has no version."""
        monkeypatch.setattr("sys.path", [])

        assert "version" not in run_of(())["tool"]["driver"]

    def test_rules(self, refused: meshconf.ConfigError) -> None:
        """A rule is there once for each code that occurs, and results point at it."""
        run = run_of((*refused.problems, *refused.problems))
        rules = run["tool"]["driver"]["rules"]

        assert ["MC201", "MC205", "MC101", "MC301", "MC208", "MC103"] == [
            rule["id"] for rule in rules
        ]
        assert all(rules[one["ruleIndex"]]["id"] == one["ruleId"] for one in run["results"])

    def test_rule(self) -> None:
        """A rule says what the table of codes says."""
        (rule,) = run_of([in_file()])["tool"]["driver"]["rules"]

        assert {
            "id": "MC201",
            "name": CODES["MC201"].title,
            "shortDescription": {"text": CODES["MC201"].title},
            "fullDescription": {"text": CODES["MC201"].cause},
            "help": {"text": CODES["MC201"].remedy},
        } == rule

    def test_code_of_ones_own(self) -> None:
        """Of a code that the table does not know only the name is known."""
        assert [{"id": "X1"}] == run_of([in_file(code="X1")])["tool"]["driver"]["rules"]

    def test_facts(self) -> None:
        """The run says how columns count, what was read and what was not checked."""
        run = run_of((), ["app.toml"], ["remote"])

        assert "unicodeCodePoints" == run["columnKind"]
        assert {"sources": ["app.toml"]} == run["properties"]
        assert [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": [{"level": "note", "message": {"text": "remote"}}],
            }
        ] == run["invocations"]

    def test_canary(self, refused: meshconf.ConfigError) -> None:
        """No secret is in it."""
        assert CANARY not in report_sarif(refused.problems, refused.sources)

    @given(st.text(st.characters()))
    def test_any_text(self, text: str) -> None:
        """Whatever a problem says, the report is JSON that can be encoded and printed."""
        problem = Problem("MC201", "error", text, text, Origin("file", text), (text,), text)
        written = report_sarif([problem], [text], [text])
        written.encode()

        assert text == json.loads(written)["runs"][0]["properties"]["sources"][0]
        assert all(line.isprintable() for line in written.split("\n"))


class TestResult:
    def test_in_a_file(self, refused: meshconf.ConfigError) -> None:
        """A result says what, where and of which setting."""
        problem = attrs.evolve(refused.problems[0], edit=None)

        assert {
            "ruleId": "MC201",
            "ruleIndex": 0,
            "level": "error",
            "message": {
                "text": "`consul.port` must be an integer, got a string\n"
                "note: declared as Consul.port: int\n"
                "help: remove the quotes: port = 8500"
            },
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": "app.toml"},
                        "region": {
                            "startLine": 3,
                            "startColumn": 8,
                            "endLine": 3,
                            "endColumn": 14,
                        },
                    },
                    "logicalLocations": [{"fullyQualifiedName": "consul.port", "kind": "property"}],
                }
            ],
            "relatedLocations": [],
        } == result_of(problem)

    def test_between_two_sources(self, refused: meshconf.ConfigError) -> None:
        """A value of a variable stands in no file, but what it is held against may."""
        result = run_of(refused.problems)["results"][3]

        assert [
            {
                "logicalLocations": [
                    {"fullyQualifiedName": "retry", "kind": "property"},
                    {"fullyQualifiedName": "APP_RETRY_BASE_DELAY", "kind": "variable"},
                ]
            }
        ] == result["locations"]
        assert [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": "app.toml"},
                    "region": {
                        "startLine": 10,
                        "startColumn": 13,
                        "endLine": 10,
                        "endColumn": 18,
                    },
                },
                "message": {"text": "max_delay 20 s"},
            }
        ] == result["relatedLocations"]
        assert result["message"]["text"].startswith(
            "environment variable APP_RETRY_BASE_DELAY: `retry`: base_delay is longer"
        )

    def test_warning(self, refused: meshconf.ConfigError) -> None:
        """A warning is a warning; the place is not said twice."""
        result = run_of(refused.problems)["results"][5]

        assert "warning" == result["level"]
        assert result["message"]["text"].startswith(
            "environment variable APP_CONSUL_PORTS matches no setting\n"
        )

    def test_secret(self, refused: meshconf.ConfigError) -> None:
        """Where a secret ends is not told."""
        (location,) = run_of(refused.problems)["results"][1]["locations"]

        assert {"startLine": 4, "startColumn": 9} == location["physicalLocation"]["region"]

    def test_nowhere(self) -> None:
        """A problem of no place and no setting has no location."""
        assert [] == result_of(Problem("MC207", "error", "", "m"))["locations"]

    def test_same_label_twice(self) -> None:
        """Related places differ from each other, which the standard demands."""
        beside = attrs.evolve(in_file().labels[0], primary=False)

        assert 1 == len(result_of(in_file(labels=(beside, beside)))["relatedLocations"])

    def test_label_in_no_file(self) -> None:
        """A label in no file is no related place."""
        label = Label(Origin("env", "APP_A"), "l", Position(1, 1, 0), primary=False)

        assert [] == result_of(in_file(labels=(label,)))["relatedLocations"]


class TestUri:
    @pytest.mark.parametrize(
        ("expected", "name"),
        [
            ("app.toml", "app.toml"),
            ("a/app.toml", "./a/app.toml"),
            ("../app.toml", "../app.toml"),
            ("a%20b%25%23.toml", "a b%#.toml"),
            ("a%3Ab.toml", "a:b.toml"),
            ("%C3%A9.toml", "é.toml"),
            ("%ED%B3%BF.toml", "\udcff.toml"),
            ("file:///etc/a%20b.toml", "/etc/a b.toml"),
            ("file:///%ED%B3%BF.toml", "/\udcff.toml"),
        ],
    )
    def test_path(self, expected: str, name: str) -> None:
        """A relative path is a relative reference, an absolute one a URI."""
        assert expected == uri_of(name)

    @given(st.text(st.characters()))
    def test_any_path(self, name: str) -> None:
        """Whatever the name of a file is, its URI is one."""
        assert REFERENCE.fullmatch(uri_of(name))


class TestFix:
    @pytest.mark.parametrize("safe", [True, False])
    def test_edit(self, safe: bool) -> None:
        """An edit is a fix that says whether it is safe."""
        region = {"startLine": 2, "startColumn": 8, "endLine": 2, "endColumn": 14}
        expected = {
            "description": {"text": "h"},
            "artifactChanges": [
                {
                    "artifactLocation": {"uri": "app.toml"},
                    "replacements": [
                        {"deletedRegion": region, "insertedContent": {"text": "8500"}}
                    ],
                }
            ],
            "properties": {"safe": safe},
        }

        assert [expected] == result_of(in_file(edit=edit(safe=safe), help="h"))["fixes"]

    def test_no_help(self) -> None:
        """Without a remedy in words a fix has no description."""
        (fix,) = result_of(in_file(edit=edit()))["fixes"]

        assert "description" not in fix

    @pytest.mark.parametrize("change", [None, edit("env")])
    def test_none(self, change: Any) -> None:
        """What is no edit of a file is no fix."""
        assert "fixes" not in result_of(in_file(edit=change))
