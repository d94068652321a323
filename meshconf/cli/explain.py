"""``meshconf explain``: one setting, one variable or one code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from meshconf.cli.loaded import FINDINGS, load_files, problems_about, tell
from meshconf.cli.options import (
    about_problems,
    about_schema,
    about_sources,
    complete_subject,
    file_option,
    target_of,
)
from meshconf.cli.terminal import print_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meshconf.cli.options import Reading, Target
    from meshconf.diagnostics.styled import StyledLine
    from meshconf.diagnostics.words import Path
    from meshconf.loading.load import Outcome

__all__ = ["explain"]

_CODE = re.compile(r"MC\d{3}", re.IGNORECASE)


@click.command(short_help="Explain a setting, its variable, or a code.")
@click.argument("subject", metavar="KEY|VARIABLE|CODE", shell_complete=complete_subject)
@file_option
@about_schema
@about_sources
@about_problems
def explain(
    subject: str,
    files: tuple[str, ...],
    schema: str | None,
    prefix: str | None,
    color: str,
    reading: Reading,
    output_format: str,
) -> None:
    """Explain a setting, such as retry.max_attempts, its variable, or the code of a problem.

    For a setting: what it is, what it takes, which value it has, where that comes from, and what
    it overrides. This works for configurations with errors too.
    """
    if _CODE.fullmatch(subject):
        print_lines(_code_lines(subject.upper()), color)
        return
    target = target_of(schema, prefix)
    if chooser := _chooser(target, subject):
        print_lines(chooser, color)
        return
    if said := _said_of_old(target, subject):
        print_lines([said], color)
        return
    outcome = load_files(target, files, reading)
    config = outcome.config  # where there are errors, it is made anew each time
    path = _path(target, config, subject)
    print_lines(_explanation(outcome, config, path), color)
    from meshconf.diagnostics.words import dotted

    own = problems_about(outcome.problems, dotted(path))
    if own:
        click.echo(err=True)
        tell(own, outcome.sources, output_format, color, result=True)
    if any(problem.severity == "error" for problem in own):
        raise SystemExit(FINDINGS)


def _code_lines(name: str) -> Iterator[StyledLine]:
    """Explain a code; what is not known is wrong usage."""
    from meshconf.diagnostics.codes import CODES
    from meshconf.diagnostics.styled import Piece

    code = CODES.get(name)
    if code is None:
        msg = f"no problem has the code {name}; they are {', '.join(CODES)}"
        raise click.UsageError(msg)
    yield (Piece(code.code, "title"), Piece(f": {code.title}"))
    yield (Piece("  cause   ", "quiet"), Piece(code.cause))
    yield (Piece("  remedy  ", "quiet"), Piece(code.remedy))


def _chooser(target: Target, subject: str) -> list[StyledLine]:
    """Explain a variable that chooses files; nothing for any other."""
    from meshconf.describe.description import CHOOSER_HELP
    from meshconf.diagnostics.styled import Piece

    choosers = {name: word for word, name in target.description.choosers.items()}
    if subject not in choosers:
        return []
    return [(Piece(subject, "title"),), (Piece(f"  {CHOOSER_HELP[choosers[subject]]}"),)]


def _said_of_old(target: Target, subject: str) -> StyledLine | None:
    """Say what became of what was a setting, or the variable of one."""
    from meshconf.diagnostics.styled import Piece
    from meshconf.diagnostics.words import printable
    from meshconf.loading.naming import said_of_old

    said = said_of_old(target.model, subject, target.prefix)
    return (Piece(printable(said)),) if said else None


def _path(target: Target, config: Any, subject: str) -> Path:
    """Find what is meant, by its path or by the name of its variable."""
    from meshconf.loading.naming import path_of_key, path_of_variable

    model, prefix = target.model, target.prefix
    try:
        return path_of_key(model, config, subject, declared=True)
    except KeyError as error:
        message = str(error.args[0])
    if prefix is not None and subject.startswith(prefix):
        try:
            return path_of_variable(model, config, subject, prefix)
        except KeyError as error:
            message = str(error.args[0]) if prefix else message
    raise click.UsageError(message)


def _explanation(outcome: Outcome, config: Any, path: Path) -> Iterator[StyledLine]:
    from meshconf.loading.explain import explanation

    setting = outcome.model.find(path)
    assert setting is not None
    return explanation(outcome.model, outcome.layers, outcome.prefix, path, setting, config)
