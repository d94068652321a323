"""Any bytes as a TOML document."""

from __future__ import annotations

from meshconf.sources.file import Document
from tests.fuzz.laws import check_outcome


def one_input(data: bytes) -> None:
    """Load a document."""
    check_outcome(Document("app.toml", data), prefix=None)
