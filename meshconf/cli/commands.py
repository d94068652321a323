"""The commands: each reads its options, calls one room, and prints what that gave.

Results go to stdout, problems to stderr. The exit code is 0 if all is well, 1 if there are
findings, 2 if the job could not be done.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import click

from meshconf.cli.schema_option import schema_named

if TYPE_CHECKING:
    from collections.abc import Callable

    from meshconf.diagnostics.problem import Problem
    from meshconf.loading.snapshot import Snapshot

__all__ = ["meshconf"]

FINDINGS = 1
FAILED = 2


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="meshconf")
def meshconf() -> None:
    """Check and show the configuration of a service, as the service would load it."""


def _common(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say what is loaded."""

    @click.argument("files", nargs=-1, metavar="[FILE]...")
    @click.option(
        "--schema",
        metavar="MODULE:CLASS",
        help="The schema; ServiceMeshConfig if not given.",
    )
    @click.option("--prefix", help="What the names of variables begin with, such as APP_.")
    @click.option(
        "--output-format",
        type=click.Choice(["full", "json"]),
        default="full",
        show_default=True,
        help="full for people, json for programs.",
    )
    @functools.wraps(command)
    def with_options(**options: Any) -> None:
        command(**options)

    return with_options


@meshconf.command()
@_common
def check(
    files: tuple[str, ...], schema: str | None, prefix: str | None, output_format: str
) -> None:
    """Load the configuration and print every problem.

    Without FILE, the files are those that the service itself would read.
    """
    snapshot, problems, sources = _loaded(files, schema, prefix)
    if output_format == "json":
        from meshconf.diagnostics.json_report import report_json

        click.echo(report_json(problems, sources))
    else:
        from meshconf.diagnostics.text import report

        click.echo(report(problems, sources), err=True)
    if snapshot is None:
        raise SystemExit(FINDINGS)


@meshconf.command()
@_common
@click.option("--key", metavar="PATH", default="", help="Only what stands at or under this path.")
def show(
    files: tuple[str, ...], schema: str | None, prefix: str | None, output_format: str, key: str
) -> None:
    """Print the effective configuration as TOML, the origin of each value in a comment.

    Secrets are never shown. Without FILE, the files are those that the service itself would read.
    """
    from meshconf.describe.effective import effective_json, effective_toml
    from meshconf.diagnostics.text import report

    snapshot, problems, sources = _loaded(files, schema, prefix)
    if problems:
        click.echo(report(problems, sources), err=True)
    if snapshot is None:
        raise SystemExit(FINDINGS)
    write = effective_json if output_format == "json" else effective_toml
    try:
        text = write(snapshot, key)
    except KeyError as error:
        message = str(error.args[0])
    else:
        click.echo(text.rstrip("\n"))
        return
    raise click.UsageError(message)


def _loaded(
    files: tuple[str, ...], schema: str | None, prefix: str | None
) -> tuple[Snapshot[Any] | None, tuple[Problem, ...], tuple[str, ...]]:
    """Load as the service would; the snapshot is None if there are errors."""
    from meshconf import ConfigError, read
    from meshconf.schema.configuration import configuration_of

    cls = schema_named(schema)
    if prefix is None and configuration_of(cls).prefix is None:
        msg = f"{schema} names no prefix for its variables: pass --prefix, such as --prefix APP_"
        raise click.UsageError(msg)
    options: dict[str, Any] = {} if prefix is None else {"prefix": prefix}
    try:
        snapshot: Snapshot[Any] = read(*files, schema=cls, **options)
    except ConfigError as error:
        return None, error.problems, error.sources
    except TypeError as error:
        message = str(error)
    else:
        return snapshot, snapshot.warnings, snapshot.sources
    raise click.UsageError(message)
