"""What can be set, and what of it a running service takes over."""

from collections.abc import Mapping
from pathlib import Path

import attrs

from meshconf import Port, Secret, configuration, rule, setting

__all__ = ["Checkout", "Server", "Zone"]


@attrs.frozen(kw_only=True)
class Server:
    """Where the service listens. A socket that is open cannot move."""

    host: str = setting("127.0.0.1", reload="restart", help="Address that it listens on.")
    port: Port = setting(8080, reload="restart", help="TCP port that it listens on.")


@attrs.frozen(kw_only=True)
class Zone:
    """The countries that parcels go to for one price."""

    fee: int = setting(ge=0, le=100_000, unit="cents", help="Price of a parcel.")
    free_from: int = setting(5000, ge=0, unit="cents", help="Orders of so much go without a fee.")
    days: int = setting(3, ge=1, le=90, unit="days", help="How long a parcel takes.")

    @rule("fee", "free_from")
    @staticmethod
    def a_fee_is_less_than_the_order(fee: int, free_from: int) -> str | None:
        """No parcel costs more than the smallest order that goes without a fee."""
        return f"fee {fee} is above free_from {free_from}" if fee > free_from else None


@configuration(prefix="CHECKOUT_", file="checkout.toml")
@attrs.frozen(kw_only=True)
class Checkout:
    """The configuration of the checkout."""

    server: Server = setting(help="Where it listens.")
    signing_key: Secret[str] = setting(help="Key that quotes are signed with.")
    access_log: Path = setting(Path("access.log"), help="File with a line for each request.")
    zones: Mapping[str, Zone] = setting(help="Where parcels go, by name.")
