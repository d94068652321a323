"""One configuration in the language of the engine that enforces it.

Each target is a pure function of the configuration that gives the text, and what the text does not
say: ``envoy(config).text``, ``envoy(config).dropped``.
"""

from meshconf.mesh.render.consul_entries import consul
from meshconf.mesh.render.envoy_bootstrap import envoy, envoy_clusters, envoy_routes
from meshconf.mesh.render.grpc_service_config import grpc
from meshconf.mesh.render.haproxy_config import haproxy
from meshconf.mesh.render.istio_resources import istio
from meshconf.mesh.render.rendered import Dropped, Rendered
from meshconf.mesh.render.upstreams import names_of

__all__ = [
    "Dropped",
    "Rendered",
    "consul",
    "envoy",
    "envoy_clusters",
    "envoy_routes",
    "grpc",
    "haproxy",
    "istio",
    "names_of",
]
