"""Whatever threads do at once comes to what one of them does alone."""

from __future__ import annotations

import functools
import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import attrs
import pytest

import meshconf
from meshconf import Seconds, Secret, configuration, edits, rule, setting, step
from meshconf.schema.compile import model_of
from tests.laws.threads import at_once

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(meshconf.__file__).parents[1]

#: How many threads start at the same moment.
THREADS = 8


def give_way(_: object, event: str, __: object) -> None:
    """Let other threads go on, at one call of ten: Python itself seldom switches in a short job."""
    if event == "call" and random.random() < 0.1:  # noqa: S311
        time.sleep(1e-6)


@pytest.fixture(autouse=True)
def _many_switches() -> Iterator[None]:
    """Have new threads change places in the middle of everything."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    threading.setprofile(give_way)
    yield
    threading.setprofile(None)
    sys.setswitchinterval(before)


def new_schema() -> Any:
    """Make a schema with something of everything, whose classes nothing has seen yet."""

    @attrs.frozen
    class Pool:
        size: int = setting(4, ge=1)
        timeout: Seconds = 1.0

        @rule("size", "timeout", level="warning")
        @staticmethod
        def is_worth_it(size: int, timeout: float) -> str | None:
            return "too large to wait so long" if size * timeout > 100 else None

    @attrs.frozen
    class ByFile:
        kind: Literal["file"] = "file"
        path: str = "a"

    @attrs.frozen
    class ByPort:
        kind: Literal["port"] = "port"
        port: int = 80

    @attrs.frozen
    class Entry:
        weight: int = setting(1, renamed_from="share")
        pool: Pool = setting(Pool(), inherits="pool")

    @configuration(
        prefix="APP_", version=2, steps=[step(2, edits.rename("title", "name"), since="2.0")]
    )
    @attrs.frozen
    class App:
        name: str
        token: Secret[str] | None = None
        tags: list[str] = attrs.Factory(list)
        pool: Pool = Pool()
        way: ByFile | ByPort = ByFile()
        entries: dict[str, Entry] = attrs.Factory(dict)

    # What stands in a function is in no module that hints could be looked up in.
    known = {one.__name__: one for one in (Pool, ByFile, ByPort, Entry)}
    for cls in (*known.values(), App):
        attrs.resolve_types(cls, {**globals(), **known})
        cls.__annotations__ = {one.name: one.type for one in attrs.fields(cls)}
    return App


GOOD = {
    "title": "orders",
    "token": "s3cret",
    "pool": {"size": 50, "timeout": "3s"},
    "way": {"kind": "port", "port": 8080},
    "entries": {"a": {"share": 3}, "b": {"pool": {"size": 2}}},
}
BAD = {
    "nam": "orders",
    "pool": {"size": 0, "timeout": "3 parsecs"},
    "way": {"kind": "prot"},
    "entries": {"a": {"weight": "heavy", "pool": {"siz": 2}}},
}


@attrs.frozen
class Given:
    """A source that gives a document of the first version."""

    data: dict[str, Any]

    def read(self, _: object) -> meshconf.Layer:
        return meshconf.Layer("store", "given", {"config_version": 1, **self.data})


def good(schema: Any) -> str:
    """Load, and say all that there is to say of it."""
    environ = {"APP_TAGS": "a,b", "APP_ENTRIES__C__WEIGHT": "7"}
    snapshot = meshconf.read(Given(GOOD), schema=schema, environ=environ)
    said = [repr(snapshot.config), snapshot.fingerprint, *snapshot.deprecated]
    said += [snapshot.explain(path) for path in ("pool.size", "entries.b.pool.timeout", "tags")]
    said += [str(snapshot.origin("entries.c.weight"))]
    return "\n".join(said + [one.message for one in snapshot.warnings])


def bad(schema: Any) -> str:
    """Fail to load, and give the report."""
    with pytest.raises(meshconf.ConfigError) as caught:
        meshconf.load(Given(BAD), schema=schema, environ={"APP_POOL": "{", "APP_PORT": "x"})
    return str(caught.value)


@pytest.mark.filterwarnings("ignore:.*:DeprecationWarning")
class TestSchemas:
    """Classes that are compiled for the first time."""

    @pytest.mark.parametrize("compiled", [False, True])
    def test_one(self, *, compiled: bool) -> None:
        """Loads, reports and explanations of one new schema are what they are one by one.

        Threads that compile it at once may each use a Model of their own; those that come later
        share one, and all that is made of it when it is first needed.
        """
        alone = new_schema()
        expected = [good(alone), bad(alone)] * (THREADS // 2)
        for _ in range(4):
            schema = new_schema()
            if compiled:
                model_of(schema)
            jobs = [functools.partial(job, schema) for job in (good, bad)] * (THREADS // 2)

            assert expected == at_once(jobs)

    def test_many(self) -> None:
        """So are those of as many new schemas as there are threads."""
        alone = new_schema()
        expected = [good(alone), bad(alone)] * (THREADS // 2)
        for _ in range(3):
            pairs = [(job, new_schema()) for job in [good, bad] * (THREADS // 2)]

            assert expected == at_once([functools.partial(job, schema) for job, schema in pairs])


#: What a process does first, in as many threads as there are jobs, and what comes of each.
FIRST_USE = """
import random
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

MESH = {"MESH_SERVICE_NAME": "orders", "MESH_RETRY_BASE_DELAY": "250ms"}


def load():
    import meshconf
    return meshconf.load(environ=MESH).retry.base_delay

def own():
    import attrs, meshconf
    App = attrs.make_class("App", {"port": attrs.field(type=int, default=80)})
    return meshconf.load(schema=App, prefix="APP_", environ={"APP_PORT": "81"}).port

def fail():
    import meshconf
    try:
        meshconf.load(environ={**MESH, "MESH_RETRY_BASE_DELAY": "soon", "MESH_METRICS_PORT": "0"})
    except meshconf.ConfigError as error:
        return str(error)

def explain():
    from meshconf import read
    return read(environ=MESH).explain("retry.base_delay")

def follow():
    import meshconf
    with meshconf.watch(environ=MESH) as live:
        return live.reload().fingerprint

def names():
    import meshconf
    return [getattr(meshconf, name).__name__ for name in meshconf.__all__]

def render():
    from meshconf import load
    from meshconf.mesh.render import consul, envoy, haproxy
    config = load(environ=MESH)
    return [len(target(config).text) for target in (consul, envoy, haproxy)]

def described():
    from meshconf.describe.description import describe
    from meshconf.describe.json_schema import json_schema_text
    from meshconf.mesh import ServiceMeshConfig
    from meshconf.schema.compile import model_of
    return len(json_schema_text(describe(model_of(ServiceMeshConfig), "MESH_")))

jobs = [load, names, own, fail, explain, follow, names, render, described]
if "alone" in sys.argv:
    for job in jobs:
        print(job())
else:
    def give_way(_, event, __):
        if event == "call" and random.random() < 0.1:
            time.sleep(1e-6)

    sys.setswitchinterval(1e-6)
    threading.setprofile(give_way)
    barrier = threading.Barrier(len(jobs))
    def run(job):
        barrier.wait()
        return job()
    with ThreadPoolExecutor(len(jobs)) as pool:
        print(*pool.map(run, jobs), sep="\\n")
"""


def first_use(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start a process that uses meshconf for the first time."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    return subprocess.Popen(
        [sys.executable, "-c", FIRST_USE, *arguments],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(PACKAGE)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


class TestFirstUse:
    """Rooms that are imported when they are first needed."""

    def test_of_all_rooms(self, tmp_path: Path) -> None:
        """Threads that begin with other rooms get what a lone one gets."""
        ran = [first_use(tmp_path, *how) for how in (["alone"], [], [])]
        expected, *others = [process.communicate(timeout=60)[0] for process in ran]

        assert expected.count("\n") > THREADS
        assert "Traceback" not in expected
        assert [expected] * len(others) == others


@attrs.frozen
class Pair:
    """Two values that belong together, and one for whom each change is told."""

    left: int = 0
    right: int = 0

    @rule("left", "right")
    @staticmethod
    def belong_together(left: int, right: int) -> str | None:
        return None if left == right else f"{left} and {right}"


def note(got: list[int], _: Pair, new: Pair, __: object) -> None:
    """Note what a subscriber is told."""
    got.append(new.left)


class TestReloads:
    """A Live that several threads reload, read, subscribe to and ask, while its file changes."""

    @pytest.fixture(name="file")
    def _file(self, tmp_path: Path) -> Path:
        file = tmp_path / "pair.toml"
        file.write_text("left = 1\nright = 1\n")
        return file

    def test_at_once(self, file: Path) -> None:
        """Nobody sees half a change or an older one after a newer, and none is told twice."""
        with meshconf.watch(file, schema=Pair, prefix=None) as live:
            told: list[tuple[Pair, Pair]] = []

            @live.subscribe
            def tell(old: Pair, new: Pair, _: object) -> None:
                time.sleep(0.001)  # so that others come and go meanwhile
                told.append((old, new))

            over = threading.Event()

            def write() -> None:
                for number in range(2, 50):
                    new = file.with_suffix(".new")
                    new.write_text(f"left = {number}\nright = {number}\n")
                    new.replace(file)
                    live.reload()
                over.set()

            def reload() -> list[Any]:
                seen = []
                while not over.is_set():
                    seen.append(live.reload().config.left)
                return seen

            def look() -> list[Any]:
                seen = []
                while not over.is_set():
                    config = live.config
                    assert config.left == config.right
                    seen.append(config.left)
                return seen

            def ask() -> list[Any]:
                seen = []
                while not over.is_set():
                    seen.append(live.status.generation)
                return seen

            def come_and_go() -> list[Any]:
                while not over.is_set():
                    got: list[int] = []
                    end = live.subscribe(functools.partial(note, got))
                    time.sleep(0.0005)
                    end()
                    assert got == sorted(set(got))
                return []

            _, *seen = at_once(
                [write, reload, reload, look, ask, come_and_go, come_and_go, come_and_go]
            )

        assert [sorted(one) for one in seen] == seen
        assert 49 == live.config.left
        assert [new for _, new in told[:-1]] == [old for old, _ in told[1:]]
        assert sorted({new.left for _, new in told}) == [new.left for _, new in told]
        assert (1, 49) == (told[0][0].left, told[-1][1].left)

    def test_end_in_between(self, file: Path) -> None:
        """Whoever asks for a reload while another closes gets one, or is told that it is closed."""
        for _ in range(10):
            live = meshconf.watch(file, schema=Pair, prefix=None)

            def reload(live: meshconf.Live[Pair] = live) -> str:
                try:
                    return str(live.reload().config.left)
                except RuntimeError as error:
                    return str(error)

            _, _, *said = at_once([live.close, live.close, *[reload] * 6])

            assert {"1", "this Live is closed"} >= set(said)
            assert not live.status.watcher_alive
