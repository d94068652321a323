"""The ledger: an example service with a schema of its own, run as its README says."""

from __future__ import annotations

import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, cast

import pytest
import tomli

from tests.examples.conftest import Example, copy_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CANARY = "canary-7f3a"
TOKEN = {"LEDGER_WEBHOOK_TOKEN": CANARY}
PROFILE = {"LEDGER_PROFILE": "production"}
NOBODY = "1"  # a port on which nothing listens
EMPTY = "cash 0.00 EUR\nsupplier 0.00 CHF\n"
BOOKED = "cash 12.50 EUR\nsupplier 0.00 CHF\n"


class Ledger(Example):
    """A copy of the example that may be written to."""

    def run(self, *arguments: str, **variables: str) -> tuple[int, str, str]:
        """Run the service; return its exit code, stdout and stderr."""
        return self.module("ledger", *arguments, **variables)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """Copy what is checked in of the example."""
    return Ledger(copy_of("ledger", tmp_path), "LEDGER_")


class Webhook(HTTPServer):
    """A host that remembers what it is told, and answers with a status of the test's choice."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.status = 204
        self.told: list[tuple[str, str | None]] = []

    @property
    def variables(self) -> dict[str, str]:
        """What points the ledger here."""
        return {
            "LEDGER_WEBHOOK_SCHEME": "http",
            "LEDGER_WEBHOOK_HOST": "localhost",
            "LEDGER_WEBHOOK_PORT": str(self.server_port),
        }


class Handler(BaseHTTPRequestHandler):
    """Takes one payment."""

    def do_POST(self) -> None:
        """Remember the payment and the token that it came with."""
        webhook = cast("Webhook", self.server)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        webhook.told.append((body.decode(), self.headers["Authorization"]))
        self.send_response(webhook.status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    """Answer on a free port of this machine."""
    with Webhook() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(params=["variable", "file"])
def token(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """Give the token, in its variable or in the file that another variable names."""
    if request.param == "variable":
        return TOKEN
    (tmp_path / "token").write_text(f"{CANARY}\n")
    return {"LEDGER_WEBHOOK_TOKEN_FILE": str(tmp_path / "token")}


class TestConfiguration:
    def test_checked_in_file_is_sound(self, ledger: Ledger):
        """The file as it is checked in has no finding, and the service starts with it."""
        code, _, said = ledger.meshconf("check")

        assert 0 == code
        assert said.startswith("meshconf: no problems in ledger.toml, environment\n")
        assert (0, EMPTY, "") == ledger.run()

    def test_report_is_all_that_a_bad_one_gives(self, ledger: Ledger):
        """With a bad configuration, the service prints the report, ends with 1 and does nothing."""
        file = ledger.folder / "ledger.toml"
        file.write_text(file.read_text().replace('"500ms"', '"soon"').replace("EUR", "EURO"))

        code, printed, report = ledger.run("cash", "1250")

        assert (1, "") == (code, printed)
        assert report.startswith("error[MC204]: `database.busy_timeout` is not a duration")
        assert "error[MC203]: `accounts.cash.currency` must be one of" in report
        assert report.endswith("2 errors in ledger.toml, environment; nothing was loaded\n")
        assert not (ledger.folder / "ledger.db").exists()

    def test_database_is_required(self, ledger: Ledger):
        """Without a file, the report names the variable that the path could come from."""
        (ledger.folder / "ledger.toml").unlink()

        code, _, report = ledger.run()

        assert 1 == code
        assert "`database.path` is required but no source sets it" in report
        assert "LEDGER_DATABASE_PATH" in report

    def test_variable_overrides_the_file(self, ledger: Ledger, tmp_path: Path):
        """The database is where the variable says."""
        elsewhere = tmp_path / "elsewhere.db"

        ledger.run("cash", "1", LEDGER_DATABASE_PATH=str(elsewhere))

        assert elsewhere.exists()
        assert not (ledger.folder / "ledger.db").exists()

    def test_profile_lies_over_the_file(self, ledger: Ledger):
        """The profile sets what it names; the rest is the file's."""
        code, shown, _ = ledger.meshconf("show", **PROFILE, **TOKEN)
        config = tomli.loads(shown)

        assert 0 == code
        assert 5.0 == config["database"]["busy_timeout"]
        assert 4 * 1024**2 == config["database"]["cache"]
        assert "audit.example.org" == config["webhook"]["host"]

    def test_service_reads_the_profile(self, ledger: Ledger):
        """The service reads the profile too, and a variable wins over it."""
        expected = (0, EMPTY, "")

        assert expected == ledger.run(LEDGER_DATABASE_PATH="x.db", **PROFILE, **TOKEN)
        assert (ledger.folder / "x.db").exists()

    def test_profile_wants_the_token(self, ledger: Ledger):
        """The webhook of the profile is refused as long as it has no token."""
        code, printed, report = ledger.run(**PROFILE)

        assert (1, "") == (code, printed)
        assert report.startswith("error[MC102]: `webhook.token` is required")

    def test_token_stays_off_http(self, ledger: Ledger):
        """The rule refuses http to another machine."""
        code, _, report = ledger.run(LEDGER_WEBHOOK_SCHEME="http", **PROFILE, **TOKEN)

        assert 1 == code
        assert "the token would go to audit.example.org over http" in report


class TestPayments:
    def test_balance_is_their_sum(self, ledger: Ledger):
        """Payments add up, each account by itself."""
        ledger.run("cash", "1250")
        ledger.run("supplier", "-700")

        expected = (0, "cash 12.20 EUR\nsupplier -7.00 CHF\n", "")

        assert expected == ledger.run("cash", "-30")

    @pytest.mark.parametrize(("cents", "code"), [("-50000", 0), ("-50001", 1)])
    def test_overdraft_is_the_limit(self, ledger: Ledger, cents: str, code: int):
        """A payment may use up the overdraft and no more."""
        assert code == ledger.run("supplier", cents)[0]

    def test_refused_one_changes_nothing(self, ledger: Ledger):
        """A payment that is refused is not booked."""
        refused = ledger.run("cash", "-1")

        expected = (1, "", "ledger: refused, cash would fall below its overdraft\n")

        assert expected == refused
        assert (0, EMPTY, "") == ledger.run()

    def test_deposit_is_always_taken(self, ledger: Ledger):
        """Money comes in even where the overdraft was lowered below the debt."""
        ledger.run("supplier", "-50000")

        expected = (0, "cash 0.00 EUR\nsupplier -499.00 CHF\n", "")

        assert expected == ledger.run("supplier", "100", LEDGER_ACCOUNTS__SUPPLIER__OVERDRAFT="0")

    def test_account_is_one_of_the_file(self, ledger: Ledger):
        """An account that the configuration does not name is refused."""
        code, _, printed = ledger.run("rent", "1")

        assert 2 == code
        assert "invalid choice: 'rent'" in printed

    @pytest.mark.parametrize(
        ("path", "cents", "message"),
        [
            ("missing/ledger.db", "1", "unable to open database file"),
            ("ledger.db", "9" * 30, "too large"),
        ],
    )
    def test_what_sqlite_refuses_is_one_line(
        self, ledger: Ledger, path: str, cents: str, message: str
    ):
        """What SQLite cannot do is one line on stderr, not a traceback."""
        code, printed, said = ledger.run("cash", cents, LEDGER_DATABASE_PATH=path)

        assert (1, "", 1) == (code, printed, len(said.splitlines()))
        assert message in said


class TestWebhook:
    def test_is_told_of_a_payment(self, ledger: Ledger, webhook: Webhook, token: dict[str, str]):
        """The host gets each payment with the token, from wherever that came."""
        ended = ledger.run("cash", "1250", **webhook.variables, **token)

        assert (0, BOOKED, "") == ended
        assert [("cash 1250", f"Bearer {CANARY}")] == webhook.told

    def test_is_not_told_of_a_look(self, ledger: Ledger, webhook: Webhook):
        """Printing the balances is no payment."""
        ledger.run(**webhook.variables, **TOKEN)

        assert [] == webhook.told

    def test_refusal_leaves_the_payment(self, ledger: Ledger, webhook: Webhook):
        """What the host answers is said; the payment is booked all the same."""
        webhook.status = 403

        expected = (0, BOOKED, "ledger: booked, but the webhook answered 403\n")

        assert expected == ledger.run("cash", "1250", **webhook.variables, **TOKEN)

    def test_silence_leaves_the_payment(self, ledger: Ledger, webhook: Webhook):
        """A host that is not there is said; the payment is booked all the same."""
        nobody = webhook.variables | {"LEDGER_WEBHOOK_PORT": NOBODY}

        code, printed, said = ledger.run("cash", "1250", **nobody, **TOKEN)

        assert (0, BOOKED) == (code, printed)
        assert said.startswith("ledger: booked, but the webhook was not told: ")

    def test_https_is_tls(self, ledger: Ledger):
        """With https, the first thing that the host hears is a TLS handshake."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            code, printed, _ = ledger.run(
                "cash",
                "1250",
                LEDGER_WEBHOOK_HOST="localhost",
                LEDGER_WEBHOOK_PORT=str(server.getsockname()[1]),
                LEDGER_WEBHOOK_TIMEOUT="100ms",
                **TOKEN,
            )
            with server.accept()[0] as heard:
                first = heard.recv(2)

        assert (0, BOOKED) == (code, printed)
        assert b"\x16\x03" == first


class TestSecret:
    @pytest.mark.parametrize(
        "variables",
        [
            {},
            {"LEDGER_WEBHOOK_PORT": "http"},
            {"LEDGER_WEBHOOK_SCHEME": "http", "LEDGER_WEBHOOK_HOST": "audit.example.org"},
            {"LEDGER_WEBHOOK_PORT": NOBODY},
        ],
        ids=["sound", "bad port", "broken rule", "nobody there"],
    )
    def test_is_in_no_output(
        self,
        ledger: Ledger,
        webhook: Webhook,
        token: dict[str, str],
        variables: dict[str, str],
    ):
        """Neither the service nor the command line prints the token, whatever else is wrong."""
        given = webhook.variables | token | variables

        outputs = [
            ledger.run("cash", "1250", **given),
            ledger.meshconf("check", **given),
            ledger.meshconf("show", **given),
        ]

        assert CANARY not in str(outputs)

    @pytest.mark.parametrize("end", [" ", "\n.", "é"], ids=["space", "newline", "not ASCII"])
    def test_that_no_header_can_hold_is_refused(self, ledger: Ledger, webhook: Webhook, end: str):
        """A token that http.client would show in its error never reaches it."""
        code, printed, report = ledger.run(
            "cash", "1250", **webhook.variables, LEDGER_WEBHOOK_TOKEN=CANARY + end
        )

        assert (1, "") == (code, printed)
        assert report.startswith("error[MC205]: `webhook.token` must match")
        assert CANARY not in report


class TestReadme:
    def test_commands_print_what_is_shown(self, ledger: Ledger):
        """All console commands of the README, run in order, print what it shows."""
        shown, printed = ledger.readme()

        assert shown == printed
