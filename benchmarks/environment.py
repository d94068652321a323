"""The virtual environment of the benchmarks, and what is installed in it."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parent
REQUIREMENTS = HERE / "requirements.txt"
FOLDER = HERE / ".venv"
STAMP = FOLDER / "stamp.json"
PYTHON = FOLDER / "bin" / "python"

LIST_PACKAGES = """\
import json
from importlib.metadata import distributions

print(json.dumps({found.name: found.version for found in distributions()}))
"""


class InstallError(Exception):
    """pip failed; the text is what it printed."""


def install_peers() -> None:
    """Make the environment if there is none for this Python and these requirements.

    Raises:
        InstallError: pip failed.
    """
    wanted = {"python": sys.version, "requirements": _digest([REQUIREMENTS])}
    stamp = _stamp()
    if {name: stamp.get(name) for name in wanted} == wanted:
        return
    venv.create(FOLDER, with_pip=True, clear=True)
    _pip("install", "--upgrade", "--requirement", str(REQUIREMENTS))
    # Older Pythons put it there, with a .pth file that every start-up would pay for.
    _pip("uninstall", "--yes", "setuptools")
    STAMP.write_text(json.dumps(wanted))


def install_meshconf() -> None:
    """Install meshconf as the checkout has it now.

    Raises:
        InstallError: pip failed.
    """
    digest = _meshconf_digest()
    stamp = _stamp()
    if stamp.get("meshconf") == digest:
        return
    # Not editable: the import hook of an editable install is slower than a folder.
    _pip("install", str(CHECKOUT))
    STAMP.write_text(json.dumps({**stamp, "meshconf": digest}))


def packages() -> dict[str, str]:
    """Return the version of each installed package."""
    command = [str(PYTHON), "-I", "-c", LIST_PACKAGES]
    found = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return dict(sorted(json.loads(found).items(), key=lambda pair: pair[0].lower()))


def path_files() -> list[str]:
    """Name the .pth files that slow every start-up; there should be none."""
    return [path.name for path in FOLDER.glob("lib/python*/site-packages/*.pth")]


def _pip(*arguments: str) -> None:
    command = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments]
    ended = subprocess.run(
        command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if ended.returncode:
        raise InstallError(ended.stdout)


def _stamp() -> dict[str, str]:
    return json.loads(STAMP.read_text()) if STAMP.exists() else {}


def _meshconf_digest() -> str:
    """Digest what meshconf is built from."""
    sources = sorted((CHECKOUT / "meshconf").rglob("*"))
    kept = [path for path in sources if path.is_file() and "__pycache__" not in path.parts]
    return _digest([CHECKOUT / "pyproject.toml", *kept])


def _digest(paths: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(f"{path.relative_to(CHECKOUT)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
