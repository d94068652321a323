"""Tests for `meshconf watch`."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import pty
import queue
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import meshconf
import meshconf.__main__ as entry
from meshconf import ConfigError, Live
from meshconf.cli import watch as command
from meshconf.live.watching import FileWatcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from click.testing import Result

SECRET = "hunter2"  # what must appear nowhere

SCHEMA = """\
import datetime
from typing import Literal

import attrs
from meshconf import Secret, setting


@attrs.frozen(kw_only=True)
class Store:
    port: int = setting(5432, ge=1)
    kind: str = setting("sql", reload="restart")


@attrs.frozen(kw_only=True)
class Tls:
    cert: str = "a.pem"
    key: Secret[str] | None = None


@attrs.frozen(kw_only=True)
class Disk:
    type: Literal["disk"] = "disk"
    size: int = setting(1, reload="restart")


@attrs.frozen(kw_only=True)
class Memory:
    type: Literal["memory"] = "memory"


@attrs.frozen(kw_only=True)
class App:
    name: str = "shop"
    port: int = setting(80, ge=1, renamed_from="listen")
    workers: int = setting(4, reload="restart")
    wait: datetime.timedelta = setting(datetime.timedelta(seconds=30), reload="restart")
    token: Secret[str] | None = None
    key: Secret[str] | None = setting(None, reload="restart")
    stores: dict[str, Store] = {}
    tls: Tls = setting(Tls(), reload="restart")
    more: Tls | None = setting(None, reload="restart")
    cache: Disk | Memory = Memory()
"""

WATCHING = "meshconf: watching app.toml, environment; Ctrl-C ends it\n"

#: Whatever a test waits for comes within so many seconds, or it fails.
PATIENCE = 10.0

Edits = tuple[str | None, ...]


@pytest.fixture(autouse=True)
def schema(folder: Path, app: Path) -> None:
    """Have settings of every sort that matters here."""
    (folder / "config_of_app.py").write_text(SCHEMA)
    put("port = 80\n")


def put(text: str | None, name: str = "app.toml") -> None:
    """Replace a file at once, as careful programs do; without a text, delete it."""
    if text is None:
        Path(name).unlink()
        return
    new = Path(f"{name}.new")
    new.write_text(text)
    new.replace(name)


@pytest.fixture
def play(run, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Return a function that watches in this process, makes edits meanwhile, and then ends it."""
    is_over = threading.Event()
    looks: list[bool] = []
    is_left, original = command._is_left, Live.observe

    def is_done() -> bool:
        """Tell whether all is told: nothing has come since the look before."""
        looks.append(is_over.is_set())
        return is_left() or looks[-2:] == [True, True]

    monkeypatch.setattr(command, "PATIENCE", 0.02)
    monkeypatch.setattr(command, "_is_left", is_done)

    def play(edits: Edits, *arguments: str, **variables: str) -> Result:
        def observe(live: Live[Any], observer: Callable[..., Any]) -> Any:
            end = original(live, observer)
            threading.Thread(target=make, args=(live,)).start()
            return end

        def make(live: Live[Any]) -> None:
            try:
                for text in edits:
                    put(text)
                    with contextlib.suppress(ConfigError):
                        live.reload()
            finally:
                is_over.set()

        monkeypatch.setattr(Live, "observe", observe)
        result: Result = run("watch", *(arguments or ("app.toml",)), **variables)
        is_over.clear()
        looks.clear()
        return result

    return play


def timeless(text: str) -> str:
    """Replace the times of day."""
    return re.sub(r"(?m)^\d\d:\d\d:\d\d ", "TIME ", text)


class TestStart:
    def test_says_what_is_watched(self, play):
        """What is followed stands on stderr, and nothing on stdout."""
        result = play(())

        assert ("", WATCHING) == (result.stdout, result.stderr)

    def test_file_that_is_not_there(self, play, folder: Path, app: Path):
        """A usual file that is not there is waited for."""
        app.unlink()

        result = play((), "--color", "never", MESH_SERVICE_NAME="x")

        assert (
            "meshconf: watching mesh.toml (not there), environment; Ctrl-C ends it\n"
            == result.stderr
        )

    def test_warnings(self, play):
        """The warnings of the start are told, once, above the line that says that all is well."""
        put("listen = 81\n")
        result = play((), "app.toml", "--output-format", "concise")
        expected = (
            "app.toml:1:1: warning[MC104]: `listen` is an old name; use `port`\n"
            "meshconf: 1 warning in app.toml, environment\n"
        )

        assert ("", expected + WATCHING) == (result.stdout, result.stderr)

    @pytest.mark.parametrize("format", ["text", "json"])
    def test_errors(self, run, format: str):
        """A start that has errors prints the report and ends with 1."""
        put("port = 0\n")
        result = run("watch", "app.toml", "--format", format)
        checked = run("check", "app.toml")

        assert 1 == result.exit_code
        assert checked.stderr == result.stderr
        assert (format == "json") == bool(result.stdout)

    def test_errors_as_json(self, run):
        """Programs are told of a start that has errors as of any other attempt."""
        put("port = 0\n")
        line = json.loads(run("watch", "app.toml", "--format", "json").stdout)

        assert ("start", "rejected", 0) == (line["trigger"], line["result"], line["generation"])
        assert ["MC202"] == [one["code"] for one in line["problems"]]

    def test_profile(self, play):
        """The file of a profile is followed too."""
        put("port = 81\n", "app.p.toml")
        put("port = 82\n", "app.q.toml")
        result = play((), "app.toml", "--profile", "p")

        assert "meshconf: watching app.toml, app.p.toml, environment; " in result.stderr

    def test_env_file(self, play):
        """So is a .env file, and without variables the environment is left out."""
        put("APP_PORT=81\n", ".env")
        result = play((), "app.toml", "--env-file", ".env", "--no-env")

        assert "meshconf: watching app.toml, .env; " in result.stderr

    def test_files_of_the_repository(self, play, app: Path):
        """Without FILE, those of pyproject.toml are followed."""
        app.write_text(f'{app.read_text()}files = ["app.toml"]\n')
        result = play(("port = 81\n",), "--color", "never")

        assert WATCHING == result.stderr
        assert "  port 80 → 81  app.toml:1:8\n" in result.stdout


class TestWrongUsage:
    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (("-",), "standard input cannot be watched; name a file"),
            (("app.toml", "-"), "standard input cannot be watched; name a file"),
            (("--no-env",), "no file is read, so nothing can change; name a FILE"),
            ((), "no file is read, so nothing can change; name a FILE"),
            (("app.toml", "--schema", "config_of_app:App"), "does not say what its variables"),
        ],
    )
    def test_ends_with_two(self, run, arguments: tuple[str, ...], said: str):
        """What cannot be watched is said, and ends with 2."""
        result = run("watch", *arguments, stdin="")

        assert (2, "") == (result.exit_code, result.stdout)
        assert said in result.stderr

    def test_file_that_a_variable_names(self, play):
        """A file from which a variable is read is enough to watch."""
        put(SECRET, "token")
        result = play((), "--color", "never", APP_TOKEN_FILE="token")

        assert "meshconf: watching environment; Ctrl-C ends it\n" == result.stderr


class TestAccepted:
    def test_changes(self, play):
        """What changed is told setting by setting, with the generation and the time of day."""
        result = play(("port = 81\n", f'port = 81\nname = "x"\n[stores.a]\nport = 1\n{""}'))
        expected = (
            "TIME generation 2 is in force\n"
            "  port 80 → 81  app.toml:1:8\n"
            "TIME generation 3 is in force\n"
            '  name "shop" → "x"  app.toml:2:8\n'
            "  stores.a (added)  app.toml:3:1\n"
            "  stores.a.port = 1 (added)  app.toml:4:8\n"
        )

        assert expected == timeless(result.stdout)
        assert WATCHING == result.stderr

    def test_new_entry_needs_no_restart(self, play):
        """A setting of a new entry that needs a restart elsewhere is in force, and said to be."""
        result = play(('[stores.a]\nkind = "x"\n',))

        assert '  stores.a.kind = "x" (added)  app.toml:2:8\n' in result.stdout

    def test_secrets(self, play):
        """Secrets are masked."""
        result = play((f'token = "{SECRET}"\n',))

        assert "  token not set → <secret>  app.toml:1:9\n" in result.stdout
        assert SECRET not in result.output

    def test_nothing_changed(self, play):
        """What means the same is told as that: somebody has just saved it, and looks."""
        result = play(("port = 80 # as ever\n", "# well\nport = 80\n", "# well\nport = 80\n"))

        assert "TIME nothing changed\nTIME nothing changed\n" == timeless(result.stdout)
        assert WATCHING == result.stderr

    def test_new_warning(self, play):
        """A warning is told when it is new, and not again while it stays."""
        edits = ("listen = 80\n", "listen = 81\n", "\nlisten = 82\nname = 'x'\n")
        result = play(edits, "app.toml", "--output-format", "concise")
        first, second, *_ = timeless(result.stdout).splitlines()

        assert "TIME generation 1 stays in force; 1 new warning" == first
        assert "TIME generation 2 is in force" == second
        assert 1 == result.stderr.count("MC104")

    def test_several_new_warnings(self, play):
        """Several are counted."""
        result = play((f'listen = 81\ntoken = "{SECRET}"\n',))

        assert "generation 2 is in force; 2 new warnings\n" in result.stdout


class TestRejected:
    def test_report(self, play):
        """A change that has errors is reported on stderr; what was in force stays."""
        result = play(("port = 81\n", "port = 0\n"), "app.toml", "--output-format", "concise")
        report = (
            "app.toml:1:8: error[MC202]: `port` must be at least 1, got 0\n"
            "meshconf: 1 error in app.toml, environment; generation 2 stays in force\n"
        )

        assert WATCHING + report == result.stderr
        assert timeless(result.stdout).endswith("TIME rejected; generation 2 stays in force\n")

    def test_same_again(self, play):
        """The same report is not printed twice, but each attempt is answered."""
        result = play(("port = 0\n", "port = 0 # please\n", "port = -1\n"))
        expected = (
            "TIME rejected; generation 1 stays in force\n"
            "TIME rejected; generation 1 stays in force\n"
            "TIME rejected; generation 1 stays in force\n"
        )
        put("port = 80\n")
        same = play(("port = 0\n", "port = 0\n# please\n"))

        assert expected == timeless(result.stdout)
        assert timeless(same.stdout).endswith(
            "TIME rejected again, for the same reasons; generation 1 stays in force\n"
        )
        assert 1 == same.stderr.count("MC202")

    def test_valid_again(self, play):
        """A change that is withdrawn is told, and the same mistake after it reported anew."""
        result = play(("port = 81\n", "port = 0\n", "port = 81\n", "port = 0\n"))
        *_, back, again = timeless(result.stdout).splitlines()

        assert "TIME valid again; generation 2 stays in force" == back
        assert "TIME rejected; generation 2 stays in force" == again
        assert 2 == result.stderr.count("MC202")

    def test_mended(self, play):
        """A change that mends the mistake is told as any other."""
        result = play(("port = 0\n", "port = 81\n"))

        assert timeless(result.stdout).endswith(
            "TIME generation 2 is in force\n  port 80 → 81  app.toml:1:8\n"
        )

    def test_program_format(self, play):
        """Problems in a format for programs leave stdout to the results too."""
        result = play(("port = 0\n",), "app.toml", "--output-format", "json")
        report = json.loads(result.stderr.removeprefix(WATCHING))

        assert ["MC202"] == [one["code"] for one in report["problems"]]
        assert "TIME rejected; generation 1 stays in force\n" == timeless(result.stdout)


class TestRestart:
    def test_waits(self, play):
        """What needs a restart waits for it, and is told once as long as it is the same."""
        edits = (
            "port = 81\nworkers = 8\n",
            "port = 82\n# below\nworkers = 8\n",
            "port = 82\nworkers = 9\n",
            "port = 82\n# below\nworkers = 9\n",
            "port = 82\nworkers = 4\n",
        )
        expected = (
            "TIME generation 2 is in force; 1 change waits for a restart\n"
            "  port 80 → 81  app.toml:1:8\n"
            "  workers 4 → 8 (needs restart)  app.toml:2:11\n"
            "TIME generation 3 is in force; 1 change still waits for a restart\n"
            "  port 81 → 82  app.toml:1:8\n"
            "TIME generation 3 stays in force; 1 change waits for a restart\n"
            "  workers 4 → 9 (needs restart)  app.toml:2:11\n"
            "TIME nothing changed\n"
            "TIME generation 3 stays in force; nothing waits for a restart any more\n"
        )

        assert expected == timeless(play(edits).stdout)

    def test_member_of_a_union(self, play):
        """What the sources no longer say of one class of a union waits, whatever it would be."""
        put("[cache]\ntype = 'disk'\nsize = 3\n")
        result = play(("[cache]\ntype = 'disk'\n",))

        assert "1 change waits for a restart\n  cache.size (needs restart)" in result.stdout

    def test_while_rejected(self, play):
        """What waits goes on waiting while changes are rejected."""
        result = play(("workers = 8\n", "port = 0\n", "workers = 8\n"))

        assert timeless(result.stdout).endswith(
            "TIME valid again; generation 1 stays in force; 1 change still waits for a restart\n"
        )

    def test_taken_out(self, play):
        """A value that is taken out gives way to the default."""
        put("port = 80\nworkers = 8\n")
        result = play(("port = 80\n",))

        assert "  workers 8 → 4 (needs restart)  the default\n" in result.stdout

    def test_group(self, play):
        """A group that is held as a whole is told as such, with no secret."""
        edits = (f'port = 81\ntls.cert = "b.pem"\ntls.key = "{SECRET}"\n',)
        result = play(edits)
        expected = (
            "TIME generation 2 is in force; 1 change waits for a restart; 1 new warning\n"
            "  port 80 → 81  app.toml:1:8\n"
            "  tls (needs restart)\n"
        )

        assert expected == timeless(result.stdout)
        assert SECRET not in result.output

    def test_secret(self, play):
        """A secret that waits is masked."""
        put(f'key = "{SECRET}1"\n')
        result = play((f'key = "{SECRET}2"\n',))
        change = "key <secret> → <secret> (needs restart) (secrets are not shown)  app.toml:1:7"

        assert change in result.stdout
        assert SECRET not in result.output

    def test_duration(self, play):
        """A value is written as a file would say it."""
        result = play(('wait = "1m"\n',))

        assert '  wait "30s" → "1m" (needs restart)  app.toml:1:8\n' in result.stdout

    def test_setting_of_an_entry(self, play):
        """A setting of an entry that was there waits as any other."""
        put("[stores.a]\n")
        result = play(('[stores.a]\nkind = "x"\n',))

        assert '  stores.a.kind "sql" → "x" (needs restart)  app.toml:2:8\n' in result.stdout

    def test_several(self, play):
        """Several are counted."""
        result = play(("workers = 8\n[more]\n",))

        assert "; 2 changes wait for a restart\n" in result.stdout

    def test_reject(self, play):
        """With --on-restart-fields reject such a change is refused as a whole."""
        edits = ("port = 81\nworkers = 8\n",)
        options = ("--on-restart-fields", "reject", "--output-format", "concise")
        result = play(edits, "app.toml", *options)

        assert "TIME rejected; generation 1 stays in force\n" == timeless(result.stdout)
        assert (
            "app.toml:2:11: error[MC602]: `workers` cannot change without a restart\n"
            in result.stderr
        )


class TestJson:
    def test_line_for_each_attempt(self, play):
        """Each attempt is a line, the start and those that changed nothing included."""
        edits = ("port = 81\nworkers = 8\n", "port = 0\n", "port = 81\nworkers = 8\n# x\n")
        result = play(edits, "app.toml", "--format", "json")
        lines = [json.loads(line) for line in result.stdout.splitlines()]
        start, success, *_ = lines

        assert [("success", 1), ("success", 2), ("rejected", 2), ("unchanged", 2)] == [
            (one["result"], one["generation"]) for one in lines
        ]
        assert ("start", [], []) == (start["trigger"], start["changes"], start["problems"])
        assert ["workers"] == success["pending_restart"]
        assert [("port", 80, 81)] == [
            (one["path"], one["old"], one["new"]) for one in success["changes"]
        ]

    def test_problems(self, play):
        """A line holds the problems as the report in JSON does: what is new, or the warnings in force."""
        edits = ("listen = 81\n", "listen = 81\nname = 'x'\n", "listen = 0\n")
        result = play(edits, "app.toml", "--format", "json")
        _, first, second, third = map(json.loads, result.stdout.splitlines())

        assert ["MC104"] == [one["code"] for one in first["problems"]]
        assert first["problems"] == second["problems"]
        assert ["MC202"] == [one["code"] for one in third["problems"]]
        assert 1 == result.stderr.count("MC104")  # when it is new

    def test_time(self, play):
        """The time is that of UTC."""
        before = dt.datetime.now(dt.timezone.utc)
        (line,) = play((), "app.toml", "--format", "json").stdout.splitlines()
        time = json.loads(line)["time"]
        told = dt.datetime.fromisoformat(time.replace("Z", "+00:00"))

        assert time.endswith("Z")
        assert dt.timedelta(seconds=-1) < told - before < dt.timedelta(seconds=PATIENCE)


class TestLogs:
    def test_of_the_watcher(self, play, monkeypatch: pytest.MonkeyPatch):
        """What happens to the thread that watches is shown; it is taken over by another."""
        follow = FileWatcher.follow
        calls: list[Any] = []

        def broken(self: FileWatcher, inputs: Mapping[str, Any]) -> None:
            calls.append(inputs)
            if len(calls) == 1:
                raise RuntimeError
            follow(self, inputs)

        monkeypatch.setattr(FileWatcher, "follow", broken)
        result = play(("port = 81\n",))

        assert "meshconf: the thread meshconf App died; another takes over\n" in result.stderr
        assert "generation 2 is in force\n" in result.stdout


class TestReaderThatLeaves:
    def test_in_process(self, monkeypatch: pytest.MonkeyPatch, capsys):
        """A pipe that nobody reads any more ends it, though there is nothing to write."""
        ours, theirs = os.pipe()
        os.close(ours)
        monkeypatch.setattr(command, "PATIENCE", 0.02)
        monkeypatch.setattr(sys, "argv", ["meshconf", "watch", "app.toml"])
        with os.fdopen(theirs, "w", encoding="utf-8") as stream:
            monkeypatch.setattr(sys, "stdout", stream)
            with pytest.raises(SystemExit) as ended:
                entry.main()

        assert (1, WATCHING) == (ended.value.code, capsys.readouterr().err)

    def test_head(self, shell):
        """`head -1` ends it quietly, without waiting for another change."""
        ended = shell("meshconf watch app.toml --format json | head -1")

        assert (0, WATCHING) == (ended.returncode, ended.stderr)
        assert 1 == json.loads(ended.stdout)["generation"]


class Watching:
    """A process that watches, and what it says."""

    def __init__(self, process: subprocess.Popen[bytes], *streams: int) -> None:
        self.process = process
        self._said: dict[int, queue.Queue[str]] = {}
        for stream in streams:
            self._said[stream] = queue.Queue()
            reader = threading.Thread(target=self._read, args=(stream,), daemon=True)
            reader.start()

    def _read(self, stream: int) -> None:
        with contextlib.suppress(OSError), open(stream, "rb", buffering=0, closefd=False) as lines:
            for line in lines:
                self._said[stream].put(line.decode().replace("\r\n", "\n"))

    def line(self, stream: int = 0) -> str:
        """Return the next line: of the first stream that is read, or of another."""
        return list(self._said.values())[stream].get(timeout=PATIENCE)

    def until(self, text: str, stream: int = 0) -> list[str]:
        """Return the next lines, up to one that holds a text."""
        lines = [self.line(stream)]
        while text not in lines[-1]:
            lines.append(self.line(stream))
        return lines

    def end(self, number: int) -> int:
        """Send a signal; return how the process ended."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@pytest.fixture
def watching() -> Iterator[Callable[..., Watching]]:
    """Return a function that starts a process that watches; all are ended at the end."""
    with contextlib.ExitStack() as stack:

        def watching(*arguments: str, on_terminal: bool = False, **variables: str) -> Watching:
            ours, theirs = pty.openpty()
            stack.callback(os.close, ours)
            stream = theirs if on_terminal else subprocess.PIPE
            package = str(Path(meshconf.__file__).parents[1])
            process = subprocess.Popen(
                [sys.executable, "-m", "meshconf", "watch", "app.toml", *arguments],
                stdin=theirs,
                stdout=stream,
                stderr=stream,
                env={**os.environ, "PYTHONPATH": package, "TERM": "xterm", **variables},
            )
            os.close(theirs)
            stack.enter_context(process)
            stack.callback(process.kill)
            pipes = [one.fileno() for one in (process.stdout, process.stderr) if one is not None]
            return Watching(process, *(pipes or [ours]))

        yield watching


ERRORS = 1


class TestProcess:
    def test_life(self, watching):
        """Each change of the file is told at once through a pipe: good, bad, gone and back."""
        seen = watching(TZ="XXX-03:00")
        start = seen.line(ERRORS)
        put("port = 81\n")
        accepted = [seen.line(), seen.line()]
        put("port = 0\n")
        rejected = seen.line()
        report = seen.until("stays in force", ERRORS)
        put(None)
        gone = seen.line()
        missing = seen.until("stays in force", ERRORS)
        put("port = 82\nworkers = 8\n")
        back = [seen.line(), seen.line(), seen.line()]
        there = dt.datetime.now(dt.timezone(dt.timedelta(hours=3)))
        time = dt.datetime.strptime(back[0][:8], "%H:%M:%S").replace(tzinfo=there.tzinfo)

        assert WATCHING == start
        assert ["TIME generation 2 is in force\n", "  port 80 → 81  app.toml:1:8\n"] == [
            *map(timeless, accepted)
        ]
        assert "TIME rejected; generation 2 stays in force\n" == timeless(rejected)
        assert "error[MC202]: `port` must be at least 1, got 0\n" == report[0]
        assert "TIME rejected; generation 2 stays in force\n" == timeless(gone)
        assert "error[MC401]: app.toml does not exist\n" == missing[0]
        assert [
            "TIME generation 3 is in force; 1 change waits for a restart\n",
            "  port 81 → 82  app.toml:1:8\n",
            "  workers 4 → 8 (needs restart)  app.toml:2:11\n",
        ] == [*map(timeless, back)]
        assert (there - time).seconds < PATIENCE

    def test_json_without_secrets(self, watching):
        """The lines of JSON come one by one, and neither stream holds a secret."""
        seen = watching("--format", "json", "--output-format", "json", APP_TOKEN=f"{SECRET}0")
        lines = [seen.line()]
        for text in (f'key = "{SECRET}1"\n', f'tls.key = "{SECRET}2"\nport = "{SECRET}3"\n'):
            put(text + "name = 'x'\n")
            lines.append(seen.line())
        put("port = 81\n")
        lines.append(seen.line())
        code = seen.end(signal.SIGTERM)
        rest = seen.process.stderr.read() if seen.process.stderr else b""
        documents = [json.loads(line) for line in lines]

        assert -signal.SIGTERM == code
        assert ["start", "file", "file", "file"] == [one["trigger"] for one in documents]
        assert ["success", "success", "rejected", "success"] == [one["result"] for one in documents]
        assert [["key"], ["key"]] == [one["pending_restart"] for one in documents[1:3]]
        for said in (*lines, rest.decode(), *drained(seen)):
            assert f"{SECRET}0" not in said
            assert f"{SECRET}1" not in said
            assert f"{SECRET}2" not in said

    def test_interrupt(self, watching):
        """Ctrl-C ends it with 130, at once and without a traceback."""
        seen = watching()
        seen.line(ERRORS)

        assert 130 == seen.end(signal.SIGINT)
        assert "\n" == seen.line(ERRORS)

    def test_terminal(self, watching):
        """On a terminal there are colours."""
        seen = watching(on_terminal=True)
        start = seen.line()
        put("port = 81\n")
        heading, change = seen.line(), seen.line()
        put("port = 0\n")
        rejected, report = seen.line(), seen.line()

        assert WATCHING == start
        assert heading.endswith("\x1b[32mgeneration 2 is in force\x1b[0m\n")
        assert "\x1b[31m80\x1b[0m → \x1b[32m81\x1b[0m" in change
        assert "\x1b[1;31mrejected\x1b[0m; generation 2 stays in force\n" in rejected
        assert report.startswith("\x1b[1;31merror[MC202]\x1b[0m")


def drained(seen: Watching) -> Iterator[str]:
    """Yield the lines on stderr that nobody has looked at."""
    with contextlib.suppress(queue.Empty):
        while True:
            yield list(seen._said.values())[ERRORS].get(timeout=0.2)
