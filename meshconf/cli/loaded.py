"""Loading what the options name, and telling what was found."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import click

from meshconf.cli.options import file_sources
from meshconf.cli.terminal import print_lines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from meshconf.cli.options import Reading, Target
    from meshconf.diagnostics.problem import Problem
    from meshconf.loading.load import Outcome

__all__ = [
    "FAILED",
    "FINDINGS",
    "arguments_of",
    "is_store",
    "load_files",
    "load_sources",
    "name_of",
    "problems_about",
    "sources_of",
    "tell",
    "tell_aside",
    "tell_assumed",
]

#: The exit code if there are findings, or a difference.
FINDINGS = 1

#: The exit code if the job could not be done.
FAILED = 2


def load_files(target: Target, files: Sequence[str], reading: Reading) -> Outcome:
    """Load files as the service would: those that are named, or the usual ones.

    Raises:
        click.UsageError: If variables are to be read and nothing says what they begin with.
    """
    sources = sources_of(target, files, reading, with_profile=reading.profile is None)
    return load_sources(target, sources, reading)


def sources_of(
    target: Target, files: Sequence[str], reading: Reading, *, with_profile: bool
) -> list[Any]:
    """Choose the files: those that are named, those of the repository, or the usual ones.

    Args:
        target: The schema.

        files: The names on the command line.

        reading: What the options say.

        with_profile: Whether the profile is the one that the environment names.
    """
    from meshconf.loading.choose import usual_files

    named = file_sources(files or target.files, reading.stdin_filename)
    prefix = None if reading.no_env else target.prefix
    return named or usual_files(
        target.model, prefix, os.environ, with_profile=with_profile, folder=target.folder
    )


def name_of(source: Any) -> str:
    """Name a source as it was named: a path, or the address of a store."""
    return str(getattr(source, "path", None) or getattr(source, "name", source))


def is_store(source: Any) -> bool:
    """Tell whether a source is no file but a store on the network."""
    return "://" in name_of(source)


def load_sources(
    target: Target,
    sources: Sequence[Any],
    reading: Reading,
    environ: Mapping[str, str] | None = None,
) -> Outcome:
    """Load sources, and what else the options name.

    Args:
        target: The schema.

        sources: The files.

        reading: What the options say.

        environ: The variables; those of the process by default.

    Raises:
        click.UsageError: If variables are to be read and nothing says what they begin with.
    """
    from meshconf.loading.load import read_outcome

    named, options = arguments_of(target, sources, reading)
    return read_outcome(target.schema, named, environ=environ, **options)


def arguments_of(
    target: Target, sources: Sequence[Any], reading: Reading
) -> tuple[list[Any], dict[str, Any]]:
    """Return the sources and the options with which a load is planned.

    Args:
        target: The schema.

        sources: The files.

        reading: What the options of the command say.

    Raises:
        click.UsageError: If a source cannot be read, or variables are to be read and nothing says
            what they begin with.
    """
    from meshconf.sources.dotenv import DotEnv

    prefix = target.prefix
    if any(map(is_store, sources)) and find_spec("urllib3") is None:
        click.echo('meshconf: Consul and etcd need: pip install "meshconf[remote]"', err=True)
        raise SystemExit(FAILED)
    if prefix is None and (reading.env_file is not None or not reading.no_env):
        name = target.model.cls.__name__
        msg = (
            f"{name} does not say what its variables begin with: write "
            '@configuration(prefix="APP_") above it, or prefix = "APP_" into [tool.meshconf], or '
            "pass --prefix APP_, or --no-env to leave them alone"
        )
        raise click.UsageError(msg)
    env_files = [] if reading.env_file is None else [DotEnv(reading.env_file, prefix or "")]
    options = {"prefix": None if reading.no_env else prefix, "profile": reading.profile}
    return [*sources, *env_files], options


def tell(
    problems: Sequence[Problem],
    sources: Sequence[str],
    output_format: str,
    color: str,
    *,
    not_checked: Sequence[str] = (),
    outcome: str = "",
    result: bool = False,
) -> None:
    """Print problems: what people read to stderr, what programs read to stdout.

    Args:
        problems: The findings.

        sources: The names of the sources.

        output_format: One of the formats.

        color: Whether to use colours.

        not_checked: What was left out.

        outcome: What came of a load with errors, if not that nothing was loaded.

        result: Whether stdout is for something else.
    """
    from meshconf.diagnostics.formats import LINE_FORMATS, lines, write
    from meshconf.diagnostics.problem import NOT_LOADED

    if output_format in LINE_FORMATS:
        found = lines(output_format, problems, sources, not_checked, outcome or NOT_LOADED)
        print_lines(found, color, err=True)
    else:
        click.echo(write(output_format, problems, sources, not_checked), err=result)


def tell_aside(text: str, output_format: str, color: str) -> None:
    """Print a remark below a report for people; programs have the data."""
    from meshconf.diagnostics.formats import LINE_FORMATS
    from meshconf.diagnostics.styled import Piece

    if output_format in LINE_FORMATS:
        print_lines([(Piece(text, "quiet"),)], color, err=True)


def tell_assumed(
    target: Target, problems: Sequence[Problem], output_format: str, color: str
) -> None:
    """Name the schema where nobody did, and keys at the top fit it badly."""
    from meshconf.diagnostics.words import parse_path

    if target.assumed and any(
        one.code in ("MC101", "MC102") and len(parse_path(one.path)) == 1 for one in problems
    ):
        said = (
            "checked against the schema of the mesh, ServiceMeshConfig; one of your own is named "
            "by --schema module:Class or [tool.meshconf]"
        )
        tell_aside(said, output_format, color)


def problems_about(problems: Sequence[Problem], path: str) -> list[Problem]:
    """Return the problems of what stands at or under a dotted path, and of whole sources.

    A source that could not be read, or a misspelt variable, may have been meant to set it.
    """
    below = (f"{path}.", f"{path}[")
    return [one for one in problems if one.path in ("", path) or one.path.startswith(below)]
