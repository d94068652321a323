"""``meshconf watch``: follow the files as the service would, and print each change."""

from __future__ import annotations

import errno
import os
import queue
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import click

from meshconf.cli.loaded import FINDINGS, arguments_of, sources_of, tell
from meshconf.cli.options import STDIN, about_problems, about_schema, about_sources, target_of
from meshconf.cli.terminal import print_lines

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from meshconf.cli.options import Reading, Target
    from meshconf.describe.difference import Difference
    from meshconf.diagnostics.problem import ConfigError, Problem
    from meshconf.diagnostics.styled import Piece, StyledLine
    from meshconf.live.live import Live
    from meshconf.live.status import Attempt
    from meshconf.loading.snapshot import Snapshot

__all__ = ["watch"]

FORMAT_VERSION = "1.0"

#: That nobody reads the output any more is noticed within so many seconds.
PATIENCE = 1.0


class _Event(NamedTuple):
    """An attempt to load, and what was in force after it."""

    attempt: Attempt
    snapshot: Snapshot[Any]


class _Voice(NamedTuple):
    """How what happens is told."""

    format: str
    output_format: str
    color: str


@click.command(short_help="Follow the files and print each change.")
@click.argument("files", nargs=-1, type=click.Path(), metavar="[FILE]...")
@click.option(
    "--format",
    type=click.Choice(["text", "json"]),
    default="text",
    help="text (the default), or json for a line of JSON for each attempt to load, the start "
    "included.",
)
@click.option(
    "--on-restart-fields",
    type=click.Choice(["hold", "reject"]),
    default="hold",
    help="What becomes of a changed setting that needs a restart: hold (the default) keeps its "
    "value and takes the rest over, reject refuses the whole.",
)
@about_schema
@about_sources
@about_problems
def watch(
    files: tuple[str, ...],
    schema: str | None,
    prefix: str | None,
    color: str,
    reading: Reading,
    format: str,
    on_restart_fields: Literal["hold", "reject"],
    output_format: str,
) -> None:
    """Follow the files as the service would, and print each accepted or rejected change.

    Without FILE, they are those that `meshconf check` reads. They are read when they have been
    quiet for 0.5 s; variables of the process are those of the start. A start that has errors ends
    with 1; afterwards, a change that has errors is reported, and what was in force stays. Ctrl-C
    ends it.
    """
    from meshconf.diagnostics.problem import ConfigError
    from meshconf.live.live import watch_schema

    if STDIN in files:
        msg = "standard input cannot be watched; name a file"
        raise click.UsageError(msg)
    target = target_of(schema, prefix)
    usual = sources_of(target, files, reading, with_profile=reading.profile is None)
    sources, options = arguments_of(target, usual, reading)
    _refuse_nothing(target, sources, options)
    voice = _Voice(format, output_format, color)
    with _logs_of_others():
        try:
            live = watch_schema(
                target.schema,
                sources,
                environ=None,
                on_restart_fields=on_restart_fields,
                sighup=False,
                **options,
            )
        except ConfigError as error:
            _tell_failed_start(error, voice)
            raise SystemExit(FINDINGS) from None
        with live:
            _tell_all(live, voice)


def _refuse_nothing(target: Target, sources: Sequence[Any], options: Mapping[str, Any]) -> None:
    """Refuse to wait for a change where there can be none."""
    from meshconf.live.reloading import read_whole
    from meshconf.loading.load import planned
    from meshconf.sources.store import Store

    plan = planned(target.schema, sources, **options)
    if any(isinstance(source, Store) for source in plan.sources):
        return
    if not read_whole(plan, str(Path.cwd())).inputs:
        msg = "no file is read, so nothing can change; name a FILE"
        raise click.UsageError(msg)


@contextmanager
def _logs_of_others() -> Generator[None, None, None]:
    """Show what is logged, but for what is told here in other words."""
    import logging

    logger = logging.getLogger("meshconf")
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("meshconf: %(message)s"))
    handler.addFilter(lambda record: record.module not in ("attempts", "live", "load"))
    propagates, logger.propagate = logger.propagate, False
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagates


def _tell_failed_start(error: ConfigError, voice: _Voice) -> None:
    import datetime as dt

    from meshconf.live.status import Attempt

    now = dt.datetime.now(dt.timezone.utc)
    if voice.format == "json":
        attempt = Attempt(
            trigger="start", result="rejected", at=now, seconds=0.0, generation=0, error=error
        )
        click.echo(_json_line(attempt, error.problems))
    _tell_error(error, voice)


def _tell_all(live: Live[Any], voice: _Voice) -> None:
    """Tell of the start and of each attempt after it, until somebody ends it."""
    events = _events(live)
    before = next(events)
    _tell_problems(before.snapshot.warnings, before.snapshot.sources, voice)
    click.echo(f"meshconf: watching {', '.join(_followed(live))}; Ctrl-C ends it", err=True)
    if voice.format == "json":
        click.echo(_json_line(before.attempt, before.snapshot.warnings))
    for now in events:
        _tell(now, before, voice)
        before = now


def _events(live: Live[Any]) -> Iterator[_Event]:
    """Yield the start and each attempt after it.

    Raises:
        BrokenPipeError: If nobody reads the output any more.
    """
    heard: queue.SimpleQueue[_Event] = queue.SimpleQueue()
    start = _Event(live.attempt, live.snapshot)
    # A terminal or a pipe that takes nothing at present does not hold up what is watched.
    live.observe(lambda attempt: heard.put(_Event(attempt, live.snapshot)))
    yield start
    while True:
        try:
            yield heard.get(timeout=PATIENCE)
        except queue.Empty:
            if _is_left():
                raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)) from None


def _is_left() -> bool:
    """Tell whether whoever read the output has gone, as `head -1` goes after a line."""
    import select

    try:
        poll = select.poll()
        poll.register(sys.stdout.fileno(), 0)
    except (AttributeError, OSError):  # Windows cannot tell, and a stream may be no file
        return False
    return bool(poll.poll(0))


def _followed(live: Live[Any]) -> Iterator[str]:
    from meshconf.diagnostics.words import printable

    for source in live.status.sources:
        is_there = source.name in live.snapshot.sources
        yield f"{printable(source.name)}{'' if is_there else ' (not there)'}"


def _tell(now: _Event, before: _Event, voice: _Voice) -> None:
    """Tell of an attempt, and of the problems that are new."""
    from meshconf.live.status import fails_again, new_problems

    error = now.attempt.error
    is_again = fails_again(before.attempt, now.attempt)
    warnings = new_problems(before.snapshot, now.snapshot.warnings)
    if voice.format == "json":
        click.echo(_json_line(now.attempt, now.snapshot.warnings))
    elif error is not None:
        print_lines([_rejected(now.attempt, is_again=is_again)], voice.color)
    else:
        print_lines(_accepted(now, before, len(warnings)), voice.color)
    if error is None:
        _tell_problems(warnings, now.snapshot.sources, voice)
    elif not is_again:
        _tell_error(error, voice)


def _tell_problems(problems: Sequence[Problem], sources: Sequence[str], voice: _Voice) -> None:
    if problems:
        tell(problems, sources, voice.output_format, voice.color, result=True)


def _tell_error(error: ConfigError, voice: _Voice) -> None:
    tell(
        error.problems,
        error.sources,
        voice.output_format,
        voice.color,
        outcome=error.outcome,
        result=True,
    )


def _rejected(attempt: Attempt, *, is_again: bool) -> StyledLine:
    from meshconf.diagnostics.styled import Piece

    again = " again, for the same reasons" if is_again else ""
    return (
        Piece(f"{_time(attempt)} ", "quiet"),
        Piece(f"rejected{again}", "error"),
        Piece(f"; generation {attempt.generation} stays in force"),
    )


def _accepted(now: _Event, before: _Event, warnings: int) -> Iterator[StyledLine]:
    """Write what an attempt brought, if it is only that somebody saved a file."""
    from meshconf.describe.difference import difference_lines
    from meshconf.diagnostics.styled import Piece

    attempt = now.attempt
    waiting, waited = _waiting(now), _waiting(before)
    news = [*_about_force(now, before), *_about_waiting(waiting, waited)]
    if warnings:
        from meshconf.diagnostics.words import counted

        news.append(Piece(counted(warnings, "new warning"), "warning"))
    is_same = _without_places(waiting) == _without_places(waited)
    if is_same and not warnings and attempt.update is None and before.attempt.error is None:
        if now.snapshot is not before.snapshot:  # the text did
            yield (Piece(f"{_time(attempt)} nothing changed", "quiet"),)
        return
    said = [part for one in news for part in (Piece("; "), one)][1:]
    yield (Piece(f"{_time(attempt)} ", "quiet"), *said)
    for line in (*difference_lines(_changes(attempt)), *(() if is_same else waiting)):
        yield (Piece("  "), *line)


def _about_force(now: _Event, before: _Event) -> Iterator[Piece]:
    from meshconf.diagnostics.styled import Piece

    generation = f"generation {now.attempt.generation}"
    if now.attempt.update is not None:
        yield Piece(f"{generation} is in force", "added")
        return
    if before.attempt.error is not None:
        yield Piece("valid again", "added")
    yield Piece(f"{generation} stays in force")


def _about_waiting(waiting: Sequence[StyledLine], waited: Sequence[StyledLine]) -> Iterator[Piece]:
    from meshconf.diagnostics.styled import Piece
    from meshconf.diagnostics.words import counted

    if waiting:
        still = " still" if _without_places(waiting) == _without_places(waited) else ""
        verb = "waits" if len(waiting) == 1 else "wait"
        yield Piece(f"{counted(len(waiting), 'change')}{still} {verb} for a restart", "warning")
    elif waited:
        yield Piece("nothing waits for a restart any more", "added")


def _without_places(lines: Sequence[StyledLine]) -> list[StyledLine]:
    """Leave out where values stand: they are the same further down in a file too."""
    return [line[:-1] for line in lines]


def _time(attempt: Attempt) -> str:
    return f"{attempt.at.astimezone():%H:%M:%S}"


def _changes(attempt: Attempt) -> list[Difference]:
    """Return what has changed; a setting of a new entry of a map needs a restart no more."""
    import attrs

    found = () if attempt.update is None else attempt.update.differences
    return [attrs.evolve(one, needs_restart=False) for one in found]


def _waiting(event: _Event) -> list[StyledLine]:
    """Write what waits for a restart: what is held, and what the sources say."""
    from meshconf.describe.difference import difference_lines
    from meshconf.diagnostics.styled import Piece

    names = event.attempt.pending_restart
    held = {} if not names else _held(event.snapshot, set(names))
    lines: list[StyledLine] = []
    for name in names:
        if name in held:
            lines += difference_lines([held[name]])
        else:  # of a group that is held as a whole it is not known what in it differs
            lines.append((Piece(name, "title"), Piece(" (needs restart)", "warning"), Piece("")))
    return lines


def _held(snapshot: Snapshot[Any], names: AbstractSet[str]) -> dict[str, Difference]:
    """Compare the values that are held for settings with what the sources say."""
    from meshconf.describe.difference import Difference
    from meshconf.diagnostics.words import dotted
    from meshconf.loading.holding import held_back

    found: dict[str, Difference] = {}
    for path, setting, value in snapshot.values():
        if setting.holds_settings or (name := dotted(path)) not in names:
            continue
        candidates = snapshot.candidates_at(path, setting)
        new = held_back(candidates)
        if new is not None:  # what the sources would make of it is known
            found[name] = Difference(
                path=path,
                setting=setting,
                old=value,
                new=new.value,
                old_origin=candidates[0].origin,
                new_origin=new.origin,
                needs_restart=True,
            )
    return found


def _json_line(attempt: Attempt, warnings: Sequence[Problem]) -> str:
    """Write an attempt as one line of JSON.

    Args:
        attempt: The attempt.

        warnings: Those about what is in force.
    """
    import datetime as dt
    import json

    from meshconf.describe.difference import change_json
    from meshconf.diagnostics.json_report import problem_data
    from meshconf.diagnostics.opaque import json_value

    time = attempt.at.astimezone(dt.timezone.utc).replace(tzinfo=None)
    problems = warnings if attempt.error is None else attempt.error.problems
    document = {
        "format_version": FORMAT_VERSION,
        "time": f"{time.isoformat(timespec='milliseconds')}Z",
        "trigger": attempt.trigger,
        "result": attempt.result,
        "generation": attempt.generation,
        "changes": [change_json(one) for one in _changes(attempt)],
        "pending_restart": list(attempt.pending_restart),
        "problems": [problem_data(one) for one in problems],
    }
    return json.dumps(json_value(document))
