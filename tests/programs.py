"""Programs of others that tests run."""

from __future__ import annotations

import os
import shutil

import pytest

#: The variable that demands servers.
SERVERS = "MESHCONF_REQUIRE_SERVERS"


def required(*names: str, demanded_by: str = "MESHCONF_REQUIRE_PROGRAMS") -> str:
    """Find a program by any of its names.

    Without it the test is skipped; where the variable that demands it is set, it fails. Servers
    are left alone where MESHCONF_SKIP_SERVERS is set.
    """
    if demanded_by == SERVERS and os.environ.get("MESHCONF_SKIP_SERVERS"):
        pytest.skip("servers are asked on other Pythons: see tox.ini")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is not None:
        return found
    reason = f"{names[0]} is not installed: .ci/programs gets it on Debian"
    if os.environ.get(demanded_by):
        pytest.fail(reason)
    pytest.skip(reason)
