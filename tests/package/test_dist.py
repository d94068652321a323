"""What is in the sdist and in the wheel."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.package.conftest import PROJECT, ROOT

if TYPE_CHECKING:
    from pathlib import Path

#: What hatchling makes beside the package.
INFO = {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"}


def test_twine_has_nothing_to_say(sdist: Path, wheel: Path):
    """PyPI would take both, and show the README."""
    command = [sys.executable, "-m", "twine", "check", "--strict", str(sdist), str(wheel)]
    ended = subprocess.run(command, check=False, capture_output=True, encoding="utf-8")

    assert 0 == ended.returncode, ended.stdout + ended.stderr


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="needs the repository")
def test_sdist_is_the_repository(sdist: Path):
    """The sdist has what is checked in or about to be, and nothing that was made from it."""
    git = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(git, check=True, capture_output=True, encoding="utf-8").stdout
    expected = {name for name in listed.split("\0") if name and (ROOT / name).exists()}
    with tarfile.open(sdist) as archive:
        names = {one.name.partition("/")[2] for one in archive if not one.isdir()}

    assert {"LICENSE", "docs/index.md", "meshconf/py.typed", "tests/test_readme.py"} <= names
    assert expected | {"PKG-INFO"} == names


def test_links_of_the_description_lead_somewhere(wheel: Path):
    """On PyPI, each link and image is absolute, and what it names in the repository is there."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (each for each in archive.namelist() if each.endswith(".dist-info/METADATA"))
        description = archive.read(name).decode().partition("\n\n")[2]
    prose = re.sub(r"^```.*?^```$", "", description, flags=re.MULTILINE | re.DOTALL)
    links = re.findall(
        r"\]\(([^)\s]+)|(?:href|src)=[\"']([^\"']+)|^\[[^\]]+\]: +(\S+)", prose, re.MULTILINE
    )
    targets = ["".join(each) for each in links]
    base = f"{PROJECT['urls']['Source']}/blob/main/"
    named = {
        target.removeprefix(base).partition("#")[0]
        for target in targets
        if target.startswith(PROJECT["urls"]["Source"])
    }

    assert [] == [target for target in targets if not target.startswith(("https://", "#"))]
    assert "docs/tutorial.md" in named
    assert [] == sorted(name for name in named if not (ROOT / name).is_file())


def test_wheel_is_the_package(wheel: Path):
    """The wheel, one for all Pythons, has the package, its types and its licence, and no tests."""
    tree = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "meshconf").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    name = f"meshconf-{PROJECT['version']}"
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())

    assert f"{name}-py3-none-any.whl" == wheel.name
    assert "meshconf/py.typed" in names
    assert tree | {f"{name}.dist-info/{each}" for each in INFO} == names
