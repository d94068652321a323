"""Loading a second time, and what a load leaves behind."""

import os
from pathlib import Path

import attrs
import pytest
from attrs.validators import ge

import meshconf


@attrs.frozen
class App:
    port: int = attrs.field(default=80, validator=ge(1))
    name: str = "app"


@pytest.fixture(name="file")
def _file(tmp_path: Path) -> Path:
    """Make an empty file."""
    file = tmp_path / "app.toml"
    file.touch()
    return file


class TestSecondLoad:
    """Loading again after the sources have changed."""

    def test_new_values(self, file: Path) -> None:
        """The second load has the new values, in an object of its own."""
        file.write_text("port = 1\n")
        first = meshconf.load(file, schema=App, prefix="APP_", environ={})
        file.write_text("port = 2\n")
        second = meshconf.load(file, schema=App, prefix="APP_", environ={})

        assert (App(1), App(2)) == (first, second)

    def test_removed_value(self, file: Path) -> None:
        """What was taken out of the file has its default again."""
        file.write_text("port = 1\n")
        meshconf.load(file, schema=App, prefix="APP_", environ={})
        file.write_text("")

        assert App() == meshconf.load(file, schema=App, prefix="APP_", environ={})

    @pytest.mark.parametrize("text", ["port = 0\n", 'port = "x"\n', "prot = 1\n", "port = \n"])
    def test_is_validated(self, file: Path, text: str) -> None:
        """The second load is judged like the first, and what the first gave still holds."""
        file.write_text("port = 1\n")
        first = meshconf.load(file, schema=App, prefix="APP_", environ={})
        file.write_text(text)
        with pytest.raises(meshconf.ConfigError):
            meshconf.load(file, schema=App, prefix="APP_", environ={})

        assert App(1) == first

    @pytest.mark.parametrize("text", ["port = 0\n", 'port = "x"\n', "prot = 1\n", "port = \n"])
    def test_after_a_failure(self, file: Path, text: str) -> None:
        """After a failed load, mending the input and loading again succeeds."""
        file.write_text(text)
        with pytest.raises(meshconf.ConfigError):
            meshconf.load(file, schema=App, prefix="APP_", environ={})
        file.write_text("port = 1\n")

        assert App(1) == meshconf.load(file, schema=App, prefix="APP_", environ={})

    def test_after_a_bad_variable(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The variables of the process are listed anew at each load."""
        monkeypatch.setenv("APP_PORT", "x")
        with pytest.raises(meshconf.ConfigError):
            meshconf.load(schema=App, prefix="APP_")
        monkeypatch.setenv("APP_PORT", "2")

        assert App(2) == meshconf.load(schema=App, prefix="APP_")


class TestDotEnv:
    """A .env file."""

    def test_is_read_only_if_asked_for(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A .env file that nobody names is not read."""
        (tmp_path / ".env").write_text("APP_PORT=1\n")
        monkeypatch.chdir(tmp_path)

        assert App() == meshconf.load(schema=App, prefix="APP_")

    def test_leaves_the_process_alone(self, tmp_path: Path) -> None:
        """Reading one never changes the variables of the process."""
        before = dict(os.environ)
        path = tmp_path / ".env"
        path.write_text("APP_PORT=1\nAPP_NAME=a\nOTHER=b\n")
        config = meshconf.load(meshconf.DotEnv(path, "APP_"), schema=App, prefix="APP_")

        assert App(1, "a") == config
        assert before == dict(os.environ)

    def test_exported_variables_win(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A variable of the process beats the same one of the file, and only that."""
        monkeypatch.setenv("APP_PORT", "2")
        path = tmp_path / ".env"
        path.write_text("APP_PORT=1\nAPP_NAME=a\n")
        config = meshconf.load(meshconf.DotEnv(path, "APP_"), schema=App, prefix="APP_")

        assert App(2, "a") == config

    def test_nothing_is_interpolated(self, tmp_path: Path) -> None:
        """A dollar sign in it is a dollar sign."""
        path = tmp_path / ".env"
        path.write_text("APP_NAME=${APP_PORT}$HOME\n")
        config = meshconf.load(meshconf.DotEnv(path, "APP_"), schema=App, prefix="APP_")

        assert "${APP_PORT}$HOME" == config.name
