"""Tests for tables of cases, as pytest runs them."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from meshconf.testing import cases

pytest_plugins = ["pytester"]

Run = Callable[..., pytest.RunResult]

SCHEMA = """\
import enum
from pathlib import Path
import attrs
from meshconf import Seconds, Secret, configuration, setting


class Mode(enum.Enum):
    FAST = "fast"
    SLOW = "slow"


def lower(text):
    if not text.islower():
        raise ValueError("is not in lower case")
    return text


@attrs.frozen
class Pool:
    size: int = setting(4, ge=1)
    wait: Seconds = 1.0


@configuration(prefix="APP_", file="app.toml")
@attrs.frozen(kw_only=True)
class App:
    name: str = "app"
    mode: Mode = Mode.FAST
    hosts: tuple[str, ...] = setting((), merge="append")
    token: Secret[str] | None = None
    limit: int | None = None
    word: str = setting("a", converter=lower)
    folder: Path = attrs.field(default="data", converter=Path)
    pool: Pool = Pool()
    pools: dict[str, Pool] = {}


@attrs.frozen
class Plain:
    name: str = ""
"""

FILE = """\
hosts = ["a"]
[pool]
size = 2
wait = "500ms"
[pools.one]
"""


@pytest.fixture(name="table")
def _table(run: Run, pytester: pytest.Pytester) -> Run:
    """Return a function that runs a table beside app.toml; the schema is in a module."""

    def table(text: str, *arguments: str, head: str = 'schema = "schemas:App"') -> pytest.RunResult:
        pytester.syspathinsert()
        files = {
            "schemas.py": SCHEMA,
            "app.toml": FILE,
            "app.production.toml": "pool.size = 9\n",
            "test_app.meshconf.toml": f"{head}\n{textwrap.dedent(text)}",
        }
        return run(files, *arguments)

    return table


def failures(result: pytest.RunResult) -> str:
    """Return what pytest says of failures, without the lines of equal signs around it."""
    lines = result.stdout.lines
    titles = [number for number, line in enumerate(lines) if line.startswith("==")]
    start = next(number for number in titles if "FAILURES" in lines[number])
    end = next(number for number in titles if number > start)
    return "\n".join(lines[start + 1 : end])


class TestExpect:
    def test_passes(self, table: Run) -> None:
        """Each case is a test, called as in the table, with values as any source may say them."""
        result = table(
            """
            [case.plain]
            expect.name = "app"
            expect.mode = "fast"
            expect.folder = "data"
            expect.hosts = ["a"]
            expect.pool = { size = 2, wait = 0.5 }
            expect.pools.one.size = 4

            [case."by variable"]
            env = { APP_POOL_WAIT = "2m", APP_TOKEN = "x", APP_POOLS__TWO__SIZE = "3" }
            expect = { "pool.wait" = "120s", token = "x", pools.two = { size = 3, wait = 1 } }

            [case.production]
            env.APP_PROFILE = "production"
            expect.pool.size = 9

            [case."production, named"]
            files = ["app.toml"]
            profile = "production"
            expect.pool.size = 9

            [case.tables]
            expect.pools = { one = {} }
            """,
            "-v",
        )

        result.assert_outcomes(passed=5)
        result.stdout.fnmatch_lines(
            [
                "test_app.meshconf.toml::plain PASSED*",
                "test_app.meshconf.toml::by variable PASSED*",
                "test_app.meshconf.toml::production PASSED*",
                "test_app.meshconf.toml::production, named PASSED*",
            ]
        )

    def test_other_values(self, table: Run) -> None:
        """A failure names the line of the case, both values, and where the value is from."""
        result = table(
            """
            [case.first]

            [case.second]
            env = { APP_POOL_WAIT = "2s" }
            expect.pool = { size = 3, wait = "1s" }
            expect.mode = "slow"
            expect.hosts = ["a", "b"]
            expect.limit = 1
            expect.pools.one.size = 5
            expect.name = "app"

            [case.third]
            expect.pools = {}
            """
        )

        assert textwrap.dedent(
            """\
                ____ second ____
                test_app.meshconf.toml:5: other values than expected:
                - pool.size = 3
                + pool.size = 2  # app.toml:3:8
                - pool.wait = 1.0
                + pool.wait = 2.0  # environment variable APP_POOL_WAIT
                - mode = "slow"
                + mode = "fast"  # the default
                - hosts = ["a", "b"]
                + hosts = ["a"]  # app.toml:1:9
                - limit = 1
                + limit is not set  # the default
                - pools.one.size = 5
                + pools.one.size = 4  # the default
                ____ third ____
                test_app.meshconf.toml:14: other values than expected:
                - pools = {}
                + pools = { one = { size = 4, wait = 1.0 } }  # app.toml"""
        ) == re.sub("__+", "____", failures(result))
        result.assert_outcomes(passed=1, failed=2)

    def test_impossible_values(self, table: Run) -> None:
        """What no configuration could have is told with the reason."""
        result = table(
            """
            [case.one]
            expect = { sise = 1, word = "LOUD", pool = { size = 0, wait = "1 parsec" } }
            [case.two]
            expect.pools = { one = 3, two.size = 4 }
            """
        )

        assert [
            "- sise = 1  # no setting is called sise; did you mean pool.size?",
            '- word = "LOUD"  # is refused by its converter: is not in lower case',
            "- pool.size = 0",
            '- pool.wait = "1 parsec"  # is not a duration: unknown unit `parsec`',
            "- pools.one = 3  # must be a table, got an integer",
            "- pools.two.size = 4  # no setting is called pools.two.size; did you mean pools.one.size?",
        ] == list(dict.fromkeys(line for line in result.stdout.lines if line.startswith("- ")))

    def test_secrets(self, table: Run) -> None:
        """No secret is shown, neither that of the configuration nor the one expected."""
        result = table(
            """
            [case.other]
            env.APP_TOKEN = "canary-1"
            expect.token = "canary-2"
            [case.bad]
            expect.token = ["canary-3"]
            [case.short]
            env.APP_TOKEN_FILE = "nowhere"
            expect.token = "canary-4"
            """
        )

        assert "- token = <secret>\n+ token = <secret>  # environment" in failures(result)
        assert "canary" not in failures(result)
        result.assert_outcomes(failed=3)

    def test_nothing_was_loaded(self, table: Run) -> None:
        """A load that fails has no values; the report tells why."""
        result = table(
            """
            [case.unsaid]
            env.APP_POOL_SIZE = "0"
            [case.said]
            env.APP_POOL_SIZE = "0"
            problems = ["MC202 pool.size"]
            expect.name = "app"
            """
        )

        result.assert_outcomes(failed=2)
        result.stdout.fnmatch_lines(
            [
                "test_app.meshconf.toml:3: nothing was loaded:",
                "error[[]MC202]: `pool.size` must be at least 1, got 0",
                "test_app.meshconf.toml:5: nothing was loaded:",
            ]
        )


class TestProblems:
    def test_passes(self, table: Run) -> None:
        """Problems are those of the table; where it says none of them, warnings do not matter."""
        result = table(
            """
            [case.errors]
            env = { APP_POOL_SIZE = "0", APP_NAMES = "x" }
            problems = ["MC103", "MC202 pool.size"]
            [case.warnings]
            env = { APP_NAMES = "x" }
            problems = ["MC103"]
            expect.name = "app"
            [case.unsaid]
            env = { APP_NAMES = "x" }
            [case.none]
            problems = []
            """
        )

        result.assert_outcomes(passed=4)

    def test_other_problems(self, table: Run) -> None:
        """A failure names the line of the case, shows what differs, and the report."""
        result = table(
            """
            [case.one]
            env = { APP_NAMES = "x" }
            problems = []
            """
        )

        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(
            [
                "test_app.meshconf.toml:3: other problems than expected:",
                "+ MC103: environment variable APP_NAMES matches no setting",
                "meshconf: 1 warning in app.toml, environment",
            ]
        )

    def test_missing_file(self, table: Run, pytester: pytest.Pytester) -> None:
        """Of a file that is not there it is said where it was looked for."""
        result = table('[case.one]\nfiles = ["none.toml"]\n')

        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(
            ["error[[]MC401]: none.toml does not exist", f"files are looked for in {pytester.path}"]
        )


class TestEnvironment:
    def test_variables_are_those_of_the_case(
        self, table: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """No variable of the process is read."""
        monkeypatch.setenv("APP_NAME", "mine")
        monkeypatch.setenv("APP_PROFILE", "nowhere")
        monkeypatch.setenv("CREDENTIALS_DIRECTORY", "nowhere")
        table('[case.one]\nexpect.name = "app"\nproblems = []').assert_outcomes(passed=1)

    def test_folder_is_that_of_the_table(self, run: Run, pytester: pytest.Pytester) -> None:
        """Paths start from the folder of the table, whatever the working directory is."""
        files = {
            "deploy/mesh.toml": "config_version = 2\nservice_name = 'a'\n",
            "deploy/other.toml": "service_name = 'b'\n",
            "deploy/test_mesh.meshconf.toml": '[case.a]\nexpect.service_name = "a"\n'
            '[case.b]\nfiles = ["mesh.toml", "other.toml"]\nexpect.service_name = "b"\n'
            '[case.c]\nexpect.service_name = "c"\n',
            "tests/test_mesh.meshconf.toml": 'files = ["../deploy/mesh.toml"]\n'
            '[case.a]\nexpect.service_name = "a"\n[case.none]\nfiles = []\n'
            'problems = ["MC102 service_name"]\n',
        }
        result = run(files)

        result.assert_outcomes(passed=4, failed=1)
        result.stdout.fnmatch_lines(
            ["deploy/test_mesh.meshconf.toml:6: *", '+ service_name = "a"  # mesh.toml:2:16']
        )
        assert str(pytester.path) not in failures(result)

    def test_prefix(self, table: Run) -> None:
        """The table may say what the names of variables begin with."""
        head = 'schema = "schemas:Plain"\nprefix = "PLAIN_"'
        text = '[case.one]\nenv.PLAIN_NAME = "a"\nexpect.name = "a"\n'
        table(text, head=head).assert_outcomes(passed=1)


class TestBadTable:
    @pytest.mark.parametrize(
        ("head", "text", "message"),
        [
            ("", "[case.one]\nenvs = {}\n", "error[[]MC101]: unknown key `case.one.envs`"),
            ("", "[case.one]\nenv.A = 1\n", "error[[]MC201]: `case.one.env.A` must be a string*"),
            ("", "", "test_app.meshconf.toml has no case: write [[]case.NAME] above what is one"),
            (
                "",
                '[case."a b"]\nproblems = ["retry.attempts"]\n',
                'test_app.meshconf.toml:3:12: "retry.attempts" begins with no code: *',
            ),
            ("", "[case.one", "error[[]MC001]: *"),
            ('schema = "schemas:Ap"', "[case.one]", "*.toml:1:10: * has no attribute 'Ap'"),
            (
                'schema = "nowhere:App"',
                "[case.one]",
                "test_app.meshconf.toml:1:10: schema = \"nowhere:App\": No module named 'nowhere'",
            ),
            ('schema = "no name"', "[case.one]", "*.toml:1:10: *: invalid format: 'no name'"),
            ('schema = "schemas:lower"', "[case.one]", "schema: *"),
            ('schema = "schemas:Plain"', "[case.one]", "Plain names no prefix*"),
            ("", "[case.one.expect]\n'a.b' = 1\na = 1\n", "the override 'a' contradicts another"),
        ],
    )
    def test_is_told(self, table: Run, head: str, text: str, message: str) -> None:
        """A table that is wrong is an error of its own, and no traceback."""
        result = table(text, head=head)

        result.assert_outcomes(errors=1)
        result.stdout.fnmatch_lines(["*ERROR collecting test_app.meshconf.toml*", message])
        result.stdout.no_fnmatch_line("*Error: *")

    def test_fault(self, table: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        """What is no finding about a configuration is a failure with its traceback."""

        def broken(*_: object, **__: object) -> None:
            raise LookupError("a fault")

        monkeypatch.setattr(cases, "read_outcome", broken)
        result = table("[case.one]\n")

        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(["*LookupError: a fault", "*cases.py:*"])


class TestCollection:
    def test_other_files(self, run: Run) -> None:
        """Only files with such a name are tables."""
        names = ("test_a.toml", "a.meshconf.toml", "meshconf.toml", "test_a.meshconf.tom")
        result = run(dict.fromkeys(names, "[case.one"))

        assert pytest.ExitCode.NO_TESTS_COLLECTED == result.ret

    def test_by_name(self, table: Run) -> None:
        """A case is chosen as any other test."""
        text = "[case.one]\n[case.two]\n"

        table(text, "test_app.meshconf.toml::two").assert_outcomes(passed=1)
        table(text, "-k", "one").assert_outcomes(passed=1, deselected=1)

    def test_place(self, table: Run) -> None:
        """Its line is where pytest has the test."""
        result = table(
            "[case.one]\nexpect.name = 1\n", "--junit-xml=report.xml", "-o", "junit_family=xunit1"
        )
        result.assert_outcomes(failed=1)

        assert 'file="test_app.meshconf.toml" line="1"' in Path("report.xml").read_text()
