"""The files in the repository that are made from the schema and from the code."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from meshconf.cli.commands import meshconf
from meshconf.diagnostics.codes import CODES

REFERENCE = Path(__file__).parents[1] / "docs" / "reference"
MAKER = REFERENCE.parent / "make_reference.py"


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


def maker() -> Any:
    """Import the script that makes pages."""
    spec = importlib.util.spec_from_file_location("make_reference", MAKER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class TestPages:
    """What docs/make_reference.py makes."""

    @pytest.mark.parametrize("page", ["codes.md", "commands.md"])
    def test_is_up_to_date(self, page: str) -> None:
        """What is checked in is what the code says."""
        made = maker().PAGES[page]()

        assert made == (REFERENCE / page).read_text(encoding="utf-8")

    def test_are_all(self) -> None:
        """Every page that says it was made by the script is made by it."""
        said = [page.name for page in REFERENCE.glob("*.md") if MAKER.name in page.read_text()]

        assert sorted(maker().PAGES) == sorted(said)

    def test_every_code_has_its_place(self) -> None:
        """A link to a code is a link to its own heading."""
        text = (REFERENCE / "codes.md").read_text(encoding="utf-8")

        assert [] == [code for code in CODES if f"({code.lower()})=\n\n### {code}: " not in text]
