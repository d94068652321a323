"""The thermostat: an example whose schema is plain dataclasses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.examples.conftest import EXAMPLES, Example, copy_of

if TYPE_CHECKING:
    from pathlib import Path


def test_commands_of_the_readme_print_what_is_shown(tmp_path: Path):
    """All console commands of the README, run in order, print what it shows."""
    shown, printed = Example(copy_of("thermostat", tmp_path), "THERMOSTAT_").readme()

    assert shown == printed


def test_there_is_no_attrs_in_it():
    """Nothing in the example's code speaks of attrs."""
    assert "attr" not in (EXAMPLES / "thermostat" / "thermostat.py").read_text(encoding="utf-8")
