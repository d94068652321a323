"""Any bytes as a .env file."""

from __future__ import annotations

from meshconf.sources.dotenv import DotEnv
from tests.fuzz.laws import InMemory, OfFiles, check_outcome


def one_input(data: bytes) -> None:
    """Load a .env file."""
    check_outcome(OfFiles(DotEnv(".env", "APP_"), InMemory(data)), prefix=None)
