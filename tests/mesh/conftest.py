"""What the tests of the mesh schema share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pytest

import meshconf
from meshconf import ServiceMeshConfig

if TYPE_CHECKING:
    from pathlib import Path

Findings = list[tuple[str, str]]
Find = Callable[[Mapping[str, Any]], Findings]


@pytest.fixture(name="find")
def _find(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Find:
    """Load settings, by dotted path, for a service called orders; return the findings."""
    monkeypatch.chdir(tmp_path)

    def find(settings: Mapping[str, Any]) -> Findings:
        overrides = {"service_name": "orders", **settings}
        try:
            snapshot = meshconf.read(schema=ServiceMeshConfig, environ={}, overrides=overrides)
        except meshconf.ConfigError as error:
            return [(problem.severity, problem.message) for problem in error.problems]
        return [(problem.severity, problem.message) for problem in snapshot.warnings]

    return find


@pytest.fixture(name="load")
def _load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., ServiceMeshConfig]:
    """Load a mesh.toml with this text, and these variables; any finding fails the test."""
    monkeypatch.chdir(tmp_path)

    def load(text: str, environ: Mapping[str, str] | None = None) -> ServiceMeshConfig:
        (tmp_path / "mesh.toml").write_text(f"config_version = 2\n{text}")
        snapshot = meshconf.read(schema=ServiceMeshConfig, environ=environ or {})
        assert snapshot.warnings == ()
        return snapshot.config

    return load
