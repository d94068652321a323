"""What the plugin costs whoever runs pytest where meshconf is installed."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING

import meshconf.pytest_plugin
from tests.test_public import HEAVY, modules_after

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


class TestPlugin:
    def test_is_an_entry_point(self) -> None:
        """It is found by its entry point."""
        [found] = metadata.entry_points(group="pytest11", name="meshconf")

        assert meshconf.pytest_plugin is found.load()

    def test_is_loaded(self, pytestconfig: pytest.Config) -> None:
        """It is loaded, once."""
        assert meshconf.pytest_plugin is pytestconfig.pluginmanager.get_plugin("meshconf")

    def test_imports(self, tmp_path: Path) -> None:
        """It imports nothing that takes time, and no other room of meshconf."""
        found = modules_after(
            "import pytest; before |= set(sys.modules); import meshconf.pytest_plugin", tmp_path
        )

        assert {"meshconf", "meshconf.pytest_plugin"} == {
            name for name in found if name.startswith("meshconf")
        }
        assert set() == HEAVY & found
