"""What the tests of the help for tests share."""

from __future__ import annotations

import contextlib
import importlib
import pkgutil
from typing import TYPE_CHECKING

import pytest

import meshconf

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="session")
def _imported() -> None:
    """Import all of meshconf: what pytest imports first within a test is forgotten after it."""
    for module in pkgutil.walk_packages(meshconf.__path__, "meshconf."):
        with contextlib.suppress(ImportError):  # of an extra
            importlib.import_module(module.name)


@pytest.fixture
def run(
    _imported: None, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., pytest.RunResult]:
    """Return a function that runs pytest in this process, with files by their names.

    It does without the plugins of others, which take time to load.
    """
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def run(files: dict[str, str], *arguments: str) -> pytest.RunResult:
        for name, text in files.items():
            path = pytester.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return pytester.runpytest_inprocess("-p", "meshconf.pytest_plugin", *arguments)

    return run
