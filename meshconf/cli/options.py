"""The options that commands share, and what they come to: a schema and its sources."""

from __future__ import annotations

import functools
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from meshconf.describe.description import Description
    from meshconf.schema.model import Model

__all__ = [
    "STDIN",
    "Reading",
    "Target",
    "about_problems",
    "about_schema",
    "about_sources",
    "command_of",
    "complete_path",
    "complete_subject",
    "file_option",
    "file_sources",
    "read_stdin",
    "stdin_option",
    "target_of",
]

#: The formats of reports, as the option offers them; a test holds them to those that are written.
FORMATS = ("full", "concise", "json", "github", "sarif", "junit")

#: Stands for standard input among files.
STDIN = "-"


# Named tuples, since attrs would take a third of the time of `meshconf --help`.


class Target(NamedTuple):
    """What a command is about.

    Attributes:
        schema: The class.

        model: Its model.

        prefix: What the names of its variables begin with; ``None`` if nothing says so.

        files: The files of the repository, if pyproject.toml lists them.

        folder: Where pyproject.toml names the schema, from the working directory; empty if it is
            that, or the schema was named otherwise.

        assumed: Whether nothing names the schema, so that it is that of the mesh.
    """

    schema: Any
    model: Model
    prefix: str | None
    files: tuple[str, ...]
    folder: str
    assumed: bool

    @property
    def description(self) -> Description:
        """The schema as users see it."""
        from meshconf.describe.description import describe

        try:
            return describe(self.model, self.prefix)
        except TypeError as error:
            message = str(error)
        raise click.UsageError(message)


class Reading(NamedTuple):
    """What the options say of the sources.

    Attributes:
        profile: The profile whose file is read too.

        stdin_filename: What reports call standard input.

        no_env: Whether variables are left alone.

        env_file: The .env file that is read too.
    """

    profile: str | None = None
    stdin_filename: str = "<stdin>"
    no_env: bool = False
    env_file: str | None = None


def target_of(schema: str | None, prefix: str | None) -> Target:
    """Find the schema: the one that is named, that of the repository, or the mesh.

    Raises:
        click.ClickException: If it cannot be imported, or is none.
    """
    from meshconf.cli.project import project_here
    from meshconf.cli.schema_option import BadSchema, schema_named
    from meshconf.schema.compile import model_of
    from meshconf.sources.environment import names_for

    project, folder = project_here()
    if schema is not None:
        # What pyproject.toml says is about its own schema.
        files: tuple[str, ...] = ()
        where = ""
        assumed = False
        found = schema_named(schema, Path.cwd())
    else:
        found = schema_named(project.schema, folder, "[tool.meshconf] schema =")
        assumed = project.schema is None
        prefix = project.prefix if prefix is None else prefix
        where = "" if folder == Path.cwd() else os.path.relpath(folder)
        # A file that is called like standard input is none of it.
        files = tuple(os.path.relpath(folder / file) for file in project.files)
        files = tuple(f"./{file}" if file == STDIN else file for file in files)
    try:
        model = model_of(found)
        prefix = model.configuration.prefix if prefix is None else prefix
        if prefix is not None:
            names_for(model, prefix)  # two settings may share a variable
    except TypeError as error:
        bad = BadSchema.of(found, error)
    else:
        return Target(
            schema=found, model=model, prefix=prefix, files=files, folder=where, assumed=assumed
        )
    raise bad


def command_of(name: str, schema: str | None, prefix: str | None) -> str:
    """Write the command that makes a file again, with the options that were given."""
    from shlex import quote

    given = {"--schema": schema, "--prefix": prefix}
    options = (f" {option} {quote(value)}" for option, value in given.items() if value is not None)
    return f"meshconf {name}{''.join(options)}"


def about_schema(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that name a schema."""
    options = (
        click.option(
            "--schema",
            metavar="MODULE:CLASS",
            help="The schema. Without it: that of [tool.meshconf] in pyproject.toml, else "
            "ServiceMeshConfig.",
        ),
        click.option(
            "--prefix",
            metavar="PREFIX",
            help="What the names of variables begin with, such as APP_.",
        ),
        click.option(
            "--color",
            type=click.Choice(["auto", "always", "never"]),
            default="auto",
            help="Whether to use colours; auto, the default, does on a terminal unless NO_COLOR "
            "is set.",
        ),
    )
    return _with(options, command)


def stdin_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option that names standard input in reports."""
    option = click.option(
        "--stdin-filename",
        metavar="NAME",
        default="<stdin>",
        help="What reports call the document that FILE - reads from standard input.",
    )
    return _with((option,), command)


def about_sources(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say what is read, as one argument, `reading`."""

    @functools.wraps(command)
    def with_reading(
        *,
        profile: str | None,
        stdin_filename: str,
        no_env: bool,
        env_file: str | None,
        **others: Any,
    ) -> Any:
        reading = Reading(
            profile=profile, stdin_filename=stdin_filename, no_env=no_env, env_file=env_file
        )
        return command(reading=reading, **others)

    options = (
        click.option(
            "--profile",
            metavar="NAME",
            help="Also read the file of this profile, after the first file.",
        ),
        stdin_option,
        click.option("--no-env", is_flag=True, help="Do not read variables."),
        click.option(
            "--env-file",
            type=click.Path(),
            metavar="FILE",
            help="Read variables from a .env file too.",
        ),
    )
    return _with(options, with_reading)


def about_problems(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option that says how problems are written."""
    option = click.option(
        "--output-format",
        type=click.Choice(FORMATS),
        default="full",
        help="How problems are written: full (the default) or concise for people, the others for "
        "programs.",
    )
    return _with((option,), command)


def _with(options: Sequence[Any], command: Callable[..., Any]) -> Callable[..., Any]:
    return functools.reduce(lambda made, option: option(made), reversed(options), command)


def file_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command that has another argument an option for its files."""
    option = click.option(
        "-f",
        "--file",
        "files",
        multiple=True,
        type=click.Path(),
        metavar="FILE",
        help="The file that is read, `-` for standard input; may be given several times. Without "
        "it: as for `meshconf check`.",
    )
    return _with((option,), command)


def file_sources(files: Sequence[str], stdin_filename: str) -> list[Any]:
    """Turn the names of files into sources; ``-`` is standard input."""
    if list(files).count(STDIN) > 1:
        msg = "standard input can be read only once"
        raise click.UsageError(msg)
    return [_from_stdin(stdin_filename) if file == STDIN else file for file in files]


def _from_stdin(name: str) -> Any:
    from meshconf.sources.file import LARGEST_FILE, Document

    return Document(name, read_stdin(LARGEST_FILE))


def read_stdin(max_bytes: int) -> bytes:
    """Read standard input, or so much of it that it is seen to be too large."""
    if sys.stdin.isatty():
        click.echo("meshconf: reading standard input", err=True)
    return sys.stdin.buffer.read(max_bytes + 1)


def complete_path(context: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Complete the path of a setting, for shells."""
    return _completed(context, incomplete, lambda target: _paths(target.model))


def complete_subject(context: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Complete what can be explained: paths, and once they are begun, variables and codes."""
    from meshconf.diagnostics.codes import CODES

    if not incomplete:  # so many names would help nobody
        return complete_path(context, _, incomplete)
    return _completed(
        context,
        incomplete,
        lambda target: (*_paths(target.model), *target.description.variables, *CODES),
    )


def _paths(model: Model) -> Iterator[str]:
    return (".".join(map(str, path)) for path, _ in model.walk())


def _completed(
    context: click.Context, incomplete: str, known: Callable[[Target], Iterable[str]]
) -> list[str]:
    try:
        target = target_of(context.params.get("schema"), context.params.get("prefix"))
        return [name for name in known(target) if name.startswith(incomplete)]
    except click.ClickException:
        return []
