"""The pages of the documentation: what they say is done, and what they show comes of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import attrs
import pytest
import tomli

from meshconf import ServiceMeshConfig
from meshconf.describe.description import describe
from meshconf.schema.compile import model_of
from tests.docs.conftest import DOCS
from tests.pages import unrun
from tests.servers.consul import Consul
from tests.servers.etcd import PROGRAMS, Etcd

if TYPE_CHECKING:
    from tests.docs.conftest import Reader
    from tests.pages import Step

#: Pages that want more than a reader has: servers, below, and pre-commit, in tests/tools.
OTHERS = {"howto/consul-etcd.md", "tutorial.md"}

PAGES = sorted(
    name
    for name in (page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md"))
    if name not in OTHERS and not name.startswith(("_build/", "reference/"))
)


#: Variables that pages speak of though there are none, to show what comes of it.
NONE = {"MESH_", "MESH_PORT"}

#: What a page may have its reader do that no test does.
UNRUN = re.compile(
    r"python3 -m venv \.venv && \. \.venv/bin/activate"
    r"|pip install (\"meshconf\[(?P<extras>[a-z,]+)\]\"|[a-z-]+)( [a-z-]+)*"
    r"|kubectl create .*"
)


@pytest.mark.parametrize("page", [*PAGES, *sorted(OTHERS)])
class TestWords:
    """What no step of a page shows to be right."""

    def test_variables(self, page: str):
        """Every variable of the mesh that a page names is one."""
        known = describe(model_of(ServiceMeshConfig), "MESH_")
        variables = {*known.variables, *known.choosers.values()}
        text = (DOCS / page).read_text(encoding="utf-8")
        named = set(re.findall(r"\bMESH_[A-Z_]*[A-Z]\b|\bMESH_(?![A-Z])", text))

        assert set() == {one.removesuffix("_FILE") for one in named} - variables - NONE

    def test_what_is_not_run(self, page: str):
        """What nobody runs installs extras that there are, or is Kubernetes' business."""
        project = tomli.loads((DOCS.parent / "pyproject.toml").read_text(encoding="utf-8"))
        found = list(map(UNRUN.fullmatch, unrun((DOCS / page).read_text(encoding="utf-8"))))
        extras = {
            extra for one in found if one and one["extras"] for extra in one["extras"].split(",")
        }

        assert None not in found
        assert set() == extras - project["project"]["optional-dependencies"].keys()


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
