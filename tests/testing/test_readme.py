"""The README's section on testing: its table passes, and its failure is what comes out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TABLE = "tests/test_mesh.meshconf.toml"


@pytest.fixture
def blocks() -> dict[str, str]:
    """Return the blocks of the section by their languages."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text.partition("\n## Testing\n")[2].partition("\n## ")[0]
    found = BLOCK.findall(section)
    assert ["toml", "console"] == [language for language, _ in found]
    return dict(found)


@pytest.fixture
def files(blocks: dict[str, str]) -> dict[str, str]:
    """Return the files of a service with these tests."""
    mesh = (ROOT / "examples" / "orders" / "mesh.toml").read_text(encoding="utf-8")
    return {"mesh.toml": mesh, TABLE: blocks["toml"]}


class TestReadme:
    def test_passes(self, files: dict[str, str], run: Callable[..., pytest.RunResult]) -> None:
        """The cases of the table pass."""
        run(files).assert_outcomes(passed=2)

    def test_failure(
        self,
        files: dict[str, str],
        blocks: dict[str, str],
        run: Callable[..., pytest.RunResult],
    ) -> None:
        """Without the variable, the failure is the one that is shown."""
        command, *shown = blocks["console"].splitlines()
        files[TABLE] = re.sub("env = { MESH_CIRCUIT.*", "", files[TABLE])
        result = run(files, *command.split()[2:])

        result.assert_outcomes(passed=1, failed=1)
        result.stdout.fnmatch_lines(shown, consecutive=True)
