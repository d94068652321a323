"""Tests for the fixture `meshconf_env`: a clean environment, and what is put into it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import pytest

import meshconf
from meshconf import DotEnv, Secret, SecretsDirectory
from meshconf.testing import CleanEnvironment

if TYPE_CHECKING:
    from collections.abc import Callable

pytest_plugins = ["pytester"]

#: What a clean environment does not have.
UNWANTED = {
    "MESH_PORT": "1",
    "MESH_CONFIG": "a.toml",
    "MESH_PROFILE": "production",
    "CONSUL_HTTP_TOKEN": "t",
    "ETCDCTL_USER": "u",
    "CREDENTIALS_DIRECTORY": "/run/credentials",
}


@attrs.frozen
class App:
    """An application."""

    name: str = ""
    token: Secret[str] | None = None


class TestCleanEnvironment:
    def test_variables(
        self, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
    ) -> None:
        """What a load looks at is not set, and everything else is."""
        for name, value in {**UNWANTED, "OTHER": "1"}.items():
            monkeypatch.setenv(name, value)
        request.getfixturevalue("meshconf_env")

        assert set() == UNWANTED.keys() & os.environ.keys()
        assert "1" == os.environ["OTHER"]

    def test_folder(self, meshconf_env: CleanEnvironment, tmp_path: Path) -> None:
        """The working directory is the test's own, and empty."""
        assert tmp_path == Path.cwd() == meshconf_env.path
        assert [] == list(tmp_path.iterdir())

    def test_is_undone(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """In the end variables and the working directory are as before."""
        monkeypatch.setenv("APP_A", "1")
        before = dict(os.environ), Path.cwd()
        with pytest.MonkeyPatch.context() as patch:
            environment = CleanEnvironment(tmp_path, patch, ["APP_"])
            environment.setenv("APP_B", "2")
            environment.secrets({"token": "x"})
            within = {name for name in os.environ if name.startswith("APP_")}

        assert {"APP_B"} == within
        assert before == (dict(os.environ), Path.cwd())

    @pytest.mark.parametrize("name", ["pytest.ini", "tox.ini", "pyproject.toml"])
    def test_prefixes(
        self, run: Callable[..., pytest.RunResult], monkeypatch: pytest.MonkeyPatch, name: str
    ) -> None:
        """The option of pytest says what the names of variables begin with."""
        monkeypatch.setenv("APP_A", "1")
        monkeypatch.setenv("LEDGER_A", "1")
        monkeypatch.setenv("MESH_A", "1")
        option = 'meshconf_prefixes = ["APP_", "LEDGER_"]'
        files = {
            "pytest.ini": "[pytest]\nmeshconf_prefixes = APP_ LEDGER_\n",
            "tox.ini": "[pytest]\nmeshconf_prefixes =\n    APP_\n    LEDGER_\n",
            "pyproject.toml": f"[tool.pytest.ini_options]\n{option}\n",
        }
        test = """
            import os

            def test_environment(meshconf_env):
                names = {name for name in os.environ if name.endswith("_A")}
                assert {"MESH_A"} == names & {"APP_A", "LEDGER_A", "MESH_A"}
        """
        result = run({name: files[name], "test_it.py": _dedented(test)}, "--strict-config")

        result.assert_outcomes(passed=1)


class TestFile:
    def test_is_found_by_a_load(self, meshconf_env: CleanEnvironment) -> None:
        """A file with the schema's name is read by a load that knows nothing of the test."""
        meshconf_env.file("mesh.toml", 'config_version = 2\nservice_name = "orders"\n')

        assert "orders" == meshconf.load().service_name

    def test_values(self, meshconf_env: CleanEnvironment) -> None:
        """Values are written as TOML, nested or by dotted path."""
        values = {"service_name": "orders", "consul": {"port": 1}, "consul.host": "127.0.0.1"}
        meshconf_env.file("mesh.toml", {"config_version": 2, **values})
        config = meshconf.load()

        assert (1, "127.0.0.1") == (config.consul.port, config.consul.host)

    def test_is_a_source(self, meshconf_env: CleanEnvironment) -> None:
        """What it returns is a source, which reports call as the test does."""
        file = meshconf_env.file("conf/app.toml", {"name": "é"})
        snapshot = meshconf.read(file, schema=App, prefix="APP_")

        assert "é" == snapshot.config.name
        assert "conf/app.toml:1:8" == str(snapshot.origin("name")).replace("\\", "/")

    def test_other_text(self, meshconf_env: CleanEnvironment) -> None:
        """Any text may be written, as that of a .env file."""
        source = DotEnv(meshconf_env.file(".env", "APP_NAME=a\n"), prefix="APP_")

        assert "a" == meshconf.load(source, schema=App, prefix="APP_").name

    def test_anew(self, meshconf_env: CleanEnvironment) -> None:
        """A file is replaced by one of its name."""
        meshconf_env.file("app.toml", {"name": "a"})
        file = meshconf_env.file("app.toml", {})

        assert App() == meshconf.load(file, schema=App, prefix="APP_")


class TestSetenv:
    def test_is_read(self, meshconf_env: CleanEnvironment) -> None:
        """A variable is one of the process."""
        meshconf_env.setenv("APP_NAME", "a")

        assert "a" == meshconf.load(schema=App, prefix="APP_").name


class TestSecrets:
    def test_are_found_by_a_load(self, meshconf_env: CleanEnvironment) -> None:
        """Secrets are read from the credentials of the service, all that were set."""
        meshconf_env.secrets({"token": "x", "name": "a"})
        meshconf_env.secrets({"name": "b"})

        assert App("b", Secret("x")) == meshconf.load(schema=App, prefix="APP_")

    def test_are_a_source(self, meshconf_env: CleanEnvironment) -> None:
        """What it returns is a directory that only its owner may read."""
        source = SecretsDirectory(meshconf_env.secrets({"token": "x"}))
        snapshot = meshconf.read(source, schema=App, prefix=None)

        assert (App("", Secret("x")), ()) == (snapshot.config, snapshot.warnings)


def _dedented(text: str) -> str:
    import textwrap

    return textwrap.dedent(text)
