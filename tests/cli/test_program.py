"""Tests for the program as a whole: how it starts, and how it ends."""

from __future__ import annotations

import array
import fcntl
import importlib.metadata
import os
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

import meshconf.__main__ as entry

ROOT = str(Path(entry.__file__).parents[1])
HELP = 'meshconf: the command line needs: pip install "meshconf[cli]"\n'


class TestHelp:
    @pytest.mark.parametrize("option", ["-h", "--help"])
    def test_option(self, run, option: str):
        """Help lists the commands, those first that are needed first."""
        result = run(option)
        _, commands = result.stdout.split("Commands:\n")
        expected = "check show explain diff watch doctor migrate render push init docs schema"

        assert 0 == result.exit_code
        assert expected.split() == [line.split()[0] for line in commands.splitlines()]

    def test_no_arguments(self, run):
        """Without arguments the same help is shown, and the exit code is 2."""
        result = run()

        assert 2 == result.exit_code
        assert run("--help").stdout == result.output

    @pytest.mark.parametrize(
        "command", ["check", "show", "explain", "diff", "watch", "doctor", "init", "docs", "schema"]
    )
    def test_command(self, run, command: str):
        """Each command has help in both spellings."""
        result = run(command, "-h")

        assert (0, result.stdout) == (result.exit_code, run(command, "--help").stdout)
        assert result.stdout.startswith(f"Usage: meshconf {command} [OPTIONS]")

    def test_version(self, run, monkeypatch: pytest.MonkeyPatch):
        """The version is that of the installed distribution."""
        monkeypatch.setattr(importlib.metadata, "version", lambda name: f"{name} 1.2.3")

        assert "meshconf, version meshconf 1.2.3\n" == run("--version").stdout

    def test_version_of_nothing(self, run, monkeypatch: pytest.MonkeyPatch):
        """Run from a folder that is not installed, it says so."""

        def missing(name: str) -> str:
            raise importlib.metadata.PackageNotFoundError(name)

        monkeypatch.setattr(importlib.metadata, "version", missing)
        result = run("--version")

        assert (0, "meshconf, not installed\n") == (result.exit_code, result.stdout)


class TestWrongUsage:
    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (("chekc",), "Error: No such command 'chekc'. Did you mean check?\n"),
            (("zzzzzz",), "Error: No such command 'zzzzzz'.\n"),
            (("--chekc",), "Error: No such option"),
            (("check", "--profil", "x"), "--profile"),
            (("check", "--output-format", "jsn"), "'jsn' is not one of 'full', 'concise', 'json'"),
            (("show", "--format", "yaml"), "'yaml' is not one of 'toml', 'json', 'env'"),
            (("check", "--color", "blue"), "'blue' is not one of 'auto', 'always', 'never'"),
            (("explain",), "Missing argument 'KEY|VARIABLE|CODE'"),
            (("show", "a", "b"), "Got unexpected extra argument"),
        ],
    )
    def test_ends_with_two(self, run, arguments: tuple[str, ...], said: str):
        """Wrong usage ends with 2 and says what is known instead."""
        result = run(*arguments)

        assert (2, "") == (result.exit_code, result.stdout)
        assert said in result.stderr

    def test_choices_of_an_argument(self, run):
        """The choices of a missing argument are listed with no tab spelled out."""
        result = run("render")

        assert (2, "") == (result.exit_code, result.stdout)
        assert "\n    haproxy" in result.stderr
        assert "\\t" not in result.stderr


class TestEntryPoint:
    def test_module(self, program):
        """`python -m meshconf` is the command line."""
        ended = program("--help")

        assert (0, "") == (ended.returncode, ended.stderr)
        assert ended.stdout.startswith("Usage: meshconf [OPTIONS] COMMAND")

    def test_start_imports_little(self, program):
        """Help needs neither the toolkit nor what it stands on."""
        heavy = "{'rich', 'attr', 'attrs', 'cattrs', 'tomli', 'environs', 'json'}"
        code = (
            "import atexit, sys; from meshconf.__main__ import main; "
            "sys.argv = ['meshconf', '--help']; "
            f"atexit.register(lambda: print({heavy} & set(sys.modules), file=sys.stderr)); main()"
        )

        ended = subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": ROOT},
        )

        assert "set()\n" == ended.stderr


class TestMissingExtra:
    def test_click(self, monkeypatch, capsys):
        """Without click, one line says what to install, and the exit code is 2."""
        for name in [name for name in sys.modules if name.startswith("meshconf.cli")]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, "click", None)

        with pytest.raises(SystemExit) as ended:
            entry.main()

        assert (2, HELP) == (ended.value.code, capsys.readouterr().err)

    def test_rich(self, app: Path, monkeypatch, capsys):
        """The same is said where colours are wanted and rich is missing."""
        for name in [name for name in sys.modules if name.split(".")[0] == "rich"]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, "rich", None)

        monkeypatch.setattr(sys, "argv", ["meshconf", "check", "--color", "always"])

        with pytest.raises(SystemExit) as ended:
            entry.main()

        assert (2, HELP) == (ended.value.code, capsys.readouterr().err)

    def test_rich_is_not_missed_without_colours(self, run, app: Path, monkeypatch):
        """Where no colours are wanted rich is not needed."""
        monkeypatch.setitem(sys.modules, "rich", None)

        assert 0 == run("check", APP_NAME="x").exit_code

    def test_other_module(self, monkeypatch):
        """A missing module that is not of the extra is raised as it is."""
        for name in [name for name in sys.modules if name.startswith("meshconf.cli")]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, "meshconf.cli", None)

        with pytest.raises(ModuleNotFoundError):
            entry.main()


class TestInterrupt:
    def test_while_it_reads(self, app: Path):
        """An interrupt while it waits for standard input ends with 130 and no traceback."""
        ours, theirs = os.pipe()
        os.write(theirs, b"name = ")
        with subprocess.Popen(
            [sys.executable, "-m", "meshconf", "check", "-"],
            stdin=ours,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": ROOT},
        ) as process:
            while unread(ours):  # until it has taken what there is, and waits for more
                time.sleep(0.01)
            process.send_signal(signal.SIGINT)
            said = process.communicate()
        os.close(ours)
        os.close(theirs)

        assert (130, ("", "\n")) == (process.returncode, said)

    def test_in_process(self, run, folder: Path):
        """An interrupt at any other time does the same."""
        (folder / "broken_module.py").write_text("raise KeyboardInterrupt\n")

        result = run("check", "--schema", "broken_module:App")

        assert (130, "\n") == (result.exit_code, result.output)


def unread(pipe: int) -> int:
    """Return how many bytes nobody has read yet."""
    number = array.array("i", [0])
    fcntl.ioctl(pipe, termios.FIONREAD, number)
    return number[0]


class TestFailure:
    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux alone has one")
    def test_full_disk(self, monkeypatch, capsys):
        """Output that cannot be written ends with 2, and is not tried again at the end."""
        monkeypatch.setattr(sys, "argv", ["meshconf", "docs"])
        with Path("/dev/full").open("w", encoding="utf-8") as stream:
            monkeypatch.setattr(sys, "stdout", stream)
            with pytest.raises(SystemExit) as ended:
                entry.main()

        said = "meshconf: no space left on device\n"

        assert (2, said) == (ended.value.code, capsys.readouterr().err)

    def test_closed_streams(self, monkeypatch):
        """Streams that the caller has closed are those of nothing."""
        monkeypatch.setattr(sys, "argv", ["meshconf", "check", "-"])
        for name in ("stdin", "stdout", "stderr"):
            monkeypatch.setattr(sys, name, None)

        with pytest.raises(SystemExit) as ended:
            entry.main()
        for stream in (sys.stdin, sys.stdout, sys.stderr):
            stream.close()

        assert 1 == ended.value.code
