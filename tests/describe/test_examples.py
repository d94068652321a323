"""Examples of values that a setting takes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import annotated_types
import attrs
import pytest

from meshconf import Bytes, Port, Ratio, Seconds, Secret, setting
from meshconf.describe.description import describe
from meshconf.describe.examples import NO_EXAMPLE, example_of, value_to_show
from meshconf.schema.compile import model_of


def refused(_: Any) -> Any:
    """Refuse every value."""
    raise ValueError


def setting_of(hint: Any, **facts: Any) -> Any:
    """Compile a setting."""
    field = setting(**facts) if facts else attrs.field()
    made = attrs.make_class("Made", {"it": field})
    made.__annotations__ = {"it": hint}
    return model_of(made).settings["it"]


class TestExample:
    @pytest.mark.parametrize(
        ("hint", "facts", "expected"),
        [
            (str, {}, "change-me"),
            (str, {"matches": "[a-z]+"}, "changeme"),
            (str, {"matches": "/.*"}, "/path"),
            (str, {"one_of": ["a", "b"]}, "a"),
            (str, {"matches": "z+"}, NO_EXAMPLE),
            (str | None, {}, "change-me"),
            (Secret[str], {}, "change-me"),
            (bool, {}, True),
            (int, {}, 1),
            (int, {"ge": 7}, 7),
            (int, {"gt": 7}, 8),
            (int, {"lt": 0}, -1),
            (int, {"le": -5}, -5),
            (float, {"gt": 7}, 8),
            (Port, {}, 1),
            (Ratio, {}, 0.0),
            (Seconds, {}, 1.0),
            (Bytes, {}, 1),
            (Path, {}, "change-me"),
            (dt.timedelta, {}, "1s"),
            (dt.date, {}, dt.date(2026, 1, 1)),
            (dt.time, {}, dt.time(12)),
            (dt.datetime, {}, dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc)),
            (Literal["x", 1], {}, "x"),
            (list[int], {}, [1]),
            (list[Annotated[int, annotated_types.Ge(5)]], {}, [5]),
            (list[Annotated[str, annotated_types.Predicate(refused)]], {}, []),
            (dict[str, Annotated[str, annotated_types.Predicate(refused)]], {}, {}),
            (tuple[int, str], {}, [1, "change-me"]),
            (Mapping[str, int], {}, {"change-me": 1}),
            (Any, {}, "change-me"),
        ],
    )
    def test_of_a_kind(self, hint: Any, facts: Any, expected: Any) -> None:
        """The plainest value that the setting takes is the example."""
        assert expected == example_of(setting_of(hint, **facts))


@attrs.frozen(kw_only=True)
class Shown:
    required: int
    default: tuple[int, ...] = (1, 2)
    nothing: int | None = None
    computed: int = attrs.field(default=attrs.Factory(lambda _: 1, takes_self=True))


class TestValueToShow:
    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("required", 1),
            ("default", [1, 2]),
            ("nothing", NO_EXAMPLE),
            ("computed", NO_EXAMPLE),
        ],
    )
    def test_of_a_setting(self, name: str, expected: Any) -> None:
        """A default is shown as a file would say it, or an example of what is required."""
        settings = describe(model_of(Shown), None).root.settings
        described = next(one for one in settings if one.path == (name,))

        assert expected == value_to_show(described)
