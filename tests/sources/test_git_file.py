"""Tests for `meshconf.sources.git_file`."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import attrs
import pytest

from meshconf.schema.compile import model_of
from meshconf.sources.git_file import GitFile

if TYPE_CHECKING:
    from pathlib import Path

    from meshconf.sources.layer import Layer


@attrs.frozen
class App:
    name: str = ""


APP = model_of(App)


def git(*arguments: str) -> None:
    """Run Git as somebody."""
    named = ["-c", "user.name=tests", "-c", "user.email=tests@example.org"]
    subprocess.run(["git", *named, *arguments], check=True, capture_output=True)  # noqa: S607


@pytest.fixture(name="repository", autouse=True)
def repository_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a repository that holds two versions of a file in a folder."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    repository = tmp_path / "repository"
    folder = repository / "conf"
    folder.mkdir(parents=True)
    monkeypatch.chdir(repository)
    git("init")
    for content in (b'name = "old"\n', b'name = "new"\n'):
        (folder / "app.toml").write_bytes(content)
        git("add", ".")
        git("commit", "-m", "change")
    return repository


def problem(layer: Layer) -> tuple[str, str]:
    """Return the code and the message of a layer's only problem."""
    (found,) = layer.problems
    return found.code, found.message


class TestRead:
    @pytest.mark.parametrize(("revision", "name"), [("HEAD", "new"), ("HEAD~1", "old")])
    def test_revision(self, revision: str, name: str) -> None:
        """The file is as the revision has it, whatever the working tree holds."""
        layer = GitFile(revision, "conf/app.toml").read(APP)

        assert {"name": name} == layer.data
        assert ("file", f"{revision}:conf/app.toml") == (layer.kind, layer.name)

    def test_path_is_from_the_working_directory(
        self, repository: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The path starts at the working directory, not at the root of the repository."""
        monkeypatch.chdir(repository / "conf")

        assert {"name": "new"} == GitFile("HEAD", "app.toml").read(APP).data
        assert {"name": "new"} == GitFile("HEAD", "../conf/app.toml").read(APP).data

    def test_path_in_another_repository(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The repository is the one that the file is in."""
        monkeypatch.chdir(tmp_path)

        assert {"name": "new"} == GitFile("HEAD", "repository/conf/app.toml").read(APP).data

    def test_broken(self, repository: Path) -> None:
        """What is wrong with the document has its place in that revision."""
        (repository / "conf" / "app.toml").write_text("name = \n")
        git("commit", "-am", "break")

        layer = GitFile("HEAD", "conf/app.toml").read(APP)

        assert ["HEAD:conf/app.toml:1:8"] == [str(one.origin) for one in layer.problems]


class TestRefused:
    @pytest.mark.parametrize(
        ("revision", "path", "said"),
        [
            ("nowhere", "conf/app.toml", "invalid object name 'nowhere'."),
            ("HEAD", "conf/none.toml", "path 'conf/none.toml' does not exist in 'HEAD'"),
            ("HEAD", "none/app.toml", "cannot change to 'none': No such file or directory"),
            ("HEAD", "conf", "git cat-file HEAD:./conf: bad file"),
        ],
    )
    def test_missing(
        self, revision: str, path: str, said: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What is not there is reported in the words of Git."""
        monkeypatch.setenv("LC_ALL", "C")

        layer = GitFile(revision, path).read(APP)

        assert ("MC401", f"{revision}:{path} is not there: {said}") == problem(layer)
        assert not layer.complete

    def test_no_repository(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Outside of a repository there is no revision."""
        (tmp_path / "app.toml").touch()
        monkeypatch.chdir(tmp_path)

        code, message = problem(GitFile("HEAD", "app.toml").read(APP))

        assert "MC401" == code
        assert message.startswith("HEAD:app.toml is not there: not a git repository")

    @pytest.mark.parametrize("revision", ["-x", "--output=gone", "--batch"])
    def test_option(self, revision: str, repository: Path) -> None:
        """What begins with a dash is no revision, and Git never sees it as an option."""
        layer = GitFile(revision, "app.toml").read(APP)

        assert ("MC402", f"{revision}:app.toml names no revision of Git") == problem(layer)
        assert ["conf"] == [one.name for one in repository.iterdir() if one.name != ".git"]

    def test_no_git(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without Git nothing can be read."""
        monkeypatch.setenv("PATH", str(tmp_path))

        layer = GitFile("HEAD", "conf/app.toml").read(APP)
        said = "cannot be read: git does not run: No such file or directory"

        assert ("MC402", f"HEAD:conf/app.toml {said}") == problem(layer)

    def test_nul(self) -> None:
        """A name that no system takes is refused."""
        code, message = problem(GitFile("HEAD\0", "conf/app.toml").read(APP))

        assert "MC402" == code
        assert message.endswith("cannot be read: git does not run: ValueError")

    def test_silent_failure(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A Git that fails without a word is quoted with none."""
        program = tmp_path / "git"
        program.write_text("#!/bin/sh\nexit 1\n")
        program.chmod(0o700)
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

        layer = GitFile("HEAD", "app.toml").read(APP)

        assert ("MC401", "HEAD:app.toml is not there: git does not say why") == problem(layer)
