"""Tests for `meshconf.diagnostics.github`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshconf.diagnostics.github import report_github
from meshconf.diagnostics.problem import Label, Origin, Problem
from meshconf.diagnostics.spans import Position
from meshconf.diagnostics.words import printable
from tests.diagnostics.conftest import CANARY, in_file

if TYPE_CHECKING:
    import meshconf


def command(problem: Problem) -> str:
    """Write one problem; return its command."""
    return report_github([problem]).split("\n")[0]


def properties(problem: Problem) -> str:
    """Write one problem; return what stands between the name of the command and its message."""
    return command(problem).split("::")[1]


class TestReport:
    def test_a_load(self, refused: meshconf.ConfigError) -> None:
        """Each problem is one command; the closing line is for the log."""
        expected = """\
::error file=app.toml,line=3,endLine=3,col=8,endColumn=14,title=MC201 wrong type\
::app.toml:3:8: `consul.port` must be an integer, got a string\
%0Anote: declared as Consul.port: int%0Ahelp: remove the quotes: port = 8500
::error file=app.toml,line=4,col=9,title=MC205 wrong form\
::app.toml:4:9: `consul.token` must match [a-z]+\
%0Anote: declared as Consul.token: optional secret str, matches [a-z]+
::error file=app.toml,line=5,endLine=5,col=1,endColumn=5,title=MC101 unknown key\
::app.toml:5:1: unknown key `consul.hots`\
%0Anote: `consul.host` is "\N{BULLET}" (environment variable APP_CONSUL_HOST), \
and this key changes nothing
::error title=MC301 rule broken::environment variable APP_RETRY_BASE_DELAY: \
`retry`: base_delay is longer than max_delay\
%0Anote: without APP_RETRY_BASE_DELAY it would be the default 0.5 s and the rule would hold
::warning file=app.toml,line=4,col=9,title=MC208 secret in a file\
::app.toml:4:9: `consul.token` is a secret, and its value stands in app.toml\
%0Anote: files like this one end up in repositories\
%0Ahelp: set APP_CONSUL_TOKEN or APP_CONSUL_TOKEN_FILE instead
::warning title=MC103 unknown variable\
::environment variable APP_CONSUL_PORTS matches no setting\
%0Anote: `consul.port` is "8500" (app.toml:3:8); APP_CONSUL_PORTS has no effect\
%0Ahelp: did you mean APP_CONSUL_PORT?
meshconf: 4 errors, 2 warnings in app.toml, environment; nothing was loaded"""
        text = report_github(refused.problems, refused.sources)

        assert expected == text
        assert CANARY not in text

    def test_not_checked(self) -> None:
        """Each thing that was not checked is a notice."""
        expected = "::notice title=not checked::a 5%25\nmeshconf: no problems"

        assert expected == report_github((), (), ["a 5%"])

    def test_all_problems(self) -> None:
        """No problem is left out, however many there are."""
        assert 61 == len(report_github([in_file()] * 60).split("\n"))


class TestPlace:
    def test_one_line(self) -> None:
        """Columns are given where the stretch is on one line."""
        expected = "error file=app.toml,line=2,endLine=2,col=8,endColumn=14,title=MC201 wrong type"

        assert expected == properties(in_file())

    def test_many_lines(self) -> None:
        """GitHub refuses columns of a stretch over several lines, so there are none."""
        label = attrs.evolve(in_file().labels[0], end=Position(4, 2, 40))
        expected = "error file=app.toml,line=2,endLine=4,title=MC201 wrong type"

        assert expected == properties(in_file(labels=(label,)))

    def test_no_label(self) -> None:
        """Without a label, the place is that of the origin."""
        expected = "error file=app.toml,line=2,col=8,title=MC201 wrong type"

        assert expected == properties(in_file(labels=()))

    def test_label_elsewhere(self) -> None:
        """A label at another place than the origin is not taken for it."""
        label = attrs.evolve(in_file().labels[0], origin=Origin("file", "other.toml", 2, 8))
        beside = attrs.evolve(in_file().labels[0], primary=False)
        expected = "error file=app.toml,line=2,col=8,title=MC201 wrong type"

        assert expected == properties(in_file(labels=(label, beside)))

    def test_whole_file(self) -> None:
        """A problem of a whole file names only the file."""
        problem = in_file(origin=Origin("file", "app.toml"))

        assert "error file=app.toml,title=MC201 wrong type" == properties(problem)

    def test_env_file(self) -> None:
        """A line of a .env file has no columns: those that are known count within the value."""
        origin = Origin("dotenv", ".env", 3, 2)
        label = Label(origin, "l", Position(1, 2, 1), Position(1, 3, 2))
        problem = in_file(origin=origin, labels=(label,))

        assert "error file=.env,line=3,title=MC201 wrong type" == properties(problem)

    @pytest.mark.parametrize(
        "origin",
        [
            None,
            Origin("env", "APP_A"),
            Origin("dotenv", "APP_A"),
            Origin("secret_file", "/run/secrets/a"),
            Origin("default", "App.a"),
        ],
    )
    def test_no_file(self, origin: Origin | None) -> None:
        """What stands in no file that people edit names no file."""
        assert "error title=MC201 wrong type" == properties(in_file(origin=origin))

    def test_dots(self) -> None:
        """A path does not begin with a dot and a slash, which GitHub cannot resolve."""
        problem = in_file(origin=Origin("file", "./a/app.toml"))

        assert "error file=a/app.toml,title=MC201 wrong type" == properties(problem)


class TestEscapes:
    def test_property(self) -> None:
        """A property escapes what ends it, and the percent sign that begins an escape."""
        problem = in_file(origin=Origin("file", "a,b:%.toml"))

        assert properties(problem).startswith("error file=a%2Cb%3A%25.toml,title=")

    def test_message(self) -> None:
        """A message escapes line ends and percent signs and nothing else."""
        problem = in_file(origin=None, message="50%, a: b", notes=("n",), help="h")

        assert command(problem).endswith("::50%25, a: b%0Anote: n%0Ahelp: h")

    def test_control_characters(self) -> None:
        """What could steer a terminal is escaped, also a line end within a message."""
        problem = in_file(origin=None, message="a\x1b\r\n::error::b")

        assert command(problem).endswith("::a\\x1b\\r\\n::error::b")

    def test_code_of_ones_own(self) -> None:
        """A code that the table does not know stands alone in the title."""
        assert "error title=X1" == properties(in_file(code="X1", origin=None))

    @given(st.text(st.characters()))
    def test_any_text(self, text: str) -> None:
        """Whatever a problem says, it is one command on one line that can be printed."""
        problem = Problem(text, "error", text, text, Origin("file", text), (text,), text)
        lines = report_github([problem], [text], [text]).splitlines()
        command, notice, closing = lines

        assert command.startswith("::error file=")
        assert notice.startswith("::notice title=not checked::")
        assert closing.startswith("meshconf: 1 error in ")
        assert lines == [printable(line) for line in lines]
