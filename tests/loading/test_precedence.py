"""Which source wins, and what merging does by type."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any, Literal

import attrs
import pytest

import meshconf
from meshconf import DotEnv, Layer, SecretsDirectory, setting
from meshconf.loading.lookup import held
from meshconf.schema.compile import model_of

if TYPE_CHECKING:
    from pathlib import Path

    from meshconf.schema.model import Model
    from tests.loading.conftest import Attempt


@attrs.frozen
class Group:
    """A group."""

    a: int = 1
    b: int = 2


@attrs.frozen
class Left:
    """One of two."""

    kind: Literal["left"]
    a: int = 0


@attrs.frozen
class Right:
    """The other."""

    kind: Literal["right"]
    b: int = 0


@attrs.frozen
class Entry:
    """An entry that inherits."""

    group: Group = setting(Group(), inherits="group")
    x: int = 0


@attrs.frozen
class App:
    """An application."""

    entries: dict[str, Entry] = attrs.field(factory=dict)
    group: Group = Group()
    maybe: Group | None = None
    plain: tuple[int, ...] = ()
    joined: tuple[int, ...] = setting((), merge="append")
    rows: tuple[Group, ...] = ()
    joined_rows: tuple[Group, ...] = setting((), merge="append")
    labels: dict[str, int] = attrs.field(factory=dict)
    union: Left | Right = Left("left")


@attrs.frozen
class Store:
    """A source of one's own."""

    data: Any

    def read(self, _: Model) -> Layer:
        """Give the data."""
        return Layer("store", "the store", self.data)


KINDS = ["default", "file", "later file", "store", "directory", "dotenv", "env", "override"]


@pytest.mark.parametrize(("low", "high"), list(combinations(KINDS, 2)))
def test_pairs(low: str, high: str, attempt: Attempt, folder: Path) -> None:
    """Of any two kinds of source the later in the list wins, and the other is the next candidate."""
    sources: list[Any] = []
    options: dict[str, Any] = {}
    for value, kind in ((10, low), (20, high)):
        text = f"[group]\na = {value}\n"
        match kind:
            case "file":
                (folder / "one.toml").write_text(text)
                sources.append("one.toml")
            case "later file":
                (folder / "two.toml").write_text(text)
                sources.append("two.toml")
            case "store":
                sources.insert(0, Store({"group": {"a": value}}))
            case "directory":
                (folder / "secrets").mkdir()
                (folder / "secrets" / "group.a").write_text(f"{value}\n")
                sources.insert(0, SecretsDirectory("secrets", world_readable="allow"))
            case "dotenv":
                (folder / ".env").write_text(f"APP_GROUP_A={value}\n")
                sources.insert(0, DotEnv(".env", "APP_"))
            case "env":
                options["environ"] = {"APP_GROUP_A": f"{value}"}
            case "override":
                options["overrides"] = {"group.a": value}
            case _:
                pass
    snapshot = attempt(None, *sources, schema=App, **options)
    names = {"directory": "secret_file", "later file": "file"}
    expected = [names.get(kind, kind) for kind in (high, low)] + ["default"] * (low != "default")

    assert 20 == snapshot.config.group.a
    assert expected == [one.origin.kind for one in snapshot.candidates("group.a")]


def two(attempt: Attempt, folder: Path, first: str, second: str) -> Any:
    """Load two files."""
    (folder / "second.toml").write_text(second)
    return attempt(first, "second.toml", schema=App)


class TestMerging:
    @pytest.mark.parametrize(
        ("first", "second", "name", "expected"),
        [
            ("[group]\na = 5", "[group]\nb = 6", "group", Group(5, 6)),
            ("[maybe]\na = 5", "[maybe]\nb = 6", "maybe", Group(5, 6)),
            ("plain = [1, 2]", "plain = [3]", "plain", (3,)),
            ("joined = [1, 2]", "joined = [3]", "joined", (1, 2, 3)),
            ("rows = [{ a = 5 }]", "rows = [{ b = 6 }]", "rows", (Group(1, 6),)),
            (
                "joined_rows = [{ a = 5 }]",
                "joined_rows = [{ b = 6 }]",
                "joined_rows",
                (Group(5, 2), Group(1, 6)),
            ),
            ("labels = { a = 1 }", "labels = { b = 2 }", "labels", {"b": 2}),
            ('union = { kind = "left", a = 3 }', "union = { a = 4 }", "union", Left("left", 4)),
            (
                'union = { kind = "left", a = 3 }',
                'union = { kind = "right" }',
                "union",
                Right("right"),
            ),
        ],
    )
    def test_by_type(
        self, first: str, second: str, name: str, expected: Any, attempt: Attempt, folder: Path
    ) -> None:
        """Groups merge leaf by leaf, lists and mappings are replaced, or joined if so declared."""
        assert expected == getattr(two(attempt, folder, first, second).config, name)

    def test_maps_of_groups(self, attempt: Attempt, folder: Path) -> None:
        """Maps of groups merge entry by entry."""
        snapshot = two(attempt, folder, "[entries.a]\nx = 1", "[entries.b]\nx = 2")

        assert {"a": 1, "b": 2} == {name: one.x for name, one in snapshot.config.entries.items()}

    @pytest.mark.parametrize("number", [0, 1, 2])
    def test_joined_element_is_blamed_where_it_stands(
        self, number: int, attempt: Attempt, folder: Path
    ) -> None:
        """A wrong element of a joined list is shown in the file that gave it."""
        rows = [1, 2, 3]
        elements = [f'"{row}"' if row == number + 1 else f"{row}" for row in rows]
        first, second = f"joined = [{elements[0]}, {elements[1]}]", f"joined = [{elements[2]}]"
        (problem,) = two(attempt, folder, first, second).problems
        file, column = [("app.toml", 11), ("app.toml", 14), ("second.toml", 11)][number]

        assert f"joined[{number}]" == problem.path
        assert (file, 1, column) == (
            problem.origin.name,
            problem.origin.line,
            problem.origin.column,
        )

    def test_joined_groups_are_blamed_where_they_stand(
        self, attempt: Attempt, folder: Path
    ) -> None:
        """So is a wrong setting of a group in a joined list, however it is spelled."""
        found = two(attempt, folder, "[[joined-rows]]\na = 1", '[[joined_rows]]\nA = "1"')
        (problem,) = found.problems

        assert ("joined_rows[1].a", "second.toml", 2) == (
            problem.path,
            problem.origin.name,
            problem.origin.line,
        )

    def test_element_beyond_the_end(self) -> None:
        """No layer holds an element beyond the end of a joined list."""
        layers = [Layer("file", "one", {"joined": [1]}), Layer("file", "two", {"joined": [2]})]
        model = model_of(App)

        assert [2] == [one.value for one in held(model, layers, ("joined", 1))]
        assert [] == list(held(model, layers, ("joined", 2)))


class TestInheritance:
    TEXT = "[group]\na = 5\n[entries.x.group]\nb = 7\n[entries.y]\nx = 1\n"

    def test_leaf_by_leaf(self, attempt: Attempt) -> None:
        """An entry takes from the group what it does not set itself."""
        entries = attempt(self.TEXT, schema=App).config.entries

        assert [Group(5, 7), Group(5, 2)] == [entries[name].group for name in "xy"]

    def test_same_object(self, attempt: Attempt) -> None:
        """What sets nothing of its own shares the group's object."""
        config = attempt(self.TEXT, schema=App).config

        assert config.group is config.entries["y"].group

    @pytest.mark.parametrize(
        ("path", "kind", "line"),
        [
            ("entries.x.group.a", "file", 2),
            ("entries.x.group.b", "file", 4),
            ("entries.y.group.a", "file", 2),
            ("entries.y.group.b", "default", None),
        ],
    )
    def test_origin(self, path: str, kind: str, line: int | None, attempt: Attempt) -> None:
        """An inherited leaf comes from where the group got it."""
        origin = attempt(self.TEXT, schema=App).origin(path)

        assert (kind, line) == (origin.kind, origin.line)

    def test_wrong_base_is_told_once(self, attempt: Attempt) -> None:
        """A wrong value that is inherited is one problem."""
        text = self.TEXT.replace("a = 5", 'a = "5"')

        assert ["group.a"] == [one.path for one in attempt(text, schema=App).problems]

    def test_given_as_an_object(self, attempt: Attempt) -> None:
        """An entry's group may be given ready made."""
        overrides = {"entries": {"x": {"group": Group(8, 9)}}, "group": Group(3, 3), "plain": [1]}
        config = attempt("", schema=App, overrides=overrides).config
        failed = attempt("", schema=App, overrides={**overrides, "plain": 1})

        assert Group(8, 9) == config.entries["x"].group
        assert ["plain"] == [one.path for one in failed.problems]

    def test_from_an_object(self, attempt: Attempt) -> None:
        """A group that is given ready made is inherited leaf by leaf too."""
        overrides = {"entries.x.group.b": 9, "group": Group(3, 3)}

        assert Group(3, 9) == attempt("", schema=App, overrides=overrides).config.entries["x"].group


class TestOverrides:
    @pytest.mark.parametrize(
        "overrides",
        [
            {"group.a": 5, "group.b": 6},
            {"group": {"a": 5}, "group.b": 6},
            {"group.a": 5, "group": {"b": 6}},
            {"group": Group(5, 6)},
        ],
    )
    def test_spellings(self, overrides: dict[str, Any], attempt: Attempt) -> None:
        """Overrides are nested, dotted or objects."""
        assert Group(5, 6) == attempt("", schema=App, overrides=overrides).config.group

    def test_no_text(self, attempt: Attempt) -> None:
        """A name that is no text is the caller's mistake."""
        with pytest.raises(TypeError, match="overrides are named by dotted paths"):
            attempt("", schema=App, overrides={1: 2})

    @pytest.mark.parametrize("overrides", [{"group": 1, "group.a": 2}, {"group.a": 2, "group": 1}])
    def test_contradiction(self, overrides: dict[str, Any], attempt: Attempt) -> None:
        """Two overrides that contradict each other are the caller's mistake."""
        with pytest.raises(TypeError, match="contradicts another"):
            attempt("", schema=App, overrides=overrides)

    def test_objects_are_candidates(self, attempt: Attempt) -> None:
        """What an object among the overrides holds comes from there."""
        found = attempt("[group]\na = 1", schema=App, overrides={"group": Group(5, 6)})

        assert [5, 1, 1] == [one.value for one in found.candidates("group.a")]

    def test_member_of_a_union(self, attempt: Attempt) -> None:
        """A union may be given as an object."""
        found = attempt("", schema=App, overrides={"union": Right("right", 5)})

        assert Right("right", 5) == found.config.union
        assert 5 == found.candidates("union.b")[0].value

    def test_wrong_value(self, attempt: Attempt) -> None:
        """A wrong override is a problem like any other."""
        error = attempt("", schema=App, overrides={"group.a": "x", "plain": [1, "2"]})

        assert isinstance(error, meshconf.ConfigError)
        assert ["group.a", "plain[1]"] == sorted(one.path for one in error.problems)
        assert {"override"} == {one.origin.kind for one in error.problems if one.origin}
