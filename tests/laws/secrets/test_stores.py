"""The same of documents in Consul and etcd, and of the tokens with which these are asked."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

import meshconf
from meshconf.cli.commands import meshconf as command
from meshconf.loading import pushing
from meshconf.loading.load import accept, read_outcome
from meshconf.schema.compile import model_of
from tests.laws.secrets import routes
from tests.laws.secrets.canaries import Canaries
from tests.laws.secrets.cases import FAULTS
from tests.laws.secrets.documents import planted, put, toml
from tests.laws.secrets.ledger import Ledger
from tests.laws.secrets.schemas import Vault
from tests.servers.answering import Answering

if TYPE_CHECKING:
    from tests.servers.places import Place

CANARIES = Canaries()
TOKEN = Canaries(7).text("token")

#: The variables that give tokens.
TOKENS = {"CONSUL_HTTP_TOKEN": TOKEN, "ETCDCTL_USER": f"me:{TOKEN}"}

NAMED = ("--schema", "tests.laws.secrets.schemas:Vault")


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """Work in an empty folder; keep what is said."""
    monkeypatch.chdir(tmp_path)
    return Ledger()


def read(ledger: Ledger, name: str, url: str, secrets: Any, **environ: str) -> set[str]:
    """Load a document, and keep what is said of it; return the codes."""
    found = read_outcome(Vault, [url], environ=environ)
    if found.snapshot is not None:
        accept(found.layers)
    codes = {one.code for one in found.problems}
    secrets = {*secrets, TOKEN}
    ledger.look(name, url, secrets, codes, routes.of_outcome(found, whole=True))
    return codes


def run(ledger: Ledger, *arguments: str, secrets: Any, **variables: str) -> str:
    """Run a command, and keep what it says."""
    done = CliRunner().invoke(command, [*arguments, *NAMED], env=variables, catch_exceptions=False)
    name = " ".join(arguments)
    ledger.look(name, "", {*secrets, TOKEN}, (), [(arguments[0], done.output)])
    return done.output


def documents() -> dict[str, tuple[str, frozenset[Any]]]:
    """Return documents, some with mistakes, and what is planted in them."""
    model = model_of(Vault)
    found = {}
    for name in ("none", "worse", "other types", "beside", "rules", "misspelt"):
        document = FAULTS[name](model, CANARIES)
        found[name] = (toml(document), planted(document))
        document.pop("local", None)
        found[f"{name}, not local"] = (toml(document), planted(document))
    sound, secrets = found["none, not local"]
    return {**found, "broken": (f"{sound}\nnumber = ", secrets)}


class TestStores:
    def test_documents(self, place: Place, ledger: Ledger) -> None:
        """Whatever is wrong with a document in a store, no secret in it is seen."""
        codes: set[str] = set()
        for name, (text, secrets) in documents().items():
            place.put(text)
            codes |= read(ledger, name, place.url("start=cached&cache=copy"), secrets)
            put(Path.cwd(), "here.toml", text)
            run(ledger, "diff", "here.toml", place.url(), secrets=secrets)
            run(ledger, "push", "here.toml", place.url(), secrets=secrets)
        place.delete()
        codes |= read(ledger, "gone", place.url(), (), VAULT_TEXT=CANARIES.text("text"))

        assert {"MC001", "MC107", "MC201", "MC301", "MC410"} <= codes
        assert 0o600 == (Path.cwd() / "copy").stat().st_mode & 0o777
        assert [] == ledger.leaks()

    def test_reloads(self, place: Place, ledger: Ledger, caplog: pytest.LogCaptureFixture) -> None:
        """A configuration that follows a store tells no secret, whatever it becomes."""
        place.put(documents()["none, not local"][0])
        with meshconf.watch(place.url(), schema=Vault, environ={}) as live:
            for name, (text, secrets) in documents().items():
                place.put(text)
                with contextlib.suppress(meshconf.ConfigError):
                    live.reload()
                texts = [*routes.of_live(live), *routes.of_records(caplog.records)]
                ledger.look(name, "store", secrets, (), texts)

        assert 1 < live.attempt.generation or live.attempt.error is not None
        assert [] == ledger.leaks()

    def test_overtaken(self, place: Place, ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
        """Who is overtaken by another writer is told so, and no secret of either."""
        asked = pushing.asked

        def asked_too_early(store: Any) -> Any:
            found = asked(store)
            place.put(f"needed = 'x'\ntext = '{Canaries(3).text('text')}'\n")
            return found

        monkeypatch.setattr(pushing, "asked", asked_too_early)
        text, secrets = documents()["none, not local"]
        put(Path.cwd(), "here.toml", text)
        said = run(ledger, "push", "here.toml", place.url(), secrets=secrets)

        assert "MC412" in said
        assert [] == ledger.leaks()


class TestTokens:
    @pytest.mark.parametrize(
        ("status", "code"),
        [(403, "MC409"), (401, None), (404, None), (500, "MC411"), (200, "MC411")],
    )
    @pytest.mark.parametrize("kind", ["consul", "etcd"])
    def test_is_not_repeated(
        self, kind: str, status: int, code: str | None, ledger: Ledger
    ) -> None:
        """A token is not seen when a store refuses it or breaks, not even if the answer holds it."""
        with Answering(json.dumps({"error": TOKEN, "message": TOKEN}), status=status) as server:
            url = f"{kind}://127.0.0.1:{server.port}/a/b"
            codes = read(ledger, kind, url, (), **TOKENS)
            put(Path.cwd(), "here.toml", "needed = 'x'\n")
            said = run(ledger, "push", "here.toml", url, secrets=(), **TOKENS)
            run(ledger, "doctor", "--fleet", url, secrets=(), **TOKENS)

        assert code is None or kind == "etcd" or code in codes
        assert "MC4" in said
        assert [] == ledger.leaks()
