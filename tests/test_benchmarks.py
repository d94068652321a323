"""The figures on the pages; no test measures anything."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]

_TABLE = re.compile(
    r"<!-- (python3 benchmarks/run\.py --write): begin -->\n(.*?)<!-- \1: end -->", re.DOTALL
)


def table_in(page: str) -> str:
    """Return what the command wrote to a page."""
    found = _TABLE.search((ROOT / page).read_text(encoding="utf-8"))
    assert found is not None
    return found[2]


class TestTable:
    """The table that `benchmarks/run.py --write` writes."""

    def test_is_the_same_on_all_pages(self) -> None:
        """The README and the documentation have it from one run."""
        assert table_in("README.md") == table_in("docs/benchmarks.md")

    def test_tells_what_it_is_of(self) -> None:
        """It has each budget, met or missed, and names the machine and the versions."""
        table = table_in("README.md")

        assert 8 <= len(re.findall(r"\| [\d.]+(?:, missed)? \|$", table, re.MULTILINE))
        assert re.search(
            r"^Taken on .*Python 3\.\d+\.\d+; meshconf .*pydantic-settings ", table, re.MULTILINE
        )
