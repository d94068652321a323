"""Copies of documents for the day on which their store cannot be reached."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import logging
import os
import tempfile
import time
from base64 import b64decode, b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

import attrs

from meshconf.sources.reading import Refused, read_text

__all__ = ["Kept", "keep", "kept"]

logger = logging.getLogger("meshconf")


@attrs.frozen
class Kept:
    """A document that was in force.

    Attributes:
        name: What reports call its store and key.

        version: What the store called its state.

        time: When it was last known to be right, as Unix time.

        content: The document.
    """

    name: str
    version: int
    time: float
    content: bytes = attrs.field(repr=False)

    @property
    def date(self) -> str:
        """When that was, for people."""
        return f"{dt.datetime.fromtimestamp(self.time, dt.timezone.utc):%Y-%m-%d %H:%M:%S UTC}"


def keep(path: str | os.PathLike[str], copy: Kept) -> None:
    """Write a copy, for its owner alone; it is there whole or not at all. A failure is logged."""
    document = {
        "name": copy.name,
        "version": copy.version,
        "time": copy.time,
        "sha256": sha256(copy.content).hexdigest(),
        "content": b64encode(copy.content).decode(),
    }
    where = Path(path)
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{where.name}.", dir=where.parent)  # 0600
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(document, file)
            Path(name).replace(where)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise
    except OSError as error:
        logger.warning("no copy of %s was kept in %s: %s", copy.name, where, error.strerror)


def kept(path: str | os.PathLike[str], name: str, max_age: float, max_bytes: int) -> Kept:
    """Read a copy.

    Args:
        path: The file.

        name: What reports call the store and the key; the copy of another one is refused.

        max_age: A copy that is older, in seconds, is refused.

        max_bytes: The largest document.

    Raises:
        Refused: If it cannot be used.
    """
    copy = _parsed(read_text(path, 2 * max_bytes + 10_000)[0])
    if copy is None:
        raise Refused("MC402", "is damaged")
    if copy.name != name:
        raise Refused("MC402", f"is a copy of {copy.name}")
    if time.time() - copy.time > max_age:
        raise Refused("MC402", f"is of {copy.date}, which is too long ago")
    return copy


def _parsed(text: str) -> Kept | None:
    try:
        document: Any = json.loads(text)
        content = b64decode(document["content"], validate=True)
        if sha256(content).hexdigest() != document["sha256"]:
            return None
        return Kept(
            str(document["name"]), int(document["version"]), float(document["time"]), content
        )
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
        return None
