from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

import meshconf

if TYPE_CHECKING:
    from pathlib import Path

    from meshconf.testing import CleanEnvironment

Attempt = Callable[..., Any]


@pytest.fixture
def folder(meshconf_env: CleanEnvironment) -> Path:
    """Work in an empty folder."""
    return meshconf_env.path


@pytest.fixture
def attempt(folder: Path) -> Attempt:
    """Return a function that loads a text and returns the snapshot, or the error."""

    def attempt(text: str | bytes | None = None, *sources: Any, **options: Any) -> Any:
        if text is not None:
            content = text.encode() if isinstance(text, str) else text
            (folder / "app.toml").write_bytes(content)
            sources = ("app.toml", *sources)
        options.setdefault("environ", {})
        options.setdefault("prefix", "APP_")
        try:
            return meshconf.read(*sources, **options)
        except meshconf.ConfigError as error:
            return error

    return attempt
