"""Replacing a file as a whole, so that at no moment there is half of one."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile

from meshconf.diagnostics.words import printable

__all__ = ["NotWritten", "check_replaceable", "write_atomically"]

#: To open a file for reading: no link, and no waiting for a FIFO. Windows has neither, but newlines
#: to translate.
_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
)


class NotWritten(Exception):  # noqa: N818 - it says what became of the file
    """A file was left as it was; the text of the exception is one sentence that says why."""


def check_replaceable(
    path: str | os.PathLike[str], *, expected: str, follow_links: bool = False
) -> None:
    """Refuse what is already known not to be replaceable, before any of several files is.

    Args:
        path: The file.

        expected: What it holds now, as it was read.

        follow_links: Whether a symbolic link stands for the file that it leads to.

    Raises:
        NotWritten: As `write_atomically` does.
    """
    name = os.fspath(path)
    try:
        target = _target(name, follow_links=follow_links)
        _unchanged(target, expected.encode())
        effective = os.access in os.supports_effective_ids
        if os.access(_directory(target), os.W_OK, effective_ids=effective):
            return
        reason = os.strerror(errno.EACCES)
    except (OSError, ValueError) as error:  # ValueError: a path that holds NUL
        reason = getattr(error, "strerror", None) or "not a path"
    raise _cannot(name, reason)


def write_atomically(
    path: str | os.PathLike[str], text: str, *, expected: str, follow_links: bool = False
) -> None:
    """Replace the text of a file, keeping its mode and its owner.

    The new text goes to a file beside it, which then takes its place: whoever reads the file sees
    the old text or the new one, also if the power fails. Other names of the same file (hard
    links) keep the old text; access lists and extended attributes are not carried over.

    Args:
        path: The file.

        text: What it is to hold. It is written as it is, in UTF-8; no newline is translated.

        expected: What it holds now, as it was read.

        follow_links: Whether a symbolic link stands for the file that it leads to; else a link is
            refused.

    Raises:
        NotWritten: If the file holds something else by now, is a symbolic link or no regular
            file, or cannot be written.
    """
    name = os.fspath(path)
    content, before = text.encode(), expected.encode()
    try:
        _replace(_target(name, follow_links=follow_links), content, before)
    except (OSError, ValueError) as error:  # ValueError: a path that holds NUL
        reason = getattr(error, "strerror", None) or "not a path"
    else:
        return
    raise _cannot(name, reason)


def _target(name: str, *, follow_links: bool) -> str:
    return os.path.realpath(name, strict=True) if follow_links else name


def _directory(name: str) -> str:
    return os.path.dirname(name) or os.curdir  # noqa: PTH120 - the name is a str


def _cannot(name: str, reason: str) -> NotWritten:
    return _refusal(name, f"cannot be written: {reason.lower()}")


def _refusal(name: str, reason: str) -> NotWritten:
    return NotWritten(f"{printable(name)} {reason}; nothing was changed")


def _replace(name: str, content: bytes, before: bytes) -> None:
    status = _unchanged(name, before)
    directory = _directory(name)
    descriptor, temporary = tempfile.mkstemp(".tmp", ".meshconf-", directory)
    try:
        _fill(descriptor, temporary, content, status)
        _unchanged(name, before)  # again, at the last moment
        os.replace(temporary, name)  # noqa: PTH105 - the name is a str
    except BaseException:
        os.unlink(temporary)  # noqa: PTH108 - the name is a str
        raise
    _keep(directory)


def _unchanged(name: str, before: bytes) -> os.stat_result:
    """Return the status of a file that still holds what it held before."""
    if os.path.islink(name):  # noqa: PTH114 - the name is a str
        raise _refusal(name, "is a symbolic link, and links are not written through")
    descriptor = os.open(name, _FLAGS)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise _refusal(name, "is not a regular file")
        with open(descriptor, "rb", closefd=False) as file:
            if file.read(len(before) + 1) != before:
                raise _refusal(name, "has changed since it was read")
    finally:
        os.close(descriptor)
    return status


def _fill(descriptor: int, name: str, content: bytes, like: os.stat_result) -> None:
    """Write a new file, with the mode and the owner of another."""
    with open(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        made = os.fstat(descriptor)
        if (made.st_uid, made.st_gid) != (like.st_uid, like.st_gid):
            os.chown(descriptor, like.st_uid, like.st_gid)
        # After the owner, for a new one takes some of the bits away.
        target = descriptor if os.chmod in os.supports_fd else name
        os.chmod(target, stat.S_IMODE(like.st_mode))  # noqa: PTH101 - may be a descriptor
        os.fsync(descriptor)


def _keep(directory: str) -> None:
    """Have the disk note which file has the name now; not every system does that on demand."""
    with contextlib.suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
