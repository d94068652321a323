"""The stores in which documents with secrets stand."""

from __future__ import annotations

from tests.servers.fixtures import etcd_program, key
from tests.servers.places import place, store

__all__ = ["etcd_program", "key", "place", "store"]
