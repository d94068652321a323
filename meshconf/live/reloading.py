"""One reload: from what the sources say now to the next configuration, or to a report.

Nothing here keeps anything: the state before and what was read give the state after.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any, Literal

import attrs

from meshconf.describe.differing import differing
from meshconf.diagnostics.problem import ConfigError, Origin, Problem
from meshconf.diagnostics.words import printable
from meshconf.evolution.proof import same
from meshconf.live.restarts import refusals, waiting
from meshconf.loading.holding import Kept, kept_values, source_names
from meshconf.loading.load import reads_files
from meshconf.sources.pinned import Input, PinnedFiles

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from meshconf.diagnostics.words import Path  # noqa: TC004 - nothing resolves annotations
    from meshconf.loading.load import Outcome, Plan  # noqa: TC004
    from meshconf.loading.snapshot import Snapshot
    from meshconf.sources.layer import Layer  # noqa: TC004

__all__ = ["OnRestartFields", "Reading", "State", "first_state", "next_state", "read_whole"]

OnRestartFields = Literal["hold", "reject"]

#: While directories are swapped under the reader, it begins again so many times, after so many
#: seconds each.
MOST_TRIES = 20
PAUSE = 0.005


@attrs.frozen(eq=False, repr=False)
class Reading:
    """What the sources said at one time.

    Attributes:
        layers: The layers, in the order of the sources.

        inputs: The files that were read, by absolute path.

        own: The layers among them of which no file is known.
    """

    layers: tuple[Layer, ...]
    inputs: Mapping[str, Input]
    own: tuple[Layer, ...]

    def is_same(self, other: Reading) -> bool:
        """Tell whether the sources said the same, to the letter, at another time."""
        if _contents(self.inputs) != _contents(other.inputs):
            return False
        # What could not be read, or by too many people, has no other content.
        if [one.problems for one in self.layers] != [one.problems for one in other.layers]:
            return False
        return all(
            same(mine.data, theirs.data) and _texts(mine) == _texts(theirs)
            for mine, theirs in zip(self.own, other.own, strict=True)
        )


def _texts(layer: Layer) -> dict[Path, tuple[str, str]]:
    return {path: (text.name, text.text) for path, text in layer.texts.items()}


def _contents(inputs: Mapping[str, Input]) -> dict[str, str | None]:
    return {path: one.content for path, one in inputs.items()}


@attrs.frozen(eq=False, repr=False)
class State:
    """A configuration that is in force.

    Attributes:
        generation: Its number.

        reading: What the sources said.

        outcome: What was made of it; it has a snapshot.

        held: What is held until a restart, by path.
    """

    generation: int
    reading: Reading
    outcome: Outcome
    held: Mapping[Path, Kept]

    @property
    def snapshot(self) -> Snapshot[Any]:
        """The successful load."""
        return self.outcome.accepted()

    @property
    def sources(self) -> tuple[str, ...]:
        """The names of its sources, lowest precedence first."""
        return self.outcome.sources


def read_whole(plan: Plan, base: str) -> Reading:
    """Read all sources, all files of one directory as they were at one time.

    Args:
        plan: What is read.

        base: The directory that relative paths start from.
    """
    for _ in range(MOST_TRIES - 1):
        reading, is_settled = _read_once(plan, base)
        if is_settled:
            return reading
        time.sleep(PAUSE)
    return _read_once(plan, base)[0]


def _read_once(plan: Plan, base: str) -> tuple[Reading, bool]:
    """Read all sources; tell whether no directory was swapped meanwhile."""
    with closing(PinnedFiles(base)) as files:
        layers = plan.read(files)
        is_settled = files.is_settled()
    # What is laid over the sources comes after them.
    known = zip(layers, plan.sources, strict=False)
    own = tuple(layer for layer, source in known if not reads_files(source))
    return Reading(layers, files.inputs, own), is_settled


def first_state(plan: Plan, reading: Reading) -> State:
    """Load what was read at the start.

    Raises:
        ConfigError: If the configuration has errors.
    """
    outcome = plan.load(reading.layers)
    outcome.accepted()
    return State(1, reading, outcome, {})


def next_state(
    plan: Plan, start: Reading, state: State, reading: Reading, on_restart_fields: OnRestartFields
) -> State:
    """Load what was read, and lay it over what is in force.

    Args:
        plan: What is read.

        start: What was read when the process started.

        state: What is in force.

        reading: What was read now.

        on_restart_fields: What becomes of changed settings that need a restart: ``hold`` keeps
            their values and takes the rest over, ``reject`` refuses the whole.

    Returns:
        What is to be in force. The generation is the same if no value differs; the configuration
        is then the very same object.

    Raises:
        ConfigError: If it has errors, or is refused.
    """
    if reading.is_same(state.reading):
        return attrs.evolve(state, reading=reading)
    if gone := tuple(_gone(start, reading)):
        told = [one for layer in reading.layers for one in layer.problems]
        names = dict.fromkeys((*state.sources, *source_names(reading.layers)))
        raise ConfigError((*told, *gone), tuple(names))
    model, old = plan.model, state.outcome
    new = plan.load(reading.layers)
    new.accepted()
    held: dict[Path, Kept] = {}
    pairs = list(differing(model, old.config, new.config))
    paths = waiting(model, pairs)
    if paths and on_restart_fields == "reject":
        raise ConfigError(tuple(refusals(old, new, paths)), new.sources)
    if paths:
        held = kept_values(model, old.layers, old.config, state.held, paths)
        mixed = plan.load(reading.layers, held)
        if mixed.snapshot is None:  # with what waits, it was valid
            problems = (*mixed.problems, *refusals(old, new, paths))
            raise ConfigError(problems, new.sources)
        new = mixed
        pairs = list(differing(model, old.config, new.config))
    if pairs:
        return State(state.generation + 1, reading, new, held)
    unchanged = attrs.evolve(new.accepted(), config=old.config)
    return State(state.generation, reading, attrs.evolve(new, snapshot=unchanged), held)


def _gone(start: Reading, reading: Reading) -> Iterator[Problem]:
    """Tell which files were there at the start, and are gone now or empty."""
    told = [one for layer in reading.layers for one in layer.problems if one.severity == "error"]
    for path, before in start.inputs.items():
        now = reading.inputs.get(path)
        if before.is_blank or (now is not None and not now.is_blank):
            continue
        if now is None and os.path.dirname(path) not in reading.inputs:  # noqa: PTH120
            continue  # nothing names it any more, and it is in no directory that is read whole
        name = printable(before.name)
        is_gone = now is None or now.content is None
        if now is not None and is_gone and (now.stamp is not None or _is_told(before, told)):
            continue  # it cannot be read, or had to be there: that is told already
        message = f"{name} {'is gone' if is_gone else 'is empty'}, and was not when this started"
        help_ = "put it back; to do without it, start again"
        yield Problem("MC407", "error", "", message, Origin("file", before.name), help=help_)


def _is_told(file: Input, problems: Sequence[Problem]) -> bool:
    return any(
        file.name in problem.message or (problem.origin and problem.origin.name == file.name)
        for problem in problems
    )
