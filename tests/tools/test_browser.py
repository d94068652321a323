"""The page of a configuration in a browser: headless Chromium, driven by Playwright."""

from __future__ import annotations

import re
import threading
import time
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import attrs
import pytest

import meshconf
from meshconf import Live, Port, Secret, rule, setting
from meshconf.live.page import config_page
from tests.programs import required

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

CANARY = "canary-2b81"

#: Whatever a test waits for comes within so many seconds, or it fails.
PATIENCE = 20.0

OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

PHONE, DESK = 360, 1280

TEXT = """
name = "shop <script>document.title = 'run'</script>"
wait = "one-long-word-without-any-place-to-break-it-that-is-much-wider-than-the-screen-of-a-phone"
listen = 8080

[upstreams.payments]
port = 8443

[upstreams."a name <b>with</b> blanks"]
port = 8444
"""


@attrs.frozen(kw_only=True)
class Upstream:
    """One of those that are called."""

    port: Port = setting(80, help="TCP port.")
    a_setting_with_a_name_that_is_longer_than_most_of_them: int = 0


@attrs.frozen(kw_only=True)
class Shop:
    """A schema with something of everything."""

    name: str = "shop"
    wait: str = ""
    low: int = 0
    high: int = 0
    listen: Port = setting(80, reload="restart")
    token: Secret[str] = Secret("")
    upstreams: dict[str, Upstream] = {}

    @rule("low", "high")
    @staticmethod
    def are_in_order(low: int, high: int) -> str | None:
        """Low is not above high."""
        return f"low {low} is above high {high}" if low > high else None


class Service:
    """What answers with the page of a configuration, and the file of that."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "shop.toml"
        self.write(TEXT)
        environ = {"SHOP_TOKEN": CANARY, "SHOP_HIGH": "7", "SHOP_HIHG": "8"}
        self.live: Live[Shop] = meshconf.watch(
            self.file, schema=Shop, prefix="SHOP_", environ=environ
        )
        self.server = make_server("127.0.0.1", 0, self.answer, Server, Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/config"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def answer(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answer with the page."""
        path = parse_qs(environ["QUERY_STRING"]).get("path", [""])[0]
        content_type, body = config_page(self.live, environ["HTTP_ACCEPT"], path=path)
        start_response("200 OK", [("Content-Type", content_type)])
        return [body]

    def write(self, text: str) -> None:
        """Replace the file at once."""
        new = self.file.with_suffix(".new")
        new.write_text(text)
        new.replace(self.file)

    def edit(self, old: str, new: str) -> None:
        """Replace a part of the file, and wait until it was read."""
        before = self.live.attempt
        self.write(self.file.read_text().replace(old, new))
        end = time.monotonic() + PATIENCE
        while self.live.attempt is before:
            assert time.monotonic() < end, "waited for in vain"
            time.sleep(0.02)

    def close(self) -> None:
        """End all of it."""
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
        self.live.close()


class Server(ThreadingMixIn, WSGIServer):
    """Answers several requests at a time: browsers open connections that they do not use."""

    daemon_threads = True


class Handler(WSGIRequestHandler):
    """Says nothing."""

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """Answer on a free port."""
    service = Service(tmp_path)
    try:
        yield service
    finally:
        service.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start the browser; without one, tests are skipped, unless programs are required."""
    program = required("chromium", "chromium-browser")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(OPTIONS))
        yield browser
        browser.close()


class Look:
    """The page as somebody sees it, with what the browser complains about."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("requestfailed", lambda request: self.complaints.append(request.url))

    @property
    def text(self) -> str:
        """All that is to be read."""
        return self.page.inner_text("body")

    def row(self, path: str) -> str:
        """Return the row of a setting, on one line."""
        return " ".join(self.page.locator(f"[id='{path}']").inner_text().split())

    def overflow(self) -> int:
        """Tell how many pixels the page is wider than the window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - innerWidth"))


@pytest.fixture
def look(
    request: pytest.FixtureRequest, browser: Browser, service: Service, tmp_path: Path
) -> Iterator[Look]:
    """Open the page; at the end take a picture, and demand that nothing was complained of."""
    scheme: Any
    scheme, width = getattr(request, "param", ("light", DESK))
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    look = Look(page)
    page.goto(service.address)
    yield look
    page.screenshot(path=tmp_path / f"{scheme}-{width}.png", full_page=True)
    page.close()

    assert [] == look.complaints


#: Have a test look in light and in dark, at a width of a phone and of a desk.
everywhere = pytest.mark.parametrize(
    "look",
    [(scheme, width) for scheme in ("light", "dark") for width in (PHONE, DESK)],
    ids=lambda pair: f"{pair[0]}-{pair[1]}",
    indirect=True,
)


class TestLook:
    """The page as it is when all is well."""

    def test_title(self, look: Look):
        """The title says whose configuration it is; nothing in the values was run."""
        assert "Configuration of Shop" == look.page.title()
        assert "Generation 1 is in force, and all is well." in look.text

    def test_values_and_their_origins(self, look: Look):
        """Each value stands beside the place that it comes from."""
        assert "high 7 environment variable SHOP_HIGH" == look.row("high")
        assert re.fullmatch(r"listen 8080 \S*shop\.toml:4:10", look.row("listen"))
        assert "low 0 default" == look.row("low")
        assert "token <secret> environment variable SHOP_TOKEN" == look.row("token")

    def test_text_is_text(self, look: Look):
        """What looks like a tag is shown as it was written."""
        assert "<script>document.title = 'run'</script>" in look.row("name")
        assert 0 == look.page.locator("script").count()

    def test_secret_is_nowhere(self, look: Look):
        """The secret is not even in what is not shown."""
        assert CANARY not in look.page.content()

    @everywhere
    def test_fits(self, look: Look):
        """The page is not wider than the window, whatever is in it."""
        assert look.overflow() <= 0

    @everywhere
    def test_set_values_stand_out(self, look: Look):
        """A value that a source sets looks different from a default."""

        def weight(path: str) -> Any:
            return look.page.locator(f"[id='{path}'] td code").evaluate(
                "one => getComputedStyle(one).fontWeight"
            )

        assert ("700", "400") == (weight("high"), weight("low"))

    @everywhere
    def test_text_has_contrast(self, look: Look):
        """Text stands out from its ground by 4.5 to 1 at least, as WCAG wants it."""
        assert 4.5 <= look.page.evaluate(LEAST_CONTRAST)

    def test_defaults_can_be_hidden(self, look: Look):
        """A box hides what no source sets, with the tables that hold nothing else."""
        look.page.get_by_label("Only what sources set").check()

        assert not look.page.locator("[id='low']").is_visible()
        assert look.page.locator("[id='high']").is_visible()
        assert look.page.locator("[id='upstreams.payments.port']").is_visible()

    def test_asked_path(self, look: Look):
        """The field shows a part, and the way back all."""
        look.page.get_by_label("Only what stands at or under").fill("upstreams.payments")
        look.page.get_by_role("button", name="Show").click()

        assert 0 == look.page.locator("[id='low']").count()
        assert look.row("upstreams.payments.port").startswith("port 8443")

        look.page.get_by_role("link", name="Show all").click()

        assert 1 == look.page.locator("[id='low']").count()

    def test_links_lead_to_tables(self, look: Look):
        """A link to a table brings it into view."""
        look.page.get_by_role("navigation").get_by_role("link", name="upstreams").click()

        assert look.page.get_by_role("heading", name="upstreams").is_visible()
        assert look.page.evaluate("document.querySelector(':target').matches('h3')")

    def test_tables_are_tables(self, look: Look):
        """A screen reader finds the headers of rows and columns."""
        assert look.page.get_by_role("columnheader", name="Setting").first.is_visible()
        assert look.page.get_by_role("rowheader", name="token").is_visible()
        assert look.page.get_by_role("row", name="low").is_visible()


class TestChange:
    """The page while the file changes."""

    @everywhere
    def test_is_seen(self, look: Look, service: Service):
        """After an edit the page shows the new value, and what waits for a restart."""
        service.edit("port = 8443\n", "port = 9443\n")
        service.edit("listen = 8080", "listen = 8081")
        look.page.reload()

        assert look.row("upstreams.payments.port").startswith("port 9443")
        assert "Generation 2 is in force; some changes wait for a restart." in look.text
        assert "listen 8080 the value held until a restart" == look.row("listen")
        assert look.overflow() <= 0

    @everywhere
    def test_that_is_bad(self, look: Look, service: Service):
        """After a bad edit the page shows the report, and the values that stay; it still fits."""
        service.edit("listen = 8080", "low = 9\nlisten = 8080")
        look.page.reload()
        report = look.page.get_by_role("region", name="Report")

        assert "low 9 is above high 7" in report.inner_text()
        assert "The last change was refused; generation 1 stays in force." in look.text
        assert "low 0 default" == look.row("low")
        assert look.overflow() <= 0
        assert 4.5 <= look.page.evaluate(LEAST_CONTRAST)
        assert CANARY not in look.page.content()

    def test_that_is_taken_back(self, look: Look, service: Service):
        """When the edit is taken back, all is well."""
        service.edit("listen = 8080", "listen = 0")
        service.edit("listen = 0", "listen = 8080")
        look.page.reload()

        assert "Generation 1 is in force, and all is well." in look.text
        assert 0 == look.page.get_by_role("region", name="Report").count()


#: The least contrast of any text with what is behind it, by the formula of WCAG 2.
LEAST_CONTRAST = """() => {
    const channels = color => color.match(/[\\d.]+/g).map(Number);
    const light = color => {
        const [r, g, b] = channels(color).slice(0, 3).map(one => {
            const share = one / 255;
            return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = one => {
        for (; one; one = one.parentElement) {
            const color = getComputedStyle(one).backgroundColor;
            if (channels(color)[3] !== 0) return color;
        }
    };
    const texts = [...document.querySelectorAll('main *')].filter(one => one.checkVisibility() &&
        [...one.childNodes].some(node => node.nodeType === 3 && node.data.trim()));
    return Math.min(...texts.map(one => {
        const pair = [light(getComputedStyle(one).color), light(ground(one))].sort((a, b) => b - a);
        return (pair[0] + 0.05) / (pair[1] + 0.05);
    }));
}"""
