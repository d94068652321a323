"""What every target keeps to: nothing is lost silently, and nothing but a report goes wrong."""

from __future__ import annotations

import contextlib
import inspect
import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

import attrs
import pytest
from hypothesis import given, settings

import meshconf.mesh.render
from meshconf import ConfigError, ServiceMeshConfig
from meshconf.diagnostics.words import parse_path
from meshconf.mesh import MetricsConfig, UpstreamConfig
from meshconf.mesh.paths import dotted, settings_of, value_at
from meshconf.mesh.render import Rendered
from meshconf.mesh.render.upstreams import upstreams_of
from tests.mesh.render.configs import (
    DEFAULTS,
    PASSWORD,
    POLICIES,
    TOKEN,
    a_config,
    changed_configs,
    configs,
    every_setting,
    hostile_configs,
    without_hosts,
)

Family = tuple[str, list[ServiceMeshConfig]]
Target = Callable[..., Rendered]

#: Every function that renders; a new one is tested without a word here.
TARGETS: list[Target] = [
    found
    for name in meshconf.mesh.render.__all__
    if inspect.isfunction(found := getattr(meshconf.mesh.render, name))
    and "upstream" in inspect.signature(found).parameters
]


def envoy_parts(config: ServiceMeshConfig, *, upstream: str | None = None) -> Rendered:
    """Render clusters and routes: each tells what neither of them says."""
    clusters = meshconf.mesh.render.envoy_clusters(config, upstream=upstream)
    routes = meshconf.mesh.render.envoy_routes(config, upstream=upstream)

    assert clusters.dropped == routes.dropped
    return Rendered(clusters.text + routes.text, clusters.dropped)


#: The same, with the parts of one configuration together.
WHOLE: list[Target] = [
    *(one for one in TARGETS if one.__name__ not in ("envoy_clusters", "envoy_routes")),
    envoy_parts,
]

JSON_TARGETS = [target for target in TARGETS if target(a_config()).text.startswith("{")]

#: What a reason looks like.
PHRASE = re.compile(r"\S.*[^\s.]")

each_target = pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.__name__)


@pytest.fixture(scope="module")
def families() -> list[Family]:
    """Make the configurations once."""
    return [*every_setting(), *without_hosts()]


@attrs.frozen
class Said:
    """What became of a value of a setting: the text, if there is one, and what was told of it."""

    value: Any
    text: str | None
    is_told: bool
    is_dropped_in_whole: bool = False


@pytest.fixture(scope="module", params=WHOLE, ids=lambda target: target.__name__)
def renderings(
    request: pytest.FixtureRequest, families: list[Family]
) -> list[tuple[str, list[Said]]]:
    """Render all of them for a target, what is an upstream's own as the only one."""
    return [
        (path, [said(request.param, path, config) for config in family])
        for path, family in families
    ]


def said(target: Target, path: str, config: ServiceMeshConfig) -> Said:
    """Render a configuration, and see what became of a setting."""
    upstream = path.split(".")[1] if path.startswith("upstreams.") else None
    names, value = names_of_setting(config, path), at(config, path)
    try:
        found = target(config, upstream=upstream)
    except ConfigError as error:
        refused = {problem.path for problem in error.problems}
        # Hosts that are refused are named with their upstream.
        refused |= {path.rpartition(".")[0] for path in refused}
        return Said(value, None, bool(names & refused))
    dropped = [one for one in found.dropped if one.path in names]
    in_whole = any(not (one.in_part or one.upstreams) for one in dropped)
    return Said(value, found.text, bool(dropped), in_whole)


def rendered(target: Target, config: ServiceMeshConfig, upstream: str | None = None) -> Any:
    """Render, and return the text and the paths that it does not say; of a refusal, its paths."""
    try:
        found = target(config, upstream=upstream)
    except ConfigError as error:
        return None, {problem.path for problem in error.problems}
    return found.text, {one.path for one in found.dropped}


def at(config: ServiceMeshConfig, path: str) -> Any:
    """Return the value of a setting, also that of an upstream."""
    first, *rest = parse_path(path)
    if first != "upstreams":
        return value_at(config, path)
    name, *below = rest
    return value_at(config.upstreams.get(str(name), UpstreamConfig()), ".".join(map(str, below)))


def default_of(path: str) -> Any:
    """Return what the schema has for a setting, also for one of an upstream; a name has none."""
    first, *rest = parse_path(path)
    if first == "upstreams":
        return value_at(UpstreamConfig(), ".".join(map(str, rest[1:])))
    return None if path == "service_name" else value_at(DEFAULTS, path)


def differences(before: ServiceMeshConfig, after: ServiceMeshConfig) -> list[set[str]]:
    """Return the settings that differ and are in force, each with the paths that it may have."""
    found = [
        {path}
        for path in settings_of(after)
        if path.split(".")[0] not in (*POLICIES, "upstreams")
        and value_at(before, path) != value_at(after, path)
    ]
    earlier = {one.name: one.config for one in upstreams_of(before)}
    later = {one.name: one.config for one in upstreams_of(after)}
    for name in earlier.keys() & later.keys():
        for path in settings_of(later[name]):
            if value_at(earlier[name], path) != value_at(later[name], path):
                own = f"{dotted('upstreams', name)}.{path}"
                found.append({own, path} if path.split(".")[0] in POLICIES else {own})
    return found


def alike(family: list[Said]) -> list[list[Any]]:
    """Return values of a setting that have the same text, without a word of that."""
    said: dict[str | None, list[Any]] = {}
    for one in family:
        if not one.is_told:
            said.setdefault(one.text, []).append(one.value)
    refused = said.pop(None, [])
    found = [values for values in said.values() if len(values) > 1]
    # Where the context is refused as it is, that is about other settings.
    return found if family[0].text is None or not refused else [*found, refused]


def said_all_the_same(family: list[Said]) -> list[Any]:
    """Return values of a setting that is dropped in whole, and whose texts differ even so."""
    texts = {one.text: one.value for one in family if one.is_dropped_in_whole}
    return list(texts.values()) if len(texts) > 1 else []


def names_of_setting(config: ServiceMeshConfig, path: str) -> set[str]:
    """Return the paths that a setting has: that of the general one too, where an upstream has that."""
    general = path.split(".", 2)[2] if path.startswith("upstreams.") else path
    is_shared = general.split(".", 1)[0] in POLICIES and at(config, general) == at(config, path)
    return {path, general} if is_shared else {path}


def texts(config: ServiceMeshConfig) -> Iterator[tuple[Target, Rendered]]:
    """Render for all targets, and leave out those that refuse."""
    for target in TARGETS:
        with contextlib.suppress(ConfigError):
            yield target, target(config)


def documents(text: str) -> list[Any]:
    """Read a document of JSON, or one in each line."""
    try:
        return [json.loads(text)]
    except ValueError:
        return [json.loads(line) for line in text.splitlines()]


def outcome(target: Target, config: ServiceMeshConfig) -> tuple[str, list[str]]:
    """Render, and return the text and the lines that tell what is not said, or cannot be."""
    try:
        found = target(config)
    except ConfigError as error:
        return "", str(error).split("\n")
    return found.text, [f"{one.path}: {one.reason}" for one in found.dropped]


class TestCompleteness:
    """Each setting is said, or it is said that it is not."""

    def test_all_targets_are_found(self) -> None:
        """The targets are the functions that the package offers."""
        assert "envoy" in {target.__name__ for target in TARGETS}

    def test_all_settings_are_changed(self, families: list[Family]) -> None:
        """The changes that are rendered here are of every setting that the schema has."""
        general = set(settings_of(DEFAULTS)) - {"upstreams"}
        own = {f"upstreams.payments.{path}" for path in settings_of(UpstreamConfig())}
        changed = {path for path, family in families if len(family) > 1}

        assert set() == (general | own) - changed

    def test_says_or_tells(self, renderings: list[tuple[str, list[Said]]]) -> None:
        """Of values with the same text, all but one are in `dropped`; a refusal names the setting."""
        silent = [
            f"{path} {values}"[:150] for path, family in renderings for values in alike(family)
        ]

        assert [] == silent

    def test_says_nothing_of_what_is_dropped(
        self, renderings: list[tuple[str, list[Said]]]
    ) -> None:
        """What is dropped in whole leaves no trace in the text."""
        traces = [
            f"{path} {values}"[:150]
            for path, family in renderings
            if (values := said_all_the_same(family))
        ]

        assert [] == traces

    @settings(max_examples=60, deadline=None)
    @given(changed_configs())
    def test_says_or_tells_of_any(self, pair: tuple[ServiceMeshConfig, ServiceMeshConfig]) -> None:
        """The same holds whatever the other settings are."""
        before, after = pair
        silent: list[tuple[str, set[str]]] = []
        for target in WHOLE:
            text, paths = rendered(target, after)
            text_before, paths_before = rendered(target, before)
            if text is not None and text == text_before:
                noted = paths | paths_before
                lost = [names for names in differences(before, after) if not names & noted]
                silent.extend((target.__name__, names) for names in lost)

        assert [] == silent


class TestDropped:
    """What is said not to be said."""

    @settings(max_examples=60, deadline=None)
    @given(configs())
    def test_is_set(self, config: ServiceMeshConfig) -> None:
        """What is dropped is set, and is called a default if, and only if, it has that value."""
        for _, found in texts(config):
            for one in found.dropped:
                value = at(config, one.path)
                expected = one.path == "service_name" or value == default_of(one.path)

                assert value is not None
                assert one.default is expected

    @settings(max_examples=60, deadline=None)
    @given(configs())
    def test_has_a_reason(self, config: ServiceMeshConfig) -> None:
        """Each path stands there in order, once for each reason, with a phrase that tells why."""
        for _, found in texts(config):
            paths = [one.path for one in found.dropped]

            assert sorted(paths) == paths
            assert len({(one.path, one.reason) for one in found.dropped}) == len(paths)
            assert [] == [one for one in found.dropped if not PHRASE.fullmatch(one.reason)]


class TestHostile:
    """Names and texts that are made to be misread."""

    @settings(max_examples=100, deadline=None)
    @given(hostile_configs())
    def test_nothing_but_reports(self, config: ServiceMeshConfig) -> None:
        """There is a text or a report, the same each time, and no secret in either."""
        before = repr(config)
        for target in TARGETS:
            text, told = outcome(target, config)

            assert (text, told) == outcome(target, config)
            assert [] == [one for one in (TOKEN, PASSWORD) if one in text or one in str(told)]
            # No line of what is told is made by a name that holds one.
            assert [] == [line for line in told if not line.isprintable()]
        assert before == repr(config)

    def test_odd_file_names(self) -> None:
        """Names of files that no terminal shows as they are stand in nothing that is told."""
        files = {"tls.cert_file": "\ud7fc\u202e", "tls.key_file": "k\u202e"}
        config = a_config({"tls.enabled": True, **files})
        for target in TARGETS:
            _, told = outcome(target, config)

            assert [] == [line for line in told if not line.isprintable()]

    @settings(max_examples=100, deadline=None)
    @given(hostile_configs())
    def test_is_text(self, config: ServiceMeshConfig) -> None:
        """The text is UTF-8 without control characters; what is JSON is JSON always."""
        for target, found in texts(config):
            text = found.text

            assert text == text.encode().decode()
            assert text.endswith("\n")
            assert not [one for one in text if one != "\n" and unicodedata.category(one) == "Cc"]
            if target in JSON_TARGETS:
                assert documents(text)


class TestUpstream:
    """The choice of a single upstream."""

    @each_target
    @pytest.mark.parametrize("name", ["shipping", "", "a.b", "\n"])
    def test_is_unknown(self, target: Target, name: str) -> None:
        """A name that no upstream has is refused, and named."""
        with pytest.raises(ConfigError) as caught:
            target(a_config(), upstream=name)

        ((code, path),) = [(one.code, one.path) for one in caught.value.problems]
        assert ("MC303", dotted("upstreams", name)) == (code, path)

    @each_target
    def test_is_the_only_one(self, target: Target) -> None:
        """Of other upstreams nothing is said."""
        found = target(a_config(), upstream="payments")

        assert "10.0.1.1" not in found.text
        assert not [one for one in found.dropped if one.path.startswith("upstreams.ledger")]


@attrs.frozen(kw_only=True)
class LabelledMetrics(MetricsConfig):
    """Metrics with a setting of the user's own."""

    label: str = meshconf.setting("x", help="A label.")


@attrs.frozen(kw_only=True)
class OwnUpstream(UpstreamConfig):
    """An upstream with a setting of the user's own."""

    owner: str = meshconf.setting("nobody", help="Whom to ask.")


@attrs.frozen(kw_only=True)
class OwnMesh(ServiceMeshConfig):
    """A schema that inherits, and has more in its groups."""

    metrics: LabelledMetrics = meshconf.setting(LabelledMetrics(), help="Metrics.")


class TestInherited:
    """Schemas that inherit from that of the mesh."""

    @each_target
    @pytest.mark.parametrize("enabled", [True, False])
    def test_settings_of_ones_own(self, target: Target, *, enabled: bool) -> None:
        """Settings that the mesh does not have mean nothing to a target."""
        plain = a_config({"metrics.enabled": enabled})
        own = OwnMesh(
            **{
                **attrs.asdict(plain, recurse=False),
                "metrics": LabelledMetrics(enabled=enabled, label="y"),
                "upstreams": {
                    name: OwnUpstream(**attrs.asdict(one, recurse=False), owner="me")
                    for name, one in plain.upstreams.items()
                },
            }
        )

        assert target(plain) == target(own)
