"""What a service answers under /config: the configuration in force, and how it is doing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import attrs

from meshconf.describe.effective import effective_data, shown_at, shown_excerpt
from meshconf.describe.file_text import plain
from meshconf.diagnostics.json_report import json_text, origin_data, problem_data
from meshconf.diagnostics.words import dotted
from meshconf.live.page_html import Report, Waiting, html_page
from meshconf.loading.holding import held_back

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from meshconf.live.live import Live
    from meshconf.live.status import SourceStatus, Status

__all__ = ["MOST_ENTRIES", "config_page"]

#: Of a map, so many entries are shown: to find the origin of one value costs some 40 microseconds.
MOST_ENTRIES = 100

_QUALITY = re.compile(r"q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)")


def config_page(
    live: Live[Any],
    accept: str = "",
    *,
    path: str | None = None,
    most_entries: int | None = MOST_ENTRIES,
) -> tuple[str, bytes]:
    """Tell which configuration is in force, where each value comes from, and how it is doing.

    Secrets are masked, always. The answer depends on a header and on the moment: send it with
    ``Vary: Accept`` and ``Cache-Control: no-store``.

    Args:
        live: The configuration.

        accept: The header ``Accept`` of the request: HTML for those who prefer it, as browsers do,
            JSON for all others.

        path: Only what stands at or under this dotted path. A service that takes it from the
            parameter ``path`` of the request gives ``""`` where there is none: the page then has
            a field for it.

        most_entries: Of each map, so many entries are shown, and the one that *path* goes through;
            the others are counted. ``None`` shows all.

    Returns:
        The content type and the body. The JSON is that of ``meshconf show --format json`` with
        two keys more: ``status``, and ``left_out``, how many entries of which map are not shown.

    Raises:
        KeyError: If nothing stands at *path*; it names the nearest.
    """
    status, attempt = live.status, live.attempt
    shown, left_out = shown_excerpt(status.snapshot, path or "", most_entries=most_entries)
    report = Report(status, attempt, tuple(_waiting(status)), shown, left_out)
    if _prefers_html(accept):
        return "text/html; charset=utf-8", html_page(report, path).encode()
    return "application/json; charset=utf-8", _json(report).encode()


def _prefers_html(accept: str) -> bool:
    ranges: dict[str, float] = {}
    for text in accept.lower().split(","):
        name, *parameters = (part.strip() for part in text.split(";"))
        quality = next((one for one in parameters if one.startswith("q=")), "q=1")
        valid = _QUALITY.fullmatch(quality)
        ranges[name] = float(valid[1]) if valid else 0.0
    return _wanted(ranges, "text", "html") > _wanted(ranges, "application", "json")


def _wanted(ranges: Mapping[str, float], kind: str, name: str) -> float:
    """Tell how much a media type is wanted: what says it most precisely counts."""
    precise_first = (f"{kind}/{name}", f"{kind}/*", "*/*")
    return next((ranges[one] for one in precise_first if one in ranges), 0.0)


def _waiting(status: Status) -> Iterator[Waiting]:
    paths = status.pending_restart
    found = shown_at(status.snapshot, set(paths)) if paths else {}
    for path in paths:
        one = found.get(path)
        if one is None:
            yield Waiting(path)
            continue
        yield Waiting(path, one, held_back(status.snapshot.candidates_at(one.path, one.setting)))


def _json(report: Report) -> str:
    status, attempt = report.status, report.attempt
    about = {
        "schema": report.schema,
        "generation": status.generation,
        "last_success": status.last_success.isoformat(),
        "last_attempt": {
            "trigger": attempt.trigger,
            "result": attempt.result,
            "at": attempt.at.isoformat(),
            "seconds": attempt.seconds,
        },
        "last_error": None
        if attempt.error is None
        else {
            "report": str(attempt.error),
            "problems": [problem_data(one) for one in attempt.error.problems],
        },
        "results": status.results,
        "pending_restart": [_pending(one) for one in report.waiting],
        "warnings": [problem_data(one) for one in status.snapshot.warnings],
        "sources": [attrs.asdict(one) | _contact(one) for one in status.sources],
        "watcher_alive": status.watcher_alive,
        "subscriber_errors": status.subscriber_errors,
        "last_subscriber_error": status.last_subscriber_error,
    }
    left_out = {dotted(path): number for path, number in report.left_out.items()}
    data = effective_data(status.snapshot, report.shown)
    return f"{json_text({'status': about, 'left_out': left_out, **data})}\n"


def _pending(one: Waiting) -> dict[str, Any]:
    after = None
    if one.after is not None:
        after = {"value": plain(one.after.value), "origin": origin_data(one.after.origin)}
    in_force = None if one.shown is None else one.shown.value
    return {"path": one.path, "in_force": in_force, "after_restart": after}


def _contact(source: SourceStatus) -> dict[str, Any]:
    last = None if source.last_contact is None else source.last_contact.isoformat()
    return {"last_contact": last, "age": source.age}
