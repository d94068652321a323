"""What can be set now, and how files of the two layouts before this one are read."""

from collections.abc import Mapping
from typing import Literal

import attrs

from meshconf import Port, Seconds, configuration, edits, setting, step

__all__ = ["Courier", "Queue", "Relay"]

#: The release of the service. It decides what is still read and what `migrate` writes.
RELEASE = "3.1"


@attrs.frozen(kw_only=True)
class Relay:
    """The host that takes the messages."""

    host: str = setting(matches="[A-Za-z0-9.-]+", help="Name or IPv4 address of the host.")
    port: Port = setting(587, help="TCP port of the host; submission.")
    security: Literal["none", "starttls", "tls"] = setting(
        "starttls", help="How the connection is secured."
    )
    timeout: Seconds = setting(10.0, gt=0, le=600, help="Most seconds to wait for an answer.")


@attrs.frozen(kw_only=True)
class Queue:
    """The messages to one kind of receiver."""

    attempts: int = setting(5, ge=1, le=100, help="Most attempts of a message, the first included.")
    pause: Seconds = setting(60.0, gt=0, help="Seconds from one attempt to the next.")


def host_and_port(address: str) -> list[object]:
    """Split an address such as "mail.example.org:25"."""
    host, _, port = address.partition(":")
    return [host, int(port) if port else None]


def in_seconds(minutes: int) -> int:
    """Turn minutes into seconds."""
    return minutes * 60


STEPS = (
    # Version 2 came when there were queues: one line for the relay became a table.
    step(
        2,
        edits.split("smarthost", ["relay.host", "relay.port"], host_and_port),
        edits.rename("smarthost_timeout", "timeout_of_relay"),
        edits.move("timeout_of_relay", "relay.timeout"),
        edits.move("retries", "queues.default.attempts"),
        since="2.0",
        removed_in="4.0",
    ),
    # Version 3 counts in seconds, knows more than on and off, and no longer writes a log of its own.
    step(
        3,
        edits.rename("queues.*.pause_minutes", "pause", reason="all times are in seconds"),
        edits.convert("queues.*.pause", in_seconds),
        edits.rename("relay.tls", "security"),
        edits.map_values("relay.security", {True: "tls", False: "none"}),
        edits.set_default("relay.security", "none"),
        edits.remove("log_file", reason="what a service logs goes to stderr"),
        since="3.0",
        removed_in="4.0",
    ),
)


@configuration(prefix="COURIER_", file="courier.toml", version=3, steps=STEPS, release=RELEASE)
@attrs.frozen(kw_only=True)
class Courier:
    """The configuration of the courier."""

    relay: Relay = setting(help="Who takes the messages.")
    queues: Mapping[str, Queue] = setting(
        attrs.Factory(lambda: {"default": Queue()}), help="The queues by name."
    )
