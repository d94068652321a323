"""Tests for what a terminal, a pipe or a file makes of the output."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

ESCAPE = "\x1b["
SHOW = ("show", "port")


class TestColor:
    def test_terminal(self, terminal, app: Path):
        """On a terminal there are colours; without them the text is the same."""
        code, seen = terminal("check")
        _, plain = terminal("check", "--color", "never")

        assert 1 == code
        assert f"{ESCAPE}1;31merror[MC102]{ESCAPE}0m" in seen
        assert plain == re.sub(r"\x1b\[[\d;]*m", "", seen)
        assert ESCAPE not in plain

    @pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
    def test_terminal_that_wants_none(self, terminal, app: Path, variables: dict[str, str]):
        """NO_COLOR and a dumb terminal have none."""
        code, seen = terminal("check", **variables)

        assert 1 == code
        assert ESCAPE not in seen

    def test_empty_no_color(self, terminal, app: Path):
        """An empty NO_COLOR says nothing."""
        _, seen = terminal("check", NO_COLOR="")

        assert ESCAPE in seen

    def test_pipe(self, program, app: Path):
        """In a pipe there are none."""
        ended = program(*SHOW, APP_NAME="x")

        assert "port = 80  # default\n" == ended.stdout

    def test_pipe_that_wants_them(self, program, app: Path):
        """--color always colours a pipe too, whatever NO_COLOR says."""
        ended = program(*SHOW, "--color", "always", APP_NAME="x", NO_COLOR="1", TERM="dumb")

        assert f"port = 80{ESCAPE}2m  # default{ESCAPE}0m\n" == ended.stdout

    def test_in_process(self, run, app: Path):
        """Each stream is coloured by its own roles."""
        result = run("check", "--color", "always")

        assert f"{ESCAPE}1;31merror[MC102]{ESCAPE}0m" in result.stderr

    def test_long_lines_stay_whole(self, program, app: Path):
        """A coloured line is not wrapped, so that it can be copied."""
        name = "x" * 300

        ended = program("show", "name", "--color", "always", APP_NAME=name, COLUMNS="40")

        assert f'name = "{name}"' in ended.stdout

    def test_markup_is_text(self, program, app: Path):
        """What looks like markup in a value is text."""
        ended = program("show", "name", "--color", "always", APP_NAME="[bold]x[/] :smile:")

        assert 'name = "[bold]x[/] :smile:"' in ended.stdout


class TestEncoding:
    @pytest.mark.parametrize("color", ["never", "always"])
    def test_ascii(self, program, folder: Path, app: Path, color: str):
        """A stream that cannot show an arrow gets its escape, and no traceback."""
        (folder / "a.toml").write_text('name = "x"\n')
        (folder / "b.toml").write_text('name = "ä"\n', encoding="utf-8")

        ended = program("diff", "a.toml", "b.toml", "--color", color, PYTHONIOENCODING="ascii")

        assert (1, "") == (ended.returncode, ended.stderr)
        assert "\\u2192" in ended.stdout
        assert "\\xe4" in ended.stdout

    def test_report(self, program, folder: Path, app: Path):
        """The same holds for reports on stderr."""
        (folder / "a.toml").write_text('näme = "x"\n', encoding="utf-8")

        ended = program("check", "a.toml", PYTHONIOENCODING="ascii")

        assert 1 == ended.returncode
        assert "n\\xe4me" in ended.stderr
        assert "Traceback" not in ended.stderr


class TestControlCharacters:
    @pytest.mark.parametrize("options", [(), ("--format", "env"), ("--color", "always")])
    def test_value(self, program, folder: Path, app: Path, options: tuple[str, ...]):
        """A value from a file cannot steer the terminal."""
        (folder / "a.toml").write_text('name = "\\u001b]0;title\\u0007"\n')

        ended = program("show", "name", "-f", "a.toml", *options)

        assert 0 == ended.returncode
        assert "\x1b]" not in ended.stdout
        assert "\x07" not in ended.stdout


class TestHelp:
    @pytest.mark.parametrize("columns", ["1", "20", "400"])
    def test_width(self, program, columns: str):
        """Help is printed on a terminal of any width."""
        ended = program("check", "--help", COLUMNS=columns)

        assert (0, "") == (ended.returncode, ended.stderr)
        assert ended.stdout.startswith("Usage: ")


class TestClosedPipe:
    @pytest.mark.parametrize(
        "command",
        ["show", "docs", "check --output-format json", "init", "show --color always"],
    )
    @pytest.mark.parametrize("reader", ["head -n 1", "true"])
    def test_no_complaint(self, shell, command: str, reader: str):
        """A reader that has seen enough is no error to complain about."""
        line = f"{{ meshconf {command}; echo $? > code; }} | {reader}"

        ended = shell(line, MESH_SERVICE_NAME="orders")

        assert (0, "") == (ended.returncode, ended.stderr)
        with open("code", encoding="utf-8") as code:  # noqa: PTH123 - beside the test
            assert code.read() in ("0\n", "1\n")

    def test_finding(self, shell, app: Path):
        """A finding is one, whether its report is read or not."""
        ended = shell("{ meshconf check 2>&1; echo $? > code; } | true; cat code")

        assert ("1\n", "") == (ended.stdout, ended.stderr)


class TestStreams:
    @pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux alone has one")  # noqa: PTH110
    @pytest.mark.parametrize("command", ["show", "docs", "--help"])
    def test_full_disk(self, shell, command: str):
        """Output that cannot be written ends with 2 and a sentence."""
        ended = shell(f"meshconf {command} > /dev/full", MESH_SERVICE_NAME="orders")

        assert (2, "meshconf: no space left on device\n") == (ended.returncode, ended.stderr)

    @pytest.mark.parametrize(
        ("line", "code"),
        [("show >&-", 0), ("show 2>&-", 0), ("check - <&-", 0), ("check none.toml 2>&-", 1)],
    )
    def test_closed(self, shell, line: str, code: int):
        """A stream that the caller has closed takes or gives nothing."""
        ended = shell(f"meshconf {line}", MESH_SERVICE_NAME="orders")

        assert code == ended.returncode
        assert "Traceback" not in ended.stderr

    def test_folder_that_is_gone(self, shell):
        """A working directory that was removed ends with 2 and a sentence."""
        ended = shell("mkdir gone && cd gone && rmdir ../gone && meshconf check")

        assert (2, "meshconf: no such file or directory\n") == (ended.returncode, ended.stderr)
