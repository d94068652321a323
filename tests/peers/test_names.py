"""Names that match nothing, or two things."""

import re
from pathlib import Path
from typing import Any

import attrs
import pytest

import meshconf


@attrs.frozen
class Host:
    port: int = 80


@attrs.frozen
class Clashing:
    host_port: int = 1
    host: Host = attrs.Factory(Host)


class TestSharedName:
    """`host_port` and `host.port`."""

    def test_is_refused(self) -> None:
        """Two settings that share a variable are refused when the class is used, naming both."""
        message = "`host_port` and `host.port` share the variable APP_HOST_PORT"
        with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
            meshconf.load(schema=Clashing, prefix="APP_", environ={})

    def test_even_if_unset(self) -> None:
        """It does not need the variable, so that the first test of a project finds it."""
        with pytest.raises(TypeError, match="APP_HOST_PORT"):
            meshconf.load(schema=Clashing, prefix="APP_", environ={"APP_OTHER": "1"})

    def test_not_with_another_separator(self) -> None:
        """Where the separator tells them apart, each has its own variable."""
        environ = {"APP_HOST_PORT": "2", "APP_HOST__PORT": "3"}
        source = meshconf.Environment("APP_", separator="__", environ=environ)
        config = meshconf.load(source, schema=Clashing, prefix="APP_", environ={})

        assert Clashing(2, Host(3)) == config


@attrs.frozen
class Consul:
    host: str = "consul"
    port: int = 8500


@attrs.frozen
class App:
    consul: Consul = attrs.Factory(Consul)
    replicas: list[Consul] = attrs.Factory(list)
    zones: dict[str, Consul] = attrs.Factory(dict)


def read(*sources: Any, unknown_env: Any = "warn", **environ: str) -> meshconf.Snapshot[App]:
    """Read an App."""
    return meshconf.read(
        *sources, schema=App, prefix="APP_", environ=environ, unknown_env=unknown_env
    )


class TestMisspeltVariable:
    """A misspelt variable under the prefix."""

    def test_warning(self) -> None:
        """It is a warning that names the variable that was meant and what holds instead."""
        (warning,) = read(APP_CONSUL_HOTS="secret-host").warnings

        assert ("MC103", "warning") == (warning.code, warning.severity)
        assert "environment variable APP_CONSUL_HOTS matches no setting" == warning.message
        assert "did you mean APP_CONSUL_HOST?" == warning.help
        assert ('`consul.host` has its default "consul"; APP_CONSUL_HOTS has no effect',) == (
            warning.notes
        )

    def test_value_is_not_shown(self) -> None:
        """Its value stands nowhere in the warning."""
        (warning,) = read(APP_CONSUL_HOTS="secret-host").warnings

        assert "secret-host" not in repr(warning)

    def test_error(self) -> None:
        """It is an error for those who want it to be one."""
        with pytest.raises(meshconf.ConfigError, match="APP_CONSUL_HOTS matches no setting"):
            read(APP_CONSUL_HOTS="a", unknown_env="error")

    def test_ignored(self) -> None:
        """It is nothing for those who say so."""
        assert () == read(APP_CONSUL_HOTS="a", unknown_env="ignore").warnings

    def test_other_prefix(self) -> None:
        """A variable without the prefix is none of ours."""
        assert () == read(AP_CONSUL_HOST="a", APPCONSUL_HOST="a", CONSUL_HOST="a").warnings


class TestUnknownKeys:
    """Keys that the schema does not know."""

    def test_all_in_one_report(self, tmp_path: Path) -> None:
        """All are in one report, in the order of the file, with paths through lists and maps."""
        file = tmp_path / "app.toml"
        file.write_text(
            "zeta = 1\n"
            "alpha = {}\n"
            "[consul]\n"
            "hots = 1\n"
            "[[replicas]]\n"
            "port = 1\n"
            "[[replicas]]\n"
            "prot = 1\n"
            "[zones.north]\n"
            "hozt = 1\n"
            '[zones."a.b"]\n'
            "weight = 1\n"
        )
        with pytest.raises(meshconf.ConfigError) as caught:
            read(file)

        assert [
            "zeta",
            "alpha",
            "consul.hots",
            "replicas[1].prot",
            "zones.north.hozt",
            'zones."a.b".weight',
        ] == [one.path for one in caught.value.problems]
        assert {"MC101"} == {one.code for one in caught.value.problems}

    def test_of_several_files(self, tmp_path: Path) -> None:
        """Those of several files come file by file."""
        first, last = tmp_path / "z.toml", tmp_path / "a.toml"
        first.write_text("one = 1\nthree = 1\n")
        last.write_text("two = 1\n")
        with pytest.raises(meshconf.ConfigError) as caught:
            read(first, last)

        assert ["one", "three", "two"] == [one.path for one in caught.value.problems]
