"""Editors' own tools, given the JSON Schema of a schema: taplo and tombi, from PyPI."""

from __future__ import annotations

import importlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from meshconf import ServiceMeshConfig
from meshconf.describe.description import describe
from meshconf.describe.json_schema import json_schema_text
from meshconf.schema.compile import model_of

EXAMPLES = Path(__file__).parents[2] / "examples"


def program(name: str) -> str:
    """Find a program on the path or beside this Python."""
    found = shutil.which(name) or shutil.which(name, path=str(Path(sys.executable).parent))
    if found is None:
        pytest.fail(f"{name} is not installed: pip install {name}")
    return found


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    """Make a folder with the JSON Schema of the mesh."""
    text = json_schema_text(describe(model_of(ServiceMeshConfig), "MESH_"))
    (tmp_path / "mesh.json").write_text(text)
    return tmp_path


def run(folder: Path, *command: str) -> str:
    """Run a check in a folder; return what it finds wrong, empty if nothing."""
    environ = {**os.environ, "XDG_CACHE_HOME": str(folder), "NO_COLOR": "1"}
    done = subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    # Colours are left out by hand: not every release heeds NO_COLOR.
    said = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr)
    return f"{done.returncode}: {said}" if done.returncode else ""


def taplo(folder: Path, text: str) -> str:
    """Check a file with taplo, which is told of the schema on the command line."""
    (folder / "mesh.toml").write_text(text)
    schema = (folder / "mesh.json").as_uri()
    return run(
        folder, program("taplo"), "lint", "--no-auto-config", "--schema", schema, "mesh.toml"
    )


def tombi_by_directive(folder: Path, text: str) -> str:
    """Check a file with tombi, which the file itself tells of the schema."""
    (folder / "mesh.toml").write_text(f"#:schema ./mesh.json\n{text}")
    return run(folder, program("tombi"), "lint", "--offline", "--error-on-warnings", "mesh.toml")


def tombi_by_settings(folder: Path, text: str) -> str:
    """Check a file with tombi, which its own settings tell of the schema."""
    (folder / "tombi.toml").write_text(
        '[schema]\nenabled = true\n[[schemas]]\npath = "mesh.json"\ninclude = ["mesh.toml"]\n'
    )
    (folder / "mesh.toml").write_text(text)
    return run(folder, program("tombi"), "lint", "--offline", "--error-on-warnings", "mesh.toml")


class TestExample:
    """The example where it stands."""

    @pytest.mark.parametrize(
        "command", [("taplo", "lint", "--no-auto-config"), ("tombi", "lint", "--offline")]
    )
    def test_names_its_schema(self, command: tuple[str, ...]) -> None:
        """Its first line leads to the JSON Schema in the repository, by which it is fine."""
        name, *arguments = command
        file = EXAMPLES / "orders" / "mesh.toml"

        assert "" == run(file.parent, program(name), *arguments, file.name)

    def test_typo_is_flagged(self, tmp_path: Path) -> None:
        """A typo in it would be flagged by that JSON Schema."""
        text = (EXAMPLES / "orders" / "mesh.toml").read_text()
        made = tmp_path / "examples" / "orders"
        made.mkdir(parents=True)
        shutil.copytree(EXAMPLES.parent / "docs" / "reference", tmp_path / "docs" / "reference")
        (made / "mesh.toml").write_text(text.replace("error_threshold", "error_treshold"))

        assert "error_treshold" in run(made, program("tombi"), "lint", "--offline", "mesh.toml")


@pytest.mark.parametrize("check", [taplo, tombi_by_directive, tombi_by_settings])
class TestMesh:
    """A file of the mesh in an editor."""

    def test_example(self, check, folder: Path) -> None:
        """The example is fine, durations and all."""
        _, _, text = (EXAMPLES / "orders" / "mesh.toml").read_text().partition("\n")

        assert "" == check(folder, text)

    def test_schema_of_a_user(self, check, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The file of the other example is fine for the schema of its own program."""
        monkeypatch.syspath_prepend(EXAMPLES / "ledger")
        schema = importlib.import_module("ledger.config").Settings
        (folder / "mesh.json").write_text(json_schema_text(describe(model_of(schema), None)))

        assert "" == check(folder, (EXAMPLES / "ledger" / "ledger.toml").read_text())

    @pytest.mark.parametrize(
        "line",
        [
            "timeouts.connect = 0.5",
            'timeouts.connect = "1m 30s"',
            'load_balancer.algorithm = "leastconn"',
            'static.endpoints = { "a.b" = ["host:80"] }',
            'upstreams."a.b" = { port = 80, retry.max_attempts = 1 }',
        ],
    )
    def test_accepted(self, check, folder: Path, line: str) -> None:
        """Durations as numbers and text, aliases and names of entries are accepted."""
        assert "" == check(folder, f'service_name = "orders"\n{line}\n')

    @pytest.mark.parametrize(
        ("said", "line"),
        [
            ("error_treshold", "circuit_breaker.error_treshold = 0.5"),
            ("(?i)integer", 'consul.port = "8500"'),
            ("(?i)65536", "consul.port = 65536"),
            ("fastest", 'load_balancer.algorithm = "fastest"'),
            ("5 secs", 'timeouts.connect = "5 secs"'),
            ("0s", 'timeouts.connect = "0s"'),
            ("bad", 'load_balancer.health_check.path = "bad"'),
            ("prot", 'upstreams.a.prot = "http"'),
        ],
    )
    def test_flagged(self, check, folder: Path, said: str, line: str) -> None:
        """A typo, a wrong type, what is out of bounds or in no list is flagged."""
        assert re.search(said, check(folder, f'service_name = "orders"\n{line}\n'))

    def test_missing(self, check, folder: Path) -> None:
        """What a variable or another file may give is not asked of one file, as of a profile's."""
        assert "" == check(folder, "[retry]\nmax_attempts = 2\n")
