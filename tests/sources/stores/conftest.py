"""What the tests of documents in stores share: a key in each store, and what reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import pytest

import meshconf
from meshconf import Secret, setting
from tests.live.conftest import failure, folder, until
from tests.servers.consul import Consul
from tests.servers.etcd import Etcd
from tests.servers.fixtures import (
    authority,
    consul,
    etcd,
    etcd_program,
    key,
    new_consul,
    new_etcd,
    new_proxy,
)
from tests.servers.places import At, Place, place, store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from meshconf import Live

__all__ = [
    "App",
    "At",
    "Place",
    "authority",
    "consul",
    "etcd",
    "etcd_program",
    "failure",
    "folder",
    "key",
    "new_consul",
    "new_etcd",
    "new_proxy",
    "place",
    "store",
    "until",
]

OPTIONS: Any = {"prefix": "APP_", "environ": {}}

#: What appears in no output.
CANARY = "canary-4711"


@attrs.frozen(kw_only=True)
class App:
    """A schema with a setting that only this machine decides."""

    limit: int = setting(10, ge=1)
    name: str = ""
    folder: str = setting("data", local_only=True)
    token: Secret[str] | None = None


@pytest.fixture(params=["consul", "etcd", "etcd-3.4"])
def store_program(request: pytest.FixtureRequest) -> str:
    """Name the program of a store."""
    name: str = request.param
    return name


@pytest.fixture
def own_place(store_program: str, key: str) -> Iterator[Place]:
    """Return a key in a store that the test may stop."""
    with Consul() if store_program == "consul" else Etcd(store_program) as server:
        yield Place(server, key)


@pytest.fixture
def watch() -> Iterator[Callable[..., Live[Any]]]:
    """Return a function that follows sources; all is closed at the end."""
    opened: list[Live[Any]] = []

    def watch(*sources: Any, **options: Any) -> Live[Any]:
        live: Live[Any] = meshconf.watch(*sources, **{"schema": App, **OPTIONS, **options})
        opened.append(live)
        return live

    yield watch
    for live in opened:
        live.close()
