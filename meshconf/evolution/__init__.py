"""Changes of a file's layout from one version to the next, and of files that people wrote.

What is public here declares changes. The modules beside make them: in a document that was parsed,
and in a text by splices, with proof, atomically.
"""

from __future__ import annotations

from meshconf.evolution.edits import (
    convert,
    join,
    map_values,
    move,
    remove,
    rename,
    set_default,
    split,
)
from meshconf.evolution.steps import Step, check_steps, step

__all__ = [
    "Step",
    "check_steps",
    "convert",
    "join",
    "map_values",
    "move",
    "remove",
    "rename",
    "set_default",
    "split",
    "step",
]
