"""What a release uploads, and environments of each Python with nothing but that."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import pytest
import tomli

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[2]

PROJECT = tomli.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

PREFIX = "Programming Language :: Python :: 3."
PYTHONS = [
    each.rpartition(" ")[2] for each in PROJECT["classifiers"] if each.startswith(PREFIX + "1")
]


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the sdist, and the wheel from it, as the release does."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True)
    return folder


@pytest.fixture(scope="session")
def sdist(dist: Path) -> Path:
    """Name the sdist."""
    (found,) = dist.glob("*.tar.gz")
    return found


@pytest.fixture(scope="session")
def wheel(dist: Path) -> Path:
    """Name the wheel."""
    (found,) = dist.glob("*.whl")
    return found


@attrs.frozen
class Environment:
    """A virtual environment with the wheel, what that depends on, and nothing else."""

    folder: Path

    def run(
        self, *command: str, variables: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run one of its programs in the repository, with no variable of ours set."""
        program, *arguments = command
        return subprocess.run(
            [str(self.folder / "bin" / program), *arguments],
            check=False,
            capture_output=True,
            cwd=ROOT,
            encoding="utf-8",
            env={"LANG": "C.UTF-8", **(variables or {})},
        )

    def python(self, code: str, **variables: str) -> str:
        """Run code that sees nothing but the environment; return what it prints."""
        # Every warning is an error, and neither the repository nor the user's packages are seen.
        ended = self.run("python", "-I", "-W", "error", "-c", code, variables=variables)
        assert ended.stderr == ""
        return ended.stdout


@pytest.fixture(scope="session", params=PYTHONS)
def empty(
    request: pytest.FixtureRequest, wheel: Path, tmp_path_factory: pytest.TempPathFactory
) -> Environment:
    """Install the wheel without extras into an empty environment of a Python that the machine has."""
    folder = tmp_path_factory.mktemp("empty")
    version = f"python{request.param}"
    virtualenv = [sys.executable, "-m", "virtualenv", "--quiet", "--no-seed", "--python", version]
    made = subprocess.run(
        [*virtualenv, str(folder)], check=False, capture_output=True, encoding="utf-8"
    )
    if made.returncode:
        # See .ci/run: there, all but the newest have to be there.
        assert not os.environ.get("CI") or version == f"python{PYTHONS[-1]}", made.stderr
        pytest.skip(f"{version} is not installed")
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "install"]
    subprocess.run([*pip, "--quiet", str(wheel)], check=True)
    return Environment(folder)
