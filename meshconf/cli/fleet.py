"""``meshconf doctor --fleet``: compare what the instances of a fleet run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from meshconf.cli.loaded import FAILED, FINDINGS
from meshconf.cli.terminal import print_lines, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from meshconf.diagnostics.styled import StyledLine
    from meshconf.live.drift import Fleet, Group, Member

__all__ = ["tell_fleet"]

FORMAT_VERSION = "1.0"


def tell_fleet(urls: Sequence[str], timeout: float, output_format: str, color: str) -> None:
    """Compare the instances at some URLs, and say which differ.

    Args:
        urls: Keys in stores, and pages of metrics.

        timeout: Seconds for each.

        output_format: ``json``, or any other for people.

        color: Whether to use colours.

    Raises:
        click.UsageError: If one of the URLs is none.

        SystemExit: With 1 if instances differ, with 2 if one could not be asked and no other
            differs.
    """
    from meshconf.live.drift import fleet_at

    try:
        fleet = fleet_at(urls, os.environ, timeout)
    except ValueError as error:
        message = str(error)
    else:
        if output_format == "json":
            click.echo(_json(fleet))
        else:
            print_lines(_lines(fleet), color)
        if not fleet.is_same:
            raise SystemExit(FINDINGS)
        if fleet.unreached:
            raise SystemExit(FAILED)
        return
    raise click.UsageError(message)


def _lines(fleet: Fleet) -> Iterator[StyledLine]:
    from meshconf.diagnostics.styled import Piece

    for group in fleet.groups:
        yield from _about_group(group)
    for one in fleet.unreached:
        yield (
            Piece("error   ", "error"),
            Piece(f" {shown(one.place)}", "title"),
            Piece(f": {shown(one.reason)}"),
        )
    yield (Piece("meshconf: "), Piece(_summary(fleet), "title"))
    yield (Piece("not compared: secrets, which are in no fingerprint", "quiet"),)


def _about_group(group: Group) -> Iterator[StyledLine]:
    from meshconf.diagnostics.styled import Piece

    service = shown(group.service) or "the instances"
    about = (Piece(f" {service}", "title"), Piece(f" ({shown(group.schema)}): "))
    by_fingerprint, number = group.by_fingerprint, len(group.members)
    if group.majority is None:
        said = f"{number} instances run {len(by_fingerprint)} configurations, and none most of them"
        yield (Piece("drift   ", "error"), *about, Piece(said))
        for fingerprint, members in by_fingerprint.items():
            yield (Piece("         = ", "frame"), Piece(_runs(fingerprint, members)))
    elif group.drifted:
        most = by_fingerprint[group.majority]
        said = f"{len(most)} of {number} instances run {shown(group.majority)}"
        yield (Piece("drift   ", "error"), *about, Piece(said))
        for one in group.drifted:
            yield (
                Piece("         = ", "frame"),
                Piece(shown(one.name), "place"),
                Piece(f" runs {shown(one.fingerprint)}{_state(one)}"),
            )
    else:
        many = f"all {number} instances run" if number > 1 else "1 instance runs"
        yield (Piece("ok      ", "added"), *about, Piece(f"{many} {shown(group.majority)}"))
    told = () if group.majority is None else group.drifted
    for one in group.differing:
        if one not in told:
            yield (
                Piece("differs ", "warning"),
                Piece(f" {shown(one.name)}", "place"),
                Piece(f" runs the same{_state(one)}"),
            )


def _runs(fingerprint: str, members: Sequence[Member]) -> str:
    from meshconf.diagnostics.words import few

    return f"{shown(fingerprint)}: {few([shown(one.name) for one in members])}"


def _state(one: Member) -> str:
    """Say what else is known of an instance."""
    said: list[str] = []
    if one.since:
        said.append(f"since {shown(one.since)}")
    if one.generation is not None:
        said.append(f"generation {one.generation}")
    if one.pending_restart:
        waits = "change waits" if one.pending_restart == 1 else "changes wait"
        said.append(f"{one.pending_restart} {waits} for a restart")
    if one.rejected:
        said.append("it rejected the latest change")
    return "".join(f", {each}" for each in said)


def _summary(fleet: Fleet) -> str:
    from meshconf.diagnostics.words import counted

    number = len(fleet.members)
    counts = [counted(number, "instance")]
    drifted = sum(len(group.drifted) for group in fleet.groups)
    differing = sum(len(group.differing) for group in fleet.groups)
    if drifted:
        is_tie = any(group.majority is None for group in fleet.groups)
        counts.append(f"{drifted} {'differ' if is_tie else 'drifted'}")
    elif number:
        counts.append("no drift")
    if differing:
        counts.append(f"{differing} with a change that waits or was rejected")
    if fleet.unreached:
        counts.append(f"{len(fleet.unreached)} not reached")
    return ", ".join(counts)


def _json(fleet: Fleet) -> str:
    import attrs

    from meshconf.diagnostics.json_report import json_text

    return json_text(
        {
            "format_version": FORMAT_VERSION,
            "same": fleet.is_same,
            "groups": [_group_data(group) for group in fleet.groups],
            "instances": [attrs.asdict(one) for one in fleet.members],
            "unreached": [attrs.asdict(one) for one in fleet.unreached],
        }
    )


def _group_data(group: Group) -> dict[str, Any]:
    return {
        "service": group.service,
        "schema": group.schema,
        "majority": group.majority,
        "fingerprints": {
            fingerprint: [one.name for one in members]
            for fingerprint, members in group.by_fingerprint.items()
        },
        "drifted": [one.name for one in group.drifted],
        "differing": [one.name for one in group.differing],
    }
