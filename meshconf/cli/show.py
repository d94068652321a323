"""``meshconf show``: the effective configuration."""

from __future__ import annotations

import sys
from os.path import exists
from typing import TYPE_CHECKING

import click

from meshconf.cli.loaded import FINDINGS, load_files, problems_about, tell, tell_assumed
from meshconf.cli.options import (
    about_problems,
    about_schema,
    about_sources,
    complete_path,
    file_option,
    target_of,
)
from meshconf.cli.terminal import print_lines, under_ci

if TYPE_CHECKING:
    from meshconf.cli.options import Reading

__all__ = ["show"]


@click.command(short_help="Print each effective value with its origin.")
@click.argument("key", default="", shell_complete=complete_path)
@file_option
@click.option(
    "--format",
    type=click.Choice(["toml", "json", "env"]),
    default="toml",
    help="toml (the default), json, or env for the lines of a .env file.",
)
@click.option("--non-default", is_flag=True, help="Only what a source sets.")
@click.option("--show-secrets", is_flag=True, help="Show secrets too; on a terminal alone.")
@about_schema
@about_sources
@about_problems
def show(
    key: str,
    files: tuple[str, ...],
    schema: str | None,
    prefix: str | None,
    color: str,
    reading: Reading,
    format: str,
    output_format: str,
    *,
    non_default: bool,
    show_secrets: bool,
) -> None:
    """Print the effective configuration, the origin of each value in a comment.

    With KEY, such as retry.max_attempts, only what stands at or under it. The TOML and the
    variables that are printed load to the same configuration, but for secrets, which are masked.
    """
    from meshconf.describe.effective import (
        effective_env,
        effective_json,
        effective_toml,
        shown_values,
    )

    if show_secrets and (under_ci() or not sys.stdout.isatty()):
        msg = "--show-secrets prints to a terminal only, and never under CI"
        raise click.UsageError(msg)
    target = target_of(schema, prefix)
    if format == "env" and target.prefix is None:
        msg = "--format env wants --prefix: what the names of variables begin with"
        raise click.UsageError(msg)
    outcome = load_files(target, files, reading)
    snapshot = outcome.snapshot
    if snapshot is None:
        tell(outcome.problems, outcome.sources, output_format, color)
        tell_assumed(target, outcome.problems, output_format, color)
        raise SystemExit(FINDINGS)
    try:
        shown = shown_values(snapshot, key, non_default=non_default, show_secrets=show_secrets)
    except KeyError as error:
        hint = f"; a file is given by --file {key}" if exists(key) else ""  # noqa: PTH110 - a name of any length
        message = f"{error.args[0]}{hint}"
        raise click.UsageError(message) from None
    if warnings := problems_about(outcome.problems, key) if key else outcome.problems:
        tell(warnings, outcome.sources, output_format, color, result=True)
    if format == "json":
        click.echo(effective_json(snapshot, shown))
    elif format == "env":
        print_lines(effective_env(shown, target.model, str(target.prefix)), color)
    else:
        print_lines(effective_toml(shown, target.model), color)
