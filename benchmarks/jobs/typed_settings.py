"""The job with typed-settings: a file loader under an environment loader."""

from __future__ import annotations

import typed_settings

from jobs._attrs_schema import App

LOADERS = [
    typed_settings.FileLoader(
        formats={"*.toml": typed_settings.TomlFormat(section=None)}, files=["app.toml"]
    ),
    typed_settings.EnvLoader(prefix="APP_"),
]


def load() -> App:
    """Load file and variables."""
    return typed_settings.load_settings(App, loaders=LOADERS)
