"""The rules of the timeouts."""

from __future__ import annotations

from typing import Any

import pytest

from meshconf.mesh import TimeoutsConfig


class TestAttemptFitsRequest:
    """per_try and request."""

    @pytest.mark.parametrize(("per_try", "request_"), [(15.0, 60.0), (60.0, 60.0)])
    def test_holds(self, per_try: float, request_: float) -> None:
        """An attempt may take as long as the request."""
        assert TimeoutsConfig.attempt_fits_request(per_try, request_) is None

    def test_refuses_the_load(self, find: Any) -> None:
        """A longer attempt is an error with both numbers, and no warning besides."""
        message = "`timeouts`: per_try 15 s is longer than request 10 s"

        assert [("error", message)] == find({"timeouts.request": 10.0})


class TestConnectionFitsAttempt:
    """connect and per_try."""

    @pytest.mark.parametrize(("connect", "per_try"), [(5.0, 15.0), (5.0, 5.0)])
    def test_holds(self, connect: float, per_try: float) -> None:
        """A connection may take as long as its attempt."""
        assert TimeoutsConfig.connection_fits_attempt(connect, per_try) is None

    def test_warns(self, find: Any) -> None:
        """A longer connection is a warning."""
        message = (
            "`timeouts`: connect 5 s is longer than per_try 0.25 s: an attempt ends before its "
            "connection may"
        )

        assert [("warning", message)] == find({"timeouts.per_try": "250ms"})
