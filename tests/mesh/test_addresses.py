"""Hosts, endpoints and URLs."""

from __future__ import annotations

import pytest

from meshconf.mesh import addresses

HOSTS = [
    "consul",
    "consul.service.internal",
    "consul.example.com.",
    "my_service",
    "10.0.0.7",
    "::1",
    "[::1]",
    "2001:db8::7",
    "fe80::1%eth0",
    "fe80::1%br-lan.7_x",
    "a" * 253,
]
NO_HOSTS = [
    "",
    ".",
    "-consul",
    ".consul",
    "consul..internal",
    "con sul",
    "http://consul",
    "consul/kv",
    "user@consul",
    "münchen",
    "consul:8500",
    "[::1",
    "[consul]",
    ":::",
    "a" * 254,
    "consul\n",
    "fe80::1%",
    "fe80::1%eth0\n",
    "fe80::1%${HOME}",
    "fe80::1%é",
]
ENDPOINTS = ["consul:1", "10.0.0.7:65535", "[::1]:8080", "a.b:0080"]
NO_ENDPOINTS = [
    "",
    ":",
    "consul",
    "consul:",
    ":80",
    "consul:0",
    "consul:65536",
    "consul:000080",
    "consul:http",
    "consul:٨٠",
    "consul:+80",
    "::1:8080",
    "[::1]",
    "[::1]8080",
    "a b:80",
]


class TestHost:
    """host_or_address."""

    @pytest.mark.parametrize("text", HOSTS)
    def test_accepts(self, text: str) -> None:
        """Names and addresses of both families are hosts."""
        assert addresses.host_or_address(text)

    @pytest.mark.parametrize("text", NO_HOSTS)
    def test_refuses(self, text: str) -> None:
        """Schemes, ports, paths and spaces are no part of a host."""
        with pytest.raises(ValueError, match="write a host name or an IP address"):
            addresses.host_or_address(text)


class TestEndpoint:
    """host_and_port."""

    @pytest.mark.parametrize("text", ENDPOINTS)
    def test_accepts(self, text: str) -> None:
        """A host and a port are an endpoint."""
        assert addresses.host_and_port(text)

    @pytest.mark.parametrize("text", NO_ENDPOINTS)
    def test_refuses(self, text: str) -> None:
        """An endpoint has a host and a port from 1 to 65535."""
        with pytest.raises(ValueError, match='write "host:port"'):
            addresses.host_and_port(text)


class TestNameserver:
    """host_with_port_or_without."""

    @pytest.mark.parametrize("text", HOSTS + ENDPOINTS)
    def test_accepts(self, text: str) -> None:
        """A name server has a port or has none."""
        assert addresses.host_with_port_or_without(text)

    @pytest.mark.parametrize("text", ["", "a b", "10.0.0.2:0", "tcp://10.0.0.2"])
    def test_refuses(self, text: str) -> None:
        """What is neither a host nor an endpoint is no name server."""
        with pytest.raises(ValueError, match="write a host, or"):
            addresses.host_with_port_or_without(text)


class TestHttpAddress:
    """http_address."""

    @pytest.mark.parametrize(
        "text",
        [
            "http://localhost:2379",
            "https://etcd.internal",
            "https://etcd.internal:2379/",
            "http://[::1]:2379",
        ],
    )
    def test_accepts(self, text: str) -> None:
        """A scheme and a host are the URL of a server."""
        assert addresses.http_address(text)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "localhost:2379",
            "ftp://localhost",
            "http://",
            "http://localhost:2379/v3",
            "http://root:secret@localhost:2379",
            "http://localhost:0",
        ],
    )
    def test_refuses(self, text: str) -> None:
        """Other schemes, paths and passwords are no part of a server's URL."""
        with pytest.raises(ValueError, match='write "http://host:port"'):
            addresses.http_address(text)
