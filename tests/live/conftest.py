"""What the tests of reloads share: a folder, files that change, and patience with a limit."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import pytest

import meshconf
from meshconf import Live, Secret, configuration, edits, rule, setting, step
from meshconf.live import worker
from tests.servers.fixtures import etcd_program, key, new_consul, new_etcd, new_proxy
from tests.servers.places import place, store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["etcd_program", "key", "new_consul", "new_etcd", "new_proxy", "place", "store"]


@attrs.frozen(kw_only=True)
class Pool:
    """A group."""

    size: int = setting(4, ge=1)
    kind: str = setting("thread", reload="restart")


@attrs.frozen(kw_only=True)
class App:
    """A schema with settings of every sort that matters to reloads."""

    name: str = "app"
    left: int = 0
    right: int = 0
    limit: int = setting(10, ge=1)
    listen: int = setting(80, reload="restart")
    token: Secret[str] | None = None
    pool: Pool = Pool()
    pools: dict[str, Pool] = {}

    @rule("left", "right")
    @staticmethod
    def are_a_pair(left: int, right: int) -> str | None:
        """Left and right are the same."""
        return None if left == right else f"left is {left}, right is {right}"


@configuration(
    prefix="OLD_",
    version=2,
    steps=[step(2, edits.rename("max", "limit"), since="2.0", removed_in="3.0")],
)
@attrs.frozen
class Aged:
    """A schema that had another layout before."""

    limit: int = 1
    name: str = setting("", renamed_from="title")


#: Whatever a test waits for comes within so many seconds, or it fails.
PATIENCE = 10.0


def until(condition: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """Wait for something to be so; return what it is."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "waited for in vain"
        time.sleep(0.002)
    return found


def put(path: Path | str, text: str) -> None:
    """Replace a file at once, as careful programs do."""
    new = Path(f"{path}.new")
    new.write_text(text)
    new.replace(path)


def swap(folder: Path, files: dict[str, str], number: int) -> None:
    """Give a directory other files at once, as Kubernetes does with those of a ConfigMap."""
    data = folder / f"..{number}"
    data.mkdir(parents=True)
    for name, text in files.items():
        (data / name).write_text(text)
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(f"..data/{name}")
    link = folder / "..data_tmp"
    link.symlink_to(data.name)
    before = folder / "..data"
    old = folder / before.readlink() if before.is_symlink() else None
    link.rename(before)
    if old is not None:
        for file in old.iterdir():
            file.unlink()
        old.rmdir()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have files read as soon as they are quiet for 120 ms, so that their times can be trusted."""
    monkeypatch.setattr(worker, "QUIET", 0.12)


@pytest.fixture
def only_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have files read when a test asks for it, and not besides."""
    monkeypatch.setattr(worker, "QUIET", 60.0)
    monkeypatch.setattr(worker, "LONGEST", 60.0)


@pytest.fixture
def watch(folder: Path) -> Iterator[Callable[..., Live[Any]]]:
    """Return a function that watches files in the folder; all is closed at the end."""
    opened: list[Live[Any]] = []

    def watch(text: str | None = None, *sources: Any, **options: Any) -> Live[Any]:
        if text is not None:
            put(folder / "app.toml", text)
            sources = ("app.toml", *sources)
        defaults: Any = {"schema": App, "prefix": "APP_", "environ": {}}
        live: Live[Any] = meshconf.watch(*sources, **defaults | options)
        opened.append(live)
        return live

    yield watch
    for live in opened:
        live.close()


@pytest.fixture
def failure() -> Callable[[Live[Any]], meshconf.ConfigError]:
    """Return a function that reloads what must not come into force, and returns the error."""

    def failure(live: Live[Any]) -> meshconf.ConfigError:
        before, generation = live.config, live.status.generation
        with pytest.raises(meshconf.ConfigError) as caught:
            live.reload()

        assert before is live.config
        assert generation == live.status.generation
        return caught.value

    return failure


@contextlib.contextmanager
def as_nobody() -> Iterator[None]:
    """Do without the rights of root, who may read everything."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)
