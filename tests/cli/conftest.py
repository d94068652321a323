"""What the tests of the command line share: a folder, and ways to run a command in it."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

import meshconf
import meshconf.__main__ as entry
from tests.servers.fixtures import (
    consul,
    etcd,
    etcd_program,
    key,
    new_consul,
    new_etcd,
    new_proxy,
)
from tests.servers.places import place, store

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "consul",
    "etcd",
    "etcd_program",
    "key",
    "new_consul",
    "new_etcd",
    "new_proxy",
    "place",
    "store",
]

SCHEMA = """\
import attrs
from meshconf import Secret, setting


@attrs.frozen(kw_only=True)
class Store:
    port: int = setting(5432, ge=1, le=65535, help="Where it listens.")
    password: Secret[str]


@attrs.frozen(kw_only=True)
class App:
    name: str
    port: int = setting(80, ge=1, renamed_from="listen")
    token: Secret[str] | None = None
    stores: dict[str, Store] = {}


@attrs.frozen(kw_only=True)
class Guarded:
    password: Secret[str]
"""

#: What a test finds set is what it sets.
OURS = (
    "APP_",
    "MESH_",
    "CONSUL_",
    "ETCDCTL_",
    "CREDENTIALS_DIRECTORY",
    "CI",
    "NO_COLOR",
    "COLUMNS",
    "TERM",
    "PYTHONUNBUFFERED",
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder that holds nothing but a schema, with no variable of ours set."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith(OURS):
            monkeypatch.delenv(name)
    (tmp_path / "config_of_app.py").write_text(SCHEMA)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    for module in ("config_of_app", "broken_module"):
        sys.modules.pop(module, None)
    return tmp_path


@pytest.fixture
def app(folder: Path) -> Path:
    """Name the schema of the folder in its pyproject.toml."""
    file = folder / "pyproject.toml"
    file.write_text('[tool.meshconf]\nschema = "config_of_app:App"\nprefix = "APP_"\n')
    return file


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Return a function that runs a command in this process, from its entry point on."""

    def main(args: tuple[str, ...], prog_name: str) -> None:
        monkeypatch.setattr(sys, "argv", [prog_name, *args])
        entry.main()

    def run(*arguments: str, stdin: str | bytes | None = None, **variables: str) -> Result:
        program: Any = SimpleNamespace(main=main)
        options: Any = {"env": variables, "input": stdin, "prog_name": "meshconf"}
        return CliRunner().invoke(program, arguments, catch_exceptions=False, **options)

    return run


def environment(variables: dict[str, str]) -> dict[str, str]:
    """Return the variables of a process that imports the package under test."""
    path = str(Path(meshconf.__file__).parents[1])
    return {**os.environ, "PYTHONPATH": path, **variables}


@pytest.fixture
def program() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return a function that runs a command as a process of its own."""

    def program(
        *arguments: str, stdin: str = "", **variables: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "meshconf", *arguments],
            check=False,
            capture_output=True,
            text=True,
            encoding="utf-8",
            input=stdin,
            env=environment(variables),
        )

    return program


@pytest.fixture
def shell() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return a function that runs a line of the shell, in which `meshconf` is the command."""

    def shell(line: str, **variables: str) -> subprocess.CompletedProcess[str]:
        define = f'meshconf() {{ "{sys.executable}" -m meshconf "$@"; }}; '
        return subprocess.run(
            ["/bin/sh", "-c", define + line],
            check=False,
            capture_output=True,
            text=True,
            env=environment(variables),
        )

    return shell


@pytest.fixture
def terminal() -> Callable[..., tuple[int, str]]:
    """Return a function that runs a command on a terminal; it gives the code and what is seen."""

    def terminal(*arguments: str, **variables: str) -> tuple[int, str]:
        ours, theirs = pty.openpty()
        with subprocess.Popen(
            [sys.executable, "-m", "meshconf", *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment({"TERM": "xterm", **variables}),
        ) as process:
            os.close(theirs)
            seen = b""
            while chunk := _read(ours):
                seen += chunk
        os.close(ours)
        return process.returncode, seen.decode().replace("\r\n", "\n")

    return terminal


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # how Linux says that nobody writes any more
        return b""


@pytest.fixture
def commit(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Make the folder a Git repository; return a function that commits a file."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")

    def git(*arguments: str) -> None:
        named = ["-c", "user.name=tests", "-c", "user.email=tests@example.org"]
        subprocess.run(["git", *named, *arguments], check=True, capture_output=True)  # noqa: S607

    def commit(name: str, text: str) -> None:
        (folder / name).write_text(text)
        git("add", name)
        git("commit", "-m", "change")

    git("init")
    return commit
