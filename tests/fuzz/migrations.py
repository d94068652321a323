"""Any text as a document of an earlier version: what is written is proven, and keeps comments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tomli

from meshconf.diagnostics.source_text import SourceText
from meshconf.diagnostics.spans import index_toml
from meshconf.evolution.documents import migrate
from meshconf.evolution.mend import mend
from meshconf.evolution.proof import Unproven, same
from meshconf.schema.compile import model_of
from meshconf.sources.file import Document, parse_toml
from tests.evolution.migrating import migrate_text
from tests.fuzz.laws import App, check_outcome

if TYPE_CHECKING:
    from meshconf import Problem

MODEL = model_of(App)


def one_input(data: bytes) -> None:
    """Migrate a text, and mend what its report proposes."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return
    if "\0" in text or parse_toml(MODEL, text, kind="file", name="app.toml").problems:
        return
    check_migration(text)
    check_mending(text)


def check_migration(text: str) -> None:
    """Migrate a text: it becomes what the document becomes, with all comments, once."""
    version, steps = MODEL.configuration.version, MODEL.configuration.steps
    try:
        new = migrate_text(text, version, steps)
    except Unproven:
        return
    if new != text:
        expected = migrate(tomli.loads(text), version, steps).document
        assert same({**expected, "config_version": version}, tomli.loads(new))
        before, after = comments(text), comments(new)
        assert len(before) <= len(after)
        assert all(any(new.endswith(old) for new in after) for old in before)
    assert new == migrate_text(new, version, steps)


def check_mending(text: str) -> None:
    """Mend a text: the same holds, and what is mended loads at least as well."""
    found = check_outcome(Document("app.toml", text.encode()), prefix=None)
    problems: tuple[Problem, ...] = getattr(found, "problems", ()) or found.warnings
    source = SourceText("file", "app.toml", text, "toml", first_line=1)
    try:
        mended = mend(source, problems)
    except Unproven:
        return
    assert comments(text) == comments(mended.text)
    tomli.loads(mended.text)


def comments(text: str) -> list[str]:
    """List the comments of a text."""
    return [text[start:end] for start, end in index_toml(text).comments]
