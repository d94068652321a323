"""The algorithm, the health check and the rules of the load balancer."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import pytest

from meshconf import LoadBalancerConfig
from meshconf.mesh import Algorithm, HealthCheckConfig
from meshconf.mesh.load_balancer import prime, status_range

Layers = Callable[[str], Collection[str]]


def everywhere(path: str) -> list[str]:
    """Say that a layer sets whatever is asked for."""
    return ["mesh.toml"]


def nowhere(path: str) -> list[str]:
    """Say that no layer sets what is asked for."""
    return []


class TestAlgorithm:
    """The Enum of algorithms."""

    @pytest.mark.parametrize("algorithm", Algorithm)
    def test_equals_its_text(self, algorithm: Algorithm) -> None:
        """A member equals its text and is printed as it, on every Python."""
        assert algorithm.value == algorithm
        assert algorithm.value == str(algorithm) == f"{algorithm}"

    @pytest.mark.parametrize(
        ("name", "algorithm"),
        [
            ("least_connections", Algorithm.LEAST_REQUEST),
            ("least_conn", Algorithm.LEAST_REQUEST),
            ("leastconn", Algorithm.LEAST_REQUEST),
            ("consistent_hash", Algorithm.RING_HASH),
            ("response_time", Algorithm.PEAK_EWMA),
            ("least_response_time", Algorithm.PEAK_EWMA),
        ],
    )
    def test_reads_other_names(self, name: str, algorithm: Algorithm) -> None:
        """The names that other products use are read."""
        assert algorithm is Algorithm(name)

    @pytest.mark.parametrize("value", ["fastest", "", 1, None])
    def test_refuses_the_rest(self, value: Any) -> None:
        """What is neither a name nor another name is refused."""
        with pytest.raises(ValueError, match="is not a valid Algorithm"):
            Algorithm(value)

    @pytest.mark.parametrize("name", ["leastconn", "least_connections", "least_conn"])
    def test_from_file_and_variable(self, name: str, load: Any) -> None:
        """A file and a variable may say the other names, too."""
        file = load(f'service_name = "orders"\n[load_balancer]\nalgorithm = "{name}"')
        variable = load('service_name = "orders"', {"MESH_LOAD_BALANCER_ALGORITHM": name})

        assert "least_request" == file.load_balancer.algorithm
        assert "least_request" == variable.load_balancer.algorithm


class TestStatusRange:
    """status_range."""

    @pytest.mark.parametrize("text", ["200", "100", "599", "200-299", "204-204"])
    def test_accepts(self, text: str) -> None:
        """A status code and a range of them are accepted."""
        assert status_range(text)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "-",
            "200-",
            "-299",
            "299-200",
            "099",
            "600",
            "20",
            "2xx",
            "2000",
            "200-299-300",
            "٢٠٠",
        ],
    )
    def test_refuses(self, text: str) -> None:
        """Half a range, a range backwards and what is no status code are refused."""
        with pytest.raises(ValueError, match="write a status code"):
            status_range(text)


class TestPrime:
    """prime."""

    def test_accepts_primes_alone(self) -> None:
        """The primes below 30 are the ones everybody knows."""

        def is_prime(number: int) -> bool:
            try:
                return prime(number)
            except ValueError:
                return False

        assert [2, 3, 5, 7, 11, 13, 17, 19, 23, 29] == list(filter(is_prime, range(-3, 30)))

    @pytest.mark.parametrize(
        ("number", "following"), [(-5, 2), (1, 2), (4, 5), (65536, 65537), (5000010, 5000011)]
    )
    def test_names_the_next(self, number: int, following: int) -> None:
        """The message names the next prime number."""
        with pytest.raises(
            ValueError, match=f"{number} is no prime number, the next one is {following}$"
        ):
            prime(number)

    def test_bounds_come_first(self, find: Any) -> None:
        """A number of a thousand digits is out of bounds, and nobody divides it."""
        ((severity, message),) = find({"load_balancer.table_size": 10**1000 + 1})

        assert "error" == severity
        assert message.startswith("`load_balancer.table_size` must be at most 5000011")


class TestAnswerPrecedesNextCheck:
    """timeout above interval."""

    @pytest.mark.parametrize(("timeout", "interval"), [(5.0, 10.0), (10.0, 10.0)])
    def test_holds(self, timeout: float, interval: float) -> None:
        """A check that is over in time is no error."""
        assert HealthCheckConfig.answer_precedes_next_check(timeout, interval) is None

    def test_refuses_the_load(self, find: Any) -> None:
        """A check that lasts into the next one is an error, and no warning besides."""
        message = "`load_balancer.health_check`: timeout 11 s is longer than interval 10 s"

        assert [("error", message)] == find({"load_balancer.health_check.timeout": 11.0})


class TestChecksHaveAPause:
    """timeout equal to interval."""

    @pytest.mark.parametrize(("timeout", "interval"), [(5.0, 10.0), (11.0, 10.0)])
    def test_holds(self, timeout: float, interval: float) -> None:
        """It is about equal numbers only."""
        assert HealthCheckConfig.checks_have_a_pause(timeout, interval) is None

    def test_warns(self, find: Any) -> None:
        """Checks without a pause are a warning."""
        message = (
            "`load_balancer.health_check`: timeout 10 s is all of interval 10 s: checks run without "
            "a pause"
        )

        assert [("warning", message)] == find({"load_balancer.health_check.timeout": 10.0})


class TestHashHasKey:
    """algorithm and hash_key."""

    @pytest.mark.parametrize(
        ("algorithm", "key", "layers"),
        [
            (Algorithm.RING_HASH, "source_ip", everywhere),
            (Algorithm.MAGLEV, "header:x-user", everywhere),
            (Algorithm.ROUND_ROBIN, None, nowhere),
            (Algorithm.ROUND_ROBIN, "source_ip", nowhere),
        ],
    )
    def test_holds(self, algorithm: Algorithm, key: str | None, layers: Layers) -> None:
        """Both or neither are set; a key that is only inherited does not count."""
        assert LoadBalancerConfig.hash_has_key(algorithm, key, layers=layers) is None

    @pytest.mark.parametrize("algorithm", ["ring_hash", "maglev"])
    def test_hash_without_key(self, algorithm: str, find: Any) -> None:
        """A hash algorithm without a key is an error."""
        message = (
            f"`load_balancer`: algorithm {algorithm} wants hash_key: what clients are told apart by"
        )

        assert [("error", message)] == find({"load_balancer.algorithm": algorithm})

    def test_key_without_hash(self, find: Any) -> None:
        """A key for another algorithm is an error."""
        message = (
            "`load_balancer`: hash_key is for ring_hash and maglev, and algorithm is round_robin"
        )

        assert [("error", message)] == find({"load_balancer.hash_key": "source_ip"})

    def test_upstream_leaves_the_hash(self, find: Any) -> None:
        """An upstream may choose another algorithm, though it cannot take the key back."""
        settings = {
            "load_balancer": {"algorithm": "maglev", "hash_key": "source_ip", "table_size": 251},
            "upstreams": {"payments": {"load_balancer": {"algorithm": "random"}}},
        }

        assert [] == find(settings)

    def test_upstream_sets_a_key_of_its_own(self, find: Any) -> None:
        """An upstream's own key for another algorithm is an error."""
        settings = {"upstreams": {"payments": {"load_balancer": {"hash_key": "source_ip"}}}}
        message = (
            "`upstreams.payments.load_balancer`: hash_key is for ring_hash and maglev, and "
            "algorithm is round_robin"
        )

        assert [("error", message)] == find(settings)


class TestOptionsFitAlgorithm:
    """choice_count, minimum_ring_size and table_size."""

    @pytest.mark.parametrize(
        ("algorithm", "choices", "ring", "table", "layers"),
        [
            (Algorithm.ROUND_ROBIN, 2, 1024, 65537, everywhere),
            (Algorithm.LEAST_REQUEST, 3, 1024, 65537, everywhere),
            (Algorithm.RING_HASH, 2, 2048, 65537, everywhere),
            (Algorithm.MAGLEV, 2, 1024, 251, everywhere),
            (Algorithm.ROUND_ROBIN, 3, 2048, 251, nowhere),
        ],
    )
    def test_holds(
        self, algorithm: Algorithm, choices: int, ring: int, table: int, layers: Layers
    ) -> None:
        """Defaults, the algorithm's own option, and what is only inherited are no finding."""
        rule = LoadBalancerConfig.options_fit_algorithm

        assert rule(algorithm, choices, ring, table, layers=layers) is None

    @pytest.mark.parametrize(
        ("settings", "said"),
        [
            (
                {"choice_count": 3},
                "choice_count is for least_request, and algorithm is round_robin",
            ),
            (
                {"minimum_ring_size": 2048, "algorithm": "maglev", "hash_key": "source_ip"},
                "minimum_ring_size is for ring_hash, and algorithm is maglev",
            ),
            (
                {"table_size": 251, "choice_count": 3},
                (
                    "choice_count is for least_request, table_size is for maglev, and algorithm is "
                    "round_robin"
                ),
            ),
        ],
    )
    def test_warns(self, settings: dict[str, Any], said: str, find: Any) -> None:
        """Options of other algorithms are one warning that names whose they are."""
        assert [("warning", f"`load_balancer`: {said}")] == find({"load_balancer": settings})


class TestSlowStartFitsAlgorithm:
    """slow_start and algorithm."""

    @pytest.mark.parametrize(
        ("seconds", "algorithm", "layers"),
        [
            (None, Algorithm.MAGLEV, nowhere),
            (30.0, Algorithm.ROUND_ROBIN, everywhere),
            (30.0, Algorithm.LEAST_REQUEST, everywhere),
            (30.0, Algorithm.RANDOM, nowhere),
        ],
    )
    def test_holds(self, seconds: float | None, algorithm: Algorithm, layers: Layers) -> None:
        """The two algorithms know a slow start; what is only inherited is no finding."""
        rule = LoadBalancerConfig.slow_start_fits_algorithm

        assert rule(seconds, algorithm, layers=layers) is None

    def test_warns(self, find: Any) -> None:
        """A slow start of another algorithm is a warning."""
        message = (
            "`load_balancer`: slow_start is for round_robin and least_request, and algorithm is "
            "random"
        )
        settings = {"load_balancer.slow_start": "30s", "load_balancer.algorithm": "random"}

        assert [("warning", message)] == find(settings)
