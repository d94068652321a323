"""What other libraries leave out of a report: places, names, the second mistake."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest
from attrs.validators import ge, le, matches_re

import meshconf
from meshconf import Origin, Problem, setting


@pytest.fixture(name="file")
def _file(tmp_path: Path) -> Path:
    """Name a file that is not there yet."""
    return tmp_path / "app.toml"


def report_of(
    schema: type[Any], *sources: Any, environ: Mapping[str, str] | None = None
) -> meshconf.ConfigError:
    """Load what must not load."""
    with pytest.raises(meshconf.ConfigError) as caught:
        meshconf.load(*sources, schema=schema, prefix="APP_", environ=environ or {})
    return caught.value


def errors_of(
    schema: type[Any], *sources: Any, environ: Mapping[str, str] | None = None
) -> tuple[Problem, ...]:
    """Load what must not load, for its problems."""
    return report_of(schema, *sources, environ=environ).problems


@attrs.frozen
class Server:
    port: int = 8080
    host: str = "localhost"
    debug: bool = False
    codes: list[int] = attrs.Factory(list)


class TestPlaceOfABadValue:
    """`port = "eighty"` for an int."""

    def test_file_line_column(self, file: Path) -> None:
        """A bad value is reported with its file, line and column."""
        file.write_text('host = "a"\nport = "eighty"\n')
        (problem,) = errors_of(Server, file)

        assert Origin("file", str(file), 2, 8) == problem.origin
        assert "port" == problem.path
        assert "`port` must be an integer, got a string" == problem.message

    def test_caret(self, file: Path) -> None:
        """The report shows the user's own line with carets under the value."""
        file.write_text('host = "a"\nport = "eighty"\n')
        shown = str(report_of(Server, file))

        assert '2 | port = "eighty"\n  |        ^^^^^^^^ a string\n' in shown

    def test_file_is_blamed_where_the_variable_is_not_set(self, file: Path) -> None:
        """With a file and the environment loaded, the one that holds the bad value is blamed."""
        file.write_text('port = "eighty"\n')
        error = report_of(Server, file, environ={"APP_HOST": "b"})

        assert ["file"] == [problem.origin and problem.origin.kind for problem in error.problems]
        assert "APP_PORT" not in str(error)

    def test_variable_is_blamed_where_it_wins(self, file: Path) -> None:
        """A bad variable over a good file is blamed by its full name, with what it shadows."""
        file.write_text("port = 1\n")
        (problem,) = errors_of(Server, file, environ={"APP_PORT": "eighty"})

        assert Origin("env", "APP_PORT") == problem.origin
        assert f"overrides 1 from {file}:1:8" in problem.notes

    def test_the_right_file_is_blamed(self, tmp_path: Path) -> None:
        """Of several files, the one whose value wins is blamed."""
        first, last = tmp_path / "base.toml", tmp_path / "local.toml"
        first.write_text("port = 1\n")
        last.write_text("\nport = true\n")
        (problem,) = errors_of(Server, first, last)

        assert Origin("file", str(last), 2, 8) == problem.origin

    def test_overridden_mistake_is_none(self, file: Path) -> None:
        """A bad value that something overrides refuses nothing."""
        file.write_text('port = "eighty"\n')
        config = meshconf.load(file, schema=Server, prefix="APP_", environ={"APP_PORT": "80"})

        assert 80 == config.port


class TestAllAtOnce:
    """Several mistakes in one load."""

    def test_unknown_key_and_bad_value(self, file: Path) -> None:
        """An unknown key hides no bad value, neither in its table nor elsewhere."""
        file.write_text('prot = 1\nport = "eighty"\n')
        problems = errors_of(Server, file)

        assert [("MC101", "prot"), ("MC201", "port")] == [(one.code, one.path) for one in problems]

    def test_file_and_environment(self, file: Path) -> None:
        """A mistake in a file hides none in the environment."""
        file.write_text("host = 1\n")
        problems = errors_of(Server, file, environ={"APP_DEBUG": "maybe"})

        assert ["host", "debug"] == [one.path for one in problems]

    def test_bad_file_and_bad_variable(self, file: Path) -> None:
        """A file that cannot be parsed hides no mistake in the environment."""
        file.write_text("host = \n")
        problems = errors_of(Server, file, environ={"APP_DEBUG": "maybe"})

        assert ["MC001", "MC201"] == [one.code for one in problems]

    def test_missing_and_bad(self, file: Path) -> None:
        """What is missing and what is wrong are told together; a wrong value is not missing."""

        @attrs.frozen
        class Required:
            name: str
            port: int = attrs.field(validator=ge(1))

        file.write_text("port = 0\n")
        problems = errors_of(Required, file)

        assert {("MC102", "name"), ("MC202", "port")} == {(one.code, one.path) for one in problems}


@attrs.frozen
class Limits:
    low: int = attrs.field(default=1, validator=ge(1))
    high: int = attrs.field(default=2, validator=[ge(1), le(100)])
    name: str = attrs.field(default="a", validator=matches_re("[a-z]+"))


@attrs.frozen
class Limited:
    retries: int = attrs.field(default=3, validator=ge(0))
    limits: Limits = attrs.Factory(Limits)


class TestValidators:
    """Two attrs validators fail in a class, one in its parent."""

    def test_each_by_name(self, file: Path) -> None:
        """Every failing validator is reported with the path of its field, in file order."""
        file.write_text('retries = -1\n[limits]\nlow = 0\nhigh = 500\nname = "A1"\n')
        problems = errors_of(Limited, file)

        assert ["retries", "limits.low", "limits.high", "limits.name"] == [
            one.path for one in problems
        ]

    def test_each_with_its_reason(self, file: Path) -> None:
        """A failing validator is reported with the bound that it demands and the value."""
        file.write_text("retries = -1\n[limits]\nlow = 0\nhigh = 500\n")
        messages = [one.message for one in errors_of(Limited, file)]

        assert [
            "`retries` must be at least 0, got -1",
            "`limits.low` must be at least 1, got 0",
            "`limits.high` must be at most 100, got 500",
        ] == messages

    def test_each_at_its_line(self, file: Path) -> None:
        """A failing validator is reported at the value that it refused."""
        file.write_text("retries = -1\n[limits]\nlow = 0\nhigh = 500\n")
        origins = [one.origin for one in errors_of(Limited, file)]

        assert [(1, 11), (3, 7), (4, 8)] == [(one.line, one.column) for one in origins if one]


class TestMissingFile:
    """A file that is not there."""

    def test_is_an_error(self, file: Path) -> None:
        """A named file that is missing is an error that names it."""
        (problem,) = errors_of(Server, file)

        assert "MC401" == problem.code
        assert f"{file} does not exist" == problem.message

    def test_unless_optional(self, file: Path) -> None:
        """A file that is said to be optional may be missing."""
        source = meshconf.File(file, optional=True)

        assert Server() == meshconf.load(source, schema=Server, prefix="APP_", environ={})


class TestSyntaxError:
    """A TOML syntax error."""

    def test_names_the_file(self, file: Path) -> None:
        """A syntax error has file, line and column."""
        file.write_text("port = 1\nhost = ]\n")
        (problem,) = errors_of(Server, file)

        assert Origin("file", str(file), 2, 8) == problem.origin
        assert f" --> {file}:2:8\n" in str(report_of(Server, file))


@attrs.frozen
class Login:
    user: str = "root"
    password: str | None = setting(None, secret=True)
    token: meshconf.Secret[str] | None = None
    attempts: int = 3


class TestSecretBesideAMistake:
    """A secret beside a bad value."""

    @pytest.mark.parametrize("name", ["password", "token"])
    @pytest.mark.parametrize(
        "text",
        [
            'attempts = "x"\n{name} = "hunter2"\n',
            '{name} = "hunter2"\nattempts = "x"\n',
            '{name} = ["hunter2"]\n',
            '{name} = {{value = "hunter2"}}\n',
            '{name} = """\nhunter2""" # hunter2\nattempts = 1.5',
            '{name} = "hunter2\n',
            '{name} = "hunter2"\n{name} = "hunter2"\n',
            '{name}s = "hunter2"\n',
        ],
        ids=["behind", "before", "array", "table", "lines", "syntax", "twice", "misspelt"],
    )
    def test_file(self, file: Path, name: str, text: str) -> None:
        """No report shows a secret of a file, whatever is wrong in its neighbourhood."""
        file.write_text(text.format(name=name))
        error = report_of(Login, file)

        assert "hunter2" not in str(error)
        assert "hunter2" not in repr(error)

    def test_inline_table(self, file: Path) -> None:
        """A secret on the very line of a mistake is masked there."""

        @attrs.frozen
        class Outer:
            login: Login = attrs.Factory(Login)

        file.write_text('login = {password = "hunter2", attempts = "x"}\n')
        shown = str(report_of(Outer, file))

        assert "login.attempts" in shown
        assert "hunter2" not in shown

    def test_environment(self) -> None:
        """No report shows a secret variable beside a bad one."""
        environ = {"APP_PASSWORD": "hunter2", "APP_TOKEN": "hunter2", "APP_ATTEMPTS": "x"}
        error = report_of(Login, environ=environ)

        assert ["attempts"] == [one.path for one in error.problems]
        assert "hunter2" not in str(error)

    def test_no_exception_behind(self) -> None:
        """The error drags no other exception along, in which a value could stand."""
        error = report_of(Login, environ={"APP_PASSWORD": "hunter2", "APP_ATTEMPTS": "x"})

        assert error.__cause__ is None
        assert error.__context__ is None


class TestBadElement:
    """A bad element of a list."""

    def test_in_a_file(self, file: Path) -> None:
        """The report has the element's index and its place."""
        file.write_text('codes = [\n  500,\n  "x",\n]\n')
        (problem,) = errors_of(Server, file)

        assert "codes[1]" == problem.path
        assert Origin("file", str(file), 3, 3) == problem.origin

    @pytest.mark.parametrize("text", ["500,x", '[500, "x"]'])
    def test_in_a_variable(self, text: str) -> None:
        """The same holds for a variable, whether it lists elements or holds JSON."""
        (problem,) = errors_of(Server, environ={"APP_CODES": text})

        assert "codes[1]" == problem.path
        assert Origin("env", "APP_CODES") == problem.origin

    def test_several(self, file: Path) -> None:
        """Every bad element is reported."""
        file.write_text('codes = ["x", 500, true]\n')
        problems = errors_of(Server, file)

        assert ["codes[0]", "codes[2]"] == [one.path for one in problems]
