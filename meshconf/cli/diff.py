"""``meshconf diff``: what differs between two configurations."""

from __future__ import annotations

from os.path import exists
from typing import TYPE_CHECKING, Any

import click

from meshconf.cli.loaded import FAILED, FINDINGS, load_sources, sources_of, tell
from meshconf.cli.options import (
    STDIN,
    Reading,
    about_problems,
    about_schema,
    file_sources,
    target_of,
)
from meshconf.cli.terminal import print_lines

if TYPE_CHECKING:
    from meshconf.cli.options import Target
    from meshconf.loading.load import Outcome

__all__ = ["diff"]

FILES_ONLY = Reading(no_env=True)


@click.command(short_help="Compare two configurations, setting by setting.")
@click.argument("old", type=click.Path(), metavar="OLD")
@click.argument("new", type=click.Path(), metavar="NEW")
@click.option(
    "--profile", metavar="NAME", help="Compare both with the file of this profile beside them."
)
@click.option(
    "--format",
    type=click.Choice(["text", "markdown", "json"]),
    default="text",
    help="text (the default), markdown for a pull request, or json.",
)
@about_schema
@about_problems
def diff(
    old: str,
    new: str,
    schema: str | None,
    prefix: str | None,
    color: str,
    profile: str | None,
    format: str,
    output_format: str,
) -> None:
    """Compare two configurations, setting by setting.

    OLD and NEW are files, files of a Git revision (HEAD~1:mesh.toml, or :mesh.toml for what is
    staged), profiles (production), or `-` for standard input. Variables are not read, so that they
    cannot hide a change. Ends with 1 if anything differs, with 2 if a side cannot be loaded.
    """
    from meshconf.describe import difference
    from meshconf.loading.choose import is_profile

    if old == new == STDIN:
        msg = "standard input can be read only once"
        raise click.UsageError(msg)
    if profile is not None and not is_profile(profile):
        msg = f"{profile} is no name of a profile"
        raise click.UsageError(msg)
    target = target_of(schema, prefix)
    before, after = (_loaded(target, side, profile) for side in (old, new))
    for outcome in (before, after):
        if problems := difference.in_the_way(outcome):
            tell(problems, outcome.sources, output_format, color)
            raise SystemExit(FAILED)
        # A document that could not be had, and may be missing, is compared as if it were empty.
        if unread := [one for one in outcome.problems if one.code.startswith("MC4")]:
            tell(unread, outcome.sources, output_format, color, result=True)
    found = difference.differences(before, after)
    if format == "json":
        click.echo(difference.difference_json(found, old, new))
    elif format == "markdown":
        click.echo(difference.difference_markdown(found, old, new))
    else:
        print_lines(difference.difference_lines(found), color)
        if not found:
            click.echo("no setting differs", err=True)
    if found:
        raise SystemExit(FINDINGS)


def _loaded(target: Target, side: str, profile: str | None) -> Outcome:
    return load_sources(target, _sources(target, side, profile), FILES_ONLY)


def _sources(target: Target, side: str, profile: str | None) -> list[Any]:
    """Turn what names a side into the files that it consists of."""
    from meshconf.loading.choose import NamedFile, base_of, is_profile, profile_file
    from meshconf.sources.git_file import GitFile, git_file

    if side != STDIN and not exists(side):  # noqa: PTH110 - a name of any length is asked for
        if found := git_file(side):
            path = found.path
            names = [path] if profile is None else [path, str(profile_file(path, profile))]
            return [GitFile(found.revision, name) for name in names]
        usual = sources_of(target, (), FILES_ONLY, with_profile=False)
        base = base_of(usual)
        if base is not None and is_profile(side):
            note = f"there is no file {side}, so it is taken for a profile"
            return [*usual, NamedFile(profile_file(base, side), note=note)]
    names = [side] if profile is None else [side, str(profile_file(side, profile))]
    return file_sources(names, FILES_ONLY.stdin_filename)
