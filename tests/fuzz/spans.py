"""Any text as TOML and as JSON: each span, cut out, reads as the value that stands there."""

from __future__ import annotations

import json
from typing import Any

import tomli

from meshconf.diagnostics.spans import index_json, index_toml, statements_of
from meshconf.evolution.proof import same
from meshconf.schema.compile import model_of
from meshconf.schema.values import BadValue
from meshconf.sources.file import parse_toml
from meshconf.sources.json_text import read_json
from tests.fuzz.laws import App

Path = tuple[Any, ...]


def one_input(data: bytes) -> None:
    """Index a text."""
    text = data.decode(errors="surrogateescape")
    check_toml(text)
    check_json(text)


def check_toml(text: str) -> None:
    """Hold the index of a TOML document to what the parser says."""
    if "\0" in text or parse_toml(model_of(App), text, kind="file", name="app.toml").problems:
        return
    document = tomli.loads(text)
    index = index_toml(text)
    leaves = dict(nodes(document))
    for path, (start, end) in index.values.items():
        if path not in index.headers:
            assert same(leaves[path], tomli.loads(f"v = {text[start:end]}")["v"]), path
    for path, (start, end) in index.keys.items():
        name = path[-1] if isinstance(path[-1], str) else path[-2]
        assert [name] == list(tomli.loads(f"{text[start:end]} = 0")), path
    found = {path for path, value in leaves.items() if not isinstance(value, (dict, list))}
    assert found <= index.values.keys()
    bare = text
    for start, end in reversed(index.comments):
        assert text[start] == "#"
        bare = bare[:start] + bare[end:]
    assert same(document, tomli.loads(bare))
    statements = statements_of(text)
    assert statements.comments == index.comments
    assert statements.headers == index.headers
    for listed in statements.by_table.values():
        for one in listed:
            assert index.values[one.path] == one.value


def check_json(text: str) -> None:
    """Hold the index of a JSON text to what the parser says."""
    try:
        value = read_json(text)
    except BadValue:
        return
    index = index_json(text)
    everything = {(): value, **dict(nodes(value))}
    assert everything.keys() == index.values.keys()
    for path, (start, end) in index.values.items():
        assert same(everything[path], json.loads(text[start:end])), path
    for path, (start, end) in index.keys.items():
        assert path[-1] == json.loads(text[start:end])


def nodes(value: Any, path: Path = ()) -> Any:
    """Yield everything in a value, with its path."""
    if isinstance(value, dict):
        parts: Any = value.items()
    else:
        parts = enumerate(value) if isinstance(value, list) else ()
    for part, below in parts:
        yield (*path, part), below
        yield from nodes(below, (*path, part))
