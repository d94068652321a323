"""HAProxy takes what is rendered, and has nothing to say about it."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from hypothesis import given, settings

from meshconf import ConfigError
from meshconf.mesh.render import haproxy
from tests.mesh.render.configs import a_config, at_bounds, configs, hostile_configs, loaded
from tests.servers.haproxy import complaints

if TYPE_CHECKING:
    from collections.abc import Callable

    from meshconf import ServiceMeshConfig
    from tests.servers.certificates import Authority

    Render = Callable[[ServiceMeshConfig], "str | None"]

#: A host with a name, which HAProxy looks up at once: one that can be found on every machine.
_NAMED = re.compile(r"(server host\d+ )[^ :]+(:\d+ (?:resolvers|init-addr))")


@pytest.fixture(name="rendered", scope="module")
def _rendered(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Render:
    """Return what renders a configuration with files that are there; of one that is refused, none."""
    issued, place = authority.issue(), tmp_path_factory.mktemp("both") / "both.pem"
    place.write_bytes(issued.cert.read_bytes() + issued.key.read_bytes())

    def rendered(config: ServiceMeshConfig) -> str | None:
        files: dict[str, Any] = {"ca_file": issued.ca, "cert_file": place, "key_file": place}
        there = {name: file for name, file in files.items() if getattr(config.tls, name)}
        try:
            haproxy(config)
        except ConfigError:
            return None
        text = haproxy(attrs.evolve(config, tls=attrs.evolve(config.tls, **there))).text
        return _NAMED.sub(r"\1localhost\2", text)

    return rendered


class TestAccepted:
    def test_defaults(self) -> None:
        """The text for a service with nothing but a name is taken."""
        assert [] == complaints(haproxy(loaded({"service_name": "orders"})).text)

    def test_limits(self, rendered: Render) -> None:
        """The text for each setting at each of its limits is taken."""
        texts = {rendered(config): name for name, config in at_bounds()}
        told = [text for text in texts if text is not None]
        with ThreadPoolExecutor(4) as pool:
            found = dict(zip(told, pool.map(complaints, told), strict=True))

        assert len(told) > 100
        assert {} == {texts[text]: each for text, each in found.items() if each}

    @settings(max_examples=200, deadline=None)
    @given(config=configs())
    def test_any(self, rendered: Render, config: ServiceMeshConfig) -> None:
        """The text for whatever settings is taken."""
        text = rendered(config)

        assert [] == (complaints(text) if text else [])

    @settings(max_examples=100, deadline=None)
    @given(config=hostile_configs())
    def test_hostile(self, rendered: Render, config: ServiceMeshConfig) -> None:
        """The same holds where names and texts are made to be misread."""
        text = rendered(config)

        assert [] == (complaints(text) if text else [])

    @pytest.mark.parametrize("name", ["n", "yes", "1e3", "10.0.0.1", "a_b", "default", "meshconf"])
    @pytest.mark.parametrize("protocol", ["http", "tcp"])
    def test_names(self, name: str, protocol: str) -> None:
        """Names that are words or numbers elsewhere are names."""
        config = loaded(
            {
                "service_name": name,
                "discovery.backend": "static",
                "static.endpoints": {name: ["10.0.0.1:80"]},
                "upstreams": {name: {"protocol": protocol, "port": 80}},
            }
        )

        assert [] == complaints(haproxy(config).text)


class TestComplaints:
    """The tests above would notice."""

    @pytest.mark.parametrize(
        ("written", "changed", "told"),
        [
            ("rise 3", "rise 0", "'rise' has to be > 0"),
            ("inter 10000ms", "inter 2147483648ms", "timer overflow"),
            ("balance roundrobin", "balance round_robin", "only supports"),
            ("    timeout client 300000ms\n", "", "missing timeouts"),
            ("default-server ", "default-server it's ", "unmatched quote"),
        ],
    )
    def test_are_made(self, written: str, changed: str, told: str) -> None:
        """HAProxy complains about what is wrong, and about what is only doubtful."""
        text = haproxy(a_config({"static.endpoints": {"payments": ["10.0.0.1:80"]}})).text

        assert written in text
        assert told in " ".join(complaints(text.replace(written, changed)))

    def test_unknown_host(self) -> None:
        """A host that cannot be found is warned of, and does not keep HAProxy from starting."""
        text = haproxy(a_config({"static.endpoints": {"payments": ["nowhere.invalid:80"]}})).text
        [found] = complaints(text)

        assert "could not resolve address 'nowhere.invalid', disabling server" in found
