"""The rules of the discovery backends."""

from __future__ import annotations

from typing import Any

import pytest

from meshconf import Secret
from meshconf.mesh import ConsulConfig


class TestTokenIsNotSentInClear:
    """consul.token, consul.scheme and consul.host."""

    @pytest.mark.parametrize(
        ("token", "scheme", "host"),
        [
            (None, "http", "consul"),
            (Secret("t"), "https", "consul"),
            (Secret("t"), "http", "localhost"),
            (Secret("t"), "http", "127.0.0.1"),
            (Secret("t"), "http", "127.9.9.9"),
            (Secret("t"), "http", "::1"),
            (Secret("t"), "http", "[::1]"),
        ],
    )
    def test_holds(self, token: Secret[str] | None, scheme: str, host: str) -> None:
        """There is no token, it is encrypted, or it stays on the machine."""
        assert ConsulConfig.token_is_not_sent_in_clear(token, scheme, host) is None

    @pytest.mark.parametrize(
        "host", ["consul", "10.0.0.7", "127.example.com", "localhost.evil.com"]
    )
    def test_fails(self, host: str) -> None:
        """A token that leaves the machine in clear is a finding without the token."""
        message = f'token goes over http to {host}, readable on the way: set scheme = "https"'

        assert message == ConsulConfig.token_is_not_sent_in_clear(Secret("t"), "http", host)

    def test_warns(self, find: Any) -> None:
        """It is a warning that shows the statement of the rule, since a secret is involved."""
        ((severity, message),) = find({"consul.token": "hunter2"})

        assert "warning" == severity
        assert "A token leaves the machine only over TLS." in message
        assert "hunter2" not in message


class TestOldName:
    """The name that `consul.datacenter` had."""

    def test_is_still_read(self, find: Any) -> None:
        """`consul.dc` is read, with a warning that names both."""
        ((severity, message),) = find({"consul.dc": "eu-west-1"})

        assert "warning" == severity
        assert "`consul.dc`" in message
        assert "datacenter" in message
