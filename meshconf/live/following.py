"""Threads that follow documents in stores, one for each: an answer is waited for a minute."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from meshconf.sources.session import Session

__all__ = ["StoreFollower"]

logger = logging.getLogger("meshconf")

#: A thread that dies is replaced after so many seconds.
SHORT_LIFE = 1.0


class StoreFollower:
    """Follows a document in a store in a thread of its own.

    Args:
        session: Asks for the document.

        changed: Called when there is another document, or it can no longer be had, or can again.
    """

    def __init__(self, session: Session, changed: Callable[[], None]) -> None:
        self._session = session
        self._changed = changed
        self._stop = threading.Event()
        self._thread = self._new_thread()

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether its thread runs."""
        return self._thread.is_alive()

    def tell_to_stop(self) -> None:
        """Tell the thread to stop; it does not wait for that."""
        self._stop.set()
        self._session.interrupt()

    def stop(self, seconds: float) -> bool:
        """Stop the thread; wait no longer than so many seconds, and tell whether it has ended."""
        self.tell_to_stop()
        self._thread.join(seconds)
        return not self.is_alive

    def go_on_in_child(self) -> None:
        """Go on in a child that was forked: threads and connections stay with the parent."""
        if not self._stop.is_set():
            self._stop = threading.Event()
            self._session.go_on_in_child()
            self._thread = self._new_thread()
            self._thread.start()

    def _new_thread(self) -> threading.Thread:
        name = f"meshconf {self._session.store.name}"
        return threading.Thread(target=self._live, name=name, daemon=True)

    def _live(self) -> None:
        """Follow until it is to stop, whatever happens meanwhile."""
        while not self._stop.is_set():
            try:
                self._session.follow(self._changed)
            except BaseException:
                name = self._session.store.name
                logger.critical("following %s broke off; it begins again", name, exc_info=True)
                self._session.close()  # what was heard and not told is asked for again
                self._stop.wait(SHORT_LIFE)
        self._session.close()
