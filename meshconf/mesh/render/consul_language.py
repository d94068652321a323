"""What the config entries of Consul can say: since which version, and how.

Which key came with which version is taken from Consul's source and documentation; measured on
1.8.7, which refuses an entry with a key that it does not know.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from meshconf.mesh.render.durations import milliseconds
from meshconf.mesh.render.envoy_words import LONGEST

if TYPE_CHECKING:
    from meshconf.mesh.render.rendered import Account
    from meshconf.mesh.render.upstreams import Upstream

__all__ = [
    "EJECTION",
    "ENFORCING",
    "LOAD_BALANCER",
    "RESOLVER_TIMEOUT",
    "ROUTE_CONDITIONS",
    "UPSTREAM_CONFIG",
    "Version",
    "duration",
    "since",
    "version_of",
]

Version = tuple[int, int]

#: LoadBalancer of a service-resolver.
LOAD_BALANCER: Version = (1, 9)

#: UpstreamConfig of a service-defaults.
UPSTREAM_CONFIG: Version = (1, 10)

#: RetryOn and IdleTimeout of a service-router.
ROUTE_CONDITIONS: Version = (1, 14)

#: EnforcingConsecutive5xx of an UpstreamConfig; 1.12.5 and 1.13.2 have it too.
ENFORCING: Version = (1, 14)

#: MaxEjectionPercent and BaseEjectionTime of an UpstreamConfig.
EJECTION: Version = (1, 15)

#: RequestTimeout of a service-resolver; 1.13.7, 1.14.5 and 1.15.1 have it too.
RESOLVER_TIMEOUT: Version = (1, 16)

_OLDEST: Version = (1, 8)
_TEXT = re.compile(r"([0-9]{1,3})\.([0-9]{1,3})(\.[0-9]{1,3})?")


def version_of(text: str) -> Version:
    """Read a version, such as ``1.18`` or ``1.18.2``.

    Raises:
        ValueError: If it is none, or older than any for which entries are rendered.
    """
    found = _TEXT.fullmatch(text)
    if found is None:
        msg = f"{text!r} is no version of Consul: write it as 1.18 or 1.18.2"
        raise ValueError(msg)
    version = int(found[1]), int(found[2])
    if version < _OLDEST:
        msg = f"Consul {text} is too old: entries are rendered for 1.8 and newer"
        raise ValueError(msg)
    return version


def since(version: Version) -> str:
    """Return the reason why something is not said to an older Consul."""
    return f"Consul has that from {version[0]}.{version[1]} on"


def duration(account: Account, path: str, upstream: Upstream) -> str:
    """Return a duration of an upstream as Go writes it; Consul's proxies are Envoys."""
    found = milliseconds(account, path, upstream, most=LONGEST)
    return f"{found}ms" if found % 1000 else f"{found // 1000}s"
