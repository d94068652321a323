"""Which values are defaults."""

from __future__ import annotations

from meshconf import ServiceMeshConfig
from meshconf.mesh import TimeoutsConfig, UpstreamConfig
from meshconf.mesh.render.defaults import is_default


class TestIsDefault:
    def test_of_all(self) -> None:
        """A setting has its default, or another value."""
        config = ServiceMeshConfig(service_name="orders", timeouts=TimeoutsConfig(connect=1))

        assert is_default(config, "timeouts.idle")
        assert not is_default(config, "timeouts.connect")

    def test_of_upstream(self) -> None:
        """The defaults of an upstream are those of the schema, not what it could inherit."""
        upstream = UpstreamConfig(port=80)

        assert is_default(upstream, "protocol")
        assert not is_default(upstream, "port")

    def test_name(self) -> None:
        """The name of the service, which has to be given, counts as a default."""
        assert is_default(ServiceMeshConfig(service_name="orders"), "service_name")
