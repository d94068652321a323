"""What Envoy's messages are made of: types, addresses, durations, percents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from meshconf.mesh.paths import value_at
from meshconf.mesh.render.durations import milliseconds, seconds_text

if TYPE_CHECKING:
    from meshconf.mesh.render.rendered import Account
    from meshconf.mesh.render.upstreams import Upstream

__all__ = ["LONGEST", "address", "duration", "note_waits", "percent", "typed"]

#: The longest duration, in milliseconds: Envoy keeps some in signed 32-bit milliseconds.
LONGEST = 2**31 - 1

_DOUBLES = 2.0


def typed(type_name: str, **fields: Any) -> dict[str, Any]:
    """Return a message that names its type."""
    return {"@type": f"type.googleapis.com/{type_name}", **fields}


def address(host: str, port: int) -> dict[str, Any]:
    """Return a TCP address."""
    return {"socket_address": {"address": host, "port_value": port}}


def duration(account: Account, path: str, upstream: Upstream | None = None, least: int = 1) -> str:
    """Return a duration, of an upstream if there is one; see ``milliseconds``."""
    return seconds_text(milliseconds(account, path, upstream, least=least, most=LONGEST))


def percent(account: Account, path: str, upstream: Upstream) -> int:
    """Return a ratio of an upstream in whole percents, and note where that is not exact.

    Nothing but 0 becomes 0, which has a meaning of its own.
    """
    ratio: float = value_at(upstream.config, path)
    found = max(round(ratio * 100), 1) if ratio else 0
    if abs(found - ratio * 100) > 1e-9:  # noqa: PLR2004 - 0.29 * 100 is 28.999999999999996
        account.drop_part(
            f"{account.target} takes whole percents: {found}", path, upstream=upstream
        )
    return found


def note_waits(account: Account, upstream: Upstream) -> None:
    """Note how Envoy, or a mesh of Envoys, waits between attempts."""
    if upstream.config.retry.multiplier != _DOUBLES:
        account.drop(f"{account.target} doubles each delay", "retry.multiplier", upstream=upstream)
    reason = f"{account.target} waits a random time, up to the whole of each delay"
    account.drop(reason, "retry.jitter", upstream=upstream)
