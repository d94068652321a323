"""What happens to a process, and what it means for those who follow files in it.

The interpreter knows one list of hooks for each of a fork and its end, so the objects that these
concern have to be known here, for as long as they are open.
"""

from __future__ import annotations

import atexit
import os
import signal
import threading
import weakref
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["add", "on_hangup", "remove"]

#: At the end of a process, all threads together are waited for so many seconds.
PATIENCE = 1.0


class Follower(Protocol):
    """Has a thread, and locks that it may have taken."""

    def go_on_in_child(self) -> None:
        """Go on in a child that was forked."""
        ...

    def tell_to_stop(self) -> None:
        """Tell the thread to stop."""
        ...

    def stop(self, seconds: float) -> bool:
        """Wait for the thread to stop."""
        ...


_followers: weakref.WeakSet[Follower] = weakref.WeakSet()

#: What is called at SIGHUP, and what was done before: a process has one handler for it.
_nudges: list[Callable[[], None]] = []
_before: list[Any] = []


def add(follower: Follower) -> None:
    """Tell somebody of forks, and of the end of the process."""
    _followers.add(follower)


def remove(follower: Follower) -> None:
    """Tell somebody no longer."""
    _followers.discard(follower)


def _go_on_in_child() -> None:
    for one in list(_followers):
        one.go_on_in_child()


def _stop_all() -> None:
    """Stop all threads before the interpreter does: it would stop them in the midst of a call."""
    followers = list(_followers)
    for one in followers:
        one.tell_to_stop()
    for one in followers:
        one.stop(PATIENCE / len(followers))


# Windows knows no forks.
getattr(os, "register_at_fork", dict)(after_in_child=_go_on_in_child)
atexit.register(_stop_all)


def on_hangup(nudge: Callable[[], None]) -> Callable[[], None]:
    """Call a function at SIGHUP, after what was called before; it may only set a flag.

    Returns:
        A function that undoes it.

    Raises:
        ValueError: If there is no such signal, or this is not the main thread, which alone may
            say what a signal does.
    """
    if not hasattr(signal, "SIGHUP"):
        msg = "this system has no SIGHUP"
        raise ValueError(msg)
    if threading.current_thread() is not threading.main_thread():
        msg = "sighup=True works in the main thread alone: call watch() there"
        raise ValueError(msg)
    if signal.getsignal(signal.SIGHUP) is not _hung_up:
        _before[:] = [signal.signal(signal.SIGHUP, _hung_up)]
    _nudges.append(nudge)

    def undo() -> None:
        if nudge in _nudges:
            _nudges.remove(nudge)
        if not _nudges and threading.current_thread() is threading.main_thread():
            _restore()

    return undo


def _hung_up(number: int, frame: Any) -> None:
    for nudge in _nudges:
        nudge()
    before = _before[-1] if _before else None
    if callable(before):
        before(number, frame)
    if not _nudges:  # the last one was taken out in another thread
        _restore()
        if before is signal.SIG_DFL:
            signal.raise_signal(signal.SIGHUP)


def _restore() -> None:
    """Have done at SIGHUP what was done before, unless somebody else sees to it by now."""
    if signal.getsignal(signal.SIGHUP) is _hung_up:
        signal.signal(signal.SIGHUP, _before.pop() or signal.SIG_DFL)
