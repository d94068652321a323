"""``meshconf render``: the configuration in the language of a proxy, a mesh or a library."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from meshconf.cli.loaded import FAILED, FINDINGS, load_files, tell, tell_aside
from meshconf.cli.options import about_problems, about_schema, about_sources, file_option, target_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from meshconf.cli.options import Reading
    from meshconf.diagnostics.problem import Problem, Severity
    from meshconf.loading.load import Outcome
    from meshconf.mesh.render import Dropped, Rendered

__all__ = ["render"]

#: The targets, each with the options that it takes besides --upstream.
TARGETS: Mapping[str, tuple[str, ...]] = {
    "envoy": ("listen", "admin"),
    "envoy-clusters": (),
    "envoy-routes": (),
    "haproxy": ("listen",),
    "consul": ("target_version",),
    "istio": (),
    "grpc": (),
}

#: Those that say nothing where there is no upstream.
FOR_UPSTREAMS = ("envoy", "envoy-clusters", "envoy-routes", "haproxy", "istio")

#: What is told of what a target does with the text.
REMARKS: Mapping[str, str] = {
    "consul": "each entry takes the place of the one that Consul has of its kind and name, with all "
    "that stands there",
}


class _Report(NamedTuple):
    """How what was found is told.

    Attributes:
        format: One of the formats.

        color: Whether to use colours.

        aside: Whether stdout is for the text, so that the report of programs has to be on stderr.
    """

    format: str
    color: str
    aside: bool

    def tell(
        self, problems: Sequence[Problem], sources: Sequence[str], outcome: str = "", /
    ) -> None:
        """Tell problems; a program gets a document of none, too."""
        from meshconf.diagnostics.formats import LINE_FORMATS

        if problems or self.format not in LINE_FORMATS:
            tell(problems, sources, self.format, self.color, outcome=outcome, result=self.aside)


@click.command(short_help="Write the configuration for Envoy, HAProxy, Consul, Istio or gRPC.")
@click.argument("target", type=click.Choice(list(TARGETS)), metavar="TARGET")
@file_option
@click.option(
    "-o",
    "--output",
    type=click.Path(),
    metavar="FILE",
    help="Write to FILE, in place of what it holds, and not to stdout, which is `-`.",
)
@click.option("--upstream", metavar="NAME", help="Render this upstream alone.")
@click.option(
    "--listen",
    metavar="HOST:PORT",
    help="envoy, haproxy: where clients connect to, 127.0.0.1:15001 if not given.",
)
@click.option(
    "--admin",
    metavar="HOST:PORT",
    help="envoy: its admin interface, 127.0.0.1:9901 if not given.",
)
@click.option(
    "--target-version",
    metavar="VERSION",
    help="consul: the version of the servers, 1.18 if not given; older ones know less.",
)
@click.option(
    "--fail-on-dropped",
    is_flag=True,
    help="Write nothing and end with 1 if something would be dropped that is told as a warning.",
)
@about_schema
@about_sources
@about_problems
def render(
    target: str,
    files: tuple[str, ...],
    output: str | None,
    upstream: str | None,
    schema: str | None,
    prefix: str | None,
    color: str,
    reading: Reading,
    output_format: str,
    *,
    fail_on_dropped: bool,
    **options: str | None,
) -> None:
    """Write the configuration for TARGET: what its engine enforces, in its own language.

    \b
    envoy           a whole bootstrap, JSON: envoy -c FILE
    envoy-clusters  clusters and routes alone, as files that a bootstrap of your
    envoy-routes    own names and that Envoy reads again when they are replaced
    haproxy         a whole configuration: haproxy -f FILE
    consul          config entries, one JSON document in each line, for
                    consul config write -; each replaces the one of its name
    istio           a DestinationRule and a VirtualService for each upstream, JSON:
                    kubectl apply -f FILE
    grpc            the service config of a channel, JSON

    What is dropped, since the target cannot express it, or not exactly, is told on stderr: what is
    set, and what one has to know, as a warning with its reason; other defaults by name alone, with
    the reason in --output-format json. A report for programs is on stdout if -o names a file. Ends
    with 1 if a setting cannot be rendered at all, or is dropped with --fail-on-dropped.
    """  # noqa: D301 - to click, a backspace is a paragraph that stays as it is
    given = {name: value for name, value in options.items() if value is not None}
    if strange := [name for name in given if name not in TARGETS[target]]:
        msg = f"--{strange[0].replace('_', '-')} is not for {target}"
        raise click.UsageError(msg)
    to_stdout = output is None or output == "-"
    report = _Report(output_format, color, to_stdout)
    outcome = load_files(target_of(schema, prefix), files, reading)
    if outcome.snapshot is None:
        report.tell(outcome.problems, outcome.sources)
        raise SystemExit(FINDINGS)
    rendered = _rendered(target, outcome, upstream, given, report)
    stop = fail_on_dropped and any(one.notable for one in rendered.dropped)
    _tell_dropped(target, rendered.dropped, outcome, report, stop=stop)
    if stop:
        raise SystemExit(FINDINGS)
    if target in REMARKS:
        tell_aside(REMARKS[target], output_format, color)
    if output is None or to_stdout:
        click.echo(rendered.text, nl=False)
    else:
        _write(output, rendered.text, outcome.sources)


def _rendered(
    target: str,
    outcome: Outcome,
    upstream: str | None,
    options: Mapping[str, str],
    report: _Report,
) -> Rendered:
    """Render, or tell why that is not possible, and end."""
    from meshconf.diagnostics.problem import ConfigError
    from meshconf.loading.placing import placed
    from meshconf.mesh import ServiceMeshConfig
    from meshconf.mesh import render as targets

    config = outcome.config
    if not isinstance(config, ServiceMeshConfig):
        name = type(config).__name__
        msg = f"render knows ServiceMeshConfig and what inherits from it, and {name} does not"
        raise click.UsageError(msg)
    if upstream is not None:
        _check_upstream(upstream, targets.names_of(config))
    try:
        rendered: Rendered = getattr(targets, target.replace("-", "_"))(
            config, upstream=upstream, **options
        )
    except ConfigError as error:
        problems = list(placed(outcome, error.problems))
        report.tell(problems, outcome.sources, error.outcome)
        raise SystemExit(FINDINGS) from None
    except ValueError as error:
        message = str(error)
    else:
        return rendered
    raise click.UsageError(message)


def _check_upstream(name: str, known: Sequence[str]) -> None:
    from meshconf.diagnostics.suggest import nearest
    from meshconf.diagnostics.words import few, quoted

    if name in known:
        return
    near = nearest(name, known)
    there = f"there are {few(list(known))}" if known else "the configuration names none"
    hint = f"did you mean {near[0]}?" if near else there
    msg = f"there is no upstream {quoted(name)}; {hint}"
    raise click.UsageError(msg)


def _tell_dropped(
    target: str,
    dropped: Sequence[Dropped],
    outcome: Outcome,
    report: _Report,
    *,
    stop: bool,
) -> None:
    """Tell what the text does not say: what is notable with its place, the rest by name."""
    from meshconf.diagnostics.words import few
    from meshconf.mesh.render import names_of

    # A program gets all of it as data; in a review or a test report, it would drown the rest.
    told = [one for one in dropped if one.notable or report.format == "json"]
    problems = [*outcome.problems, *_problems(told, outcome, report.format, stop=stop)]
    report.tell(problems, outcome.sources, "nothing was written")
    if target in FOR_UPSTREAMS and not names_of(outcome.config):
        aside = (
            "the configuration names no upstream, so nothing leads anywhere: add [upstreams.NAME]"
        )
        tell_aside(aside, report.format, report.color)
    elif rest := list(dict.fromkeys(one.path for one in dropped if not one.notable)):
        every = ", ".join(rest)
        names = few(rest) if report.format == "full" else every
        more = "" if names == every else " (--output-format json tells all, and why)"
        aside = f"of the defaults, {target} drops, in whole or in part: {names}{more}"
        tell_aside(aside, report.format, report.color)


def _problems(
    lost: Sequence[Dropped], outcome: Outcome, output_format: str, *, stop: bool
) -> Iterator[Problem]:
    """Make problems of what is dropped; for people, one of all that is for the same reason."""
    import attrs

    from meshconf.diagnostics.excerpt import joined
    from meshconf.diagnostics.problem import Problem
    from meshconf.diagnostics.words import few
    from meshconf.loading.placing import placed

    def severity(one: Dropped) -> Severity:
        return "error" if stop and one.notable else "warning"

    places = placed(outcome, (Problem("MC304", severity(one), one.path, "") for one in lost))
    groups: dict[object, list[tuple[Dropped, Problem]]] = {}
    for one, place in zip(lost, places, strict=True):
        key = (one.reason, one.upstreams, one.in_part) if output_format == "full" else one
        groups.setdefault(key, []).append((one, place))
    for group in groups.values():
        what = group[0][0]
        whose = f" for {few(what.upstreams)}" if what.upstreams else ""
        part = " in part" if what.in_part else ""
        names, verb = few([f"`{one.path}`" for one, _ in group]), "are" if group[1:] else "is"
        first, *rest = sorted((place for _, place in group), key=_line)
        yield attrs.evolve(
            first,
            message=f"{names} {verb} dropped{part}{whose}: {what.reason}",
            labels=tuple(label for one in (first, *rest) for label in one.labels),
            excerpts=joined(excerpt for one in (first, *rest) for excerpt in one.excerpts),
        )


def _line(problem: Problem) -> int:
    return (problem.origin.line if problem.origin else None) or 0


def _write(name: str, text: str, sources: Sequence[str]) -> None:
    """Replace a file as a whole, but none that the configuration was read from."""
    from meshconf.diagnostics.words import printable
    from meshconf.evolution.write import NotWritten, write_atomically

    path = Path(name)
    if any(os.path.realpath(source) == os.path.realpath(name) for source in sources):
        msg = f"--output {printable(name)} is what the configuration is read from"
        raise click.UsageError(msg)
    try:
        try:
            with path.open("x", encoding="utf-8", newline="") as file:
                file.write(text)
        except FileExistsError:
            # What else is there, such as a link or a FIFO, is refused unread.
            plain = path.is_file() and not path.is_symlink()
            before = path.read_bytes().decode() if plain else ""
            if before != text:
                write_atomically(path, text, expected=before)
    except NotWritten as error:
        message = str(error)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it holds no text"
        message = f"{printable(name)} cannot be written: {reason.lower()}"
    else:
        return
    click.echo(f"meshconf: {message}", err=True)
    raise SystemExit(FAILED)
