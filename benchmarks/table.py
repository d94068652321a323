"""Figures as records, and records as text."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rows import Row, Samples

SCALES = {"ns": 1e9, "ms": 1e3, "MB": 1e-6, "": 1.0}  # from seconds, bytes and numbers

LABELS = {
    "pydantic_settings": "pydantic-settings",
    "typed_settings": "typed-settings",
    "msgspec_by_hand": "msgspec by hand",
    "bare_sum": "bare sum: tomli + environs + cattrs",
    "plain": "plain: tomli + cattrs",
    "attrs": "bare attrs slots classes",
    "report": "load, fail, report",
    "load": "load",
    "attribute": "an attribute of a plain class",
    "reported": "changes reported by watchfiles",
    "polled": "files looked at, without watchfiles",
    "sleeping": "nothing watched",
    "debounce": "the debounce alone",
    "unchanged": "reload of the same content",
    "last": "the last of them has it",
    "first": "the first of them has it",
    "after a restart": "the last of them, after a restart of Consul",
    "each": "by each watcher for each push",
    "restart": "by all in the busiest second of a restart",
}

HEAD = f"{'':<40}{'median':>12}{'ratio':>9}{'budget':>9}"


@dataclass(frozen=True)
class Line:
    """One competitor in one row."""

    who: str
    median: float  # seconds or bytes
    ratio: float | None  # the subject's median by this one
    budget: float | None
    verdict: str  # "pass", "over", or empty where there is nothing to judge


def lines(row: Row, samples: Samples) -> list[Line]:
    """Compare the row's subject with each competitor."""
    medians = {who: median(taken) for who, taken in samples.items()}
    subject = medians.get(row.subject)
    compared = []
    for who, value in medians.items():
        ratio = None if subject is None or who == row.subject else subject / value
        budget = row.budgets.get(who)
        compared.append(Line(who, value, ratio, budget, _verdict(ratio, budget)))
    return compared


def text(row: Row, compared: list[Line]) -> str:
    """Render one row."""
    body = [f"{row.title}  [{row.name}]"]
    for line in compared:
        value = f"{line.median * SCALES[row.unit]:.{2 if row.unit != 'MB' else 1}f} {row.unit}"
        ratio = "" if line.ratio is None else f"{line.ratio:.2f}"
        budget = "" if line.budget is None else f"{line.budget:g}"
        label = LABELS.get(line.who, line.who)
        body.append(f"  {label:<38}{value:>12}{ratio:>9}{budget:>9}  {line.verdict}".rstrip())
    return "\n".join(body)


def record(row: Row, compared: list[Line]) -> dict[str, object]:
    """Return one row as plain data; medians are in seconds or bytes."""
    return {
        "name": row.name,
        "title": row.title,
        "subject": row.subject,
        "lines": [asdict(line) for line in compared],
    }


def _verdict(ratio: float | None, budget: float | None) -> str:
    if ratio is None or budget is None:
        return ""
    return "pass" if round(ratio, 2) <= budget else "over"
