"""Timeouts of httpx, and its failures, against real servers."""

from __future__ import annotations

import contextlib
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from meshconf import CircuitBreakerConfig
from meshconf.mesh import RetryConfig, TimeoutsConfig
from meshconf.mesh.adapters import (
    httpx_failure,
    httpx_host_failure,
    httpx_timeout,
    pybreaker_breaker,
    stamina_retry,
    tenacity_retry,
)
from meshconf.mesh.render import envoy as render
from tests.mesh.render.configs import loaded
from tests.servers.answering import Answering
from tests.servers.envoy import Envoy
from tests.servers.process import free_ports

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from meshconf.mesh.retry import RetryCondition

FAST: dict[str, Any] = {"base_delay": 0.001, "max_delay": 0.002}

#: What is tried again of requests that nobody answers, by words of `retry.on`: the connection is
#: refused, cut, or does not come about, or the answer is late.
NO_ANSWERS: dict[RetryCondition, str] = {
    "5xx": "refused hung-up late full",
    "gateway-error": "refused hung-up late full",
    "reset": "refused hung-up late full",
    "reset-before-request": "refused full",
    "connect-failure": "refused full",
    "refused-stream": "",
    "retriable-4xx": "",
    "retriable-status-codes": "",
    "unavailable": "",
}


@pytest.fixture(name="server", scope="module")
def _server() -> Iterator[Answering]:
    """Start a service."""
    with Answering("hello") as server:
        yield server


@pytest.fixture(name="healthy", autouse=True)
def _healthy(server: Answering) -> None:
    """Let the service answer well."""
    server.start()
    server.status, server.delay, server.hangs_up = 200, 0.0, False
    server.forget()


@pytest.fixture(name="full", scope="module")
def _full() -> Iterator[str]:
    """Return the address of a server that takes no more connections, and says nothing of it."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(8):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        time.sleep(0.05)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture(name="envoy", scope="module")
def _envoy(server: Answering, full: str) -> Iterator[Envoy]:
    """Start an Envoy with two upstreams for each word: the service, and what is full."""
    given: dict[str, Any] = {
        "service_name": "orders",
        "discovery.backend": "static",
        "circuit_breaker.enabled": False,
        "load_balancer.health_check.type": "none",
        "metrics.enabled": False,
        "retry.max_attempts": 2,
        "retry.base_delay": 0.001,
        "retry.max_delay": 0.002,
        "timeouts.per_try": 0.3,
        "timeouts.connect": 0.1,
    }
    hosts = {"": server.address, "-full": full}
    endpoints = {
        f"{word}{kind}": [host.removeprefix("http://")]
        for word in NO_ANSWERS
        for kind, host in hosts.items()
    }
    own = {f"upstreams.{word}{kind}.retry.on": [word] for word in NO_ANSWERS for kind in hosts}
    config = loaded({**given, "static.endpoints": endpoints, **own})
    listen, admin = (f"127.0.0.1:{port}" for port in free_ports(2))
    with Envoy(render(config, listen=listen, admin=admin).text) as found:
        yield found


def client(**timeouts: float) -> httpx.Client:
    """Return a client with these timeouts, seconds each."""
    return httpx.Client(timeout=httpx_timeout(TimeoutsConfig(**timeouts)), trust_env=False)


def failure_of(call: Callable[[], Any]) -> Exception:
    """Return what a call raises."""
    with pytest.raises(httpx.HTTPError) as caught:
        call()
    return caught.value


class TestTimeout:
    def test_of_defaults(self) -> None:
        """The defaults are 5 s for a connection and 15 s for each wait."""
        assert httpx.Timeout(connect=5, read=15, write=15, pool=15) == httpx_timeout(
            TimeoutsConfig()
        )

    def test_read(self, server: Answering) -> None:
        """An answer that does not come in time ends the attempt."""
        server.delay = 5
        begin = time.monotonic()
        with client(per_try=0.2) as found, pytest.raises(httpx.ReadTimeout):
            found.get(server.address)

        assert 0.2 <= time.monotonic() - begin < 4

    def test_slow_enough(self, server: Answering) -> None:
        """An answer that comes in time is one."""
        server.delay = 0.1
        with client(per_try=5) as found:
            assert "hello" == found.get(server.address).text

    @pytest.mark.parametrize(("connect", "per_try"), [(0.2, 5), (5, 0.2)])
    def test_connect(self, full: str, connect: float, per_try: float) -> None:
        """A connection that does not stand in time ends the attempt, and so does the attempt's time."""
        begin = time.monotonic()
        with client(connect=connect, per_try=per_try) as found, pytest.raises(httpx.ConnectTimeout):
            found.get(full)

        assert 0.2 <= time.monotonic() - begin < 4

    def test_pool(self, server: Answering) -> None:
        """An attempt does not wait longer for a connection than for its answer."""
        timeout = httpx_timeout(TimeoutsConfig(per_try=0.2))
        limits = httpx.Limits(max_connections=1)
        with (
            httpx.Client(timeout=timeout, limits=limits, trust_env=False) as found,
            found.stream("GET", server.address),
            pytest.raises(httpx.PoolTimeout),
        ):
            found.get(server.address)

    def test_write(self) -> None:
        """A request that nobody takes ends the attempt."""
        with socket.create_server(("127.0.0.1", 0)) as listener, client(per_try=0.2) as found:
            address = f"http://127.0.0.1:{listener.getsockname()[1]}"
            with pytest.raises(httpx.WriteTimeout):
                found.post(address, content=b"x" * 50_000_000)

    @pytest.mark.parametrize("seconds", [2_147_484.0, 1e300])
    def test_longest(self, server: Answering, seconds: float) -> None:
        """Timeouts that no socket takes are as long as one takes."""
        with client(connect=seconds, per_try=seconds, request=seconds) as found:
            assert "hello" == found.get(server.address).text
        assert {2_147_483.0} == set(found.timeout.as_dict().values())

    def test_shortest(self, server: Answering) -> None:
        """The shortest timeout is one, and not none."""
        server.delay = 5
        with client(connect=5e-324, per_try=5e-324) as found, pytest.raises(httpx.TimeoutException):
            found.get(server.address)


class TestFailure:
    def fails(self, on: RetryCondition, error: Exception, *status_codes: int) -> bool:
        """Tell whether an exception is a failure for a word of `retry.on`."""
        return httpx_failure(RetryConfig(on=(on,), status_codes=status_codes))(error)

    @pytest.mark.parametrize(
        ("on", "statuses"),
        [
            ("5xx", {500, 502, 503, 504, 599}),
            ("gateway-error", {502, 503, 504}),
            ("retriable-4xx", {409}),
            ("retriable-status-codes", {429, 503}),
            ("reset", set()),
            ("connect-failure", set()),
            ("unavailable", set()),
        ],
    )
    def test_statuses(self, server: Answering, on: RetryCondition, statuses: set[int]) -> None:
        """An answer is a failure by its status, as the word says."""
        found = set()
        for status in (400, 404, 409, 429, 499, 500, 502, 503, 504, 599):
            server.status = status
            error = failure_of(httpx.get(server.address).raise_for_status)
            if self.fails(on, error, 429, 503):
                found.add(status)

        assert statuses == found

    @pytest.mark.parametrize(("on", "expected"), NO_ANSWERS.items())
    def test_no_answers(
        self, server: Answering, full: str, on: RetryCondition, expected: str
    ) -> None:
        """That there is no answer is a failure by what went wrong, as the word says."""
        timeout = httpx_timeout(TimeoutsConfig(per_try=0.1))
        errors = {}
        server.hangs_up = True
        errors["hung-up"] = failure_of(lambda: httpx.get(server.address))
        server.hangs_up, server.delay = False, 0.3
        errors["late"] = failure_of(lambda: httpx.get(server.address, timeout=timeout))
        server.stop()
        errors["refused"] = failure_of(lambda: httpx.get(server.address))
        errors["full"] = failure_of(lambda: httpx.get(full, timeout=timeout))

        assert set(expected.split()) == {
            name for name, error in errors.items() if self.fails(on, error)
        }

    def test_full_pool(self) -> None:
        """A request that waited for a connection in vain was never sent."""
        error = httpx.PoolTimeout("")

        assert self.fails("reset-before-request", error)
        assert not self.fails("connect-failure", error)

    @pytest.mark.parametrize(
        "error", [ValueError(), httpx.UnsupportedProtocol(""), httpx.TooManyRedirects("")]
    )
    def test_other_mistakes(self, error: Exception) -> None:
        """What another attempt would not mend is no failure."""
        assert not self.fails("5xx", error)

    def test_nothing(self) -> None:
        """Without a word, nothing is a failure."""
        assert not httpx_failure(RetryConfig(on=()))(httpx.ConnectError(""))

    def test_of_defaults(self) -> None:
        """The defaults are connections that fail, and answers of 503."""
        fails = httpx_failure(RetryConfig())
        request = httpx.Request("GET", "http://a")

        assert fails(httpx.ConnectError(""))
        assert not fails(httpx.ReadTimeout(""))
        assert [503] == [
            status
            for status in range(400, 600)
            if fails(httpx.HTTPStatusError("", request=request, response=httpx.Response(status)))
        ]


class TestEnvoy:
    """What Envoy tries again for the same words."""

    @pytest.mark.parametrize("kind", ["refused", "hung-up", "late", "full"])
    def test_no_answers(self, server: Answering, envoy: Envoy, kind: str) -> None:
        """It tries again what `httpx_failure` calls a failure."""
        server.hangs_up, server.delay = kind == "hung-up", 2.0 * (kind == "late")
        if kind == "refused":
            server.stop()
        names = {word: f"{word}-full" if kind == "full" else word for word in NO_ANSWERS}

        def retries(name: str) -> int:
            return envoy.stat(f"cluster.{name}.upstream_rq_retry")

        before = {word: retries(name) for word, name in names.items()}
        with ThreadPoolExecutor(len(names)) as pool:
            list(pool.map(envoy.get, names.values()))
        again = {word for word, name in names.items() if retries(name) > before[word]}

        assert {word for word, kinds in NO_ANSWERS.items() if kind in kinds.split()} == again


class TestHostFailure:
    """What a breaker counts: that nobody answers, and answers of 500 or above."""

    @pytest.mark.parametrize(
        ("error", "expected"),
        [
            (httpx.ConnectError(""), True),
            (httpx.ReadTimeout(""), True),
            (httpx.RemoteProtocolError(""), True),
            (httpx.PoolTimeout(""), False),
            (httpx.UnsupportedProtocol(""), False),
            (ValueError(), False),
        ],
    )
    def test_exceptions(self, error: Exception, expected: bool) -> None:
        """A host that gives no answer has failed; a mistake of the caller is none of its."""
        assert expected is httpx_host_failure(error)

    def test_statuses(self, server: Answering) -> None:
        """Answers of 500 and above open a breaker, and one that says that nothing is there does not."""
        config = CircuitBreakerConfig(consecutive_failures=2)
        states = []
        for server.status in (404, 500):
            breaker = pybreaker_breaker(config, on=httpx_host_failure)
            for _ in range(2):
                with pytest.raises(httpx.HTTPStatusError):
                    breaker.call(lambda: httpx.get(server.address).raise_for_status())
            states.append(breaker.current_state)

        assert ["closed", "open"] == states


@pytest.mark.parametrize("retrying", [tenacity_retry, stamina_retry])
class TestTogether:
    """What a service writes: a retry around a request."""

    @pytest.mark.parametrize(("status", "attempts"), [(503, 3), (500, 1), (404, 1)])
    def test_statuses(self, server: Answering, retrying: Any, status: int, attempts: int) -> None:
        """A request is made again after the statuses that are listed."""
        config = RetryConfig(**FAST)
        server.status = status

        @retrying(config, on=httpx_failure(config))
        def page() -> str:
            return httpx.get(server.address).raise_for_status().text

        with pytest.raises(httpx.HTTPStatusError):
            page()

        assert attempts == len(server.requests)

    def test_no_answer(self, server: Answering, retrying: Any) -> None:
        """A request that nobody answers is made again until the service is back."""
        config = RetryConfig(max_attempts=50, base_delay=0.02, multiplier=1)
        server.stop()
        attempts = 0
        for attempt in retrying(config, on=httpx_failure(config)):
            with attempt:
                attempts += 1
                if attempts == 3:
                    server.start()
                assert "hello" == httpx.get(server.address).text

        assert 3 == attempts

    def test_breaker(self, server: Answering, retrying: Any) -> None:
        """A breaker around each attempt counts what is tried again."""
        config = RetryConfig(**FAST, max_attempts=3)
        breaker = pybreaker_breaker(
            CircuitBreakerConfig(consecutive_failures=4), on=httpx_host_failure
        )
        server.status = 503

        @retrying(config, on=httpx_failure(config))
        @breaker
        def page() -> str:
            return httpx.get(server.address).raise_for_status().text

        for _ in range(3):
            with pytest.raises(Exception, match=r"503|breaker"):
                page()

        assert 4 == len(server.requests)
        assert "open" == breaker.current_state
