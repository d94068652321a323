"""``meshconf check``: load as the service would, and print every problem."""

from __future__ import annotations

import os
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from meshconf.cli.loaded import (
    FINDINGS,
    is_store,
    load_sources,
    name_of,
    sources_of,
    tell,
    tell_aside,
    tell_assumed,
)
from meshconf.cli.options import (
    STDIN,
    about_problems,
    about_schema,
    about_sources,
    command_of,
    target_of,
)
from meshconf.cli.terminal import print_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from meshconf.cli.options import Reading, Target
    from meshconf.diagnostics.problem import Problem
    from meshconf.diagnostics.styled import StyledLine
    from meshconf.loading.load import Outcome

__all__ = ["check"]


class _Scope(NamedTuple):
    """What is checked, and what is left out."""

    reading: Reading
    no_secrets: bool
    offline: bool
    all_profiles: bool

    @property
    def leaves_variables(self) -> bool:
        """Whether no variable is read, of the process or of a file."""
        return self.reading.no_env and self.reading.env_file is None


@click.command(short_help="Load as the service would and print every problem.")
@click.argument("files", nargs=-1, type=click.Path(), metavar="[FILE]...")
@about_schema
@about_sources
@click.option("--no-secrets", is_flag=True, help="Do without secrets, as where there are none.")
@click.option("--offline", is_flag=True, help="Do not read from stores on the network.")
@click.option("--all-profiles", is_flag=True, help="Check each profile that has a file.")
@click.option("--deny-warnings", is_flag=True, help="End with 1 on warnings too.")
@click.option("--fix", is_flag=True, help="Mend in the files what is certain, then check.")
@about_problems
def check(
    files: tuple[str, ...],
    schema: str | None,
    prefix: str | None,
    color: str,
    output_format: str,
    *,
    deny_warnings: bool,
    fix: bool,
    **scope: Any,
) -> None:
    """Load the configuration as the service would, and print every problem.

    Several FILEs are one configuration, in which a later one wins over those before it. Without
    FILE, they are those of [tool.meshconf] in pyproject.toml, else those that the service itself
    would read. FILE - is standard input.
    """
    if fix and STDIN in files:
        msg = "--fix mends files; standard input is none"
        raise click.UsageError(msg)
    wanted = _Scope(**scope)
    if wanted.all_profiles and wanted.reading.profile:
        msg = "--profile and --all-profiles contradict each other"
        raise click.UsageError(msg)
    target = target_of(schema, prefix)
    with_profile = not (wanted.reading.profile or wanted.all_profiles)
    sources = sources_of(target, files, wanted.reading, with_profile=with_profile)
    local = [one for one in sources if not (wanted.offline and is_store(one))]
    if sources and not local:
        msg = "--offline leaves no source to check"
        raise click.UsageError(msg)
    if fix:
        _mend(_checked(target, local, wanted), color)
    outcomes = _checked(target, local, wanted)
    found = tuple(dict.fromkeys(problem for outcome in outcomes for problem in outcome.problems))
    given = [problem for problem in found if _may_be_given(target, problem, wanted)]
    problems = [problem for problem in found if problem not in given]
    names = tuple(dict.fromkeys(name for outcome in outcomes for name in outcome.sources))
    left_out = [*_left_out(wanted, given, _profiles(local, names)), *_remote(sources, local)]
    tell(problems, names, output_format, color, not_checked=left_out)
    tell_assumed(target, problems, output_format, color)
    if mendable := sum(one.edit is not None and one.edit.safe for one in problems):
        said = f"{mendable} of them can be mended by meshconf check --fix"
        tell_aside(said, output_format, color)
    if problems and (name := _first_file(local)):
        said = f"a first file is written by {command_of('init', schema, prefix)} {quote(name)}"
        tell_aside(said, output_format, color)
    if any(deny_warnings or problem.severity == "error" for problem in problems):
        raise SystemExit(FINDINGS)


def _first_file(sources: Sequence[Any]) -> str:
    """Name the usual file where it is the only one, and nobody has written it yet; else nothing."""
    from meshconf.sources.file import File

    if len(sources) == 1 and isinstance(one := sources[0], File) and one.optional:
        return "" if Path(one.path).exists() else name_of(one)
    return ""


def _checked(target: Target, sources: Sequence[Any], scope: _Scope) -> list[Outcome]:
    """Load once, or once for each profile."""
    environ = _without_secrets(target, os.environ) if scope.no_secrets else None
    profiles = [None, *_profiles(sources)] if scope.all_profiles else [scope.reading.profile]
    readings = [scope.reading._replace(profile=profile) for profile in profiles]
    return [load_sources(target, sources, reading, environ) for reading in readings]


def _profiles(sources: Sequence[Any], read: Iterable[str] = ()) -> list[str]:
    """List the profiles that have a file beside the first file, but for those that are read."""
    from meshconf.loading.choose import base_of, profile_file, profiles_beside

    base = base_of(sources)
    if base is None:
        return []
    named = {Path(name) for name in (*map(name_of, sources), *read)}
    return [name for name in profiles_beside(base) if profile_file(base, name) not in named]


def _without_secrets(target: Target, environ: Mapping[str, str]) -> dict[str, str]:
    """Leave out what gives secrets."""
    from meshconf.loading.choose import CREDENTIALS
    from meshconf.sources.environment import found_by, names_for

    names = names_for(target.model, target.prefix or "")

    def gives_secret(name: str) -> bool:
        found = found_by(names, name)
        return found is not None and found.variable.setting.secret

    return {
        name: value
        for name, value in environ.items()
        if name != CREDENTIALS and not gives_secret(name)
    }


def _may_be_given(target: Target, problem: Problem, scope: _Scope) -> bool:
    """Tell whether a value is missing that a variable or a secret may give, where those are left out."""
    from meshconf.diagnostics.words import parse_path
    from meshconf.sources.environment import variable_at

    if problem.code != "MC102":
        return False
    if scope.no_secrets and problem.sensitive:
        return True
    if not scope.leaves_variables or target.prefix is None:
        return False
    return variable_at(target.model, parse_path(problem.path), target.prefix) != ""


def _left_out(scope: _Scope, missing: Sequence[Problem], profiles: Sequence[str]) -> Iterator[str]:
    """Say what was not checked, what it has to give, and which option would check it."""
    if scope.leaves_variables:
        wanted = ", ".join(problem.path for problem in missing if not problem.sensitive)
        yield f"variables{f', which have to give {wanted}' if wanted else ''} (--no-env)"
    elif scope.reading.no_env:
        yield "variables of the process (--no-env)"
    if scope.no_secrets:
        wanted = ", ".join(problem.path for problem in missing if problem.sensitive)
        yield f"secrets{f', which have to give {wanted}' if wanted else ''} (--no-secrets)"
    if profiles:
        word = "profiles" if len(profiles) > 1 else "profile"
        yield f"{word} {', '.join(profiles)} (see --all-profiles)"


def _remote(sources: Sequence[Any], local: Sequence[Any]) -> Iterator[str]:
    if left_out := [name_of(source) for source in sources if source not in local]:
        yield f"{', '.join(left_out)} (--offline)"


def _mend(outcomes: Sequence[Outcome], color: str) -> None:
    """Mend the files, and say what was mended."""
    from meshconf.diagnostics.words import printable
    from meshconf.evolution.mend import mend_file
    from meshconf.evolution.proof import Unproven
    from meshconf.evolution.write import NotWritten
    from meshconf.sources.reading import Refused

    problems = dict.fromkeys(problem for outcome in outcomes for problem in outcome.problems)
    edits = [one.edit for one in problems if one.edit is not None and one.edit.safe]
    for name in dict.fromkeys(edit.origin.name for edit in edits if edit.origin.kind == "file"):
        try:
            mended = mend_file(name, tuple(problems))
        except Refused as refused:
            message = f"{printable(name)} {refused.message}"
        except (NotWritten, Unproven) as error:
            message = str(error)
        else:
            print_lines(map(_mended_line, mended), color, err=True)
            continue
        raise click.ClickException(message)


def _mended_line(problem: Problem) -> StyledLine:
    from meshconf.diagnostics.styled import Piece
    from meshconf.diagnostics.words import printable

    assert problem.edit is not None  # it was made
    said = f": wrote {problem.edit.replacement}, since {problem.message}"
    return (Piece(str(problem.origin), "place"), Piece(printable(said), "added"))
