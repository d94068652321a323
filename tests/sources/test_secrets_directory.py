"""Tests for `meshconf.sources.secrets_directory`."""

import os
from pathlib import Path
from typing import Any

import attrs
import pytest

from meshconf.schema.compile import model_of
from meshconf.schema.secret import Secret
from meshconf.sources.layer import Layer
from meshconf.sources.secrets_directory import SecretsDirectory


@attrs.frozen
class Consul:
    token: Secret[str] = attrs.Factory(lambda: Secret(""))
    port: int = 8500


@attrs.frozen
class App:
    consul: Consul = attrs.Factory(Consul)
    password: Secret[str] = attrs.Factory(lambda: Secret(""))


APP = model_of(App)


def write(path: Path, text: str, mode: int = 0o600) -> None:
    """Write a secret that others may not read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


def read(path: Path, **options: Any) -> Layer:
    """Read a directory."""
    return SecretsDirectory(path, **options).read(APP)


def problems(layer: Layer) -> list[tuple[str, str, str, str]]:
    """Return code, severity, path and message of each problem."""
    return [(one.code, one.severity, one.path, one.message) for one in layer.problems]


class TestRead:
    """Files are named by the dotted paths of settings."""

    def test_data(self, tmp_path: Path) -> None:
        """Each file gives a value, read by its type; one newline at the end is none of it."""
        write(tmp_path / "consul.token", "abc\n")
        write(tmp_path / "consul.port", "5\r\n")
        write(tmp_path / "password", "a\n\n")
        layer = read(tmp_path)

        assert {"consul": {"token": "abc", "port": 5}, "password": "a\n"} == layer.data
        assert ("secret_file", str(tmp_path)) == (layer.kind, layer.name)
        assert ((), (), True) == (layer.problems, layer.strays, layer.complete)
        assert str(tmp_path / "password") == layer.texts[("password",)].name

    def test_group(self, tmp_path: Path) -> None:
        """A whole group may be given as JSON."""
        write(tmp_path / "consul", '{"port": 5}')

        assert {"consul": {"port": 5}} == read(tmp_path).data

    def test_others(self, tmp_path: Path) -> None:
        """Hidden entries and files that are not named like a setting are none of ours."""
        for name in (".password", "..password", "token", "consul.nothing", "tls.crt"):
            write(tmp_path / name, "x")
        layer = read(tmp_path)

        assert ({}, (), ()) == (layer.data, layer.problems, layer.strays)

    @pytest.mark.parametrize(
        ("name", "meant"),
        [("consul_token", "consul.token"), ("pasword", "password"), ("PASSWORD", "password")],
    )
    def test_misspelt(self, name: str, meant: str, tmp_path: Path) -> None:
        """A name that nearly is a setting's is told, and nothing of what the file holds."""
        write(tmp_path / name, "hunter2")
        layer = read(tmp_path)
        [problem] = layer.problems

        assert {} == layer.data
        assert [
            ("MC103", "warning", "", f"{tmp_path / name} matches no setting; it is ignored")
        ] == problems(layer)
        assert f"did you mean {meant}?" == problem.help
        assert "hunter2" not in repr(layer.problems)

    def test_kubernetes(self, tmp_path: Path) -> None:
        """The links of a mounted Secret stay inside the directory and are followed."""
        write(tmp_path / "..2026_11_23" / "consul.token", "abc")
        (tmp_path / "..data").symlink_to("..2026_11_23")
        (tmp_path / "consul.token").symlink_to("..data/consul.token")
        layer = read(tmp_path)

        assert ({"consul": {"token": "abc"}}, ()) == (layer.data, layer.problems)

    def test_linked_directory(self, tmp_path: Path) -> None:
        """The directory itself may be a link."""
        write(tmp_path / "real" / "consul.token", "abc")
        (tmp_path / "real" / "password").symlink_to("consul.token")
        (tmp_path / "link").symlink_to("real")

        assert {"consul": {"token": "abc"}, "password": "abc"} == read(tmp_path / "link").data


class TestRefused:
    """Files that are not read."""

    @pytest.mark.parametrize("target", ["../outside", "/dev/zero", "../missing"])
    def test_link_out(self, target: str, tmp_path: Path) -> None:
        """A link that leads out of the directory is ignored with a warning."""
        write(tmp_path / "outside", "C4N4RY")
        inside = tmp_path / "inside"
        inside.mkdir()
        (inside / "password").symlink_to(target)
        layer = read(inside)
        message = f"{inside / 'password'} is a link that leads out of the directory; it is ignored"

        assert [("MC404", "warning", "password", message)] == problems(layer)
        assert ({}, True) == (layer.data, layer.complete)

    def test_link_to_a_neighbour(self, tmp_path: Path) -> None:
        """A directory whose name begins alike is outside too."""
        write(tmp_path / "secrets-old" / "password", "C4N4RY")
        (tmp_path / "secrets").mkdir()
        (tmp_path / "secrets" / "password").symlink_to("../secrets-old/password")

        assert ["MC404"] == [one.code for one in read(tmp_path / "secrets").problems]

    def test_loop(self, tmp_path: Path) -> None:
        """A link to itself is told of as a file that cannot be read; the others are."""
        (tmp_path / "consul.token").symlink_to("consul.token")
        write(tmp_path / "password", "abc")
        layer = read(tmp_path)

        assert [("MC402", "error", "consul.token")] == [one[:3] for one in problems(layer)]
        assert {"password": "abc"} == layer.data

    @pytest.mark.parametrize(
        ("code", "expected", "make"),
        [
            ("MC402", "is a directory, not a regular file", Path.mkdir),
            ("MC402", "is a FIFO, not a regular file", os.mkfifo),
            ("MC401", "does not exist", lambda path: path.symlink_to("missing")),
            (
                "MC004",
                "is too large: 65,537 bytes; the limit is 65,536",
                lambda path: write(path, "x" * 65_537),
            ),
            ("MC003", "is not UTF-8", lambda path: path.write_bytes(b"\xff")),
        ],
    )
    def test_unreadable(self, code: str, expected: str, make: Any, tmp_path: Path) -> None:
        """A file that cannot be read is an error at its setting."""
        path = tmp_path / "password"
        make(path)
        layer = read(tmp_path)

        assert [(code, "error", "password", f"{path} {expected}")] == problems(layer)
        assert not layer.complete


class TestWorldReadable:
    """Files that every user may read."""

    @pytest.mark.parametrize(("policy", "severity"), [("warn", "warning"), ("error", "error")])
    def test_told(self, policy: Any, severity: str, tmp_path: Path) -> None:
        """They are told by policy, with the command that mends it."""
        path = tmp_path / "password"
        write(path, "abc", 0o604)
        layer = read(tmp_path, world_readable=policy)
        message = f"{path} can be read by every user of the machine"

        assert [("MC403", severity, "", message)] == problems(layer)
        assert [f"chmod 600 {path}"] == [str(one.help).partition(",")[0] for one in layer.problems]
        assert {"password": "abc"} == layer.data

    def test_told_once(self, tmp_path: Path) -> None:
        """Several of them are told of in one warning; what is no secret is not counted."""
        for name in ("password", "consul.token", "consul.port"):
            write(tmp_path / name, "5", 0o644)
        message = f"{tmp_path / 'consul.token'} and 1 more can be read by every user of the machine"

        assert [("MC403", "warning", "", message)] == problems(read(tmp_path))

    def test_allowed(self, tmp_path: Path) -> None:
        """Where they are fine, nothing is said."""
        write(tmp_path / "password", "abc", 0o644)

        assert () == read(tmp_path, world_readable="allow").problems

    @pytest.mark.parametrize("mode", [0o600, 0o640, 0o400])
    def test_not_world_readable(self, mode: int, tmp_path: Path) -> None:
        """A file of the owner or the group is fine."""
        write(tmp_path / "password", "abc", mode)

        assert () == read(tmp_path, world_readable="error").problems

    def test_no_policy(self) -> None:
        """Another word for it is refused at once."""
        with pytest.raises(ValueError, match="world_readable"):
            SecretsDirectory("secrets", world_readable="never")  # type: ignore[arg-type]


class TestDirectory:
    """The directory itself."""

    def test_missing(self, tmp_path: Path) -> None:
        """A missing directory is an error, and nothing is said to be missing from it."""
        path = tmp_path / "secrets"
        layer = read(path)

        assert [("MC402", "error", "", f"{path} does not exist")] == problems(layer)
        assert not layer.complete

    def test_optional(self, tmp_path: Path) -> None:
        """An optional directory may be missing."""
        layer = read(tmp_path / "secrets", optional=True)

        assert ({}, (), True) == (layer.data, layer.problems, layer.complete)

    @pytest.mark.parametrize("optional", [True, False])
    def test_file(self, optional: bool, tmp_path: Path) -> None:
        """A file in its place is an error, even where the directory is optional."""
        path = tmp_path / "secrets"
        path.touch()
        message = f"{path} cannot be listed: Not a directory"

        assert [("MC402", "error", "", message)] == problems(read(path, optional=optional))

    def test_no_path(self) -> None:
        """What no directory can be called is an error too."""
        layer = SecretsDirectory("a\0b").read(APP)

        assert ["a\0b cannot be listed: not a path"] == [one.message for one in layer.problems]
