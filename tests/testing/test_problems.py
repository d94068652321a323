"""Tests for `assert_problems`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import pytest

import meshconf
from meshconf import Problem, setting
from meshconf.testing import CleanEnvironment, ExpectedProblem, assert_problems

if TYPE_CHECKING:
    from collections.abc import Callable


@attrs.frozen
class App:
    """An application."""

    port: int = setting(80, ge=1)
    name: str = ""


@pytest.fixture
def error(meshconf_env: CleanEnvironment) -> meshconf.ConfigError:
    """Load a file and a variable with a mistake each."""
    file = meshconf_env.file("app.toml", "port = 0\n\nnaem = 1\n")
    with pytest.raises(meshconf.ConfigError) as caught:
        meshconf.load(file, schema=App, prefix="APP_", environ={"APP_PROT": "1"})
    return caught.value


EXPECTED = ("MC202 port", "MC101 naem", "MC103")

DIFFERENT = """\
other problems than expected:
- MC201 port
  MC202 port app.toml:1:8: `port` must be at least 1, got 0
+ MC101 naem app.toml:3:1: unknown key `naem`
+ MC103: environment variable APP_PROT matches no setting

"""


def message_of(call: Callable[[], Any]) -> str:
    """Return the message of an assertion that fails."""
    with pytest.raises(AssertionError) as caught:
        call()
    return str(caught.value)


class TestAssertProblems:
    @pytest.mark.parametrize("expected", [EXPECTED, EXPECTED[::-1]])
    def test_exactly(self, error: meshconf.ConfigError, expected: tuple[str, ...]) -> None:
        """The problems of an error are those expected, in any order."""
        assert_problems(error, *expected)

    def test_different(self, error: meshconf.ConfigError) -> None:
        """The message shows what lacks, what is there, what is not expected, and the report."""
        message = message_of(lambda: assert_problems(error, "MC201 port", "MC202 port"))

        assert f"{DIFFERENT}{error}" == message

    def test_twice(self, error: meshconf.ConfigError) -> None:
        """A problem that is there once is not there twice."""
        message = message_of(lambda: assert_problems(error, *EXPECTED, "MC202 port"))

        assert "- MC202 port\n  MC202 port app.toml:1:8" in message

    def test_warnings_of_a_snapshot(self) -> None:
        """Of a load that succeeds the warnings count."""
        snapshot = meshconf.read(schema=App, prefix="APP_", environ={"APP_PROT": "1"})
        assert_problems(snapshot, "MC103")
        message = message_of(lambda: assert_problems(snapshot))

        assert message.endswith("meshconf: 1 warning in environment")

    def test_none(self) -> None:
        """A load without any finding has no problems; the message says so."""
        snapshot = meshconf.read(schema=App, prefix=None)
        assert_problems(snapshot)
        message = message_of(lambda: assert_problems(snapshot, "MC202 port"))

        assert "other problems than expected:\n- MC202 port\n\nmeshconf: no problems" == message

    def test_of_any_other_kind(self, error: meshconf.ConfigError) -> None:
        """Problems may come from anywhere."""
        problems = iter(error.problems[:1])
        assert_problems(problems, "MC202 port")
        message = message_of(lambda: assert_problems(error.problems[:1]))

        assert message.endswith("meshconf: 1 error; nothing was loaded")

    def test_control_characters(self) -> None:
        """What a problem quotes steers no terminal."""
        message = message_of(lambda: assert_problems([Problem("MC1", "error", "", "\x1b[2J")]))

        assert "\x1b" not in message

    def test_traceback(self, run: Callable[..., pytest.RunResult]) -> None:
        """The traceback ends where the test asserts it."""
        test = (
            "from meshconf.testing import *\n\ndef test_it():\n    assert_problems([], 'MC201 a')\n"
        )
        result = run({"test_it.py": test})

        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(["E * - MC201 a", "", "test_it.py:4: AssertionError"])
        result.stdout.no_fnmatch_line("*problems.py*")


class TestExpectedProblem:
    @pytest.mark.parametrize("text", ["consul.port", "", " port", "mc201 port"])
    def test_no_code(self, text: str) -> None:
        """A text that begins with no code is refused, since no problem could be that."""
        with pytest.raises(ValueError, match="begins with no code"):
            assert_problems([], text)

    @pytest.mark.parametrize(
        ("code", "path", "more"),
        [
            ("MC202", "port", {}),
            ("MC202", "port", {"origin": "app.toml"}),
            ("MC202", "port", {"origin": "app.toml:1"}),
            ("MC202", "port", {"origin": "app.toml:1:8", "message": "at least 1"}),
            ("MC103", "", {"origin": "APP_PROT"}),
            ("MC103", "", {"origin": "environment variable APP_PROT"}),
        ],
    )
    def test_fits(
        self, error: meshconf.ConfigError, code: str, path: str, more: dict[str, str]
    ) -> None:
        """It fits by its code and its path, and what else it says."""
        expected = ExpectedProblem(code, path, **more)

        assert [code] == [one.code for one in error.problems if expected.fits(one)]

    @pytest.mark.parametrize(
        "expected",
        [
            ExpectedProblem("MC201", "port"),
            ExpectedProblem("MC202"),
            ExpectedProblem("MC202", "por"),
            ExpectedProblem("MC202", "port", origin="app.tom"),
            ExpectedProblem("MC202", "port", origin="app.toml:"),
            ExpectedProblem("MC202", "port", origin="app.toml:2"),
            ExpectedProblem("MC202", "port", origin="app.toml:1:9"),
            ExpectedProblem("MC202", "port", message="At least"),
        ],
        ids=str,
    )
    def test_fits_not(self, error: meshconf.ConfigError, expected: ExpectedProblem) -> None:
        """It fits nothing that differs in any of that."""
        assert [] == [one for one in error.problems if expected.fits(one)]

    def test_of_no_place(self) -> None:
        """A problem that stands nowhere is at no place."""
        assert not ExpectedProblem("MC1", origin="a").fits(Problem("MC1", "error", "", ""))

    def test_is_shown_as_far_as_it_goes(self, error: meshconf.ConfigError) -> None:
        """A message shows all that it says."""
        expected = ExpectedProblem("MC202", "port", origin="app.toml:9", message="at least 2")
        message = message_of(lambda: assert_problems(error, expected))

        assert "\n- MC202 port app.toml:9: at least 2\n" in message

    @pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
    def test_what_says_less_leaves_room(self, order: tuple[int, ...]) -> None:
        """What fits several problems takes the one that nothing else fits, whatever the order."""
        problems = [Problem("MC1", "error", "", text) for text in ("ab", "bc", "ca")]
        expected = [
            ExpectedProblem("MC1"),
            ExpectedProblem("MC1", message="b"),
            ExpectedProblem("MC1", message="ab"),
        ]

        assert_problems(problems, *(expected[number] for number in order))
