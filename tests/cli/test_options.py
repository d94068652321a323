"""Tests for the options that commands share, and for what completes them."""

from __future__ import annotations

import os
import pty
import sys
from typing import TYPE_CHECKING

import pytest

from meshconf.cli import schema_option
from meshconf.cli.options import file_sources

if TYPE_CHECKING:
    from pathlib import Path


class TestOutputOfTheModule:
    def test_goes_to_stderr(self, program, folder: Path):
        """What a module prints when it is imported does not mix with the result."""
        (folder / "broken_module.py").write_text(
            "import attrs\nprint('loud')\n\n@attrs.frozen\nclass Plain:\n    a: int = 1\n"
        )

        ended = program("schema", "--schema", "broken_module:Plain")

        assert ended.stdout.startswith("{")
        assert "loud\n" in ended.stderr


class TestErrorWithoutWords:
    def test_is_named_by_its_type(self, run, folder: Path):
        """An import that fails with an exception whose own words fail is told by its type."""
        (folder / "broken_module.py").write_text(
            "class Odd(Exception):\n    def __str__(self):\n        raise RuntimeError\n\n"
            "raise Odd\n"
        )

        result = run("check", "--schema", "broken_module:App")

        assert 2 == result.exit_code
        assert "broken_module:App: Odd (" in result.stderr


class TestSchema:
    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("App", "--schema App: write it as module:Class, such as orders.config:Settings"),
            (":App", "write it as module:Class"),
            ("nowhere_at_all:App", "ModuleNotFoundError: No module named 'nowhere_at_all'; it is"),
            ("config_of_app:Nothing", "has no attribute 'Nothing'"),
            ("json:dumps", "neither an attrs class nor a dataclass"),
            ("pathlib:Path", "neither an attrs class nor a dataclass"),
        ],
    )
    def test_none(self, run, name: str, said: str):
        """What is no schema ends with 2 and the reason."""
        result = run("check", "--schema", name, "--prefix", "X_")

        assert 2 == result.exit_code
        assert said in result.stderr

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("import os\n1 / 0\n", "ZeroDivisionError: division by zero ({file}:2)"),
            ("x = 1\nx = = 2\n", "SyntaxError: invalid syntax ({file}:2)"),
            (
                "import nowhere_at_all\n",
                "ModuleNotFoundError: No module named 'nowhere_at_all' ({file}:1)",
            ),
            ("import sys\nsys.exit(0)\n", "SystemExit: 0 ({file}:2)"),
            ("raise ValueError('\\x1b[31m')\n", "ValueError: \\x1b[31m ({file}:1)"),
        ],
    )
    def test_module_that_fails(self, run, folder: Path, text: str, said: str):
        """A module that cannot be imported ends with 2, the error and its place."""
        file = folder / "broken_module.py"
        file.write_text(text)

        result = run("check", "--schema", "broken_module:App")

        expected = f"meshconf: --schema broken_module:App: {said.format(file=file)}\n"

        assert (2, expected) == (result.exit_code, result.stderr)

    def test_path_like_that_of_meshconf(self, run, folder: Path, monkeypatch: pytest.MonkeyPatch):
        """A module is somebody's own though its path begins as that of meshconf does."""
        file = folder / "broken_module.py"
        file.write_text("1 / 0\n")
        monkeypatch.setattr(schema_option, "__file__", str(folder / "broken" / "cli" / "x.py"))

        result = run("check", "--schema", "broken_module:App")

        assert f"ZeroDivisionError: division by zero ({file}:1)\n" in result.stderr

    def test_module_of_the_working_directory(self, run, folder: Path):
        """A module beside the file is found, also where it was already on the path."""
        sys.path[:] = [entry for entry in sys.path if entry not in ("", str(folder))]
        options = ("--schema", "config_of_app:App", "--prefix", "APP_")

        codes = [run("check", *options, APP_NAME="x").exit_code for _ in range(2)]

        assert [0, 0] == codes
        assert 1 == sys.path.count(str(folder))

    def test_class_within_a_class(self, run, folder: Path):
        """The class may stand within another."""
        (folder / "broken_module.py").write_text(
            "import attrs\n\nclass Outer:\n    @attrs.frozen\n    class Inner:\n        a: int = 1\n"
        )

        result = run("show", "--schema", "broken_module:Outer.Inner", "--no-env")

        assert "a = 1  # default\n" == result.stdout

    def test_field_that_cannot_be_compiled(self, run, folder: Path):
        """A class with a field of no known type ends with 2 and names the field."""
        (folder / "broken_module.py").write_text(
            "import attrs\n\n@attrs.frozen\nclass App:\n    what: type\n"
        )

        result = run("check", "--schema", "broken_module:App", "--no-env")

        place = f"({folder / 'broken_module.py'}:3)"
        said = "App.what: type is no type that a configuration can hold; give it a converter"

        assert (2, f"meshconf: {said} {place}\n") == (result.exit_code, result.stderr)

    def test_field_of_a_class_within(self, run, folder: Path):
        """Of a class that the schema holds no place is told, since that of the schema misleads."""
        (folder / "broken_module.py").write_text(
            "import attrs\n\n@attrs.frozen\nclass Inner:\n    what: type\n\n"
            "@attrs.frozen\nclass App:\n    inner: Inner\n"
        )

        result = run("check", "--schema", "broken_module:App", "--no-env")
        said = "Inner.what: type is no type that a configuration can hold; give it a converter"

        assert (2, f"meshconf: {said}\n") == (result.exit_code, result.stderr)

    def test_class_without_source(self, run):
        """What is written in C has no place."""
        result = run("check", "--schema", "builtins:int", "--no-env")
        said = "schema: int is neither an attrs class nor a dataclass"

        assert (2, f"meshconf: {said}\n") == (result.exit_code, result.stderr)


class TestPrefix:
    @pytest.mark.parametrize("command", [("check",), ("show",), ("explain", "port")])
    def test_missing(self, run, command: tuple[str, ...]):
        """Where nothing says what variables begin with, the options to pass are named."""
        result = run(*command, "--schema", "config_of_app:App")

        assert 2 == result.exit_code
        assert (
            "App does not say what its variables begin with: write "
            '@configuration(prefix="APP_") above it, or prefix = "APP_" into [tool.meshconf], or '
            "pass --prefix APP_, or --no-env to leave them alone"
        ) in result.stderr

    def test_missing_for_an_env_file(self, run, folder: Path):
        """A .env file holds variables too."""
        (folder / ".env").touch()

        result = run("check", "--schema", "config_of_app:App", "--no-env", "--env-file", ".env")

        assert 2 == result.exit_code
        assert "pass --prefix" in result.stderr

    def test_names_that_clash(self, run, folder: Path):
        """A schema of whose variables two have one name ends with 2 and names them."""
        (folder / "broken_module.py").write_text(
            "import attrs\n\n@attrs.frozen\nclass Group:\n    c: int = 1\n\n"
            "@attrs.frozen\nclass Clash:\n    a_c: int = 1\n    a: Group = Group()\n"
        )

        result = run("check", "x.toml", "--schema", "broken_module:Clash", "--prefix", "X_")

        assert 2 == result.exit_code
        assert "X_A_C" in result.stderr


class TestCompletion:
    @staticmethod
    def completed(program, line: str) -> tuple[int, list[str], str]:
        """Return what a shell is told: the code, the words and what disturbs it."""
        ended = program(
            _MESHCONF_COMPLETE="bash_complete",
            COMP_WORDS=line,
            COMP_CWORD=str(len(line.split(" ")) - 1),
        )
        words = [word.removeprefix("plain,") for word in ended.stdout.split()]
        return ended.returncode, words, ended.stderr

    @pytest.mark.parametrize("command", ["explain", "show"])
    def test_settings(self, program, command: str):
        """The paths of settings are completed."""
        code, words, disturbs = self.completed(program, f"meshconf {command} retry.ma")

        assert (0, ["retry.max_attempts", "retry.max_delay"], "") == (code, words, disturbs)

    def test_settings_of_a_schema(self, program):
        """They are those of --schema, where it is given."""
        line = "meshconf explain --schema config_of_app:App "

        assert (0, ["name", "port", "token", "stores"], "") == self.completed(program, line)[:3]

    @pytest.mark.parametrize("name", ["nowhere_at_all:App", "json:dumps", "x"])
    def test_broken_schema(self, program, name: str):
        """A broken schema completes nothing, and disturbs nobody."""
        line = f"meshconf explain --schema {name} retry."

        assert (0, [], "") == self.completed(program, line)

    def test_broken_project(self, program, app: Path):
        """Nor does a wrong table in pyproject.toml."""
        app.write_text("[tool.meshconf]\nschema = 3\n")

        assert (0, [], "") == self.completed(program, "meshconf explain retry.")

    @pytest.mark.parametrize(
        ("start", "words"),
        [
            ("MESH_RETRY_B", ["MESH_RETRY_BASE_DELAY", "MESH_RETRY_BUDGET"]),
            ("MC50", ["MC501", "MC502", "MC503"]),
        ],
    )
    def test_subjects(self, program, start: str, words: list[str]):
        """Variables and codes, which can be explained too, are completed once they are begun."""
        assert words == self.completed(program, f"meshconf explain {start}")[1]

    def test_commands(self, program):
        """Commands are completed too."""
        assert ["check"] == self.completed(program, "meshconf ch")[1]

    @pytest.mark.parametrize(
        ("start", "first"), [("", "service_name"), ("MC5", "MC501"), ("MESH_RETRY_J", "MESH_RETRY")]
    )
    def test_subjects_in_process(self, run, start: str, first: str):
        """What can be explained is completed."""
        result = run(
            _MESHCONF_COMPLETE="bash_complete",
            COMP_WORDS=f"meshconf explain {start}",
            COMP_CWORD="2",
        )

        assert result.output.startswith(f"plain,{first}")

    def test_in_process(self, run):
        """A schema that cannot be compiled gives no settings."""
        result = run(
            _MESHCONF_COMPLETE="zsh_complete",
            COMP_WORDS="meshconf explain --schema json:dumps ",
            COMP_CWORD="4",
        )

        assert (0, "\n") == (result.exit_code, result.output)

    def test_settings_in_process(self, run):
        """The paths begin with what was typed."""
        result = run(
            _MESHCONF_COMPLETE="zsh_complete", COMP_WORDS="meshconf show retry.j", COMP_CWORD="2"
        )

        assert "plain\nretry.jitter\n_\n" == result.stdout


class TestTerminal:
    def test_waiting_is_said(self, run, app: Path, monkeypatch: pytest.MonkeyPatch, capsys):
        """Who is asked to type a document is told so."""
        ours, theirs = pty.openpty()
        os.write(ours, b"name = 'x'\n\x04")
        with open(theirs, encoding="utf-8") as stdin:  # noqa: PTH123 - a descriptor
            monkeypatch.setattr(sys, "stdin", stdin)
            sources = file_sources(["-"], "typed")

        assert "typed" == sources[0].name
        assert "meshconf: reading standard input\n" == capsys.readouterr().err
