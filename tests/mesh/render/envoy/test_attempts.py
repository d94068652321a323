"""How often a request is tried."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from tests.mesh.render.envoy.conftest import shares

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.mesh.render.envoy.conftest import Serve, Start
    from tests.servers.answering import Answering
    from tests.servers.envoy import Envoy

ATTEMPTS = (1, 2, 5)
QUICK = {"retry.base_delay": 0.001, "retry.max_delay": 0.002}


@pytest.fixture(name="service", scope="class")
def _service(serve: Serve) -> Answering:
    """Return a service that does what a test tells it to."""
    return serve()


@pytest.fixture(name="envoy", scope="class")
def _envoy(service: Answering, start: Start) -> Envoy:
    """Return an Envoy that tries as often as the name of an upstream says."""
    kinds: Mapping[str, Mapping[str, Any]] = {
        "default": {},
        "reset": {"retry.on": ["reset"]},
        "gateway": {"retry.on": ["gateway-error"], "timeouts.per_try": 0.2},
        "slow": {"timeouts.per_try": 0.2},
        "never": {"retry.on": []},
        "unpaid": {"retry.budget": 0},
        "codes": {"retry.status_codes": [418, 429]},
    }
    upstreams = {
        f"{kind}-{number}": {"hosts": [service], "retry.max_attempts": number, **own}
        for kind, own in kinds.items()
        for number in ATTEMPTS
    }
    return start(upstreams, QUICK)


@pytest.fixture(autouse=True)
def _as_before(service: Answering) -> Iterator[None]:
    """Let the service be as it was."""
    service.start()
    service.forget()
    service.status, service.delay, service.hangs_up = 200, 0.0, False
    service.headers = {}
    yield
    service.stop()


class TestNumber:
    """The number of attempts is what the setting says, the first included."""

    @pytest.mark.parametrize("number", ATTEMPTS)
    def test_status(self, service: Answering, envoy: Envoy, number: int) -> None:
        """A status that is worth another attempt gets as many as there may be."""
        service.status = 503

        assert 503 == envoy.get(f"default-{number}").status
        assert number == len(service.requests)

    @pytest.mark.parametrize("number", ATTEMPTS)
    def test_other_status(self, service: Answering, envoy: Envoy, number: int) -> None:
        """Status codes of one's own take the place of 503."""
        service.status = 429

        assert 429 == envoy.get(f"codes-{number}").status
        assert number == len(service.requests)

        service.status = 503

        assert 503 == envoy.get(f"codes-{number}").status
        assert number + 1 == len(service.requests)

    @pytest.mark.parametrize("number", ATTEMPTS)
    def test_refused(self, service: Answering, envoy: Envoy, number: int) -> None:
        """A connection that is refused is tried as often."""
        service.stop()
        stat = f"cluster.default-{number}.upstream_cx_connect_fail"

        assert 503 == envoy.get(f"default-{number}").status
        assert number == envoy.stat(stat)

    @pytest.mark.parametrize("number", ATTEMPTS)
    def test_reset(self, service: Answering, envoy: Envoy, number: int) -> None:
        """A request whose connection is cut is tried as often, where that is asked for."""
        service.hangs_up = True

        assert 503 == envoy.get(f"reset-{number}").status
        assert number == len(service.requests)

    @pytest.mark.parametrize("number", ATTEMPTS)
    def test_per_try(self, service: Answering, envoy: Envoy, number: int) -> None:
        """An attempt that takes too long is followed by another, where that is asked for."""
        service.delay = 5.0
        began = time.monotonic()

        assert 504 == envoy.get(f"gateway-{number}").status
        assert number == len(service.requests)
        assert number * 0.2 <= time.monotonic() - began + 0.02 < number * 0.2 + 3

    def test_not_asked_for(self, service: Answering, envoy: Envoy) -> None:
        """What is not asked for gets one attempt."""
        service.hangs_up = True
        envoy.get("default-5")
        service.hangs_up, service.delay = False, 5.0
        envoy.get("slow-5")
        service.delay, service.status = 0.0, 503
        envoy.get("never-5")
        envoy.get("unpaid-5")

        assert 4 == len(service.requests)


#: Failures that are worth another attempt, by the words for them; those that only a host that speaks
#: HTTP/2 can bring about are left out.
FAILURES: Mapping[str, tuple[str, Any]] = {
    "5xx": ("status", 500),
    "gateway-error": ("status", 502),
    "reset": ("hangs_up", True),
    "retriable-4xx": ("status", 409),
    "retriable-status-codes": ("status", 503),
    "cancelled": ("headers", {"grpc-status": "1"}),
    "deadline-exceeded": ("headers", {"grpc-status": "4"}),
    "internal": ("headers", {"grpc-status": "13"}),
    "resource-exhausted": ("headers", {"grpc-status": "8"}),
    "unavailable": ("headers", {"grpc-status": "14"}),
}


@pytest.fixture(name="by_word", scope="class")
def _by_word(service: Answering, start: Start) -> Envoy:
    """Return an Envoy with an upstream for each word."""
    upstreams = {
        word: {"hosts": [service], "retry.on": [word], "retry.max_attempts": 2} for word in FAILURES
    }
    return start(upstreams, QUICK)


class TestWords:
    """The words for failures; Envoy takes any word without a complaint."""

    @pytest.mark.parametrize("word", FAILURES)
    def test_failure(self, service: Answering, by_word: Envoy, word: str) -> None:
        """Each word stands for its failure."""
        setattr(service, *FAILURES[word])
        by_word.get(word)

        assert 2 == len(service.requests)

    @pytest.mark.parametrize("word", FAILURES)
    def test_another(self, service: Answering, by_word: Envoy, word: str) -> None:
        """No word stands for all failures."""
        service.status = 404
        by_word.get(word)

        assert 1 == len(service.requests)


class TestTogether:
    """Attempts of many requests at the same time."""

    def test_all(self, serve: Serve, start: Start) -> None:
        """Each of many requests gets all of its attempts, unless there is a budget."""
        service = serve(status=503)
        service.delay = 0.2
        upstreams = {
            "all": {"hosts": [service]},
            "some": {"hosts": [service], "retry.budget": 0.2},
            "none": {"hosts": [service], "retry.budget": 0},
        }
        envoy = start(upstreams, {**QUICK, "retry.max_attempts": 3})
        found = {}
        with ThreadPoolExecutor(20) as pool:
            for name in upstreams:
                service.forget()
                list(pool.map(lambda _, name=name: envoy.get(name), range(20)))
                found[name] = len(service.requests)

        assert (60, 20) == (found["all"], found["none"])
        assert 20 < found["some"] < 40


class TestOtherHost:
    """Which host gets another attempt."""

    def test_picks(self, serve: Serve, start: Start) -> None:
        """A host that has failed a request is picked again for it only if no other one was found."""
        good, bad = serve("good"), serve("bad", status=503)
        upstreams = {
            str(picks): {"hosts": [good, bad], "load_balancer.max_retries": picks}
            for picks in (0, 50)
        }
        general = {
            **QUICK,
            "retry.max_attempts": 2,
            "load_balancer.algorithm": "random",
        }
        envoy = start(upstreams, general)
        shares(envoy, "50", [good, bad], 60)
        found = len(good.requests)
        shares(envoy, "0", [good, bad], 60)

        assert 60 == found
        assert 60 > len(good.requests)


class TestDelays:
    """The time between attempts."""

    def test_random_part(self, service: Answering, start: Start) -> None:
        """Delays are random ones, at most the base delay doubled each time, up to the longest."""
        service.status = 503
        settings = {"retry.max_attempts": 6, "retry.base_delay": 0.1, "retry.max_delay": 0.2}
        envoy = start({"payments": {"hosts": [service]}}, settings)
        envoy.get("payments")
        times = [request.time for request in service.requests]
        delays = [after - before for before, after in pairwise(times)]
        most = [0.1, 0.2, 0.2, 0.2, 0.2]

        assert all(delay < limit + 0.1 for delay, limit in zip(delays, most, strict=True)), delays
        assert 0.05 < sum(delays)
