"""How sources get at files."""

from __future__ import annotations

import os
from typing import Protocol

from meshconf.sources.reading import read_text

__all__ = ["AS_FOUND", "Files"]

_Path = str | os.PathLike[str]


class Files(Protocol):
    """Gives sources the contents of files."""

    def text(self, path: _Path, max_bytes: int) -> tuple[str, int]:
        """Read a file: its text and its permission bits.

        Raises:
            Refused: If it cannot be read.
        """
        ...

    def names(self, directory: _Path) -> set[str]:
        """List a directory.

        Raises:
            OSError: If it cannot be listed.
        """
        ...

    def where(self, path: _Path) -> str:
        """Return where a path leads, whatever the working directory has become."""
        ...


class _AsFound:
    """Reads files as they are found, each for itself."""

    def text(self, path: _Path, max_bytes: int) -> tuple[str, int]:
        return read_text(path, max_bytes)

    def names(self, directory: _Path) -> set[str]:
        return set(os.listdir(directory))  # noqa: PTH208 - names are what is wanted

    def where(self, path: _Path) -> str:
        return os.fspath(path)


AS_FOUND: Files = _AsFound()
