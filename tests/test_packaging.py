"""What the files around the package promise of it."""

from __future__ import annotations

import ast
import configparser
import os
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import tomli

ROOT = Path(__file__).parents[1]


@pytest.fixture(name="project")
def _project() -> dict[str, Any]:
    """Read the project table of pyproject.toml."""
    project: dict[str, Any] = tomli.loads((ROOT / "pyproject.toml").read_text())["project"]

    return project


class TestLowerBounds:
    """tests/constraints-oldest.txt."""

    def test_are_those_of_pyproject(self, project: dict[str, Any]) -> None:
        """The constraints are the lower bounds of all dependencies and extras."""
        requirements = [
            *project["dependencies"],
            *(each for extra in project["optional-dependencies"].values() for each in extra),
        ]
        lines = (ROOT / "tests" / "constraints-oldest.txt").read_text().splitlines()
        constraints = [line for line in lines if not line.startswith("#")]

        assert sorted(each.replace(">=", "==") for each in requirements) == sorted(constraints)

    @pytest.mark.skipif(
        os.environ.get("TOX_ENV_NAME") != "oldest", reason="holds in the oldest environment"
    )
    def test_are_installed(self, project: dict[str, Any]) -> None:
        """The environment `oldest` has exactly the lower bounds installed."""
        expected = dict(each.split(">=") for each in project["dependencies"])

        assert expected == {name: metadata.version(name) for name in expected}


#: What is imported though no release of ours asks for it.
GIVEN = {
    "annotationlib",  # of the standard library, from Python 3.14 on
    "dotenv",  # reads .env files for environs, which brings it
    "meshconf",
    "pytest",  # imports the plugin
}


class TestDependencies:
    """What meshconf imports."""

    def test_are_declared(self, project: dict[str, Any]) -> None:
        """All that is imported, wherever, is of a dependency or of an extra, not of their own."""
        requirements = [
            *project["dependencies"],
            *(each for extra in project["optional-dependencies"].values() for each in extra),
        ]
        declared = {
            file.parts[0].partition(".")[0]
            for each in requirements
            for file in metadata.files(each.split(">=")[0]) or []
        }
        imported = {
            name.partition(".")[0]
            for module in (ROOT / "meshconf").rglob("*.py")
            for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
            for name in names_in(node)
        }

        assert {"attrs", "click", "meshconf"} <= imported
        assert set() == imported - declared - sys.stdlib_module_names - GIVEN


def names_in(node: ast.AST) -> list[str]:
    """Name the modules that a statement imports, if it does."""
    if isinstance(node, ast.Import):
        return [each.name for each in node.names]
    return [str(node.module)] if isinstance(node, ast.ImportFrom) and not node.level else []


class TestPythons:
    """Python versions."""

    def test_are_those_of_tox(self, project: dict[str, Any]) -> None:
        """Each Python that the classifiers name has its environment in tox.ini."""
        tox = configparser.ConfigParser(interpolation=None)
        tox.read(ROOT / "tox.ini")
        environments = tox["tox"]["env_list"].split()
        prefix = "Programming Language :: Python :: 3."
        minors = [
            each.removeprefix(prefix) for each in project["classifiers"] if each.startswith(prefix)
        ]

        assert {f"py3{minor}" for minor in minors} == {
            each for each in environments if each.startswith("py3")
        }


class TestCommand:
    """The command that runs the tests."""

    def test_is_the_same_in_readme_and_ci(self) -> None:
        """README.md shows one command that calls tox, and .ci/run runs it literally."""
        shown = [
            line.strip().removeprefix("$ ")
            for line in (ROOT / "README.md").read_text().splitlines()
            if ".venv/bin/tox" in line
        ]
        run = [
            line
            for line in (ROOT / ".ci" / "run").read_text().splitlines()
            if ".venv/bin/tox" in line
        ]

        assert 1 == len(run)
        assert run == shown


@pytest.mark.skipif("TOX_ENV_NAME" not in os.environ, reason="needs a wheel that was just built")
class TestWheel:
    """The wheel."""

    def test_holds_the_package(self) -> None:
        """The installed wheel holds every file below meshconf/, and no other."""
        tree = {
            path.relative_to(ROOT).as_posix()
            for path in (ROOT / "meshconf").rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
        files = metadata.files("meshconf") or []
        installed = {
            path.as_posix()
            for path in files
            if path.parts[0] == "meshconf" and "__pycache__" not in path.parts
        }

        assert "meshconf/py.typed" in installed
        assert tree == installed
