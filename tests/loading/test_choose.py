"""Tests for `meshconf.loading.choose`: profiles, and which file is theirs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest

from meshconf import Environment, File, configuration
from meshconf.loading.choose import (
    base_of,
    chosen,
    is_profile,
    profile_file,
    profiles_beside,
    usual_files,
)
from meshconf.loading.load import read_outcome, reads_files
from meshconf.schema.compile import model_of
from meshconf.sources.file import Document
from meshconf.testing import ExpectedProblem, assert_problems


@attrs.frozen
class Plain:
    name: str = ""


@configuration(prefix="APP_", file="app.toml")
@attrs.frozen
class App:
    name: str = ""
    port: int = 0


PLAIN, APP = model_of(Plain), model_of(App)


def names(sources: list[Any]) -> list[str]:
    """Return the paths of those sources that are files."""
    return [str(source.path) for source in sources if isinstance(source, File)]


class TestProfileOfALoad:
    def test_beside_the_usual_file(self) -> None:
        """Its file is read after the usual one, which then need not be named."""
        sources = chosen(APP, [], "APP_", {}, "production")

        assert ["app.toml", "app.production.toml"] == names(sources)
        assert isinstance(sources[-1], Environment)

    def test_beside_the_first_file(self) -> None:
        """Of several files the first is the base; the others still win over the profile."""
        sources = chosen(APP, ["conf/a.toml", Path("b.toml")], None, {}, "production")

        assert ["conf/a.toml", "conf/a.production.toml", "b.toml"] == [
            name.replace("\\", "/") for name in names(sources)
        ]

    def test_wins_over_the_environment(self) -> None:
        """A profile that is asked for stands for the one that the environment names."""
        sources = chosen(APP, [], "APP_", {"APP_PROFILE": "staging"}, "production")

        assert ["app.toml", "app.production.toml"] == names(sources)

    def test_beside_the_files_that_the_environment_names(self) -> None:
        """It stands beside the first of them too."""
        sources = chosen(APP, [], "APP_", {"APP_CONFIG": "x.toml"}, "production")

        assert ["x.toml", "x.production.toml"] == names(sources)

    def test_environment_does_not_count_beside_named_files(self) -> None:
        """Where files are named the environment names no profile."""
        sources = chosen(APP, ["a.toml"], "APP_", {"APP_PROFILE": "staging"})

        assert ["a.toml"] == names(sources)

    @pytest.mark.parametrize("sources", [[], [Document("<stdin>", b"")]])
    def test_no_base(self, sources: list[Any]) -> None:
        """Where no file is the first there is none beside which it could stand."""
        outcome = read_outcome(Plain, sources, prefix=None, profile="production")
        (problem,) = outcome.problems

        assert (
            "MC406",
            'the profile "production" has no file beside which its own could stand',
        ) == (
            problem.code,
            problem.message,
        )
        assert "name the base file too" == problem.help

    @pytest.mark.parametrize("name", ["", "Production", "../x", "a.b", "a" * 65])
    def test_no_name(self, folder: Path, name: str) -> None:
        """What is no name of a profile is refused before any file is looked for."""
        outcome = read_outcome(App, [], prefix=None, profile=name)
        expected = ExpectedProblem("MC406", message="is no name of a profile")

        assert_problems(outcome.problems, expected)

    def test_missing_file(self, folder: Path) -> None:
        """The file of a profile has to exist."""
        outcome = read_outcome(App, [], prefix=None, profile="production")
        expected = ExpectedProblem("MC401", message="app.production.toml does not exist")

        assert_problems(outcome.problems, expected)
        assert ("named by the profile production",) == outcome.problems[0].notes

    def test_overrides_the_base(self, folder: Path) -> None:
        """Its file wins over the base, leaf by leaf."""
        (folder / "app.toml").write_text('name = "base"\nport = 1\n')
        (folder / "app.production.toml").write_text("port = 2\n")

        outcome = read_outcome(App, [], prefix=None, profile="production")

        assert App("base", 2) == outcome.config


class TestUsualFiles:
    def test_with_the_profile_of_the_environment(self) -> None:
        """The profile that the environment names is one of them, unless it is left out."""
        environ = {"APP_PROFILE": "staging"}

        assert ["app.toml", "app.staging.toml"] == names(usual_files(APP, "APP_", environ))
        assert ["app.toml"] == names(usual_files(APP, "APP_", environ, with_profile=False))

    def test_environment_not_read(self) -> None:
        """Without a prefix the environment names nothing."""
        environ = {"APP_PROFILE": "staging", "APP_CONFIG": "x.toml"}

        assert ["app.toml"] == names(usual_files(APP, None, environ))

    def test_schema_without_a_file(self) -> None:
        """A schema that names no file has none."""
        assert [] == usual_files(PLAIN, "APP_", {})


class TestWhoNamedAMissingFile:
    @pytest.mark.parametrize(
        ("name", "value", "note"),
        [
            ("APP_CONFIG", "x.toml", "named by APP_CONFIG"),
            ("APP_PROFILE", "staging", "named by APP_PROFILE=staging"),
        ],
    )
    def test_variable(self, folder: Path, name: str, value: str, note: str) -> None:
        """A file that a variable names and that is missing is told with the variable."""
        outcome = read_outcome(App, [], environ={name: value})

        assert [("MC401", (note,))] == [(one.code, one.notes) for one in outcome.problems]

    def test_reads_files(self) -> None:
        """It is a file to whoever follows files."""
        (source,) = usual_files(PLAIN, "APP_", {"APP_CONFIG": "x.toml"})

        assert reads_files(source)


class TestBase:
    @pytest.mark.parametrize("first", ["a.toml", Path("a.toml"), File("a.toml")])
    def test_first_file(self, first: Any) -> None:
        """The first file is the base, however it is given."""
        assert "a.toml" == str(base_of([first, "b.toml"]))

    @pytest.mark.parametrize("sources", [[], [Document("x", b""), "a.toml"]])
    def test_none(self, sources: list[Any]) -> None:
        """Where something else is the first there is none."""
        assert base_of(sources) is None


class TestProfilesBeside:
    def test_names(self, folder: Path) -> None:
        """Each file between the stem and the ending of the base has the name of its profile."""
        for name in (
            "app.toml",
            "app.production.toml",
            "app.a-b_1.toml",
            "app..toml",
            "app.Upper.toml",
            "app.a.b.toml",
            "app.json",
            "other.x.toml",
            "app.production.toml.orig",
        ):
            (folder / name).touch()

        assert ["a-b_1", "production"] == profiles_beside("app.toml")

    def test_other_folder(self, folder: Path) -> None:
        """They are looked for beside the base, wherever it is."""
        (folder / "conf").mkdir()
        (folder / "conf" / "app.x.toml").touch()

        assert ["x"] == profiles_beside(Path("conf") / "app.toml")

    def test_no_folder(self, folder: Path) -> None:
        """A folder that is not there holds none."""
        assert [] == profiles_beside("none/app.toml")

    @pytest.mark.parametrize("name", ["production", "a", "0-_", "a" * 64])
    def test_file(self, name: str) -> None:
        """The file of a profile is found again as one of its profile."""
        assert is_profile(name)
        assert Path("conf", f"app.{name}.toml") == profile_file(Path("conf", "app.toml"), name)
