"""Documents in stores, as the commands read them."""

from __future__ import annotations

import importlib.util
import json
import signal
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = """\
import attrs
from meshconf import setting


@attrs.frozen
class App:
    port: int = setting(80, ge=1)
    name: str = "shop"
"""


@pytest.fixture(autouse=True)
def schema(folder: Path, app: Path) -> None:
    """Have a schema of this folder."""
    (folder / "config_of_app.py").write_text(SCHEMA)


@pytest.fixture
def url(consul: Any, key: str) -> str:
    """Name a document in Consul."""
    consul.put(key, "port = 81\n")
    return f"consul://{consul.address.partition('://')[2]}/{key}"


class TestCommands:
    def test_check(self, run, url: str):
        """A document is checked like a file."""
        result = run("check", url)

        assert (0, f"meshconf: no problems in {url}, environment\n") == (
            result.exit_code,
            result.stderr,
        )

    def test_check_finds_mistakes(self, run, url: str, consul: Any, key: str):
        """A mistake is shown in the document."""
        consul.put(key, "port = 0\n")
        result = run("check", url)

        assert 1 == result.exit_code
        assert "1 | port = 0" in result.stderr

    def test_check_without_the_store(self, run):
        """A store that is not there is a finding."""
        result = run("check", "consul://127.0.0.1:1/app")

        assert 1 == result.exit_code
        assert "cannot be asked at 127.0.0.1:1: connection refused" in result.stderr

    def test_offline(self, run, folder: Path, url: str):
        """Offline, the store is left alone, and that is said."""
        (folder / "app.toml").write_text("name = 'a'\n")
        result = run("check", "app.toml", "consul://127.0.0.1:1/app", "--offline")

        assert 0 == result.exit_code
        assert "not checked: consul://127.0.0.1:1/app (--offline)" in result.stderr

    def test_show(self, run, url: str):
        """Values say which state of which key they are from."""
        result = run("show", "-f", url, "port")

        assert f"port = 81  # {url}@" in result.stdout

    def test_diff(self, run, folder: Path, url: str):
        """A file is compared with what is in the store."""
        (folder / "app.toml").write_text("port = 82\n")
        result = run("diff", url, "app.toml")

        assert (1, "port 81 → 82  app.toml:1:8\n") == (result.exit_code, result.stdout)

    def test_migrate(self, run, url: str):
        """A document in a store is not migrated in its place."""
        result = run("migrate", url)

        assert 2 == result.exit_code
        assert "is no file: migrate one, and put it there by meshconf push" in result.stderr

    def test_named_by_the_variable(self, run, url: str):
        """The variable that names the files may name it."""
        result = run("show", "port", APP_CONFIG=url)

        assert "port = 81" in result.stdout

    def test_without_the_extra(self, run, url: str, monkeypatch: pytest.MonkeyPatch):
        """Without the extra, one line says what to install."""
        monkeypatch.setattr("meshconf.cli.loaded.find_spec", lambda _: None)
        result = run("check", url)

        assert (2, 'meshconf: Consul and etcd need: pip install "meshconf[remote]"\n') == (
            result.exit_code,
            result.stderr,
        )
        assert importlib.util.find_spec("urllib3")

    def test_diff_without_the_store(self, run, folder: Path):
        """That one side could not be had is told, though it may be missing."""
        (folder / "app.toml").write_text("port = 82\n")
        result = run("diff", "consul://127.0.0.1:1/app?start=optional", "app.toml")

        assert (1, "port 80 → 82  app.toml:1:8\n") == (result.exit_code, result.stdout)
        assert "warning[MC408]: consul://127.0.0.1:1/app cannot be asked" in result.stderr

    def test_watch_without_the_store(self, run):
        """A store that is not there at the start is reported, and there is nothing to watch."""
        result = run("watch", "consul://127.0.0.1:1/app")

        assert (1, "") == (result.exit_code, result.stdout)
        assert "error[MC408]" in result.stderr


def test_watch(program, url: str, consul: Any, key: str, folder: Path):
    """`meshconf watch` tells of each push."""
    import os
    import subprocess
    import sys

    with subprocess.Popen(
        [sys.executable, "-m", "meshconf", "watch", url, "--format", "json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "NO_COLOR": "1"},
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        started = json.loads(process.stdout.readline())
        consul.put(key, "port = 90\n")
        told = json.loads(process.stdout.readline())
        said = process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        process.stdout.read()
        process.stderr.read()

    assert f"meshconf: watching {url}, environment; Ctrl-C ends it\n" == said
    assert "start" == started["trigger"]
    assert ("store", "success") == (told["trigger"], told["result"])
    assert [("port", 81, 90)] == [(one["path"], one["old"], one["new"]) for one in told["changes"]]
