"""A client of two upstreams: behind Envoy, or with Python libraries alone, by the same mesh.toml."""
