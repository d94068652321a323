"""What all instances read from Consul, and each from its own variables."""

import attrs

from meshconf import Seconds, configuration, setting

__all__ = ["Indexer"]


@configuration(prefix="INDEXER_")
@attrs.frozen(kw_only=True)
class Indexer:
    """The configuration of a service that indexes documents."""

    batch: int = setting(50, ge=1, le=10_000, unit="documents", help="How many are sent at once.")
    pause: Seconds = setting(1.0, ge=0, help="Seconds between two batches.")
