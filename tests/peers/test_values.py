"""Values that other libraries turn around without a word."""

from pathlib import Path
from typing import Any

import attrs
import pytest

import meshconf


@attrs.frozen
class App:
    debug: bool = False
    count: int = 0
    ratio: float = 0.0
    name: str = ""
    tags: list[str] = attrs.Factory(list)
    codes: list[int] = attrs.Factory(list)
    labels: dict[str, str] = attrs.Factory(dict)


def load(*sources: Any, **environ: str) -> App:
    """Load an App."""
    return meshconf.load(*sources, schema=App, prefix="APP_", environ=environ)


def problem_with(*sources: Any, **environ: str) -> meshconf.Problem:
    """Load what has one mistake."""
    with pytest.raises(meshconf.ConfigError) as caught:
        load(*sources, **environ)
    (problem,) = caught.value.problems
    return problem


class TestBooleanVariable:
    """`DEBUG=maybe` for a bool."""

    @pytest.mark.parametrize("text", ["maybe", "", " ", "2", "-1", "null", "enabled", "tru"])
    def test_refused(self, text: str) -> None:
        """A text that is no boolean is an error and not false."""
        problem = problem_with(APP_DEBUG=text)

        assert ("MC201", "debug") == (problem.code, problem.path)

    @pytest.mark.parametrize("text", ["true", "TRUE", "tRue", "1", "yes", "Y", "on", "t"])
    def test_true(self, text: str) -> None:
        """The words for true are read in any case."""
        assert load(APP_DEBUG=text).debug is True

    @pytest.mark.parametrize("text", ["false", "FALSE", "fALSE", "0", "no", "N", "off", "f"])
    def test_false(self, text: str, tmp_path: Path) -> None:
        """The words for false are read in any case, over a file's true."""
        file = tmp_path / "app.toml"
        file.write_text("debug = true\n")

        assert load(file, APP_DEBUG=text).debug is False


class TestListVariable:
    """`TAGS=a,b` for a list."""

    @pytest.mark.parametrize(
        "text", ["a,b", "a, b", " a ,b ", '["a", "b"]', ' ["a","b"]'], ids=repr
    )
    def test_two_elements(self, text: str) -> None:
        """Elements between commas and a JSON array give the same list."""
        assert ["a", "b"] == load(APP_TAGS=text).tags

    def test_one_element(self) -> None:
        """A text without a comma is a list of one."""
        assert ["a"] == load(APP_TAGS="a").tags

    def test_integers(self) -> None:
        """Elements are read by their declared type."""
        assert [1, 2] == load(APP_CODES="1,2").codes

    def test_bad_json(self) -> None:
        """A text that begins like JSON and is none is an error that says JSON."""
        problem = problem_with(APP_TAGS='["a", b]')

        assert "MC206" == problem.code
        assert "JSON" in problem.message
        assert "APP_TAGS" == (problem.origin and problem.origin.name)


class TestStrictFile:
    """Values of a file that are of another type than declared."""

    @pytest.mark.parametrize(
        ("name", "value", "found"),
        [
            ("count", "1.9", "a float"),
            ("count", "1.0", "a float"),
            ("count", "true", "a boolean"),
            ("count", '"8500"', "a string"),
            ("count", "[1]", "an array"),
            ("debug", '"false"', "a string"),
            ("debug", "0", "an integer"),
            ("debug", "[]", "an array"),
            ("codes", '"12"', "a string"),
            ("codes", "{a = 1}", "a table"),
            ("tags", '"ab"', "a string"),
            ("name", "5", "an integer"),
            ("name", "true", "a boolean"),
            ("ratio", "true", "a boolean"),
            ("ratio", '"0.5"', "a string"),
            ("labels", '["a"]', "an array"),
        ],
    )
    def test_refused(self, name: str, value: str, found: str, tmp_path: Path) -> None:
        """A value of another type is an error that names both types in the file's words."""
        file = tmp_path / "app.toml"
        file.write_text(f"{name} = {value}\n")
        problem = problem_with(file)

        assert ("MC201", name) == (problem.code, problem.path)
        assert problem.message.endswith(f", got {found}")

    @pytest.mark.parametrize(
        ("value", "path"), [("[1, true]", "codes[1]"), ("[1, 2.5]", "codes[1]")]
    )
    def test_refused_elements(self, value: str, path: str, tmp_path: Path) -> None:
        """Elements are judged as strictly."""
        file = tmp_path / "app.toml"
        file.write_text(f"codes = {value}\n")

        assert path == problem_with(file).path

    def test_integer_for_a_float(self, tmp_path: Path) -> None:
        """An integer is a float, and becomes one."""
        file = tmp_path / "app.toml"
        file.write_text("ratio = 1\n")
        ratio = load(file).ratio

        assert (float, 1.0) == (type(ratio), ratio)

    @pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
    def test_no_number(self, value: str, tmp_path: Path) -> None:
        """What is not finite is no number."""
        file = tmp_path / "app.toml"
        file.write_text(f"ratio = {value}\n")

        assert "ratio" == problem_with(file).path


class TestStrictVariable:
    """Variables whose text is of another type than declared."""

    @pytest.mark.parametrize("text", ["1.9", "true", "", "1e3", "0x10", "eighty", "[1]"])
    def test_no_integer(self, text: str) -> None:
        """A text that is no integer is an error."""
        assert "count" == problem_with(APP_COUNT=text).path

    @pytest.mark.parametrize(
        "text", ["", "5", "true", "null", '"quoted"', "[1]", "${HOME}", " a "], ids=repr
    )
    def test_text_stays_text(self, text: str) -> None:
        """A text for a string is never read as anything else."""
        assert text == load(APP_NAME=text).name
