"""No part of a secret is seen anywhere, whichever source says it and whatever is wrong around it."""

from __future__ import annotations

import base64
import functools
import hashlib
import logging
import os
import shutil
from typing import TYPE_CHECKING, Any

import attrs
import pytest

import meshconf
from meshconf import Secret, ServiceMeshConfig
from meshconf.diagnostics.codes import CODES
from meshconf.loading.load import read_outcome
from meshconf.schema.compile import model_of
from tests.laws.secrets import routes
from tests.laws.secrets.canaries import Canaries
from tests.laws.secrets.cases import FAULTS, OF_MESH, Case, cases
from tests.laws.secrets.commands import commands
from tests.laws.secrets.documents import planted
from tests.laws.secrets.following import reloads
from tests.laws.secrets.ledger import Ledger
from tests.laws.secrets.schemas import DEFAULT, Aged, Expired, Plain, Vault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from meshconf.loading.load import Outcome

#: Codes of which this matrix shows nothing, and why.
ELSEWHERE = {
    "MC409": "only a store refuses a token: see test_stores.py",
    "MC410": "only a store misses a key: see test_stores.py",
    "MC411": "only a store answers wrongly: see test_stores.py",
    "MC412": "only a store has two writers: see test_stores.py",
}

#: What is shown in every way, and not only in those that differ.
WHOLE = ("none", "worse", "rules that raise", "failing steps")

#: What secrets of another length, with other characters, make no difference to.
EVEN = (
    "none",
    "missing",
    "beside",
    "bounds beside",
    "rules",
    "rules that warn",
    "rules that raise",
)
PLACELESS = ("variables", "NAME_FILE", "SecretsDirectory", "overrides", "a source of one's own")

#: What is planted, what is compared with it, and what needs escapes and is longer.
FIRST, SECOND, AWKWARD = Canaries(), Canaries(1), Canaries(2, awkward=True, longer=2)


class Records(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.kept: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        self.kept.append(record)


@pytest.fixture(scope="module")
def records() -> Iterator[list[logging.LogRecord]]:
    """Keep what meshconf logs, and print none of it."""
    logger, handler = logging.getLogger("meshconf"), Records()
    before = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    yield handler.kept
    logger.removeHandler(handler)
    logger.level, logger.propagate = before


@pytest.fixture(scope="module")
def matrix(
    tmp_path_factory: pytest.TempPathFactory, records: list[logging.LogRecord]
) -> Iterator[Ledger]:
    """Go through the whole matrix once."""
    ledger = Ledger()
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("MESH_", "VAULT_", "PLAIN_", "AGED_", "CONSUL", "ETCD")):
                patch.delenv(name)
        patch.setenv("COLUMNS", "200")
        folder = tmp_path_factory.mktemp("matrix")
        _go(ledger, folder / "loads", patch, _loads)
        _go(ledger, folder / "objects", patch, _objects)
        _go(ledger, folder / "commands", patch, _commands)
        _go(ledger, folder / "reloads", patch, functools.partial(_reloads, records))
        yield ledger


def _go(ledger: Ledger, folder: Path, patch: pytest.MonkeyPatch, act: Any) -> None:
    folder.mkdir()
    patch.chdir(folder)
    act(ledger, folder)


def _loads(ledger: Ledger, folder: Path) -> None:
    """Load everything with one set of secrets, and with others."""
    turns = zip(cases(FIRST), cases(SECOND), cases(AWKWARD), strict=True)
    for number, (first, second, awkward) in enumerate(turns):
        once = _outcome(first, folder)
        if number % 2 == 0 or first.fault == "none":
            again = _outcome(second, folder)
            short = list(routes.in_short(once))
            ledger.compare(first.name, short, _look(ledger, second, again, routes.in_short(again)))
        _look(ledger, first, once, routes.of_outcome(once, whole=first.fault in WHOLE))
        even = first.fault in EVEN and first.source in PLACELESS
        if number % 4 == 0 or even:
            made = _outcome(awkward, folder)
            if even:
                ledger.compare(
                    first.name, *([*routes.without_problems(one)] for one in (once, made))
                )
            _look(ledger, awkward, made, routes.of_outcome(made, whole=False))


def _outcome(case: Case, folder: Path) -> Outcome:
    for entry in os.scandir(folder):
        shutil.rmtree(entry) if entry.is_dir(follow_symlinks=False) else os.unlink(entry)  # noqa: PTH108
    sources, options = case.prepare(folder)
    return read_outcome(case.schema, sources, **{"environ": {}, **options})


def _look(
    ledger: Ledger, case: Case, outcome: Outcome, texts: routes.Texts
) -> list[tuple[str, str]]:
    codes = {one.code for one in outcome.problems}
    return ledger.look(case.name, case.source, case.canaries, codes, texts)


def _objects(ledger: Ledger, folder: Path) -> None:
    """Show what is there without any source, what two loads differ in, and what is rendered."""
    for schema in (Vault, Plain, Aged, Expired, ServiceMeshConfig):
        model = model_of(schema)
        ledger.look(f"{schema.__name__} itself", "defaults", (), (), routes.of_model(model))
    for field in ("text", "pin"):
        for value in (FIRST.text(field), FIRST.number(field), [FIRST.text(field)]):
            ledger.look("Secret", "", {FIRST.text(field)}, (), routes.of_secret(Secret(value)))
    for schema, faults in ((Vault, FAULTS), (Plain, FAULTS), (ServiceMeshConfig, OF_MESH)):
        model = model_of(schema)
        documents = [faults["none"](model, one) for one in (FIRST, AWKWARD)]
        old, new = (read_outcome(schema, [], environ={}, overrides=one) for one in documents)
        bare = read_outcome(schema, [], environ={}, overrides=_needed(schema))
        for one, other in ((old, new), (bare, new), (old, bare)):
            texts = routes.of_difference(one, other)
            ledger.look(f"{schema.__name__}, compared", "overrides", planted(documents), (), texts)
        if schema is ServiceMeshConfig:
            _render(ledger, documents[0])


def _needed(schema: Any) -> dict[str, Any]:
    return {"service_name": "x"} if schema is ServiceMeshConfig else {"needed": "x"}


def _render(ledger: Ledger, document: dict[str, Any]) -> None:
    for more in (
        {},
        {"upstreams": {"a": {"load_balancer": {"algorithm": "peak_ewma"}}}},
        {"upstreams": {"a\nb": {}}, "tls": {"enabled": True}},
    ):
        overrides = {**document, **more}
        config = meshconf.load(environ={}, overrides=overrides)
        texts = [*routes.of_targets(config), *routes.of_rich(config)]
        codes = {code for code in ("MC303",) for _, text in texts if code in text}
        ledger.look("render", "overrides", planted(document), codes, texts)


def _commands(ledger: Ledger, folder: Path) -> None:
    """Run every command."""
    for one in commands(folder, FIRST):
        texts = list(one.run())
        codes = {code for code in CODES for _, text in texts if code in text}
        name = " ".join(one.arguments)
        ledger.look(f"meshconf {name}", one.source, one.canaries, codes, texts)


def _reloads(records: list[logging.LogRecord], ledger: Ledger, folder: Path) -> None:
    """Follow sources while they change."""
    records.clear()
    for one in reloads(folder, SECOND, FIRST, records):
        ledger.look(f"live, {one.name}", one.source, one.canaries, one.codes, one.texts)


class TestMatrix:
    def test_nothing_is_seen(self, matrix: Ledger, record_property: Any) -> None:
        """No text of any route holds a part of a secret, its hash or a code of it."""
        sizes = {
            "canaries": len(matrix.canaries),
            "sources": len(matrix.sources),
            "codes": len(matrix.codes),
            "routes": len(matrix.routes),
            "loads": matrix.loads,
            "texts": matrix.texts,
            "combinations": matrix.combinations,
        }
        for name, size in sizes.items():
            record_property(name, size)
        print(", ".join(f"{size} {name}" for name, size in sizes.items()))  # noqa: T201 - for -s

        assert [] == matrix.leaks()

    def test_nothing_depends_on_a_secret(self, matrix: Ledger) -> None:
        """Other secrets change no letter of what is said, nor the fingerprint.

        They are as long, since a place in a line or a file tells how much is before it. What tells
        of no place is the same for longer ones too.
        """
        assert [] == matrix.different[:3]

    def test_every_code_comes_up(self, matrix: Ledger) -> None:
        """Each code is provoked around a secret, or it is said why none can be near."""
        assert set(CODES) - set(ELSEWHERE) == matrix.codes & set(CODES) - set(ELSEWHERE)

    def test_looks_for_what_is_there(self) -> None:
        """A leak is found: whole, in part, escaped, hashed and coded."""
        text, number = AWKWARD.text("x"), AWKWARD.number("x")
        raw = text.encode()
        for leak in (
            text,
            text[3:11],
            repr(text),
            hashlib.sha256(raw).hexdigest()[:12],
            hashlib.md5(raw).hexdigest(),  # noqa: S324 - a careless author's
            base64.b64encode(b"x" + raw).decode(),
            raw.hex(),
            f"token={number}",
            str(number)[2:10],
            hex(number),
        ):
            ledger = Ledger()
            ledger.look("here", "x", {text, number}, (), [("x", f"a {leak} b")])

            assert 1 <= len(ledger.leaks()), leak

    def test_says_nothing_of_defaults(self, matrix: Ledger) -> None:
        """The defaults of classes are secrets as well."""
        ledger = attrs.evolve(matrix, canaries={DEFAULT.text("text"), DEFAULT.text("plain")})

        assert [] == ledger.leaks()
