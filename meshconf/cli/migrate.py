"""``meshconf migrate``: bring files to another version of their layout."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from meshconf.cli.loaded import (
    FAILED,
    FINDINGS,
    is_store,
    name_of,
    sources_of,
    tell,
    tell_aside,
)
from meshconf.cli.options import (
    STDIN,
    Reading,
    about_problems,
    about_schema,
    stdin_option,
    target_of,
)
from meshconf.cli.terminal import print_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from meshconf.cli.options import Target
    from meshconf.diagnostics.styled import StyledLine
    from meshconf.loading.migration import Migration
    from meshconf.sources.layer import Layer

__all__ = ["migrate"]

#: What --to takes besides a number.
CURRENT = "current"


@click.command(short_help="Bring files to the current version of their layout.")
@click.argument("files", nargs=-1, type=click.Path(), metavar="[FILE]...")
@click.option(
    "--check", is_flag=True, help="Change nothing, and end with 1 if a file would be changed."
)
@click.option("--diff", is_flag=True, help="Print the lines that change, secrets masked.")
@click.option("--write", is_flag=True, help="Change the files; comments and layout stay.")
@click.option(
    "--to",
    "wanted",
    metavar="N|current",
    help="The version to bring them to. Without it: the newest that the release before this one "
    "reads too.",
)
@click.option("--follow-links", is_flag=True, help="Write through symbolic links.")
@stdin_option
@about_schema
@about_problems
def migrate(
    files: tuple[str, ...],
    schema: str | None,
    prefix: str | None,
    color: str,
    wanted: str | None,
    stdin_filename: str,
    output_format: str,
    **mode: bool,
) -> None:
    """Bring files to the current version of their layout, and say what changes.

    Nothing is written without --write. Before that, the new text is proven to say what the old one
    said; each file is then replaced as a whole. Without FILE: the files of [tool.meshconf] in
    pyproject.toml, else those that the service itself would read, and those of all profiles.
    Several FILEs are one configuration: where the layout of the first had a default that is another
    now, it is given the old one. FILE - reads standard input and prints what it becomes.

    Ends with 0 if that is done or there is nothing to do, with 2 if a file cannot be migrated; no
    file is then changed.
    """
    if mode["check"] and mode["write"]:
        msg = "--check and --write contradict each other"
        raise click.UsageError(msg)
    if mode["write"] and STDIN in files:
        msg = "--write changes files; what - becomes is printed"
        raise click.UsageError(msg)
    target = target_of(schema, prefix)
    version = _version(target, wanted)
    planned = _planned(target, _sources(target, files, stdin_filename), version)
    _refuse(planned, output_format, color)
    needed = [one for one in planned if one.is_needed]
    if mode["write"]:  # before anything is printed: who reads it may have seen enough
        _write(needed, follow_links=mode["follow_links"])
    if mode["diff"]:
        for one in needed:
            print_lines(_diff(target, one), color)
    elif STDIN in files and not mode["check"]:
        click.echo(planned[0].new, nl=False)
    is_result = not any((mode["check"], mode["diff"], mode["write"], STDIN in files))
    print_lines(_summary(target, planned, written=mode["write"]), color, err=not is_result)
    if needed and not (mode["write"] or STDIN in files):
        remark = "nothing was written: --diff shows the lines, --write changes them"
        tell_aside(remark, output_format, color)
    if mode["check"] and needed:
        raise SystemExit(FINDINGS)


def _version(target: Target, wanted: str | None) -> int:
    """Find the version that files are to have."""
    configuration = target.model.configuration
    if wanted is None:
        return configuration.writes
    if wanted == CURRENT:
        return configuration.version
    if wanted.isascii() and wanted.isdigit() and 1 <= int(wanted[:9]) <= configuration.version:
        return int(wanted)
    name = target.model.cls.__name__
    msg = f"--to {wanted}: {name} has the versions 1 to {configuration.version}"
    raise click.UsageError(msg)


def _sources(target: Target, files: Sequence[str], stdin_filename: str) -> list[Any]:
    """Choose the files; where none is named, those of all profiles too."""
    from meshconf.loading.choose import base_of, profile_file, profiles_beside

    if STDIN in files and len(files) > 1:
        msg = "standard input is migrated alone, since what it becomes is printed"
        raise click.UsageError(msg)
    reading = Reading(stdin_filename=stdin_filename)
    sources = sources_of(target, files, reading, with_profile=False)
    if not files and (base := base_of(sources)) is not None:
        beside = [profile_file(base, name) for name in profiles_beside(base)]
        known = {name_of(source) for source in sources}
        sources += [file for file in beside if str(file) not in known]
    if stores := [source for source in sources if is_store(source)]:
        msg = f"{name_of(stores[0])} is no file: migrate one, and put it there by meshconf push"
        raise click.UsageError(msg)
    return sources


def _planned(target: Target, sources: Sequence[Any], version: int) -> list[Migration]:
    """Find out what becomes of each file that is there."""
    from meshconf.loading.choose import source_of
    from meshconf.loading.migration import migration_of

    once = {name_of(source): source for source in sources}
    layers = [source_of(source, os.environ).read(target.model) for source in once.values()]
    found = [layer for layer in layers if not layer.absent]
    if not found:
        named = ", ".join(layer.name for layer in layers)
        msg = f"there is no {named} here" if named else "there is no file to migrate: name one"
        raise click.UsageError(msg)
    known = {layer.name: layer for layer in found}

    def read(name: str) -> Layer:
        return known[name] if name in known else source_of(name, os.environ).read(target.model)

    planned: list[Migration] = []
    before: list[str] = []
    for layer in known.values():
        below = _files_below(target, layer.name)
        under = [read(name) for name in before if below is None] + [*map(read, below or ())]
        planned.append(migration_of(target.model, layer, version, under))
        if below is None:
            before.append(layer.name)
    return planned


def _files_below(target: Target, name: str) -> list[str] | None:
    """List the files that a file is known to lie over: one of a profile, or of the repository.

    None if nothing is known of it.
    """
    from meshconf.loading.choose import is_profile

    path = Path(name)
    stem, _, profile = path.stem.rpartition(".")
    base = path.with_name(f"{stem}{path.suffix}") if stem else path
    if is_profile(profile) and base != path and base.is_file():
        return [str(base)]
    listed = [*map(Path, target.files)]
    return [*map(str, listed[: listed.index(path)])] if path in listed else None


def _refuse(planned: Sequence[Migration], output_format: str, color: str) -> None:
    """Say what is in the way, if anything is, and end with 2."""
    from meshconf.diagnostics.words import printable

    problems = [problem for one in planned for problem in one.problems]
    if problems:
        names = [one.layer.name for one in planned if one.problems]
        tell(problems, names, output_format, color)
    obstacles = [one.obstacle for one in planned if one.obstacle]
    for obstacle in obstacles:
        click.echo(f"meshconf: {printable(obstacle)}", err=True)
    if problems or obstacles:
        raise SystemExit(FAILED)


def _write(needed: Sequence[Migration], *, follow_links: bool) -> None:
    """Change the files, unless one of them is known to refuse it."""
    from meshconf.evolution.write import NotWritten, check_replaceable, write_atomically

    texts = [(one.layer.name, one.new or "", one.old or "") for one in needed]
    try:
        for name, _, old in texts:
            check_replaceable(name, expected=old, follow_links=follow_links)
        for name, new, old in texts:
            write_atomically(name, new, expected=old, follow_links=follow_links)
    except NotWritten as error:
        message = str(error)
    else:
        return
    raise click.ClickException(message)


def _summary(
    target: Target, planned: Sequence[Migration], *, written: bool
) -> Iterator[StyledLine]:
    """Say of each file what becomes of it."""
    from meshconf.diagnostics.styled import Piece
    from meshconf.diagnostics.words import printable

    configuration = target.model.configuration
    for one in planned:
        name = Piece(printable(one.layer.name), "place")
        if not one.is_needed:
            yield (name, Piece(f": nothing to do, it has version {one.before}"))
            if one.version == configuration.writes < configuration.version != one.before:
                yield (
                    Piece(
                        f"  version {configuration.version} came with {configuration.release}, and "
                        f"earlier releases cannot read it; --to {CURRENT} brings the file there",
                        "quiet",
                    ),
                )
            continue
        said = "was brought" if written else "would be brought"
        yield (name, Piece(f": {said} from version {one.before} to version {one.version}"))
        yield from ((Piece(f"  {printable(change)}"),) for change in one.changes)
        for lost in one.lost:
            yield (Piece("  lost: ", "remark"), Piece(printable(lost)))


def _diff(target: Target, one: Migration) -> Iterator[StyledLine]:
    from meshconf.cli.terminal import diff_lines
    from meshconf.loading.migration import masked

    before, after = one.old or "", one.new or ""
    old = masked(target.model, one.layer, before)
    new = masked(target.model, one.layer, after, before)
    name = one.layer.name
    return diff_lines(old, new, name, f"{name} (version {one.version})", context=3)
