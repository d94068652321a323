"""Following the sources of a configuration while a process runs."""
