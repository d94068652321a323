"""One thread that does a job when files change or when somebody asks for it."""

from __future__ import annotations

import logging
import queue
import threading
import time
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

import attrs

from meshconf.live.watching import FileWatcher

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from meshconf.sources.pinned import Input

__all__ = ["Worker"]

logger = logging.getLogger("meshconf")

#: Files have to be quiet for so many seconds before they are read, so that a program that writes
#: several of them, or one in several steps, is done; but a program that goes on and on is not
#: waited for longer than that.
QUIET = 0.5
LONGEST = 5.0

#: Without changes and requests, the thread waits so many seconds at a time.
IDLE = 3600.0

#: A thread that dies within so many seconds of its start is not replaced before they are over.
SHORT_LIFE = 1.0


@attrs.frozen(eq=False)
class Request:
    """A wish that the job be done, by a run that begins after it was made.

    Attributes:
        trigger: What asks for it.

        done: Is given what the job returned.
    """

    trigger: str
    done: Future[Any] = attrs.field(factory=Future)


class _Requests:
    """The requests that were made, and those among them that are being answered.

    Putting one in is safe in a signal handler, whatever it interrupts.
    """

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[Request] = queue.SimpleQueue()
        self._taken: list[Request] = []
        self._tried: list[Request] = []

    def put(self, request: Request) -> None:
        self._queue.put(request)

    def is_set(self) -> bool:
        return bool(self._taken) or not self._queue.empty()

    def wait(self, seconds: float) -> bool:
        if not self._taken:
            try:
                self._taken.append(self._queue.get(timeout=max(seconds, 0.0)))
            except queue.Empty:
                return False
        return True

    def take(self) -> list[Request]:
        """Take all that were made; they stay here until they are answered."""
        while not self._queue.empty():
            self._taken.append(self._queue.get())
        return self._taken

    def answer(self, result: Any) -> None:
        """Answer those that were taken."""
        taken, self._taken = self._taken, []
        for request in taken:
            request.done.set_result(result)

    def die(self, why: BaseException) -> None:
        """Leave those that were taken to another thread, but those that two threads died of."""
        taken, tried = self._taken, self._tried
        self._tried = [request for request in taken if request not in tried]
        self._taken = [*self._tried]
        for request in taken:
            if request in tried:
                msg = f"given up: two threads died of it, the last by {type(why).__name__}"
                request.done.set_exception(RuntimeError(msg))

    def cancel(self) -> None:
        """Give up those that are left."""
        for request in self.take():
            request.done.cancel()
        self._taken = []


class Worker:
    """Does a job in a thread of its own: at most one runs, and one waits.

    Args:
        name: The name of the thread.

        job: What is done. It is given what asked for it: what requests name, or ``file``.

        inputs: Returns what the job has read last.

        forked: Called in a child that was forked, before the thread starts there.
    """

    def __init__(
        self,
        name: str,
        job: Callable[[Sequence[str]], Any],
        inputs: Callable[[], Mapping[str, Input]],
        forked: Callable[[], None] = lambda: None,
    ) -> None:
        self._name = name
        self._job = job
        self._inputs = inputs
        self._forked = forked
        self._requests = _Requests()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = self._new_thread(0.0)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether its thread runs."""
        return self._thread.is_alive()

    @property
    def is_here(self) -> bool:
        """Whether the code that asks runs in its thread."""
        return threading.current_thread() is self._thread

    @property
    def is_stopping(self) -> bool:
        """Whether it was told to stop."""
        return self._stop.is_set()

    def ask(self, trigger: str) -> Future[Any]:
        """Ask for the job; a future of what it returns is given back.

        Any number of requests that come while it runs are answered by one run after it.

        Raises:
            RuntimeError: If its thread died, and no other can be started.
        """
        request = Request(trigger)
        with self._lock:  # whoever stops the thread sees the request, or is seen here
            if self.is_stopping:
                request.done.cancel()
            else:
                if not self.is_alive:
                    self._start_another(0.0)
                self._requests.put(request)
        return request.done

    def nudge(self, trigger: str) -> None:
        """Ask for the job without waiting for it; safe in a signal handler."""
        if not self.is_stopping:
            self._requests.put(Request(trigger))

    def tell_to_stop(self) -> None:
        """Tell the thread to stop; it does not wait for that."""
        with self._lock:
            self._stop.set()
        self._requests.put(Request("stop"))

    def stop(self, seconds: float) -> bool:
        """Stop the thread.

        Args:
            seconds: Wait no longer than that for a job that runs.

        Returns:
            Whether the thread has ended, or will as soon as the job that calls this returns.
        """
        self.tell_to_stop()
        if self.is_here:
            return True
        self._thread.join(seconds)
        return not self.is_alive

    def go_on_in_child(self) -> None:
        """Go on in a child that was forked: threads stay with the parent."""
        if not self.is_stopping:
            self._lock = threading.Lock()
            self._stop = threading.Event()
            self._requests = _Requests()
            self._forked()
            self._begin_again(0.0)

    def _new_thread(self, delay: float) -> threading.Thread:
        return threading.Thread(
            target=self._live, args=(delay, self._requests), name=self._name, daemon=True
        )

    def _begin_again(self, delay: float) -> None:
        """Start another thread, unless it is to stop; whoever looks for it finds it started."""
        with self._lock:
            if not self.is_stopping:
                self._start_another(delay)

    def _start_another(self, delay: float) -> None:
        thread = self._new_thread(delay)
        thread.start()
        self._thread = thread

    def _live(self, delay: float, requests: _Requests) -> None:
        """Work until it is to stop; if anything else ends it, another thread takes over."""
        began = time.monotonic()
        try:
            self._work(delay, requests)
        except BaseException as error:
            logger.critical("the thread %s died; another takes over", self._name, exc_info=True)
            requests.die(error)
        is_short = time.monotonic() - began < delay + SHORT_LIFE
        try:
            self._begin_again(SHORT_LIFE if is_short else 0.0)
        except RuntimeError:  # there are too many threads
            logger.critical("no thread can be started: the next reload tries it", exc_info=True)
            requests.cancel()
        if self.is_stopping:
            requests.cancel()

    def _work(self, delay: float, requests: _Requests) -> None:
        watcher = FileWatcher()
        try:
            self._stop.wait(delay)
            watcher.follow(self._inputs())
            while not self.is_stopping:
                changed = watcher.wait(IDLE, requests)
                if changed:
                    self._settle(watcher, requests)
                taken = requests.take()
                if self.is_stopping:
                    break
                if changed or taken:
                    triggers = [request.trigger for request in taken] or ["file"]
                    requests.answer(self._job(triggers))
                    watcher.follow(self._inputs())
        finally:
            watcher.close()

    def _settle(self, watcher: FileWatcher, requests: _Requests) -> None:
        """Wait until the files are quiet, or have not been for too long."""
        end = time.monotonic() + LONGEST
        while (left := end - time.monotonic()) > 0 and not requests.is_set():
            if not watcher.wait(min(QUIET - watcher.quiet_for, left), requests):
                break
