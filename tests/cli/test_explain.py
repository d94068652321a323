"""Tests for `meshconf explain`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "hunter2"  # what must appear nowhere


class TestSetting:
    @pytest.mark.parametrize(
        "subject", ["port", "Port", "listen", "APP_PORT", "APP_PORT_FILE", "APP_LISTEN"]
    )
    def test_path_and_names(self, run, folder: Path, app: Path, subject: str):
        """A setting is found by its path, its variable, the one for a file and an old name."""
        (folder / "app.toml").write_text('name = "orders"\nport = 81\n')

        result = run("explain", subject, "-f", "app.toml", APP_PORT="82")
        expected = (
            "port = 82\n"
            "\n"
            "  from       environment variable APP_PORT\n"
            "  overrides  81 from app.toml:2:8\n"
            "             80 from the default\n"
            "  because    the environment wins over files\n"
            "\n"
            "  type       int, >= 1\n"
            "  variable   APP_PORT, or APP_PORT_FILE\n"
            "  old names  listen, APP_LISTEN\n"
            "  a change   is taken over by a running process\n"
        )

        assert (0, expected, "") == (result.exit_code, result.stdout, result.stderr)

    def test_entry(self, run, folder: Path, app: Path):
        """The variable of an entry of a map finds it, however the file spells its name."""
        (folder / "app.toml").write_text('name = "x"\n[stores.Eu-West]\nport = 1\n')

        result = run(
            "explain",
            "APP_STORES__EU_WEST__PORT",
            "-f",
            "app.toml",
            APP_STORES__EU_WEST__PASSWORD=SECRET,
        )

        assert result.stdout.startswith("stores.Eu-West.port = 1\n  Where it listens.\n")

    def test_secret(self, run, app: Path):
        """The value of a secret is not shown."""
        result = run("explain", "token", APP_NAME="x", APP_TOKEN=SECRET)

        assert result.stdout.startswith("token = <secret>\n")
        assert SECRET not in result.output

    def test_prefix_unknown(self, run, app: Path):
        """Without a prefix, a setting is found by its path."""
        options = ("--schema", "config_of_app:App", "--no-env")

        result = run("explain", "port", *options)

        assert result.stdout.startswith("port = 80\n")

    @pytest.mark.parametrize(
        ("subject", "said"),
        [
            ("prot", "no setting is called prot; did you mean port?"),
            ("zzzzzzzz", "no setting is called zzzzzzzz\n"),
            ("APP_PROT", "no variable is called APP_PROT; did you mean APP_PORT?"),
            ("stores.a.port", "stores.a.port is not set, and stores has no entry a"),
        ],
    )
    def test_unknown(self, run, app: Path, subject: str, said: str):
        """What is none ends with 2; the nearest is named."""
        result = run("explain", subject, APP_NAME="x")

        assert (2, "") == (result.exit_code, result.stdout)
        assert said in result.stderr


class TestEmptyPrefix:
    def test_key_and_variable(self, run, folder: Path):
        """With an empty prefix a key is still a key, and a variable a variable."""
        schema = ("--schema", "config_of_app:App", "--prefix", "")
        by_key = run("explain", "port", *schema, NAME="x")
        by_variable = run("explain", "PORT", *schema, NAME="x")

        assert by_key.stdout.startswith("port = 80\n")
        assert by_key.stdout == by_variable.stdout

    def test_neither(self, run):
        """What is neither is called a setting that there is not."""
        result = run("explain", "nothing_like_it", "--schema", "config_of_app:App", "--prefix", "")

        assert 2 == result.exit_code
        assert "no setting is called nothing_like_it" in result.stderr


class TestBrokenConfiguration:
    def test_own_problem(self, run, folder: Path, app: Path):
        """The explanation stands on stdout, the problem of the setting on stderr, exit code 1."""
        (folder / "app.toml").write_text('name = "x"\nport = 0\n')

        result = run("explain", "port", "-f", "app.toml", "--output-format", "concise")
        expected = (
            "\n"
            "app.toml:2:8: error[MC202]: `port` must be at least 1, got 0\n"
            "meshconf: 1 error in app.toml, environment; nothing was loaded\n"
        )

        assert result.stdout.startswith("port has no valid value\n\n  from       app.toml:2:8\n")
        assert (1, expected) == (result.exit_code, result.stderr)

    def test_for_programs(self, run, folder: Path, app: Path):
        """The problem stands on stderr in every format, since stdout is for the explanation."""
        (folder / "app.toml").write_text('name = "x"\nport = 0\n')

        result = run("explain", "port", "-f", "app.toml", "--output-format", "json")

        assert ["port"] == [one["path"] for one in json.loads(result.stderr)["problems"]]

    def test_problem_below(self, run, folder: Path, app: Path):
        """What is wrong within a group belongs to the group."""
        (folder / "app.toml").write_text('name = "x"\n[stores.a]\nport = 0\npassword = ""\n')

        result = run("explain", "stores", "-f", "app.toml", "--output-format", "concise")

        assert 1 == result.exit_code
        assert "app.toml:3:8: error[MC202]: `stores.a.port`" in result.stderr

    def test_problem_elsewhere(self, run, app: Path):
        """What is wrong elsewhere does not matter."""
        result = run("explain", "port")

        assert (0, "") == (result.exit_code, result.stderr)

    def test_source_that_cannot_be_read(self, run, folder: Path, app: Path):
        """A file that could not be read may have set it: that is said, with exit code 1."""
        (folder / "app.toml").write_text("port = = 1\n")

        result = run("explain", "port", "-f", "app.toml", "--output-format", "concise")

        assert 1 == result.exit_code
        assert "app.toml:1:8: error[MC001]" in result.stderr

    def test_warning(self, run, folder: Path, app: Path):
        """A warning is told, and is no failure."""
        (folder / "app.toml").write_text(f'name = "x"\ntoken = "{SECRET}"\n')

        result = run("explain", "token", "-f", "app.toml")

        assert 0 == result.exit_code
        assert "warning[MC208]" in result.stderr
        assert SECRET not in result.output


class TestDefaultThatCannotBeMade:
    def test_is_wrong_usage(self, run, folder: Path):
        """A default that raises is a fault of the schema, told in a sentence."""
        (folder / "broken_module.py").write_text(
            "import attrs\n\n\ndef boom():\n    raise RuntimeError\n\n\n"
            "@attrs.frozen\nclass Boom:\n    a: int = attrs.Factory(boom)\n"
        )
        schema = ("--schema", "broken_module:Boom", "--prefix", "B_")

        result = run("explain", "a", *schema, B_A="1")

        assert 2 == result.exit_code
        assert "the default of Boom.a cannot be made: RuntimeError" in result.stderr


class TestCode:
    @pytest.mark.parametrize("code", ["MC201", "mc201", "Mc201"])
    def test_known(self, run, code: str):
        """A code is explained, in whatever case it is written."""
        result = run("explain", code)
        first, cause, remedy = result.stdout.splitlines()

        assert (0, "MC201: wrong type") == (result.exit_code, first)
        assert cause.startswith("  cause   ")
        assert remedy.startswith("  remedy  ")

    def test_unknown(self, run):
        """A code that there is not ends with 2; those that there are are named."""
        result = run("explain", "mc999")

        assert 2 == result.exit_code
        assert "no problem has the code MC999; they are MC001, " in result.stderr


class TestChooser:
    @pytest.mark.parametrize(
        ("name", "said"), [("MESH_CONFIG", "Names the files"), ("MESH_PROFILE", "Names a profile")]
    )
    def test_variable_that_chooses_files(self, run, name: str, said: str):
        """A variable that chooses files is explained, though it sets no setting."""
        result = run("explain", name)

        assert (0, "") == (result.exit_code, result.stderr)
        assert result.stdout.startswith(f"{name}\n  {said}")
