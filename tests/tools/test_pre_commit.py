"""The hooks, run by pre-commit itself on a repository that uses them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

CONFIG = """\
repos:
  - repo: {hooks}
    rev: v1.0.0
    hooks:
      - id: meshconf-check
      - id: meshconf-migrate
      - id: meshconf-docs
        args: [settings.md]
      - id: meshconf-schema
        args: [app.schema.json]
"""

SCHEMA = """\
import attrs

from meshconf import configuration, edits, setting, step


@configuration(
    prefix="APP_", file="app.toml", version=2, steps=[step(2, edits.rename("listen", "port"))]
)
@attrs.frozen(kw_only=True)
class App:
    \"\"\"An app.\"\"\"

    port: int = setting(80, ge=1, le=65535, help="TCP port.")
"""

PYPROJECT = """\
[tool.meshconf]
schema = "app:App"
"""


def git(folder: Path, *arguments: str) -> None:
    """Run git with an author of its own."""
    author = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org"}
    committer = {"GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.org"}
    environ = {**os.environ, **author, **committer, "GIT_CONFIG_GLOBAL": os.devnull}
    command = ["git", "-C", str(folder), *arguments]
    subprocess.run(command, check=True, env=environ)


def commit(folder: Path) -> None:
    """Make a repository of a folder."""
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=all")


@pytest.fixture(scope="module", name="hooks")
def _hooks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a repository of what this one would be released from."""
    folder = tmp_path_factory.mktemp("hooks")
    for name in (".pre-commit-hooks.yaml", "LICENSE", "README.md", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(
        ROOT / "meshconf", folder / "meshconf", ignore=shutil.ignore_patterns("__pycache__")
    )
    commit(folder)
    git(folder, "tag", "v1.0.0")
    return folder


@pytest.fixture(scope="module", name="home")
def _home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give pre-commit a place for its environments, made once."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(name="repository")
def _repository(tmp_path: Path, hooks: Path) -> Path:
    """Make a repository that uses the hooks, with all that they check as it should be."""
    (tmp_path / ".pre-commit-config.yaml").write_text(CONFIG.format(hooks=hooks.as_uri()))
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    (tmp_path / "app.py").write_text(SCHEMA)
    (tmp_path / ".gitignore").write_text("__pycache__/\n")
    (tmp_path / "app.toml").write_text("config_version = 2\nport = 8080\n")
    for file, command in (("settings.md", "docs"), ("app.schema.json", "schema")):
        ended = subprocess.run(
            [sys.executable, "-m", "meshconf", command],
            cwd=tmp_path,
            check=True,
            capture_output=True,
        )
        (tmp_path / file).write_bytes(ended.stdout)
    commit(tmp_path)
    return tmp_path


def pre_commit(repository: Path, home: Path, **variables: str) -> tuple[int, str]:
    """Run all hooks on all files; return the exit code and what was printed."""
    git(repository, "add", "--all")
    # A hook has an environment of its own.
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    ended = subprocess.run(
        [sys.executable, "-m", "pre_commit", "run", "--all-files", "--color=never"],
        cwd=repository,
        check=False,
        capture_output=True,
        text=True,
        env={**environ, "PRE_COMMIT_HOME": str(home), **variables},
    )
    return ended.returncode, ended.stdout + ended.stderr


class TestHooks:
    def test_pass_where_all_is_well(self, repository: Path, home: Path) -> None:
        """All hooks run and pass, whatever variables the machine has."""
        code, said = pre_commit(repository, home, APP_PORT="0")

        assert (0, 4) == (code, said.count("Passed")), said

    def test_check_reports_the_place(self, repository: Path, home: Path) -> None:
        """A mistake in the file fails the check, with its place."""
        (repository / "app.toml").write_text("config_version = 2\nprot = 8080\n")
        code, said = pre_commit(repository, home)

        assert (1, 1) == (code, said.count("Failed")), said
        assert " --> app.toml:2:1\n" in said

    def test_migrate_reports_an_old_layout(self, repository: Path, home: Path) -> None:
        """A file of an earlier version fails, and it is said what it becomes."""
        (repository / "app.toml").write_text("listen = 8080\n")
        code, said = pre_commit(repository, home)

        assert (1, 1) == (code, said.count("Failed")), said
        assert "  `listen` → `port`\n" in said

    def test_docs_and_schema_report_drift(self, repository: Path, home: Path) -> None:
        """A changed schema fails what was made from it, and says how to make it again."""
        (repository / "app.py").write_text(SCHEMA.replace("65535", "1024"))
        (repository / "app.toml").write_text("config_version = 2\nport = 80\n")
        code, said = pre_commit(repository, home)

        assert (1, 2) == (code, said.count("Failed")), said
        assert "meshconf docs > settings.md" in said
        assert "meshconf schema > app.schema.json" in said
