"""Input that is broken, hostile or random: the result is a configuration or a report."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import meshconf
from meshconf import File, Seconds, Secret, setting
from meshconf.diagnostics.json_report import report_json
from meshconf.diagnostics.text import report
from meshconf.diagnostics.words import printable

if TYPE_CHECKING:
    from pathlib import Path

    from tests.loading.conftest import Attempt


@attrs.frozen
class Peer:
    """A group."""

    host: str = "a"
    port: int = setting(1, ge=0)


@attrs.frozen
class App:
    """An application."""

    name: str = ""
    peer: Peer = Peer()
    wait: Seconds = 1.0
    token: Secret[str] | None = None
    peers: dict[str, Peer] = attrs.field(factory=dict)
    rows: tuple[Peer, ...] = ()
    sizes: tuple[int, ...] = ()
    labels: dict[str, str] = attrs.field(factory=dict)


def only(found: Any) -> meshconf.Problem:
    """Return the one problem of a failed load whose report renders."""
    assert isinstance(found, meshconf.ConfigError)
    assert str(found).endswith("; nothing was loaded")
    json.loads(report_json(found.problems, found.sources))
    (problem,) = found.problems
    return problem


def plain(found: Any) -> bool:
    """Render a report of either outcome; tell whether nothing in it could steer a terminal."""
    error = isinstance(found, meshconf.ConfigError)
    problems = found.problems if error else found.warnings
    assert not error or any(one.severity == "error" for one in problems)
    document = report_json(problems, found.sources)
    assert json.loads(document)["valid"] is not error
    lines = report(problems, found.sources).split("\n") + document.split("\n")
    return all(line == printable(line) for line in lines) and bool("".join(lines).encode())


class TestFiles:
    def test_missing(self, attempt: Attempt) -> None:
        """A file that does not exist is named, and the one that was probably meant."""
        attempt("", schema=App)
        problem = only(attempt(None, "ap.toml", schema=App))

        assert ("MC401", "ap.toml does not exist") == (problem.code, problem.message)
        assert "did you mean app.toml?" == problem.help

    def test_directory(self, attempt: Attempt, folder: Path) -> None:
        """A directory is no file."""
        problem = only(attempt(None, str(folder), schema=App))

        assert f"{folder} is a directory, not a regular file" == problem.message

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
    def test_unreadable(self, attempt: Attempt, folder: Path) -> None:
        """A file that may not be read is told without its content."""
        attempt("name = 1\n", schema=App)
        (folder / "app.toml").chmod(0)

        assert "MC402" == only(attempt(None, "app.toml", schema=App)).code

    def test_fifo(self, attempt: Attempt, folder: Path) -> None:
        """Nobody waits for a FIFO."""
        os.mkfifo(folder / "pipe")

        assert "MC402" == only(attempt(None, "pipe", schema=App)).code

    def test_optional(self, attempt: Attempt) -> None:
        """An optional file may be missing."""
        assert App() == attempt(None, File("no.toml", optional=True), schema=App).config

    @pytest.mark.parametrize("text", ["", "\n", "# nothing\r\n", " \t"])
    def test_empty(self, text: str, attempt: Attempt) -> None:
        """An empty file sets nothing."""
        assert App() == attempt(text, schema=App).config

    @pytest.mark.parametrize(
        ("content", "code", "message"),
        [
            (b"\xef\xbb\xbfname = ''", "MC003", "app.toml begins with a byte order mark"),
            (b"\xff\xfen\0", "MC003", "app.toml begins with a byte order mark"),
            (b"a = 1\nname = '\xe9'", "MC003", "app.toml is not UTF-8"),
            (b"\x7fELF\0\0", "MC003", "app.toml holds a NUL byte, so it is no text"),
            (b"#" * 1_048_577, "MC004", "app.toml is too large: 1,048,577 bytes; the limit is"),
            (b"a = " + b"[" * 100_000, "MC004", "app.toml nests deeper than 64 levels"),
            (b"a = " + b"[" * 70 + b"]" * 70, "MC004", "app.toml nests deeper than 64 levels"),
            (b"a." * 20_000 + b"b = 1", "MC004", "app.toml has a dotted key of more than 32 parts"),
            (b"a = " + b"9" * 5000, "MC004", "app.toml holds a number of thousands of digits"),
        ],
    )
    def test_refused(self, content: bytes, code: str, message: str, attempt: Attempt) -> None:
        """What is no text, or over the budget, is refused in one sentence."""
        problem = only(attempt(content, schema=App))

        assert code == problem.code
        assert problem.message.startswith(message)

    @pytest.mark.parametrize(
        "text",
        [
            "peer.port = -0x" + "f" * 5000 + "\n",
            "config_version = 0x" + "f" * 5000 + "\n",
            'name = "a" ' + "x" * 100_000,
            'name = "' + "é" * 100_000,
            "peer.port = " + "[" * 60 + "]" * 60,
            "name = 1 # \x1b[31m",
            'name = "\\u001b]0;x\\u0007\\u202e"\nwait = "\\u001b[1m"\n',
            '"\\u001b[2J" = 1\n',
            '["\\u202e"."\\u0000"]\nx = 1\n',
            "labels = { a = 1, 'b\u2028' = 'x\u2028' }",
        ],
    )
    def test_hostile_texts(self, text: str, attempt: Attempt) -> None:
        """Endless numbers, lines and names and what steers terminals are shown short and escaped."""
        found = attempt(text, schema=App)

        assert plain(found)
        assert all(len(line) < 250 for line in str(report(found.problems)).split("\n"))

    @pytest.mark.parametrize("line_end", ["\n", "\r\n"])
    def test_twice_in_a_long_file(self, line_end: str, attempt: Attempt) -> None:
        """A key given twice is found at once in a long file, past strings of many lines."""
        lines = [f'[peers.p{n}]{line_end}host = """{line_end}[x]{line_end}"""' for n in range(9000)]
        text = line_end.join([*lines, "port = 1", "port = 2", ""])
        problem = only(attempt(text, schema=App))

        assert ("MC002", "peers.p8999.port") == (problem.code, problem.path)
        assert [36_002, 36_001] == [label.origin.line for label in problem.labels]


class TestVariables:
    @pytest.mark.parametrize(
        "environ",
        [
            {"APP_NAME": "\udcff\x1b[31m\n"},
            {"APP_PEER_PORT": "9" * 5000},
            {"APP_PEER_PORT": "\udcff"},
            {"APP_PEER_PORT": "-0"},
            {"APP_WAIT": "nan"},
            {"APP_WAIT": "1" * 10_000},
            {"APP_SIZES": "," * 1000},
            {"APP_SIZES": "[" * 5000},
            {"APP_PEER": '{"port": ' * 200},
            {"APP_PEERS": '{"a": {"port": 1e999}}'},
            {"APP_ROWS": '[{"port": "x"}, {"host": 1}, 7]'},
            {"APP_LABELS": '{"a": NaN}'},
            {"APP_PEERS__A__PORT": "x", "APP_PEERS__a__HOST": "x"},
            {"APP_PEERS____PORT": "x"},
            {"APP_\x1b[31m\u202e": "x"},
            {"APP_" + "X" * 10_000: "x"},
            {"APP_NAME_FILE": "/dev/zero"},
            {"APP_NAME_FILE": "a\0b"},
            {"APP_NAME_FILE": "\x1b[31m"},
            {"APP_TOKEN_FILE": "/"},
        ],
    )
    def test_hostile_texts(self, environ: dict[str, str], attempt: Attempt) -> None:
        """No variable, whatever its name and text, gives anything but a plain report."""
        assert plain(attempt("", schema=App, environ=environ))


VALID = """\
# A comment.
name = "x"
wait = "500ms"
sizes = [1, 2, 3]
token = "hush"
labels = { a = "b", "c d" = 'e' }
[peer]
host = \"\"\"a
b\"\"\"
port = 0x1f
[peers."a.b"]
port = 7
[[rows]]
host = "é漢"
[[rows]]
port = 1_0
"""

PIECES = [*"[]{}\"'=.,\n\\#-x0é\r\x00", '"""', "[[", "port", "true", "1e9", "\r\n", "\ufeff"]
quick = settings(
    deadline=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@st.composite
def mutations(draw: Any) -> bytes:
    """Cut, insert into and repeat parts of a valid text."""
    text = VALID
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = min(start + draw(st.integers(0, 12)), len(text))
        middle = draw(st.sampled_from([*PIECES, "", text[start:end] * 2]))
        text = text[:start] + middle + text[end:]
    return text.encode()


TEXTS = st.sampled_from(
    [
        "",
        "1",
        "-1",
        "true",
        "x,y",
        "[1]",
        '{"a": 1}',
        '{"a": {"port": 1}}',
        "5 secs",
        "\x1b",
        "[",
        "{",
    ]
)
NAMES = st.sampled_from(
    [
        "NAME",
        "PEER",
        "PEER_PORT",
        "PEERS",
        "PEERS__A_B__PORT",
        "ROWS",
        "SIZES",
        "LABELS",
        "WAIT",
        "TOKEN",
        "TOKEN_FILE",
        "PEER_PROT",
        "PEERS__A__X",
        "CONFIG",
        "X",
    ]
)


class TestRandomInput:
    @quick
    @given(content=st.binary(max_size=60))
    def test_bytes(self, attempt: Attempt, content: bytes) -> None:
        """Random bytes as a file give a configuration or a plain report."""
        assert plain(attempt(content, schema=App))

    @quick
    @given(content=mutations())
    def test_mutated_files(self, attempt: Attempt, content: bytes) -> None:
        """So do valid files after some accidents."""
        assert plain(attempt(content, schema=App))

    @quick
    @given(environ=st.dictionaries(NAMES, TEXTS | st.text(max_size=8), max_size=4))
    def test_environments(self, attempt: Attempt, environ: dict[str, str]) -> None:
        """So do random environments."""
        prefixed = {f"APP_{name}": text for name, text in environ.items()}

        assert plain(attempt(VALID, schema=App, environ=prefixed))
