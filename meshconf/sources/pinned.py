"""Getting at files so that no change tears what is read."""

from __future__ import annotations

import os
import time

import attrs

from meshconf.sources.files import AS_FOUND
from meshconf.sources.reading import read_text

__all__ = ["Input", "PinnedFiles", "Stamp", "stamp_of"]

_Path = str | os.PathLike[str]

#: What Kubernetes swaps to give all files of a volume other contents at once.
DATA_LINK = "..data"

#: Whether files can be opened through a directory that is held open; on Windows they cannot.
_CAN_PIN = os.open in os.supports_dir_fd

#: A directory is opened for what is in it, which takes no right to list it where that can be said.
_AS_DIRECTORY = os.O_DIRECTORY | getattr(os, "O_PATH", os.O_RDONLY) if _CAN_PIN else 0

#: A file that changed within so many nanoseconds may change again without another time on it: the
#: clock of Linux' file systems ticks every 1 to 10 ms, and stands still for longer in a virtual
#: machine whose processor is not given time.
CLOCK_TICK = 100_000_000

Stamp = tuple[int, ...] | None


def stamp_of(path: str) -> Stamp:
    """Return what tells whether a file, or a link on the way to it, changed; None if it is not there.

    A change of content or of permissions changes the time of the last change, which no program can
    set back.
    """
    try:
        status = os.stat(path)  # noqa: PTH116 - called for each input, many times a minute
    except (OSError, ValueError):
        return None
    return (
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    )


def _stamp_to_keep(path: str) -> Stamp:
    """Return the stamp of what is read next; if it changed just now, one that is never met again."""
    stamp = stamp_of(path)
    if stamp is not None and abs(time.time_ns() - stamp[-1]) < CLOCK_TICK:
        return (*stamp, 0)
    return stamp


@attrs.frozen
class Input:
    """A file or a directory as it was when it was read.

    Attributes:
        name: What the source calls it.

        stamp: What tells of a change without reading it again.

        content: The text, or the names in the directory; ``None`` if it could not be read.
    """

    name: str
    stamp: Stamp
    content: str | None = attrs.field(repr=False)

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing in it."""
        return not (self.content or "").strip()


@attrs.frozen(eq=False)
class _Directory:
    """A directory that is held open.

    Attributes:
        path: Where it was found.

        descriptor: What it is read through.

        data: The same for what ``..data`` in it led to; ``None`` where there is no such link.
    """

    path: str
    descriptor: int
    data: int | None

    @classmethod
    def opened(cls, path: str) -> _Directory:
        descriptor = os.open(path, _AS_DIRECTORY)
        try:
            data = os.open(DATA_LINK, _AS_DIRECTORY, dir_fd=descriptor)
        except OSError:
            data = None
        return cls(path, descriptor, data)

    def open(self, name: str, flags: int) -> int:
        """Open a file in it."""
        if self.data is not None and self._leads_to_data(name):
            return os.open(name, flags, dir_fd=self.data)
        return os.open(name, flags, dir_fd=self.descriptor)

    def _leads_to_data(self, name: str) -> bool:
        try:
            return os.readlink(name, dir_fd=self.descriptor) == f"{DATA_LINK}/{name}"
        except OSError:
            return False

    def names(self) -> set[str]:
        within = self.descriptor if self.data is None else self.data
        listed = os.open(".", os.O_RDONLY | os.O_DIRECTORY, dir_fd=within)
        try:
            return set(os.listdir(listed))  # noqa: PTH208
        finally:
            os.close(listed)

    def is_current(self) -> bool:
        """Tell whether its path still leads to it."""
        return _same(self.path, self.descriptor) and (
            self.data is None or _same(DATA_LINK, self.data, self.descriptor)
        )

    def close(self) -> None:
        os.close(self.descriptor)
        if self.data is not None:
            os.close(self.data)


def _same(path: str, descriptor: int, directory: int | None = None) -> bool:
    try:
        return os.path.samestat(os.stat(path, dir_fd=directory), os.fstat(descriptor))
    except OSError:
        return False


class PinnedFiles:
    """Reads all files of one directory as they were at one time, and keeps what was read.

    A directory is opened once, with what its ``..data`` leads to, and its files are opened through
    it: whoever swaps a link to it meanwhile changes nothing.

    Args:
        base: The directory that relative paths start from.

    Attributes:
        inputs: What was read, by its absolute path, whether it was there or not.
    """

    def __init__(self, base: str) -> None:
        self._base = base
        self._directories: dict[str, _Directory] = {}
        self.inputs: dict[str, Input] = {}

    def text(self, path: _Path, max_bytes: int) -> tuple[str, int]:
        """Read a file; see ``Files``."""
        where = self.where(path)
        stamp = _stamp_to_keep(where)  # before it is read: a change in between is seen afterwards
        name = os.fspath(path)
        self.inputs[where] = Input(name, stamp, None)
        text, mode = read_text(path, max_bytes, self._open)
        self.inputs[where] = Input(name, stamp, text)
        return text, mode

    def names(self, directory: _Path) -> set[str]:
        """List a directory; see ``Files``."""
        where = self.where(directory)
        stamp = _stamp_to_keep(where)
        name = os.fspath(directory)
        self.inputs[where] = Input(name, stamp, None)
        names = self._directory(where).names() if _CAN_PIN else AS_FOUND.names(where)
        self.inputs[where] = Input(name, stamp, "\n".join(sorted(names)))
        return names

    def where(self, path: _Path) -> str:
        """Return where a path leads from the base."""
        return os.path.join(self._base, path)  # noqa: PTH118 - a Path would not keep every text

    def is_settled(self) -> bool:
        """Tell whether everything is still where it was read; if not, parts may not fit together."""
        return all(one.is_current() for one in self._directories.values())

    def _open(self, path: _Path, flags: int) -> int:
        where = self.where(path)
        if not _CAN_PIN:
            return os.open(where, flags)
        directory, name = os.path.split(where)
        return self._directory(directory).open(name, flags)

    def _directory(self, path: str) -> _Directory:
        found = self._directories.get(path)
        if found is None:
            found = self._directories[path] = _Directory.opened(path)
        return found

    def close(self) -> None:
        """Let go of the directories; what was read is kept."""
        for one in self._directories.values():
            one.close()
        self._directories.clear()
