"""What the tests of pages share: a folder to run them in, as their readers would."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import pytest

from tests.pages import Step, run

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCS = Path(__file__).parents[2] / "docs"

#: What the schemas of the pages have their variables begin with.
PREFIXES = ("APP_", "CREDENTIALS_DIRECTORY", "MESH_", "SHOP_")


@attrs.frozen
class Reader:
    """Somebody who does what pages say, in a folder of their own."""

    folder: Path
    home: Path

    def follows(self, page: str, **options: object) -> tuple[list[Step], list[Step]]:
        """Run a page; return its steps, and the same with what they printed."""
        text = (DOCS / page).read_text(encoding="utf-8")
        done = list(run(text, self.folder, self.home, name=page, **options))  # type: ignore[arg-type]
        return (
            [step for step, _ in done],
            [attrs.evolve(step, shown=said) for step, said in done],
        )


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    """Give a reader an empty folder, and variables that no page knows of."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    for name in list(os.environ):
        if name.startswith(PREFIXES):
            monkeypatch.delenv(name)
    before = set(sys.modules)
    yield Reader(folder, tmp_path / "home")
    for name in set(sys.modules) - before:  # pages may call their modules alike
        if str(folder) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]
