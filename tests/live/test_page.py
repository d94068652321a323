"""What a service answers under /config."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import datetime, timedelta, timezone
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from meshconf.describe.effective import effective_json, shown_values
from meshconf.live import page
from meshconf.live.page import config_page
from tests.live.conftest import App, put, until

if TYPE_CHECKING:
    from meshconf import Live
    from pathlib import Path

CANARY = "canary-9c2e"

#: What Chromium and Firefox send.
CHROMIUM = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;"
    "q=0.8,application/signed-exchange;v=b3;q=0.7"
)
FIREFOX = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

VOID = {"meta", "link", "input", "br", "wbr"}


class Page(HTMLParser):
    """A page as a program sees it: each element closed, with what it holds.

    Attributes:
        elements: Tag, attributes and text of each element, in the order of their ends.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
        self.elements: list[tuple[str, dict[str, str | None], str]] = []
        self._open: list[tuple[str, dict[str, str | None], list[str]]] = []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Open an element."""
        self._open.append((tag, dict(attributes), []))
        if tag in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost element, which has to be that one."""
        opened, attributes, parts = self._open.pop()
        assert tag == opened
        self.elements.append((tag, attributes, "".join(parts)))

    def handle_data(self, data: str) -> None:
        """Add text to all elements around it."""
        for _, _, parts in self._open:
            parts.append(data)

    def all(self, tag: str, **attributes: str) -> list[str]:
        """Return the texts of elements."""
        return [
            " ".join(text.split())
            for name, have, text in self.elements
            if name == tag and attributes.items() <= have.items()
        ]

    def row(self, path: str) -> str:
        """Return the text of the row of a setting."""
        (row,) = self.all("tr", id=path)
        return row


def read(live: Live[Any], path: str | None = None, **options: Any) -> Page:
    """Return what a person is shown."""
    content_type, body = config_page(live, FIREFOX, path=path, **options)
    assert "text/html; charset=utf-8" == content_type
    return Page(body.decode())


def data(live: Live[Any], path: str | None = None, **options: Any) -> Any:
    """Return what a program is told."""
    content_type, body = config_page(live, path=path, **options)
    assert "application/json; charset=utf-8" == content_type
    return json.loads(body)


class TestAccept:
    @pytest.fixture
    def live(self, watch) -> Live[App]:
        """Watch any configuration."""
        live: Live[App] = watch("")
        return live

    @pytest.mark.parametrize(
        "accept",
        [
            CHROMIUM,
            FIREFOX,
            "text/html",
            "TEXT/HTML ; Q=0.5",
            "text/*",
            "*/*;q=0.8, text/html;q=0.9",
            "application/json;q=0.1, text/html;q=0.2",
            "application/*;q=0, */*",
            "text/html;level=1;q=0.5, */*;q=0.4",
        ],
    )
    def test_html_where_it_is_preferred(self, live: Live[App], accept: str):
        """A browser, and whoever else wants HTML more than JSON, gets HTML."""
        assert "text/html; charset=utf-8" == config_page(live, accept)[0]

    @pytest.mark.parametrize(
        "accept",
        [
            "",
            "*/*",
            "application/json",
            "text/html, application/json",
            "text/html;q=0",
            "text/html;q=0.5, */*",
            "text/html;q=0.5, application/*;q=0.8",
            "text/html;q=high",
            "text/html;q=nan",
            "text/html;q=-1",
            "text/html;q=2",
            "image/png",
            ";;,,;q=",
            "\x00\xff",
        ],
    )
    def test_json_for_all_others(self, live: Live[App], accept: str):
        """Programs, those without a preference, and nonsense get JSON."""
        assert "application/json; charset=utf-8" == config_page(live, accept)[0]


class TestData:
    def test_is_what_show_gives(self, watch):
        """All that ``meshconf show --format json`` tells is in it, in the same form."""
        live = watch("name = 'shop'\n[pools.a]\nsize = 9\n", environ={"APP_TOKEN": CANARY})
        shown = json.loads(effective_json(live.snapshot, shown_values(live.snapshot)))

        told = data(live)

        assert shown == {key: told[key] for key in shown}
        assert {"status", "left_out"} == told.keys() - shown.keys()

    def test_after_the_start(self, watch):
        """The status of a process that has started well."""
        live = watch("")
        told = data(live)["status"]
        sources = told.pop("sources")
        now = live.attempt.at.isoformat()

        expected = {
            "schema": "tests.live.conftest:App",
            "generation": 1,
            "last_success": now,
            "last_attempt": {
                "trigger": "start",
                "result": "success",
                "at": now,
                "seconds": live.attempt.seconds,
            },
            "last_error": None,
            "results": {"success": 1, "unchanged": 0, "rejected": 0, "error": 0},
            "pending_restart": [],
            "warnings": [],
            "watcher_alive": True,
            "subscriber_errors": 0,
            "last_subscriber_error": "",
        }

        assert expected == told
        assert [("file", "app.toml"), ("env", "environment")] == [
            (one["kind"], one["name"]) for one in sources
        ]
        assert all(one["connected"] and 0 <= one["age"] < 60 for one in sources)

    def test_after_a_bad_change(self, watch, folder: Path, failure):
        """The report and its problems are told; the values are those in force."""
        live = watch("limit = 5\n")
        put(folder / "app.toml", "limit = 0\n")
        error = failure(live)
        told = data(live)
        problems = [(one["code"], one["path"]) for one in told["status"]["last_error"]["problems"]]

        assert str(error) == told["status"]["last_error"]["report"]
        assert [("MC202", "limit")] == problems
        assert 5 == next(one["value"] for one in told["settings"] if one["path"] == "limit")

    def test_what_waits(self, watch, folder: Path):
        """A setting that waits is told with its value and what a restart would make of it."""
        live = watch("listen = 8080\n")
        put(folder / "app.toml", "listen = 8081\n")
        live.reload()
        after = {"kind": "file", "name": "app.toml", "line": 1, "column": 10}

        expected = [
            {
                "path": "listen",
                "in_force": 8080,
                "after_restart": {"value": 8081, "origin": after},
            }
        ]

        assert expected == data(live)["status"]["pending_restart"]

    def test_what_waits_for_its_default(self, watch, folder: Path):
        """A setting that is no longer set has its default after a restart."""
        live = watch("listen = 8080\n")
        put(folder / "app.toml", "name = 'x'\n")
        live.reload()
        (waiting,) = data(live)["status"]["pending_restart"]

        assert (8080, 80) == (waiting["in_force"], waiting["after_restart"]["value"])
        assert "default" == waiting["after_restart"]["origin"]["kind"]


class TestPage:
    def test_names_what_it_is(self, watch):
        """The title and the heading name the schema; the language is told."""
        shown = read(watch(""))

        assert ["Configuration of App"] == shown.all("title")
        assert ["Configuration of App"] == shown.all("h1")
        assert 1 == len(shown.all("html", lang="en"))

    def test_groups(self, watch):
        """What stands in no table comes first, then each table under its own heading."""
        shown = read(watch("[pools.a]\n[pools.b]\n[pool]\n"))

        assert ["Top level", "pool", "pools"] == shown.all("h3")
        assert ["pools.a", "pools.b"] == shown.all("th", scope="rowgroup")
        assert ["Top level pool pools"] == shown.all("nav")

    def test_every_cell_has_a_header(self, watch):
        """Each row has a header of its own, and each column one."""
        shown = read(watch("[pools.a]\n", environ={"APP_X": "1"}))
        scopes = Counter(have.get("scope") for tag, have, _ in shown.elements if tag == "th")
        bodies = [text for tag, _, text in shown.elements if tag == "td"]

        assert {"col", "row", "rowgroup"} == set(scopes)
        assert len(bodies) == scopes["row"]

    def test_links_lead_somewhere(self, watch, folder: Path):
        """What a link points to is in the page, once, whatever the names are."""
        live = watch("[pools.'a b\"<ü>']\n[pools.a]\nkind = 'x'\n")
        put(folder / "app.toml", "[pools.'a b\"<ü>']\nkind = 'y'\n[pools.a]\n")
        live.reload()
        shown = read(live)
        ids = Counter(have["id"] for _, have, _ in shown.elements if "id" in have)
        links = {have["href"] for tag, have, _ in shown.elements if tag == "a"}

        assert {1} == set(ids.values())
        assert links <= {f"#{name}" for name in ids}
        assert not any(re.search(r"\s", str(name)) for name in ids)
        assert 2 == len(live.status.pending_restart)


class TestState:
    def test_well(self, watch):
        """While all is well, the page says so first, and has no report."""
        shown = read(watch(""))

        assert ["Generation 1 is in force, and all is well."] == shown.all("p")[:1]
        assert [] == shown.all("pre")

    def test_facts(self, watch):
        """The state is told: schema, generation, fingerprint, attempts."""
        live = watch("")
        facts = dict(zip(*(read(live).all(tag) for tag in ("dt", "dd")), strict=True))

        assert "tests.live.conftest:App" == facts["Schema"]
        assert ("1", live.status.fingerprint) == (facts["Generation"], facts["Fingerprint"])
        assert ("1 success", "none", "yes") == (
            facts["Attempts"],
            facts["Warnings"],
            facts["Watching"],
        )
        assert re.fullmatch(
            r"success \(by start, \d+ ms\), [\d-]+ [\d:]+ UTC \(\d+ s ago\)", facts["Last attempt"]
        )

    def test_mended(self, watch, folder: Path, failure):
        """When the bad change is taken back, nothing is left of it."""
        live = watch("limit = 5\n")
        put(folder / "app.toml", "limit = 0\n")
        failure(live)
        put(folder / "app.toml", "limit = 5\n")
        live.reload()

        assert [] == read(live).all("pre")

    def test_not_watching(self, watch):
        """A process that no longer watches says so."""
        live = watch("")
        live.close()
        shown = read(live)

        assert "Generation 1 is in force; changes are not watched for." == shown.all("p")[0]
        assert "no" == shown.all("dd")[-1]

    def test_subscribers_that_fail(self, watch, folder: Path):
        """Errors of subscribers are counted, and the last is told."""
        live = watch("")

        def broken(*_: object) -> None:
            raise LookupError

        live.subscribe(broken)
        put(folder / "app.toml", "limit = 2\n")
        live.reload()
        until(lambda: live.status.subscriber_errors)

        assert "1 errors, the last: " in read(live).all("dd")[-1]
        assert "broken raised LookupError" in read(live).all("dd")[-1]
        assert 1 == data(live)["status"]["subscriber_errors"]

    @pytest.mark.parametrize(
        ("seconds", "said"),
        [
            (-5, "0 s ago"),
            (119, "119 s ago"),
            (120, "2 min ago"),
            (7199, "120 min ago"),
            (7200, "2 h ago"),
            (172_800, "2 d ago"),
        ],
    )
    def test_ages(self, watch, seconds: float, said: str, monkeypatch: pytest.MonkeyPatch):
        """How long ago something was is told in the unit that fits."""
        at = datetime.now(timezone.utc) - timedelta(seconds=seconds)

        assert f"({said})" in page._time(at)
