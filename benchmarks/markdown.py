"""The table of the README and of the documentation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from environment import CHECKOUT
from table import LABELS, SCALES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rows import Row

#: The rows that are published, those with a budget and those in which peers are compared.
PUBLISHED = (
    "warm", "warm-file", "cold", "cold-file", "upstreams", "growth", "access", "report", "memory",
)  # fmt: skip

#: Where the table stands, between two marks.
PAGES = (CHECKOUT / "README.md", CHECKOUT / "docs" / "benchmarks.md")
START = "<!-- python3 benchmarks/run.py --write: begin -->\n"
END = "<!-- python3 benchmarks/run.py --write: end -->\n"

#: The packages whose versions matter to the figures.
VERSIONS = (
    "meshconf", "attrs", "cattrs", "environs", "tomli", "dynaconf", "msgspec", "pydantic-settings",
    "typed-settings",
)  # fmt: skip


def write(
    rows: Sequence[Row], records: Sequence[Mapping[str, Any]], facts: Mapping[str, str]
) -> None:
    """Put the table in the place of the one before, on every page."""
    told = "".join(f"{line}\n" for line in lines(rows, records, facts))
    for page in PAGES:
        before, start, rest = page.read_text(encoding="utf-8").partition(START)
        _, end, after = rest.partition(END)
        page.write_text(f"{before}{start}{told}{end}{after}", encoding="utf-8")


def lines(
    rows: Sequence[Row], records: Sequence[Mapping[str, Any]], facts: Mapping[str, str]
) -> Iterator[str]:
    """Write the records of the published rows, and what they were taken on."""
    units = {row.name: row.unit for row in rows}
    yield ""
    yield "| | median | ratio | at most |"
    yield "| --- | ---: | ---: | ---: |"
    for record in records:
        if record["name"] not in PUBLISHED:
            continue
        yield f"| **{record['title']}** | | | |"
        for line in record["lines"]:
            unit = units[record["name"]]
            value = line["median"] * SCALES[unit]
            ratio = "" if line["ratio"] is None else f"{line['ratio']:.2f}"
            missed = ", missed" if line["verdict"] == "over" else ""
            budget = "" if line["budget"] is None else f"{line['budget']:g}{missed}"
            who = LABELS.get(line["who"], line["who"])
            yield f"| {who} | {_digits(value)} {unit} | {ratio} | {budget} |"
    packages = dict(one.split(" ", 1) for one in facts["packages"].split(", "))
    versions = ", ".join(f"{name} {packages[name]}" for name in VERSIONS if name in packages)
    yield ""
    yield f"Taken on {facts['machine']}, load {facts['load']}, Python {facts['Python'].split()[0]}; {versions}."
    yield ""


def _digits(value: float) -> str:
    """Write a figure with three digits that count, and its thousands apart."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
