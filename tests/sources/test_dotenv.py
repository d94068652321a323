"""Tests for `meshconf.sources.dotenv`."""

import os
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import meshconf
from meshconf.schema.compile import model_of
from meshconf.schema.setting import setting
from meshconf.sources.dotenv import DotEnv
from meshconf.sources.layer import Layer, Stray


@attrs.frozen
class Limits:
    ratio: float = 0.5


@attrs.frozen
class App:
    limits: Limits = attrs.Factory(Limits)
    name: str = ""
    token: str = setting("", env="TOKEN")


APP = model_of(App)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Name a .env file."""
    return tmp_path / ".env"


def read(file: Path, text: str, **options: Any) -> Layer:
    """Write a .env file and read it."""
    file.write_bytes(text.encode())
    return DotEnv(file, "X_", **options).read(APP)


class TestRead:
    """A .env file becomes a layer."""

    @pytest.mark.parametrize(
        ("expected", "text"),
        [
            ({}, ""),
            ({}, "# a comment\n\n"),
            ({"name": "a"}, "X_NAME=a"),
            ({"name": "a"}, "export X_NAME=a\n"),
            ({"name": "a b"}, "X_NAME='a b'\r\n"),
            ({"name": "a\nb"}, 'X_NAME="a\nb"\n'),
            ({"name": ""}, "X_NAME=\n"),
            ({"name": "${HOME}$X"}, "X_NAME=${HOME}$X\n"),
            ({"name": "second"}, "X_NAME=first\nX_NAME=second\n"),
            ({"limits": {"ratio": 0.2}, "token": "a"}, "X_LIMITS_RATIO=0.2\nTOKEN=a\nOTHER=b\n"),
            ({}, "X_CONFIG=app.toml\nX_PROFILE=test\nY_NAME=a\n"),
            ({}, "NAME\n"),
        ],
    )
    def test_data(self, expected: dict[str, Any], text: str, file: Path) -> None:
        """The last line for a name wins, and nothing is interpolated."""
        layer = read(file, text)

        assert expected == layer.data
        assert ((), (), True) == (layer.problems, layer.strays, layer.complete)

    def test_lines(self, file: Path) -> None:
        """Each value knows its line, blank lines and comments before it counted."""
        layer = read(file, "\n# a comment\n\nX_NAME=a\n\n  X_LIMITS_RATIO=0.2\nTOKEN=1\n")

        assert {"name": 4, "limits.ratio": 6, "token": 7} == {
            ".".join(map(str, path)): text.first_line for path, text in layer.texts.items()
        }
        assert [("dotenv", str(file))] * 3 == [
            (text.kind, text.name) for text in layer.texts.values()
        ]

    def test_separator(self, file: Path) -> None:
        """Another separator stands between the parts of a name."""
        layer = read(file, "X_LIMITS__RATIO=0.2\n", separator="__")

        assert {"limits": {"ratio": 0.2}} == layer.data

    def test_strays(self, file: Path) -> None:
        """A name under the prefix that matches no setting is told."""
        assert (Stray("X_NMAE"),) == read(file, "X_NMAE=a\n").strays

    def test_process(self, file: Path) -> None:
        """The variables of the process are neither read nor changed."""
        before = dict(os.environ)
        read(file, "X_NAME=a\nPATH=/nowhere\n")

        assert before == dict(os.environ)

    def test_exported_wins(self, file: Path) -> None:
        """A variable of the process wins over the file, leaf by leaf."""
        file.write_text("X_NAME=file\nX_LIMITS_RATIO=0.2\n")
        config = meshconf.load(
            DotEnv(file, "X_"), schema=App, prefix="X_", environ={"X_NAME": "exported"}
        )

        assert ("exported", 0.2) == (config.name, config.limits.ratio)

    @given(text=st.text("X_NAME=ab'\"\n#\\ $", max_size=40) | st.text(max_size=30))
    def test_any_text(self, text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
        """Any text becomes data or problems."""
        layer = read(tmp_path_factory.getbasetemp() / "any.env", text)

        assert bool(layer.problems) == (not layer.complete)


class TestProblems:
    """What is wrong with the file itself."""

    @pytest.mark.parametrize(
        ("line", "text"),
        [
            (1, "X_NAME='a\n"),
            (3, "Y=1\n\nNO NAME=a\nX_NAME=b\n"),
            (2, "# a comment\n=a\n"),
            (2, "OTHER\nX_NAME\n"),
        ],
    )
    def test_bad_line(self, line: int, text: str, file: Path) -> None:
        """A line that is no binding is told by its number, not by its text."""
        layer = read(file, text)
        (problem,) = layer.problems

        assert ("MC005", f"line {line} of {file} is not NAME=value") == (
            problem.code,
            problem.message,
        )
        assert f"{file}:{line}" == str(problem.origin)
        assert not layer.complete

    def test_many_bad_lines(self, file: Path) -> None:
        """Of very many bad lines the first are told, and the good ones are still read."""
        layer = read(file, "=\n" * 1000 + "X_NAME=b\n")

        assert (500, {"name": "b"}) == (len(layer.problems), layer.data)

    def test_other_lines_are_read(self, file: Path) -> None:
        """A bad line does not hide the others."""
        assert {"name": "b"} == read(file, "NO NAME=a\nX_NAME=b\n").data

    def test_missing(self, file: Path) -> None:
        """A missing file is a problem, and nothing is said to be missing from it."""
        layer = DotEnv(file, "X_").read(APP)

        assert [("MC401", f"{file} does not exist")] == [
            (problem.code, problem.message) for problem in layer.problems
        ]
        assert not layer.complete

    def test_optional(self, file: Path) -> None:
        """An optional file may be missing."""
        layer = DotEnv(file, "X_", optional=True).read(APP)

        assert ({}, (), True) == (layer.data, layer.problems, layer.complete)

    def test_optional_but_unreadable(self, tmp_path: Path) -> None:
        """An optional file that is there must be readable."""
        layer = DotEnv(tmp_path, "X_", optional=True).read(APP)

        assert ["MC402"] == [problem.code for problem in layer.problems]

    def test_too_large(self, file: Path) -> None:
        """A file of more than 1 MiB is refused."""
        layer = read(file, "#" * 1_048_577)

        assert ["MC004"] == [problem.code for problem in layer.problems]

    @pytest.mark.parametrize(
        ("expected", "line", "text"),
        [
            ("32,768 characters on line 1", 1, "A=1" + " " * 400_000 + "x"),
            ("1,000 blanks in a row on line 3", 3, "A=1\n\nB=1" + " \t" * 501 + "x\n"),
            ("1,000 blanks in a row on line 2", 2, "A=1\n" + "\x1f" * 40_000),
            ("32,768 characters on line 2", 2, "A=1\r\nX_NAME=" + "x" * 32_762),
        ],
    )
    def test_long_line(self, expected: str, line: int, text: str, file: Path) -> None:
        """What takes python-dotenv quadratic time is refused before it is parsed."""
        layer = read(file, text)
        (problem,) = layer.problems

        assert ("MC004", f"{file} has more than {expected}") == (problem.code, problem.message)
        assert f"{file}:{line}" == str(problem.origin)
        assert ({}, False) == (layer.data, layer.complete)

    @pytest.mark.parametrize(
        "value", ["x" * 32_761, "x" + " " * 1000 + "x", ("x" + " " * 500) * 60 + "x"]
    )
    def test_long_enough(self, value: str, file: Path) -> None:
        """A line up to the limit is read."""
        assert {"name": value} == read(file, f"\nX_NAME={value}\n").data

    def test_many_quotes(self, file: Path) -> None:
        """A quote that is not closed costs no more than one pass over what follows."""
        layer = read(file, 'A="' + ('\\"' * 15_000 + "\n") * 30)

        # Older releases of python-dotenv take the last of the escaped quotes for the end.
        assert {} == layer.data

    @pytest.mark.parametrize(
        "text",
        [
            "X_NAME=a\nX_NAME_FILE=/nowhere\n",
            "\nX_NAME_FILE=/nowhere\n",
            "\nTOKEN_FILE=/nowhere\n",
        ],
    )
    def test_name_file(self, text: str, file: Path) -> None:
        """A problem with NAME_FILE stands at its line."""
        (problem,) = read(file, text).problems

        assert f"{file}:2" == str(problem.origin).removesuffix(":1")
