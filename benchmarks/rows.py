"""The rows of the table. To add one: write a function from a Bench to samples, and list it."""

from __future__ import annotations

import functools
import os
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import inputs
from process import JobError, ask, run

Samples = dict[str, list[float]]


@dataclass(frozen=True, eq=False)
class Bench:
    """What a row may use."""

    folder: Path  # holds app.toml, mesh.toml and few.toml; large files are the row's to write
    jobs: list[str]  # those that passed the check
    rounds: int


@dataclass(frozen=True)
class Row:
    """One question and its budget.

    The first competitor of the samples, the subject, is divided by each of the others.
    """

    name: str
    title: str
    unit: str  # a key of `table.SCALES`
    subject: str
    measure: Callable[[Bench], Samples]
    budgets: Mapping[str, float] = field(default_factory=dict)  # by competitor, at most
    needs_meshconf: bool = True
    program: str = ""  # of others, without which the row is skipped


def warm(bench: Bench, *, variables: bool) -> Samples:
    """Load in one process that has loaded before."""
    return ask(
        bench.folder, "warm", jobs=bench.jobs, rounds=10 * bench.rounds, overridden=variables
    )


def cold(bench: Bench, *, variables: bool) -> Samples:
    """Start a process, import, load once: CPU time, the interpreter's own start included."""

    def turn(job: str) -> float:
        given = inputs.variables(job) if variables else {}
        return run(bench.folder, "once.py", job, variables=given).cpu

    return interleave({job: partial(turn, job) for job in bench.jobs}, bench.rounds)


def cold_mesh(bench: Bench) -> Samples:
    """Start a process and call `meshconf.load()` with a mesh.toml and nothing else."""
    turns = {"meshconf": lambda: run(bench.folder, "once.py", "meshconf_mesh").cpu}
    return interleave(turns, bench.rounds)


def memory(bench: Bench) -> Samples:
    """Start a process, load once, and ask for its peak."""

    def turn(job: str) -> float:
        given = inputs.variables(job)
        return float(run(bench.folder, "once.py", job, "peak", variables=given).output)

    return interleave({job: partial(turn, job) for job in bench.jobs}, min(bench.rounds, 5))


def upstreams(bench: Bench, *, full: bool) -> Samples:
    """Load 10,000 upstreams, and check that both sides got the same."""
    path = bench.folder / "many.toml"
    inputs.write_upstreams(path, 10_000, full=full)
    results = {}

    def turn(job: str) -> float:
        answer = ask(bench.folder, "upstreams", job=job, path=path.name)
        results[job] = answer["result"]
        return answer["seconds"]

    jobs = {"meshconf": "meshconf_mesh", "plain": "plain_mesh"}
    chosen = {who: partial(turn, job) for who, job in jobs.items() if _can(bench, who)}
    samples = interleave(chosen, min(bench.rounds, 5))
    if len({repr(result) for result in results.values()}) > 1:
        msg = f"the results differ: {results}"
        raise JobError(msg)
    return samples


def growth(bench: Bench, *, job: str) -> Samples:
    """Load 100,000 upstreams and 10,000, each in a process of its own."""
    samples: Samples = {}
    for count, turns in ((100_000, 1), (10_000, 3)):
        path = bench.folder / f"{count}.toml"
        inputs.write_upstreams(path, count)
        samples[f"{count:,}"] = [
            ask(bench.folder, "upstreams", job=job, path=path.name)["seconds"] for _ in range(turns)
        ]
        path.unlink()
    return samples


def access(bench: Bench) -> Samples:
    """Read `config.circuit_breaker.error_threshold`."""
    return in_processes(bench, "access")


def report(bench: Bench) -> Samples:
    """Report 50 problems in 10,000 lines, and load the same file without them."""
    inputs.write_lines(bench.folder / "good.toml", 10_000, mistakes=0)
    inputs.write_lines(bench.folder / "bad.toml", 10_000, mistakes=50)
    return ask(
        bench.folder, "report", good="good.toml", bad="bad.toml", problems=50, rounds=bench.rounds
    )


def migrate(bench: Bench) -> Samples:
    """Migrate 10,000 keys, a quarter of which move; load the file before and after."""
    inputs.write_hosts(bench.folder / "hosts.toml", 10_000)
    return ask(
        bench.folder, "migrate", path="hosts.toml", migrated="migrated.toml", rounds=bench.rounds
    )


def live_access(bench: Bench) -> Samples:
    """Read `live.config`, with the watcher running."""
    return in_processes(bench, "live_access")


def idle(bench: Bench) -> Samples:
    """Watch two files that nobody changes for 10 s, and sleep as long without watching."""
    return ask(bench.folder, "idle", rounds=1)


def swap(bench: Bench) -> Samples:
    """Rename a file over another, and wait until `live.config` is what it says."""
    return ask(bench.folder, "swap", rounds=bench.rounds)


def reload(bench: Bench) -> Samples:
    """Change one of 10,000 upstreams and reload; load the same file."""
    inputs.write_upstreams(bench.folder / "many.toml", 10_000)
    return ask(bench.folder, "reload", path="many.toml", rounds=min(bench.rounds, 5))


def fleet(bench: Bench) -> Samples:
    """Push a document that 500 watchers follow in a real Consul."""
    return _fleet(bench)["seconds"]


def fleet_requests(bench: Bench) -> Samples:
    """Count what the same 500 watchers ask of Consul."""
    return _fleet(bench)["requests"]


@functools.cache
def _fleet(bench: Bench) -> dict[str, Samples]:
    variables = {"PATH": os.environ["PATH"]}
    return ask(bench.folder, "fleet", variables, rounds=min(bench.rounds, 5))


def in_processes(bench: Bench, task: str) -> Samples:
    """Ask several processes: where code and data happen to lie decides over nanoseconds."""
    answers = [ask(bench.folder, task, rounds=3) for _ in range(bench.rounds)]
    return {who: [one for answer in answers for one in answer[who]] for who in answers[0]}


def interleave(turns: Mapping[str, Callable[[], float]], rounds: int) -> Samples:
    """Let each take its turn `rounds` times, in an order drawn anew for each round."""
    samples: Samples = {name: [] for name in turns}
    order = list(turns)
    for turn in turns.values():
        turn()  # not counted: it writes the .pyc files and fills the file system's cache
    for _ in range(rounds):
        random.shuffle(order)
        for name in order:
            samples[name].append(turns[name]())
    return samples


def _can(bench: Bench, who: str) -> bool:
    return who != "meshconf" or who in bench.jobs


# A row that has something to show even where meshconf cannot take part.
PEERS = partial(Row, subject="meshconf", needs_meshconf=False)

ROWS = [
    PEERS(
        name="warm",
        title="warm load(), 20-key file and 4 variables",
        unit="ms",
        measure=partial(warm, variables=True),
        budgets={"pydantic_settings": 0.25, "bare_sum": 1.6},
    ),
    PEERS(
        name="warm-file",
        title="the same, no variable set",
        unit="ms",
        measure=partial(warm, variables=False),
    ),
    PEERS(
        name="cold",
        title="cold start, CPU: import and first load(), 4 variables",
        unit="ms",
        measure=partial(cold, variables=True),
        budgets={"pydantic_settings": 0.6},
    ),
    PEERS(
        name="cold-file",
        title="the same, no variable set",
        unit="ms",
        measure=partial(cold, variables=False),
        budgets={"pydantic_settings": 0.4},
    ),
    Row(
        name="cold-mesh",
        title="the same with the mesh's own schema",
        unit="ms",
        subject="meshconf",
        measure=cold_mesh,
    ),
    PEERS(
        name="upstreams",
        title="10,000 upstreams, 2.5 MB, some settings of two groups written, two inherited",
        unit="ms",
        measure=partial(upstreams, full=False),
        budgets={"plain": 2.0},
    ),
    PEERS(
        name="upstreams-full",
        title="the same with both groups written in full, 5.9 MB",
        unit="ms",
        measure=partial(upstreams, full=True),
    ),
    Row(
        name="growth",
        title="100,000 upstreams against 10,000",
        unit="ms",
        subject="100,000",
        measure=partial(growth, job="meshconf_mesh"),
        budgets={"10,000": 11},
    ),
    Row(
        name="growth-plain",
        title="the same growth of plain tomli and cattrs",
        unit="ms",
        subject="100,000",
        measure=partial(growth, job="plain_mesh"),
        needs_meshconf=False,
    ),
    Row(
        name="access",
        title="reading config.circuit_breaker.error_threshold",
        unit="ns",
        subject="meshconf",
        measure=access,
        budgets={"attrs": 1.0},
    ),
    Row(
        name="report",
        title="a report of 50 problems in a 10,000-line file",
        unit="ms",
        subject="report",
        measure=report,
        budgets={"load": 5},
    ),
    Row(
        name="migrate",
        title="migrating 10,000 keys with comments, up to the proven text, against loads of the file",
        unit="ms",
        subject="migrate",
        measure=migrate,
        budgets={"load": 4},
    ),
    Row(
        name="live-access",
        title="reading live.config of a Live that watches",
        unit="ns",
        subject="live",
        measure=live_access,
        budgets={"attribute": 1.0},
    ),
    Row(
        name="idle",
        title="CPU of 10 s in which two watched files do not change",
        unit="ms",
        subject="reported",
        measure=idle,
    ),
    Row(
        name="swap",
        title="from a rename to the new live.config, wall time; the debounce is 500 ms",
        unit="ms",
        subject="reported",
        measure=swap,
        budgets={"debounce": 1.1},
    ),
    Row(
        name="reload",
        title="a reload of 10,000 upstreams of which one changed, its changes told",
        unit="ms",
        subject="reload",
        measure=reload,
    ),
    Row(
        name="fleet",
        title="a push to Consul until the last of 500 watchers has it, wall time",
        unit="ms",
        subject="last",
        measure=fleet,
        program="consul",
    ),
    Row(
        name="fleet-requests",
        title="what those 500 ask of Consul, in requests",
        unit="",
        subject="each",
        measure=fleet_requests,
        program="consul",
    ),
    PEERS(
        name="memory",
        title="peak memory of a process that loads once",
        unit="MB",
        measure=memory,
        budgets={"pydantic_settings": 0.7},
    ),
]
