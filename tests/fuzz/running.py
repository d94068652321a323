"""Running a target of this folder under atheris; see README.md."""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import pkgutil
import subprocess
import sys
import tempfile
from pathlib import Path

__all__ = ["TARGETS", "corpus", "main"]

#: The modules of this folder that have a `one_input`; each has a folder of its name in `corpus`.
TARGETS = ("documents", "variables", "dotenv", "spans", "migrations", "answers")

#: What is watched for new paths; most modules are imported only when something wants them.
PACKAGES = ("diagnostics", "evolution", "loading", "schema", "sources")

#: Says that this is the process of one target.
ONE = "--one"

#: One input may take so many seconds, and the process so many MiB, whatever the input.
LONGEST = 10
LARGEST = 2048


def corpus(target: str) -> Path:
    """Return the folder of the seeds of a target."""
    return Path(__file__).parent / "corpus" / target


def main() -> int:
    """Run targets, each in a process of its own; tell whether all went well."""
    if sys.argv[1:2] == [ONE]:
        return _fuzz(*sys.argv[2:])
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", help=f"of {', '.join(TARGETS)}; all by default")
    parser.add_argument("--seconds", type=int, default=10, help="for each target (default: 10)")
    parser.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="where inputs are kept that reach new code"
    )
    given = parser.parse_args()
    if unknown := set(given.targets) - set(TARGETS):
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    failed = [one for one in given.targets or TARGETS if _run(one, given.seconds, given.keep)]
    print(f"failed: {', '.join(failed)}" if failed else "all went well")  # noqa: T201 - a command
    return 1 if failed else 0


def _run(target: str, seconds: int, keep: Path | None) -> int:
    """Run a target in a process of its own: atheris ends the one that it runs in."""
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) if keep is None else keep / target
        kept.mkdir(parents=True, exist_ok=True)
        limits = [f"-timeout={LONGEST}", f"-rss_limit_mb={LARGEST}", f"-max_total_time={seconds}"]
        shown = ["-verbosity=0", "-print_final_stats=1", f"-artifact_prefix={target}-"]
        folders = [os.fspath(kept), os.fspath(corpus(target))]
        command = [sys.executable, "-m", "tests.fuzz", ONE, target, *limits, *shown, *folders]
        return subprocess.call(command)  # what it writes is for who reads the log


def _fuzz(target: str, *options: str) -> int:
    import atheris

    logging.disable()  # warnings are checked, not read
    with atheris.instrument_imports(include=["meshconf", "dotenv"]):
        module = importlib.import_module(f"tests.fuzz.{target}")
        for package in PACKAGES:
            _import_all(package)
    atheris.Setup([target, *options], module.one_input)
    atheris.Fuzz()
    return 0


def _import_all(package: str) -> None:
    name = f"meshconf.{package}"
    for module in pkgutil.iter_modules(importlib.import_module(name).__path__, f"{name}."):
        importlib.import_module(module.name)
