"""Five hundred watchers of one document in a real Consul."""

from __future__ import annotations

import json
import multiprocessing
import shutil
import socket
import subprocess
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, sleep
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

PROCESSES = 5
EACH = 100
KEY = "config/app"

#: Consul is down for so many seconds, and watched for so many after it is back.
DOWN = 5
AFTER = 20


@dataclass(frozen=True)
class Retry:
    """A schema of one setting."""

    max_attempts: int


class Consul:
    """A server of its own, whose data outlive a restart."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("consul")
        if program is None:
            msg = "consul is not on PATH: .ci/programs gets it on Debian"
            raise SystemExit(msg)
        ports = [_free_port() for _ in range(3)]
        options = {
            "bind_addr": "127.0.0.1",
            "server": True,
            "bootstrap_expect": 1,
            "data_dir": str(folder / "data"),
            "log_level": "err",
            "ports": {"http": ports[0], "server": ports[1], "serf_lan": ports[2],
                      "serf_wan": -1, "dns": -1, "grpc": -1},
            "performance": {"raft_multiplier": 1},
            # All of them come from one address here.
            "limits": {"http_max_conns_per_client": 10_000},
        }  # fmt: skip
        (folder / "consul.json").write_text(json.dumps(options))
        self._command = [program, "agent", "-config-file", str(folder / "consul.json")]
        self.address = f"http://127.0.0.1:{ports[0]}"

    def start(self) -> None:
        """Start it, and wait until it takes a value."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        while True:
            try:
                self._ask("GET", "/v1/kv/?keys&consistent")
            except urllib.error.HTTPError as error:
                if error.code == 404:
                    return
            except OSError:
                pass
            else:
                return
            sleep(0.05)

    def stop(self) -> None:
        """Stop it at once."""
        self._process.kill()
        self._process.wait()

    def put(self, number: int) -> None:
        """Put a document."""
        self._ask("PUT", f"/v1/kv/{KEY}", f"max_attempts = {number}\n".encode())

    def _ask(self, method: str, path: str, body: bytes | None = None) -> None:
        url = self.address + path
        request = urllib.request.Request(url, data=body, method=method)  # noqa: S310 - our own
        urllib.request.urlopen(request, timeout=10).read()  # noqa: S310


def measure(rounds: int) -> dict[str, dict[str, list[float]]]:
    """Time pushes to all watchers, and count what they ask the server.

    Returns:
        ``seconds``: until the first and the last watcher has a push; ``requests``: of each watcher
        for each push; of all in the busiest second after a restart.
    """
    consul = Consul(Path.cwd())
    consul.start()
    consul.put(1)
    context = multiprocessing.get_context("fork")
    pipes, processes = [], []
    for _ in range(PROCESSES):
        here, there = context.Pipe()
        process = context.Process(target=_follow, args=(consul.address, there))
        process.start()
        pipes.append(here)
        processes.append(process)
    try:
        for pipe in pipes:
            pipe.recv()
        sleep(2)
        return _measured(consul, pipes, rounds)
    finally:
        for pipe in pipes:
            pipe.send(None)
        for process in processes:
            process.join()
        consul.stop()


def _measured(consul: Consul, pipes: list[Any], rounds: int) -> dict[str, dict[str, list[float]]]:
    first, last, requests = [], [], []
    number = 1
    for _ in range(rounds):
        number += 1
        before = _requests(pipes)
        for pipe in pipes:
            pipe.send(number)
        start = perf_counter()
        consul.put(number)
        times = [pipe.recv() for pipe in pipes]
        first.append(min(one for one, _ in times) - start)
        last.append(max(one for _, one in times) - start)
        sleep(0.5)
        requests.append((_requests(pipes) - before) / (PROCESSES * EACH))
    consul.stop()
    sleep(DOWN)
    counts = [_requests(pipes)]
    consul.start()
    for _ in range(10 * AFTER):
        sleep(0.1)
        counts.append(_requests(pipes))
    busiest = max(later - sooner for sooner, later in zip(counts, counts[10:]))  # noqa: B905
    number += 1
    for pipe in pipes:
        pipe.send(number)
    start = perf_counter()
    consul.put(number)
    after = max(pipe.recv()[1] for pipe in pipes) - start
    return {
        "seconds": {"last": last, "first": first, "after a restart": [after]},
        "requests": {"each": requests, "restart": [busiest]},
    }


def _requests(pipes: list[Any]) -> int:
    for pipe in pipes:
        pipe.send("requests")
    return sum(pipe.recv() for pipe in pipes)


def _follow(address: str, pipe: Connection) -> None:
    """Watch in one process, and tell when all of its watchers have a number."""
    import logging

    import meshconf

    logging.disable()
    source = meshconf.ConsulKV(KEY, address=address, timeout=10)
    lives = [meshconf.watch(source, schema=Retry, prefix=None) for _ in range(EACH)]
    pipe.send("ready")
    while (asked := pipe.recv()) is not None:
        if asked == "requests":
            pipe.send(sum(sum(one.status.sources[0].requests.values()) for one in lives))
            continue
        waiting, first = list(lives), 0.0
        while waiting:
            waiting = [one for one in waiting if one.config.max_attempts != asked]
            if not first and len(waiting) < len(lives):
                first = perf_counter()
            sleep(0.002)
        pipe.send((first, perf_counter()))
    for one in lives:
        one.close()


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port
