"""The list of the examples."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import tomli

from tests.examples.conftest import EXAMPLES

if TYPE_CHECKING:
    from pathlib import Path

ROW = re.compile(r"^\| \[(\w+)\]\(\1/README\.md\) \| [^|]+ \| `([^`]+)` \|$", re.MULTILINE)
INSTALL = re.compile(r"pip install --quiet \"?\.\./\.\.(?:\[([a-z,]+)\])?")

TEXT = (EXAMPLES / "README.md").read_text(encoding="utf-8")
READMES = sorted(EXAMPLES.glob("*/README.md"))


def test_each_example_is_listed():
    """The table has all examples, and no other."""
    rows = ROW.findall(TEXT)

    assert len(rows) == TEXT.count("\n| [")
    assert {one.parent.name for one in READMES} == {name for name, _ in rows}


@pytest.mark.parametrize(("name", "command"), ROW.findall(TEXT))
def test_command_is_in_the_readme(name: str, command: str):
    """The one command of an example is in its README, where the tests run it."""
    lines = (EXAMPLES / name / "README.md").read_text(encoding="utf-8").splitlines()

    assert {command, f"$ {command}"} & set(lines)


@pytest.mark.parametrize("readme", READMES, ids=lambda readme: readme.parent.name)
def test_environment_has_extras_that_there_are(readme: Path):
    """What an example has its reader install is this meshconf, with extras that there are."""
    project = tomli.loads((EXAMPLES.parent / "pyproject.toml").read_text(encoding="utf-8"))
    (extras,) = INSTALL.findall(readme.read_text(encoding="utf-8"))

    assert set() == set(filter(None, extras.split(","))) - {
        *project["project"]["optional-dependencies"]
    }
