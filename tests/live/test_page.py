"""What a service answers under /config."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import datetime, timedelta, timezone
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from meshconf import File, Layer, Seconds, Secret, setting
from meshconf.describe.effective import effective_json, shown_excerpt, shown_values
from meshconf.live import page_html
from meshconf.live.page import config_page
from tests.live.conftest import App, Pool, put, until

if TYPE_CHECKING:
    from pathlib import Path

    from meshconf import Live

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
        if tag not in VOID - {"br"} and tag not in ("code", "a"):
            self.handle_data(" ")  # elements stand apart
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


@attrs.frozen
class Entry:
    """An entry with a group that inherits."""

    pool: Pool = setting(Pool(), inherits="pool")


@attrs.frozen
class Shop:
    """A schema in which entries inherit."""

    pool: Pool = Pool()
    entries: dict[str, Entry] = {}


@attrs.frozen
class Login:
    """A group that holds a secret."""

    user: str = "me"
    password: Secret[str] = Secret("")


@attrs.frozen
class Vault:
    """A schema with secrets in every place that one may stand in."""

    token: Secret[str] = setting(Secret(""), reload="restart")
    pin: int = setting(0, secret=True)
    tokens: list[Secret[str]] = []
    by_name: dict[str, Secret[str]] = {}
    logins: list[Login] = []
    login: Login | None = None
    people: dict[str, Login] = {}
    limit: int = 1


@attrs.frozen
class Outer:
    """An entry that has a map of its own."""

    inner: dict[str, Pool] = {}
    last: int = 0


@attrs.frozen
class Nested:
    """A schema with maps in a map."""

    outer: dict[str, Outer] = {}
    end: int = 0


@attrs.frozen
class Spoken:
    """A source that is called as the test wants it."""

    name: str

    def read(self, _model: object) -> Layer:
        """Say nothing."""
        return Layer("own", self.name, {})


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

    def test_group_that_waits(self, watch, folder: Path):
        """A group that waits as a whole is told by its path."""

        @attrs.frozen
        class Root:
            server: Pool = setting(Pool(), reload="restart")

        live = watch("[server]\nsize = 1\n", schema=Root)
        put(folder / "app.toml", "[server]\nsize = 2\n")
        live.reload()

        expected = [{"path": "server", "in_force": None, "after_restart": None}]

        assert expected == data(live)["status"]["pending_restart"]

    def test_warnings(self, watch):
        """Warnings are told as reports tell them."""
        (warning,) = data(watch("", environ={"APP_NMAE": "x"}))["status"]["warnings"]

        assert ("MC103", "warning") == (warning["code"], warning["severity"])

    def test_values_that_json_cannot_say(self, watch):
        """Control characters are escaped, and what is no JSON is text."""
        text = config_page(watch("name = '<script>\\u001b'\n".replace("'", '"')))[1].decode()

        assert "<script>\\u001b" in text
        assert text.isascii()
        assert text.replace("\n", "").isprintable()

    def test_source_that_was_never_read(self, watch):
        """A store that was never reached has no last contact, on the page and in the data."""
        url = "consul://127.0.0.1:1/app?start=optional&timeout=1"
        live = watch(None, url)
        source = data(live)["status"]["sources"][0]
        page = config_page(live, FIREFOX)[1].decode()

        assert (None, None) == (source["last_contact"], source["age"])
        assert "<strong>could not be read</strong></td>" in page


class TestPage:
    def test_names_what_it_is(self, watch):
        """The title and the heading name the schema; the language is told."""
        shown = read(watch(""))

        assert ["Configuration of App"] == shown.all("title")
        assert ["Configuration of App"] == shown.all("h1")
        assert 1 == len(shown.all("html", lang="en"))

    def test_value_from_a_file(self, watch):
        """A value stands beside its place, marked as set."""
        shown = read(watch("limit = 7\n"))

        assert "limit 7 app.toml:1:9" == shown.row("limit")
        assert [shown.row("limit")] == shown.all("tr", **{"class": "set"})

    def test_value_from_a_variable(self, watch):
        """A value of a variable names it."""
        shown = read(watch("limit = 7\n", environ={"APP_LIMIT": "8"}))

        assert "limit 8 environment variable APP_LIMIT" == shown.row("limit")

    def test_default(self, watch):
        """A default says so, and nothing is marked as set."""
        shown = read(watch(""))

        assert "limit 10 default" == shown.row("limit")
        assert [] == shown.all("tr", **{"class": "set"})
        assert 2 == len(shown.all("section", **{"class": "unset"}))

    def test_value_that_is_inherited(self, watch):
        """What an entry takes from elsewhere tells from where, and is not what it sets."""
        live = watch("[pool]\nsize = 3\n[entries.a]\n[entries.a.pool]\nkind = 'x'\n", schema=Shop)
        shown = read(live)

        assert "size 3 app.toml:2:8, inherited" == shown.row("entries.a.pool.size")
        assert 'kind "x" app.toml:5:8' == shown.row("entries.a.pool.kind")
        assert [shown.row("entries.a.pool.size")] == shown.all("tr", **{"class": "inherited"})

    def test_units(self, watch):
        """A number with a unit is shown with it."""

        @attrs.frozen
        class Timed:
            wait: Seconds = 2.5
            pause: Seconds | None = None

        shown = read(watch("", schema=Timed))

        assert "wait 2.5 s default" == shown.row("wait")
        assert "pause not set default" == shown.row("pause")

    def test_map_without_entries(self, watch):
        """A map that a source empties is there, as an empty table."""
        assert "pools {} app.toml:1:9" == read(watch("pools = {}\n")).row("pools")

    def test_counts(self, watch):
        """How many values are shown is told, and how many of them sources set."""
        shown = read(watch("limit = 7\nlisten = 81\n[pool]\nsize = 2\n"))

        assert "8 are shown, of which sources set 3." in shown.all("p")

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

    @pytest.mark.parametrize(
        "hostile",
        [
            "<script>alert(1)</script>",
            "\"'><img src=x onerror=alert(1)>",
            "</code></table></main><!--",
            "&lt;b&gt; &amp;",
            "]]> <![CDATA[",
        ],
    )
    def test_everything_is_escaped(self, watch, folder: Path, failure, hostile: str):
        """Names, values, sources and reports are text, whatever they hold."""
        table = f"[pools.{json.dumps(hostile)}]\nkind = {json.dumps(hostile)}\n"
        put(folder / "app.toml", f"name = {json.dumps(hostile)}\n{table}")
        live = watch(None, File("app.toml"), Spoken(hostile), environ={f"APP_{hostile}": hostile})
        put(folder / "app.toml", f"nme = {json.dumps(hostile)}\nlimit = 0\n{table}")
        failure(live)
        shown = read(live, path := f"pools.{json.dumps(hostile)}")
        whole = read(live)

        assert json.dumps(hostile) in whole.row("name")
        assert hostile in " ".join(whole.all("pre"))
        assert any(hostile in one for one in whole.all("li"))
        assert any(one.startswith(f"{hostile} own") for one in whole.all("tr"))
        assert {"script", "img", "b"}.isdisjoint(tag for tag, _, _ in whole.elements)
        assert [path] == [
            have["value"] for _, have, _ in shown.elements if have.get("name") == "path"
        ]

    def test_control_characters(self, watch):
        """Characters that steer a terminal, or the direction of text, are shown by their codes."""
        shown = read(watch('name = "\\u001b[31m\\u202e\\u0000\\u2028"\n'))

        assert '"\\u001b[31m\\u202e\\u0000\\u2028"' in shown.row("name")
        assert shown.text.replace("\n", "").isprintable()

    def test_lone_surrogates(self, watch):
        """What no encoding takes does not get in the way."""

        @attrs.frozen
        class Broken:
            name: str = "a\udc80"

        live = watch("", schema=Broken)

        assert 'name "a\\udc80" default' == read(live).row("name")
        assert '"a\\udc80"' in config_page(live)[1].decode()

    def test_nothing_is_fetched_or_run(self, watch):
        """The page stands alone: no script, no other file, and a policy that forbids both."""
        shown = read(watch(""))
        (policy,) = (str(have["content"]) for _, have, _ in shown.elements if "http-equiv" in have)
        addresses = [
            have[name] for _, have, _ in shown.elements for name in ("src", "href") if name in have
        ]

        assert policy.startswith("default-src 'none'")
        assert [] == shown.all("script")
        assert [] == [one for one in addresses if one != "data:," and not str(one).startswith("#")]
        assert "url(" not in shown.text
        assert "@import" not in shown.text

    def test_links_lead_somewhere(self, watch, folder: Path):
        """What a link points to is in the page, once, whatever the names are."""
        text = "[pool]\nkind = '1'\n[pools.'a b\"<ü>']\nkind = '1'\n[pools.a]\nkind = '1'\n"
        live = watch(text)
        put(folder / "app.toml", text.replace("1", "2"))
        live.reload()
        shown = read(live)
        ids = Counter(have["id"] for _, have, _ in shown.elements if "id" in have)
        links = {have["href"] for tag, have, _ in shown.elements if tag == "a"}

        assert {1} == set(ids.values())
        assert links <= {f"#{name}" for name in ids}
        assert not any(re.search(r"\s", str(name)) for name in ids)
        assert 3 == len(live.status.pending_restart)


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

    def test_refused(self, watch, folder: Path, failure):
        """The report of a bad change stands on top, to the letter."""
        live = watch("name = 'shop'\n")
        put(folder / "app.toml", 'name = "<b>\\u001b"\nlimit = 0\nleft = "<i>"\n')
        error = failure(live)
        shown = read(live)
        (report,) = (text for tag, _, text in shown.elements if tag == "pre")

        assert str(error) == report
        assert "The last change was refused; generation 1 stays in force." == shown.all("p")[0]
        assert 'name "shop" app.toml:1:8' == shown.row("name")

    def test_unreadable(self, watch, folder: Path, failure):
        """A source that cannot be read is named, and its values stay."""
        live = watch("name = 'shop'\n")
        (folder / "app.toml").unlink()
        failure(live)
        shown = read(live)
        (source,) = (one for one in shown.all("tr") if one.startswith("app.toml"))

        assert "A source could not be read; generation 1 stays in force." == shown.all("p")[0]
        assert source.startswith("app.toml file could not be read , last ")
        assert 'name "shop" app.toml:1:8' == shown.row("name")

    def test_waits(self, watch, folder: Path):
        """What waits for a restart is listed, and marked where it stands."""
        live = watch("listen = 8080\n")
        put(folder / "app.toml", "listen = 8081\n")
        live.reload()
        shown = read(live)

        assert "Generation 1 is in force; some changes wait for a restart." == shown.all("p")[0]
        assert "listen 8080 8081 app.toml:1:10" in shown.all("tr")
        assert "listen 8080 the value held until a restart" == shown.row("listen")

    def test_group_that_waits(self, watch, folder: Path):
        """A group that waits as a whole is listed, and each of its settings is marked."""

        @attrs.frozen
        class Root:
            server: Pool = setting(Pool(), reload="restart")

        live = watch("[server]\nsize = 1\n", schema=Root)
        put(folder / "app.toml", "[server]\nsize = 2\n")
        live.reload()
        shown = read(live)

        assert "server as it is as sources say" in shown.all("tr")
        assert "size 1 the value held until a restart" == shown.row("server.size")
        assert 'kind "thread" the value held until a restart' == shown.row("server.kind")

    def test_waits_elsewhere(self, watch, folder: Path):
        """What waits is listed too where it is not among the values that are asked for."""
        live = watch("listen = 8080\n")
        put(folder / "app.toml", "listen = 8081\n")
        live.reload()

        assert "listen 8080 8081 app.toml:1:10" in read(live, "limit").all("tr")

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

        assert "1 error, the last: " in read(live).all("dd")[-1]
        assert "broken raised LookupError" in read(live).all("dd")[-1]
        assert 1 == data(live)["status"]["subscriber_errors"]

    def test_warnings(self, watch):
        """Warnings are counted, and each is told with what helps."""
        shown = read(watch("", environ={"APP_NMAE": "x"}))
        (warning,) = shown.all("li")

        assert "1" == dict(zip(shown.all("dt"), shown.all("dd"), strict=True))["Warnings"]
        assert warning.startswith("MC103 environment variable APP_NMAE matches no setting")
        assert warning.endswith("help: did you mean APP_NAME?")

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
    def test_ages(self, watch, seconds: float, said: str):
        """How long ago something was is told in the unit that fits."""
        at = datetime.now(timezone.utc) - timedelta(seconds=seconds)

        assert f"({said})" in page_html._time(at)


class TestSecrets:
    SECRETS = f"""
token = "{CANARY}"
pin = 73418255
tokens = ["{CANARY}"]
by_name.a = "{CANARY}"
logins = [{{ password = "{CANARY}" }}]
login.password = "{CANARY}"
people.a.password = "{CANARY}"
"""

    def all(self, live: Live[Any]) -> str:
        """Return all that can be seen."""
        return "".join(config_page(live, accept)[1].decode() for accept in (FIREFOX, "*/*"))

    def test_are_masked(self, watch):
        """Whatever a secret stands in, it is shown as a mask."""
        live = watch(self.SECRETS, schema=Vault)

        assert CANARY not in self.all(live)
        assert "73418255" not in self.all(live)
        assert "token <secret> app.toml:2:9" == read(live).row("token")
        assert "tokens <secret> app.toml:4:10" == read(live).row("tokens")

    def test_are_masked_in_reports(self, watch, folder: Path, failure):
        """A report of a bad change shows none, old or new."""
        live = watch(self.SECRETS, schema=Vault)
        for text in ("limit = 'x'\n", "limit = = 1\n", f"token = ['{CANARY}']\n"):
            put(folder / "app.toml", text + self.SECRETS)
            failure(live)

            assert CANARY not in self.all(live)
            assert "73418255" not in self.all(live)

    def test_are_masked_while_they_wait(self, watch, folder: Path):
        """A secret that waits for a restart is masked before and after."""
        live = watch(self.SECRETS, schema=Vault)
        put(folder / "app.toml", self.SECRETS.replace(CANARY, f"other-{CANARY}"))
        live.reload()

        assert CANARY not in self.all(live)
        assert 'token <secret> "<secret>" app.toml:2:9' in read(live).all("tr")

    def test_are_not_in_the_fingerprint(self, watch, folder: Path):
        """Other secrets give another generation with the same fingerprint, whatever types they have."""
        live = watch(self.SECRETS, schema=Vault)
        before = live.status.fingerprint
        others = self.SECRETS.replace(CANARY, f"other-{CANARY}").replace("73418255", "1")
        put(folder / "app.toml", others)
        live.reload()

        assert 2 == live.status.generation
        assert before == live.status.fingerprint


class TestExcerpt:
    ENTRIES = "".join(f"[pools.p{number}]\nsize = {number + 1}\n" for number in range(250))

    def test_map_of_many(self, watch):
        """Of a large map the first entries are shown, and the others counted."""
        live = watch(self.ENTRIES)
        paths = [one["path"] for one in data(live)["settings"]]

        assert {"pools": 150} == data(live)["left_out"]
        assert "pools.p99.size" in paths
        assert "pools.p100.size" not in paths
        assert "… and 150 more in pools" in read(live).all("p")

    def test_field_says_how_to_see_more(self, watch):
        """With the field, the page says what to write there."""
        assert "… and 150 more in pools; pools.NAME above shows one" in read(
            watch(self.ENTRIES), ""
        ).all("p")

    def test_all(self, watch):
        """All are shown if that is wanted."""
        told = data(watch(self.ENTRIES), most_entries=None)

        assert {} == told["left_out"]
        assert 250 == sum(one["path"].endswith(".size") for one in told["settings"]) - 1

    def test_fingerprint_is_of_the_whole(self, watch):
        """What is shown does not change the fingerprint."""
        live = watch(self.ENTRIES)

        assert live.snapshot.fingerprint == data(live, "limit")["fingerprint"]

    def test_path_of_a_setting(self, watch):
        """A path shows what stands there, and nothing is called left out."""
        told = data(watch(self.ENTRIES), "pools.p200.size")

        assert [("pools.p200.size", 201)] == [
            (one["path"], one["value"]) for one in told["settings"]
        ]
        assert {} == told["left_out"]

    def test_path_of_a_map(self, watch):
        """The path of a map shows its first entries."""
        told = data(watch(self.ENTRIES), "pools", most_entries=2)

        assert ["pools.p0.size", "pools.p0.kind", "pools.p1.size", "pools.p1.kind"] == [
            one["path"] for one in told["settings"]
        ]
        assert {"pools": 248} == told["left_out"]

    def test_path_of_something_else(self, watch):
        """What is left out elsewhere is not told."""
        assert {} == data(watch(self.ENTRIES), "limit")["left_out"]

    def test_maps_in_maps(self, watch):
        """Each map shows its own first entries, and what follows them is shown."""
        inner = "".join(f"[outer.X.inner.{name}]\n" for name in "xyz")
        text = "".join(f"[outer.X]\n{inner}".replace("X", name) for name in "abc")
        told = data(watch(text, schema=Nested), most_entries=2)
        paths = [one["path"] for one in told["settings"] if not one["path"].endswith(".kind")]

        expected = [
            "outer.a.inner.x.size",
            "outer.a.inner.y.size",
            "outer.a.last",
            "outer.b.inner.x.size",
            "outer.b.inner.y.size",
            "outer.b.last",
            "end",
        ]

        assert expected == paths
        assert {"outer": 1, "outer.a.inner": 1, "outer.b.inner": 1} == told["left_out"]

    def test_unknown_path(self, watch):
        """A path at which nothing stands is a KeyError that names the nearest."""
        with pytest.raises(KeyError, match="did you mean limit"):
            config_page(watch(""), path="limt")

    def test_field(self, watch):
        """With a path, even an empty one, the page has a field that holds it; else none."""
        live = watch("")

        assert [] == read(live).all("form")
        assert 1 == len(read(live, "").all("form"))
        assert 'name="path" value="limit"' in read(live, "limit").text


class TestMoment:
    def test_one_snapshot_is_shown(self, watch, folder: Path, monkeypatch: pytest.MonkeyPatch):
        """A reload in between does not mix two configurations."""
        live = watch("left = 1\nright = 1\n")

        def slow(*arguments: Any, **options: Any) -> Any:
            put(folder / "app.toml", "left = 2\nright = 2\n")
            live.reload()
            return shown_excerpt(*arguments, **options)

        monkeypatch.setattr("meshconf.live.page.shown_excerpt", slow)
        before = live.snapshot.fingerprint
        told = data(live)
        values = {one["path"]: one["value"] for one in told["settings"]}

        assert (1, 1) == (values["left"], values["right"])
        assert (1, before) == (told["status"]["generation"], told["fingerprint"])
        assert 2 == live.config.left
