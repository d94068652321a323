"""The greeting: the smallest example, without an extra."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.examples.conftest import Example, copy_of

if TYPE_CHECKING:
    from pathlib import Path


def test_commands_of_the_readme_print_what_is_shown(tmp_path: Path):
    """All console commands of the README, run in order, print what it shows."""
    shown, printed = Example(copy_of("greeting", tmp_path), "GREETING_").readme()

    assert shown == printed
