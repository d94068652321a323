"""Whole reports, compared to the letter.

Each folder in `reports` holds what was loaded (`mesh.toml` and its like, and the variables in
`environment`, a line for each) and what came of it. `MESHCONF_WRITE_REPORTS=1 pytest
tests/loading/test_reports.py` writes the reports anew; read the difference before keeping it.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

import meshconf
from meshconf.diagnostics.text import report

REPORTS = Path(__file__).parent / "reports"
NAMES = sorted(path.name for path in REPORTS.iterdir())


def loaded(example: Path) -> str:
    """Load the files of a folder; return the report."""
    lines = (example / "environment").read_text(encoding="utf-8").splitlines()
    environ = dict(line.split("=", 1) for line in lines)
    try:
        snapshot = meshconf.read(environ=environ)
    except meshconf.ConfigError as error:
        return str(error)
    return report(snapshot.warnings, snapshot.sources)


@pytest.mark.parametrize("name", NAMES)
def test_report(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A configuration with a mistake gives just the report that stands beside it."""
    shutil.copytree(REPORTS / name, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    actual = loaded(tmp_path) + "\n"
    expected = REPORTS / name / "report.txt"
    if "MESHCONF_WRITE_REPORTS" in os.environ:
        expected.write_text(actual, encoding="utf-8", newline="\n")

    assert expected.read_text(encoding="utf-8") == actual
