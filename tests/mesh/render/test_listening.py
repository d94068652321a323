"""Where a proxy listens."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from meshconf import ConfigError
from meshconf.mesh.render import haproxy
from meshconf.mesh.render.listening import Listeners, address_of, listeners_of
from meshconf.mesh.render.rendered import Account
from meshconf.mesh.render.upstreams import upstreams_of
from tests.mesh.render.configs import a_config

if TYPE_CHECKING:
    from collections.abc import Mapping

    Settings = dict[str, Any]

MOVE = "let the proxy listen on another address of this machine"
ELSEWHERE = "127.0.0.2:15001"
HTTP, ADMIN = ("10.0.0.9", 15001), ("127.0.0.1", 9901)
TCP = {f"upstreams.{name}.protocol": "tcp" for name in ("payments", "ledger", "mainframe")}


def listeners(settings: Mapping[str, Any]) -> tuple[Listeners, dict[str, str]]:
    """Return the listeners for settings, and why upstreams have none."""
    config = a_config({"metrics.port": 9102, **settings})
    upstreams = upstreams_of(config)
    account = Account("Proxy", config, upstreams)
    found = listeners_of(account, upstreams, HTTP, ADMIN)
    dropped = account.rendered("").dropped
    return found, {one.path: one.reason for one in dropped if one.path.endswith("protocol")}


class TestAddress:
    """An argument that is a host and a port."""

    @pytest.mark.parametrize(
        ("text", "expected"),
        [("0.0.0.0:1", ("0.0.0.0", 1)), ("[::1]:65535", ("::1", 65535)), ("a:80", ("a", 80))],  # noqa: S104 - written by a user
    )
    def test_read(self, text: str, expected: tuple[str, int]) -> None:
        """A host and its port are told apart."""
        assert expected == address_of("listen", text)

    @pytest.mark.parametrize(
        "text", ["", "127.0.0.1", ":80", "127.0.0.1:0", "::1:80", "http://a:80"]
    )
    def test_wrong(self, text: str) -> None:
        """What is none is refused by the name of the argument."""
        with pytest.raises(ValueError, match=re.escape(f'listen "{text}": write "host:port"')):
            address_of("listen", text)


class TestListeners:
    """Upstreams that speak plain TCP are told apart by ports."""

    def test_own_ports(self) -> None:
        """Each gets its own port, at the host that requests come to; others get none."""
        ports = {"payments": 1, "ledger": 2, "mainframe": None}
        own = {f"upstreams.{name}.port": port for name, port in ports.items()}
        found, why = listeners({**TCP, **own})

        assert HTTP == found.http
        assert {"payments": ("10.0.0.9", 1), "ledger": ("10.0.0.9", 2)} == found.tcp
        assert {
            "upstreams.mainframe.protocol": "no listener of Proxy leads to mainframe, which has no port of its own"
        } == why

    @pytest.mark.parametrize(
        ("port", "whose"), [(15001, "Proxy itself"), (9901, "Proxy itself"), (9102, "metrics")]
    )
    def test_taken(self, port: int, whose: str) -> None:
        """A port that is taken is not given again."""
        mainframe = {"upstreams.mainframe.protocol": "tcp", "upstreams.mainframe.port": port}
        found, why = listeners(mainframe)

        assert {} == found.tcp
        assert {
            "upstreams.mainframe.protocol": (
                f"no listener of Proxy leads to mainframe: port {port} is that of {whose}"
            )
        } == why

    def test_shared(self) -> None:
        """Of two upstreams with one port, the first has it."""
        ports = {f"upstreams.{name}.port": 7 for name in ("payments", "ledger", "mainframe")}
        found, why = listeners({**ports, **TCP, "upstreams.mainframe.protocol": "http"})

        assert {"payments": ("10.0.0.9", 7)} == found.tcp
        assert {
            "upstreams.ledger.protocol": "no listener of Proxy leads to ledger: port 7 is that of payments"
        } == why

    @pytest.mark.parametrize(
        ("settings", "where"),
        [
            ({"static.endpoints": {"payments": ["10.0.0.9:15001"]}}, "10.0.0.9:15001"),
            ({"static.endpoints": {"payments": ["localhost:9901"]}}, "localhost:9901"),
            ({"static.endpoints": {"payments": ["127.0.0.1:9901"]}}, "127.0.0.1:9901"),
            (
                {
                    "static.endpoints": {"payments": ["10.0.0.9:7"]},
                    "upstreams.payments.protocol": "tcp",
                    "upstreams.payments.port": 7,
                },
                "10.0.0.9:7",
            ),
        ],
    )
    def test_loop(self, settings: dict[str, Any], where: str) -> None:
        """A host that is the proxy itself is refused: it would be its own client."""
        with pytest.raises(ConfigError) as caught:
            listeners(settings)

        path = "static.endpoints.payments"
        assert [(path, f"`{path}` holds {where}, where Proxy itself listens")] == [
            (problem.path, problem.message) for problem in caught.value.problems
        ]

    @pytest.mark.parametrize(
        ("hosts", "own", "message", "help"),
        [
            (
                ["10.0.0.9:7"],
                {"protocol": "tcp", "port": 7},
                "10.0.0.9:7",
                f'{MOVE}: --listen 127.0.0.2:15001 (listen="127.0.0.2:15001" in Python)',
            ),
            (
                ["10.0.0.9:6", "127.0.0.2:6"],
                {"protocol": "tcp", "port": 7},
                "10.0.0.9:6, on port 7 by upstreams.payments.port",
                f'{MOVE}: --listen 127.0.0.3:15001 (listen="127.0.0.3:15001" in Python)',
            ),
            (
                ["10.0.0.9:15001"],
                {},
                "10.0.0.9:15001",
                "choose another --listen (listen= in Python)",
            ),
            (["127.0.0.1:9901"], {}, "127.0.0.1:9901", "choose another --admin (admin= in Python)"),
        ],
    )
    def test_way_out(self, hosts: list[str], own: Settings, message: str, help: str) -> None:
        """It is told what the settings say of the host, and how to have the proxy elsewhere."""
        settings = {f"upstreams.payments.{name}": value for name, value in own.items()}
        with pytest.raises(ConfigError) as caught:
            listeners({**settings, "static.endpoints": {"payments": hosts}})
        [problem] = caught.value.problems

        assert (
            f"`static.endpoints.payments` holds {message}, where Proxy itself listens"
            == problem.message
        )
        assert help == problem.help

    def test_way_out_is_one(self) -> None:
        """With what the help says, nothing is in the way."""
        local = {"static.endpoints": {"cache": ["127.0.0.1:6379"]}}
        tcp = {"upstreams.cache.protocol": "tcp", "upstreams.cache.port": 6379}
        config = a_config({**local, **tcp})
        with pytest.raises(ConfigError, match=r"--listen 127\.0\.0\.2:15001"):
            haproxy(config, upstream="cache")

        assert "bind 127.0.0.2:6379" in haproxy(config, upstream="cache", listen=ELSEWHERE).text

    @pytest.mark.parametrize("anywhere", ["0.0.0.0", "::"])  # noqa: S104 - compared
    @pytest.mark.parametrize("host", ["127.0.0.2", "[::1]", "localhost"])
    def test_loop_of_all_addresses(self, host: str, anywhere: str) -> None:
        """What listens at all addresses of a machine does so at its loopback."""
        config = a_config({"static.endpoints": {"payments": [f"{host}:7"]}})
        upstreams = upstreams_of(config)
        account = Account("Proxy", config, upstreams)
        listeners_of(account, upstreams, (anywhere, 7))

        with pytest.raises(ConfigError, match="where Proxy itself listens"):
            account.rendered("")

    @pytest.mark.parametrize(
        "host", ["127.0.0.1:15001", "127.0.0.2:9901", "10.0.0.8:15001", "10.0.0.9:15002"]
    )
    def test_no_loop(self, host: str) -> None:
        """Other hosts, and other ports of the same one, are not."""
        assert HTTP == listeners({"static.endpoints": {"payments": [host]}})[0].http

    @pytest.mark.parametrize("port", [15001, 9901])
    def test_metrics(self, port: int) -> None:
        """Metrics on a port that is taken are refused, and not where they are off."""
        with pytest.raises(ConfigError) as caught:
            listeners({"metrics.port": port})

        assert [("metrics.port", f"`metrics.port` is {port}, which Proxy wants for itself")] == [
            (problem.path, problem.message) for problem in caught.value.problems
        ]
        assert HTTP == listeners({"metrics.port": port, "metrics.enabled": False})[0].http
