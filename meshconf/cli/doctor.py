"""``meshconf doctor``: check that the world is as the configuration expects it."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from meshconf.cli.fleet import tell_fleet
from meshconf.cli.loaded import FAILED, FINDINGS, load_files, tell
from meshconf.cli.options import about_schema, about_sources, target_of
from meshconf.cli.terminal import print_lines, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from meshconf.cli.options import Reading
    from meshconf.diagnostics.problem import Origin, Problem
    from meshconf.diagnostics.styled import Role, StyledLine
    from meshconf.loading.snapshot import Snapshot
    from meshconf.mesh.discovery.probing import Finding

__all__ = ["doctor"]

FORMAT_VERSION = "1.0"


class _Examined(NamedTuple):
    """What was found, and of what."""

    snapshot: Snapshot[Any]
    warnings: Sequence[Problem]
    sources: Sequence[str]
    findings: Sequence[Finding]

    @property
    def backend(self) -> str:
        """The backend that was asked."""
        return str(self.snapshot.config.discovery.backend)

    @property
    def done(self) -> list[Finding]:
        """What was checked."""
        return [finding for finding in self.findings if finding.severity != "skipped"]

    @property
    def not_checked(self) -> list[str]:
        """What was not, a phrase for each."""
        from meshconf.diagnostics.words import few

        skipped: dict[str, list[str]] = {}
        for finding in self.findings:
            if finding.severity == "skipped":
                skipped.setdefault(finding.message, []).append(finding.check)
        phrases = [f"{few(checks)} ({reason})" for reason, checks in skipped.items()]
        return [*phrases, *_never_checked(self.snapshot.config)]

    def count(self, severity: str) -> int:
        """Count the findings of a severity."""
        return sum(finding.severity == severity for finding in self.findings)


def _never_checked(config: Any) -> Iterator[str]:
    """Say what no probe looks at."""
    yield "whether the hosts answer requests"
    if getattr(getattr(config, "tls", None), "enabled", False):
        yield "[tls] towards them"
    if getattr(getattr(config, "tracing", None), "endpoint", None) is not None:
        yield "tracing.endpoint"


def _no_nan(_: click.Context, __: click.Parameter, seconds: float) -> float:
    if math.isnan(seconds):  # which is in every range
        msg = "nan is not a number of seconds"
        raise click.BadParameter(msg)
    return seconds


@click.command(short_help="Check that Consul, etcd, DNS, ... are as the configuration expects.")
@click.argument("files", nargs=-1, type=click.Path(), metavar="[FILE]...")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True, max=3600),
    default=3.0,
    callback=_no_nan,
    metavar="SECONDS",
    help="How long each check may take, 3 if not given.",
)
@click.option("--deny-warnings", is_flag=True, help="End with 1 on warnings too.")
@click.option(
    "--fleet",
    multiple=True,
    metavar="URL",
    help="Instead, compare what instances run: those that tell of themselves under a key of a "
    "store, consul://HOST:PORT/KEY or etcd://HOST:PORT/KEY, and those with a page of metrics, "
    "http://HOST:PORT/metrics. May be given several times.",
)
@about_schema
@about_sources
@click.option(
    "--output-format",
    type=click.Choice(["full", "concise", "json"]),
    default="full",
    help="How findings are written: full (the default) or concise for people, json for programs.",
)
def doctor(
    files: tuple[str, ...],
    schema: str | None,
    prefix: str | None,
    color: str,
    reading: Reading,
    timeout: float,
    fleet: tuple[str, ...],
    output_format: str,
    *,
    deny_warnings: bool,
) -> None:
    """Check that the world is as the configuration expects it.

    The configuration is loaded as the service would load it; without FILE, it is that of
    `meshconf check`. Then what discovery.backend names is asked from this machine: whether it is
    there, takes the token or password, and knows the service and its upstreams. Nothing is
    written. The exit code is 1 if something does not match, 2 if the configuration does not load.
    """
    if fleet:
        if files:
            msg = "--fleet compares what runs, and reads no FILE"
            raise click.UsageError(msg)
        tell_fleet(fleet, timeout, output_format, color)
        return
    target = target_of(schema, prefix)
    outcome = load_files(target, files, reading)
    if outcome.snapshot is None:
        tell(outcome.problems, outcome.sources, output_format, color)
        raise SystemExit(FAILED)
    findings = _probed(outcome.snapshot.config, timeout)
    examined = _Examined(outcome.snapshot, outcome.problems, outcome.sources, findings)
    if output_format == "json":
        click.echo(_json(examined))
    else:
        if outcome.problems:
            tell(outcome.problems, outcome.sources, output_format, color, result=True)
        print_lines(_lines(examined, output_format), color)
    if not examined.done:
        raise SystemExit(FAILED)
    if examined.count("error") or (
        deny_warnings and (examined.count("warning") or outcome.problems)
    ):
        raise SystemExit(FINDINGS)


def _probed(config: Any, timeout: float) -> list[Finding]:
    """Probe the backend, or say why that is not possible."""
    from meshconf.mesh.discovery.probing import probe

    if getattr(getattr(config, "discovery", None), "backend", None) is None:
        name = type(config).__name__
        msg = f"{name} has no discovery.backend, so there is nothing to probe"
        raise click.UsageError(msg)
    if sys.stderr.isatty():
        backend = shown(str(config.discovery.backend))
        click.echo(f"meshconf: asking {backend}, for {timeout:g} s at most in each check", err=True)
    try:
        return probe(config, timeout=timeout)
    except ImportError as error:
        message = str(error)
    click.echo(f"meshconf: {message}", err=True)
    raise SystemExit(FAILED)


#: The word before a finding, and how it looks.
_MARKS: Mapping[str, Role] = {"ok": "added", "warning": "warning", "error": "error"}


def _lines(examined: _Examined, output_format: str) -> Iterator[StyledLine]:
    """Write each finding, then how many there are and what was not checked."""
    from meshconf.diagnostics.styled import Piece
    from meshconf.diagnostics.words import printable

    write = _full if output_format == "full" else _concise
    for finding in examined.done:
        yield from write(examined, finding)
    yield _footer(examined)
    left_out = "; ".join(map(printable, examined.not_checked))
    yield (Piece(f"not checked: {left_out}", "quiet"),)


def _full(examined: _Examined, finding: Finding) -> Iterator[StyledLine]:
    from meshconf.diagnostics.styled import Piece

    yield _heading(finding)
    if finding.severity == "ok":
        return
    origin = _origin(examined.snapshot, finding.path)
    if origin is not None:
        is_default = origin.kind == "default"
        yield (
            Piece("         = ", "frame"),
            Piece("note:", "remark"),
            Piece(f" `{shown(finding.path)}` {'has its' if is_default else 'is from'} "),
            Piece("default" if is_default else str(origin), "place"),
        )
    if finding.help:
        yield (
            Piece("         = ", "frame"),
            Piece("help:", "remark"),
            Piece(f" {shown(finding.help)}"),
        )


def _concise(examined: _Examined, finding: Finding) -> Iterator[StyledLine]:
    from meshconf.diagnostics.styled import Piece

    origin = None if finding.severity == "ok" else _origin(examined.snapshot, finding.path)
    has_place = origin is not None and origin.kind != "default"
    place = (Piece(str(origin), "place"), Piece(": ")) if has_place else ()
    remedy = (Piece(f"; {shown(finding.help)}"),) if finding.help else ()
    yield (*place, *_heading(finding), *remedy)


def _heading(finding: Finding) -> StyledLine:
    from meshconf.diagnostics.styled import Piece

    return (
        Piece(f"{finding.severity:<8}", _MARKS[finding.severity]),
        Piece(f" {shown(finding.check)}", "title"),
        Piece(f": {shown(finding.message)}"),
    )


def _footer(examined: _Examined) -> StyledLine:
    from meshconf.diagnostics.styled import Piece
    from meshconf.diagnostics.words import counted, printable

    counts = [
        counted(number, word) for word in ("error", "warning") if (number := examined.count(word))
    ]
    said = Piece(", ".join(counts) or "no problems", "title")
    checks = counted(len(examined.done), "check")
    names = ", ".join(map(printable, examined.sources))
    return (
        Piece("meshconf: "),
        said,
        Piece(f" in {checks} of {shown(examined.backend)} ({names})"),
    )


def _origin(snapshot: Snapshot[Any], path: str) -> Origin | None:
    """Find where a setting was set, or the one that holds it, such as a mapping as a whole.

    What a prober blames may be none of both.
    """
    while path:
        try:
            return snapshot.origin(path)
        except KeyError:
            path = path.rpartition(".")[0]
    return None


def _finding_data(snapshot: Snapshot[Any], finding: Finding) -> dict[str, Any]:
    from meshconf.diagnostics.json_report import origin_data

    origin = _origin(snapshot, finding.path)
    return {
        "check": finding.check,
        "severity": finding.severity,
        "path": finding.path,
        "summary": finding.message,
        "help": finding.help or None,
        "origin": None if origin is None else origin_data(origin),
        "seconds": finding.seconds,
    }


def _json(examined: _Examined) -> str:
    from meshconf.diagnostics.json_report import json_text, problem_data

    return json_text(
        {
            "format_version": FORMAT_VERSION,
            "valid": not examined.count("error"),
            "error_count": examined.count("error"),
            "warning_count": examined.count("warning"),
            "backend": examined.backend,
            "sources": list(examined.sources),
            "not_checked": examined.not_checked,
            "checks": [_finding_data(examined.snapshot, one) for one in examined.findings],
            "problems": [problem_data(one) for one in examined.warnings],
        }
    )
