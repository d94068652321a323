"""Tests for the texts that `meshconf.loading.migration` shows."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from meshconf import Secret, configuration, edits, step
from meshconf.loading.migration import masked
from meshconf.schema.compile import model_of
from meshconf.sources.layer import Layer


def halves(login: Any) -> list[str]:
    """Split a name from a password."""
    return str(login).split(":")


@configuration(version=2, steps=[step(2, edits.split("login", ["user", "password"], halves))])
@attrs.frozen
class App:
    """A schema of which a secret was a part of something else."""

    user: str = ""
    password: Secret[str] | None = None
    size: int = 1


OLD = """\
# all of it
login = "me:C4N4RY" # not C4N4RY
size = 1 # of all
"""


class TestMasked:
    @pytest.mark.parametrize(
        "new",
        [
            'user = "me" # not C4N4RY\npassword = "C4N4RY"\nsize = 1\n',
            'user = "me"\npassword = "C4N4RY"\nsize = 1 # not C4N4RY\n',
            '# login = "me:C4N4RY"\nuser = "me"\npassword = "C4N4RY"\n',
        ],
    )
    def test_comment_that_leaves_a_secret(self, new: str) -> None:
        """A comment that stood beside a secret is not shown where it is put."""
        layer = Layer("file", "app.toml", {})
        shown = masked(model_of(App), layer, f"config_version = 2\n{new}", OLD)

        assert "C4N4RY" not in shown

    def test_other_comments(self) -> None:
        """A comment that could be seen before is seen."""
        layer = Layer("file", "app.toml", {})
        text = "config_version = 2\n# all of it\nsize = 1 # of all\n"

        assert text == masked(model_of(App), layer, text, OLD)
