"""A folder and variables of a test's own, in which nothing else is set."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from meshconf.loading.choose import CREDENTIALS, expanded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pytest

__all__ = ["CleanEnvironment", "toml_text"]

#: What loads look at besides the variables of a schema: credentials, and who asks stores.
OTHERS = (CREDENTIALS, "CONSUL_", "ETCDCTL_")


def toml_text(document: str | Mapping[str, Any]) -> str:
    """Return a TOML document as it is, or write one of values, nested or by dotted path."""
    if isinstance(document, str):
        return document
    import tomli_w

    return tomli_w.dumps(expanded(document))


class CleanEnvironment:
    """What the fixture ``meshconf_env`` gives: an empty working directory, and no variable set.

    A test puts files, variables and secrets there; ``load()``, ``read()`` and ``watch()`` find them
    as in production, whether the test calls them or the service under test does. All is as before
    when the test ends.

    Variables are unset whose names begin with what the option ``meshconf_prefixes`` of pytest lists
    (``MESH_``), with ``CONSUL_`` or ``ETCDCTL_``, and ``$CREDENTIALS_DIRECTORY``.

    Attributes:
        path: The working directory, which is ``tmp_path``.
    """

    def __init__(
        self, path: Path, monkeypatch: pytest.MonkeyPatch, prefixes: Iterable[str]
    ) -> None:
        self.path = path
        self._monkeypatch = monkeypatch
        unwanted = (*prefixes, *OTHERS)
        for name in list(os.environ):
            if name.startswith(unwanted):
                monkeypatch.delenv(name)
        monkeypatch.chdir(path)

    def file(self, name: str, content: str | Mapping[str, Any]) -> Path:
        """Write a file.

        Args:
            name: Its path from the working directory, such as ``mesh.toml`` or ``.env``.

            content: Its text; or values, nested or by dotted path, which are written as TOML.

        Returns:
            The path from the working directory, as reports show it. It is a source for ``load()``
            where the schema does not name the file.
        """
        path = Path(name)
        where = self.path / path
        where.parent.mkdir(parents=True, exist_ok=True)
        where.write_text(toml_text(content), encoding="utf-8")
        return path

    def setenv(self, name: str, value: str) -> None:
        """Set a variable of the process."""
        self._monkeypatch.setenv(name, value)

    def secrets(self, values: Mapping[str, str]) -> Path:
        """Set secrets as systemd gives them to services: by files in ``$CREDENTIALS_DIRECTORY``.

        Args:
            values: The text of each, by the dotted path of its setting: ``consul.token``.

        Returns:
            The directory, for ``SecretsDirectory``.
        """
        directory = self.path / "credentials"
        directory.mkdir(mode=0o700, exist_ok=True)
        for name, value in values.items():
            file = directory / name
            file.touch(mode=0o600)
            file.write_text(value, encoding="utf-8")
        self.setenv(CREDENTIALS, str(directory))
        return directory
