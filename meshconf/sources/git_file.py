"""A file as a revision of its Git repository has it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from meshconf.sources.file import Document, unread
from meshconf.sources.reading import Refused

if TYPE_CHECKING:
    from meshconf.schema.model import Model
    from meshconf.sources.layer import Layer

__all__ = ["GitFile", "git_file"]

#: A revision may itself hold colons, within braces; without one, it is what is staged.
_REVISION = re.compile(r"(?P<name>(?:[^:{]|\{[^}]*\})*):(?P<path>[^:/].*)")

#: Reading a file from a repository on disk takes milliseconds.
LONGEST_SECONDS = 30


@attrs.frozen
class GitFile:
    """A TOML file of a revision, such as ``HEAD~1:mesh.toml``.

    Attributes:
        revision: What Git calls it: a commit, a branch, a tag.

        path: The file, from the working directory.
    """

    revision: str
    path: str

    @property
    def name(self) -> str:
        """What reports call it."""
        return f"{self.revision}:{self.path}"

    def read(self, model: Model) -> Layer:
        """Ask Git for the file."""
        try:
            content = self.content()
        except Refused as refused:
            return unread("file", self.name, refused)
        return Document(self.name, content).read(model)

    def content(self) -> bytes:
        """Ask Git for what the file holds.

        Raises:
            Refused: If Git does not run, or has no such file.
        """
        if self.revision.startswith("-"):
            raise Refused("MC402", "names no revision of Git")
        path = Path(self.path)
        blob = f"{self.revision}:./{path.name}"
        command = ["git", "-C", str(path.parent), "cat-file", "blob", blob]
        try:
            ended = subprocess.run(  # noqa: S603 - the operator names the revision
                command, capture_output=True, check=False, timeout=LONGEST_SECONDS
            )
        except (OSError, ValueError, subprocess.TimeoutExpired) as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
            refused = Refused("MC402", f"cannot be read: git does not run: {reason}")
        else:
            if ended.returncode == 0:
                return ended.stdout
            refused = Refused("MC401", f"is not there: {_said(ended.stderr)}")
        raise refused


def git_file(name: str) -> GitFile | None:
    """Read a name such as ``HEAD~1:mesh.toml``; None if it names no file of a revision."""
    found = _REVISION.fullmatch(name)
    return None if found is None else GitFile(found["name"], found["path"])


def _said(stderr: bytes) -> str:
    lines = stderr.decode(errors="replace").strip().splitlines()
    return lines[0].removeprefix("fatal: ") if lines else "git does not say why"
