"""The files in the repository that are made from the schema."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from meshconf.cli.commands import meshconf

REFERENCE = Path(__file__).parents[1] / "docs" / "reference"


class TestReference:
    @pytest.mark.parametrize(
        ("command", "file"), [("docs", "settings.md"), ("schema", "mesh.schema.json")]
    )
    def test_is_up_to_date(self, command: str, file: str) -> None:
        """What is checked in is what the command prints."""
        result = CliRunner().invoke(meshconf, [command, "--check", str(REFERENCE / file)])

        assert (0, "") == (result.exit_code, result.output)

    @pytest.mark.parametrize(
        ("command", "file"), [("docs", "settings.md"), ("schema", "mesh.schema.json")]
    )
    def test_drift_is_noticed(self, command: str, file: str, tmp_path: Path) -> None:
        """A file that says otherwise is refused, with the difference."""
        old = (REFERENCE / file).read_text(encoding="utf-8")
        (tmp_path / file).write_text(old.replace("65535", "1024"), encoding="utf-8")
        result = CliRunner().invoke(meshconf, [command, "--check", str(tmp_path / file)])

        assert 1 == result.exit_code
        assert "1024" in result.output
