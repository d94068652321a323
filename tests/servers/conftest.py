"""All servers."""

from __future__ import annotations

from tests.servers.fixtures import (
    authority,
    consul,
    etcd,
    etcd_program,
    key,
    new_consul,
    new_etcd,
    new_proxy,
    new_zookeeper,
    zookeeper,
)

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
