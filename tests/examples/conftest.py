"""What the tests of the examples share: a copy of one, and ways to run what is in it."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import attrs

import meshconf

EXAMPLES = Path(__file__).parents[2] / "examples"
CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)


def copy_of(name: str, folder: Path) -> Path:
    """Copy what is checked in of an example."""
    made = shutil.ignore_patterns("__pycache__", ".venv", "*.db*")
    return Path(shutil.copytree(EXAMPLES / name, folder / name, ignore=made))


@attrs.frozen
class Example:
    """A copy of an example that may be written to."""

    folder: Path
    prefix: str

    def python(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run Python in the folder, with no other variable of the example."""
        environ = {
            name: os.environ[name] for name in os.environ if not name.startswith(self.prefix)
        }
        environ["PYTHONPATH"] = str(Path(meshconf.__file__).parents[1])
        return subprocess.run(
            [sys.executable, *arguments],
            check=False,
            capture_output=True,
            cwd=self.folder,
            encoding="utf-8",
            env=environ | variables,
        )

    def module(self, *arguments: str, **variables: str) -> tuple[int, str, str]:
        """Run a module; return its exit code, stdout and stderr."""
        ended = self.python("-m", *arguments, **variables)
        return ended.returncode, ended.stdout, ended.stderr

    def meshconf(self, *arguments: str, **variables: str) -> tuple[int, str, str]:
        """Run the command line, which finds the service's schema by pyproject.toml."""
        return self.module("meshconf", *arguments, **variables)

    def readme(self) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        """Run all console commands of the README in order; return what it shows and what they print."""
        text = (self.folder / "README.md").read_text(encoding="utf-8")
        shown = COMMAND.findall("".join(CONSOLE.findall(text)))
        assert text.count("\n$ ") == len(shown)
        return shown, [(command, self.said(command)) for command, _ in shown]

    def said(self, command: str) -> str:
        """Run a command as the README writes it; return what it prints."""
        words = shlex.split(command)
        variables = dict(word.split("=", 1) for word in words if word.startswith(self.prefix))
        program, *arguments = words[len(variables) :]
        if program == "meshconf":
            arguments = ["-m", "meshconf", *arguments]
        ended = self.python(*arguments, **variables)
        return ended.stdout + ended.stderr
