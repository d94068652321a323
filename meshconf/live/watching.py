"""Telling when files change: by what the operating system says, or by looking.

The stamps of the inputs are the one judge of whether something changed. What the operating system
reports, where watchfiles is installed, only says when to look; once a second they are looked at in
any case, since a notification can be missed: a directory that is made anew is another one.
"""

from __future__ import annotations

import contextlib
import logging
import os
import stat
import time
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

from meshconf.sources.pinned import stamp_of

# Here, and not first in the thread that watches: a child that is forked meanwhile would wait for it.
with contextlib.suppress(ImportError):
    import_module("watchfiles._rust_notify")

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from meshconf.sources.pinned import Input, Stamp

__all__ = ["FileWatcher", "Interrupt", "directories_of"]

logger = logging.getLogger("meshconf")

#: How long the inputs go without a look, in seconds: where nothing reports changes, and where
#: something does.
POLLED = 0.05
REPORTED = 1.0

#: After a look, at least so many times as long is waited as it computed: many inputs cost no more
#: than one percent of a processor. Where a look waits, for a slow file system or a busy machine, it
#: is as long until the next one as it took.
REST = 100

#: watchfiles looks at what it heard every so many milliseconds: the less, the sooner a change is
#: seen, and the more an idle process works. Short waits can afford more.
STEP = 50
SHORT_STEP = 10

#: It waits no longer than so many milliseconds for reports to be over that follow each other.
LONGEST_REPORT = 1000

#: Links that lead to links are followed so often, as Linux does.
MOST_LINKS = 40


class Interrupt(Protocol):
    """Something that ends a wait."""

    def is_set(self) -> bool:
        """Tell whether there is something to do."""
        ...

    def wait(self, seconds: float) -> bool:
        """Wait until there is something to do; tell whether there is."""
        ...


class _Pauses(Protocol):
    """Waits until files may have changed."""

    def pause(self, seconds: float, interrupt: Interrupt) -> float:
        """Wait for at most so many seconds; return for how many of them all is known to be quiet."""
        ...

    def close(self) -> None:
        """Let go of what it holds."""
        ...


class _Polling:
    """Waits a fixed time."""

    def pause(self, seconds: float, interrupt: Interrupt) -> float:
        interrupt.wait(min(POLLED, seconds))
        return 0.0

    def close(self) -> None:
        pass


class _Notified:
    """Waits until the operating system reports a change in one of some directories."""

    def __init__(self, directories: Iterable[str]) -> None:
        # Its documented direct interface: `watchfiles.watch` would log each change of any file.
        from watchfiles._rust_notify import RustNotify

        debug, force_polling, poll_delay, recursive, ignore_denied = False, False, 300, False, True
        self._notify = RustNotify(
            sorted(directories), debug, force_polling, poll_delay, recursive, ignore_denied
        )

    def pause(self, seconds: float, interrupt: Interrupt) -> float:
        step = STEP if seconds > REPORTED else SHORT_STEP
        timeout = max(step, int(min(REPORTED, seconds) * 1000))
        told = self._notify.watch(LONGEST_REPORT, step, timeout, interrupt)
        return step / 1000 if isinstance(told, set) else 0.0  # after the last report, one step

    def close(self) -> None:
        self._notify.close()


class FileWatcher:
    """Waits for changes of files, whether something reports them or not.

    Attributes:
        quiet_for: When the last wait ended, so many seconds had passed since the last report.
    """

    def __init__(self) -> None:
        self._stamps: dict[str, Stamp] = {}
        self._directories: dict[str, tuple[int, int]] = {}
        self._pauses: _Pauses = _Polling()
        self._has_warned = False
        self._rest = 0.0
        self.quiet_for = 0.0

    def follow(self, inputs: Mapping[str, Input]) -> None:
        """Wait from now on for changes of inputs since they were read.

        Args:
            inputs: What was read, by its absolute path.
        """
        self._stamps = {path: one.stamp for path, one in inputs.items()}
        directories = directories_of(inputs)
        if directories != self._directories:
            self._stop_listening()
            self._directories = directories
            self._be_notified()

    def wait(self, seconds: float, interrupt: Interrupt) -> bool:
        """Wait until an input changed.

        Args:
            seconds: Wait no longer than that.

            interrupt: Ends it too.

        Returns:
            Whether an input changed; from then on, it waits for the next change. ``quiet_for``
            says for how many seconds there has been no further one.
        """
        self.quiet_for = 0.0
        end = time.monotonic() + seconds
        while not self._has_changed():  # it may have before anybody listened
            if (rest := self._rest) > POLLED:
                interrupt.wait(min(rest, end - time.monotonic()))
            left = end - time.monotonic()
            if left <= 0 or interrupt.is_set():
                return False
            try:
                self.quiet_for = self._pauses.pause(left, interrupt)
            except Exception as error:
                self._only_look(error)
        return True

    def close(self) -> None:
        """Let go of what it holds."""
        self._directories = {}
        self._stop_listening()

    def _stop_listening(self) -> None:
        pauses, self._pauses = self._pauses, _Polling()
        pauses.close()

    def _has_changed(self) -> bool:
        began, computed = time.monotonic(), time.thread_time()
        stamps = {path: stamp_of(path) for path in self._stamps}
        changed = stamps != self._stamps
        self._stamps = stamps
        self._rest = max(REST * (time.thread_time() - computed), time.monotonic() - began)
        return changed

    def _be_notified(self) -> None:
        try:
            self._pauses = _Notified(self._directories)
        except ImportError:  # the extra is not installed
            pass
        except Exception as error:  # too many watches, or a directory that is gone again
            self._only_look(error)

    def _only_look(self, error: Exception) -> None:
        """Do without reports of changes until the directories are others."""
        self._stop_listening()
        if not self._has_warned:
            self._has_warned = True
            logger.warning(
                "changes of files are not reported (%s): they are looked for every %g s",
                type(error).__name__,
                POLLED,
            )


def directories_of(paths: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Return the directories in which something decides what paths lead to.

    Those are the one that holds the file, and for each symbolic link on the way the one that holds
    the link; of what does not exist, the last directory that does.

    Args:
        paths: Absolute paths.

    Returns:
        The device and the inode of each directory, which tell it from one made anew at its path.
    """
    found: dict[str, tuple[int, int]] = {}
    for directory in dict.fromkeys(each for path in paths for each in _deciding(path)):
        with contextlib.suppress(OSError, ValueError):
            status = os.stat(directory)  # noqa: PTH116 - the paths are texts
            found[directory] = (status.st_dev, status.st_ino)
    return found


def _deciding(path: str) -> Iterator[str]:
    """Yield the directories whose entries decide what a path leads to."""
    at, parts = "/", _parts(path)
    links = 0
    while parts:
        here = os.path.join(at, parts.pop())  # noqa: PTH118
        try:
            mode = os.lstat(here).st_mode
            target = os.readlink(here) if stat.S_ISLNK(mode) else None  # noqa: PTH115
        except (OSError, ValueError):
            yield at
            return
        if target is not None:
            yield at
            links += 1
            if links > MOST_LINKS:
                return
            at = "/" if os.path.isabs(target) else at  # noqa: PTH117
            parts += _parts(target)
        elif stat.S_ISDIR(mode):
            at = os.path.normpath(here)  # no link is in it, so `..` means what it says
        else:
            yield at
            return
    yield at  # it is a directory itself


def _parts(path: str) -> list[str]:
    """Split a path, its first part last."""
    return [part for part in reversed(path.split("/")) if part]
