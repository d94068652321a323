"""What holds of any input: a configuration or a ConfigError, with a report that renders."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Literal
from xml.etree import ElementTree as ET

import attrs

import meshconf
from meshconf import Seconds, Secret, edits, rule, setting, step
from meshconf.diagnostics.formats import FORMATS, LINE_FORMATS, lines, write
from meshconf.diagnostics.styled import plain
from meshconf.diagnostics.words import printable
from meshconf.sources.reading import text_in

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from meshconf.schema.model import Model
    from meshconf.sources.layer import Layer

__all__ = ["App", "InMemory", "check_outcome", "check_report"]

#: A sentence is cut at 2,000 characters, each of which may be written as an escape of six.
LONGEST_LINE = 13_000

#: What an XML document cannot hold.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@attrs.frozen
class Peer:
    """A group."""

    host: str = setting("a", matches="[a-z.\n]*", renamed_from=("name",))
    port: int = setting(1, ge=0, le=65535)


@attrs.frozen
class Tcp:
    """A class of a union."""

    type: Literal["tcp"] = "tcp"
    port: int = 1


@attrs.frozen
class Unix:
    """The other one."""

    type: Literal["unix"] = "unix"
    path: str = "/"
    password: Secret[str] | None = None


@meshconf.configuration(
    prefix="APP_",
    version=3,
    steps=[
        step(
            2,
            edits.move("peer_port", "peer.port"),
            edits.rename("peers.*.address", "host"),
            edits.remove("gone", reason="nobody used it"),
        ),
        step(3, edits.map_values("level", {"all": "debug"}), edits.move("secret", "token")),
    ],
)
@attrs.frozen
class App:
    """A schema with something of everything."""

    name: str = ""
    peer: Peer = attrs.field(factory=Peer)
    wait: Seconds = 1.0
    level: Literal["debug", "info"] = "info"
    token: Secret[str] | None = None
    peers: dict[str, Peer] = attrs.field(factory=dict)
    rows: tuple[Peer, ...] = ()
    sizes: tuple[int, ...] = setting((), merge="append")
    labels: dict[str, str] = attrs.field(factory=dict)
    pair: tuple[int, str] = (0, "")
    listen: Tcp | Unix = attrs.field(factory=Tcp)
    flag: bool = False
    ratio: float = 0.0
    anything: Any = None

    @rule("wait", "peer.port")
    @staticmethod
    def waits_for_port(wait: float, port: int) -> str | None:
        """The wait is at most as long as the port is high."""
        return f"{wait:g} s is longer than {port}" if wait > port else None


@attrs.frozen
class InMemory:
    """Has the files of one example, whatever the paths."""

    content: bytes

    def text(self, _: Any, max_bytes: int) -> tuple[str, int]:
        """Give the text as from a file."""
        return text_in(self.content, max_bytes), 0o600

    def names(self, _: Any) -> set[str]:
        """Give no names."""
        return set()

    def where(self, path: Any) -> str:
        """Give the path."""
        return str(path)


@attrs.frozen
class OfFiles:
    """A source whose files stand in memory."""

    source: Any
    files: InMemory

    def read(self, model: Model) -> Layer:
        """Read the source."""
        layer: Layer = self.source.read_from(self.files, model)
        return layer


def check_outcome(
    *sources: Any, schema: Any = App, environ: Mapping[str, str] | None = None, **options: Any
) -> Any:
    """Load; nothing but a snapshot or a ConfigError comes of it, and its report renders.

    Returns:
        The snapshot or the error.
    """
    found: Any
    try:
        found = meshconf.read(*sources, schema=schema, environ=environ or {}, **options)
    except meshconf.ConfigError as error:
        found = error
        assert found.__cause__ is None
        assert found.__context__ is None
        assert any(problem.severity == "error" for problem in found.problems)
        check_report(found.problems, found.sources)
        assert str(found).endswith("; nothing was loaded")
    else:
        assert not any(problem.severity == "error" for problem in found.warnings)
        check_report(found.warnings, found.sources)
        assert found.fingerprint
    return found


def check_report(problems: Sequence[meshconf.Problem], sources: Sequence[str]) -> None:
    """Render a report in every format: whole documents, lines of some length, nothing raw."""
    for name in FORMATS:
        if name in LINE_FORMATS:
            text = plain(lines(name, problems, sources))
        else:
            text = write(name, problems, sources, ())
        assert text.encode()
        assert not _NO_XML.search(text)
        if name in LINE_FORMATS:
            for line in text.split("\n"):
                assert line == printable(line)
                assert len(line) < LONGEST_LINE
        elif name in ("json", "sarif"):
            json.loads(text)
        elif name == "junit":
            ET.fromstring(text)  # noqa: S314 - our own
        else:
            *commands, closing = text.split("\n")
            assert all(line.startswith("::") for line in commands)
            assert closing.startswith("meshconf: ")
