"""Reading a file whole, within limits, whatever it turns out to be."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from meshconf.diagnostics.problem import Excerpt, Origin, Problem

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Refused", "read_text", "text_in"]

#: How files are opened: a FIFO that nobody writes to must not keep the reader waiting.
_OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)

#: So many bytes are asked for at least: the files of /proc claim to be empty.
SMALLEST_READ = 65_536


class Refused(Exception):  # noqa: N818 - it says what became of the file
    """A file cannot be read; holds the words for a report, never the content.

    Attributes:
        code: The code of the problem.

        message: What is wrong, to stand after the name of the file.

        help: How to mend it, or ``None``.

        line: The line it is about, or ``None``.

        column: The column, or ``None``.
    """

    def __init__(
        self,
        code: str,
        message: str,
        help: str | None = None,
        line: int | None = None,
        column: int | None = None,
    ) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.help = help
        self.line = line
        self.column = column

    def problem(self, kind: str, name: str, subject: str, path: str = "") -> Problem:
        """Make the finding about the file called *name*, which the sentence calls *subject*."""
        origin = Origin(kind, name, self.line, self.column)
        return Problem(
            self.code,
            "error",
            path,
            f"{subject} {self.message}",
            origin,
            help=self.help,
            excerpts=() if self.line is None else (Excerpt(origin),),
        )


def read_text(
    path: str | os.PathLike[str],
    max_bytes: int,
    opened: Callable[[str | os.PathLike[str], int], int] = os.open,
) -> tuple[str, int]:
    """Read a regular file of UTF-8 text.

    It is opened once and judged by the open descriptor, so that it cannot change in between; a
    FIFO or a device is refused without waiting for it.

    Args:
        path: The file.

        max_bytes: The largest size that is read.

        opened: Opens a path with flags and returns the descriptor, as ``os.open`` does.

    Returns:
        The text and the file's permission bits.

    Raises:
        Refused: If it is missing, unreadable, no regular file, too large, or no plain UTF-8.
    """
    try:
        content, mode = _read_bytes(opened(path, _OPEN_FLAGS), max_bytes)
    except (FileNotFoundError, NotADirectoryError):
        refused = Refused("MC401", "does not exist", _near_file(path))
    except PermissionError:
        refused = Refused("MC402", "may not be read: permission denied")
    except (OSError, ValueError) as error:  # ValueError: a path that holds NUL
        reason = getattr(error, "strerror", None) or "not a path"
        refused = Refused("MC402", f"cannot be read: {reason.lower()}")
    else:
        return _decoded(content), mode
    raise refused


def _read_bytes(descriptor: int, max_bytes: int) -> tuple[bytes, int]:
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise Refused("MC402", f"is {_file_type(status.st_mode)}, not a regular file")
        content = _read_up_to(descriptor, max_bytes + 1, status.st_size)
    finally:
        os.close(descriptor)
    _refuse_large(max(status.st_size, len(content)) if len(content) > max_bytes else 0, max_bytes)
    return content, stat.S_IMODE(status.st_mode)


def _refuse_large(size: int, max_bytes: int) -> None:
    if size > max_bytes:
        raise Refused("MC004", f"is too large: {size:,} bytes; the limit is {max_bytes:,}")


def text_in(content: bytes, max_bytes: int) -> str:
    """Decode what was read elsewhere, by the rules for files.

    Raises:
        Refused: If it is too large, or no plain UTF-8.
    """
    _refuse_large(len(content), max_bytes)
    return _decoded(content)


def _read_up_to(descriptor: int, most: int, expected: int) -> bytes:
    """Read a file to its end, but no more than *most* bytes, whatever size it claims to have."""
    chunks: list[bytes] = []
    left = most
    at_once = max(expected + 1, SMALLEST_READ)
    while left and (chunk := os.read(descriptor, min(left, at_once))):
        chunks.append(chunk)
        left -= len(chunk)
        if most - left == expected:
            break  # no read is needed to learn that nothing follows
    return b"".join(chunks)


def _file_type(mode: int) -> str:
    names = {
        stat.S_IFDIR: "a directory",
        stat.S_IFIFO: "a FIFO",
        stat.S_IFSOCK: "a socket",
        stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device",
    }
    return names.get(stat.S_IFMT(mode), "something else")


def _near_file(path: str | os.PathLike[str]) -> str | None:
    """Name the file of the same folder that was probably meant."""
    from meshconf.diagnostics.suggest import nearest

    wanted = Path(path)
    try:
        names = [entry.name for entry in wanted.parent.iterdir() if entry.is_file()]
    except OSError:
        return None
    near = nearest(wanted.name, names) if wanted.name else ()
    return f"did you mean {wanted.with_name(near[0])}?" if near else None


def _decoded(content: bytes) -> str:
    if content.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise Refused(
            "MC003",
            "begins with a byte order mark",
            "save it as UTF-8 without a byte order mark",
            line=1,
            column=1,
        )
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        refused = _not_text(content, error.start, "is not UTF-8")
    else:
        if "\0" not in text:
            return text
        refused = _not_text(content, content.index(0), "holds a NUL byte, so it is no text")
    raise refused


def _not_text(content: bytes, offset: int, message: str) -> Refused:
    line_start = content.rfind(b"\n", 0, offset) + 1
    line = content.count(b"\n", 0, offset) + 1
    column = len(content[line_start:offset].decode(errors="replace")) + 1
    return Refused("MC003", message, "save it as UTF-8", line, column)
