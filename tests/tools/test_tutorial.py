"""The tutorial: every step of it, pre-commit included."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import tomli

from tests.docs.conftest import DOCS, Reader, reader

if TYPE_CHECKING:
    import pytest

__all__ = ["reader"]

ROOT = DOCS.parent
HOOKS = "https://github.com/meshconf/meshconf"

GIT = """\
[user]
    name = Reader
    email = reader@example.org
[url "{hooks}"]
    insteadOf = {address}
"""


def hooks_in(folder: Path, tag: str) -> None:
    """Make a repository of what a release would be made from."""
    for name in (".pre-commit-hooks.yaml", "LICENSE", "README.md", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "meshconf", folder / "meshconf", ignore=ignored)
    git = ["git", "-C", str(folder)]
    for command in (
        ("init", "--quiet", "--initial-branch=main"),
        ("add", "--all"),
        ("-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "--quiet", "-m", "all"),
        ("tag", tag),
    ):
        subprocess.run([*git, *command], check=True)


def release() -> str:
    """Return the tag of the last release; before the first, of that which this becomes."""
    project = tomli.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    released = re.findall(r"^## (\d+\.\d+\.\d+) ", changes, re.MULTILINE)
    return "v" + (released[0] if released else str(project["version"]).partition(".dev")[0])


class TestTutorial:
    def test_names_the_release(self) -> None:
        """The hooks that pages use are those of the release."""
        texts = [page.read_text(encoding="utf-8") for page in DOCS.rglob("*.md")]
        named = {found for text in texts for found in re.findall(r"rev: (\S+)", text)}

        assert {release()} == named

    def test_works(self, reader: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Each step works, and prints what the page shows."""
        hooks = tmp_path / "hooks"
        hooks.mkdir()
        hooks_in(hooks, release())
        reader.home.mkdir()
        (reader.home / ".gitconfig").write_text(GIT.format(hooks=hooks.as_uri(), address=HOOKS))
        scripts = Path(sys.executable).parent  # pre-commit is beside Python
        monkeypatch.setenv("PATH", f"{scripts}{os.pathsep}{os.environ['PATH']}")
        pip = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        shown, printed = reader.follows("tutorial.md", variables=pip)

        assert shown == printed
