"""Tests for `meshconf.diagnostics.json_report`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshconf.diagnostics.json_report import json_text, report_json
from meshconf.diagnostics.problem import Edit, Origin, Problem
from tests.diagnostics.conftest import CANARY, edit, in_file

if TYPE_CHECKING:
    import meshconf

EDIT = {
    "source": "app.toml",
    "kind": "file",
    "start": {"line": 2, "column": 8, "byte": 20},
    "end": {"line": 2, "column": 14, "byte": 26},
    "replacement": "8500",
    "safe": True,
}


def helped(help: str | None, change: Edit | None) -> Any:
    """Write one problem; return its help."""
    report = json.loads(report_json([in_file(help=help, edit=change)]))
    return report["problems"][0]["help"]


class TestHelp:
    @pytest.mark.parametrize(
        ("help", "change", "expected"),
        [
            (None, None, None),
            ("h", None, {"text": "h", "edit": None}),
            (None, edit(), {"text": None, "edit": EDIT}),
            ("h", edit(), {"text": "h", "edit": EDIT}),
            ("h", edit(safe=False), {"text": "h", "edit": {**EDIT, "safe": False}}),
        ],
    )
    def test_form(
        self, help: str | None, change: Edit | None, expected: dict[str, object] | None
    ) -> None:
        """The help is null if there is none, else it has a text and an edit, or null for one."""
        assert expected == helped(help, change)


class TestReport:
    def test_not_checked(self) -> None:
        """What was not checked is listed."""
        assert ["a", "b"] == json.loads(report_json((), (), ["a", "b"]))["not_checked"]

    def test_all_checked(self) -> None:
        """The list is empty if all was checked."""
        assert [] == json.loads(report_json(()))["not_checked"]

    def test_a_load(self, refused: meshconf.ConfigError) -> None:
        """A report of a load counts its problems and holds no secret."""
        text = report_json(refused.problems, refused.sources)
        report = json.loads(text)

        assert (4, 2) == (report["error_count"], report["warning_count"])
        assert CANARY not in text

    @given(st.text(st.characters()))
    def test_any_text(self, text: str) -> None:
        """Any text comes back, and the form can be encoded and printed."""
        problem = Problem("MC201", "error", text, text, Origin("file", text), (text,), text)
        written = report_json([problem], [text], [text])
        written.encode()

        assert text == json.loads(written)["problems"][0]["summary"]
        assert all(line.isprintable() for line in written.split("\n"))


class TestValues:
    def test_what_json_cannot_say(self) -> None:
        """What JSON has no words for is text, in all that is written."""
        values = {
            "a": [float("inf"), -float("inf"), float("nan")],
            "b": (2**2000, 1.5, None, True),
        }

        assert {"a": ["inf", "-inf", "nan"], "b": [hex(2**2000), 1.5, None, True]} == json.loads(
            json_text(values), parse_constant=pytest.fail
        )
