"""The checkout: an example service that follows its file, run as a process of its own."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import attrs
import pytest

import meshconf
from tests.examples.conftest import Example, copy_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: What signs the quotes that the README shows.
KEY = "s3cret"
CANARY = "canary-51d0"

#: Whatever a test waits for comes within so many seconds, or it fails.
PATIENCE = 20.0

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def until(condition: Callable[[], Any]) -> Any:
    """Wait for something to be so; return what it is."""
    end = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < end, "waited for in vain"
        time.sleep(0.02)
    return found


def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


class Service:
    """The service in a copy of the example, on a free port."""

    def __init__(self, folder: Path, key: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.put("port = 8080", f"port = {self.port}")
        environ = {name: os.environ[name] for name in os.environ if "CHECKOUT" not in name}
        environ |= {
            "CHECKOUT_SIGNING_KEY": key,
            "PYTHONPATH": str(Path(meshconf.__file__).parents[1]),
        }
        # A child ignores what its parent ignores, as one does that runs in the background.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        with (folder / "said").open("w") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "checkout"],
                cwd=folder,
                env=environ,
                stdout=said,
                stderr=said,
            )
        signal.signal(signal.SIGINT, before)

    @property
    def said(self) -> str:
        """What it wrote on stdout and stderr."""
        return (self.folder / "said").read_text()

    def logged(self, name: str = "access.log") -> str:
        """Wait for a line in its log of requests, which it writes after the answer."""
        return str(until((self.folder / name).read_text))

    def is_up(self) -> bool:
        """Tell whether it listens, or has ended."""
        return "http://" in self.said or self.process.poll() is not None

    def get(self, path: str = "/", accept: str = "*/*") -> str:
        """Return what it answers."""
        request = Request(f"http://127.0.0.1:{self.port}{path}", headers={"Accept": accept})
        try:
            with urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310 - see above
                return str(answer.read().decode())
        except HTTPError as error:
            with error:
                return f"{error.code} {error.read().decode()}"

    def config(self, path: str = "") -> Any:
        """Return what it tells programs of its configuration."""
        return json.loads(self.get(f"/config?path={path}"))

    def attempts(self) -> int:
        """Tell how often it has read its file."""
        return int(sum(self.config()["status"]["results"].values()))

    def put(self, old: str, new: str) -> None:
        """Replace a part of its file, at once."""
        file = self.folder / "checkout.toml"
        text = file.read_text()
        assert old in text
        (self.folder / "new").write_text(text.replace(old, new))
        (self.folder / "new").replace(file)

    def edit(self, old: str, new: str) -> None:
        """Replace a part of its file, and wait until it has read that."""
        before = self.attempts()
        self.put(old, new)
        until(lambda: self.attempts() > before)

    def end(self, number: int = signal.SIGKILL) -> int:
        """End it by a signal; return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@pytest.fixture
def key() -> str:
    """Return the key that the service signs with."""
    return KEY


@pytest.fixture
def service(tmp_path: Path, key: str) -> Iterator[Service]:
    """Start the service; it ends with the test, whatever becomes of that."""
    service = Service(copy_of("checkout", tmp_path), key)
    try:
        until(service.is_up)
        yield service
    finally:
        service.end()


class TestAnswers:
    def test_quotes(self, service: Service):
        """The price of an order is told for each zone."""
        expected = ["home: 1390 cents, 2 days", "europe: 1890 cents, 3 days"]

        assert expected == re.findall("^.*days", service.get("/?cents=1000"), re.MULTILINE)

    @pytest.mark.parametrize(
        ("path", "answer"),
        [
            ("/?cents=many", "400 cents is a whole number\n"),
            ("/nowhere", "404 try /, /config or /metrics\n"),
            ("/config?path=sever", "404 no setting is called sever; did you mean server?\n"),
        ],
    )
    def test_what_it_cannot_answer(self, service: Service, path: str, answer: str):
        """What is asked wrongly is told so, and is no error of the service."""
        assert answer == service.get(path)
        assert "Traceback" not in service.said

    def test_several_at_a_time(self, service: Service):
        """Somebody who connects and says nothing keeps nobody waiting."""
        with socket.create_connection(("127.0.0.1", service.port)):
            assert service.get().startswith("home: ")

    def test_requests_are_logged(self, service: Service):
        """Each request is a line in the log."""
        service.get("/?cents=1")

        assert "'GET /?cents=1 HTTP/1.1' 200\n" == service.logged()


class TestChange:
    def test_is_in_force_within_seconds(self, service: Service):
        """A value of the file is another one, with its place, and answers follow it."""
        service.put("fee = 890", "fee = 700")
        until(lambda: service.config()["status"]["generation"] == 2)
        (fee,) = service.config("zones.europe.fee")["settings"]

        place = {"kind": "file", "name": "checkout.toml", "line": 15, "column": 7}

        assert (700, place) == (fee["value"], fee["origin"])
        assert "europe: 2700 cents" in service.get()

    def test_is_logged(self, service: Service):
        """The service says what changed, to what, and where."""
        service.edit("fee = 890", "fee = 700")

        expected = "zones.europe.fee: 700, was 890 (checkout.toml:15:7)\n"

        assert until(lambda: expected in service.said)

    def test_that_is_bad_changes_nothing(self, service: Service):
        """With a bad file, answers stay what they are, and the page tells why."""
        before = service.get()
        service.edit("fee = 890", 'fee = "free"')
        page = service.get("/config", BROWSER)

        assert before == service.get()
        assert "The last change was refused; generation 1 stays in force." in page
        assert "error[MC201]: `zones.europe.fee` must be an integer, got a string" in page
        assert "15 | fee = &quot;free&quot;\n   |       ^^^^^^ a string" in page

    def test_taken_back_mends(self, service: Service):
        """When the bad file is as it was, all is well again."""
        service.edit("fee = 890", "fee = 8900")
        error = service.config()["status"]["last_error"]
        service.edit("fee = 8900", "fee = 890")
        status = service.config()["status"]

        assert "fee 8900 is above free_from 5000" in error["report"]
        assert (None, "unchanged") == (status["last_error"], status["last_attempt"]["result"])
        assert "all is well" in service.get("/config", BROWSER)

    def test_of_the_port_waits(self, service: Service):
        """The service goes on listening where it did, and says what a restart will change."""
        service.edit(f"port = {service.port}", "port = 9")
        (waiting,) = service.config()["status"]["pending_restart"]
        after = {"kind": "file", "name": "checkout.toml", "line": 7, "column": 8}

        expected = {
            "path": "server.port",
            "in_force": service.port,
            "after_restart": {"value": 9, "origin": after},
        }

        assert expected == waiting
        assert "Waiting for a restart" in service.get("/config", BROWSER)

    def test_of_the_log_moves_it(self, service: Service):
        """Requests are logged to the file of the configuration in force."""
        moved = service.folder / "access.2.log"
        service.edit('"access.log"', '"access.2.log"')
        until(lambda: service.get() and moved.exists() and moved.read_text())
        service.get("/?cents=1")

        assert until(lambda: "cents=1" in moved.read_text())
        assert "cents=1" not in service.logged()

    def test_of_the_log_is_refused(self, service: Service):
        """A log that cannot be opened is refused before the old one is left."""
        service.edit('"access.log"', '"missing/access.log"')
        report = service.config()["status"]["last_error"]["report"]
        service.get("/?cents=1")

        assert "AccessLog refused the new configuration" in report
        assert until(lambda: "cents=1" in service.logged())


class TestMetrics:
    @pytest.mark.parametrize(("fee", "good", "generation"), [("700", 1, 2), ("-1", 0, 1)])
    def test_tell_the_state(self, service: Service, fee: str, good: int, generation: int):
        """Prometheus is told whether the last change was good, and which one is in force."""
        service.edit("fee = 890", f"fee = {fee}")
        metrics = service.get("/metrics")

        expected = f'meshconf_config_last_reload_successful{{config="Checkout"}} {good}.0\n'

        assert expected in metrics
        assert f'meshconf_config_generation{{config="Checkout"}} {generation}.0\n' in metrics


class TestSecret:
    @pytest.fixture
    def key(self) -> str:
        """Sign with a canary."""
        return CANARY

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("fee = 890", "fee = 700"),
            ("fee = 890", "fee = 8900"),
            ('"access.log"', f'"access.log"\nsigning_key = "{CANARY}"'),
            ('"access.log"', f'"access.log"\nsigning_key = ["{CANARY}"]'),
        ],
        ids=["good", "rule", "in the file", "of the wrong kind"],
    )
    def test_is_nowhere(self, service: Service, old: str, new: str):
        """The key is in no answer and in no log, whatever the file becomes."""
        service.edit(old, new)
        paths = ("/", "/config", "/config?path=signing_key", "/metrics")
        answers = [service.get(path, accept) for path in paths for accept in ("*/*", BROWSER)]

        assert CANARY not in str((answers, service.said, service.logged()))
        assert "&lt;secret&gt;" in answers[3]


class TestProcess:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_ends_cleanly(self, service: Service, number: int):
        """A signal ends it, with nothing to complain about."""
        said = service.said

        assert 0 == service.end(number)
        assert said == service.said

    def test_port_that_is_taken(self, service: Service):
        """A second service on the same port says why it cannot be."""
        example = Example(service.folder, "CHECKOUT_")
        code, printed, said = example.module("checkout", CHECKOUT_SIGNING_KEY=KEY)

        where = f"checkout.toml:7:8: server.port {service.port} of 127.0.0.1"

        assert (1, "") == (code, printed)
        assert f"{where}: Address already in use\n" in said
        assert "Traceback" not in said


@attrs.frozen
class Console(Example):
    """The console of the README, beside the service that it speaks of."""

    service: Service

    def said(self, command: str) -> str:
        """Run a command; programs of the system are played."""
        match shlex.split(command):
            case ["curl", "-s", url, *grep]:
                lines = self.service.get(url.partition(":8080")[2]).splitlines(keepends=True)
                pattern = grep[-1] if grep else ""
                return "".join(line for line in lines if re.search(pattern, line))
            case ["sed", "-i", script, "checkout.toml", *_]:  # it waits for the reload by itself
                _, old, new, _ = script.split("/")
                line = old.strip("^").replace("8080", str(self.service.port))
                self.service.edit(f"{line}\n", f"{new}\n")
                return ""
            case _:
                return super().said(command)


class TestReadme:
    def test_commands_print_what_is_shown(self, service: Service):
        """All console commands of the README, run in order, print what it shows."""
        shown, printed = Console(service.folder, "CHECKOUT_", service).readme()

        assert shown == printed
