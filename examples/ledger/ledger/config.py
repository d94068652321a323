"""What can be set, and what makes it sound."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import attrs

from meshconf import Bytes, Port, Seconds, Secret, configuration, rule, setting

__all__ = ["Account", "Database", "Settings", "Webhook"]


@attrs.frozen(kw_only=True)
class Database:
    """The SQLite file that holds the payments."""

    path: Path = setting(help="File of the database; it is made if it is not there.")
    busy_timeout: Seconds = setting(
        5.0, ge=0, le=3600, help="Most seconds to wait for another process that writes."
    )
    cache: Bytes = setting(
        2 * 1024**2, ge=1024, le=1024**3, help="Most bytes of memory for pages; SQLite's cache."
    )


@attrs.frozen(kw_only=True)
class Account:
    """One account."""

    currency: Literal["CHF", "EUR", "USD"] = setting(help="Currency of all its payments.")
    overdraft: int = setting(
        0, ge=0, le=2**53, unit="cents", help="How far the balance may fall below zero."
    )


@attrs.frozen(kw_only=True)
class Webhook:
    """The host that is told of each payment."""

    scheme: Literal["http", "https"] = setting(
        "https", help="Whether the host is told in clear (http) or over TLS (https)."
    )
    host: str = setting(matches="[A-Za-z0-9.-]+", help="Name or IPv4 address of the host.")
    port: Port = setting(443, help="TCP port of the host.")
    timeout: Seconds = setting(3.0, gt=0, le=60, help="Most seconds to wait for the host.")
    # http.client shows a header that it refuses, so nothing it refuses may get there.
    token: Secret[str] = setting(matches="[!-~]+", help="Bearer token that the host asks for.")

    @rule("scheme", "host")
    @staticmethod
    def token_is_not_sent_in_clear(scheme: str, host: str) -> str | None:
        """The token leaves the machine only over TLS."""
        if scheme == "http" and host != "localhost":
            return f"the token would go to {host} over http, readable on the way"
        return None


@configuration(prefix="LEDGER_", file="ledger.toml")
@attrs.frozen(kw_only=True)
class Settings:
    """The configuration of the ledger."""

    database: Database = setting(help="Where the payments are kept.")
    accounts: Mapping[str, Account] = setting(help="The accounts by name.")
    webhook: Webhook | None = setting(None, help="Who is told of payments, nobody if not set.")
