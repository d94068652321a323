"""The laws of the names of variables."""

import re
from collections.abc import Iterator
from typing import Any

import attrs
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

import meshconf
from meshconf.schema.compile import model_of
from meshconf.schema.names import name_of, variables_of
from meshconf.sources.layer import Layer

Path = tuple[str, ...]

#: A class: for each name None (an integer), a class (a group), or a list of one (a map of groups).
Shape = dict[str, Any]

NAMES = ["a", "b", "c", "d1", "a_b", "b_c", "a_b_c", "B", "c_file", "file"]

names = st.sampled_from(NAMES)


def shapes_of(below: st.SearchStrategy[Any]) -> st.SearchStrategy[Shape]:
    """Make shapes whose names stay different when their case is dropped."""
    return st.lists(
        st.tuples(names, below), min_size=1, max_size=4, unique_by=lambda pair: pair[0].lower()
    ).map(dict)


small = shapes_of(st.none())
middle = shapes_of(st.none() | small | st.tuples(small).map(list))
shapes = shapes_of(st.none() | middle | st.tuples(middle).map(list))


def class_of(shape: Shape) -> Any:
    """Make an attrs class."""
    fields: dict[str, Any] = {}
    for name, below in shape.items():
        if below is None:
            fields[name] = attrs.field(type=int, default=0)
        elif isinstance(below, list):
            kind: Any = dict[str, class_of(below[0])]  # type: ignore[misc]
            fields[name] = attrs.field(type=kind, factory=dict)
        else:
            group = class_of(below)
            fields[name] = attrs.field(type=group, factory=group)
    return attrs.make_class("Made", fields, frozen=True)


def all_names(shape: Shape, prefix: str) -> Iterator[str]:
    """Yield the variables of a class, those of groups and maps too, those of entries left out."""
    for name, below in shape.items():
        yield prefix + name.upper()
        if isinstance(below, dict):
            yield from all_names(below, f"{prefix}{name.upper()}_")


def classes_in(shape: Shape, prefix: str) -> Iterator[tuple[Shape, str]]:
    """Yield the root and the classes of maps, each of which names its variables by itself."""
    yield shape, prefix
    yield from classes_below(shape)


def classes_below(shape: Shape) -> Iterator[tuple[Shape, str]]:
    """Yield the classes of the maps below a class."""
    for below in shape.values():
        if isinstance(below, list):
            yield from classes_in(below[0], "")
        elif below is not None:
            yield from classes_below(below)


def is_ambiguous(shape: Shape) -> bool:
    """Tell whether two settings share a variable."""
    listed = [list(all_names(one, prefix)) for one, prefix in classes_in(shape, "APP_")]
    return any(len(set(one)) < len(one) for one in listed)


def leaves(shape: Shape, keys: list[str], prefix: str) -> Iterator[tuple[Path, str]]:
    """Yield the path and the variable of each leaf, for entries of these keys in every map."""
    for name, below in shape.items():
        here = prefix + name.upper()
        if below is None:
            yield (name,), here
        elif isinstance(below, list):
            for key in keys:
                folded = re.sub("[-.]", "_", key).upper()
                for path, variable in leaves(below[0], keys, f"{here}__{folded}__"):
                    yield (name, key, *path), variable
        else:
            for path, variable in leaves(below, keys, f"{here}_"):
                yield (name, *path), variable


def values_of(config: Any, path: Path = ()) -> Iterator[tuple[Path, int]]:
    """Yield the leaves of a configuration."""
    if isinstance(config, int):
        yield path, config
        return
    pairs = (
        config.items() if isinstance(config, dict) else attrs.asdict(config, recurse=False).items()
    )
    for name, value in pairs:
        yield from values_of(value, (*path, name))


def set_values(config: Any) -> dict[Path, int]:
    """List the leaves that do not have their default."""
    return {path: value for path, value in values_of(config) if value}


keys = st.lists(
    st.sampled_from(["k", "k-1", "north", "a", "b-c"]), min_size=1, max_size=2, unique=True
)


class TestDerivedNames:
    """The variables of any schema."""

    @settings(max_examples=60, deadline=None)
    @given(shapes)
    @example({"a": {"b_c": None}, "a_b": {"c": None}})
    @example({"a": {"b": None}, "a_b": None})
    @example({"a": [{"b": {"c": None}, "b_c": None}]})
    def test_are_refused_if_shared(self, shape: Shape) -> None:
        """A class is refused if and only if two of its settings would share a variable."""
        model = model_of(class_of(shape))
        refused = False
        try:
            variables_of(model, "APP_")
        except TypeError:
            refused = True

        assert is_ambiguous(shape) is refused

    @settings(max_examples=35, deadline=None)
    @given(shapes, keys)
    def test_reach_every_setting(self, shape: Shape, entries: list[str]) -> None:
        """With all variables set, every setting has the value of its own, and there is no other."""
        assume(not is_ambiguous(shape))
        paths = dict(leaves(shape, entries, "APP_"))
        expected = {path: number for number, path in enumerate(paths, 1)}
        environ = {paths[path]: str(number) for path, number in expected.items()}
        config = meshconf.load(schema=class_of(shape), prefix="APP_", environ=environ)

        assert expected == set_values(config)

    @settings(max_examples=35, deadline=None)
    @given(st.data(), shapes, keys)
    def test_reach_no_other(self, data: st.DataObject, shape: Shape, entries: list[str]) -> None:
        """One variable sets exactly one setting, and is its origin."""
        assume(not is_ambiguous(shape))
        path, variable = data.draw(st.sampled_from([*leaves(shape, entries, "APP_")]))
        snapshot = meshconf.read(schema=class_of(shape), prefix="APP_", environ={variable: "7"})

        assert {path: 7} == set_values(snapshot.config)
        assert variable == snapshot.origin(".".join(path)).name
        assert () == snapshot.warnings

    @settings(max_examples=35, deadline=None)
    @given(shapes, keys)
    def test_are_made_by_one_function(self, shape: Shape, entries: list[str]) -> None:
        """The name that reports give a setting is the one under which it is read."""
        assume(not is_ambiguous(shape))
        model = model_of(class_of(shape))
        expected = dict(leaves(shape, entries, "APP_"))

        assert expected == {path: name_of(model, path, "APP_") for path in expected}

    @settings(max_examples=30, deadline=None)
    @given(shapes, st.sampled_from(["", "X_", "MY_APP_", "É_"]))
    def test_prefix(self, shape: Shape, prefix: str) -> None:
        """Another prefix changes nothing but the start of the names."""
        assume(not is_ambiguous(shape))
        model = model_of(class_of(shape))
        expected = [
            prefix + name.removeprefix("APP_") for name in variables_of(model, "APP_").by_name
        ]

        assert expected == list(variables_of(model, prefix).by_name)


@attrs.frozen
class Given:
    """A source in the place of a file."""

    data: dict[str, Any]

    def read(self, _: Any) -> Layer:
        """Give the data."""
        return Layer("file", "app.toml", self.data)


@attrs.frozen
class Upstream:
    port: int = 0


@attrs.frozen
class Mesh:
    upstreams: dict[str, Upstream] = attrs.Factory(dict)


class TestEntries:
    """The variables of the entries of a map of groups."""

    @settings(max_examples=100, deadline=None)
    @given(st.text("ab1-._", min_size=1, max_size=5), st.sampled_from(["x", "y-z"]))
    @example("payments-api", "x")
    @example("a--b", "x")
    @example("a-", "x")
    def test_of_a_file(self, key: str, other: str) -> None:
        """The variable of an entry that a file has sets that entry, and makes no other."""
        name = name_of(model_of(Mesh), ("upstreams", key, "port"), "APP_")
        source = Given({"upstreams": {key: {}, other: {}}})
        config = meshconf.load(source, schema=Mesh, prefix="APP_", environ={name: "7"})

        assert {key: Upstream(7), other: Upstream()} == config.upstreams

    @settings(max_examples=50, deadline=None)
    @given(
        st.from_regex(r"[a-z0-9]+(-[a-z0-9]+)*", fullmatch=True).filter(lambda key: len(key) < 9)
    )
    def test_of_no_file(self, key: str) -> None:
        """A variable makes an entry whose key is lower case, with dashes."""
        name = name_of(model_of(Mesh), ("upstreams", key, "port"), "APP_")
        config = meshconf.load(schema=Mesh, prefix="APP_", environ={name: "7"})

        assert {key: Upstream(7)} == config.upstreams

    def test_ambiguous(self) -> None:
        """A variable that could mean two entries of a file is an error that names both."""
        source = Given({"upstreams": {"a-b": {}, "a.b": {}}})
        with pytest.raises(meshconf.ConfigError, match=r'could mean any of a-b, "a\.b"'):
            meshconf.load(
                source, schema=Mesh, prefix="APP_", environ={"APP_UPSTREAMS__A_B__PORT": "7"}
            )


@attrs.frozen
class Chosen:
    profile: str = "none"
    config: str = "none"


class TestChoosers:
    """Settings that are called like the variables that choose files."""

    @pytest.mark.parametrize("name", ["profile", "config"])
    def test_are_not_ignored(self, name: str) -> None:
        """The variable of such a setting sets it, or the class is refused; it is never ignored."""
        value = None
        try:
            config = meshconf.load(
                Given({}), schema=Chosen, prefix="APP_", environ={f"APP_{name.upper()}": "set"}
            )
        except TypeError:
            value = "set"
        else:
            value = getattr(config, name)

        assert "set" == value
