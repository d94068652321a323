"""How often a request may be tried, as all settings of retries together say."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from meshconf.mesh.retry import RetryConfig

__all__ = ["attempts_of"]


def attempts_of(retry: RetryConfig) -> int:
    """Return how many attempts there may be: one, where nothing is ever tried again."""
    return retry.max_attempts if retry.on and retry.budget != 0 else 1
