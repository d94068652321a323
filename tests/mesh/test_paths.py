"""Dotted paths of settings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshconf import ServiceMeshConfig
from meshconf.diagnostics.words import parse_path
from meshconf.mesh import TimeoutsConfig
from meshconf.mesh.paths import dotted, settings_of, value_at

#: All that a file can hold: no half of a surrogate pair.
keys = st.text(st.characters(exclude_categories=["Cs"]))

CONFIG = ServiceMeshConfig(service_name="orders")


class TestDotted:
    @pytest.mark.parametrize(
        ("parts", "expected"),
        [
            (("upstreams", "payments", "port"), "upstreams.payments.port"),
            (("upstreams", "a-b_C9"), "upstreams.a-b_C9"),
            (("upstreams", "a.b", "port"), 'upstreams."a.b".port'),
            (("upstreams", ""), 'upstreams.""'),
            (("upstreams", 'say "hi"\\'), r'upstreams."say \"hi\"\\"'),
            (("upstreams", "größe"), 'upstreams."größe"'),
            (("upstreams", "a\n"), r'upstreams."a\n"'),
            (("upstreams", "\x7f\u202e"), r'upstreams."\u007f\u202e"'),
            (("upstreams", "💥\U000e0001"), r'upstreams."💥\U000e0001"'),
        ],
    )
    def test_quotes(self, parts: tuple[str, ...], expected: str) -> None:
        """Keys stand in quotes where TOML wants them, and what does not show by its number."""
        assert expected == dotted(*parts)

    @given(st.lists(keys, min_size=1))
    def test_is_read_back(self, parts: list[str]) -> None:
        """A path is shown in one line, and read back it has the same parts."""
        path = dotted(*parts)

        assert path.isprintable()
        assert tuple(parts) == parse_path(path)


class TestValueAt:
    def test_is_found(self) -> None:
        """What stands at a path is a setting or a group."""
        assert TimeoutsConfig() == value_at(CONFIG, "timeouts")
        assert 5.0 == value_at(CONFIG, "timeouts.connect")


class TestSettingsOf:
    def test_group(self) -> None:
        """The settings of a group are named from where it stands, in their order."""
        names = ["connect", "request", "per_try", "idle"]

        assert [f"timeouts.{name}" for name in names] == list(settings_of(CONFIG, "timeouts"))

    def test_groups_within(self) -> None:
        """The settings of groups within a group are among them, the groups are not."""
        found = list(settings_of(CONFIG, "load_balancer"))

        assert "load_balancer.health_check.path" in found
        assert "load_balancer.health_check" not in found

    def test_everything(self) -> None:
        """Without a path they are those of the whole object."""
        found = list(settings_of(CONFIG))

        assert "service_name" in found
        assert "timeouts.connect" in found

    def test_setting(self) -> None:
        """A setting has itself, also where it holds a mapping."""
        assert ["timeouts.connect"] == list(settings_of(CONFIG, "timeouts.connect"))
        assert ["upstreams"] == list(settings_of(CONFIG, "upstreams"))
