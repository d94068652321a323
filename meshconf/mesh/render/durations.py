"""Durations as targets count them: in whole milliseconds, within limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meshconf.mesh.paths import value_at

if TYPE_CHECKING:
    from meshconf.mesh.render.rendered import Account
    from meshconf.mesh.render.upstreams import Upstream

__all__ = ["milliseconds", "seconds_text"]


def milliseconds(
    account: Account, path: str, upstream: Upstream | None = None, *, least: int = 1, most: int
) -> int:
    """Return a duration in whole milliseconds, and note in the account where that is not exact.

    Args:
        account: The account.

        path: The setting, dotted: of the upstream if there is one, else of the configuration.

        upstream: The upstream whose setting it is.

        least: The shortest duration that the target takes, in milliseconds.

        most: The longest one.

    Returns:
        Milliseconds, from *least* to *most*.
    """
    seconds: float = value_at(account.config if upstream is None else upstream.config, path)
    # A float that is far too large to be an integer is cut before it becomes one.
    found = max(round(min(seconds * 1000, most)), least)
    if abs(found - seconds * 1000) > 1e-6:  # noqa: PLR2004 - a billionth of a second is no difference
        reason = f"{account.target} counts milliseconds from {least} to {most:,}: {found:,} ms"
        account.drop_part(reason, path, upstream=upstream)
    return found


def seconds_text(milliseconds: int) -> str:
    """Write a duration as protobuf's JSON does: ``0.250s``."""
    return f"{milliseconds // 1000}.{milliseconds % 1000:03d}s"
