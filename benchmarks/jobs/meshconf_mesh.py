"""The mesh's own schema, found by its own names: mesh.toml and MESH_ variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import meshconf

if TYPE_CHECKING:
    from pathlib import Path

# The large files hold upstreams only.
MESH_VARIABLES = {"MESH_SERVICE_NAME": "gateway"}


def load() -> meshconf.ServiceMeshConfig:
    """Load what stands in the working directory."""
    return meshconf.load()


def load_upstreams(path: Path) -> meshconf.ServiceMeshConfig:
    """Load a large mesh file, its limits lifted out of the way."""
    file = meshconf.File(path, max_bytes=10**9, max_keys=10**9)
    return meshconf.load(file, environ=MESH_VARIABLES)
