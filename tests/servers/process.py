"""A server's process: on loopback, with free ports, and never left behind."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: A server answers within so many seconds, or its start has failed.
PATIENCE = 30.0

#: Kills a process group and removes its folder when its standard input ends, as it does with
#: whoever holds the other end.
_GUARD = 'read -r _; kill -s KILL -- "-$0"; rm -rf -- "$1"'


class ServerFailed(Exception):  # noqa: N818 - it is told, not caught
    """A server ended at once, or did not answer in time; its log is in the message."""


def free_ports(number: int) -> list[int]:
    """Find ports that nobody uses, neither for TCP nor for UDP.

    They lie below those that the system gives to outgoing connections, so that a server that is
    started again finds its own still free.
    """
    found: list[int] = []
    while len(found) < number:
        port = random.SystemRandom().randrange(20_000, 32_000)
        if port not in found and _is_free(port):
            found.append(port)
    return found


def _is_free(port: int) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            if kind is socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True


class Process:
    """A program in a process group and a folder of its own.

    Should this Python die, by whatever, a guard kills the group and removes the folder.
    """

    def __init__(self, name: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=f"{name}-"))
        self.data = self.folder / "data"
        self.data.mkdir()
        self._log = self.folder / "log"
        self._server: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        """Whether the program was started, and has not ended."""
        return self._server is not None and self._server.poll() is None

    @property
    def pid(self) -> int:
        """The process, which leads its group."""
        assert self._server is not None, "the server is stopped"
        return self._server.pid

    @property
    def log(self) -> str:
        """What it has printed since the last start."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def start(self, command: Sequence[str], is_ready: Callable[[], bool]) -> None:
        """Run a command until it is ready; OSError from the question means not yet.

        Raises:
            ServerFailed: If it ends, or is not ready in time.
        """
        assert self._server is None, "the server is started already"
        try:
            with self._log.open("wb") as log:
                self._server = subprocess.Popen(
                    command,
                    cwd=self.folder,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            self._guard = subprocess.Popen(
                ["/bin/sh", "-c", _GUARD, str(self._server.pid), str(self.folder)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            self._wait(is_ready)
        except BaseException:
            self.stop()
            raise

    def _wait(self, is_ready: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while self.is_running and time.monotonic() < end:
            with contextlib.suppress(OSError):
                if is_ready() and self.is_running:
                    return
            time.sleep(0.02)
        raise ServerFailed(self.log[-4000:])

    def stop(self, by: signal.Signals = signal.SIGKILL) -> None:
        """End it and wait for its end: like a crash, or as it likes if asked by SIGTERM.

        What does not end by itself within 10 seconds is killed.
        """
        server, self._server = self._server, None
        guard, self._guard = self._guard, None
        if server is not None:
            try:
                os.killpg(server.pid, signal.SIGCONT)
                os.killpg(server.pid, by)
                server.wait(10)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                pass
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(server.pid, signal.SIGKILL)
                server.wait()
        if guard is not None:
            guard.kill()
            guard.communicate()

    def pause(self) -> None:
        """Let it hang: connections are taken, and nobody answers."""
        os.killpg(self.pid, signal.SIGSTOP)
        os.waitpid(self.pid, os.WUNTRACED)  # until then, it may still answer

    def resume(self) -> None:
        """Let it go on after a pause."""
        os.killpg(self.pid, signal.SIGCONT)

    def lose_data(self) -> None:
        """Stop it and erase what it has stored."""
        self.stop()
        shutil.rmtree(self.data)
        self.data.mkdir()

    def close(self) -> None:
        """Stop it and remove its folder."""
        self.stop()
        if self.folder.exists():
            shutil.rmtree(self.folder)


def start_on_free_ports(process: Process, start: Callable[[], None]) -> None:
    """Start a server for the first time, and once more if its ports were taken meanwhile.

    If nothing helps, the server's folder is removed.
    """
    try:
        try:
            start()
        except ServerFailed:
            process.lose_data()
            start()
    except BaseException:
        process.close()
        raise
