"""What OpenTelemetry is told of a configuration, by its real SDK."""

from __future__ import annotations

import importlib
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from opentelemetry import _logs, metrics
from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor, export
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

import meshconf
from meshconf import ConsulKV, Layer
from meshconf.live import otel, prometheus, status
from meshconf.live.otel import instrument
from meshconf.sources.kept import Kept, keep
from tests.live.conftest import Aged, put

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from meshconf import Live

pytestmark = pytest.mark.usefixtures("only_when_asked")

CANARY = "canary-hunter2"

#: Its name since 1.39, and the one before.
InMemoryExporter: Any = getattr(export, "InMemoryLogRecordExporter", None) or getattr(
    export, "InMemoryLogExporter", None
)


class Store:
    """A source of one's own, which can be lost."""

    def __init__(self, kind: str = "store") -> None:
        self.kind = kind
        self.is_lost = False

    def read(self, _: Any) -> Layer:
        """Read what it has: nothing."""
        problem = meshconf.Problem("MC402", "error", "", "gone")
        return Layer(self.kind, "a store", {}, problems=(problem,) if self.is_lost else ())


class Slow(LogRecordProcessor):
    """A processor that waits."""

    def __init__(self) -> None:
        self.began = threading.Event()
        self.go_on = threading.Event()

    def on_emit(self, log_record: Any) -> None:
        """Wait."""
        self.began.set()
        self.go_on.wait()

    def shutdown(self) -> None:
        """Do nothing."""

    def force_flush(self, timeout_millis: int = 0) -> bool:
        """Do nothing."""
        return True


@attrs.frozen
class Telemetry:
    """What an SDK was told."""

    reader: InMemoryMetricReader
    meters: MeterProvider
    exporter: Any
    loggers: LoggerProvider

    def points(self, name: str) -> list[Any]:
        """Return the points of a metric."""
        data = self.reader.get_metrics_data()
        return [
            point
            for resource in (data.resource_metrics if data is not None else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]

    def reloads(self) -> dict[Any, int]:
        """Return how often each result was counted."""
        return {
            point.attributes["meshconf.config.result"]: point.value
            for point in self.points("meshconf.config.reloads")
        }

    def records(self) -> list[Any]:
        """Return the events that are new since the last call."""
        found = [one.log_record for one in self.exporter.get_finished_logs()]
        self.exporter.clear()
        return found

    def events(self) -> list[tuple[str, dict[str, Any]]]:
        """Return the new events: their names without the first words, and what they tell."""
        common = ("meshconf.config.name", "meshconf.config.service")
        return [
            (
                record.event_name.removeprefix("meshconf.config."),
                {
                    key.removeprefix("meshconf.config."): told
                    for key, told in record.attributes.items()
                    if key not in common
                },
            )
            for record in self.records()
        ]

    def names(self) -> list[str]:
        """Return the names of the new events, without the first words."""
        return [name for name, _ in self.events()]

    def all(self) -> str:
        """Return everything as text."""
        data = self.reader.get_metrics_data()
        return f"{data and data.to_json()}{[vars(record) for record in self.records()]}"


@pytest.fixture
def telemetry() -> Iterator[Telemetry]:
    """Return an SDK that keeps in memory what it is told."""
    reader, exporter = InMemoryMetricReader(), InMemoryExporter()
    loggers = LoggerProvider()
    loggers.add_log_record_processor(export.SimpleLogRecordProcessor(exporter))
    meters = MeterProvider(metric_readers=[reader])
    yield Telemetry(reader, meters, exporter, loggers)
    meters.shutdown()
    loggers.shutdown()


@pytest.fixture
def instrumented(telemetry: Telemetry) -> Callable[..., Callable[[], None]]:
    """Return a function that instruments a Live with the SDK."""

    def instrumented(live: Live[Any], **options: Any) -> Callable[[], None]:
        providers: Any = {"meter_provider": telemetry.meters, "logger_provider": telemetry.loggers}
        return instrument(live, **providers, **options)

    return instrumented


class TestMetrics:
    def test_reloads(self, watch, failure, folder: Path, telemetry, instrumented):
        """Each result is counted, from the latest load on, and is there before it comes first."""
        live = watch("limit = 5\n")
        instrumented(live)

        assert {"success": 1, "unchanged": 0, "rejected": 0, "error": 0} == telemetry.reloads()

        live.reload()
        put("app.toml", "limit = 6\n")
        live.reload()
        put("app.toml", "limit = 0\n")
        failure(live)
        failure(live)
        (folder / "app.toml").unlink()
        failure(live)

        assert {"success": 2, "unchanged": 1, "rejected": 2, "error": 1} == telemetry.reloads()

    def test_durations(self, watch, failure, telemetry, instrumented):
        """The histogram has every load, in seconds, with bounds that suit loads."""
        live = watch("limit = 5\n")
        instrumented(live)
        seconds = [live.attempt.seconds]
        put("app.toml", "limit = 0\n")
        failure(live)
        seconds.append(live.attempt.seconds)
        (point,) = telemetry.points("meshconf.config.load.duration")

        assert (2, pytest.approx(sum(seconds))) == (point.count, point.sum)
        assert status.DURATIONS == tuple(point.explicit_bounds)
        assert prometheus.LIMITS == (*map(str, point.explicit_bounds), "+Inf")

    def test_instruments(self, watch, telemetry, instrumented):
        """The instruments have units and descriptions, and the scope has the name and version."""
        instrumented(watch("limit = 5\n"))
        data = telemetry.reader.get_metrics_data()
        (scope,) = data.resource_metrics[0].scope_metrics

        assert ("meshconf", meshconf.__version__) == (scope.scope.name, scope.scope.version)
        assert {
            ("meshconf.config.load.duration", "s"),
            ("meshconf.config.reloads", "{reload}"),
        } == {(metric.name, metric.unit) for metric in scope.metrics}
        assert all(metric.description.endswith(".") for metric in scope.metrics)

    def test_attributes(self, watch, telemetry, instrumented):
        """Points tell the configuration, its sources and the service, if there is one."""
        instrumented(watch("limit = 5\n"))
        instrumented(watch(None, "app.toml"), config="orders", service="shop")
        points = telemetry.points("meshconf.config.load.duration")
        source = {"meshconf.config.source": "app.toml,environment"}

        assert [
            {"meshconf.config.name": "App", **source},
            {"meshconf.config.name": "orders", "meshconf.config.service": "shop", **source},
        ] == [dict(point.attributes) for point in points]

    def test_started_late(self, watch, failure, telemetry, instrumented):
        """A configuration that is instrumented late begins with its latest load."""
        live = watch("limit = 5\n")
        live.reload()
        put("app.toml", "limit = 0\n")
        failure(live)
        instrumented(live)

        assert {"success": 0, "unchanged": 0, "rejected": 1, "error": 0} == telemetry.reloads()
        assert ["activated", "rejected"] == telemetry.names()


class TestActivated:
    def test_at_the_beginning(self, watch, telemetry, instrumented):
        """The configuration in force at the beginning is told, without changes."""
        live = watch("limit = 5\n")
        put("app.toml", "limit = 6\n")
        live.reload()
        instrumented(live)

        assert [
            ("activated", {"generation": 2, "fingerprint": live.status.fingerprint})
        ] == telemetry.events()

    def test_changes(self, watch, telemetry, instrumented):
        """A new configuration is told with its generation and the paths that changed."""
        live = watch("limit = 5\n")
        instrumented(live)
        telemetry.records()
        put("app.toml", "limit = 6\n[pool]\nsize = 7\n[pools.'a.b']\n")
        live.reload()
        (event,) = telemetry.events()

        assert (
            "activated",
            {
                "generation": 2,
                "fingerprint": live.status.fingerprint,
                "changed.paths": ("limit", "pool.size", 'pools."a.b"'),
                "changed.count": 3,
            },
        ) == event

    def test_many_changes(self, watch, telemetry, instrumented, monkeypatch: pytest.MonkeyPatch):
        """Of many paths the first are told, and how many there are."""
        monkeypatch.setattr(otel, "MOST_PATHS", 2)
        live = watch("")
        instrumented(live)
        telemetry.records()
        put("app.toml", "name = 'x'\nleft = 1\nright = 1\nlimit = 6\n")
        live.reload()
        ((_, told),) = telemetry.events()

        assert (("name", "left"), 4) == (told["changed.paths"], told["changed.count"])

    def test_not_when_nothing_changed(self, watch, failure, telemetry, instrumented):
        """A load that is unchanged or fails activates nothing."""
        live = watch("limit = 5\n")
        instrumented(live)
        telemetry.records()
        put("app.toml", "limit = 5 # the same\n")
        live.reload()

        assert [] == telemetry.names()

        put("app.toml", "limit = 0\n")
        failure(live)

        assert ["rejected"] == telemetry.names()

    def test_record(self, watch, telemetry, instrumented):
        """An event is a log record with a name, a severity, a text and the time of the load."""
        live = watch("limit = 5\n")
        instrumented(live, service="shop")
        (record,) = telemetry.records()

        assert "meshconf.config.activated" == record.event_name
        assert ("INFO", _logs.SeverityNumber.INFO) == (
            record.severity_text,
            record.severity_number,
        )
        assert "generation 1 of the configuration is in force" == record.body
        assert int(live.attempt.at.timestamp() * 1e9) == record.timestamp
        assert ("App", "shop") == (
            record.attributes["meshconf.config.name"],
            record.attributes["meshconf.config.service"],
        )


class TestRejected:
    def test_codes_and_paths(self, watch, failure, telemetry, instrumented):
        """A load that fails is told with the codes and paths of its errors, warnings left out."""
        live = watch("limit = 5\n")
        instrumented(live)
        telemetry.records()
        put("app.toml", f"limit = 0\nunknown = 1\ntoken = '{CANARY}'\n")
        error = failure(live)
        (record,) = telemetry.records()

        assert {"MC101", "MC202", "MC208"} == {one.code for one in error.problems}
        assert "meshconf.config.rejected" == record.event_name
        assert ("ERROR", "a load failed; generation 1 of the configuration stays in force") == (
            record.severity_text,
            record.body,
        )
        assert {
            "meshconf.config.name": "App",
            "meshconf.config.generation": 1,
            "meshconf.config.result": "rejected",
            "meshconf.config.problem.codes": ("MC202", "MC101"),
            "meshconf.config.problem.paths": ("limit", "unknown"),
            "meshconf.config.problem.count": 2,
        } == dict(record.attributes)

    def test_once(self, watch, failure, telemetry, instrumented):
        """The same failure again is not told again; another one, or the same later, is."""
        live = watch("limit = 5\n")
        instrumented(live)
        telemetry.records()
        put("app.toml", "limit = 0\n")
        failure(live)
        failure(live)

        assert ["rejected"] == telemetry.names()

        put("app.toml", "limit = -1\n")
        failure(live)

        assert ["rejected"] == telemetry.names()

        put("app.toml", "limit = 5\n")
        live.reload()
        put("app.toml", "limit = -1\n")
        failure(live)

        assert ["rejected"] == telemetry.names()

    def test_many(self, watch, failure, telemetry, instrumented, monkeypatch: pytest.MonkeyPatch):
        """Of many errors the first are told, and how many there are."""
        monkeypatch.setattr(otel, "MOST_PATHS", 1)
        live = watch("limit = 5\n")
        instrumented(live)
        telemetry.records()
        put("app.toml", "limit = 0\nname = 5\n")
        failure(live)
        ((_, told),) = telemetry.events()

        assert (("limit",), 2) == (told["problem.paths"], told["problem.count"])


class TestSources:
    def test_lost_and_recovered(self, watch, failure, folder: Path, telemetry, instrumented):
        """A source that cannot be read is told once, and when it can be read again."""
        live = watch("limit = 5\n")
        instrumented(live)
        telemetry.records()
        (folder / "app.toml").unlink()
        failure(live)
        failure(live)
        source = {"source.kind": "file", "source.name": "app.toml"}
        (lost, (rejected, told)) = telemetry.events()

        assert ("source.lost", source) == lost
        assert ("rejected", "error") == (rejected, told["result"])

        put("app.toml", "limit = 5\n")
        live.reload()
        live.reload()

        assert [("source.recovered", source)] == telemetry.events()

    def test_severity(self, watch, failure, folder: Path, telemetry, instrumented):
        """That one is lost is a warning."""
        live = watch("limit = 5\n")
        instrumented(live)
        (folder / "app.toml").unlink()
        failure(live)
        put("app.toml", "limit = 5\n")
        live.reload()

        assert [
            ("INFO", "generation 1 of the configuration is in force"),
            ("WARN", "a source cannot be read"),
            ("ERROR", "a load failed; generation 1 of the configuration stays in force"),
            ("INFO", "a source can be read again"),
        ] == [(record.severity_text, record.body) for record in telemetry.records()]

    def test_lost_before_the_beginning(self, watch, failure, folder: Path, telemetry, instrumented):
        """One that is lost at the beginning is told then."""
        live = watch("limit = 5\n")
        (folder / "app.toml").unlink()
        failure(live)
        instrumented(live)

        assert ["source.lost", "activated", "rejected"] == telemetry.names()

    def test_two_of_one_name(self, watch, failure, telemetry, instrumented):
        """Two sources that are called the same are one, which is lost if either is."""
        first, second = Store(), Store()
        live = watch(None, first, second)
        instrumented(live)
        telemetry.records()
        first.is_lost = True
        failure(live)
        failure(live)

        assert ["source.lost", "rejected"] == telemetry.names()

        first.is_lost, second.is_lost = False, True
        failure(live)

        assert [] == telemetry.names()

        second.is_lost = False
        live.reload()

        assert ["source.recovered"] == telemetry.names()

    def test_copy_of_a_document(self, watch, folder: Path, telemetry, instrumented):
        """That a copy stands in for a store is told once."""
        nowhere = "http://127.0.0.1:1"
        name = "consul://127.0.0.1:1/app"
        keep(folder / "copy", Kept(name, 7, time.time(), b"limit = 5"))
        source = ConsulKV("app", address=nowhere, start="cached", cache=folder / "copy")
        live = watch(None, source)
        instrumented(live)
        events = telemetry.events()
        live.reload()

        assert 5 == live.config.limit
        assert ("fallback.activated", {"source.name": name}) in events
        assert "fallback.activated" not in telemetry.names()


class TestMigrated:
    def test_at_the_beginning(self, watch, telemetry, instrumented):
        """A file that has an older layout at the beginning is told."""
        instrumented(watch("max = 5\n", schema=Aged))
        _, record = telemetry.records()

        assert ("meshconf.config.migrated", "WARN") == (record.event_name, record.severity_text)
        assert {
            "meshconf.config.name": "Aged",
            "meshconf.config.source.name": "app.toml",
        } == dict(record.attributes)

    def test_only_when_it_is_new(self, watch, telemetry, instrumented):
        """It is told when a file comes to have an older layout, and not with every load."""
        live = watch("config_version = 2\nlimit = 5\n", schema=Aged)
        instrumented(live)
        telemetry.records()
        put("app.toml", "max = 5\n")
        live.reload()

        assert [("migrated", {"source.name": "app.toml"})] == telemetry.events()

        put("app.toml", "max = 6\n")
        live.reload()

        assert ["activated"] == telemetry.names()

        put("app.toml", "config_version = 2\nlimit = 6\n")
        live.reload()
        put("app.toml", "max = 6\n")
        live.reload()

        assert ["migrated"] == telemetry.names()

    def test_several(self, watch, telemetry, instrumented):
        """Each of several files is told."""
        put("b.toml", "max = 5\n")
        put("a.toml", "max = 6\n")
        instrumented(watch(None, "b.toml", "a.toml", schema=Aged))

        assert ["a.toml", "b.toml"] == [
            told["source.name"] for name, told in telemetry.events() if name == "migrated"
        ]


class TestEnd:
    def test_ends_it(self, watch, telemetry, instrumented):
        """After its end nothing is told."""
        live = watch("limit = 5\n")
        end = instrumented(live)
        end()
        telemetry.records()
        put("app.toml", "limit = 6\n")
        live.reload()

        assert [] == telemetry.names()
        assert 1 == telemetry.reloads()["success"]

    def test_closed(self, watch, telemetry, instrumented):
        """A configuration that is closed can be instrumented, and ended."""
        live = watch("limit = 5\n")
        live.close()
        end = instrumented(live)
        end()

        assert ["activated"] == telemetry.names()


class TestOnce:
    def test_latest_load_that_is_told_late(self, watch, telemetry, instrumented):
        """The latest load is told once, even if observers are told of it only now."""
        live = watch("limit = 5\n")
        instrumented(live)
        live._subscribers.observe(live.attempt)

        assert 1 == telemetry.reloads()["success"]

    def test_load_at_the_beginning(self, watch, telemetry, instrumented, monkeypatch):
        """A load that ends while it begins is told once."""
        live = watch("limit = 5\n")
        observe = live.observe

        def slow(observer: Any) -> Any:
            end = observe(observer)
            put("app.toml", "limit = 6\n")
            live.reload()
            return end

        monkeypatch.setattr(live, "observe", slow)
        instrumented(live)

        assert 1 == telemetry.reloads()["success"]
        assert [2] == [told["generation"] for _, told in telemetry.events()]

    def test_load_while_the_first_is_told(self, watch, telemetry, instrumented):
        """A load that ends while the first is told is told after it."""
        live = watch("limit = 5\n")
        processor = Slow()
        telemetry.loggers.add_log_record_processor(processor)
        begin = threading.Thread(target=instrumented, args=(live,))
        begin.start()
        processor.began.wait()
        put("app.toml", "limit = 6\n")
        reload = threading.Thread(target=live.reload)
        reload.start()
        reload.join(0.1)
        is_told = not reload.is_alive(), telemetry.reloads()["success"]
        processor.go_on.set()
        reload.join()
        begin.join()

        assert (False, 1) == is_told
        assert 2 == telemetry.reloads()["success"]
        assert [1, 2] == [told["generation"] for _, told in telemetry.events()]


class TestSecrets:
    def test_no_value(self, watch, failure, telemetry, instrumented):
        """Neither a secret nor any other value is told, whatever becomes of a load."""
        live = watch(
            f"name = '{CANARY}'\ntoken = '{CANARY}'\n",
            environ={"APP_TOKEN": CANARY, "APP_X": CANARY},
            overrides={"pool.kind": CANARY},
        )
        instrumented(live)
        put("app.toml", f"name = '{CANARY}-2'\ntoken = '{CANARY}-2'\nlimit = 6\n")
        live.reload()
        put("app.toml", f"limit = 0\nname = 5\nunknown = '{CANARY}'\ntoken = ['{CANARY}']\n")
        failure(live)
        put("app.toml", f"{CANARY} =")
        failure(live)
        told = telemetry.all()

        assert ["activated", "rejected"] == [
            name
            for name in ("activated", "rejected")
            if told.count(f"meshconf.config.{name}'") == 2
        ]
        assert "meshconf.config.reloads" in told
        assert CANARY not in told


class TestProviders:
    def test_of_the_process(self, watch, telemetry, monkeypatch: pytest.MonkeyPatch):
        """Without providers, those of the process are told."""
        monkeypatch.setattr("opentelemetry.metrics._internal._METER_PROVIDER", telemetry.meters)
        monkeypatch.setattr("opentelemetry._logs._internal._LOGGER_PROVIDER", telemetry.loggers)

        assert telemetry.meters is metrics.get_meter_provider()
        assert telemetry.loggers is _logs.get_logger_provider()

        instrument(watch("limit = 5\n"))

        assert 1 == telemetry.reloads()["success"]
        assert ["activated"] == telemetry.names()

    def test_none(self, watch, failure):
        """Where there is none, nothing is told, and nothing fails."""
        live = watch("limit = 5\n")
        end = instrument(live)
        put("app.toml", "limit = 0\n")
        failure(live)
        end()

        assert 0 == live.status.subscriber_errors


class TestExtra:
    def test_without_it(self, monkeypatch: pytest.MonkeyPatch):
        """Without the extra, the import says in one line how to get it."""
        for name in list(sys.modules):
            if name.partition(".")[0] == "opentelemetry":
                monkeypatch.setitem(sys.modules, name, None)
        monkeypatch.delitem(sys.modules, "meshconf.live.otel")
        with pytest.raises(ImportError) as caught:
            importlib.import_module("meshconf.live.otel")

        assert 'meshconf.live.otel needs: pip install "meshconf[otel]"' == str(caught.value)
        assert isinstance(caught.value.__cause__, ImportError)
