"""Fixtures of real servers.

A conftest.py names those that its tests want, and they are started when the first test asks:

    from tests.servers.fixtures import consul, new_consul

    __all__ = ["consul", "new_consul"]

`consul`, `etcd` and `zookeeper` are shared by all tests of a session: keys are kept apart by `key`,
and nobody stops them. Who stops a server, or wants one with options, makes it with `new_consul`,
`new_etcd` or `new_zookeeper`.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from tests.servers.certificates import Authority
from tests.servers.consul import Consul
from tests.servers.etcd import PROGRAMS, Etcd
from tests.servers.proxy import CountingProxy
from tests.servers.zookeeper import ZooKeeper

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "authority",
    "consul",
    "etcd",
    "etcd_program",
    "key",
    "new_consul",
    "new_etcd",
    "new_proxy",
    "new_zookeeper",
    "zookeeper",
]

S = TypeVar("S", Consul, Etcd, ZooKeeper)

#: Servers that are shared, however many conftest.py files name their fixtures.
_SHARED = pytest.StashKey[dict[str, Any]]()


def _shared(config: pytest.Config, name: str, make: Callable[[], S]) -> S:
    """Return the server of a name; it is closed when pytest ends."""
    shared = config.stash.setdefault(_SHARED, {})
    if name not in shared:
        server = shared[name] = make()
        config.add_cleanup(server.close)
    found: S = shared[name]
    return found


@pytest.fixture(scope="session")
def consul(pytestconfig: pytest.Config) -> Consul:
    """Share a Consul without ACLs, in memory."""
    return _shared(pytestconfig, "consul", lambda: Consul(in_memory=True))


@pytest.fixture(scope="session", params=PROGRAMS)
def etcd_program(request: pytest.FixtureRequest) -> str:
    """Name an etcd of either version."""
    return str(request.param)


@pytest.fixture(scope="session")
def etcd(pytestconfig: pytest.Config, etcd_program: str) -> Etcd:
    """Share an etcd of either version, without auth."""
    return _shared(pytestconfig, etcd_program, lambda: Etcd(etcd_program))


@pytest.fixture(scope="session")
def zookeeper(pytestconfig: pytest.Config) -> ZooKeeper:
    """Share a ZooKeeper."""
    return _shared(pytestconfig, "zookeeper", ZooKeeper)


@pytest.fixture
def key(request: pytest.FixtureRequest) -> str:
    """Return a key for this test alone: a path of letters, digits and `-`."""
    parts = request.node.nodeid.split("/")
    return "/".join("".join(c if c.isalnum() else "-" for c in part) for part in parts)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Share an authority for certificates."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def new_consul() -> Iterator[Callable[..., Consul]]:
    """Return what starts a Consul with options; it is closed with the test."""
    with contextlib.ExitStack() as stack:
        yield lambda **options: stack.enter_context(Consul(**options))


@pytest.fixture
def new_etcd(etcd_program: str) -> Iterator[Callable[..., Etcd]]:
    """Return what starts an etcd of either version with options; it is closed with the test."""
    with contextlib.ExitStack() as stack:
        yield lambda **options: stack.enter_context(Etcd(etcd_program, **options))


@pytest.fixture
def new_zookeeper() -> Iterator[Callable[[], ZooKeeper]]:
    """Return what starts a ZooKeeper; it is closed with the test."""
    with contextlib.ExitStack() as stack:
        yield lambda: stack.enter_context(ZooKeeper())


@pytest.fixture
def new_proxy() -> Iterator[Callable[[Consul | Etcd], CountingProxy]]:
    """Return what starts a proxy in front of a server; it is closed with the test."""
    with contextlib.ExitStack() as stack:
        yield lambda server: stack.enter_context(CountingProxy(server.address))
