"""The README: its code runs, and what it shows is what comes out."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import pytest

from tests.pages import Block, blocks_of, run

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.pages import Step

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"

#: A file of the layout before, as the section on old files has it.
SHOP = "db_port = 5433\nwait_ms = 500\n"

#: A file whose setting on line 7 Envoy cannot express, as the section on engines has it.
MESH = """\
service_name = "orders"
discovery.backend = "static"
static.endpoints.payments = ["10.0.0.7:8080", "10.0.0.8:8080"]
upstreams.payments.protocol = "http"

[circuit_breaker]
half_open_max_requests = 3
"""


def blocks() -> list[Block]:
    """Return the fenced blocks of the README."""
    return list(blocks_of(README.read_text(encoding="utf-8")))


def page_of(some: Iterable[Block]) -> str:
    """Make a page of some of the blocks."""
    return "\n".join(f"```{one.language}\n{one.text}```\n" for one in some)


def shown_and_printed(page: str, folder: Path, home: Path) -> tuple[list[Step], list[Step]]:
    """Run a page; return its steps, and the same with what they printed."""
    done = list(run(page, folder, home, name="README.md"))
    return [step for step, _ in done], [attrs.evolve(step, shown=said) for step, said in done]


def command(part: str) -> Block:
    """Find the console block with a command."""
    return next(one for one in blocks() if one.language == "console" and part in one.text)


@pytest.fixture
def in_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in the root of the repository, with no variable of ours set."""
    monkeypatch.chdir(ROOT)
    for name in list(os.environ):
        if name.startswith("MESH_"):
            monkeypatch.delenv(name)


@pytest.mark.usefixtures("in_root")
class TestReadme:
    def test_code_runs_and_prints_what_is_shown(self, tmp_path: Path):
        """All Python blocks run in order, and print what the text blocks show."""
        page = page_of(one for one in blocks() if one.language in ("python", "text"))
        shown, printed = shown_and_printed(page, ROOT, tmp_path)

        assert shown == printed

    def test_report_is_the_real_one(self, tmp_path: Path):
        """The command of the bad load prints the report that the README shows."""
        shown, printed = shown_and_printed(
            page_of([command("meshconf check examples")]), ROOT, tmp_path
        )

        assert shown == printed

    def test_migration_is_the_real_one(self, tmp_path: Path):
        """The schema with a history migrates a file as the README shows."""
        texts = [one.text for one in blocks() if one.language == "python"]
        code = [text for text in texts if "class Database" in text or "STEPS =" in text]
        classes = (text.partition("\napp = load")[0].partition("\nshop = load")[0] for text in code)
        (tmp_path / "shop.py").write_text("\n".join(classes), encoding="utf-8")
        (tmp_path / "shop.toml").write_text(SHOP)
        (tmp_path / "pyproject.toml").write_text('[tool.meshconf]\nschema = "shop:Shop"\n')
        shown, printed = shown_and_printed(
            page_of([command("meshconf migrate")]), tmp_path, tmp_path / "home"
        )

        assert shown == printed
        assert "config_version = 2\n" in (tmp_path / "shop.toml").read_text()

    def test_rendering_is_the_real_one(self, tmp_path: Path):
        """Rendering for Envoy tells what the README shows."""
        (tmp_path / "mesh.toml").write_text(MESH)
        shown, printed = shown_and_printed(
            page_of([command("meshconf render envoy")]), tmp_path, tmp_path / "home"
        )

        assert shown == printed

    def test_first_command_does_the_main_job(self):
        """What the first command shows begins with the service and holds the overridden value."""
        shown = command("meshconf show").text
        arguments = shown.strip().rpartition("/meshconf ")[2].split()

        ended = subprocess.run(
            [sys.executable, "-m", "meshconf", *arguments],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "MESH_CIRCUIT_BREAKER_MAX_REQUESTS": "800"},
        )
        line = "max_requests = 800  # environment variable MESH_CIRCUIT_BREAKER_MAX_REQUESTS"

        assert line in ended.stdout.splitlines()
