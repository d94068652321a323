"""What runs inside the virtual environment: `measure.py TASK ARGUMENTS-AS-JSON`, prints JSON.

A task is a function here. All times are CPU seconds of this process, so that a busy neighbour
weighs less; competitors take turns, so that a slow minute of the machine hits all of them.
"""

from __future__ import annotations

import json
import os
import random
import sys
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from time import perf_counter, process_time, sleep
from timeit import Timer
from typing import TYPE_CHECKING, Any

sys.path.append(str(Path(__file__).parent))  # the isolated mode leaves the script's folder out

import inputs

if TYPE_CHECKING:
    from collections.abc import Callable

Samples = dict[str, list[float]]


def values(job: str) -> dict[str, object]:
    """Load once and return every setting by its path."""
    config = import_module(f"jobs.{job}").load()
    found = {path: attrgetter(path)(config) for path in inputs.expected()}
    return {path: list(v) if isinstance(v, (list, tuple)) else v for path, v in found.items()}


def warm(jobs: list[str], rounds: int, *, overridden: bool) -> Samples:
    """Time loads in one process that has loaded before."""
    loads = {job: import_module(f"jobs.{job}").load for job in jobs}
    environments = {job: inputs.variables(job) if overridden else {} for job in jobs}

    def turn(job: str) -> float:
        _set_variables(environments[job])
        loads[job]()  # untimed: the one before left its own data in the processor's caches
        return _time(loads[job])

    return _interleave({job: partial(turn, job) for job in jobs}, rounds)


def upstreams(job: str, path: str) -> dict[str, Any]:
    """Time one load of a large file, and say enough of the result to compare it."""
    load = import_module(f"jobs.{job}").load_upstreams
    load(Path("few.toml"))  # untimed: what is made once per schema is the business of other rows
    start = process_time()
    config = load(Path(path))
    seconds = process_time() - start
    return {"seconds": seconds, "result": [_numbers(one) for one in config.upstreams.values()][-3:]}


def access(rounds: int) -> Samples:
    """Time reading a setting of a group, on a loaded config and on bare attrs classes."""
    import attrs

    config = import_module("jobs.meshconf_mesh").load()
    group = attrs.make_class("Group", ["error_threshold"], frozen=True, slots=True)
    root = attrs.make_class("Root", ["circuit_breaker"], frozen=True, slots=True)
    subjects = {"meshconf": config, "attrs": root(group(0.4))}
    number = 200_000

    def timer(subject: object) -> Callable[[], float]:
        read = Timer(
            "config.circuit_breaker.error_threshold", "config = given", process_time,
            {"given": subject},
        )  # fmt: skip
        return lambda: read.timeit(number) / number

    return _interleave({name: timer(subject) for name, subject in subjects.items()}, rounds)


def report(good: str, bad: str, problems: int, rounds: int) -> Samples:
    """Time a load that fails, with its report as text, and the same load without mistakes."""
    from meshconf import ConfigError

    load = import_module("jobs.meshconf_mesh").load_upstreams

    def fail() -> list[Any]:
        try:
            load(Path(bad))
        except ConfigError as error:
            str(error)
            return [problem for problem in error.problems if problem.severity == "error"]
        return []

    found = len(fail())
    if found != problems:
        msg = f"{bad} has {problems} mistakes, and the report named {found}"
        raise RuntimeError(msg)
    turns = {"report": lambda: _time(fail), "load": lambda: _time(lambda: load(Path(good)))}
    return _interleave(turns, rounds)


def migrate(path: str, migrated: str, rounds: int) -> Samples:
    """Time migrating a file up to its new text, loading it as it is, and as it then is."""
    import logging

    job = import_module("jobs.meshconf_history")
    logging.getLogger("meshconf").disabled = True  # that the file is old is no news here
    Path(migrated).write_text(job.migrate(Path(path)), encoding="utf-8")
    if job.load(Path(path)) != job.load(Path(migrated)):
        msg = "the migrated file loads to something else"
        raise RuntimeError(msg)
    turns = {
        "migrate": lambda: _time(lambda: job.migrate(Path(path))),
        "load": lambda: _time(lambda: job.load(Path(path))),
        "load_migrated": lambda: _time(lambda: job.load(Path(migrated))),
    }
    return _interleave(turns, rounds)


def live_access(rounds: int) -> Samples:
    """Time reading the configuration of a Live, and an attribute of a class with nothing to it."""
    import meshconf

    class Plain:
        def __init__(self, config: object) -> None:
            self.config = config

    number = 200_000
    with meshconf.watch() as live:
        subjects = {"live": live, "attribute": Plain(live.config)}

        def timer(subject: object) -> Callable[[], float]:
            read = Timer("given.config", "given = subject", process_time, {"subject": subject})
            return lambda: read.timeit(number) / number

        return _interleave({name: timer(subject) for name, subject in subjects.items()}, rounds)


def idle(rounds: int) -> Samples:
    """Time the CPU of 10 s without a change, for each way to watch and for none."""
    import meshconf

    seconds = 10
    for name in ("one.toml", "two.toml"):
        Path(name).write_text("max_attempts = 1\n", encoding="utf-8")

    def watch() -> float:
        with meshconf.watch("one.toml", "two.toml", schema=_Retry, prefix=None):
            sleep(1)  # untimed: the start
            return _time(lambda: sleep(seconds))

    turns = {"reported": watch, "polled": partial(_without_reports, watch)}
    samples = {name: [turn() for _ in range(rounds)] for name, turn in turns.items()}
    return {**samples, "sleeping": [_time(lambda: sleep(seconds)) for _ in range(rounds)]}


def swap(rounds: int) -> Samples:
    """Time from a rename to the new configuration, for each way to watch; wall time."""
    import meshconf
    from meshconf.live import worker

    def watch() -> list[float]:
        Path("swap.toml").write_text("max_attempts = 1\n", encoding="utf-8")
        with meshconf.watch("swap.toml", schema=_Retry, prefix=None) as live:
            return [_seen_after(live, number) for number in range(2, rounds + 2)]

    debounce = [worker.QUIET] * rounds
    return {"reported": watch(), "polled": _without_reports(watch), "debounce": debounce}


def _seen_after(live: Any, number: int) -> float:
    sleep(random.uniform(0.05, 0.3))  # noqa: S311 - at any moment of the watcher's
    Path("swap.new").write_text(f"max_attempts = {number}\n", encoding="utf-8")
    start = perf_counter()
    Path("swap.new").replace("swap.toml")
    while live.config.max_attempts != number:
        sleep(0.0005)
    return perf_counter() - start


def reload(path: str, rounds: int) -> Samples:
    """Time reloads of a large file: of which one entry changed, and unchanged; load it too."""
    import meshconf

    job = import_module("jobs.meshconf_mesh")
    text = Path(path).read_text(encoding="utf-8")
    before, _, after = text.partition("port = ")
    versions = [f"{before}port = {port}{after[after.index(chr(10)) :]}" for port in (1111, 2222)]
    file = meshconf.File(path, max_bytes=10**9, max_keys=10**9)
    told: list[Any] = []
    with meshconf.watch(file, environ=job.MESH_VARIABLES) as live:
        live.subscribe(lambda *update: told.append(update[2]))

        def changed() -> float:
            versions.reverse()
            Path(path).write_text(versions[0], encoding="utf-8")
            told.clear()
            seconds = _time(live.reload)
            if [len(changes) for changes in told] != [1]:
                msg = f"one change was made, and told were {told}"
                raise RuntimeError(msg)
            return seconds

        turns = {
            "reload": changed,
            "unchanged": lambda: _time(live.reload),
            "load": lambda: _time(lambda: job.load_upstreams(Path(path))),
        }
        return _interleave(turns, rounds)


def _without_reports(turn: Callable[[], Any]) -> Any:
    """Do something as if watchfiles were not installed."""
    name = "watchfiles._rust_notify"
    kept = sys.modules.pop(name, None)
    sys.modules[name] = None  # type: ignore[assignment]
    try:
        return turn()
    finally:
        del sys.modules[name]
        if kept is not None:
            sys.modules[name] = kept


@dataclass(frozen=True)
class _Retry:
    """A small schema."""

    max_attempts: int = 0


def _interleave(turns: dict[str, Callable[[], float]], rounds: int) -> Samples:
    """Let each take its turn `rounds` times, in an order drawn anew for each round."""
    samples: Samples = {name: [] for name in turns}
    order = list(turns)
    for turn in turns.values():
        turn()  # untimed: the first one pays for what is made once
    for _ in range(rounds):
        random.shuffle(order)
        for name in order:
            samples[name].append(turns[name]())
    return samples


def _time(call: Callable[[], object]) -> float:
    start = process_time()
    call()
    return process_time() - start


def _set_variables(wanted: dict[str, str]) -> None:
    for name in [name for name in os.environ if name.startswith("APP_")]:
        del os.environ[name]
    os.environ.update(wanted)


def _numbers(upstream: Any) -> list[object]:
    """Return settings of an upstream: its own, those of its groups, and inherited ones."""
    paths = (
        "port",
        "circuit_breaker.max_requests",
        "circuit_breaker.max_connections",
        "circuit_breaker.reset_timeout",
        "retry.max_delay",
        "retry.multiplier",
        "load_balancer.health_check.interval",
        "load_balancer.choice_count",
        "timeouts.idle",
    )
    return [attrgetter(path)(upstream) for path in paths]


def fleet(rounds: int) -> dict[str, Samples]:
    """Follow one document in Consul, five hundred times."""
    return import_module("fleet").measure(rounds)


TASKS = {
    task.__name__: task
    for task in (
        values,
        warm,
        upstreams,
        access,
        report,
        migrate,
        live_access,
        idle,
        swap,
        reload,
        fleet,
    )
}

if __name__ == "__main__":
    print(json.dumps(TASKS[sys.argv[1]](**json.loads(sys.argv[2]))))
