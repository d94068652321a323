"""A service that quotes prices over HTTP and takes changes of its configuration while it runs."""
