"""``meshconf schema``, ``docs`` and ``init``: what a schema says of itself, as files."""

from __future__ import annotations

from os.path import exists
from pathlib import Path
from typing import TYPE_CHECKING

import click

from meshconf.cli.loaded import FINDINGS
from meshconf.cli.options import STDIN, about_schema, command_of, target_of
from meshconf.cli.terminal import diff_lines, print_lines

if TYPE_CHECKING:
    from meshconf.cli.options import Target
    from meshconf.describe.schema_changes import SchemaChange
    from meshconf.diagnostics.styled import Role, StyledLine

__all__ = ["docs", "init", "schema"]


@click.command(short_help="Print the JSON Schema for editors.")
@click.option(
    "--check",
    type=click.Path(),
    metavar="FILE",
    help="End with 1 if FILE is not what would be printed.",
)
@click.option(
    "--compat",
    type=click.Path(),
    metavar="OLD",
    help="Tell what changed since the JSON Schema in OLD, a file or one of a Git revision "
    "(v2.5:app.schema.json); end with 1 if files that it accepts would be refused and no step to a "
    "new version migrates them.",
)
@about_schema
def schema(
    schema: str | None, prefix: str | None, color: str, check: str | None, compat: str | None
) -> None:
    """Print the JSON Schema (draft-07), with which editors complete and check files."""
    from meshconf.describe.json_schema import json_schema_text

    target = target_of(schema, prefix)
    text = json_schema_text(target.description)
    if compat is not None:
        _tell_changes(compat, target, text, color)
    if check is not None:
        _tell_drift(check, text, command_of("schema", schema, prefix), color)
    if check is None and compat is None:
        click.echo(text, nl=False)


@click.command(short_help="Print the table of settings and variables.")
@click.option(
    "--format",
    type=click.Choice(["markdown", "env"]),
    help="markdown (the default), or env for a .env.example; with --check, as the file is named.",
)
@click.option(
    "--check",
    type=click.Path(),
    metavar="FILE",
    help="End with 1 if FILE is not what would be printed.",
)
@about_schema
def docs(
    schema: str | None, prefix: str | None, color: str, format: str | None, check: str | None
) -> None:
    """Print the table of all settings and their variables."""
    from meshconf.describe.env_text import env_example
    from meshconf.describe.settings_table import settings_markdown

    target = target_of(schema, prefix)
    is_env = format == "env" or (format is None and ".env" in Path(check or "").name)
    if is_env and target.prefix is None:
        msg = "--format env wants --prefix: what the names of variables begin with"
        raise click.UsageError(msg)
    write = env_example if is_env else settings_markdown
    text = write(target.description)
    if check is None:
        click.echo(text, nl=False)
    else:
        name = "docs --format env" if is_env else "docs"
        _tell_drift(check, text, command_of(name, schema, prefix), color)


@click.command(short_help="Print or write a first file with every setting.")
@click.argument("file", required=False, type=click.Path())
@about_schema
def init(schema: str | None, prefix: str | None, color: str, file: str | None) -> None:  # noqa: ARG001 - common to all commands
    """Print a first file with every setting, or write it to FILE unless that exists."""
    from meshconf.describe.starter import starter_file

    command = command_of("schema", schema, prefix)
    target = target_of(schema, prefix)
    text = starter_file(target.description, command=command)
    configuration = target.model.configuration
    if configuration.writes < configuration.version:
        release, version = configuration.release, configuration.version
        said = f"meshconf: version {version} of the file came with {release}; earlier releases cannot read it"
        click.echo(said, err=True)
    if file is None or file == STDIN:
        click.echo(text, nl=False)
        return
    try:
        with Path(file).open("x", encoding="utf-8", newline="") as stream:
            stream.write(text)
    except FileExistsError:
        message = f"{file} exists already; it is left as it is"
    except OSError as error:
        message = f"{file} cannot be written: {(error.strerror or str(error)).lower()}"
    else:
        return
    raise click.UsageError(message)


def _tell_drift(file: str, text: str, command: str, color: str) -> None:
    """Compare a file with what it should be; end with 1 if they differ.

    How lines end is the business of Git and editors.
    """
    from shlex import quote

    from meshconf.diagnostics.words import printable

    old = _content(file).replace("\r\n", "\n")
    if old.rstrip("\n") == text.rstrip("\n"):
        return
    print_lines(diff_lines(old, text, file, "now", context=1), color)
    said = f"{file} is not what the schema says now: {command} > {quote(file)}"
    click.echo(printable(said), err=True)
    raise SystemExit(FINDINGS)


def _content(file: str) -> str:
    from meshconf.sources.git_file import git_file
    from meshconf.sources.reading import Refused, read_text, text_in

    try:
        if not exists(file) and (found := git_file(file)) is not None:  # noqa: PTH110 - a name of any length
            return text_in(found.content(), LARGEST_MADE)
        return read_text(file, LARGEST_MADE)[0]
    except Refused as refused:
        message = f"{file} {refused.message}"
    raise click.UsageError(message)


#: The largest file that is compared, ten times the schema of the mesh and more.
LARGEST_MADE = 16_777_216


def _tell_changes(file: str, target: Target, text: str, color: str) -> None:
    """Compare with an older JSON Schema; end with 1 if files that it accepts are refused now."""
    import json

    from meshconf.describe.schema_changes import changes_between

    steps = target.model.configuration.steps
    required = [one.path for one in target.description.root.walk() if one.required and one.always]
    try:
        old, new = json.loads(_content(file)), json.loads(text)
        changes = changes_between(old, new, steps, required)
    except (RecursionError, ValueError) as error:
        message = f"{file} is no JSON Schema that can be compared: {error}"
        raise click.UsageError(message) from None
    print_lines(map(_change_line, changes), color, err=True)
    refused = sum(one.level in ("breaking", "tightening") for one in changes)
    if refused:
        number = f"{refused} changes refuse" if refused > 1 else "1 change refuses"
        said = f"meshconf: {number} files that {file} accepts, and no step to a new version migrates them"
        click.echo(said, err=True)
        raise SystemExit(FINDINGS)


def _change_line(change: SchemaChange) -> StyledLine:
    from meshconf.diagnostics.styled import Piece
    from meshconf.diagnostics.words import printable

    roles: dict[str, Role] = {"breaking": "error", "tightening": "warning", "default": "warning"}
    role = roles.get(change.level, "quiet")
    return (Piece(change.level, role), Piece(printable(f": {change.said}")))
