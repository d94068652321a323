"""One job, once with each competitor: `load()` reads app.toml and the APP_ variables.

The working directory holds the file. A module here imports its own competitor and nothing of
the others, because a fresh process is charged for all of its imports.
"""
