"""What Prometheus is told of a configuration, by the real client and its real formats."""

from __future__ import annotations

import importlib
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as parsed

import meshconf
from meshconf import DotEnv, Layer
from meshconf.live.prometheus import ConfigCollector
from tests.live.conftest import Aged, put
from tests.programs import required

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("only_when_asked")

CANARY = "canary-hunter2"


@pytest.fixture
def collector() -> ConfigCollector:
    """Return a collector of nothing yet."""
    return ConfigCollector()


@pytest.fixture
def registry(collector: ConfigCollector) -> CollectorRegistry:
    """Return a registry with the collector."""
    registry = CollectorRegistry()
    registry.register(collector)
    return registry


@pytest.fixture
def value(registry: CollectorRegistry) -> Callable[..., float | None]:
    """Return a function that returns the value of a series, whose config is App by default."""

    def value(name: str, config: str = "App", **labels: str) -> float | None:
        return registry.get_sample_value(f"meshconf_{name}", {"config": config, **labels})

    return value


def series(registry: CollectorRegistry, name: str) -> list[dict[str, str]]:
    """Return the labels of all series of a name, without those of the configuration."""
    return [
        {key: text for key, text in sample.labels.items() if key != "config"}
        for metric in registry.collect()
        for sample in metric.samples
        if sample.name == f"meshconf_{name}"
    ]


def text_of(registry: CollectorRegistry) -> str:
    """Return what Prometheus is given."""
    return generate_latest(registry).decode()


def everything(registry: CollectorRegistry) -> Iterator[tuple[str, frozenset[tuple[str, str]]]]:
    """Yield the name and the labels of every series, as they are read from the text."""
    for metric in parsed(text_of(registry)):
        for sample in metric.samples:
            yield sample.name, frozenset(sample.labels.items())


class TestReloads:
    def test_bad_edit_and_back(self, watch, failure, collector, value):
        """A bad edit flips the success gauge to 0, the withdrawn edit flips it back to 1.

        That it stayed at 0, since nothing had changed, was kubernetes/ingress-nginx#13818.
        """
        live = watch("limit = 5\n")
        collector.add(live)
        first = value("config_last_reload_successful")
        begun = value("config_last_reload_success_timestamp_seconds")
        put("app.toml", "limit = 0\n")
        failure(live)
        bad = value("config_last_reload_successful")
        stale = value("config_last_reload_success_timestamp_seconds")
        put("app.toml", "limit = 5\n")
        live.reload()
        good = value("config_last_reload_successful")

        assert (1, 0, 1) == (first, bad, good)
        assert begun == stale < value("config_last_reload_success_timestamp_seconds")
        assert live.status.last_success.timestamp() == value(
            "config_last_reload_success_timestamp_seconds"
        )

    def test_results(self, watch, failure, folder: Path, collector, value):
        """Each result is counted, and is there before it comes for the first time."""
        live = watch("limit = 5\n")
        collector.add(live)

        def results() -> list[float | None]:
            labels = {"source": "app.toml,environment"}
            return [
                value("config_reloads_total", result=result, **labels)
                for result in ("success", "unchanged", "rejected", "error")
            ]

        assert [1, 0, 0, 0] == results()

        live.reload()
        put("app.toml", "limit = 6\n")
        live.reload()
        put("app.toml", "limit = 0\n")
        failure(live)
        failure(live)
        (folder / "app.toml").unlink()
        failure(live)

        assert [2, 1, 2, 1] == results()

    def test_generation(self, watch, collector, value):
        """The generation is that of the configuration in force."""
        live = watch("limit = 5\n")
        collector.add(live)
        put("app.toml", "limit = 6\n")
        live.reload()

        assert 2 == value("config_generation")

    def test_pending_restart(self, watch, collector, value):
        """Changes that wait for a restart are counted."""
        live = watch("listen = 80\n")
        collector.add(live)
        before = value("config_pending_restart")
        put("app.toml", "listen = 81\n[pool]\nkind = 'fork'\n")
        live.reload()

        assert (0, 2) == (before, value("config_pending_restart"))

    def test_warnings(self, watch, failure, collector, value):
        """The warnings are those of the configuration in force, not of one that was rejected."""
        live = watch("limit = 5\n", environ={"APP_X": "1", "APP_Y": "1"})
        collector.add(live)
        before = value("config_warnings")
        put("app.toml", f"limit = 0\ntoken = '{CANARY}'\n")
        failure(live)

        assert (2, 2) == (before, value("config_warnings"))

    def test_subscribers(self, watch, collector, value):
        """What subscribers raise is counted."""
        live = watch("limit = 5\n")
        collector.add(live)
        before = value("subscriber_errors_total")
        live.subscribe(lambda *_: 1 / 0)
        put("app.toml", "limit = 6\n")
        live.reload()

        assert (0, 1) == (before, value("subscriber_errors_total"))


class TestInfo:
    def test_labels(self, watch, collector, registry):
        """It tells the service, the version, the fingerprint and the sources."""
        live = watch(
            "limit = 5\n", DotEnv("none.env", prefix="APP_", optional=True), overrides={"name": "x"}
        )
        collector.add(live, service="orders")
        expected = {
            "service": "orders",
            "config_version": "1",
            "fingerprint": live.status.fingerprint,
            "source": "app.toml,none.env,environment,overrides",
        }

        assert [expected] == series(registry, "config_info")

    def test_version(self, watch, collector, registry):
        """The version is that of the schema, whatever version the file has."""
        collector.add(watch("max = 5\n", schema=Aged))
        (labels,) = series(registry, "config_info")

        assert ("2", "") == (labels["config_version"], labels["service"])

    def test_follows_the_configuration(self, watch, collector, registry):
        """After a reload there is one series, with the fingerprint of what is in force."""
        live = watch("limit = 5\n")
        collector.add(live)
        before = live.status.fingerprint
        put("app.toml", "limit = 6\n")
        live.reload()

        assert [live.status.fingerprint] == [
            labels["fingerprint"] for labels in series(registry, "config_info")
        ]
        assert before != live.status.fingerprint


class Store:
    """A source of one's own, by any name."""

    def __init__(self, name: str = "store", kind: str = "store") -> None:
        self.name = name
        self.kind = kind
        self.problems: tuple[meshconf.Problem, ...] = ()

    def read(self, _: Any) -> Layer:
        """Read what it has: nothing."""
        return Layer(self.kind, self.name, {}, problems=self.problems)

    def lose(self) -> None:
        """Be no longer readable."""
        self.problems = (meshconf.Problem("MC402", "error", "", "gone"),)


class TestSources:
    def test_connection(self, watch, failure, folder: Path, collector, value):
        """A source that cannot be read is not connected, and its last contact stays."""
        live = watch("limit = 5\n")
        collector.add(live)
        first = value("source_last_contact_timestamp_seconds", source="app.toml")
        (folder / "app.toml").unlink()
        failure(live)
        labels = ("app.toml", "environment")

        assert [0, 1] == [value("source_connected", source=one) for one in labels]
        assert first == value("source_last_contact_timestamp_seconds", source="app.toml")
        assert first < value("source_last_contact_timestamp_seconds", source="environment")

        put("app.toml", "limit = 5\n")
        live.reload()

        assert [1, 1] == [value("source_connected", source=one) for one in labels]
        assert first < value("source_last_contact_timestamp_seconds", source="app.toml")

    @pytest.mark.parametrize("order", [(0, 1), (1, 0)])
    def test_two_of_one_name(self, order, watch, failure, collector, registry, value):
        """Two sources of one name are one series, which tells of the one that is worse off."""
        stores = Store(kind="one"), Store(kind="two")
        live = watch(None, *(stores[number] for number in order))
        collector.add(live)
        stores[0].lose()
        failure(live)

        assert 0 == value("source_connected", source="store")
        assert min(one.last_contact.timestamp() for one in live.status.sources) == value(
            "source_last_contact_timestamp_seconds", source="store"
        )
        assert len(list(everything(registry))) == len(set(everything(registry)))

    def test_labels_of_counters_stay(self, watch, collector, registry, value):
        """A source that comes to be called otherwise does not make another counter."""
        store = Store("store at 1")
        live = watch(None, store)
        collector.add(live)
        store.name = "store at 2"
        live.reload()
        labels = {"source": "store at 1,environment"}

        assert 1 == value("config_reloads_total", result="unchanged", **labels)
        assert 2 == value("config_load_duration_seconds_count", **labels)
        assert [labels["source"]] == [one["source"] for one in series(registry, "config_info")]
        assert 1 == value("source_connected", source="store at 2")

    def test_name_that_cannot_be_encoded(self, watch, collector, registry):
        """A name that is no proper text is escaped, so that all the rest can be shown."""
        collector.add(watch(None, Store("a\udcff\x1b\n")))

        assert 'meshconf_source_connected{config="App",source="a\\\\udcff\\\\x1b\\\\n"} 1.0' in (
            text_of(registry)
        )


class TestDeprecatedKeys:
    def test_in_use(self, watch, collector, registry):
        """Each old name in use is a series, with the release that no longer reads it."""
        live = watch("max = 5\ntitle = 'x'\n", schema=Aged, environ={"APP_MAX": "6"})
        collector.add(live)

        assert [
            {"key": "max", "removed_in": "3.0"},
            {"key": "APP_MAX", "removed_in": "3.0"},
            {"key": "title", "removed_in": ""},
        ] == series(registry, "deprecated_keys_in_use")

        put("app.toml", "config_version = 2\nlimit = 5\n")
        live.reload()

        assert [{"key": "APP_MAX", "removed_in": "3.0"}] == series(
            registry, "deprecated_keys_in_use"
        )


class TestDurations:
    LABELS = {"source": "app.toml,environment"}  # noqa: RUF012 - tests do not change it

    def test_of_the_latest_load(self, watch, collector, value):
        """The load before a configuration is added is the first."""
        live = watch("limit = 5\n")
        live.reload()
        collector.add(live)

        assert 1 == value("config_load_duration_seconds_count", **self.LABELS)
        assert live.attempt.seconds == value("config_load_duration_seconds_sum", **self.LABELS)

    def test_of_all(self, watch, failure, collector, value):
        """Every load is taken into account, whether it went well or not."""
        live = watch("limit = 5\n")
        collector.add(live)
        put("app.toml", "limit = 0\n")
        failure(live)
        put("app.toml", "limit = 6\n")
        live.reload()

        assert 3 == value("config_load_duration_seconds_count", **self.LABELS)

    def test_buckets(self, watch, collector, registry, value):
        """A bucket counts what took at most its bound; none is left out, the last counts all."""
        live = watch("limit = 5\n")
        live._now = attrs.evolve(live._now, attempt=attrs.evolve(live.attempt, seconds=0.005))
        collector.add(live)
        for seconds in (0.0051, 0.0, 60.0):
            live._subscribers.observe(attrs.evolve(live.attempt, seconds=seconds))
        actual = [
            (
                labels["le"],
                value("config_load_duration_seconds_bucket", le=labels["le"], **self.LABELS),
            )
            for labels in series(registry, "config_load_duration_seconds_bucket")
        ]

        assert [
            ("0.001", 1),
            ("0.0025", 1),
            ("0.005", 2),
            ("0.01", 3),
            ("0.025", 3),
            ("0.05", 3),
            ("0.1", 3),
            ("0.25", 3),
            ("0.5", 3),
            ("1.0", 3),
            ("2.5", 3),
            ("5.0", 3),
            ("10.0", 3),
            ("+Inf", 4),
        ] == actual
        assert pytest.approx(60.0101) == value("config_load_duration_seconds_sum", **self.LABELS)

    @pytest.mark.parametrize("when", ["before", "after"])
    def test_load_while_it_is_added(self, when, watch, monkeypatch, collector, value):
        """A load that ends while a configuration is added is taken into account once."""
        live = watch("limit = 5\n")
        observe, loads = live.observe, iter([live.reload])

        def slow(observer: Any) -> Any:
            load = next(loads, lambda: None)
            if when == "before":
                load()
            end = observe(observer)
            if when == "after":
                load()
            return end

        monkeypatch.setattr(live, "observe", slow)
        collector.add(live)
        before = value("config_load_duration_seconds_count", **self.LABELS)
        live.reload()

        assert (1, 2) == (before, value("config_load_duration_seconds_count", **self.LABELS))
        assert 1 == len(live._subscribers.observers)

    def test_latest_load_that_is_told_late(self, watch, collector, value):
        """The latest load counts once, even if observers are told of it only now."""
        live = watch("limit = 5\n")
        collector.add(live)
        live._subscribers.observe(live.attempt)

        assert 1 == value("config_load_duration_seconds_count", **self.LABELS)


class TestSeveral:
    def test_in_one_registry(self, watch, failure, collector, registry, value):
        """Two configurations are told apart by the label `config`."""
        one = watch("limit = 5\n")
        put("other.toml", "limit = 7\n")
        other = watch(None, "other.toml")
        collector.add(one)
        collector.add(other, config="orders", service="orders")
        put("other.toml", "limit = 0\n")
        failure(other)

        assert 1 == value("config_last_reload_successful")
        assert 0 == value("config_last_reload_successful", config="orders")
        assert 1 == value("source_connected", config="orders", source="other.toml")
        assert {"App", "orders"} == {
            sample.labels["config"] for metric in registry.collect() for sample in metric.samples
        }
        assert all(
            {"App", "orders"} == {sample.labels["config"] for sample in metric.samples}
            for metric in registry.collect()
            if metric.samples and metric.name != "meshconf_deprecated_keys_in_use"
        )

    def test_one_name_twice(self, watch, collector, value):
        """A name that is taken is a ValueError that says what to do, and nothing is added."""
        one, other = watch("limit = 5\n"), watch("limit = 6\n")
        collector.add(one)
        message = (
            "^a configuration called 'App' was added before: "
            'pass config="…" to call this one otherwise, or remove the other$'
        )

        with pytest.raises(ValueError, match=message):
            collector.add(other)
        assert 0 == len(other._subscribers.observers)

        collector.add(other, config="other")

        assert 1 == value("config_generation", config="other")

    def test_twice_in_one_registry(self, collector, registry, watch):
        """A registry refuses a second collector, and has asked no configuration for that."""
        collector.add(watch("limit = 5\n"))

        with pytest.raises(ValueError, match="meshconf_config_last_reload_successful"):
            registry.register(ConfigCollector())

    def test_description(self, collector, watch):
        """The description has all metrics that are collected, without series."""
        collector.add(watch("limit = 5\n"))
        described = list(collector.describe())

        assert [] == [sample for metric in described for sample in metric.samples]
        assert [
            (metric.name, metric.type, metric.documentation) for metric in collector.collect()
        ] == [(metric.name, metric.type, metric.documentation) for metric in described]

    def test_given_at_once(self, watch):
        """A collector can be made with its first configuration."""
        registry = CollectorRegistry()
        registry.register(ConfigCollector(watch("limit = 5\n"), config="a", service="b"))
        (labels,) = series(registry, "config_info")

        assert "b" == labels["service"]
        assert 1 == registry.get_sample_value("meshconf_config_generation", {"config": "a"})


class TestRemove:
    def test_ends_it(self, watch, collector, registry):
        """What was removed is told of no longer, and not observed; the name is free."""
        live, other = watch("limit = 5\n"), watch("limit = 5\n")
        collector.add(live)
        collector.add(other, config="other")
        collector.remove(live)

        assert {"other"} == {
            sample.labels["config"] for metric in registry.collect() for sample in metric.samples
        }
        assert (0, 1) == tuple(len(one._subscribers.observers) for one in (live, other))

        collector.add(live)

        assert 2 == len(series(registry, "config_info"))

    def test_what_is_not_there(self, watch, collector):
        """What was not added cannot be removed."""
        with pytest.raises(ValueError, match=r"^a configuration that was not added cannot be"):
            collector.remove(watch("limit = 5\n"))

    def test_closed(self, watch, collector, registry, value):
        """What a closed configuration did last stays."""
        live = watch("limit = 5\n")
        collector.add(live)
        before = text_of(registry)
        live.close()

        assert before == text_of(registry)

        collector.remove(live)

        assert value("config_generation") is None

    def test_added_when_closed(self, watch, collector, value):
        """A configuration that is closed can be added, and removed."""
        live = watch("limit = 5\n")
        live.close()
        collector.add(live)

        assert 1 == value("config_generation")

        collector.remove(live)


class TestThreads:
    def test_scrapes_while_it_reloads(self, watch, collector, registry):
        """A scrape while a configuration reloads, and others come and go, never fails."""
        live = watch("limit = 5\n")
        collector.add(live)
        other = watch("limit = 5\n")
        errors: list[Exception] = []
        texts: list[str] = []
        stop = threading.Event()

        def scrape() -> None:
            while not stop.is_set():
                try:
                    texts.append(text_of(registry))
                except Exception as error:
                    errors.append(error)

        thread = threading.Thread(target=scrape)
        thread.start()
        end = time.monotonic() + 0.5
        number = 0
        while time.monotonic() < end:
            number += 1
            put("app.toml", f"limit = {number}\n")
            live.reload()
            collector.add(other, config="other")
            collector.remove(other)
        stop.set()
        thread.join()

        assert [] == errors
        assert len(texts) > 1


class TestSecrets:
    def test_no_value(self, watch, failure, collector, registry):
        """Neither a secret nor any other value is shown, whether a load went well or not."""
        live = watch(
            f"name = '{CANARY}'\ntoken = '{CANARY}'\n",
            environ={"APP_TOKEN": CANARY, "APP_X": CANARY},
            overrides={"pool.kind": CANARY},
        )
        collector.add(live)
        good = text_of(registry)
        put("app.toml", f"limit = 0\nname = 5\nunknown = '{CANARY}'\ntoken = ['{CANARY}']\n")
        failure(live)
        bad = text_of(registry)
        put("app.toml", f"{CANARY} =")
        failure(live)

        assert "meshconf_config_generation" in good
        assert CANARY not in good + bad + text_of(registry)


@pytest.fixture
def promtool() -> str:
    """Return the program of Prometheus that checks metrics."""
    return required("promtool")


def checked(promtool: str, text: bytes) -> tuple[int, bytes]:
    """Check metrics; return the status and all that was said."""
    done = subprocess.run(
        [promtool, "check", "metrics"],
        input=text,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return done.returncode, done.stdout


class TestFormats:
    @pytest.fixture
    def filled(self, watch, failure, collector, registry) -> Any:
        """Return a registry with two configurations, in which every metric has a series."""
        collector.add(watch("max = 5\n", schema=Aged))
        live = watch("limit = 5\n")
        collector.add(live, service='ordérs "and" \\ more\n')
        put("app.toml", "limit = 0\n")
        failure(live)
        return registry

    def test_promtool(self, filled, promtool: str):
        """`promtool check metrics` has nothing to complain of, neither of form nor of style."""
        empty = [metric.name for metric in filled.collect() if not metric.samples]

        # Those are of stores.
        assert ["meshconf_source_requests", "meshconf_source_resets"] == empty
        assert (0, b"") == checked(promtool, generate_latest(filled))

    def test_promtool_with_nothing(self, registry, promtool: str):
        """Nor has it when there is no configuration yet."""
        assert (0, b"") == checked(promtool, generate_latest(registry))

    @pytest.mark.parametrize("text", [b"# TYPE a counter\na 1\n", b"a 1\na 2\n", b"a{\n"])
    def test_promtool_finds_faults(self, text: bytes, promtool: str):
        """It does complain of a bad name, of a series that comes twice, and of bad syntax."""
        assert checked(promtool, text)[0] != 0

    def test_names(self, filled):
        """These are the metrics that dashboards and alerts rely on."""
        assert [
            ("meshconf_config_last_reload_successful", "gauge"),
            ("meshconf_config_last_reload_success_timestamp_seconds", "gauge"),
            ("meshconf_config_info", "gauge"),
            ("meshconf_config_generation", "gauge"),
            ("meshconf_config_warnings", "gauge"),
            ("meshconf_config_pending_restart", "gauge"),
            ("meshconf_config_fallback_active", "gauge"),
            ("meshconf_source_connected", "gauge"),
            ("meshconf_source_last_contact_timestamp_seconds", "gauge"),
            ("meshconf_deprecated_keys_in_use", "gauge"),
            ("meshconf_config_reloads_total", "counter"),
            ("meshconf_source_requests_total", "counter"),
            ("meshconf_source_resets_total", "counter"),
            ("meshconf_subscriber_errors_total", "counter"),
            ("meshconf_config_load_duration_seconds", "histogram"),
        ] == [
            (words[2], words[3])
            for words in map(str.split, text_of(filled).splitlines())
            if words[:2] == ["#", "TYPE"]
        ]

    def test_openmetrics(self, filled):
        """The text in the format of OpenMetrics can be read by its strict reader."""
        families = list(openmetrics(generate_openmetrics(filled).decode()))

        assert len(list(filled.collect())) == len(families)

    def test_some_names(self, filled):
        """A scrape may ask for single series."""
        wanted = filled.restricted_registry(
            ["meshconf_config_generation", "meshconf_config_load_duration_seconds_sum"]
        )

        assert {
            "meshconf_config_generation",
            "meshconf_config_load_duration_seconds_sum",
        } == {sample.name for metric in wanted.collect() for sample in metric.samples}


class TestExtra:
    def test_without_it(self, monkeypatch: pytest.MonkeyPatch):
        """Without the extra, the import says in one line how to get it."""
        for name in list(sys.modules):
            if name.partition(".")[0] == "prometheus_client":
                monkeypatch.setitem(sys.modules, name, None)
        monkeypatch.delitem(sys.modules, "meshconf.live.prometheus")
        with pytest.raises(ImportError) as caught:
            importlib.import_module("meshconf.live.prometheus")

        assert 'meshconf.live.prometheus needs: pip install "meshconf[prometheus]"' == str(
            caught.value
        )
        assert isinstance(caught.value.__cause__, ImportError)
