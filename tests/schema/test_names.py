"""Tests for `meshconf.schema.names`."""
# ruff: noqa: UP007, UP045 - the old spellings of unions are supported too

from typing import Literal, Optional, Union

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshconf.mesh import ServiceMeshConfig
from meshconf.schema.compile import model_of
from meshconf.schema.model import Model
from meshconf.schema.names import Variables, entry_key, name_of, variable_name, variables_of
from meshconf.schema.setting import setting

Path = tuple[str | int, ...]


@attrs.frozen
class Limits:
    max_requests: int = setting(1, renamed_from="maximum")


@attrs.frozen
class Upstream:
    limits: Limits
    port: Optional[int] = setting(None, env="PORT_OF_ENTRY")


@attrs.frozen
class Consul:
    type: Literal["consul"] = "consul"
    host: str = "consul"


@attrs.frozen
class Dns:
    type: Literal["dns"] = "dns"
    name: str = ""


@attrs.frozen
class App:
    limits: Limits
    upstreams: dict[str, Upstream]
    regions: dict[str, dict[str, int]]
    zones: "dict[str, Zone]"
    source: Union[Consul, Dns, None] = None
    token: str = setting("", env="OTHER_TOKEN")
    tags: list[str] = setting(attrs.Factory(list), env="APP_LABELS", renamed_from=("labels", "etc"))


@attrs.frozen
class Zone:
    upstreams: dict[str, Upstream]


APP = model_of(App)
MESH = model_of(ServiceMeshConfig)


def found(variables: Variables, name: str) -> Path | None:
    """Return the path that a name stands for."""
    result = variables.find(name)
    return None if result is None else result.path


class TestVariablesOf:
    """All names of a model."""

    def test_names(self) -> None:
        """Each setting and group has a name; `env` and old names are among them."""
        expected = {
            "X_LIMITS": "limits",
            "X_LIMITS_MAX_REQUESTS": "limits.max_requests",
            "X_LIMITS_MAXIMUM": "limits.max_requests",
            "X_UPSTREAMS": "upstreams",
            "X_REGIONS": "regions",
            "X_ZONES": "zones",
            "X_SOURCE": "source",
            "X_SOURCE_TYPE": "source.type",
            "X_SOURCE_HOST": "source.host",
            "X_SOURCE_NAME": "source.name",
            "OTHER_TOKEN": "token",
            "APP_LABELS": "tags",
            "X_LABELS": "tags",
            "X_ETC": "tags",
        }
        names = variables_of(APP, "X_").by_name

        assert expected == {
            name: ".".join(map(str, variable.path)) for name, variable in names.items()
        }

    def test_outright(self) -> None:
        """Names that do not begin with the prefix are listed apart."""
        assert ("OTHER_TOKEN", "APP_LABELS") == variables_of(APP, "X_").outright

    def test_old(self) -> None:
        """A name that stems from an old key says so."""
        names = variables_of(APP, "X_").by_name

        assert "maximum" == names["X_LIMITS_MAXIMUM"].old
        assert "" == names["X_LIMITS_MAX_REQUESTS"].old

    @pytest.mark.parametrize(
        ("name", "path"),
        [
            ("MESH_SERVICE_NAME", "service_name"),
            ("MESH_SERVICE_VERSION", "service_version"),
            ("MESH_CONSUL_HOST", "consul.host"),
            ("MESH_CONSUL_PORT", "consul.port"),
            ("MESH_CONSUL_DC", "consul.datacenter"),
            ("MESH_CIRCUIT_BREAKER_MAX_REQUESTS", "circuit_breaker.max_requests"),
            ("MESH_CIRCUIT_BREAKER_ERROR_THRESHOLD", "circuit_breaker.error_threshold"),
            ("MESH_CIRCUIT_BREAKER_RESET_TIMEOUT", "circuit_breaker.reset_timeout"),
            ("MESH_LOAD_BALANCER_ALGORITHM", "load_balancer.algorithm"),
            ("MESH_LOAD_BALANCER_MAX_RETRIES", "load_balancer.max_retries"),
            ("MESH_LOAD_BALANCER_HEALTH_CHECK_INTERVAL", "load_balancer.health_check.interval"),
            ("MESH_RETRY_MAX_ATTEMPTS", "retry.max_attempts"),
            ("MESH_RETRY_BASE_DELAY", "retry.base_delay"),
            ("MESH_RETRY_MAX_DELAY", "retry.max_delay"),
            ("MESH_METRICS_ENABLED", "metrics.enabled"),
            ("MESH_METRICS_PORT", "metrics.port"),
            ("MESH_METRICS_PATH", "metrics.path"),
            ("MESH_TRACING_ENABLED", "tracing.enabled"),
            ("MESH_TRACING_SAMPLING_RATIO", "tracing.sampling_ratio"),
        ],
    )
    def test_historic(self, name: str, path: str) -> None:
        """The nested schema keeps the names that its settings had in the flat one."""
        assert tuple(path.split(".")) == found(variables_of(MESH, "MESH_"), name)


class TestShared:
    """Settings that share a name are refused, naming both."""

    @pytest.mark.parametrize(
        ("expected", "fields"),
        [
            (
                "`a.b_c` and `a_b.c` share the variable X_A_B_C",
                {"a": {"b_c": attrs.field()}, "a_b": {"c": attrs.field()}},
            ),
            (
                "`a.b` and `c.d` share the variable SAME",
                {"a": {"b": setting(env="SAME")}, "c": {"d": setting(env="SAME")}},
            ),
            (
                "`a.b` and `a.c` share the variable X_A_B",
                {"a": {"b": attrs.field(), "c": setting(env="X_A_B")}},
            ),
            (
                "`a` and `c.d` share the variable X_A",
                {"a": {"b": attrs.field()}, "c": {"d": setting(env="X_A")}},
            ),
        ],
    )
    def test_refused(self, expected: str, fields: dict[str, dict[str, object]]) -> None:
        """It makes no difference how the name came about."""
        groups = {}
        for name, below in fields.items():
            groups[name] = attrs.make_class(name, below)
            groups[name].__annotations__ = dict.fromkeys(below, int)
        root = attrs.make_class("Root", list(groups))
        root.__annotations__ = groups

        with pytest.raises(TypeError, match=rf"^{expected}$"):
            variables_of(model_of(root), "X_")

    def test_within_a_map(self) -> None:
        """Settings of a map's entries are told apart too."""

        @attrs.frozen
        class Nested:
            b_c: int

        @attrs.frozen
        class Entry:
            a_b: int
            a: Nested
            a_b_c: int

        root = attrs.make_class("Root", ["entries"])
        root.__annotations__ = {"entries": dict[str, Entry]}

        with pytest.raises(TypeError, match=r"^`a.b_c` and `a_b_c` share the variable A_B_C$"):
            variables_of(model_of(root), "X_")

    def test_with_an_entry(self) -> None:
        """A setting may not have a name that an entry of a map could have."""
        root = attrs.make_class(
            "Root",
            {"entries": attrs.field(), "other": setting(env="X_ENTRIES__A__LIMITS_MAX_REQUESTS")},
        )
        root.__annotations__ = {"entries": dict[str, Upstream], "other": int}
        expected = (
            "^`other` has the variable of an entry of `entries`: X_ENTRIES__A__LIMITS_MAX_REQUESTS$"
        )

        with pytest.raises(TypeError, match=expected):
            variables_of(model_of(root), "X_")


class TestFind:
    """Names are looked up, never split."""

    @pytest.mark.parametrize(
        ("expected", "name"),
        [
            (("limits", "max_requests"), "X_LIMITS_MAX_REQUESTS"),
            (("upstreams", "A", "limits", "max_requests"), "X_UPSTREAMS__A__LIMITS_MAX_REQUESTS"),
            (("upstreams", "A_B", "limits"), "X_UPSTREAMS__A_B__LIMITS"),
            (("upstreams", "A__B", "limits"), "X_UPSTREAMS__A__B__LIMITS"),
            (("upstreams", "_A_", "limits"), "X_UPSTREAMS___A___LIMITS"),
            (("upstreams", "a", "port"), "X_UPSTREAMS__a__PORT_OF_ENTRY"),
            (
                ("zones", "Z", "upstreams", "A", "limits"),
                "X_ZONES__Z__UPSTREAMS__A__LIMITS",
            ),
            (None, "X_UPSTREAMS__A"),
            (None, "X_UPSTREAMS__"),
            (None, "X_UPSTREAMS____LIMITS"),
            (None, "X_UPSTREAMS__A__NOTHING"),
            (None, "X_REGIONS__A__B"),
            (None, "X_limits"),
            (None, "LIMITS"),
            (None, ""),
        ],
    )
    def test_path(self, expected: Path | None, name: str) -> None:
        """The key of a map's entry stands between double underscores."""
        assert expected == found(variables_of(APP, "X_"), name)

    @pytest.mark.parametrize(("expected", "length"), [(True, 1024), (False, 1025)])
    def test_longest(self, expected: bool, length: int) -> None:
        """A name of more than 1,024 characters is no setting's."""
        name = "X_UPSTREAMS__{}__LIMITS"
        result = variables_of(APP, "X_").find(name.format("A" * (length - len(name) + 2)))

        assert expected == (result is not None)

    def test_many_underscores(self) -> None:
        """A hostile name is not split at each of its underscores."""
        assert variables_of(APP, "X_").find("X_UPSTREAMS" + "_" * 2_000_000) is None

    def test_entries(self) -> None:
        """The positions of entries' keys are told, at each depth."""
        result = variables_of(APP, "X_").find("X_ZONES__Z__UPSTREAMS__A__LIMITS")

        assert result is not None
        assert (1, 3) == result.entries


ENTRIES = st.text("ab_-.", min_size=1, max_size=6)


@st.composite
def paths(draw: st.DrawFn, model: Model) -> Path:
    """Draw the path of a setting, through entries of maps."""
    path: Path = ()
    while True:
        name = draw(st.sampled_from(list(model.settings)))
        path = (*path, name)
        setting = model.settings[name]
        below = setting.group or setting.map_of
        if setting.map_of is not None:
            path = (*path, draw(ENTRIES))
        if below is None or (setting.map_of is None and draw(st.booleans())):
            return path
        model = below


class TestNameOf:
    """The name of the variable for a path."""

    @pytest.mark.parametrize(
        ("expected", "path"),
        [
            ("X_LIMITS", ("limits",)),
            ("X_LIMITS_MAX_REQUESTS", ("limits", "max_requests")),
            (
                "X_UPSTREAMS__A_B__LIMITS_MAX_REQUESTS",
                ("upstreams", "a-b", "limits", "max_requests"),
            ),
            ("X_UPSTREAMS__A__PORT_OF_ENTRY", ("upstreams", "a", "port")),
            ("X_ZONES__Z__UPSTREAMS__A__LIMITS", ("zones", "z", "upstreams", "a", "limits")),
            ("OTHER_TOKEN", ("token",)),
            ("APP_LABELS", ("tags",)),
            ("APP_LABELS", ("tags", 3)),
            ("X_SOURCE_NAME", ("source", "name")),
            ("X_NOTHING", ("nothing",)),
        ],
    )
    def test_name(self, expected: str, path: Path) -> None:
        """It is the name that the loader looks up; that of the whole list for an element."""
        assert expected == name_of(APP, path, "X_")

    @given(path=paths(APP), separator=st.sampled_from(["_", "__"]))
    def test_round_trip(self, path: Path, separator: str) -> None:
        """What a setting's variable is called is found again, at the same place."""
        result = variables_of(APP, "X_", separator).find(name_of(APP, path, "X_", separator))

        assert result is not None
        for position, part in enumerate(path):
            if position in result.entries:
                assert variable_name("", (part,)) == result.path[position]
            else:
                assert part == result.path[position]

    @given(path=paths(MESH))
    def test_round_trip_of_the_mesh(self, path: Path) -> None:
        """It holds for the schema of the mesh, whose names say most."""
        result = variables_of(MESH, "MESH_").find(name_of(MESH, path, "MESH_"))

        assert result is not None
        assert len(path) == len(result.path)


class TestEntryKey:
    """The key of an entry that no file names."""

    @pytest.mark.parametrize(
        ("expected", "spelled"), [("payments-api", "PAYMENTS_API"), ("a", "a"), ("a--b", "A__B")]
    )
    def test_key(self, expected: str, spelled: str) -> None:
        """It is lower case, with dashes for underscores."""
        assert expected == entry_key(spelled)
