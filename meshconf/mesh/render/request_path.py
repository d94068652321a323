"""Paths of HTTP requests, as settings give them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meshconf.mesh.paths import value_at

if TYPE_CHECKING:
    from meshconf.mesh.render.rendered import Account
    from meshconf.mesh.render.upstreams import Upstream

__all__ = ["metrics_path", "refuse_odd_path"]


def refuse_odd_path(account: Account, path: str, upstream: Upstream | None = None) -> None:
    """Refuse a setting, of an upstream if there is one, that is no path of HTTP requests."""
    text: str = value_at(account.config if upstream is None else upstream.config, path)
    if text.isascii() and text.isprintable() and "#" not in text:
        return
    noted = path if upstream is None else account.path_of(upstream, path)
    account.refuse(noted, "holds characters that no HTTP request may", "write them as %XX")


def metrics_path(account: Account) -> str:
    """Return the path of the metrics of a proxy, which compares it without a query."""
    refuse_odd_path(account, "metrics.path")
    path, mark, _ = account.config.metrics.path.partition("?")
    if mark:
        reason = f"{account.target} tells paths apart without what follows the question mark"
        account.drop_part(reason, "metrics.path")
    return path
