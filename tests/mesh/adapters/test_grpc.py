"""Options of a gRPC channel."""

from __future__ import annotations

import subprocess
import sys

import pytest

from meshconf import ConfigError, LoadBalancerConfig, ServiceMeshConfig
from meshconf.mesh import Algorithm, RetryConfig, UpstreamConfig
from meshconf.mesh.adapters import grpc_service_config
from meshconf.mesh.render import grpc
from tests.servers.grpc_calls import Grpc, Server

CONFIG = ServiceMeshConfig(
    service_name="orders",
    retry=RetryConfig(max_attempts=4, base_delay=0.01, max_delay=0.01),
    upstreams={
        "payments": UpstreamConfig(
            retry=RetryConfig(max_attempts=2, base_delay=0.01, max_delay=0.01)
        ),
        "ledger": UpstreamConfig(load_balancer=LoadBalancerConfig(algorithm=Algorithm.PEAK_EWMA)),
    },
)


class TestOptions:
    def test_are_those_of_a_channel(self) -> None:
        """They are the service config, and that calls are tried again."""
        assert [
            ("grpc.service_config", grpc(CONFIG).text),
            ("grpc.enable_retries", 1),
        ] == grpc_service_config(CONFIG)

    def test_of_an_upstream(self) -> None:
        """They may be those of one upstream."""
        (_, text), _ = grpc_service_config(CONFIG, upstream="payments")

        assert grpc(CONFIG, upstream="payments").text == text

    @pytest.mark.parametrize("upstream", ["ledger", "shipping"])
    def test_are_refused(self, upstream: str) -> None:
        """What cannot be rendered is refused as it is there."""
        with pytest.raises(ConfigError) as caught:
            grpc_service_config(CONFIG, upstream=upstream)

        assert ["MC303"] == [problem.code for problem in caught.value.problems]

    def test_without_grpc(self) -> None:
        """They are made without grpcio."""
        script = (
            "import sys\n"
            "sys.modules['grpc'] = None\n"
            "from meshconf import ServiceMeshConfig\n"
            "from meshconf.mesh.adapters import grpc_service_config\n"
            "assert grpc_service_config(ServiceMeshConfig(service_name='orders'))\n"
        )

        assert 0 == subprocess.run([sys.executable, "-c", script], check=False).returncode


class TestChannel:
    @pytest.mark.parametrize(("upstream", "attempts"), [(None, 4), ("payments", 2)])
    def test_attempts(self, upstream: str | None, attempts: int) -> None:
        """A call over a channel that has them is made as often as is set."""
        with Grpc() as process:
            options = grpc_service_config(CONFIG, upstream=upstream)
            (found,) = process.call(options, Server(["UNAVAILABLE"]))

        assert [attempts] == found.arrived
