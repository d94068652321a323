"""Pages in Markdown, run as their readers would run them.

A block of a page is what its language and its caption say:

- a block with a caption is a file of that name, written to the working folder;
- ``python`` runs in this process, in one namespace for the whole page; what it prints is the
  ``text`` block right after it, or nothing;
- ``console`` goes to one shell for the whole page: what stands after ``$ `` is a command, the lines
  below it are what it prints;
- ``sh`` is for what a test must not do, such as installing; `unrun` lists what is in it;
- a block without a language is a drawing.

Anything else is a mistake of the page.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

import meshconf

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from types import TracebackType

    from typing_extensions import Self

__all__ = ["Block", "Step", "blocks_of", "run", "steps_of", "unrun"]

ROOT = Path(__file__).parents[1]

#: Whatever a command prints comes within so many seconds, or it is missing.
PATIENCE = 30.0

#: pytest with our plugin alone, as a reader has it who has no other.
PYTEST = " -m pytest --color=no -p no:cacheprovider -p meshconf.pytest_plugin"

_FENCE = re.compile(
    r"""
    ^(?P<fence>`{3,}) (?:\{code-block\}[ ])? (?P<language>\{?[\w-]*\}?) \n
    (?P<options>(?::[\w-]+:.*\n)*)
    (?P<text>(?:.*\n)*?)
    (?P=fence)\n
    """,
    re.MULTILINE | re.VERBOSE,
)
_CAPTION = re.compile(r"^:caption: (.+)$", re.MULTILINE)
_COMMAND = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)


@attrs.frozen
class Block:
    """A fenced block of a page."""

    language: str
    caption: str
    text: str
    line: int


@attrs.frozen
class Step:
    """What a page has its reader do, and what it says will come of it."""

    kind: str
    text: str
    shown: str
    line: int
    file: str = ""


def blocks_of(text: str) -> Iterator[Block]:
    """Yield the fenced blocks of a page; directives of Sphinx are none."""
    for found in _FENCE.finditer(text):
        if found["language"].startswith("{"):
            continue
        caption = _CAPTION.search(found["options"])
        body = found["text"]
        if found["options"]:
            body = body.removeprefix("\n")
        line = text.count("\n", 0, found.start("text")) + 1
        yield Block(found["language"], caption[1] if caption else "", body, line)


def steps_of(blocks: Iterable[Block]) -> Iterator[Step]:
    """Yield what the blocks of a page have its reader do.

    Raises:
        ValueError: If a block is nothing that can be done.
    """
    waiting: Step | None = None  # Python, whose output may come
    for block in blocks:
        if block.language == "text" and not block.caption:
            if waiting is None:
                msg = f"line {block.line}: output of no Python block"
                raise ValueError(msg)
            yield attrs.evolve(waiting, shown=block.text)
            waiting = None
            continue
        if waiting is not None:
            yield waiting
            waiting = None
        if block.caption:
            yield Step("file", block.text, "", block.line, block.caption)
        elif block.language == "python":
            waiting = Step("python", block.text, "", block.line)
        elif block.language == "console":
            yield from _commands(block)
        elif block.language not in ("sh", ""):
            msg = (
                f"line {block.line}: a {block.language} block is run by nobody, and wants a caption"
            )
            raise ValueError(msg)
    if waiting is not None:
        yield waiting


def _commands(block: Block) -> Iterator[Step]:
    if not block.text.startswith("$ "):
        msg = f"line {block.line}: a console block begins with a command"
        raise ValueError(msg)
    for found in _COMMAND.finditer(block.text):
        line = block.line + block.text.count("\n", 0, found.start())
        yield Step("console", found[1], found[2], line)


def unrun(text: str) -> list[str]:
    """Return the lines of the blocks that are run by nobody."""
    return [
        line
        for block in blocks_of(text)
        if block.language == "sh" and not block.caption
        for line in block.text.splitlines()
    ]


class _Shell:
    """A shell with a clean environment, in which `python` and what it runs are those of the tests."""

    def __init__(self, folder: Path, home: Path, variables: Mapping[str, str]) -> None:
        programs = home / "bin"
        programs.mkdir(parents=True)
        for name, arguments in (("python", ""), ("meshconf", " -m meshconf"), ("pytest", PYTEST)):
            program = programs / name
            program.write_text(f'#!/bin/sh\nexec "{sys.executable}"{arguments} "$@"\n')
            program.chmod(0o755)
        environ = {
            "COLUMNS": "80",
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": str(Path(meshconf.__file__).parents[1]),
            "PYTHONUNBUFFERED": "1",
            **variables,
        }
        self._process = subprocess.Popen(
            ["bash", "--norc", "--noprofile"],  # noqa: S607 - wherever it is
            cwd=folder,
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._said = ""
        self._count = 0
        self._others = False  # whether something runs in the background

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: object, traceback: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(b"\nkill $(jobs -p) 2> /dev/null; exit 0\n")
            self._process.stdin.close()
        self._process.wait(PATIENCE)
        self._process.stdout.close()

    def run(self, command: str, shown: str) -> str:
        """Run a command; return what it prints.

        What runs in the background may print later: that is waited for.
        """
        self._count += 1
        end = f"\x1f{self._count}\x1f"
        # The exit code of the command stays what `$?` tells the next one.
        script = f"{{ {command}\n}} < /dev/null\ncode=$?; printf '{end}'; (exit $code)\n"
        assert self._process.stdin is not None
        self._process.stdin.write(script.encode())
        self._process.stdin.flush()
        limit = time.monotonic() + PATIENCE
        while end not in self._said:
            self._read(limit)
        self._said = self._said.replace(end, "")
        self._others = self._others or command.endswith("&")
        with contextlib.suppress(TimeoutError):
            while self._others and len(self._said) < len(shown):
                self._read(min(limit, time.monotonic() + PATIENCE / 3))
        said, self._said = self._said, ""
        return said

    def _read(self, limit: float) -> None:
        assert self._process.stdout is not None
        left = max(0.0, limit - time.monotonic())
        if not select.select([self._process.stdout], [], [], left)[0]:
            raise TimeoutError(self._said)
        found = os.read(self._process.stdout.fileno(), 65_536)
        if not found:
            raise EOFError(self._said)
        self._said += found.decode()


def run(
    text: str,
    folder: Path,
    home: Path,
    *,
    name: str = "page",
    variables: Mapping[str, str] | None = None,
    names: Mapping[str, str] | None = None,
) -> Iterator[tuple[Step, str]]:
    """Run a page in a folder, which is the working directory; yield each step and what it printed.

    Args:
        text: The page.

        folder: The working directory, of this process too.

        home: An empty folder, the home of whoever reads the page.

        name: What the page is called.

        variables: Variables of the shell.

        names: What the page calls something, such as the address of a server, and what it is
            called here.
    """
    here = dict(names or {})
    namespace: dict[str, object] = {"__name__": "page"}
    with _Shell(folder, home, variables or {}) as shell:
        for step in steps_of(blocks_of(text)):
            written = _renamed(step.text, here)
            said = ""
            if step.kind == "file":
                file = folder / step.file
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(written, encoding="utf-8")
            elif step.kind == "console":
                said = shell.run(written, _renamed(step.shown, here))
            else:
                said = _printed(written, f"{name}:{step.line}", namespace)
            yield step, _renamed(said, {there: here for here, there in here.items()})


def _renamed(text: str, names: Mapping[str, str]) -> str:
    for old, new in names.items():
        text = text.replace(old, new)
    return text


def _printed(text: str, name: str, namespace: dict[str, object]) -> str:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(text, name, "exec", dont_inherit=True), namespace)  # noqa: S102 - our own text
    return printed.getvalue()
