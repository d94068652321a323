"""Which sources a load reads, and what sources of one's own may do."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import attrs
import pytest

import meshconf
from meshconf import (
    Environment,
    File,
    Layer,
    Origin,
    Problem,
    Secret,
    SecretsDirectory,
    configuration,
)
from meshconf.testing import ExpectedProblem, assert_problems

if TYPE_CHECKING:
    from pathlib import Path

    from meshconf.schema.model import Model
    from tests.loading.conftest import Attempt


@configuration(prefix="APP_", file="app.toml", version=3)
@attrs.frozen
class App:
    """An application."""

    a: int = 0
    b: int = 0


@attrs.frozen
class Nameless:
    """A schema that says nothing of itself."""

    a: int = 0
    config_version: int = 0


@attrs.frozen
class Required:
    """A schema that demands a value."""

    a: int
    more: dict[str, App] = attrs.field(factory=dict)


def read(*sources: Any, schema: type[Any] = App, **options: Any) -> Any:
    """Load; return the snapshot, or the error."""
    options.setdefault("environ", {})
    try:
        return meshconf.read(*sources, schema=schema, **options)
    except meshconf.ConfigError as error:
        return error


@pytest.mark.usefixtures("folder")
class TestUsualFiles:
    def test_none(self) -> None:
        """Without any file the defaults hold."""
        assert App() == read().config

    def test_in_the_folder(self, folder: Path) -> None:
        """The schema's file is read where it is."""
        (folder / "app.toml").write_text("a = 1\n")

        assert App(1) == read().config

    def test_profile(self, folder: Path) -> None:
        """The file of the profile comes over it."""
        (folder / "app.toml").write_text("a = 1\nb = 1\n")
        (folder / "app.test.toml").write_text("b = 2\n")

        assert App(1, 2) == read(environ={"APP_PROFILE": "test"}).config

    def test_missing_profile(self) -> None:
        """The file of a profile must be there."""
        expected = ExpectedProblem("MC401", message="app.test.toml does not exist")
        assert_problems(read(environ={"APP_PROFILE": "test"}), expected)

    @pytest.mark.parametrize("profile", ["../x", "Test", "a.b", "x" * 65, "é", "a\n"])
    def test_bad_profile(self, profile: str) -> None:
        """A profile is a plain name, never a path."""
        expected = ExpectedProblem("MC406", origin="environment variable APP_PROFILE")
        assert_problems(read(environ={"APP_PROFILE": profile}), expected)

    def test_listed(self, folder: Path) -> None:
        """The variable lists other files, which must be there."""
        (folder / "x.toml").write_text("a = 1\nb = 1\n")
        (folder / "y.toml").write_text("b = 2\n")
        environ = {"APP_CONFIG": os.pathsep.join(["x.toml", "y.toml", ""])}

        assert App(1, 2) == read(environ=environ).config
        assert "MC401" == read(environ={"APP_CONFIG": "z.toml"}).problems[0].code

    def test_named_files_win(self, folder: Path) -> None:
        """Where files are named, no other is looked for."""
        (folder / "app.toml").write_text("a = 1\n")
        (folder / "x.toml").write_text("b = 2\n")

        assert App(0, 2) == read("x.toml", environ={"APP_CONFIG": "app.toml"}).config

    def test_credentials(self, folder: Path) -> None:
        """The directory of credentials is read if systemd names one."""
        (folder / "a").write_text("7\n")

        assert App(7) == read(environ={"CREDENTIALS_DIRECTORY": str(folder)}).config

    def test_credentials_that_are_named(self, folder: Path) -> None:
        """It is not read where a directory of secrets is named."""
        (folder / "a").write_text("7\n")
        (folder / "named").mkdir()
        (folder / "named" / "b").write_text("8\n")
        named = SecretsDirectory(folder / "named", world_readable="allow")

        assert App(0, 8) == read(named, environ={"CREDENTIALS_DIRECTORY": str(folder)}).config


class TestPrefix:
    def test_of_the_call(self) -> None:
        """The call's prefix wins over the schema's."""
        assert App(3) == read(prefix="X_", environ={"X_A": "3", "APP_A": "4"}).config

    def test_none(self, folder: Path) -> None:
        """Without a prefix neither the environment nor what it names is read."""
        environ = {"APP_A": "4", "APP_CONFIG": "no", "CREDENTIALS_DIRECTORY": str(folder)}

        assert App() == read(prefix=None, environ=environ).config
        assert ["a"] == [one.path for one in read(prefix=None, schema=Required).problems]

    def test_missing(self) -> None:
        """A schema without a prefix needs one from the call."""
        with pytest.raises(TypeError, match=r'Nameless names no prefix .* prefix="…"'):
            meshconf.load(schema=Nameless)

    def test_process(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        """The variables are those of the process if no others are given."""
        monkeypatch.setenv("APP_A", "5")

        assert App(5) == meshconf.load(schema=App)

    def test_own_environment(self) -> None:
        """An environment that is named takes the place of the usual one."""
        source = Environment("OTHER_", environ={"OTHER_A": "6"})

        assert App(6) == read(source, environ={"APP_A": "7"}).config

    def test_two_schemas(self, folder: Path) -> None:
        """Two schemas in one process do not meet."""
        first = read(environ={"APP_A": "1"})
        second = read(schema=Nameless, prefix="APP_", environ={"APP_A": "2"})

        assert (App(1), Nameless(2)) == (first.config, second.config)


class TestUnknownVariables:
    ENVIRON = {"APP_AA": "x", "APP_X_1": "x", "APP_PORT": "tcp://10.0.0.1:80"}  # noqa: RUF012 - read only

    def test_warned_of(self) -> None:
        """Unknown variables are warnings, service links one for all."""
        snapshot = read(environ={**self.ENVIRON, "APP_Q_PORT": "tcp://10.0.0.1:80"})

        assert_problems(snapshot, "MC103", "MC103", "MC106")

    def test_refused(self) -> None:
        """They may be errors."""
        error = read(environ=self.ENVIRON, unknown_env="error")

        assert ["error", "error", "warning"] == [one.severity for one in error.problems]

    def test_ignored(self) -> None:
        """They may be nothing at all."""
        assert () == read(environ=self.ENVIRON, unknown_env="ignore").warnings

    def test_patterns(self) -> None:
        """Some may be let pass by name."""
        snapshot = read(environ=self.ENVIRON, unknown_env_ignore=["APP_X_*", "APP_PORT"])

        assert ["environment variable APP_AA matches no setting"] == [
            one.message for one in snapshot.warnings
        ]

    def test_no_policy(self) -> None:
        """Another word is the caller's mistake."""
        with pytest.raises(ValueError, match="unknown_env is warn, error or ignore"):
            meshconf.load(schema=App, unknown_env="loud")  # type: ignore[call-overload]

    def test_required_setting(self) -> None:
        """The setting that was probably meant has no value to tell if it is required."""
        error = read(schema=Required, prefix="APP_", environ={"APP_MOR": "x", "APP_AB": "1"})

        assert_problems(error, "MC102 a", "MC103", "MC103")


class TestVersions:
    @pytest.mark.parametrize("version", ["", "config_version = 1\n", "config_version = 3\n"])
    def test_known(self, version: str, attempt: Attempt) -> None:
        """The version may be any up to that of the schema, or absent."""
        assert App(5) == attempt(f"{version}a = 5\n", schema=App).config

    @pytest.mark.parametrize(
        ("version", "code", "message"),
        [
            ("4", "MC501", "app.toml has config_version 4; this program knows versions up to 3"),
            ("0", "MC201", "`config_version` must be an integer from 1 to 3, got 0"),
            ('"2"', "MC201", "`config_version` must be an integer from 1 to 3, got a string"),
            ("true", "MC201", "`config_version` must be an integer from 1 to 3, got a boolean"),
        ],
    )
    def test_unknown(self, version: str, code: str, message: str, attempt: Attempt) -> None:
        """Another version is refused where it stands."""
        expected = ExpectedProblem(code, "config_version", origin="app.toml:1:18", message=message)
        assert_problems(attempt(f"config_version = {version}\n", schema=App), expected)

    def test_setting_of_that_name(self, attempt: Attempt) -> None:
        """A schema may have a setting of that name."""
        assert 99 == attempt("config_version = 99\n", schema=Nameless).config.config_version


@attrs.frozen
class Own:
    """A source of one's own, which gives anything."""

    gives: Any

    def read(self, _: Model) -> Any:
        """Give it, or raise it."""
        if isinstance(self.gives, Exception):
            raise self.gives
        return self.gives


class TestOwnSources:
    def test_layer(self) -> None:
        """A layer is merged like any other."""
        assert App(4) == read(Own(Layer("store", "key", {"a": 4}))).config

    @pytest.mark.parametrize(
        ("gives", "reason"),
        [
            (OSError("hush"), "OSError"),
            (meshconf.ConfigError(()), "ConfigError"),
            (None, "it returned NoneType, not a Layer with a table of data"),
            ({"a": 1}, "it returned dict, not a Layer with a table of data"),
            (Layer("store", "key", None), "it returned Layer, not a Layer with a table of data"),  # type: ignore[arg-type]
        ],
    )
    def test_broken_word(self, gives: Any, reason: str) -> None:
        """A source that raises or gives no layer is a problem, told without its words."""
        error = read(Own(gives))
        (problem,) = error.problems

        assert ("MC405", f"the source Own failed: {reason}") == (problem.code, problem.message)
        assert error.__context__ is None

    def test_problems(self) -> None:
        """What a source has to tell is in the report; what it could not read is not missing."""
        told = Problem("MC402", "error", "", "the store is closed", Origin("store", "key"))
        layer = Layer("store", "key", {}, problems=(told,), complete=False)

        assert (told,) == read(Own(layer), schema=Required, prefix="APP_").problems

    def test_nothing_told(self) -> None:
        """A source that could not read all and says nothing does not make a load succeed."""
        (problem,) = read(
            Own(Layer("store", "", {}, complete=False)), schema=Required, prefix="A_"
        ).problems

        assert ("MC207", None) == (problem.code, problem.origin)

    @pytest.mark.parametrize("data", [{1: 2}, {"more": {1: {"a": 1}}}, {"more": {"x": {2: 1}}}])
    def test_keys_that_are_no_text(self, data: Any) -> None:
        """Keys that no file could hold do not stop the report."""
        error = read(Own(Layer("store", "key", {"a": "x", **data})), schema=Required, prefix="A_")

        assert "`a` must be an integer" in str(error)

    @pytest.mark.parametrize(
        ("source", "message"),
        [
            (7, "a source is a path or has a read"),
            (App, "App is a class: pass it as schema=App"),
            (["a.toml", "b.toml"], "several sources are several arguments"),
        ],
    )
    def test_no_source(self, source: Any, message: str) -> None:
        """What is no source is the caller's mistake."""
        with pytest.raises(TypeError, match=message):
            meshconf.load(source, schema=App)


class TestHints:
    def test_missing_without_a_file(self) -> None:
        """What is missing is told with all places where it may be set."""
        (problem,) = read(schema=Required, prefix="APP_").problems

        assert "set APP_A" == problem.help
        assert problem.origin is None

    def test_schemas_file(self) -> None:
        """Where no file was read, the schema's own is a place to set it."""
        schema = configuration(prefix="APP_", file="app.toml")(
            attrs.make_class("App", {"a": attrs.field(type=int)})
        )
        (problem,) = read(Own(Layer("store", "key", {})), schema=schema).problems

        assert "add it to app.toml, or set APP_A" == problem.help

    def test_secret_without_a_prefix(self, folder: Path) -> None:
        """Where the environment is not read, no variable is suggested for a secret."""
        (folder / "x.toml").write_text("a = 'x'\n")
        fields = {"a": attrs.field(type=Secret[str])}
        schema = attrs.make_class("App", fields)
        (warning,) = read("x.toml", schema=schema, prefix=None).warnings

        assert ("MC208", None) == (warning.code, warning.help)

    def test_optional_file(self) -> None:
        """A file that may be missing is a place to set it, too."""
        (problem,) = read(File("x.toml", optional=True), schema=Required, prefix="APP_").problems

        assert "create x.toml with `a = …`, or set APP_A" == problem.help
