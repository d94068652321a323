"""The pages of the documentation: what they say is done, and what they show comes of it."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import attrs
import pytest

from tests.docs.conftest import DOCS
from tests.servers.consul import Consul
from tests.servers.etcd import PROGRAMS, Etcd

if TYPE_CHECKING:
    from tests.docs.conftest import Reader
    from tests.pages import Step

#: Pages that want more than a reader has: servers, below, and pre-commit, in tests/tools.
OTHERS = {"howto/consul-etcd.md", "tutorial.md"}

pytestmark = pytest.mark.skipif(
    "MESHCONF_SKIP_PAGES" in os.environ, reason="pages are run on another Python: see tox.ini"
)

PAGES = sorted(
    name
    for name in (page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md"))
    if name not in OTHERS and not name.startswith(("_build/", "reference/"))
)


def uncounted(steps: list[Step]) -> list[Step]:
    """Leave out the numbers that stores count, and how long tests took."""
    return [
        attrs.evolve(step, shown=re.sub(r"(@|version | in )[\d.]+", r"\1N", step.shown))
        for step in steps
    ]


@pytest.mark.parametrize("page", PAGES)
def test_page(page: str, reader: Reader):
    """Each step of a page works, and prints what the page shows."""
    shown, printed = reader.follows(page)

    assert uncounted(shown) == uncounted(printed)


def test_stores(reader: Reader):
    """Each step of the page on Consul and etcd works with real ones."""
    with Consul(in_memory=True) as consul, Etcd(PROGRAMS[0]) as etcd:
        names = {
            "127.0.0.1:8500": consul.address.removeprefix("http://"),
            "127.0.0.1:2379": etcd.address.removeprefix("http://"),
        }
        shown, printed = reader.follows("howto/consul-etcd.md", names=names)

    assert uncounted(shown) == uncounted(printed)
