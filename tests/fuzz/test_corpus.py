"""The seeds of the targets, and what was found with them, once more; without atheris."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from tests.fuzz.running import TARGETS, corpus

FOLDERS = Path(__file__).parent / "corpus"
SEEDS = [
    pytest.param(target, seed, id=f"{target}-{seed.name}")
    for target in TARGETS
    for seed in sorted(corpus(target).iterdir())
]


@pytest.mark.parametrize(("target", "seed"), SEEDS)
def test_seed(target: str, seed: Path) -> None:
    """Each target takes each of its inputs."""
    importlib.import_module(f"tests.fuzz.{target}").one_input(seed.read_bytes())


def test_every_folder_is_a_target() -> None:
    """Each folder of inputs belongs to a target, and has some."""
    assert sorted(TARGETS) == sorted(folder.name for folder in FOLDERS.iterdir())
    assert all(any(corpus(target).iterdir()) for target in TARGETS)
