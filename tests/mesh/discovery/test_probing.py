"""How checks are run: side by side, each with a timeout, whatever they do."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys
import threading
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from meshconf.mesh import discovery
from meshconf.mesh.discovery import probing
from meshconf.mesh.discovery.probing import (
    Check,
    Finding,
    dotted,
    error,
    fail,
    ok,
    probe,
    warning,
)
from tests.mesh.discovery.conftest import CANARY, configured

if TYPE_CHECKING:
    from collections.abc import Iterable


@attrs.frozen
class Discovery:
    """What a schema of somebody else has to have."""

    backend: str = "ours"


@attrs.frozen
class Config:
    """A schema of somebody else."""

    discovery: Discovery = Discovery()


def ran(*checks: Check, timeout: float = 3.0) -> list[Finding]:
    """Probe for a backend that has these checks."""
    return probe(Config(), timeout=timeout, probers={"ours": lambda _config, _timeout: checks})


def told(findings: Iterable[Finding]) -> list[tuple[str, str, str]]:
    """Return what matters of findings."""
    return [(one.check, one.severity, one.message) for one in findings]


class TestFindings:
    def test_kinds(self):
        """A check finds what it returns, in the order in which the prober names the checks."""
        findings = ran(
            Check("a", lambda: [ok("fine", path="p")]),
            Check("b", lambda: [warning("odd", help="look", path="q"), error("bad")]),
            Check("c", lambda: fail("worse", help="mend", path="r")),
            Check("d", lambda: iter([])),
        )
        expected = [
            Finding(check="a", severity="ok", message="fine", path="p"),
            Finding(check="b", severity="warning", message="odd", help="look", path="q"),
            Finding(check="b", severity="error", message="bad"),
            Finding(check="c", severity="error", message="worse", help="mend", path="r"),
        ]

        assert expected == [attrs.evolve(one, seconds=0.0) for one in findings]

    def test_seconds(self):
        """A finding tells how long the check took, unless the check says so itself."""
        slow, own = ran(
            Check("a", lambda: time.sleep(0.05) or [ok("fine")]),  # type: ignore[func-returns-value]
            Check("b", lambda: [Finding(check="c", severity="ok", message="x", seconds=9.0)]),
        )

        assert 0.05 <= slow.seconds < 9
        assert ("c", 9.0) == (own.check, own.seconds)

    @pytest.mark.parametrize(
        ("parts", "expected"),
        [
            (("upstreams", "pay-ments_2"), "upstreams.pay-ments_2"),
            (("upstreams", "a.b"), 'upstreams."a.b"'),
            (("upstreams", 'a"b\n'), r'upstreams."a\"b\n"'),
            (("upstreams", ""), 'upstreams.""'),
        ],
    )
    def test_path(self, parts: tuple[str, ...], expected: str):
        """A path is dotted as in a file, with quotes where they are needed."""
        assert expected == dotted(*parts)


class TestSideBySide:
    def test_all_at_once(self):
        """Checks wait for one another if they want to: they run at the same time."""
        meeting = threading.Barrier(probing.MOST_AT_A_TIME)

        def meet() -> list[Finding]:
            meeting.wait(timeout=5)
            return [ok("met")]

        findings = ran(*(Check(str(i), meet) for i in range(probing.MOST_AT_A_TIME)), timeout=6)

        assert {"met"} == {one.message for one in findings}

    def test_not_too_many(self):
        """No more than 32 run at a time, and all run in the end."""
        running, most, lock = 0, 0, threading.Lock()

        def run() -> list[Finding]:
            nonlocal running, most
            with lock:
                running += 1
                most = max(most, running)
            time.sleep(0.02)
            with lock:
                running -= 1
            return [ok("ran")]

        findings = ran(*(Check(str(i), run) for i in range(100)))

        assert [str(i) for i in range(100)] == [one.check for one in findings]
        assert 1 < most <= 32

    def test_timeout(self, monkeypatch):
        """A check that never ends is given up, and the others are not held up."""
        monkeypatch.setattr(probing, "GRACE", 0.0)
        forever = threading.Event()
        before = time.monotonic()
        findings = ran(
            Check("slow", lambda: [ok(str(forever.wait(60)))]),
            Check("quick", lambda: [ok("fine")]),
            Check("after", lambda: [ok("fine")], needs=["slow"]),
            timeout=0.2,
        )
        took = time.monotonic() - before
        forever.set()

        assert [
            ("slow", "error", "no answer within 0.2 s"),
            ("quick", "ok", "fine"),
            ("after", "skipped", "needs slow"),
        ] == told(findings)
        assert 0.2 <= took < 30

    def test_answer_that_comes_too_late(self, monkeypatch):
        """What a check that was given up finds after all is not told."""
        monkeypatch.setattr(probing, "GRACE", 0.0)
        monkeypatch.setattr(probing, "MOST_AT_A_TIME", 1)
        go = threading.Event()

        def late() -> list[Finding]:
            go.wait(60)
            return [ok("late")]

        def after() -> list[Finding]:
            go.set()
            for thread in threading.enumerate():
                if thread.name == "meshconf probe late":
                    thread.join()
            return [ok("after")]

        findings = ran(Check("late", late), Check("after", after), timeout=1.0)

        assert ["no answer within 1 s", "after"] == [one.message for one in findings]


class TestNeeds:
    def test_failed(self):
        """What needs a check that failed is skipped, and what needs that in turn, for that reason."""
        findings = ran(
            Check("a", lambda: [error("bad")]),
            Check("b", lambda: [ok("never")], needs=["a"]),
            Check("c", lambda: [ok("never")], needs=["b"]),
            Check("d", lambda: [warning("odd")]),
            Check("e", lambda: [ok("ran")], needs=["d"]),
        )

        assert [
            ("a", "error", "bad"),
            ("b", "skipped", "needs a"),
            ("c", "skipped", "needs a"),
            ("d", "warning", "odd"),
            ("e", "ok", "ran"),
        ] == told(findings)

    def test_order(self):
        """A check runs after all that it needs."""
        order: list[str] = []

        def run(name: str) -> list[Finding]:
            time.sleep(0.02)
            order.append(name)
            return [ok("ran")]

        ran(
            Check("c", lambda: run("c"), needs=["a", "b"]),
            Check("b", lambda: run("b"), needs=["a"]),
            Check("a", lambda: run("a")),
        )

        assert ["a", "b", "c"] == order

    def test_one_of(self):
        """A check that needs one of several runs once one has gone well, not if none has."""
        findings = ran(
            Check("bad", lambda: [error("bad")]),
            Check("worse", lambda: [error("worse")]),
            Check("good", lambda: time.sleep(0.05) or [ok("good")]),  # type: ignore[func-returns-value]
            Check("some", lambda: [ok("ran")], needs_one_of=["bad", "good"]),
            Check("none", lambda: [ok("never")], needs_one_of=["bad", "worse"]),
        )

        assert [("some", "ok", "ran"), ("none", "skipped", "needs bad, worse")] == (
            told(findings)[3:]
        )

    def test_impossible(self):
        """What needs a check that is none, or itself, is skipped in the end."""
        findings = ran(
            Check("a", lambda: [ok("ran")]),
            Check("b", lambda: [ok("never")], needs=["nothing"]),
            Check("c", lambda: [ok("never")], needs_one_of=["d"]),
            Check("d", lambda: [ok("never")], needs=["c"]),
        )

        assert [
            ("a", "ok", "ran"),
            ("b", "skipped", "needs nothing"),
            ("c", "skipped", "needs d"),
            ("d", "skipped", "needs d"),
        ] == told(findings)

    def test_only_impossible(self):
        """The same where nothing runs at all."""
        findings = ran(Check("a", lambda: [ok("never")], needs=["a"]))

        assert [("a", "skipped", "needs a")] == told(findings)


class TestNeverRaises:
    def test_check(self):
        """What a check raises is a finding with the kind of error, and nothing of its text."""

        def run() -> list[Finding]:
            raise ValueError(CANARY)

        assert [("a", "error", "the check itself failed: ValueError")] == told(ran(Check("a", run)))

    def test_findings(self):
        """Neither does the text of what a check raises after its first findings show."""

        def run() -> Iterable[Finding]:
            yield ok("first")
            raise ValueError(CANARY)

        assert [("a", "error", "the check itself failed: ValueError")] == told(ran(Check("a", run)))

    def test_prober(self):
        """A prober that cannot name its checks is a finding."""

        def prober(_config: Any, _timeout: float) -> list[Check]:
            raise ValueError(CANARY)

        assert [("prober of ours", "error", "the check itself failed: ValueError")] == told(
            probe(Config(), probers={"ours": prober})
        )

    def test_same_name(self):
        """Two checks with the same name are a mistake of the prober."""
        check = Check("a", lambda: [ok("fine")])

        assert [("prober of ours", "error", "the check itself failed: ValueError")] == told(
            ran(check, check)
        )


class TestProbers:
    def test_own_wins(self, tmp_path, monkeypatch):
        """A prober that is handed in wins over that of meshconf, and sees config and timeout."""
        monkeypatch.chdir(tmp_path)
        config, seen = configured({}), []

        def prober(*arguments: Any) -> list[Check]:
            seen.append(arguments)
            return [Check("mine", lambda: [ok("fine")])]

        findings = probe(config, timeout=7.0, probers={"consul": prober})

        assert [("mine", "ok", "fine")] == told(findings)
        assert [(config, 7.0)] == seen

    def test_of_a_package(self, monkeypatch):
        """An installed package brings a prober by an entry point of the backend's name."""
        entry = SimpleNamespace(load=lambda: lambda *_: [Check("theirs", lambda: [ok("fine")])])
        monkeypatch.setattr(
            importlib.metadata,
            "entry_points",
            lambda **asked: (
                [entry] if asked == {"group": "meshconf.probers", "name": "ours"} else []
            ),
        )

        assert [("theirs", "ok", "fine")] == told(probe(Config()))

    def test_none(self):
        """A backend that nobody has a prober for is not checked."""
        assert [("backend ours", "skipped", "nothing is known that could be checked")] == told(
            probe(Config())
        )

    def test_no_checks(self):
        """A prober that names no checks has not checked anything."""
        assert ["skipped"] == [one.severity for one in ran()]


class TestExtras:
    """What is not installed."""

    @pytest.mark.parametrize(
        ("backend", "package", "extra"),
        [
            ("consul", "urllib3", "remote"),
            ("etcd", "urllib3", "remote"),
            ("kubernetes", "urllib3", "remote"),
            ("dns", "dns", "dns"),
            ("zookeeper", "kazoo", "zookeeper"),
        ],
    )
    def test_missing(self, tmp_path, monkeypatch, backend: str, package: str, extra: str):
        """A backend whose extra is missing raises one line with the command that installs it."""
        monkeypatch.chdir(tmp_path)
        for name in [name for name in sys.modules if name.split(".")[0] == package]:
            monkeypatch.delitem(sys.modules, name)
        for name in (backend, "http"):
            monkeypatch.delitem(sys.modules, f"meshconf.mesh.discovery.{name}", raising=False)
        monkeypatch.setitem(sys.modules, package, None)
        config = configured(
            {
                "discovery.backend": backend,
                "dns.name": "{service}.test",
                "zookeeper.hosts": ["127.0.0.1:1"],
            }
        )

        with pytest.raises(ImportError) as caught:
            probe(config)
        assert str(caught.value).endswith(f'needs: pip install "meshconf[{extra}]"')
        assert package == caught.value.name

    def test_static_wants_none(self):
        """Hosts that are listed are probed without any extra."""
        missing = {"urllib3": None, "dns": None, "kazoo": None}
        script = (
            f"import sys; sys.modules.update({missing})\n"
            "from meshconf.mesh.discovery import static, probing\n"
            "import meshconf.__main__, meshconf.mesh\n"
        )

        assert 0 == subprocess.run([sys.executable, "-c", script], check=False).returncode

    def test_load_imports_no_probe(self):
        """The mesh is loaded without the modules that probe, and without what they need."""
        script = "import json, sys, meshconf.mesh; print(json.dumps(list(sys.modules)))"
        ended = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
        names = json.loads(ended.stdout)

        assert {"meshconf.mesh.discovery", "meshconf.mesh.discovery.settings"} == {
            name for name in names if name.startswith("meshconf.mesh.discovery")
        }
        assert not {"urllib3", "dns", "kazoo"} & set(names)

    def test_names(self):
        """The package offers the settings, as before there were probes."""
        assert sorted(discovery.__all__) == discovery.__all__
        assert all(hasattr(discovery, name) for name in discovery.__all__)
