"""Book a payment, if the arguments name one, and print all balances."""

from __future__ import annotations

import argparse
import sqlite3
import sys
from contextlib import closing
from decimal import Decimal
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING

import meshconf
from ledger.config import Settings

if TYPE_CHECKING:
    from ledger.config import Database, Webhook

# One statement, so that two payments at once cannot both use up the same overdraft.
BOOK = """
INSERT INTO payments SELECT :account, :cents WHERE :cents > 0 OR :cents + :overdraft +
    (SELECT coalesce(sum(cents), 0) FROM payments WHERE account = :account) >= 0
"""
BALANCE = "SELECT coalesce(sum(cents), 0) FROM payments WHERE account = ?"


def main() -> str | None:
    """Do what the arguments say; return what went wrong."""
    try:
        settings = meshconf.load(schema=Settings)
    except meshconf.ConfigError as error:
        return str(error)
    parser = argparse.ArgumentParser(prog="ledger", description=__doc__)
    parser.add_argument("account", nargs="?", choices=settings.accounts)
    parser.add_argument("cents", nargs="?", type=int, default=0)
    arguments = parser.parse_args()
    try:
        with closing(opened(settings.database)) as database:
            return run(settings, database, arguments.account, arguments.cents)
    except (sqlite3.Error, OverflowError) as error:
        return f"ledger: {error}"


def run(settings: Settings, database: sqlite3.Connection, name: str, cents: int) -> str | None:
    if cents:
        values = {"account": name, "cents": cents, "overdraft": settings.accounts[name].overdraft}
        if not database.execute(BOOK, values).rowcount:
            return f"ledger: refused, {name} would fall below its overdraft"
        if settings.webhook is not None:
            tell(settings.webhook, f"{name} {cents}")
    for account, its in settings.accounts.items():
        ((balance,),) = database.execute(BALANCE, (account,))
        print(account, Decimal(balance).scaleb(-2), its.currency)
    return None


def opened(settings: Database) -> sqlite3.Connection:
    database = sqlite3.connect(settings.path, timeout=settings.busy_timeout, isolation_level=None)
    database.execute(f"PRAGMA cache_size = -{settings.cache // 1024}")
    database.execute("CREATE TABLE IF NOT EXISTS payments (account TEXT, cents INTEGER)")
    return database


def tell(webhook: Webhook, text: str) -> None:
    """Post a payment; it is booked, whatever comes of this."""
    kind = HTTPSConnection if webhook.scheme == "https" else HTTPConnection
    headers = {"Authorization": f"Bearer {webhook.token.reveal()}"}
    try:
        with closing(kind(webhook.host, webhook.port, timeout=webhook.timeout)) as connection:
            connection.request("POST", "/", text.encode(), headers)
            status = connection.getresponse().status
    except (OSError, HTTPException) as error:
        print(f"ledger: booked, but the webhook was not told: {error}", file=sys.stderr)
    else:
        if status >= HTTPStatus.MULTIPLE_CHOICES:
            print(f"ledger: booked, but the webhook answered {status}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())  # a text goes to stderr, with exit code 1
