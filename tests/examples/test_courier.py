"""The courier: an example of a schema with a history of three versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.examples.conftest import Example, copy_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def courier(tmp_path: Path) -> Example:
    """Copy what is checked in of the example."""
    return Example(copy_of("courier", tmp_path), "COURIER_")


def test_commands_of_the_readme_print_what_is_shown(courier: Example):
    """All console commands of the README, run in order, print what it shows."""
    shown, printed = courier.readme()

    assert shown == printed


@pytest.mark.parametrize("file", ["courier.toml", "releases/2.5.toml"])
def test_a_migrated_file_means_the_same(courier: Example, file: str):
    """The service does the same with the file as it was and as it is, and is quiet then."""
    before = courier.module("courier", COURIER_CONFIG=file)
    courier.meshconf("migrate", "--write", file)
    after = courier.module("courier", COURIER_CONFIG=file)

    assert (0, before[1], "") == after
    assert "MC502" in before[2]


def test_each_comment_is_kept(courier: Example):
    """What people wrote beside their settings is there afterwards."""
    file = courier.folder / "courier.toml"
    comments = [line.partition("#")[2] for line in file.read_text().splitlines() if "#" in line]
    courier.meshconf("migrate", "--write")

    assert [] == [comment for comment in comments if comment not in file.read_text()]


def test_a_profile_of_another_version(courier: Example):
    """A file of the current version lies over one of the first."""
    (courier.folder / "courier.night.toml").write_text(
        "config_version = 3\n[queues.default]\npause = 300\n"
    )
    _, said, _ = courier.module("courier", COURIER_PROFILE="night")

    assert "queue default: 8 attempts, one each 300 s\n" in said
