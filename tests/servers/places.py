"""Keys in stores of every sort that documents are kept in.

A conftest.py names `store` and `place`; a test that wants `place` runs once for each store.
"""

from __future__ import annotations

from typing import Any, Protocol

import attrs
import pytest

from tests.servers.consul import Consul
from tests.servers.etcd import PROGRAMS, Etcd
from tests.servers.fixtures import _shared

__all__ = ["At", "BriefConsul", "Place", "place", "store"]


class Addressed(Protocol):
    """What has an address: a server, or a proxy in front of it."""

    @property
    def address(self) -> str:
        """The address, with its scheme."""
        ...


@attrs.frozen
class At:
    """An address at which there may be nothing."""

    address: str


class BriefConsul(Consul):
    """A Consul that lets sessions be as short as a test likes; by default they last 10 s and more."""

    def _options(self) -> dict[str, Any]:
        return {**super()._options(), "session_ttl_min": "1s"}


@attrs.frozen
class Place:
    """A key in a store.

    Attributes:
        server: The store.

        key: The key.
    """

    server: Consul | Etcd
    key: str

    @property
    def kind(self) -> str:
        """What kind of store it is."""
        return "consul" if isinstance(self.server, Consul) else "etcd"

    @property
    def writes(self) -> str:
        """What requests begin with that write the key with check-and-set."""
        return f"/v1/kv/{self.key}?cas" if self.kind == "consul" else "/v3/kv/txn"

    def url(self, options: str = "", through: Addressed | None = None) -> str:
        """Return its URL, there or, by way of a proxy, elsewhere."""
        _, _, where = (through or self.server).address.partition("://")
        return f"{self.kind}://{where}/{self.key}{options and f'?{options}'}"

    def put(self, text: str | bytes, below: str = "") -> None:
        """Put a document there, or below it."""
        self.server.put(self.key + below, text)

    def get(self, below: str = "") -> str | None:
        """Read what is there, or below it."""
        return self.server.get(self.key + below)

    def delete(self, below: str = "") -> None:
        """Take it away."""
        self.server.delete(self.key + below)


@pytest.fixture(scope="session", params=["consul", *PROGRAMS])
def store(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> Consul | Etcd:
    """Share a store of each sort."""
    name: str = request.param
    if name == "consul":
        return _shared(pytestconfig, "brief consul", lambda: BriefConsul(in_memory=True))
    return _shared(pytestconfig, name, lambda: Etcd(name))


@pytest.fixture
def place(store: Consul | Etcd, key: str) -> Place:
    """Return a key of its own in each store."""
    return Place(store, key)
