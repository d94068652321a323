"""Tests for `meshconf.diagnostics.formats`."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from meshconf.diagnostics.concise import concise_lines
from meshconf.diagnostics.formats import FORMATS, LINE_FORMATS, lines, write
from meshconf.diagnostics.github import report_github
from meshconf.diagnostics.json_report import report_json
from meshconf.diagnostics.junit import report_junit
from meshconf.diagnostics.sarif import report_sarif
from meshconf.diagnostics.styled import Piece
from meshconf.diagnostics.text import report_lines

if TYPE_CHECKING:
    import meshconf
    from meshconf.diagnostics.formats import LineWriter, Writer


class TestFormats:
    def test_names(self) -> None:
        """The names are those of the command line, the formats for people first."""
        assert ("full", "concise", "json", "github", "sarif", "junit") == FORMATS
        assert ("full", "concise") == LINE_FORMATS

    @pytest.mark.parametrize(
        ("format", "writer"), [("full", report_lines), ("concise", concise_lines)]
    )
    def test_lines(self, format: str, writer: LineWriter, refused: meshconf.ConfigError) -> None:
        """A format for people is written by its writer."""
        written = lines(format, refused.problems, refused.sources, ())

        assert list(writer(refused.problems, refused.sources, refused.outcome)) == list(written)

    @pytest.mark.parametrize("format", LINE_FORMATS)
    def test_not_checked(self, format: str) -> None:
        """What was not checked is the last line."""
        *_, last = lines(format, (), (), ["a", "b\x1b"])

        assert (Piece("not checked: a; b\\x1b", "quiet"),) == last

    @pytest.mark.parametrize(
        ("format", "writer"),
        [
            ("json", report_json),
            ("github", report_github),
            ("sarif", report_sarif),
            ("junit", report_junit),
        ],
    )
    def test_write(self, format: str, writer: Writer, refused: meshconf.ConfigError) -> None:
        """A format for programs is written by its writer."""
        expected = writer(refused.problems, refused.sources, ["a"])

        assert expected == write(format, refused.problems, refused.sources, ["a"])

    def test_imports(self) -> None:
        """A format is imported when it is first used."""
        program = (
            "import sys, meshconf.diagnostics.formats\n"
            "print(*(name for name in ('json', 'xml', 'urllib.parse') if name in sys.modules))"
        )
        ended = subprocess.run(
            [sys.executable, "-c", program], check=True, capture_output=True, text=True
        )

        assert "" == ended.stdout.strip()
