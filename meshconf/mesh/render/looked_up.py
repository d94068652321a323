"""Names that a proxy looks up by DNS, made of several settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meshconf.mesh.addresses import is_ip_address, is_name
from meshconf.mesh.paths import dotted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from meshconf.mesh.render.rendered import Account
    from meshconf.mesh.render.upstreams import Upstream

__all__ = ["refuse_no_name"]

_LONGEST_LABEL = 63  # RFC 1035


def refuse_no_name(
    account: Account, upstream: Upstream, name: str, parts: Mapping[str, str]
) -> None:
    """Refuse the settings that make a name one that no DNS server knows.

    Args:
        account: The account.

        upstream: The upstream whose hosts the name stands for.

        name: The whole name.

        parts: What the settings put into it, by their paths; the rest is the upstream's name.
    """
    wrong = [path for path, text in parts.items() if not _can_be_looked_up(text)]
    if not wrong and not _can_be_looked_up(name):
        wrong = [dotted("upstreams", upstream.name)]
    for path in wrong:
        message = f"makes no name that can be looked up, which {account.target} wants"
        account.refuse(path, message, "write labels of up to 63 characters, with dots between them")


def _can_be_looked_up(name: str) -> bool:
    labels = name.removesuffix(".").split(".")
    return is_name(name) and not is_ip_address(name) and max(map(len, labels)) <= _LONGEST_LABEL
