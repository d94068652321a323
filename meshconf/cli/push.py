"""``meshconf push``: put a document into a store, once it is known to be valid."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NoReturn

import click

from meshconf.cli.loaded import FAILED, FINDINGS, tell, tell_aside
from meshconf.cli.options import (
    STDIN,
    about_problems,
    about_schema,
    read_stdin,
    stdin_option,
    target_of,
)
from meshconf.cli.terminal import print_lines

if TYPE_CHECKING:
    from meshconf.cli.options import Target
    from meshconf.loading.load import Outcome
    from meshconf.sources.reading import Refused
    from meshconf.sources.store import Found, Store

__all__ = ["push"]

#: The codes of what is wrong with a document, rather than with a question to the store.
TOO_LARGE = "MC004"
ABOUT_DOCUMENT = (TOO_LARGE, "MC003", "MC407")

#: The store may have got what it did not answer.
NO_ANSWER = "MC408"


class _Voice:
    """How problems are told."""

    def __init__(self, output_format: str, color: str) -> None:
        self.output_format = output_format
        self.color = color

    def aside(self, text: str) -> None:
        """Tell what is no result, and no problem."""
        tell_aside(text, self.output_format, self.color)

    def end(
        self,
        refused: Refused,
        kind: str,
        name: str,
        code: int | None = None,
        outcome: str = "nothing was written",
    ) -> NoReturn:
        """Tell what is in the way, and end."""
        from meshconf.diagnostics.words import printable

        problem = refused.problem(kind, name, printable(name))
        tell([problem], [name], self.output_format, self.color, outcome=outcome)
        raise SystemExit(code or (FINDINGS if refused.code in ABOUT_DOCUMENT else FAILED))


@click.command(short_help="Put a valid document into Consul or etcd.")
@click.argument("file", type=click.Path(), metavar="FILE")
@click.argument("url", metavar="URL")
@click.option("--dry-run", is_flag=True, help="Say what would change, and write nothing.")
@click.option(
    "--max-bytes",
    type=click.IntRange(min=1),
    metavar="N",
    help="The largest value that the store takes, if its servers are configured otherwise than "
    "usual: Consul takes 524,288 bytes, etcd about 1.5 MiB.",
)
@stdin_option
@about_schema
@about_problems
def push(
    file: str,
    url: str,
    schema: str | None,
    prefix: str | None,
    color: str,
    max_bytes: int | None,
    stdin_filename: str,
    output_format: str,
    *,
    dry_run: bool,
) -> None:
    """Put FILE into a store, as the document at URL, and say what that changes.

    URL is that of the services: consul://HOST:PORT/KEY or etcd://HOST:PORT/KEY; tokens come from
    token_file=FILE after a question mark, or from CONSUL_HTTP_TOKEN and ETCDCTL_USER. FILE - is
    standard input. FILE is judged alone, without variables: what it lacks may be given by them.

    Nothing is written if FILE is not valid, if the store has it already, or if somebody else writes
    at the same time. Ends with 1 then (0 if the store has it already), with 2 if the store cannot
    be asked.
    """
    from meshconf.diagnostics.words import few
    from meshconf.loading import pushing
    from meshconf.sources.reading import Refused

    voice = _Voice(output_format, color)
    target = target_of(schema, prefix)
    store = _store(url)
    limit = pushing.limit_of(store, max_bytes)
    name = stdin_filename if file == STDIN else file
    try:
        content = _content(file, limit)
        new = pushing.judged(target.model, store, content, name, limit)
    except Refused as refused:
        voice.end(_with_place(refused, store), "file", name)
    if problems := pushing.refusing(new):
        tell(problems, [name], output_format, color, outcome="nothing was written")
        raise SystemExit(FINDINGS)
    if problems := tuple(one for one in new.problems if one.severity == "warning"):
        tell(problems, [name], output_format, color, result=True)
    if missing := pushing.given_elsewhere(new):
        wanted = few([_shown(path) for path in missing])
        voice.aside(f"not checked: variables and other files, which have to give {wanted}")
    try:
        found = pushing.asked(store)
    except Refused as refused:
        voice.end(refused, store.kind, store.name)
    if found.content == content:
        click.echo(f"{_shown(store.named(found.version))}: nothing to do, it is the same text")
        return
    _tell_difference(target, store, found, new, voice)
    if dry_run:
        voice.aside(f"nothing was written to {_shown(store.name)} (--dry-run)")
        return
    _write(store, content, found, voice)


def _store(url: str) -> Store:
    from meshconf.sources.addresses import is_store_url, store_of

    message = "URL is that of a document in a store: consul://HOST:PORT/KEY or etcd://HOST:PORT/KEY"
    if is_store_url(url):
        try:
            return store_of(url, os.environ)
        except ValueError as error:
            message = str(error)
    raise click.UsageError(message)


def _content(file: str, limit: int) -> bytes:
    """Read the document, or so much of it that it is seen to be too large."""
    from meshconf.sources.reading import read_text

    return read_stdin(limit) if file == STDIN else read_text(file, limit)[0].encode()


def _with_place(refused: Refused, store: Store) -> Refused:
    """Say of a size which store does not take it."""
    from meshconf.sources.reading import Refused as Refusal

    if refused.code != TOO_LARGE:
        return refused
    help_ = (
        f"{store.kind} takes no more unless its servers are told to, then say --max-bytes N; a "
        "document may leave out what is the default"
        if store.largest_value <= store.max_bytes
        else "services read no more, unless their URL says max_bytes=N"
    )
    return Refusal(refused.code, refused.message, help_)


def _tell_difference(
    target: Target, store: Store, found: Found, new: Outcome, voice: _Voice
) -> None:
    """Print what the services will see otherwise, setting by setting."""
    from meshconf.describe import difference
    from meshconf.loading import pushing
    from meshconf.sources.reading import Refused

    name = _shown(store.named(found.version))
    try:
        old = pushing.found_outcome(target.model, store, found)
    except Refused as refused:
        voice.aside(f"what is there now cannot be compared: {name} {refused.message}")
        return
    if found.content is None:
        voice.aside(f"{_shown(store.name)} is not there yet")
    elif problems := pushing.refusing(old):
        first = next(one for one in problems if one.severity == "error")
        voice.aside(f"what is there now cannot be compared, {name} is not valid:")
        voice.aside(f"  {_shown(str(first.origin))}: {_shown(first.message)}")
        return
    lines = difference.differences(old, new)
    print_lines(difference.difference_lines(lines), voice.color)
    if difference.in_the_way(old) or difference.in_the_way(new):
        voice.aside("not compared: tables in which required settings are missing")
    elif not lines:
        voice.aside("no setting differs, only the text")


def _write(store: Store, content: bytes, found: Found, voice: _Voice) -> None:
    from meshconf.loading import pushing
    from meshconf.sources.reading import Refused

    try:
        version = pushing.write(store, content, found)
    except Refused as refused:
        if refused.code != NO_ANSWER:
            voice.end(refused, store.kind, store.name)
        unknown = "it is not known whether it was written; another push tells"
        voice.end(refused, store.kind, store.name, outcome=unknown)
    except pushing.Overtaken as overtaken:
        now = overtaken.now
        became = "it is gone" if now.content is None else f"it is {store.named(now.version)} now"
        change = f"meshconf diff {store.name} FILE shows what differs now; then push again"
        lost = Refused("MC412", f"was changed by somebody else since it was read: {became}", change)
        voice.end(lost, store.kind, store.name, FINDINGS)
    before = "" if found.content is None else f", after version {found.version}"
    wrote = "written" if version is None else f"wrote version {version}"
    click.echo(f"{_shown(store.name)}: {wrote}{before}")


def _shown(text: str) -> str:
    from meshconf.diagnostics.words import printable

    return printable(text)
