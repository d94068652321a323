"""A schema with a history: 2,500 hosts of four keys each, one of which every file has elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import attrs

import meshconf
from meshconf import configuration, edits, step

if TYPE_CHECKING:
    from pathlib import Path


@attrs.frozen(kw_only=True)
class Retry:
    """A group that version 1 did not have."""

    attempts: int = 3


@attrs.frozen(kw_only=True)
class Host:
    """A host as version 2 has it."""

    address: str
    port: int
    weight: int = 1
    retry: Retry = Retry()


@configuration(version=2, steps=[step(2, edits.move("hosts.*.attempts", "hosts.*.retry.attempts"))])
@attrs.frozen(kw_only=True)
class Hosts:
    """The whole file."""

    hosts: Mapping[str, Host]


def load(path: Path) -> Hosts:
    """Load a file of either version."""
    return meshconf.load(meshconf.File(path, max_bytes=10**9), schema=Hosts, prefix=None)


def migrate(path: Path) -> str:
    """Do all that `meshconf migrate` does with a file but write it; return the new text."""
    from meshconf.loading.migration import migration_of
    from meshconf.schema.compile import model_of

    model = model_of(Hosts)
    return migration_of(model, meshconf.File(path, max_bytes=10**9).read(model), 2).new or ""
