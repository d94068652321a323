"""Durations in whole milliseconds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshconf import ServiceMeshConfig
from meshconf.mesh import DiscoveryConfig, TimeoutsConfig, UpstreamConfig
from meshconf.mesh.render.durations import milliseconds, seconds_text
from meshconf.mesh.render.rendered import Account, Dropped
from meshconf.mesh.render.upstreams import Upstream

MOST = 2**31 - 1


def counted(seconds: float, *, least: int = 1, most: int = MOST) -> tuple[int, tuple[Dropped, ...]]:
    """Return the milliseconds of an upstream's own timeout, and what was noted."""
    settings = UpstreamConfig(timeouts=TimeoutsConfig(connect=seconds))
    config = ServiceMeshConfig(service_name="orders", upstreams={"payments": settings})
    upstream = Upstream("payments", settings)
    account = Account("Target", config, [upstream])
    found = milliseconds(account, "timeouts.connect", upstream, least=least, most=most)
    return found, account.rendered("").dropped


class TestMilliseconds:
    @pytest.mark.parametrize(
        ("seconds", "expected"),
        [
            (5.0, 5000),
            (0.001, 1),
            (0.25, 250),
            (0.29, 290),
            (86400.1, 86_400_100),
            (1e-3 * MOST, MOST),
        ],
    )
    def test_exact(self, seconds: float, expected: int) -> None:
        """Whole milliseconds are counted, and nothing is noted."""
        assert (expected, ()) == counted(seconds)

    @pytest.mark.parametrize(
        ("seconds", "expected"),
        [
            (5e-324, 1),
            (0.0004, 1),
            (0.0014, 1),
            (9.9996, 10_000),
            (1e300, MOST),
            (1.7e308, MOST),
            (1e-3 * MOST + 1, MOST),
        ],
    )
    def test_nearest(self, seconds: float, expected: int) -> None:
        """Other durations become the nearest that the target takes, and that is noted."""
        reason = f"Target counts milliseconds from 1 to 2,147,483,647: {expected:,} ms"
        noted = Dropped("upstreams.payments.timeouts.connect", reason, in_part=True)

        assert (expected, (noted,)) == counted(seconds)

    def test_limits(self) -> None:
        """What is below the least or above the most of a target becomes that."""
        assert 2 == counted(0.001, least=2)[0]
        assert 60_000 == counted(61, most=60_000)[0]

    @given(st.floats(5e-324, 1e300))
    def test_noted_unless_exact(self, seconds: float) -> None:
        """Whatever the duration is, it is within the limits, and noted unless it is said."""
        found, dropped = counted(seconds)

        assert 1 <= found <= MOST
        assert bool(dropped) is (abs(found / 1000 - seconds) > 1e-9)

    def test_general(self) -> None:
        """Without an upstream the setting is one of the configuration."""
        discovery = DiscoveryConfig(backend="consul", refresh_interval=0.0001)
        config = ServiceMeshConfig(service_name="orders", discovery=discovery)
        account = Account("Target", config, [Upstream("payments", UpstreamConfig())])
        found = milliseconds(account, "discovery.refresh_interval", most=MOST)

        assert 1 == found
        assert ["discovery.refresh_interval"] == [one.path for one in account.rendered("").dropped]


class TestSecondsText:
    @pytest.mark.parametrize(
        ("number", "expected"),
        [(1, "0.001s"), (250, "0.250s"), (5000, "5.000s"), (MOST, "2147483.647s")],
    )
    def test_has_three_places(self, number: int, expected: str) -> None:
        """Seconds have three places and their unit."""
        assert expected == seconds_text(number)
