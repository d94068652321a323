"""What is said of a configuration with secrets that is followed while it changes."""

from __future__ import annotations

import contextlib
import json
import logging
from typing import TYPE_CHECKING, Any

import attrs
from prometheus_client import CollectorRegistry, generate_latest

import meshconf
from meshconf import DotEnv, File, Live, SecretsDirectory
from meshconf.live.prometheus import ConfigCollector
from meshconf.schema.compile import model_of
from tests.laws.secrets.canaries import without_times
from tests.laws.secrets.cases import FAULTS, OF_VAULT
from tests.laws.secrets.documents import dotenv, files_of, planted, put, toml, variables
from tests.laws.secrets.routes import of_live, of_records
from tests.laws.secrets.schemas import Vault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from meshconf import Layer
    from tests.laws.secrets.canaries import Canaries

__all__ = ["Reload", "reloads"]


@attrs.frozen
class Reload:
    """What was said after a reload."""

    name: str
    source: str
    canaries: frozenset[Any]
    codes: frozenset[str]
    texts: list[tuple[str, str]]


@attrs.define
class Teller:
    """A participant, a subscriber and an observer; each tells a secret when it is asked to."""

    told: list[Any] = attrs.field(factory=list)
    fails: str = ""

    def prepare(self, new: Any) -> None:
        """Refuse it, or not."""
        self._fail("prepare", new)

    def commit(self, new: Any) -> None:
        """Take it."""
        self._fail("commit", new)

    def abort(self, new: Any) -> None:
        """Let it be."""

    def changed(self, old: Any, new: Any, changes: Any) -> None:
        """Take note of changes."""
        self.told.append(changes)
        self._fail("changed", new)

    def _fail(self, where: str, new: Any) -> None:
        if self.fails == where:
            try:
                raise KeyError(new.text.reveal())  # noqa: TRY301 - see the context
            except KeyError as error:
                msg = f"{new.text.reveal()!r} and {new.group.password} are not liked"
                raise ValueError(msg) from error


@attrs.define
class Fickle:
    """A source of one's own that fails when it is asked to."""

    text: str
    fails: bool = False

    def read(self, _: Any) -> Layer:
        """Say nothing, or raise what nobody catches."""
        if self.fails:
            raise SystemExit(self.text)
        return meshconf.Layer("own", "own", {})


@attrs.define
class Watched:
    """A configuration that is followed, and all who are told of it."""

    source: str
    live: Live[Any]
    records: list[logging.LogRecord]
    teller: Teller = attrs.field(factory=Teller)
    registry: CollectorRegistry = attrs.field(factory=CollectorRegistry)

    def __attrs_post_init__(self) -> None:
        collector = ConfigCollector()
        collector.add(self.live)
        self.registry.register(collector)
        self.live.subscribe(self.teller.changed)
        self.live.enlist(self.teller)

    def reloaded(self, name: str, document: Any) -> Reload:
        """Reload it, and return what is said then; *document* is what sources say."""
        with contextlib.suppress(meshconf.ConfigError):
            self.live.reload()
        found = [*of_live(self.live), *of_records(self.records)]
        found.append(("prometheus", generate_latest(self.registry).decode()))
        found.append(("changes", repr(self.teller.told)))
        data = [*map(_as_data, self.teller.told)]
        found.append(("changes: asdict", json.dumps(data, default=str)))
        self.teller.told.clear()
        self.records.clear()
        error = self.live.attempt.error
        problems = error.problems if error is not None else ()
        return Reload(
            name=f"{self.source}: {name}",
            source=self.source,
            canaries=planted(document),
            codes=frozenset(one.code for one in problems),
            # What a clock says may be any number.
            texts=[(route, without_times(text)) for route, text in found],
        )


def reloads(
    folder: Path, old: Canaries, new: Canaries, records: list[logging.LogRecord]
) -> Iterator[Reload]:
    """Follow sources, change them in every way, and yield what is said each time."""
    model = model_of(Vault)
    sound, changed = FAULTS["none"](model, old), FAULTS["none"](model, new)
    fickle = Fickle(new.text("text"))
    for source, (write, sources) in _SOURCES.items():
        write(folder, sound)
        environ = {} if source == "TOML" else {"VAULT_NEEDED": "x"}
        with meshconf.watch(*sources(), fickle, schema=Vault, environ=environ) as live:
            watched = Watched(source, live, records)
            yield watched.reloaded("as it began", sound)
            for fails in ("prepare", "changed", "commit", ""):
                watched.teller.fails = fails
                write(folder, changed if fails != "commit" else sound)
                yield watched.reloaded(f"changed, {fails or 'nothing'} fails", changed)
            fickle.fails = True
            yield watched.reloaded("a source raises", changed)
            fickle.fails = False
            for name, make in {**FAULTS, **OF_VAULT}.items():
                if source == "TOML" or name in ("other types", "worse", "rules"):
                    document = make(model, new)
                    write(folder, document)
                    yield watched.reloaded(name, document)
            if source == "TOML":
                put(folder, "app.toml", "")
                yield watched.reloaded("empty", changed)
                put(folder, "app.toml", f"{toml(changed)}\nnumber = ")
                yield watched.reloaded("broken", changed)
    _toml(folder, sound)
    reject: Any = {"on_restart_fields": "reject"}
    with meshconf.watch(*_SOURCES["TOML"][1](), schema=Vault, environ={}, **reject) as live:
        _toml(folder, changed)
        yield Watched("TOML", live, records).reloaded("waits for a restart", changed)


def _as_data(changes: Any) -> list[dict[str, Any]]:
    return [attrs.asdict(one) for one in changes]


def _toml(folder: Path, document: Any) -> None:
    put(folder, "app.toml", toml(document))


def _dotenv(folder: Path, document: Any) -> None:
    put(folder, ".env", dotenv(variables(model_of(Vault), document, "VAULT_")))


def _directory(folder: Path, document: Any) -> None:
    for name, text in files_of(model_of(Vault), document).items():
        put(folder, f"followed/{name}", text)


_SOURCES: dict[str, tuple[Callable[[Path, Any], None], Callable[[], list[Any]]]] = {
    "TOML": (_toml, lambda: [File("app.toml", secret_in_file="allow")]),
    ".env": (_dotenv, lambda: [DotEnv(".env", "VAULT_")]),
    "SecretsDirectory": (_directory, lambda: [SecretsDirectory("followed")]),
}
