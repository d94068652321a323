"""The pages of the documentation: what they say is done, and what they show comes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.docs.conftest import DOCS

if TYPE_CHECKING:
    from tests.docs.conftest import Reader

#: Pages that want more than a reader has; they have tests of their own.
OTHERS = {"howto/consul-etcd.md", "tutorial.md"}

PAGES = sorted(
    name
    for name in (page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md"))
    if name not in OTHERS and not name.startswith(("_build/", "reference/"))
)


@pytest.mark.parametrize("page", PAGES)
def test_page(page: str, reader: Reader):
    """Each step of a page works, and prints what the page shows."""
    shown, printed = reader.follows(page)

    assert shown == printed
