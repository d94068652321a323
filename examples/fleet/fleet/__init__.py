"""Two instances of a service that follow one document in Consul."""
