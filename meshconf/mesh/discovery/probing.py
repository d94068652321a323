"""Checks whether the world is as a configuration expects it: side by side, each with a timeout.

A *prober* names the checks of one backend; ``probe`` runs them. What a check finds is data, as
problems are: the words are printed elsewhere. No check gives a token or a password away, and what a
check raises is a finding that names the kind of error alone.
"""

from __future__ import annotations

import importlib
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NoReturn, Protocol, cast, get_args

import attrs

from meshconf.mesh.discovery.settings import Backend
from meshconf.mesh.paths import dotted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

__all__ = [
    "ENTRY_POINTS",
    "Check",
    "Failed",
    "Finding",
    "Prober",
    "Severity",
    "dotted",
    "error",
    "fail",
    "of_services",
    "ok",
    "probe",
    "warning",
]

#: ``skipped`` is what was not checked, since what it needs had failed.
Severity = Literal["ok", "warning", "error", "skipped"]

#: The group of entry points by which installed packages bring probers of other backends.
ENTRY_POINTS = "meshconf.probers"

#: So many checks run at a time.
MOST_AT_A_TIME = 32

#: A check ends on its own account, with better words, so many seconds before it is given up.
GRACE = 0.5


@attrs.frozen(kw_only=True)
class Finding:
    """What a check found.

    Attributes:
        check: What was checked, in a few words.

        severity: How it went.

        message: What was found, a phrase about what was checked.

        help: What to do about it; empty if that is not certain.

        path: The setting to blame, dotted; empty if it is none.

        seconds: How long the check took.
    """

    check: str = ""
    severity: Severity
    message: str
    help: str = ""
    path: str = ""
    seconds: float = 0.0


@attrs.frozen
class Check:
    """One question to the world.

    Attributes:
        name: What is checked, in a few words; no other check of the backend has the same name.

        run: Asks, and returns findings; those that leave ``check`` and ``seconds`` out get them
            from here. It may raise ``Failed``, and should end within the timeout.

        needs: Names of checks without which this one would only repeat their errors. It runs
            after them.

        needs_one_of: The same, where one of them is enough.
    """

    name: str
    run: Callable[[], Iterable[Finding]]
    needs: Sequence[str] = ()
    needs_one_of: Sequence[str] = ()


class Prober(Protocol):
    """Names the checks of one backend."""

    def __call__(self, config: Any, timeout: float, /) -> Iterable[Check]:
        """Return the checks without asking anything yet.

        Args:
            config: The configuration.

            timeout: Seconds that each check may take.

        Raises:
            ImportError: If what it needs is not installed; the text names the remedy.
        """
        ...


class Failed(Exception):  # noqa: N818 - what has happened
    """Ends a check with a finding.

    Attributes:
        finding: The finding.
    """

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


def ok(message: str, *, path: str = "") -> Finding:
    """Find that all is well."""
    return Finding(severity="ok", message=message, path=path)


def warning(message: str, *, help: str = "", path: str = "") -> Finding:
    """Find what may be meant so."""
    return Finding(severity="warning", message=message, help=help, path=path)


def error(message: str, *, help: str = "", path: str = "") -> Finding:
    """Find what does not match."""
    return Finding(severity="error", message=message, help=help, path=path)


def fail(message: str, *, help: str = "", path: str = "") -> NoReturn:
    """End a check with an error."""
    raise Failed(error(message, help=help, path=path))


def of_services(
    config: Any,
    itself: Callable[[str], Iterable[Finding]],
    upstream: Callable[[str], Iterable[Finding]],
    *,
    needs: Sequence[str] = (),
    needs_one_of: Sequence[str] = (),
) -> Iterator[Check]:
    """Name the checks of the service itself and of each upstream.

    Args:
        config: The configuration.

        itself: Checks the service of a name, which may be yet to start.

        upstream: Checks the upstream of a name.

        needs: See ``Check``.

        needs_one_of: See ``Check``.
    """
    needed = {"needs": needs, "needs_one_of": needs_one_of}
    own = config.service_name
    yield Check(f"service {own}", partial(itself, own), **needed)
    for name in config.upstreams:
        yield Check(f"upstream {name}", partial(upstream, name), **needed)


def probe(
    config: Any, *, timeout: float = 3.0, probers: Mapping[str, Prober] | None = None
) -> list[Finding]:
    """Check whether the selected backend is as the configuration expects it.

    Args:
        config: The configuration: a ``ServiceMeshConfig``, or what has a ``discovery.backend``.

        timeout: Seconds that each check may take.

        probers: Probers of backends of your own, by name; they win over those that are there.

    Returns:
        What each check found, in the order in which the prober names them.

    Raises:
        ImportError: If what the prober needs is not installed; the text says how to get it.
    """
    backend = str(config.discovery.backend)
    try:
        prober = _prober_of(backend, probers or {})
        checks = () if prober is None else _told_apart(prober(config, timeout))
    except ImportError:
        raise
    except Exception as failure:
        return [attrs.evolve(_broken(failure), check=f"prober of {backend}")]
    if not checks:
        return [
            Finding(
                check=f"backend {backend}",
                severity="skipped",
                message="nothing is known that could be checked",
                path="discovery.backend",
            )
        ]
    return [finding for each in _Run(checks, timeout).results() for finding in each]


def _prober_of(backend: str, probers: Mapping[str, Prober]) -> Prober | None:
    """Find the prober that was handed in, that of meshconf, or that of an installed package."""
    if backend in probers:
        return probers[backend]
    if backend in get_args(Backend):
        return cast("Prober", importlib.import_module(f"{__package__}.{backend}").checks)
    from importlib.metadata import entry_points

    for entry in entry_points(group=ENTRY_POINTS, name=backend):
        return cast("Prober", entry.load())
    return None


def _told_apart(checks: Iterable[Check]) -> tuple[Check, ...]:
    """Return checks, whose names others need."""
    found = tuple(checks)
    if len({check.name for check in found}) < len(found):
        msg = "two checks have the same name"
        raise ValueError(msg)
    return found


def _broken(failure: Exception) -> Finding:
    """Tell of what nobody expected; its text may hold anything, a secret too."""
    return error(f"the check itself failed: {type(failure).__name__}")


def _ask(check: Check) -> list[Finding]:
    try:
        return list(check.run())
    except Failed as failed:
        return [failed.finding]
    except Exception as failure:
        return [_broken(failure)]


class _Run:
    """Checks on their way, a thread for each.

    A thread that waits for an answer which never comes cannot be ended; it is left alone, and ends
    with the process.
    """

    def __init__(self, checks: Sequence[Check], timeout: float) -> None:
        self._checks = checks
        self._timeout = timeout
        self._results: dict[str, list[Finding]] = {}
        self._roots: dict[str, list[str]] = {}
        self._started: dict[str, float] = {}
        self._answers: queue.SimpleQueue[tuple[Check, list[Finding]]] = queue.SimpleQueue()
        self._blocked = [check for check in checks if check.needs or check.needs_one_of]
        self._ready = deque(check for check in checks if check not in self._blocked)

    def results(self) -> Iterator[list[Finding]]:
        """Run all checks, then yield what each found."""
        while self._ready or self._started:
            while self._ready and len(self._started) < MOST_AT_A_TIME:
                self._start(self._ready.popleft())
            self._wait()
            self._unblock()
        # What needs a check that is none, or a check that needs it in turn, was never ready.
        for check in self._blocked:
            self._skip(check, [*check.needs, *check.needs_one_of])
        return (self._results[check.name] for check in self._checks)

    def _start(self, check: Check) -> None:
        self._started[check.name] = time.monotonic()
        threading.Thread(
            target=lambda: self._answers.put((check, _ask(check))),
            name=f"meshconf probe {check.name}",
            daemon=True,
        ).start()

    def _wait(self) -> None:
        """Take one answer, or give up on what is overdue."""
        patience = self._timeout + GRACE
        first = min(self._started.values())
        try:
            check, found = self._answers.get(timeout=max(0.0, first + patience - time.monotonic()))
        except queue.Empty:
            now = time.monotonic()
            for name in [name for name, at in self._started.items() if now - at >= patience]:
                self._end(name, [error(f"no answer within {self._timeout:g} s")])
            return
        if check.name in self._started:  # nobody waits for it any more, if not
            self._end(check.name, found)

    def _end(self, name: str, found: Iterable[Finding]) -> None:
        seconds = time.monotonic() - self._started.pop(name)
        self._results[name] = [
            attrs.evolve(
                finding, check=finding.check or name, seconds=finding.seconds or round(seconds, 4)
            )
            for finding in found
        ]

    def _unblock(self) -> None:
        """Let go what has what it needs, and skip what will never have it."""
        still: list[Check] = []
        for check in self._blocked:
            lacking = self._lacking(check)
            if lacking:
                self._skip(check, lacking)
            elif self._has_all(check):
                self._ready.append(check)
            else:
                still.append(check)
        self._blocked = still

    def _lacking(self, check: Check) -> Collection[str]:
        failed = [name for name in check.needs if self._failed(name)]
        if all(map(self._failed, check.needs_one_of)):
            failed += check.needs_one_of
        return failed

    def _has_all(self, check: Check) -> bool:
        return all(name in self._results for name in check.needs) and (
            not check.needs_one_of
            or any(name in self._results and not self._failed(name) for name in check.needs_one_of)
        )

    def _failed(self, name: str) -> bool:
        found = self._results.get(name, ())
        return any(finding.severity in ("error", "skipped") for finding in found)

    def _skip(self, check: Check, lacking: Iterable[str]) -> None:
        """Leave a check out, and name those that failed in the first place."""
        roots = dict.fromkeys(root for name in lacking for root in self._roots.get(name, [name]))
        self._roots[check.name] = list(roots)
        message = f"needs {', '.join(roots)}"
        self._results[check.name] = [Finding(check=check.name, severity="skipped", message=message)]
