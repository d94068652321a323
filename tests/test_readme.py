"""The README: its code runs, and what it shows is what comes out."""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks() -> list[tuple[str, str]]:
    """Return the fenced blocks of the README: language and text."""
    return BLOCK.findall(README.read_text(encoding="utf-8"))


@pytest.fixture
def in_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in the root of the repository, with no variable of ours set."""
    monkeypatch.chdir(ROOT)
    for name in list(os.environ):
        if name.startswith("MESH_"):
            monkeypatch.delenv(name)


@pytest.mark.usefixtures("in_root")
class TestReadme:
    def test_code_runs_and_prints_what_is_shown(self):
        """All Python blocks run in order, and print what the text blocks show."""
        printed = io.StringIO()
        names: dict[str, object] = {"__name__": "readme"}
        with contextlib.redirect_stdout(printed):
            for language, text in blocks():
                if language == "python":
                    exec(compile(text, str(README), "exec", dont_inherit=True), names)  # noqa: S102 - our own text

        expected = "".join(text for language, text in blocks() if language == "text")

        assert expected == printed.getvalue()

    def test_report_is_the_real_one(self):
        """The command of the bad load prints the report that the README shows."""
        shown = next(text for _, text in blocks() if " meshconf check " in text)
        command, _, report = shown.partition("\n")
        variable, _, arguments = command.removeprefix("$ ").split(" ", 2)
        name, _, value = variable.partition("=")

        ended = subprocess.run(
            [sys.executable, "-m", "meshconf", *arguments.split()],
            check=False,
            capture_output=True,
            text=True,
            env={**os.environ, name: value},
        )

        assert (1, "", report) == (ended.returncode, ended.stdout, ended.stderr)

    def test_first_command_does_the_main_job(self):
        """What the first command shows begins with the service and holds the overridden value."""
        shown = next(text for _, text in blocks() if "meshconf show" in text)
        arguments = shown.strip().rpartition("/meshconf ")[2].split()

        ended = subprocess.run(
            [sys.executable, "-m", "meshconf", *arguments],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "MESH_CIRCUIT_BREAKER_MAX_REQUESTS": "800"},
        )
        line = "max_requests = 800  # environment variable MESH_CIRCUIT_BREAKER_MAX_REQUESTS"

        assert line in ended.stdout.splitlines()
