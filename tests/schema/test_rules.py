"""Rules as they are declared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import pytest

from meshconf import read, rule

if TYPE_CHECKING:
    from meshconf.schema.rules import Rule


def too_large(value: int) -> str | None:
    """A value is at most five."""
    return f"{value} is above 5" if value > 5 else None


class TestRule:
    def test_runs_like_the_function_that_it_was(self):
        """A rule can be called with values, as a test would."""
        made = rule("value")(too_large)

        assert ("6 is above 5", None) == (made(6), made(5))

    @pytest.mark.parametrize("paths", [(), (too_large,)])
    def test_without_paths_is_refused(self, paths: Any):
        """A rule that names no settings, or a decorator without parentheses, is refused."""
        with pytest.raises(TypeError, match="names the settings that it reads"):
            rule(*paths)

    def test_of_another_level_is_refused(self):
        """A level is error or warning."""
        with pytest.raises(ValueError, match="level is error or warning, not 'warn'"):
            rule("value", level="warn")  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        "declared",
        [
            rule("value")(too_large),
            rule("value")(staticmethod(too_large)),
            staticmethod(rule("value")(too_large)),
        ],
        ids=["plain", "staticmethod below", "staticmethod above"],
    )
    def test_runs_however_it_is_made_static(self, declared: Any):
        """`@staticmethod` may stand below the decorator, above it, or be left out."""
        schema = attrs.make_class(
            "App", {"value": attrs.field(type=int)}, class_body={"bounded": declared}
        )

        with pytest.raises(ValueError, match="6 is above 5"):
            read(schema=schema, prefix=None, overrides={"value": 6})

    def test_knows_its_name(self):
        """A rule is called like its function."""
        made: Rule = rule("value")(too_large)

        assert "too_large" == made.name
