"""Fresh processes of the virtual environment, and what they cost."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from environment import PYTHON
from inputs import SURROUNDINGS

if TYPE_CHECKING:
    from collections.abc import Mapping

HERE = Path(__file__).resolve().parent


class JobError(Exception):
    """A process ended badly; the text is what it printed."""


@dataclass(frozen=True)
class Ended:
    """A process that ended well."""

    cpu: float  # seconds, user and system
    output: str


def run(
    folder: Path, script: str, *arguments: str, variables: Mapping[str, str] | None = None
) -> Ended:
    """Run a script of this folder, alone in a small and always equal environment.

    Args:
        folder: The working directory.
        script: Its file name.
        arguments: What it is given.
        variables: What it finds in its environment, besides the surroundings.

    Returns:
        Its output and its CPU time.

    Raises:
        JobError: It did not end with 0.
    """
    command = [str(PYTHON), "-I", str(HERE / script), *arguments]
    environ = {**SURROUNDINGS, **(variables or {})}
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=environ, stdout=output, stderr=subprocess.STDOUT
        )
        # Not `process.wait`: only wait4 tells the cost of this one child.
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read()
    if process.returncode:
        msg = f"{script} {' '.join(arguments)} ended with {process.returncode}:\n{text}"
        raise JobError(msg)
    return Ended(usage.ru_utime + usage.ru_stime, text)


def ask(
    folder: Path, task: str, variables: Mapping[str, str] | None = None, **arguments: object
) -> Any:
    """Run a task of `measure.py` in a process of its own and return its answer."""
    ended = run(folder, "measure.py", task, json.dumps(arguments), variables=variables)
    # The last line: what is logged on the way comes before it.
    return json.loads(ended.output.splitlines()[-1])
