"""What the tests of the mesh schema share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pytest

import meshconf
from meshconf import ServiceMeshConfig
from meshconf.testing import assert_problems

if TYPE_CHECKING:
    from meshconf.testing import CleanEnvironment

Findings = list[tuple[str, str]]
Find = Callable[[Mapping[str, Any]], Findings]


@pytest.fixture(name="find")
def _find(meshconf_env: CleanEnvironment) -> Find:
    """Load settings, by dotted path, for a service called orders; return the findings."""

    def find(settings: Mapping[str, Any]) -> Findings:
        overrides = {"service_name": "orders", **settings}
        try:
            snapshot = meshconf.read(schema=ServiceMeshConfig, environ={}, overrides=overrides)
        except meshconf.ConfigError as error:
            return [(problem.severity, problem.message) for problem in error.problems]
        return [(problem.severity, problem.message) for problem in snapshot.warnings]

    return find


@pytest.fixture(name="load")
def _load(meshconf_env: CleanEnvironment) -> Callable[..., ServiceMeshConfig]:
    """Load a mesh.toml with this text, and these variables; any finding fails the test."""

    def load(text: str, environ: Mapping[str, str] | None = None) -> ServiceMeshConfig:
        meshconf_env.file("mesh.toml", f"config_version = 2\n{text}")
        snapshot = meshconf.read(schema=ServiceMeshConfig, environ=environ or {})
        assert_problems(snapshot)
        return snapshot.config

    return load
