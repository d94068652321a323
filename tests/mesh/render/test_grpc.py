"""The service config of a gRPC channel, and real channels that have it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from hypothesis import HealthCheck, given, settings

from meshconf import ConfigError, ServiceMeshConfig
from meshconf.mesh import CircuitBreakerConfig, RetryConfig
from meshconf.mesh.render import grpc as render
from tests.mesh.render.configs import at_bounds, configs, loaded
from tests.servers.grpc_calls import Grpc, Server

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from meshconf.mesh.render import Rendered
    from tests.servers.grpc_calls import Called

DEFAULTS = ServiceMeshConfig(service_name="orders")

#: Retries as fast as gRPC makes them.
FAST = {"retry.base_delay": 0.01, "retry.max_delay": 0.02}

#: An outlier detection that judges quickly.
QUICK = {
    "retry.max_attempts": 1,
    "circuit_breaker.window": 0.1,
    "circuit_breaker.minimum_requests": 5,
    "circuit_breaker.max_ejection_percent": 100,
}


@pytest.fixture(scope="module")
def grpc() -> Iterator[Grpc]:
    """Start the process that calls."""
    with Grpc() as process:
        yield process


def rendered(config: dict[str, Any], upstream: str | None = None) -> Rendered:
    """Render settings, by dotted path, for a service called orders."""
    return render(loaded({"service_name": "orders", **config}), upstream=upstream)


def document(config: dict[str, Any], upstream: str | None = None) -> Any:
    """Render settings, and read the text."""
    return json.loads(rendered(config, upstream).text)


def method(config: dict[str, Any]) -> Any:
    """Render settings, and return what is said of methods."""
    (found,) = document(config)["methodConfig"]
    return found


def detection(config: dict[str, Any]) -> Any:
    """Render settings, and return the outlier detection."""
    ((policy,),) = [document(config)["loadBalancingConfig"]]
    return policy["outlier_detection_experimental"]


def policies(config: dict[str, Any]) -> Any:
    """Render settings, and return what balances the load where nothing is ejected."""
    return document({"circuit_breaker.enabled": False, **config})["loadBalancingConfig"]


def reasons(config: dict[str, Any], upstream: str | None = None) -> dict[str, str]:
    """Render settings, and return why those that are no defaults are not said."""
    return {one.path: one.reason for one in rendered(config, upstream).dropped if not one.default}


OBEYED = [
    {"circuit_breaker.consecutive_failures": 0},
    {"load_balancer.max_retries": 0},
    {"load_balancer.panic_threshold": 0.0},
]


@pytest.mark.parametrize("settings", OBEYED)
def test_what_is_done_anyway(settings: dict[str, Any]) -> None:
    """What gRPC does without being told is not dropped."""
    assert {} == reasons({**settings, "service_name": "orders"})


def refused(config: dict[str, Any], upstream: str | None = None) -> dict[str, str]:
    """Render settings, and return what is refused, by path."""
    with pytest.raises(ConfigError) as caught:
        rendered(config, upstream)
    assert {"MC303"} == {problem.code for problem in caught.value.problems}
    return {problem.path: problem.message for problem in caught.value.problems}


def outcome(config: ServiceMeshConfig, upstream: str | None) -> tuple[list[str], str]:
    """Render, and return the paths that are refused, or the text."""
    try:
        return [], render(config, upstream=upstream).text
    except ConfigError as error:
        return [problem.path for problem in error.problems], ""


class TestText:
    def test_of_defaults(self) -> None:
        """The defaults give retries, a deadline, and outlier detection around round robin."""
        assert {
            "methodConfig": [
                {
                    "name": [{}],
                    "timeout": "60.000s",
                    "retryPolicy": {
                        "maxAttempts": 3,
                        "initialBackoff": "1.000s",
                        "maxBackoff": "30.000s",
                        "backoffMultiplier": 2.0,
                        "retryableStatusCodes": ["UNAVAILABLE", "CANCELLED"],
                    },
                }
            ],
            "loadBalancingConfig": [
                {
                    "outlier_detection_experimental": {
                        "interval": "10.000s",
                        "baseEjectionTime": "30.000s",
                        "maxEjectionTime": "300.000s",
                        "maxEjectionPercent": 50,
                        "failurePercentageEjection": {
                            "threshold": 50,
                            "enforcementPercentage": 100,
                            "minimumHosts": 1,
                            "requestVolume": 20,
                        },
                        "childPolicy": [{"round_robin": {}}],
                    }
                }
            ],
        } == json.loads(render(DEFAULTS).text)

    def test_is_for_reading(self) -> None:
        """The text has a line for each fact, and ends with a newline."""
        text = render(DEFAULTS).text

        assert '  "methodConfig": [\n' in text
        assert text.endswith("}\n")

    def test_of_retries(self) -> None:
        """Attempts, waits and codes are those that are set."""
        found = method(
            {
                "retry.max_attempts": 4,
                "retry.base_delay": 0.25,
                "retry.max_delay": 2.5,
                "retry.multiplier": 1.5,
                "retry.on": ["internal", "resource-exhausted", "deadline-exceeded", "internal"],
            }
        )

        assert {
            "maxAttempts": 4,
            "initialBackoff": "0.250s",
            "maxBackoff": "2.500s",
            "backoffMultiplier": 1.5,
            "retryableStatusCodes": ["INTERNAL", "RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED"],
        } == found["retryPolicy"]

    @pytest.mark.parametrize(
        "settings",
        [
            {"retry.max_attempts": 1},
            {"retry.on": []},
            {"retry.on": ["5xx", "reset"]},
            {"retry.budget": 0.0},
        ],
    )
    def test_without_retries(self, settings: dict[str, Any]) -> None:
        """Where there is one attempt, or no code to try again after, there is no retry policy."""
        assert {"name": [{}], "timeout": "60.000s"} == method(settings)

    def test_of_outlier_detection(self) -> None:
        """Ejections are those that are set, in whole percents."""
        assert {
            "interval": "0.500s",
            "baseEjectionTime": "2.000s",
            "maxEjectionTime": "4.000s",
            "maxEjectionPercent": 25,
            "failurePercentageEjection": {
                "threshold": 12,
                "enforcementPercentage": 100,
                "minimumHosts": 1,
                "requestVolume": 7,
            },
            "childPolicy": [{"round_robin": {}}],
        } == detection(
            {
                "circuit_breaker.window": 0.5,
                "circuit_breaker.reset_timeout": 2,
                "circuit_breaker.max_reset_timeout": 4,
                "circuit_breaker.max_ejection_percent": 25,
                "circuit_breaker.error_threshold": 0.124,
                "circuit_breaker.minimum_requests": 7,
            }
        )

    @pytest.mark.parametrize(
        ("ratio", "percent"), [(0.0, 0), (0.005, 0), (0.9949, 99), (0.999, 99), (1.0, 99)]
    )
    def test_of_thresholds(self, ratio: float, percent: int) -> None:
        """A threshold of 100 %, above which nothing is, becomes one of 99 %."""
        found = detection({"circuit_breaker.error_threshold": ratio})

        assert percent == found["failurePercentageEjection"]["threshold"]

    @pytest.mark.parametrize(
        "settings",
        [{"circuit_breaker.enabled": False}, {"circuit_breaker.max_ejection_percent": 0}],
    )
    def test_without_ejections(self, settings: dict[str, Any]) -> None:
        """Where nothing may be ejected, there is no outlier detection."""
        assert [{"round_robin": {}}] == document(settings)["loadBalancingConfig"]

    @pytest.mark.parametrize(
        ("algorithm", "expected"),
        [
            ("round_robin", [{"round_robin": {}}]),
            ("random", [{"round_robin": {}}]),
            ("weighted_round_robin", [{"weighted_round_robin": {}}]),
            (
                "least_request",
                [{"least_request_experimental": {"choiceCount": 2}}, {"round_robin": {}}],
            ),
        ],
    )
    def test_of_algorithms(self, algorithm: str, expected: Any) -> None:
        """An algorithm is a policy, or the nearest one that every client knows comes last."""
        assert expected == policies({"load_balancer.algorithm": algorithm})

    def test_of_choices(self) -> None:
        """Clients that know least_request are told how many hosts it chooses from."""
        settings = {"load_balancer.algorithm": "least_request", "load_balancer.choice_count": 5}

        assert {"choiceCount": 5} == policies(settings)[0]["least_request_experimental"]

    @pytest.mark.parametrize("seconds", [2.001, 2.5, 1e300])
    def test_of_deadlines(self, seconds: float) -> None:
        """The timeout of a request is that of a call, and at most protobuf's ten thousand years."""
        expected = f"{min(seconds, 315_576_000_000):.3f}s"

        assert expected == method({"timeouts.request": seconds, "timeouts.per_try": 1})["timeout"]

    @pytest.mark.parametrize("seconds", [2.0, 0.5, 5e-324])
    def test_without_deadline(self, seconds: float) -> None:
        """A timeout that gRPC in Python would take for none at all is left out."""
        found = method({"timeouts.request": seconds, "timeouts.per_try": seconds})

        assert "timeout" not in found


class TestHealth:
    @pytest.mark.parametrize("protocol", ["http", "http2", "grpc", "tcp"])
    def test_is_asked(self, protocol: str) -> None:
        """Health checks of type grpc ask for the health of the whole server."""
        found = document(
            {
                "upstreams.payments.protocol": protocol,
                "load_balancer.health_check.type": "grpc",
            }
        )

        assert {"serviceName": ""} == found["healthCheckConfig"]

    def test_of_grpc(self) -> None:
        """An upstream that speaks gRPC is asked so, unless another port answers HTTP."""
        settings = {"upstreams.payments.protocol": "grpc"}

        assert "healthCheckConfig" in document(settings)
        assert "healthCheckConfig" not in document(
            {**settings, "load_balancer.health_check.port": 80}
        )

    @pytest.mark.parametrize("type", ["http", "tcp", "none"])
    @pytest.mark.parametrize("protocol", ["http", "tcp"])
    def test_is_not_asked(self, type: str, protocol: str) -> None:
        """No other health checks are known to gRPC."""
        settings = {
            "upstreams.payments.protocol": protocol,
            "load_balancer.health_check.type": type,
        }

        assert "healthCheckConfig" not in document(settings)

    @pytest.mark.parametrize("type", ["tcp", "none"])
    def test_is_not_wanted(self, type: str) -> None:
        """An upstream that speaks gRPC is not asked where its settings say otherwise."""
        settings = {
            "upstreams.payments.protocol": "grpc",
            "load_balancer.health_check.type": type,
        }

        assert "healthCheckConfig" not in document(settings)

    @pytest.mark.parametrize("protocol", ["http", "tcp"])
    def test_nothing_else_is_asked(self, protocol: str) -> None:
        """It is not said that something else were asked in place of an HTTP check."""
        path = "load_balancer.health_check.path"
        found = reasons({"upstreams.payments.protocol": protocol, path: "/alive"})

        assert "gRPC asks nothing but gRPC's health service" == found[path]

    def test_dropped(self) -> None:
        """How often it is asked is not said: servers tell."""
        path = "load_balancer.health_check"
        found = reasons({f"{path}.type": "grpc", f"{path}.interval": 7, f"{path}.port": 80})

        assert {
            f"{path}.interval": (
                "gRPC is told of health over the connection of the calls, when it changes"
            ),
            f"{path}.port": (
                "gRPC is told of health over the connection of the calls, when it changes"
            ),
        } == {name: reason for name, reason in found.items() if name.startswith(path)}


class TestDropped:
    def test_codes(self) -> None:
        """The words of `retry.on` that are no codes of gRPC are named."""
        found = reasons({"retry.on": ["unavailable", "5xx", "connect-failure"]})

        assert found["retry.on"] == (
            "gRPC tries again by the code of a call, and has none for 5xx, connect-failure"
        )

    def test_no_codes(self) -> None:
        """Without a code, nothing of the retries is said."""
        found = reasons({"retry.on": ["5xx"], "retry.base_delay": 2, "retry.max_attempts": 4})

        assert "retry.on lists no code of gRPC" == found["retry.base_delay"]
        assert "retry.on lists no code of gRPC" == found["retry.max_attempts"]

    def test_all_codes(self) -> None:
        """Where all words are codes, nothing is missing."""
        assert "retry.on" not in reasons({"retry.on": ["unavailable", "cancelled"]})

    @pytest.mark.parametrize("attempts", [6, 2**31 - 1])
    def test_attempts(self, attempts: int) -> None:
        """More than five attempts become five, which is told."""
        settings = {"retry.max_attempts": attempts, "retry.base_delay": 0.1, "retry.max_delay": 1}

        assert 5 == method(settings)["retryPolicy"]["maxAttempts"]
        assert "gRPC makes 5 attempts at most" == reasons(settings)["retry.max_attempts"]

    def test_five_attempts(self) -> None:
        """Five attempts are five."""
        settings = {"retry.max_attempts": 5, "retry.base_delay": 0.1, "retry.max_delay": 1}

        assert "retry.max_attempts" not in reasons(settings)

    @pytest.mark.parametrize(
        ("seconds", "expected"), [(0.001, "0.002s"), (1e300, f"{315_576 * 10**6}.000s")]
    )
    def test_waits(self, seconds: float, expected: str) -> None:
        """Waits end at the limits of gRPC, which is told."""
        settings = {"retry.base_delay": seconds, "retry.max_delay": seconds}
        policy = method(settings)["retryPolicy"]

        assert (expected, expected) == (policy["initialBackoff"], policy["maxBackoff"])
        assert {"retry.base_delay", "retry.max_delay"} == reasons(settings).keys()

    def test_deadline(self) -> None:
        """A deadline is said, and that gRPC in Python is early; the default is one too."""
        found = {one.path: one for one in render(DEFAULTS).dropped}["timeouts.request"]

        assert found.default
        assert "gRPC in Python ends calls up to 2 s early (grpc/grpc#34547)" == found.reason

    def test_no_deadline(self) -> None:
        """Of a deadline that is left out, it is told what to do."""
        found = reasons({"timeouts.request": 1, "timeouts.per_try": 0.5})

        assert found["timeouts.request"].endswith("here at once: pass timeout= to each call")

    def test_no_ejections(self) -> None:
        """Where the most that may be ejected is 0 %, nothing of ejections is said."""
        settings = {"circuit_breaker.max_ejection_percent": 0, "circuit_breaker.window": 5}

        assert (
            "circuit_breaker.max_ejection_percent is 0"
            == reasons(settings)["circuit_breaker.window"]
        )
        assert "circuit_breaker.max_ejection_percent" not in reasons(settings)

    @pytest.mark.parametrize(("percent", "is_told"), [(99, True), (100, False)])
    def test_ejections(self, percent: int, is_told: bool) -> None:
        """That more hosts may be ejected is told where more could be."""
        path = "circuit_breaker.max_ejection_percent"

        assert is_told is (path in reasons({path: percent}))

    def test_algorithm(self) -> None:
        """What takes the place of an algorithm is told."""
        path = "load_balancer.algorithm"

        assert {
            "random": "gRPC has no random choice: round_robin takes its place",
            "least_request": "gRPC in Python has no least_request: round_robin takes its place",
            "weighted_round_robin": None,
        } == {
            name: reasons({path: name}).get(path)
            for name in ("random", "least_request", "weighted_round_robin")
        }

    def test_port(self) -> None:
        """The port of an upstream is no matter of a service config."""
        found = reasons({"upstreams.payments.port": 80})

        assert "the target of the channel names the port" == found["upstreams.payments.port"]

    @pytest.mark.parametrize("protocol", ["http", "http2", "grpc", "tcp"])
    def test_protocol(self, protocol: str) -> None:
        """A protocol is dropped that is not what a channel speaks anyway."""
        path = "upstreams.payments.protocol"
        found = [one for one in rendered({path: protocol}).dropped if one.path == path]

        assert ["a channel speaks gRPC"] * (protocol != "grpc") == [one.reason for one in found]

    @pytest.mark.parametrize(("ratio", "is_told"), [(0.2, True), (0.0, False)])
    def test_budget(self, ratio: float, is_told: bool) -> None:
        """A budget is dropped, but for one that leaves no retries."""
        assert is_told is ("retry.budget" in reasons({"retry.budget": ratio}))

    @pytest.mark.parametrize(
        ("path", "value", "in_part"),
        [
            ("retry.on", ["unavailable", "5xx"], True),
            ("retry.on", ["5xx"], False),
            ("retry.max_attempts", 6, True),
            ("timeouts.request", 70, True),
            ("timeouts.request", 2, False),
            ("circuit_breaker.error_threshold", 0.25, True),
            ("circuit_breaker.max_ejection_percent", 25, True),
            ("load_balancer.algorithm", "least_request", True),
            ("load_balancer.algorithm", "random", False),
            ("circuit_breaker.consecutive_failures", 3, False),
        ],
    )
    def test_in_part(self, path: str, value: Any, in_part: bool) -> None:
        """What is said, though not exactly, is told from what is not said at all."""
        tied = {"timeouts.per_try": 1} if path == "timeouts.request" else {}
        found = [one for one in rendered({path: value, **tied}).dropped if one.path == path]

        assert [in_part] == [one.in_part for one in found]

    @pytest.mark.parametrize(
        ("type", "notable"), [("http", True), ("grpc", False), ("none", False)]
    )
    def test_checks(self, type: str, notable: bool) -> None:
        """That hosts are not asked is what one has to know, unless nobody should ask them."""
        path = "load_balancer.health_check.type"

        assert notable is any(
            one.path == path and one.notable for one in rendered({path: type}).dropped
        )

    def test_notable(self) -> None:
        """Nothing else has to be read where nothing is set."""
        assert ["load_balancer.health_check.type"] == [
            one.path for one in render(DEFAULTS).dropped if one.notable
        ]

    def test_backend(self) -> None:
        """Where hosts are found is for the target of the channel to say."""
        found = reasons({"discovery.backend": "etcd", "etcd.prefix": "/mesh"})

        assert "the target of the channel says how hosts are found" == found["etcd.prefix"]


class TestRefused:
    @pytest.mark.parametrize(
        ("algorithm", "message"),
        [
            ("peak_ewma", "is peak_ewma, for which gRPC has no policy"),
            ("maglev", "is maglev, for which gRPC has no policy"),
            (
                "ring_hash",
                "is ring_hash, with which gRPC fails every call of a channel without xDS",
            ),
        ],
    )
    def test_algorithms(self, algorithm: str, message: str) -> None:
        """An algorithm that gRPC has not, nor anything near it, is refused."""
        settings: dict[str, Any] = {"load_balancer.algorithm": algorithm}
        if algorithm != "peak_ewma":
            settings["load_balancer.hash_key"] = "source_ip"
        found = refused(settings)

        assert f"`load_balancer.algorithm` {message}" == found["load_balancer.algorithm"]
        assert settings.keys() == found.keys()

    @pytest.mark.parametrize(
        ("algorithm", "name", "value"),
        [("ring_hash", "minimum_ring_size", 1), ("maglev", "table_size", 3)],
    )
    def test_options(self, algorithm: str, name: str, value: int) -> None:
        """What has to be taken out with an algorithm is refused with it."""
        found = refused(
            {
                "upstreams.payments.load_balancer.algorithm": algorithm,
                "upstreams.payments.load_balancer.hash_key": "source_ip",
                f"upstreams.payments.load_balancer.{name}": value,
            }
        )

        assert [
            f"upstreams.payments.load_balancer.{one}" for one in ("algorithm", "hash_key", name)
        ] == [*found]

    def test_not_of_others(self) -> None:
        """What is wrong with an upstream that is not rendered, is not refused."""
        settings = {
            "upstreams.payments.load_balancer.algorithm": "peak_ewma",
            "upstreams.ledger.port": 80,
        }

        assert (
            "--upstream payments" in reasons(settings)["upstreams.payments.load_balancer.algorithm"]
        )
        assert "--upstream" not in str(reasons(settings, "ledger"))


class TestUpstreams:
    SETTINGS: ClassVar[dict[str, Any]] = {
        "timeouts.request": 10,
        "timeouts.per_try": 2,
        "upstreams.payments.timeouts.request": 20,
        "upstreams.payments.port": 80,
        "upstreams.ledger.timeouts.request": 30,
        "upstreams.ledger.retry.max_attempts": 2,
    }

    def test_one(self) -> None:
        """The only upstream is the one that the channel leads to."""
        settings = {"upstreams.payments.timeouts.request": 20}

        assert "20.000s" == method(settings)["timeout"]
        assert "--upstream" not in str(reasons(settings))

    def test_static(self) -> None:
        """An upstream may be known by its hosts alone."""
        settings = {"discovery.backend": "static", "static.endpoints": {"payments": ["a:80"]}}
        found = reasons(settings)

        assert "the target of the channel says how hosts are found" == found["static.endpoints"]
        assert render(loaded({"service_name": "orders", **settings}), upstream="payments")

    def test_several(self) -> None:
        """Of several upstreams none is preferred, and what differs is told for each."""
        reason = "a gRPC channel has one service config: --upstream "
        found = {path: one for path, one in reasons(self.SETTINGS).items() if "upstream" in path}

        assert "10.000s" == method(self.SETTINGS)["timeout"]
        assert {
            "upstreams.ledger.retry.max_attempts": f"{reason}ledger",
            "upstreams.ledger.timeouts.request": f"{reason}ledger",
            "upstreams.payments.port": f"{reason}payments",
            "upstreams.payments.timeouts.request": f"{reason}payments",
        } == found

    def test_chosen(self) -> None:
        """The upstream that is named is rendered, and no other one is told of."""
        (found,) = document(self.SETTINGS, "ledger")["methodConfig"]

        assert ("30.000s", 2) == (found["timeout"], found["retryPolicy"]["maxAttempts"])
        assert [] == [path for path in reasons(self.SETTINGS, "ledger") if "payments" in path]

    def test_odd_name(self) -> None:
        """A name that is no bare word stands in quotes."""
        settings = {'upstreams."a b".port': 80, "upstreams.c": {}}
        found = reasons(settings)

        assert found['upstreams."a b".port'].endswith(': --upstream "a b"')


ONE_ATTEMPT = (
    '{"methodConfig": [{"name": [{}], "retryPolicy": {"maxAttempts": 1, "initialBackoff": "1s", '
    '"maxBackoff": "1s", "backoffMultiplier": 1, "retryableStatusCodes": ["UNAVAILABLE"]}}]}'
)


class TestAccepted:
    """A channel of grpcio takes the text; what it takes is what a call over it shows."""

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("{", "JSON"),
            ('{"loadBalancingConfig": [{"least_request_experimental": {}}]}', "known policies"),
            (ONE_ATTEMPT, "maxAttempts"),
            ('{"methodConfig": [{"name": [{}], "timeout": "315576000001s"}]}', "timeout"),
        ],
    )
    def test_control(self, grpc: Grpc, text: str, reason: str) -> None:
        """A text that is wrong is seen to be refused."""
        found = grpc.accepted(text)

        assert found.startswith("INVALID_ARGUMENT Failed to create"), reason

    def test_control_of_hashing(self, grpc: Grpc) -> None:
        """A channel takes ring_hash, and then fails each call."""
        found = grpc.accepted('{"loadBalancingConfig": [{"ring_hash_experimental": {}}]}')

        assert "INTERNAL hash attribute not present" == found

    def test_defaults(self, grpc: Grpc) -> None:
        """The defaults are taken."""
        assert "OK" == grpc.accepted(render(DEFAULTS).text)

    def test_bounds(self, grpc: Grpc) -> None:
        """Each setting is taken at each of its bounds."""
        for name, config in at_bounds():
            for upstream in config.upstreams:
                refused, text = outcome(config, upstream)

                assert not refused or "load_balancer." in name
                assert refused or "OK" == grpc.accepted(text), name

    @settings(
        max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(config=configs())
    def test_any(self, grpc: Grpc, config: ServiceMeshConfig) -> None:
        """Whatever the settings are, the text is taken, or its settings are refused."""
        for upstream in [None, *config.upstreams]:
            refused, text = outcome(config, upstream)
            # What is left of a deadline that is hardly longer than gRPC is early may be nothing.
            ends = {"OK", "DEADLINE_EXCEEDED Deadline Exceeded"}

            assert all("load_balancer." in path for path in refused)
            assert refused or grpc.accepted(text) in ends


def called(grpc: Grpc, config: dict[str, Any], *servers: Server, **arguments: Any) -> list[Called]:
    """Call servers over a channel that has these settings."""
    options = [("grpc.service_config", rendered(config).text)]
    return grpc.call(options, *servers, **arguments)


class TestRetries:
    @pytest.mark.parametrize("attempts", [1, 2, 5])
    def test_attempts(self, grpc: Grpc, attempts: int) -> None:
        """A call that fails is made as often as is set, the first attempt included."""
        (found,) = called(grpc, {**FAST, "retry.max_attempts": attempts}, Server(["UNAVAILABLE"]))

        assert ["UNAVAILABLE"] == found.codes
        assert [attempts] == found.arrived

    def test_most_attempts(self, grpc: Grpc) -> None:
        """More than five attempts are five to gRPC."""
        (found,) = called(grpc, {**FAST, "retry.max_attempts": 9}, Server(["UNAVAILABLE"]))

        assert [5] == found.arrived

    @pytest.mark.parametrize("none", [{"retry.budget": 0.0}, {"retry.on": []}])
    def test_one_attempt(self, grpc: Grpc, none: dict[str, Any]) -> None:
        """Without a retry in flight, or a failure that is worth one, there is one attempt."""
        (found,) = called(grpc, {**FAST, **none}, Server(["UNAVAILABLE"]))

        assert (["UNAVAILABLE"], [1]) == (found.codes, found.arrived)

    def test_success(self, grpc: Grpc) -> None:
        """The first attempt that is answered well is the last."""
        (found,) = called(grpc, FAST, Server(["UNAVAILABLE", "OK"]))

        assert (["OK"], [2]) == (found.codes, found.arrived)

    @pytest.mark.parametrize(
        ("code", "attempts"), [("UNAVAILABLE", 1), ("INTERNAL", 3), ("NOT_FOUND", 1)]
    )
    def test_codes(self, grpc: Grpc, code: str, attempts: int) -> None:
        """Only the codes that are listed are tried again."""
        (found,) = called(grpc, {**FAST, "retry.on": ["internal", "5xx"]}, Server([code]))

        assert ([code], [attempts]) == (found.codes, found.arrived)

    def test_waits(self, grpc: Grpc) -> None:
        """Waits grow by the multiplier up to the longest, give or take gRPC's fifth."""
        config = {
            "retry.max_attempts": 4,
            "retry.base_delay": 0.05,
            "retry.max_delay": 0.125,
            "retry.multiplier": 2,
        }
        (found,) = called(grpc, config, Server(["UNAVAILABLE"]))

        for expected, gap in zip([0.05, 0.1, 0.125], found.gaps, strict=True):
            assert expected * 0.8 - 0.001 <= gap <= expected * 1.2 + 0.1

    def test_shortest_waits(self, grpc: Grpc) -> None:
        """The shortest waits that are rendered come to an end."""
        config = {
            "retry.base_delay": 5e-324,
            "retry.max_delay": 5e-324,
            "retry.on": ["unavailable"],
        }
        (found,) = called(grpc, config, Server(["UNAVAILABLE"]), calls=20, timeout=1)

        assert {"UNAVAILABLE"} == set(found.codes)
        assert [60] == found.arrived

    @pytest.mark.parametrize("multiplier", [1, 1e300])
    def test_multipliers(self, grpc: Grpc, multiplier: float) -> None:
        """Waits end whatever the multiplier."""
        config = {**FAST, "retry.multiplier": multiplier, "retry.max_attempts": 5}
        (found,) = called(grpc, config, Server(["UNAVAILABLE"]), calls=3, timeout=1)

        assert [15] == found.arrived


class TestDeadline:
    def test_ends_calls(self, grpc: Grpc) -> None:
        """A call that is not answered ends when its timeout does, at the latest."""
        config = {"timeouts.request": 2.3, "timeouts.per_try": 1}
        (found,) = called(grpc, config, Server(delay=2.5))

        assert ["DEADLINE_EXCEEDED"] == found.codes
        assert 0.2 < found.seconds[0] < 2.4

    def test_short_ones_are_left_out(self, grpc: Grpc) -> None:
        """A timeout that gRPC in Python would end at once does not end calls."""
        config = {"timeouts.request": 0.9, "timeouts.per_try": 0.5}
        (found,) = called(grpc, config, Server(delay=0.1))

        assert ["OK"] == found.codes


class TestLoadBalancing:
    @pytest.mark.parametrize("algorithm", ["round_robin", "random", "least_request"])
    def test_in_turn(self, grpc: Grpc, algorithm: str) -> None:
        """Hosts get calls in turn, also where that takes the place of another algorithm."""
        config = {"load_balancer.algorithm": algorithm}
        (found,) = called(grpc, config, Server(), Server(), calls=10)

        assert [5, 5] == found.arrived

    def test_weighted(self, grpc: Grpc) -> None:
        """Hosts that tell no weight get equally many calls."""
        config = {"load_balancer.algorithm": "weighted_round_robin"}
        (found,) = called(grpc, config, Server(), Server(), calls=20)

        assert 20 == sum(found.arrived)
        assert min(found.arrived) >= 8

    def test_health(self, grpc: Grpc) -> None:
        """A host that says it does not serve gets no calls; who says nothing does."""
        config = {"load_balancer.health_check.type": "grpc"}
        (found,) = called(
            grpc, config, Server(health=False), Server(health=True), Server(), calls=10
        )

        assert [0, 5, 5] == found.arrived

    def test_no_health(self, grpc: Grpc) -> None:
        """Where health checks are of another type, nobody is asked."""
        (found,) = called(grpc, {}, Server(health=True), Server(health=True), calls=10)

        assert [5, 5] == found.arrived


class TestEjection:
    BAD = Server(["INTERNAL"])
    MOSTLY_BAD = Server(["INTERNAL", "INTERNAL", "OK"])

    def ejected(self, grpc: Grpc, config: dict[str, Any], *servers: Server) -> Sequence[int]:
        """Call servers, let them be judged, and return how many calls each of them gets then."""
        found = called(grpc, {**QUICK, **config}, *servers, calls=40, pauses=[0.3])
        assert all(found[0].arrived)
        return found[1].arrived

    @pytest.mark.parametrize("algorithm", ["round_robin", "weighted_round_robin", "least_request"])
    def test_failing_host(self, grpc: Grpc, algorithm: str) -> None:
        """A host whose calls fail gets none after a window."""
        config = {"load_balancer.algorithm": algorithm}

        assert [40, 0] == self.ejected(grpc, config, Server(), self.BAD)

    @pytest.mark.parametrize(("ratio", "ejects"), [(0.5, True), (0.9, False)])
    def test_threshold(self, grpc: Grpc, ratio: float, ejects: bool) -> None:
        """A host is ejected whose share of failures is above the threshold."""
        config = {"circuit_breaker.error_threshold": ratio}

        assert ejects is (0 in self.ejected(grpc, config, Server(), self.MOSTLY_BAD))

    def test_highest_threshold(self, grpc: Grpc) -> None:
        """With a threshold of 100 %, a host that does nothing but fail is ejected."""
        config = {"circuit_breaker.error_threshold": 1}

        assert [40, 0] == self.ejected(grpc, config, Server(), self.BAD)

    @pytest.mark.parametrize(
        "config",
        [
            {"circuit_breaker.enabled": False},
            {"circuit_breaker.max_ejection_percent": 0},
            {"circuit_breaker.minimum_requests": 1000},
            {"circuit_breaker.window": 60},
        ],
    )
    def test_none(self, grpc: Grpc, config: dict[str, Any]) -> None:
        """Nothing is ejected where it is not to be, by too few calls, or within a window."""
        assert [20, 20] == self.ejected(grpc, config, Server(), self.BAD)

    def test_percentage(self, grpc: Grpc) -> None:
        """No more hosts are ejected once that share is."""
        config = {"circuit_breaker.max_ejection_percent": 50}

        assert [20, 20, 0, 0] == sorted(
            self.ejected(grpc, config, Server(), self.BAD, self.BAD, self.BAD), reverse=True
        )

    def test_ends(self, grpc: Grpc) -> None:
        """A host is back when its ejection ends."""
        config = {**QUICK, "circuit_breaker.reset_timeout": 1.0}
        _, ejected, back = called(grpc, config, Server(), self.BAD, calls=40, pauses=[0.3, 1.2])

        assert [40, 0] == ejected.arrived
        assert back.arrived[1] > 0


def test_groups_by_hand() -> None:
    """The groups may be made by hand, without a configuration that was loaded."""
    config = ServiceMeshConfig(
        service_name="orders",
        retry=RetryConfig(max_attempts=2),
        circuit_breaker=CircuitBreakerConfig(enabled=False),
    )

    assert '"maxAttempts": 2' in render(config).text
