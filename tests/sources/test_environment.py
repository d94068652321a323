"""Tests for `meshconf.sources.environment`."""
# ruff: noqa: UP007, UP045 - the old spellings of unions are supported too

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Literal, Optional, Union

import attrs
import pytest

from meshconf.diagnostics.words import printable
from meshconf.schema.compile import model_of
from meshconf.schema.secret import Secret
from meshconf.schema.setting import setting
from meshconf.sources.environment import Environment
from meshconf.sources.layer import Layer, Stray, Unparsed


@attrs.frozen
class Limits:
    max_requests: int = setting(1, renamed_from="maximum")
    ratio: float = 0.5


@attrs.frozen
class Upstream:
    limits: Limits = attrs.Factory(Limits)
    port: Optional[int] = None


@attrs.frozen
class Consul:
    type: Literal["consul"] = "consul"
    port: int = 8500


@attrs.frozen
class Dns:
    type: Literal["dns"] = "dns"
    name: str = ""


@attrs.frozen
class App:
    limits: Limits = attrs.Factory(Limits)
    consul: Consul = attrs.Factory(Consul)
    source: Union[Consul, Dns, None] = None
    upstreams: dict[str, Upstream] = attrs.Factory(dict)
    labels: dict[str, str] = attrs.Factory(dict)
    tags: list[str] = attrs.Factory(list)
    token: Secret[str] = setting(attrs.Factory(lambda: Secret("")), env="OTHER_TOKEN")
    count: int = setting(1, env="COUNT")
    note: Optional[str] = setting(None, empty_is_unset=True)
    name: str = ""


APP = model_of(App)


def read(environ: dict[str, str], **options: Any) -> Layer:
    """Read variables into a layer."""
    return Environment("X_", environ=environ, **options).read(APP)


def messages(layer: Layer) -> list[tuple[str, str, str]]:
    """Return code, path and message of each problem."""
    return [(one.code, one.path, one.message) for one in layer.problems]


class TestNames:
    """Variables are looked up by the names that the schema gives."""

    @pytest.mark.parametrize(
        ("expected", "environ"),
        [
            ({}, {}),
            ({}, {"Y_NAME": "a", "NAME": "b"}),
            ({"name": "a"}, {"X_NAME": "a"}),
            ({"name": ""}, {"X_NAME": ""}),
            ({"limits": {"ratio": 0.2}}, {"X_LIMITS_RATIO": "0.2"}),
            ({"limits": {"maximum": 2}}, {"X_LIMITS_MAXIMUM": "2"}),
            ({"token": "a"}, {"OTHER_TOKEN": "a"}),
            ({"count": 5}, {"COUNT": "5"}),
            ({"tags": ["a", "b"]}, {"X_TAGS": "a,b"}),
            ({"source": {"name": "a"}}, {"X_SOURCE_NAME": "a"}),
            ({"labels": {"A-b": "c"}}, {"X_LABELS": '{"A-b": "c"}'}),
            ({}, {"X_NOTE": ""}),
            ({"note": "a"}, {"X_NOTE": "a"}),
            ({}, {"X_CONFIG": "app.toml", "X_PROFILE": "test"}),
        ],
    )
    def test_data(self, expected: dict[str, Any], environ: dict[str, str]) -> None:
        """Each value stands where its setting is, as a file would have it."""
        layer = read(environ)

        assert expected == layer.data
        assert ((), (), True) == (layer.problems, layer.strays, layer.complete)

    def test_layer(self) -> None:
        """The layer knows the variable of each value."""
        layer = read({"X_LIMITS_RATIO": "0.2", "X_TAGS": "a,b"})

        assert ("env", "environment", "allow") == (layer.kind, layer.name, layer.secrets)
        assert {("limits", "ratio"): "X_LIMITS_RATIO", ("tags",): "X_TAGS"} == {
            path: text.name for path, text in layer.texts.items()
        }
        assert {"X_LIMITS_RATIO": "plain", "X_TAGS": "list"} == {
            text.name: text.format for text in layer.texts.values()
        }

    def test_separator(self) -> None:
        """Another separator stands between the parts of a name, and that one only."""
        layer = read({"X_LIMITS__RATIO": "0.2", "X_LIMITS_RATIO": "0.3"}, separator="__")

        assert {"limits": {"ratio": 0.2}} == layer.data
        assert (Stray("X_LIMITS_RATIO"),) == layer.strays

    def test_names_of_choosers(self) -> None:
        """A setting that is called like what chooses files is a setting."""
        made = attrs.make_class("Made", ["profile"])
        made.__annotations__ = {"profile": str}
        layer = Environment("X_", environ={"X_PROFILE": "a"}).read(model_of(made))

        assert {"profile": "a"} == layer.data

    def test_process(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without a mapping the variables of the process are read, and never changed."""
        monkeypatch.setenv("X_COUNT", "5")
        monkeypatch.setenv("X_NAME", "a")
        before = dict(os.environ)
        layer = Environment("X_").read(APP)

        assert "a" == layer.data["name"]
        assert before == dict(os.environ)

    def test_repr(self) -> None:
        """The variables are not shown by the source."""
        assert "C4N4RY" not in repr(Environment("X_", environ={"X_TOKEN": "C4N4RY"}))

    def test_unparsed(self) -> None:
        """A text that cannot be read stands in its place; another layer may override it."""
        layer = read({"X_LIMITS_RATIO": "half"})
        value = layer.data["limits"]["ratio"]

        assert isinstance(value, Unparsed)
        assert ((), True) == (layer.problems, layer.complete)


class TestJson:
    """A group may be given as JSON; exploded variables win leaf by leaf."""

    @pytest.mark.parametrize(
        ("expected", "environ"),
        [
            (
                {"limits": {"max_requests": 2, "ratio": 0.2}},
                {"X_LIMITS": '{"max_requests": 5, "ratio": 0.2}', "X_LIMITS_MAX_REQUESTS": "2"},
            ),
            (
                {"limits": {"max_requests": 2}},
                {"X_LIMITS": '{"max_requests": "many"}', "X_LIMITS_MAX_REQUESTS": "2"},
            ),
            (
                {"limits": {"Max-Requests": 2}},
                {"X_LIMITS": '{"Max-Requests": 5}', "X_LIMITS_MAX_REQUESTS": "2"},
            ),
            (
                {"limits": {"maximum": 2}},
                {"X_LIMITS": '{"maximum": 5}', "X_LIMITS_MAX_REQUESTS": "2"},
            ),
            (
                {"limits": {"max_requests": 2}},
                {"X_LIMITS": '{"max_requests": 5}', "X_LIMITS_MAXIMUM": "2"},
            ),
            (
                {"upstreams": {"pay.api": {"port": 2, "limits": {"ratio": 1}}}},
                {
                    "X_UPSTREAMS": '{"pay.api": {"port": 5, "limits": {"ratio": 1}}}',
                    "X_UPSTREAMS__PAY_API__PORT": "2",
                },
            ),
            (
                {"upstreams": {"a": {"port": 2}}},
                {"X_UPSTREAMS": '{"a": "no table"}', "X_UPSTREAMS__A__PORT": "2"},
            ),
            (
                {"source": {"type": "dns", "name": "a"}},
                {"X_SOURCE": '{"type": "dns"}', "X_SOURCE_NAME": "a"},
            ),
        ],
    )
    @pytest.mark.parametrize("order", [1, -1])
    def test_exploded_wins(
        self, expected: dict[str, Any], environ: dict[str, str], order: int
    ) -> None:
        """It wins however the JSON spells the key, and even where the losing leaf is invalid."""
        layer = read(dict(list(environ.items())[::order]))

        assert expected == layer.data
        assert () == layer.problems

    def test_broken(self) -> None:
        """Broken JSON is told, and does not hide the exploded variables."""
        layer = read({"X_LIMITS": '{"ratio": ', "X_LIMITS_MAX_REQUESTS": "2"})
        (broken,) = layer.broken

        assert {"limits": {"max_requests": 2}} == layer.data
        assert (("limits",), "X_LIMITS", "MC206") == (
            broken.path,
            broken.source.name,
            broken.bad.code,
        )

    def test_broken_mapping(self) -> None:
        """A mapping is one value, so broken JSON stands in its place."""
        layer = read({"X_LABELS": '{"a": '})

        assert isinstance(layer.data["labels"], Unparsed)
        assert "plain" == layer.texts[("labels",)].format

    @pytest.mark.parametrize("text", ["5", "", "app.toml"])
    def test_scalar(self, text: str) -> None:
        """A text on the name of a group or a map is a stray; their own variables are read."""
        layer = read({"X_LIMITS": text, "X_UPSTREAMS": text, "X_LIMITS_RATIO": "0.2"})

        assert {"limits": {"ratio": 0.2}} == layer.data
        assert (
            Stray("X_LIMITS", "group", ("limits",)),
            Stray("X_UPSTREAMS", "group", ("upstreams",)),
        ) == layer.strays


class TestEntries:
    """Keys of maps stand between double underscores."""

    def test_spelled(self) -> None:
        """A key that comes from a name is marked, since it stands for any spelling."""
        layer = read(
            {"X_UPSTREAMS__PAY_API__PORT": "1", "X_UPSTREAMS__PAY_API__LIMITS_RATIO": "0.2"}
        )

        assert {"upstreams": {"PAY_API": {"port": 1, "limits": {"ratio": 0.2}}}} == layer.data
        assert {("upstreams", "PAY_API")} == layer.spelled

    def test_spelled_by_json(self) -> None:
        """A key that JSON spells is taken as it is."""
        layer = read({"X_UPSTREAMS": '{"pay-api": {}}', "X_UPSTREAMS__PAY_API__PORT": "1"})

        assert {"upstreams": {"pay-api": {"port": 1}}} == layer.data
        assert set() == layer.spelled

    def test_one_entry(self) -> None:
        """Two spellings of a key in names mean one entry."""
        layer = read({"X_UPSTREAMS__a_b__PORT": "1", "X_UPSTREAMS__A_B__LIMITS_RATIO": "0.2"})

        assert [{"port": 1, "limits": {"ratio": 0.2}}] == list(layer.data["upstreams"].values())


class TestTwice:
    """A setting that two variables set is an error that names both."""

    @pytest.mark.parametrize(
        ("expected", "environ"),
        [
            (
                "`limits.max_requests` is given twice: by X_LIMITS_MAXIMUM and by X_LIMITS_MAX_REQUESTS",
                {"X_LIMITS_MAX_REQUESTS": "1", "X_LIMITS_MAXIMUM": "2"},
            ),
            (
                "`upstreams.a_b.port` is given twice: by X_UPSTREAMS__A_B__PORT and by X_UPSTREAMS__a_b__PORT",
                {"X_UPSTREAMS__A_B__PORT": "1", "X_UPSTREAMS__a_b__PORT": "2"},
            ),
            (
                "`name` is given twice: by X_NAME and by X_NAME_FILE",
                {"X_NAME": "a", "X_NAME_FILE": "/nowhere"},
            ),
            (
                "`note` is given twice: by X_NOTE and by X_NOTE_FILE",
                {"X_NOTE": "", "X_NOTE_FILE": "/nowhere"},
            ),
        ],
    )
    def test_refused(self, expected: str, environ: dict[str, str]) -> None:
        """Neither wins silently."""
        layer = read(environ)
        (problem,) = layer.problems

        assert ("MC105", "error", expected) == (problem.code, problem.severity, problem.message)
        assert not layer.complete


class TestAmbiguous:
    """A name that stands for several keys of a JSON text."""

    JSON = '{"pay-ments": {"port": 1}, "pay_ments": {"port": 2}, "other": {}}'

    def test_refused(self) -> None:
        """It is an error that names the keys."""
        layer = read({"X_UPSTREAMS": self.JSON, "X_UPSTREAMS__PAY_MENTS__PORT": "3"})
        expected = (
            "X_UPSTREAMS__PAY_MENTS__PORT could mean any of pay-ments, pay_ments in `upstreams`"
        )

        assert [("MC105", "upstreams", expected)] == messages(layer)
        assert not layer.complete

    def test_not_asked_for(self) -> None:
        """The keys themselves may be alike."""
        layer = read({"X_UPSTREAMS": self.JSON, "X_UPSTREAMS__OTHER__PORT": "3"})

        assert () == layer.problems
        assert [1, 2, 3] == [entry["port"] for entry in layer.data["upstreams"].values()]

    def test_many(self) -> None:
        """Each key is folded once, however many names there are."""
        numbers = range(30_000)
        layer = read({f"X_UPSTREAMS__A{number}__PORT": "1" for number in numbers})

        assert len(numbers) == len(layer.data["upstreams"])
        assert len(numbers) == len(layer.spelled)


class TestEncoding:
    """Bytes that are not UTF-8, which Python turns into lone surrogates."""

    @pytest.mark.parametrize(
        ("path", "name", "text"),
        [
            ("name", "X_NAME", "C4N4RY\udcff"),
            ("token", "OTHER_TOKEN", "C4N4RY\udcff"),
            ("count", "COUNT", "\udcff"),
            ("limits", "X_LIMITS", '{"C4N4RY\udcff": 1}'),
            ('upstreams."\\udcff".port', "X_UPSTREAMS__\udcff__PORT", "5"),
        ],
    )
    def test_refused(self, path: str, name: str, text: str) -> None:
        """They are told where they are read, and the text is not."""
        layer = read({name: text})
        expected = f"environment variable {printable(name)} is not UTF-8"

        assert [("MC003", path, expected)] == messages(layer)
        assert "C4N4RY" not in repr(layer.problems)
        assert ({}, False) == (layer.data, layer.complete)

    def test_others(self) -> None:
        """Text in any script is fine, and so is what sets nothing."""
        layer = read({"X_NAME": "ä漢😀", "X_OTHER": "\udcff"})

        assert ({"name": "ä漢😀"}, ()) == (layer.data, layer.problems)


class TestFromFile:
    """NAME_FILE names a file that holds the value."""

    @pytest.mark.parametrize(
        ("expected", "content"),
        [
            ("a", "a"),
            ("a", "a\n"),
            ("a", "a\r\n"),
            ("a\n", "a\n\n"),
            (" a ", " a "),
            ("", ""),
        ],
    )
    def test_text(self, expected: str, content: str, tmp_path: Path) -> None:
        """One newline at its end is no part of the value."""
        (tmp_path / "file").write_bytes(content.encode())
        layer = read({"X_NAME_FILE": str(tmp_path / "file")})

        assert {"name": expected} == layer.data
        assert f"{tmp_path / 'file'} (X_NAME_FILE)" == layer.texts[("name",)].name

    def test_types(self, tmp_path: Path) -> None:
        """It is read by the field's type, wherever the setting is."""
        (tmp_path / "file").write_text("5\n")
        (tmp_path / "json").write_text('{"ratio": 1}')
        file = str(tmp_path / "file")
        layer = read(
            {
                "COUNT_FILE": file,
                "X_UPSTREAMS__A__PORT_FILE": file,
                "X_LIMITS_FILE": str(tmp_path / "json"),
            }
        )
        expected = {"upstreams": {"A": {"port": 5}}, "limits": {"ratio": 1}, "count": 5}

        assert expected == layer.data

    @pytest.mark.parametrize("name", ["X_LIMITS_FILE", "X_UPSTREAMS_FILE"])
    def test_no_table(self, name: str, tmp_path: Path) -> None:
        """A group's file that holds no JSON is told by the name that is set."""
        (tmp_path / "file").write_text("5")

        (stray,) = read({name: str(tmp_path / "file")}).strays

        assert (name, "group") == (stray.name, stray.family)

    def test_twice(self, tmp_path: Path) -> None:
        """So is one of two names for a setting."""
        (tmp_path / "file").write_text("5")
        environ = {"X_LIMITS_MAXIMUM_FILE": str(tmp_path / "file"), "X_LIMITS_MAX_REQUESTS": "1"}
        expected = "by X_LIMITS_MAXIMUM_FILE and by X_LIMITS_MAX_REQUESTS"

        assert expected in read(environ).problems[0].message

    def test_empty_is_unset(self, tmp_path: Path) -> None:
        """An empty file is an empty variable."""
        (tmp_path / "file").write_text("\n")

        assert {} == read({"X_NOTE_FILE": str(tmp_path / "file")}).data

    @pytest.mark.parametrize(
        ("code", "expected", "make"),
        [
            ("MC401", "does not exist", lambda path: None),
            ("MC402", "is a directory, not a regular file", Path.mkdir),
            ("MC402", "is a FIFO, not a regular file", os.mkfifo),
            (
                "MC004",
                "is too large: 65,537 bytes; the limit is 65,536",
                lambda path: path.write_text("x" * 65_537),
            ),
            ("MC003", "is not UTF-8", lambda path: path.write_bytes(b"C4N4RY\xff")),
        ],
    )
    def test_refused(self, code: str, expected: str, make: Any, tmp_path: Path) -> None:
        """What cannot be read is told with its path, never with its content."""
        path = tmp_path / "file"
        make(path)
        layer = read({"X_NAME_FILE": str(path)})
        (problem,) = layer.problems

        assert [(code, "name", f'the file "{path}" of X_NAME_FILE {expected}')] == messages(layer)
        assert "environment variable X_NAME_FILE" == str(problem.origin)
        assert "C4N4RY" not in repr(layer.problems)
        assert ({}, False) == (layer.data, layer.complete)

    def test_largest(self, tmp_path: Path) -> None:
        """A file of 64 KiB is read."""
        (tmp_path / "file").write_text("x" * 65_536)

        assert 65_536 == len(read({"X_NAME_FILE": str(tmp_path / "file")}).data["name"])

    def test_own_name(self, tmp_path: Path) -> None:
        """A setting whose name ends in _FILE is a path, not the name of a file to read."""
        made = attrs.make_class("Made", ["key_file"])
        made.__annotations__ = {"key_file": str}
        layer = Environment("X_", environ={"X_KEY_FILE": "/nowhere"}).read(model_of(made))

        assert {"key_file": "/nowhere"} == layer.data

    def test_unknown(self) -> None:
        """A name that is no setting's is a stray with its whole name, and no file is read."""
        assert (Stray("X_NOTHING_FILE"),) == read({"X_NOTHING_FILE": "/nowhere"}).strays


class TestStrays:
    """Variables under the prefix that match no setting."""

    def test_unknown(self) -> None:
        """They are told by name."""
        layer = read({"X_NMAE": "C4N4RY", "X_LIMITS_RATIO_": "1", "X_": "2", "Y_NAME": "3"})

        assert (Stray("X_"), Stray("X_LIMITS_RATIO_"), Stray("X_NMAE")) == layer.strays
        assert "C4N4RY" not in repr(layer.strays)

    def test_no_prefix(self) -> None:
        """Without a prefix nothing can be said of the other variables."""
        layer = Environment("", environ={"NAME": "a", "PATH": "/bin"}).read(APP)

        assert ({"name": "a"}, ()) == (layer.data, layer.strays)

    @pytest.mark.parametrize(
        "name",
        [
            "X_PORT",
            "X_SERVICE_HOST",
            "X_SERVICE_PORT",
            "X_SERVICE_PORT_HTTP",
            "X_PORT_80_TCP",
            "X_PORT_80_TCP_PROTO",
            "X_PORT_80_TCP_PORT",
            "X_PORT_80_TCP_ADDR",
            "X_A_PORT_B_PORT",
            "X_A_PORT_B_PORT_1_TCP",
            "X_A_PORT_B_SERVICE_HOST",
            "X_A_PORT_B_PORT_53_UDP_ADDR",
        ],
    )
    def test_service_links(self, name: str) -> None:
        """What Kubernetes injects for a Service is one family."""
        links = {"X_PORT": "tcp://10.0.0.1:80", "X_A_PORT_B_PORT": "udp://10.0.0.2:53"}
        layer = read({name: "10.0.0.1", **links})

        assert Stray(name, "service_link") in layer.strays

    @pytest.mark.parametrize(
        ("name", "port"),
        [
            ("X_SERVICE_HOST", "80"),
            ("X_SERVICE_HOSTS", "tcp://10.0.0.1:80"),
            ("X_B_SERVICE_HOST", "tcp://10.0.0.1:80"),
            ("X_PORT_NAME", "tcp://10.0.0.1:80"),
        ],
    )
    def test_no_service_links(self, name: str, port: str) -> None:
        """A similar name is a stray of its own."""
        assert Stray(name, "unknown") in read({name: "10.0.0.1", "X_PORT": port}).strays

    def test_many_links(self) -> None:
        """Any number of Services and of other variables is told apart in one pass."""
        numbers = range(30_000)
        links = {f"X_A{number}_PORT": "tcp://10.0.0.1:80" for number in numbers}
        others = {f"X_B{number}_PORT_1": "5" for number in numbers}
        families = [stray.family for stray in read(links | others).strays]

        assert [30_000, 30_000] == [families.count("service_link"), families.count("unknown")]

    @pytest.mark.parametrize("text", ["X_UPSTREAMS" + "__A" * 500_000, "X_" + "PORT_" * 300_000])
    def test_long(self, text: str) -> None:
        """A name that is too long for any setting is not searched."""
        layer = read({text: "1", "X_PORT": "tcp://10.0.0.1:80"})

        assert Stray(text) in layer.strays

    def test_setting_like_a_link(self) -> None:
        """A real setting that a service link falls upon is told what it is."""
        value = read({"X_CONSUL_PORT": "tcp://10.0.0.1:80"}).data["consul"]["port"]

        assert "must be an integer, got a service link of Kubernetes" == str(value.bad)

    def test_group_like_a_link(self) -> None:
        """So is a group."""
        made = attrs.make_class("Made", ["port"])
        made.__annotations__ = {"port": Limits}
        layer = Environment("X_", environ={"X_PORT": "tcp://10.0.0.1:80"}).read(model_of(made))

        assert (Stray("X_PORT", "service_link"),) == layer.strays


class TestImports:
    """environs is imported when a variable needs it."""

    @pytest.mark.parametrize(
        ("expected", "environ"),
        [
            (False, {}),
            (False, {"X_NAME": "a", "X_TAGS": "a,b"}),
            (True, {"X_LIMITS_RATIO": "0.2"}),
        ],
    )
    def test_environs(self, expected: bool, environ: dict[str, str]) -> None:
        """Texts that stay texts do not need it."""
        code = f"""
import sys
import attrs
from meshconf.schema.compile import model_of
from meshconf.sources.environment import Environment
@attrs.frozen
class Limits:
    ratio: float = 1.0
@attrs.frozen
class App:
    limits: Limits
    name: str
    tags: list[str]
Environment("X_", environ={environ!r}).read(model_of(App))
print("environs" in sys.modules)
"""
        result = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )

        assert str(expected) == result.stdout.strip()
