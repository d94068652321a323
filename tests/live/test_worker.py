"""The thread: when it works, how it dies, and what a process does to it."""

from __future__ import annotations

import asyncio
import ctypes
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import meshconf
from meshconf.live import process, watching
from meshconf.live.watching import FileWatcher, directories_of
from meshconf.live.worker import Request, Worker, _Requests
from meshconf.sources.pinned import Input, stamp_of
from tests.live.conftest import put, until

if TYPE_CHECKING:
    from collections.abc import Callable


def thread_of(live: Any) -> threading.Thread:
    """Return the thread of a Live."""
    thread: threading.Thread = live._worker._thread
    return thread


def until_limit(live: Any, number: int) -> None:
    """Wait for a number to be in force."""
    until(lambda: live.config.limit == number)


def kill(thread: threading.Thread) -> None:
    """Kill a thread, as only a fault of the interpreter or of C code could."""
    found = ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread.ident or 0), ctypes.py_object(SystemExit)
    )

    assert 1 == found


class TestDebounce:
    """R11: files are read when they are quiet, or after a while."""

    def test_steady_writer(self, watch):
        """A program that writes every 0.1 s for 10 s causes 1 to 3 reloads, and its end is seen."""
        live = watch("limit = 1\n")
        end = time.monotonic() + 10
        number = 1
        while time.monotonic() < end:
            number += 1
            put("app.toml", f"limit = {number}\n")
            time.sleep(0.1)
        until(lambda: live.config.limit == number)

        assert 1 <= live.status.attempts - 1 <= 3

    def test_several_files(self, watch):
        """Files that are written one after the other are read together."""
        put("more.toml", "left = 1\n")
        live = watch("right = 1\n", "more.toml")
        put("more.toml", "left = 2\n")
        time.sleep(0.2)
        put("app.toml", "right = 2\n")
        until(lambda: live.config.left == 2)

        assert 0 == live.status.failures

    def test_within_the_debounce(self, watch):
        """A change is in force half a second after it, and soon after that."""
        live = watch("limit = 1\n")
        began = time.monotonic()
        put("app.toml", "limit = 2\n")
        until(lambda: live.config.limit == 2)

        assert 0.5 <= time.monotonic() - began < 5

    def test_writer_that_goes_on(self, watch):
        """A program that goes on writing is not waited for: what it wrote is in force meanwhile."""
        live = watch("limit = 1\n")
        end = time.monotonic() + 8
        number = 1
        while time.monotonic() < end and live.config.limit == 1:
            number += 1
            put("app.toml", f"limit = {number}\n")
            time.sleep(0.1)

        assert live.config.limit > 1

    def test_a_request_does_not_wait(self, watch, monkeypatch: pytest.MonkeyPatch):
        """A reload that is asked for while files are not quiet yet comes at once."""
        monkeypatch.setattr("meshconf.live.worker.QUIET", 60.0)
        live = watch("limit = 1\n")
        put("app.toml", "limit = 2\n")
        time.sleep(1.2)  # the change is seen by now
        began = time.monotonic()

        assert 2 == live.reload().config.limit
        assert time.monotonic() - began < 30


@pytest.mark.usefixtures("soon")
class TestThread:
    """R10, R22: one daemon thread, that is made anew."""

    def test_is_one_daemon(self, watch):
        """There is one thread for each Live, named after its schema."""
        before = set(threading.enumerate())
        watch("limit = 1\n")
        [thread] = set(threading.enumerate()) - before

        assert thread.daemon
        assert "meshconf App" == thread.name

    def test_killed(self, watch, caplog: pytest.LogCaptureFixture):
        """A thread that is killed says so, and another one sees the next change."""
        live = watch("limit = 1\n")
        first = thread_of(live)
        kill(first)
        until(lambda: not first.is_alive())
        put("app.toml", "limit = 2\n")
        until(lambda: live.config.limit == 2)

        assert thread_of(live) is not first
        assert live.status.watcher_alive
        assert [("CRITICAL", "the thread meshconf App died; another takes over")] == [
            (one.levelname, one.message) for one in caplog.records if one.levelno > logging.ERROR
        ]

    def test_killed_while_it_works(self):
        """A request whose thread dies is answered by the next thread."""
        killed: list[threading.Thread] = []

        def job(_: object) -> int:
            if not killed:
                killed.append(threading.current_thread())
                raise SystemExit
            return 2

        worker = Worker("killed", job, dict)
        worker.start()

        assert 2 == worker.ask("reload").result(5)
        assert until(lambda: not killed[0].is_alive())

        worker.stop(5)

    def test_that_dies_at_work_again_and_again(self, monkeypatch: pytest.MonkeyPatch):
        """A request that two threads died of, one soon after the other, is given up."""
        starts: list[float] = []

        def job(_: object) -> None:
            starts.append(time.monotonic())
            raise SystemExit

        monkeypatch.setattr("meshconf.live.worker.SHORT_LIFE", 0.2)
        worker = Worker("short", job, dict)
        worker.start()
        asked = worker.ask("reload")

        with pytest.raises(RuntimeError, match="two threads died of it, the last by SystemExit"):
            asked.result(5)

        assert 2 == len(starts)
        assert 0.15 < starts[1] - starts[0]

        again = worker.ask("reload")

        with pytest.raises(RuntimeError):
            again.result(5)

        assert 4 == len(starts)

        worker.stop(5)

    def test_no_more_threads(self, monkeypatch: pytest.MonkeyPatch, watch):
        """Where no thread can be started, a reload says so; later, it starts one."""
        live = watch("limit = 1\n")
        start = threading.Thread.start

        def refuse(_: threading.Thread) -> None:
            raise RuntimeError("can't start new thread")

        monkeypatch.setattr(threading.Thread, "start", refuse)
        kill(thread_of(live))
        live._worker.nudge("reload")
        until(lambda: not live.status.watcher_alive)
        with pytest.raises(RuntimeError, match="can't start new thread"):
            live.reload()
        monkeypatch.setattr(threading.Thread, "start", start)
        put("app.toml", "limit = 2\n")

        assert 2 == live.reload().config.limit

    def test_asked_at_the_same_time(self, monkeypatch: pytest.MonkeyPatch):
        """Who finds the thread dead starts one, and so do not all who find it at the same time."""
        start, started = threading.Thread.start, []

        def slowly(thread: threading.Thread) -> None:
            if thread.name == "dead":
                started.append(thread)
                time.sleep(0.2)
            start(thread)

        monkeypatch.setattr(threading.Thread, "start", slowly)
        worker = Worker("dead", lambda _: 2, dict)
        with ThreadPoolExecutor(4) as threads:
            answers = [asked.result(5) for asked in threads.map(worker.ask, ["reload"] * 4)]
        worker.stop(5)

        assert [2, 2, 2, 2] == answers
        assert 1 == len(started)

    def test_that_dies_at_once_is_not_replaced_at_once(self, monkeypatch: pytest.MonkeyPatch):
        """Threads that die as they start follow each other slowly."""
        starts: list[float] = []

        def follow(*_: Any) -> None:
            starts.append(time.monotonic())
            raise SystemExit

        monkeypatch.setattr("meshconf.live.worker.SHORT_LIFE", 0.2)
        monkeypatch.setattr(FileWatcher, "follow", follow)
        worker = Worker("short", lambda _: None, dict)
        worker.start()
        until(lambda: len(starts) >= 3)
        worker.stop(5)

        assert 0.15 < starts[1] - starts[0]
        assert 0.15 < starts[2] - starts[1]

    def test_a_reload_in_a_subscriber(self, watch):
        """A subscriber may ask for a reload, which follows; it does not wait for itself."""
        live = watch("limit = 1\n")
        asked: list[int] = []

        def ask(_: Any, new: Any, __: Any) -> None:
            if new.limit == 2:
                put("app.toml", "limit = 3\n")
                asked.append(live.reload().config.limit)

        live.subscribe(ask)
        put("app.toml", "limit = 2\n")
        live.reload()
        until(lambda: live.config.limit == 3)

        assert [2] == asked

    def test_idle(self, monkeypatch: pytest.MonkeyPatch):
        """Without changes and requests, nothing is done however long it takes."""
        monkeypatch.setattr("meshconf.live.worker.IDLE", 0.01)
        done: list[object] = []
        worker = Worker("idle", done.append, dict)
        worker.start()
        time.sleep(0.2)
        worker.stop(5)

        assert [] == done

    def test_child_of_one_that_stopped(self):
        """One that was stopped starts no thread in a child."""
        worker = Worker("stopped", lambda _: None, dict)
        worker.start()
        worker.stop(5)
        worker.go_on_in_child()

        assert not worker.is_alive

    def test_request_that_comes_too_late(self):
        """A request to a thread that has stopped is given up at once."""
        worker = Worker("late", lambda _: None, dict)
        worker.start()
        worker.stop(5)

        assert worker.ask("reload").cancelled()

    def test_request_that_is_left(self):
        """Requests that are left when the thread stops are given up."""
        gate = threading.Event()
        worker = Worker("left", lambda _: gate.wait(5), dict)
        worker.start()
        running = worker.ask("one")
        time.sleep(0.1)
        left = worker.ask("two")
        worker.tell_to_stop()
        gate.set()
        until(lambda: not worker.is_alive)

        assert running.result(0)
        assert left.cancelled()

    def test_nudge_takes_no_lock(self):
        """A signal handler may interrupt whoever holds the lock, so it waits for none."""
        worker = Worker("nudged", lambda _: None, dict)
        thread = threading.Thread(target=worker.nudge, args=("sighup",))
        with worker._lock:
            thread.start()
            thread.join(2)

            assert not thread.is_alive()

    def test_killed_for_good(self, watch, monkeypatch: pytest.MonkeyPatch):
        """Where no other thread can be started, the status says that nothing is watched."""
        live = watch("limit = 1\n")
        monkeypatch.setattr(Worker, "_begin_again", lambda *_: None)
        kill(thread_of(live))

        assert until(lambda: not live.status.watcher_alive)

    def test_request_that_is_not_answered_yet(self):
        """Whoever waits does not wait while a request that was taken is still to be answered."""
        requests = _Requests()
        requests.put(Request("reload"))
        requests.take()
        began = time.monotonic()

        assert requests.wait(30)
        assert time.monotonic() - began < 10


SCRIPT = """
import os, sys, threading, time, warnings
warnings.simplefilter("ignore", DeprecationWarning)  # of a fork beside threads
import attrs, meshconf

@attrs.frozen
class App:
    limit: int = 0

def put(text):
    with open("new", "w") as file:
        file.write(text)
    os.replace("new", "app.toml")

def until(condition):
    end = time.monotonic() + 10
    while not condition():
        if time.monotonic() > end:
            print("waited in vain", flush=True)
            os._exit(9)
        time.sleep(0.01)

def follow(**options):
    return meshconf.watch("app.toml", schema=App, prefix="APP_", environ={}, **options)

"""


def run(folder: Path, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a script as a process of its own."""
    put(folder / "app.toml", "limit = 1\n")
    return subprocess.run(
        [sys.executable, "-X", "dev", "-c", SCRIPT + script, *arguments],
        check=False,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(Path(meshconf.__file__).parents[1])},
    )


KILL_LATER = """
import signal
def kill_later(child):
    timer = threading.Timer(5, os.kill, (child, signal.SIGKILL))
    timer.daemon = True
    timer.start()
"""

HELD_LOCKS = f"""{KILL_LATER}
live = follow()
live.reload()
held, gate = threading.Event(), threading.Event()
def hold():
    with live._worker._lock, live._subscribers._lock, live._subscribers.callbacks._lock:
        held.set()
        gate.wait(30)
threading.Thread(target=hold, daemon=True).start()
held.wait()
child = os.fork()
if child == 0:
    live.subscribe(lambda *_: None)
    put("limit = 2")
    print("child", live.reload().config.limit, flush=True)
    os._exit(0)
gate.set()
kill_later(child)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""

ASKED_BEFORE = """
live = follow()
gate, asked = threading.Event(), threading.Event()
live.subscribe(lambda *_: (asked.set(), gate.wait(5)))
put("limit = 2")
threading.Thread(target=live.reload, daemon=True).start()
asked.wait()
child = os.fork()
if child == 0:
    before = live.status.attempts
    time.sleep(0.3)
    print("child", live.status.attempts - before, flush=True)
    os._exit(0)
os.waitpid(child, 0)
gate.set()
"""

FORK_WHILE_IMPORTING = f"""{KILL_LATER}
live = follow()
threading.Thread(target=time.sleep, args=(9,), daemon=True).start()
time.sleep(0.2)
child = os.fork()
if child == 0:
    put("limit = 2")
    print("child", live.reload().config.limit, flush=True)
    os._exit(0)
kill_later(child)
os.waitpid(child, 0)
"""


class TestProcess:
    """R5, R20, R21, R22: what a process does to it."""

    def test_end_without_close(self, folder: Path):
        """A process that closes nothing ends as it would have, without a word."""
        ended = run(folder, "live = follow()\nother = follow()\nsys.exit(3)\n")

        assert (3, "", "") == (ended.returncode, ended.stdout, ended.stderr)

    def test_bad_edit_ends_no_process(self, folder: Path):
        """A start with errors ends the process; an edit with errors never does."""
        ended = run(
            folder,
            "live = follow()\n"
            'put("limit = 0.5")\nuntil(lambda: live.status.failures)\n'
            'os.remove("app.toml")\nuntil(lambda: live.status.failures > 1)\n'
            "print(live.config.limit, flush=True)\nlive.close()\nfollow()\n",
        )

        assert (1, "1\n") == (ended.returncode, ended.stdout)
        assert "meshconf.diagnostics.problem.ConfigError: error[MC401]" in ended.stderr

    def test_fork(self, folder: Path):
        """A child that was forked follows the files too, and so does its parent still."""
        ended = run(
            folder,
            """
live = follow()
child = os.fork()
if child == 0:
    until(lambda: live.config.limit == 2)
    same = live.reload() is live.snapshot
    live.close()
    print("child", live.config.limit, same, threading.active_count(), flush=True)
    os._exit(0)
time.sleep(0.2)
put("limit = 2")
os.waitpid(child, 0)
until(lambda: live.config.limit == 2)
put("limit = 3")
until(lambda: live.config.limit == 3)
print("parent", live.config.limit, threading.active_count())
""",
        )

        assert (0, "child 2 True 1\nparent 3 2\n") == (ended.returncode, ended.stdout)

    def test_fork_while_it_reloads(self, folder: Path):
        """A child that was forked in the midst of a reload waits for no lock of its parent."""
        ended = run(
            folder,
            """
gate = threading.Event()
live = follow()
live.subscribe(lambda *_: gate.wait(1))
put("limit = 2")
until(lambda: live.config.limit == 2)
child = os.fork()
if child == 0:
    put("limit = 3")
    print("child", live.reload().config.limit, flush=True)
    os._exit(0)
os.waitpid(child, 0)
gate.set()
until(lambda: live.config.limit == 3)
""",
        )

        assert (0, "child 3\n") == (ended.returncode, ended.stdout)

    def test_fork_after_close(self, folder: Path):
        """What was closed stays closed in a child."""
        ended = run(
            folder,
            """
live = follow()
live.close()
if os.fork() == 0:
    print(threading.active_count(), flush=True)
    os._exit(0)
os.wait()
""",
        )

        assert (0, "1\n") == (ended.returncode, ended.stdout)

    def test_sighup(self, folder: Path):
        """A storm of SIGHUP reloads at once, seldom, and calls what handled it before."""
        ended = run(
            folder,
            """
import signal
before = []
signal.signal(signal.SIGHUP, lambda *_: before.append(1))
with follow(sighup=True) as live:
    put("limit = 2")
    for _ in range(2000):
        os.kill(os.getpid(), signal.SIGHUP)
    until(lambda: live.config.limit == 2)
    until(lambda: live.attempt.trigger == "sighup")
    print(len(before) > 0, live.status.attempts < 1000)
os.kill(os.getpid(), signal.SIGHUP)
handler = signal.getsignal(signal.SIGHUP)
print(handler.__name__, threading.active_count())
""",
        )

        assert (0, "True True\n<lambda> 1\n") == (ended.returncode, ended.stdout)

    def test_sighup_by_choice(self, folder: Path):
        """Without being asked for, SIGHUP does what it does to any process."""
        ended = run(folder, "import signal\nlive = follow()\nos.kill(os.getpid(), signal.SIGHUP)\n")

        assert -signal.SIGHUP == ended.returncode

    def test_sighup_elsewhere(self, watch):
        """Outside the main thread, signals cannot be had, and nothing is left of the attempt."""
        caught: list[str] = []

        def start() -> None:
            with pytest.raises(ValueError, match="main thread") as error:
                watch("limit = 1\n", sighup=True)
            caught.append(str(error.value))

        threads = threading.active_count()
        thread = threading.Thread(target=start)
        thread.start()
        thread.join()

        assert ["sighup=True works in the main thread alone: call watch() there"] == caught
        until(lambda: threading.active_count() == threads)

    def test_sighup_of_two(self, watch):
        """Two that ask for SIGHUP both get it, and in the end it is handled as before."""
        before = signal.getsignal(signal.SIGHUP)
        first, second = watch("limit = 1\n", sighup=True), watch("limit = 1\n", sighup=True)
        os.kill(os.getpid(), signal.SIGHUP)
        until(lambda: first.attempt.trigger == second.attempt.trigger == "sighup")
        second.close()
        first.close()

        assert before == signal.getsignal(signal.SIGHUP)

    def test_sighup_of_two_that_end_in_their_order(self, watch):
        """So it is if the first ends first."""
        before = signal.getsignal(signal.SIGHUP)
        for live in [watch("limit = 1\n", sighup=True), watch("limit = 1\n", sighup=True)]:
            live.close()

        assert before == signal.getsignal(signal.SIGHUP)

    def test_sighup_on_a_loop(self, folder: Path):
        """The end of `async with` has SIGHUP handled as before."""
        ended = run(
            folder,
            """
import asyncio, signal
async def main():
    async with follow(sighup=True) as live:
        pass
asyncio.run(main())
print(signal.getsignal(signal.SIGHUP) == signal.SIG_DFL)
""",
        )

        assert (0, "True\n") == (ended.returncode, ended.stdout)

    def test_sighup_after_the_end_in_a_thread(self, folder: Path):
        """If another thread closed it, SIGHUP ends the process again."""
        ended = run(
            folder,
            """
import signal
live = follow(sighup=True)
thread = threading.Thread(target=live.close)
thread.start()
thread.join()
os.kill(os.getpid(), signal.SIGHUP)
time.sleep(5)
""",
        )

        assert -signal.SIGHUP == ended.returncode

    def test_no_sighup(self, watch, monkeypatch: pytest.MonkeyPatch):
        """Where there is no SIGHUP, asking for it says so."""
        monkeypatch.delattr(signal, "SIGHUP")
        with pytest.raises(ValueError, match=r"^this system has no SIGHUP$"):
            watch("limit = 1\n", sighup=True)

    def test_sighup_only_sets_a_flag(self, watch, caplog: pytest.LogCaptureFixture):
        """The handler of SIGHUP logs nothing and reads nothing: it may have interrupted whoever does."""
        caplog.set_level(logging.INFO, "meshconf")
        read: list[str] = []
        live = watch("limit = 1\n", sighup=True)
        live.observe(lambda _: read.append(threading.current_thread().name))
        caplog.clear()
        handler = signal.getsignal(signal.SIGHUP)
        assert callable(handler)
        handler(signal.SIGHUP, None)
        until(lambda: read)

        assert ["meshconf App"] == read
        assert [] == caplog.records

    def test_fork_while_locks_are_taken(self, folder: Path):
        """A child that was forked while other threads held the locks has locks of its own."""
        ended = run(folder, HELD_LOCKS)

        assert (0, "child 2\n0\n") == (ended.returncode, ended.stdout)

    def test_fork_does_not_repeat_what_is_asked(self, folder: Path):
        """What a parent asked for before a fork is answered in the parent alone."""
        ended = run(folder, ASKED_BEFORE)

        assert (0, "child 0\n") == (ended.returncode, ended.stdout)

    def test_fork_while_it_imports(self, folder: Path):
        """A child that is forked while watchfiles is imported for the first time waits for no import."""
        (folder / "watchfiles").mkdir()
        (folder / "watchfiles" / "__init__.py").touch()
        slow = "import time\ntime.sleep(1)\n"
        (folder / "watchfiles" / "_rust_notify.py").write_text(slow)
        ended = run(folder, FORK_WHILE_IMPORTING)

        assert (0, "child 2\n") == (ended.returncode, ended.stdout)


class TestHooks:
    """The hooks of the process, without another process."""

    def test_end(self, watch):
        """The end of the process stops all that are open."""
        live, other = watch("limit = 1\n"), watch("limit = 1\n")
        process._stop_all()

        assert not live.status.watcher_alive
        assert not other.status.watcher_alive

    def test_child(self, watch, monkeypatch: pytest.MonkeyPatch):
        """In a child a thread is started for each that is open; here it is one more."""
        live = watch("limit = 1\n")
        first = thread_of(live)
        process._go_on_in_child()
        second = thread_of(live)
        put("app.toml", "limit = 2\n")

        assert first is not second
        assert 2 == live.reload().config.limit
        live._worker._thread = first
        live.close()

    def test_sighup_on_a_loop(self, watch):
        """The end of `async with` has SIGHUP handled as before."""
        before = signal.getsignal(signal.SIGHUP)

        async def main() -> None:
            async with watch("limit = 1\n", sighup=True):
                assert before != signal.getsignal(signal.SIGHUP)

        asyncio.run(main())

        assert before == signal.getsignal(signal.SIGHUP)

    def test_sighup_after_the_end_in_a_thread(self, watch, monkeypatch: pytest.MonkeyPatch):
        """A handler that another thread left behind gives way at the next signal, and repeats it."""
        raised: list[int] = []
        monkeypatch.setattr(signal, "raise_signal", raised.append)
        before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
        try:
            live = watch("limit = 1\n", sighup=True)
            thread = threading.Thread(target=live.close)
            thread.start()
            thread.join()
            process._hung_up(signal.SIGHUP, None)

            assert signal.SIG_DFL == signal.getsignal(signal.SIGHUP)
            assert [signal.SIGHUP] == raised
            process._hung_up(signal.SIGHUP, None)  # of a signal that came at the same time
        finally:
            signal.signal(signal.SIGHUP, before)

    def test_handler_of_somebody_else(self, watch):
        """A handler that was put over it meanwhile is left alone."""
        before = signal.getsignal(signal.SIGHUP)
        live = watch("limit = 1\n", sighup=True)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        live.close()

        assert signal.SIG_IGN == signal.getsignal(signal.SIGHUP)

        signal.signal(signal.SIGHUP, before)

    def test_nudge_after_the_end(self):
        """A signal that comes after the end leaves nothing behind."""
        worker = Worker("over", lambda _: None, dict)
        worker.start()
        worker.stop(5)
        worker.nudge("sighup")

        assert not worker._requests.is_set()

    def test_sighup_calls_what_handled_it_before(self, watch):
        """A handler of before is called too, and is there again at the end."""
        called: list[Any] = []

        def handler(*arguments: Any) -> None:
            called.append(arguments)

        before = signal.signal(signal.SIGHUP, handler)
        try:
            with watch("limit = 1\n", sighup=True):
                process._hung_up(signal.SIGHUP, None)

            assert [(signal.SIGHUP, None)] == called
            assert handler is signal.getsignal(signal.SIGHUP)
        finally:
            signal.signal(signal.SIGHUP, before)


class Broken:
    """What waits for reports, broken."""

    def pause(self, *_: Any) -> float:
        raise RuntimeError

    def close(self) -> None: ...


class TestWatcher:
    """What is watched, and by what."""

    @pytest.fixture
    def look(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
        """Have a watcher look three times, at something that takes time; tell when it did."""

        def three_times(take_time: Callable[[], None]) -> list[tuple[float, float]]:
            looks: list[tuple[float, float]] = []
            enough = threading.Event()

            def stamp(path: str) -> Any:
                began = time.monotonic()
                take_time()
                looks.append((began, time.monotonic()))
                if len(looks) == 3:
                    enough.set()
                return stamp_of(path)

            watcher = FileWatcher()
            watcher._stamps = {str(tmp_path): stamp_of(str(tmp_path))}
            monkeypatch.setattr("meshconf.live.watching.stamp_of", stamp)
            watcher.wait(60, enough)
            return looks

        return three_times

    def test_says_when_reports_fail(
        self, watch, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ):
        """If changes cannot be reported, it says so once and looks for them."""

        class TooMany:
            def __init__(self, *_: Any) -> None:
                raise OSError("too many")

        monkeypatch.setattr("watchfiles._rust_notify.RustNotify", TooMany)
        monkeypatch.setattr("meshconf.live.worker.QUIET", 0.05)
        live = watch("limit = 1\n")
        for number in (2, 3):
            put("app.toml", f"limit = {number}\n")
            until_limit(live, number)

        assert [
            "changes of files are not reported (OSError): they are looked for every 0.05 s"
        ] == [one.message for one in caplog.records]

    def test_says_when_reports_stop(self, tmp_path: Path, caplog: pytest.LogCaptureFixture):
        """If the reports of changes break off, it says so and looks for them."""
        file = tmp_path / "app.toml"
        put(file, "limit = 1\n")
        watcher = FileWatcher()
        watcher.follow({str(file): Input("app.toml", stamp_of(str(file)), "")})
        watcher._pauses = Broken()
        watcher.wait(0.05, threading.Event())
        put(file, "limit = 2\n")

        assert watcher.wait(5, threading.Event())
        assert "changes of files are not reported (RuntimeError)" in caplog.text

        watcher._pauses = Broken()
        watcher.wait(0.05, threading.Event())

        assert 1 == len(caplog.records)
        watcher.close()

    def test_busy_looks_are_rare(self, look: Any):
        """Where a look computes for long, as with many inputs, it is rare."""

        def compute() -> None:
            end = time.thread_time() + 0.005
            while time.thread_time() < end:
                pass

        for (_, ended), (following, _) in pairwise(look(compute)):
            assert 99 * 0.005 <= following - ended

    def test_slow_looks_are_seldom(self, look: Any):
        """Where it waits, for a slow file system or a busy machine, it is not as rare as that."""
        for (began, ended), (following, _) in pairwise(look(lambda: time.sleep(0.1))):
            assert 0.1 <= following - ended < 99 * (ended - began)

    def test_is_interrupted(self, tmp_path: Path):
        """Something else to do ends the wait."""
        watcher = FileWatcher()
        event = threading.Event()
        event.set()

        assert not watcher.wait(60, event)

    def test_directories(self, tmp_path: Path):
        """The directories of the file and of all links on the way decide; of what is missing, the last that is there."""
        real = tmp_path / "real" / "deep"
        real.mkdir(parents=True)
        (real / "app.toml").touch()
        (tmp_path / "link").symlink_to("real")
        (tmp_path / "up").symlink_to(tmp_path / "link" / ".." / "link")
        (tmp_path / "file").symlink_to("up/deep/app.toml")

        assert {str(tmp_path), str(real)} == set(directories_of([str(tmp_path / "file")]))
        assert {str(real)} == set(directories_of([str(real)]))
        assert {str(real)} == set(directories_of([str(real / "none" / "app.toml")]))

    def test_link_to_itself(self, tmp_path: Path):
        """A link that leads to itself is followed no further."""
        (tmp_path / "loop").symlink_to("loop")

        assert {str(tmp_path)} == set(directories_of([str(tmp_path / "loop")]))

    def test_no_path(self):
        """What is no path has no directory but the root."""
        assert {"/"} == set(directories_of(["/a\0b"]))

    def test_link_that_goes(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """A link that goes away while it is looked at is as one that is missing."""
        (tmp_path / "link").symlink_to("real")

        def gone(_: str) -> str:
            raise FileNotFoundError

        monkeypatch.setattr("meshconf.live.watching.os.readlink", gone)

        assert {str(tmp_path)} == set(directories_of([str(tmp_path / "link")]))

    def test_directory_that_goes(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """A directory that goes away while it is looked at is left out."""
        monkeypatch.setattr(
            "meshconf.live.watching._deciding", lambda _: iter([str(tmp_path / "gone")])
        )

        assert {} == directories_of(["/any"])

    @pytest.mark.parametrize("sort", ["renamed", "link", "directory"])
    def test_reports_suffice(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sort: str):
        """Changes are reported time and again, also of what took the place of the file or of a directory."""
        monkeypatch.setattr("meshconf.live.watching.REPORTED", 60.0)
        file = tmp_path / "conf" / "app.toml"

        def change(number: int) -> None:
            if sort == "renamed" or number % 2:
                put(file, f"limit = {number}\n")
            elif sort == "link":
                (tmp_path / str(number)).mkdir()
                (tmp_path / str(number) / "app.toml").touch()
                (tmp_path / "new").symlink_to(str(number))
                (tmp_path / "new").rename(tmp_path / "conf")
            else:  # moved away, not removed: its inode must not be used again
                (tmp_path / "conf").rename(tmp_path / str(number))
                (tmp_path / "conf").mkdir()
                file.touch()

        if sort == "link":
            change(0)
        else:
            (tmp_path / "conf").mkdir()
        watcher = FileWatcher()
        for number in range(1, 6):
            watcher.follow({str(file): Input("app.toml", stamp_of(str(file)), "")})
            timer = threading.Timer(0.2, change, (number,))
            timer.start()

            assert watcher.wait(30, threading.Event())
            assert not isinstance(watcher._pauses, watching._Polling)
            timer.join()
        watcher.close()

    def test_looks_when_nothing_is_reported(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """A change that is never reported is seen all the same, at the next look."""

        class Deaf:
            def __init__(self, *_: Any) -> None: ...

            def watch(self, _: int, __: int, timeout: int, stop: threading.Event) -> str:
                stop.wait(timeout / 1000)
                return "timeout"

            def close(self) -> None: ...

        monkeypatch.setattr("watchfiles._rust_notify.RustNotify", Deaf)
        file = tmp_path / "app.toml"
        put(file, "limit = 1\n")
        watcher = FileWatcher()
        watcher.follow({str(file): Input("app.toml", stamp_of(str(file)), "")})
        threading.Timer(0.1, put, (file, "limit = 2\n")).start()

        assert watcher.wait(30, threading.Event())


class TestAsync:
    """R22: asynchronous subscribers run on their own loop."""

    def test_changes(self, watch):
        """The iterator gives each update, and ends when the Live is closed."""

        async def follow() -> list[tuple[int, int, int, list[str]]]:
            seen = []
            async with watch("limit = 1\n") as live:
                changes = live.changes()
                for number in (2, 3):
                    put("app.toml", f"limit = {number}\n")
                    await asyncio.to_thread(live.reload)
                    update = await asyncio.wait_for(changes.__anext__(), 5)
                    paths = [one.path for one in update.changes]
                    seen.append((update.generation, update.old.limit, update.new.limit, paths))
            async for update in changes:
                seen.append(update)
            return seen

        assert [(2, 1, 2, ["limit"]), (3, 2, 3, ["limit"])] == asyncio.run(follow())

    def test_slow_reader_skips(self, watch):
        """One that takes long gets one update from what it saw last to what is now."""

        async def follow() -> tuple[int, int, int]:
            live = watch("limit = 1\n")
            changes = live.changes()
            for number in (2, 3, 4):
                put("app.toml", f"limit = {number}\n")
                await asyncio.to_thread(live.reload)
            async for update in changes:
                return update.generation, update.old.limit, update.new.limit
            return 0, 0, 0

        assert (4, 1, 4) == asyncio.run(follow())

    def test_waits_for_a_change_of_a_file(self, watch):
        """A reader that waits is woken by a change of the file."""

        async def follow() -> int:
            async with watch("limit = 1\n") as live:
                asyncio.get_running_loop().call_later(0.1, put, "app.toml", "limit = 2\n")
                async for update in live.changes():
                    return int(update.new.limit)
            return 0

        assert 2 == asyncio.run(follow())

    def test_close_ends_a_reader_that_waits(self, watch):
        """A reader that waits is ended by the close of the Live."""

        async def follow() -> str:
            live = watch("limit = 1\n")
            asyncio.get_running_loop().call_later(0.1, live.close)
            async for _ in live.changes():
                pass
            return "ended"

        assert "ended" == asyncio.run(follow())

    def test_subscriber(self, watch):
        """A coroutine function is called on the loop that subscribed it, until it is cancelled."""

        async def follow() -> list[Any]:
            told: list[Any] = []
            live = watch("limit = 1\n")
            loop = asyncio.get_running_loop()

            async def tell(old: Any, new: Any, changes: Any) -> None:
                await asyncio.sleep(0)
                told.append((asyncio.get_running_loop() is loop, old.limit, new.limit, changes))

            cancel = live.subscribe(tell)
            put("app.toml", "limit = 2\n")
            await asyncio.to_thread(live.reload)
            while not told:
                await asyncio.sleep(0.01)
            cancel()
            await asyncio.sleep(0.01)
            put("app.toml", "limit = 3\n")
            await asyncio.to_thread(live.reload)
            await asyncio.sleep(0.05)
            cancel()
            return told

        [(on_loop, old, new, changes)] = asyncio.run(follow())

        assert (True, 1, 2, ["limit"]) == (on_loop, old, new, [one.path for one in changes])

    def test_object_with_an_asynchronous_call(self, watch):
        """An object whose call is a coroutine is a coroutine function too."""

        class Told:
            count = 0

            async def __call__(self, *_: Any) -> None:
                self.count += 1

        async def follow() -> int:
            told = Told()
            async with watch("limit = 1\n") as live:
                live.subscribe(told)
                put("app.toml", "limit = 2\n")
                await asyncio.to_thread(live.reload)
                await asyncio.sleep(0.05)
            return told.count

        assert 1 == asyncio.run(follow())

    def test_subscriber_that_raises(self, watch):
        """What a coroutine raises is counted, and it is called again."""

        async def follow() -> Any:
            async with watch("limit = 1\n") as live:

                async def fail(_: Any, new: Any, __: Any) -> None:
                    raise ValueError(str(new.limit))

                live.subscribe(fail)
                for number in (2, 3):
                    put("app.toml", f"limit = {number}\n")
                    await asyncio.to_thread(live.reload)
                    while live.status.subscriber_errors < number - 1:
                        await asyncio.sleep(0.01)
                return live.status

        status = asyncio.run(follow())

        assert 2 == status.subscriber_errors
        assert "fail raised ValueError in test_worker.py" in status.last_subscriber_error

    def test_without_a_loop(self, watch):
        """A coroutine function needs a loop that runs."""

        async def tell(*_: Any) -> None: ...

        live = watch("limit = 1\n")
        with pytest.raises(RuntimeError, match="no running event loop"):
            live.subscribe(tell)

    def test_loop_that_is_over(self, watch):
        """A loop that is closed is told nothing, and what comes after goes on."""
        live = watch("limit = 1\n")
        kept: list[Any] = []

        async def follow() -> None:
            kept.append(live.changes())
            kept.append(live.subscribe(Ignoring()))

        asyncio.run(follow())
        put("app.toml", "limit = 2\n")

        assert 2 == live.reload().config.limit
        kept[1]()


class Ignoring:
    """A subscriber that does nothing."""

    async def __call__(self, *_: Any) -> None: ...
