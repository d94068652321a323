"""Which host gets a request."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.mesh.render.envoy.conftest import shares

if TYPE_CHECKING:
    from tests.mesh.render.envoy.conftest import Serve, Start
    from tests.servers.envoy import Envoy

ALGORITHMS = ("round_robin", "least_request", "random", "weighted_round_robin")
KEYS = ("header:x-user", "cookie:user", "query:user", "source_ip")


@pytest.fixture(name="envoy", scope="class")
def _envoy(serve: Serve, start: Start) -> Envoy:
    """Return an Envoy with an upstream of three hosts for each algorithm and key."""
    hosts = [serve(str(number)) for number in range(3)]
    upstreams = {
        algorithm: {"hosts": hosts, "load_balancer.algorithm": algorithm}
        for algorithm in ALGORITHMS
    }
    hashing = {
        f"{algorithm}-{key.partition(':')[0]}": {
            "hosts": hosts,
            "load_balancer.algorithm": algorithm,
            "load_balancer.hash_key": key,
        }
        for algorithm in ("ring_hash", "maglev")
        for key in KEYS
    }
    return start({**upstreams, **hashing})


class TestAlgorithms:
    """Requests are spread over the hosts."""

    @pytest.mark.parametrize("algorithm", ALGORITHMS)
    def test_spread(self, envoy: Envoy, algorithm: str) -> None:
        """Each host gets some of many requests."""
        found = [envoy.get(algorithm).body for _ in range(60)]

        assert {b"0", b"1", b"2"} == set(found)

    def test_turns(self, envoy: Envoy) -> None:
        """In turns, each host gets the same."""
        found = [envoy.get("round_robin").body for _ in range(30)]

        assert [10, 10, 10] == [found.count(host) for host in (b"0", b"1", b"2")]

    @pytest.mark.parametrize("algorithm", ["ring_hash", "maglev"])
    @pytest.mark.parametrize("kind", ["header", "cookie", "query"])
    def test_keys(self, envoy: Envoy, algorithm: str, kind: str) -> None:
        """The requests of one client go to one host, and those of many to all."""

        def host_of(user: int) -> bytes:
            headers = {"header": {"X-User": str(user)}, "cookie": {"Cookie": f"user={user}"}}
            query = f"/?user={user}" if kind == "query" else "/"
            return envoy.get(f"{algorithm}-{kind}", query, headers=headers.get(kind)).body

        hosts = [{host_of(user) for _ in range(3)} for user in range(40)]

        assert [1] * 40 == [len(found) for found in hosts]
        assert {b"0", b"1", b"2"} == set().union(*hosts)

    @pytest.mark.parametrize("algorithm", ["ring_hash", "maglev"])
    def test_source(self, envoy: Envoy, algorithm: str) -> None:
        """The requests from one address go to one host."""
        assert 1 == len({envoy.get(f"{algorithm}-source_ip").body for _ in range(10)})


class TestPanic:
    """Too few healthy hosts are as good as none."""

    @pytest.mark.parametrize("algorithm", ["round_robin", "weighted_round_robin"])
    def test_threshold(self, serve: Serve, start: Start, algorithm: str) -> None:
        """Below the share, all hosts get traffic; at the share, those that are healthy."""
        good, bad = serve("good"), serve("bad")
        bad.health = 503
        upstreams = {
            name: {"hosts": [good, bad], "load_balancer.panic_threshold": ratio}
            for name, ratio in (("calm", 0.5), ("panic", 0.51))
        }
        checked = {
            "load_balancer.algorithm": algorithm,
            "load_balancer.health_check.type": "http",
        }
        envoy = start(upstreams, checked)

        assert [20, 0] == shares(envoy, "calm", [good, bad], 20)
        assert 20 > shares(envoy, "panic", [good, bad], 20)[0] > 0

    def test_nobody(self, serve: Serve, start: Start) -> None:
        """Without the threshold, a request is refused where no host is healthy."""
        bad = serve("bad")
        bad.health = 503
        settings = {"load_balancer.health_check.type": "http", "load_balancer.panic_threshold": 0}
        envoy = start({"payments": {"hosts": [bad]}}, settings)

        assert 503 == envoy.get("payments").status
        assert [] == bad.requests
