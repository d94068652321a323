"""Any bytes as variables: `NAME=text`, parted by NUL, as in `/proc/self/environ`."""

from __future__ import annotations

from meshconf.sources.environment import Environment
from tests.fuzz.laws import InMemory, OfFiles, check_outcome


def one_input(data: bytes) -> None:
    """Load variables; what stands after a second NUL in a row is in the files that they name."""
    listed, _, content = data.partition(b"\0\0")
    pairs = (pair.partition(b"=") for pair in listed.split(b"\0") if pair)
    environ = {
        name.decode(errors="surrogateescape"): text.decode(errors="surrogateescape")
        for name, _, text in pairs
    }
    source = OfFiles(Environment("APP_", environ=environ), InMemory(content))
    check_outcome(source, prefix=None)
