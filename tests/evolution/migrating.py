"""What tests of migrations share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tomli

from meshconf.evolution.documents import migrate
from meshconf.evolution.texts import migrated_text
from meshconf.schema.configuration import version_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from meshconf.schema.steps import Step

__all__ = ["migrate_text"]


def migrate_text(text: str, version: int, steps: Sequence[Step]) -> str:
    """Migrate a text of an earlier version; any other is the same afterwards."""
    document = tomli.loads(text)
    if version_of(document) not in range(1, version):
        return text
    return migrated_text(text, version, migrate(document, version, steps))
