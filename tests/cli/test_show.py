"""Tests for `meshconf show`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import meshconf

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "hunter2"  # what must appear nowhere
STORES = """\
name = "orders"
[stores."eu.west"]
port = 1
[stores.us]
"""
PASSWORDS = {"APP_STORES__US__PASSWORD": SECRET, "APP_STORES__EU_WEST__PASSWORD": SECRET}


class TestValues:
    def test_origins(self, run, folder: Path, app: Path):
        """Each value has its origin in a comment; secrets and what is not set are comments."""
        (folder / "app.toml").write_text('name = "orders"\n')

        result = run("show", "--file", "app.toml", APP_TOKEN=SECRET)
        expected = (
            'name = "orders"  # app.toml:1:8\n'
            "port = 80  # default\n"
            "# token = <secret>  # environment variable APP_TOKEN\n"
        )

        assert (0, expected) == (result.exit_code, result.stdout)

    def test_loads_to_the_same(self, run, folder: Path):
        """The TOML that is printed loads to the same configuration."""
        (folder / "mesh.toml").write_text(
            'service_name = "orders"\n[upstreams."a.b"]\nport = 1\n[upstreams.c.retry]\n'
            'max_attempts = 1\n[timeouts]\nconnect = "500ms"\n'
        )
        before = meshconf.load("mesh.toml", environ={})

        (folder / "shown.toml").write_text(run("show").stdout)

        assert before == meshconf.load("shown.toml", environ={})

    def test_non_default(self, run, folder: Path, app: Path):
        """With --non-default only what a source sets is shown."""
        (folder / "app.toml").write_text('name = "orders"\n')

        result = run("show", "-f", "app.toml", "--non-default")

        assert 'name = "orders"  # app.toml:1:8\n' == result.stdout

    def test_several_files(self, run, folder: Path, app: Path):
        """Of several files the last wins."""
        (folder / "a.toml").write_text('name = "a"\n')
        (folder / "b.toml").write_text('name = "b"\n')

        result = run("show", "name", "-f", "a.toml", "-f", "b.toml")

        assert 'name = "b"  # b.toml:1:8\n' == result.stdout

    def test_standard_input(self, run, app: Path):
        """The file may be standard input."""
        result = run("show", "name", "-f", "-", stdin='name = "a"\n')

        assert 'name = "a"  # <stdin>:1:8\n' == result.stdout

    def test_broken_configuration(self, run, app: Path):
        """With errors there is nothing to show: the report stands on stderr, exit code 1."""
        result = run("show")

        assert (1, "") == (result.exit_code, result.stdout)
        assert "error[MC102]" in result.stderr

    def test_warnings_do_not_disturb_the_document(self, run):
        """Warnings stand on stderr, the document on stdout, in any format of problems."""
        result = run(
            "show",
            "service_name",
            "--output-format",
            "json",
            MESH_SERVICE_NAME="orders",
            MESH_CONSUL_HOTS="x",
        )

        line = 'service_name = "orders"  # environment variable MESH_SERVICE_NAME'
        assert ["config_version = 2", line] == result.stdout.splitlines()
        assert ["MC103"] == [one["code"] for one in json.loads(result.stderr)["problems"]]


class TestKey:
    def test_setting(self, run):
        """A setting alone is shown in its table."""
        result = run("show", "retry.max_attempts", MESH_SERVICE_NAME="orders")

        assert "config_version = 2\n\n[retry]\nmax_attempts = 3  # default\n" == result.stdout

    def test_group(self, run, folder: Path, app: Path):
        """A group is shown with all that stands in it."""
        (folder / "app.toml").write_text(STORES)

        result = run("show", 'stores."eu.west"', "-f", "app.toml", **PASSWORDS)
        origin = "environment variable APP_STORES__EU_WEST__PASSWORD"

        assert (
            f'[stores."eu.west"]\nport = 1  # app.toml:3:8\n# password = <secret>  # {origin}\n'
        ) == result.stdout

    @pytest.mark.parametrize(
        ("key", "said"),
        [
            ("retri.max_attempts", "Error: no setting is called retri.max_attempts; did you mean"),
            ("nothing_like_it", "Error: no setting is called nothing_like_it\n"),
            (
                "pyproject.toml",
                "no setting is called pyproject.toml; a file is given by --file pyproject.toml\n",
            ),
            ("x" * 5000, "Error: no setting is called xxx"),
        ],
    )
    def test_unknown(self, run, folder: Path, key: str, said: str):
        """A key that does not exist ends with 2; the nearest is named, or the option for files."""
        (folder / "pyproject.toml").touch()

        result = run("show", key, MESH_SERVICE_NAME="orders")

        assert (2, "") == (result.exit_code, result.stdout)
        assert said in result.stderr


class TestFormat:
    def test_json(self, run):
        """The JSON form lists path, value and origin of each setting."""
        result = run("show", "--format", "json", "service_name", MESH_SERVICE_NAME="orders")
        origin = {"kind": "env", "name": "MESH_SERVICE_NAME", "line": None, "column": None}
        expected = [
            {"path": "service_name", "value": "orders", "sensitive": False, "origin": origin}
        ]

        assert expected == json.loads(result.stdout)["settings"]

    def test_env(self, run, folder: Path, app: Path):
        """The form for .env files has a line for each variable, secrets masked."""
        (folder / "app.toml").write_text(STORES)

        result = run("show", "--format", "env", "-f", "app.toml", **PASSWORDS)
        expected = (
            "APP_NAME=orders\n"
            "APP_PORT=80\n"
            "# APP_TOKEN is not set\n"
            "# APP_STORES__EU_WEST__PASSWORD=<secret>\n"
            "# APP_STORES__US__PASSWORD=<secret>\n"
            """APP_STORES='{"eu.west": {"port": 1}, "us": {"port": 5432}}'\n"""
        )

        assert (0, expected) == (result.exit_code, result.stdout)

    def test_env_without_prefix(self, run):
        """Without a prefix variables have no names to be written."""
        result = run("show", "--format", "env", "--schema", "config_of_app:App", "--no-env")

        assert 2 == result.exit_code
        assert "--format env wants --prefix" in result.stderr


class TestSecrets:
    REFUSED = "--show-secrets prints to a terminal only, and never under CI"

    @pytest.mark.parametrize("format", ["toml", "json", "env"])
    def test_masked(self, run, app: Path, format: str):
        """No form shows a secret."""
        result = run("show", "--format", format, APP_NAME="x", APP_TOKEN=SECRET)

        assert "<secret>" in result.stdout
        assert SECRET not in result.output

    def test_no_terminal(self, run, app: Path):
        """--show-secrets is refused where output is no terminal."""
        result = run("show", "--show-secrets", APP_NAME="x", APP_TOKEN=SECRET)

        assert 2 == result.exit_code
        assert self.REFUSED in result.stderr
        assert SECRET not in result.output

    def test_terminal(self, terminal, app: Path):
        """On a terminal secrets are shown to whoever asks for them."""
        code, seen = terminal(
            "show", "token", "--show-secrets", "--color", "never", APP_NAME="x", APP_TOKEN=SECRET
        )

        assert (0, f'token = "{SECRET}"  # environment variable APP_TOKEN\n') == (code, seen)

    @pytest.mark.parametrize("ci", ["1", "true"])
    def test_ci(self, terminal, app: Path, ci: str):
        """Under CI they are not, even on a terminal."""
        code, seen = terminal("show", "--show-secrets", APP_NAME="x", APP_TOKEN=SECRET, CI=ci)

        assert 2 == code
        assert self.REFUSED in seen
        assert SECRET not in seen

    @pytest.mark.parametrize("ci", ["", "0", "false"])
    def test_ci_that_says_no(self, terminal, app: Path, ci: str):
        """CI=false is none."""
        code, seen = terminal("show", "--show-secrets", APP_NAME="x", APP_TOKEN=SECRET, CI=ci)

        assert 0 == code
        assert SECRET in seen
