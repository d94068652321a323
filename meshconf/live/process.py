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


def add(follower: Follower) -> None:
    """Let somebody know of forks and of the end."""
    _followers.add(follower)


def remove(follower: Follower) -> None:
    """Let somebody be."""
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
    before = signal.getsignal(signal.SIGHUP)

    def handle(number: int, frame: Any) -> None:
        nudge()
        if callable(before):
            before(number, frame)

    signal.signal(signal.SIGHUP, handle)

    def undo() -> None:
        is_ours = signal.getsignal(signal.SIGHUP) is handle
        if is_ours and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGHUP, before)

    return undo
