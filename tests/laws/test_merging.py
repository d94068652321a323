"""The laws of merging layers."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st

import meshconf
from meshconf import setting
from meshconf.loading.merge import merge
from meshconf.schema.compile import model_of
from meshconf.sources.layer import Layer

Path = tuple[str, ...]
Data = dict[str, Any]


@attrs.frozen
class Inner:
    a: int = 1
    tags: list[int] = attrs.Factory(list)


@attrs.frozen
class Group:
    a: int = 1
    b: str = "b"
    labels: dict[str, int] = attrs.Factory(dict)
    inner: Inner = attrs.Factory(Inner)


@attrs.frozen
class Root:
    a: int = 0
    tags: list[int] = attrs.Factory(list)
    joined: list[int] = setting(attrs.Factory(list), merge="append")
    group: Group = attrs.Factory(Group)
    optional: Group | None = None
    entries: dict[str, Group] = attrs.Factory(dict)


MODEL = model_of(Root)

numbers = st.integers(0, 9)
lists = st.lists(numbers, max_size=2)


def tables(**values: st.SearchStrategy[Any]) -> st.SearchStrategy[Data]:
    """Make tables in which any key may be absent."""
    return st.fixed_dictionaries({}, optional=values)


inners = tables(a=numbers, tags=lists)
groups = tables(
    a=numbers,
    b=st.sampled_from(["x", "y"]),
    labels=st.dictionaries(st.sampled_from("pq"), numbers, max_size=2),
    inner=inners,
)
trees = tables(
    a=numbers,
    tags=lists,
    joined=lists,
    group=groups,
    optional=groups,
    entries=st.dictionaries(st.sampled_from(["k", "k-1", "K"]), groups, max_size=2),
)


def layers_of(*datas: Mapping[str, Any]) -> list[Layer]:
    """Make layers."""
    return [Layer("file", f"{number}.toml", data) for number, data in enumerate(datas)]


def merged(*datas: Mapping[str, Any]) -> Data:
    """Merge tables."""
    return merge(MODEL, layers_of(*datas)).tree


def loaded(*datas: Mapping[str, Any]) -> Root:
    """Load tables, each as a source of its own."""
    sources = [Given(layer) for layer in layers_of(*datas)]
    return meshconf.load(*sources, schema=Root, prefix=None)


@attrs.frozen
class Given:
    """A source that gives a layer."""

    layer: Layer

    def read(self, _: Any) -> Layer:
        """Give it."""
        return self.layer


def leaves(data: Mapping[str, Any], path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield the leaves of a table: all but groups and the map of groups."""
    for key, value in data.items():
        here = (*path, key)
        if isinstance(value, dict) and key != "labels":
            yield from leaves(value, here)
        else:
            yield here, value


class TestTree:
    """What several layers give together."""

    @given(trees, trees, trees)
    def test_associative(self, first: Data, second: Data, third: Data) -> None:
        """Layers may be merged in any grouping."""
        expected = merged(first, second, third)

        assert expected == merged(merged(first, second), third)
        assert expected == merged(first, merged(second, third))

    @given(trees, st.integers(0, 2))
    def test_identity(self, data: Data, position: int) -> None:
        """An empty layer changes nothing, wherever it stands."""
        layers: list[Data] = [data, data]
        layers.insert(position, {})

        assert merged(data, data) == merged(*layers)

    @given(st.lists(trees, max_size=4))
    def test_last_layer_wins(self, datas: Sequence[Data]) -> None:
        """A leaf has the value of the last layer that sets it; what none sets is not there."""
        expected: dict[Path, Any] = {}
        for data in datas:
            for path, value in leaves(data):
                joined = expected.get(path, []) if path == ("joined",) else []
                expected[path] = joined + value if path == ("joined",) else value

        assert expected == dict(leaves(merged(*datas)))

    @given(st.lists(trees, max_size=4))
    def test_order_of_keys(self, datas: Sequence[Data]) -> None:
        """The order of the keys within a layer changes nothing."""
        turned = [dict(reversed(data.items())) for data in datas]

        assert merged(*datas) == merged(*turned)

    @given(lists, lists)
    def test_list_is_replaced_whole(self, first: list[int], last: list[int]) -> None:
        """A list is one value, also if the last one is shorter or empty."""
        assert {"group": {"inner": {"tags": last}}} == merged(
            {"group": {"inner": {"tags": first}}}, {"group": {"inner": {"tags": last}}}
        )

    @given(st.dictionaries(st.sampled_from("pqr"), numbers))
    def test_mapping_is_replaced_whole(self, last: Data) -> None:
        """A mapping of values is one value."""
        first = {"group": {"labels": {"z": 1}}}

        assert {"group": {"labels": last}} == merged(first, {"group": {"labels": last}})

    @given(lists, lists)
    def test_append(self, first: list[int], last: list[int]) -> None:
        """A list that is declared to append holds the elements of all layers, in their order."""
        assert {"joined": first + last} == merged({"joined": first}, {"joined": last})

    @given(groups, groups)
    def test_groups_leaf_wise(self, first: Data, last: Data) -> None:
        """A group merges as its leaves do, wherever it stands."""
        expected = merged({"group": first}, {"group": last}).get("group")

        assert expected == merged({"optional": first}, {"optional": last}).get("optional")
        assert {"k": expected} == merged({"entries": {"k": first}}, {"entries": {"k": last}}).get(
            "entries"
        )

    @given(trees, trees)
    def test_spelling(self, first: Data, last: Data) -> None:
        """A layer that spells its keys in capitals merges like any other."""

        def capital(data: Data) -> Data:
            return {
                key.upper(): capital(value) if key in ("group", "optional", "inner") else value
                for key, value in data.items()
            }

        assert merged(first, last) == merged(capital(first), last)
        assert merged(first, last) == merged(first, capital(last))


class TestLayers:
    """The layers themselves."""

    @given(st.lists(trees, max_size=4))
    def test_are_unchanged(self, datas: Sequence[Data]) -> None:
        """Merging changes no layer."""
        before = copy.deepcopy(datas)
        merged(*datas)

        assert before == datas

    @settings(max_examples=50)
    @given(st.lists(trees, max_size=3))
    def test_are_unchanged_by_a_load(self, datas: Sequence[Data]) -> None:
        """Loading changes no layer either, and the configuration shares no list with one."""
        before = copy.deepcopy(datas)
        config = loaded(*datas)
        config.tags.append(10)
        config.group.labels["new"] = 1

        assert before == datas


class TestConfiguration:
    """The configuration that the layers give."""

    @settings(max_examples=50)
    @given(trees, trees)
    def test_like_one_layer(self, first: Data, last: Data) -> None:
        """Two layers give what one layer with the merged values gives."""
        assert loaded(merged(first, last)) == loaded(first, last)

    @settings(max_examples=50)
    @given(trees, trees)
    def test_last_layer_wins(self, first: Data, last: Data) -> None:
        """Every leaf that the last layer sets has its value and its origin from there."""
        sources = [Given(layer) for layer in layers_of(first, last)]
        snapshot = meshconf.read(*sources, schema=Root, prefix=None)
        paths = [".".join(path) for path, _ in leaves(last)]

        assert ["1.toml"] * len(paths) == [snapshot.origin(path).name for path in paths]


@attrs.frozen
class Memory:
    kind: Literal["memory"] = "memory"
    max_entries: int = 1


@attrs.frozen
class Disk:
    kind: Literal["disk"] = "disk"
    path: str = "/tmp"  # noqa: S108 - nothing is written there


@attrs.frozen
class Cached:
    cache: Memory | Disk = attrs.Factory(Memory)


class TestUnion:
    """A group of one of several classes, whose tag another layer gives."""

    def layers(self) -> list[Layer]:
        """Make a layer without the tag and one with nothing but the tag."""
        return layers_of({"cache": {"max_entries": 5}}, {"cache": {"kind": "memory"}})

    def test_merges_leaf_wise(self) -> None:
        """The tag may stand in another layer than the rest."""
        sources = map(Given, self.layers())

        assert Cached(Memory(max_entries=5)) == meshconf.load(*sources, schema=Cached, prefix=None)

    def test_layers_are_unchanged(self) -> None:
        """Merging them changes neither layer."""
        layers = self.layers()
        merge(model_of(Cached), layers)

        assert [one.data for one in self.layers()] == [one.data for one in layers]

    def test_candidates(self) -> None:
        """No layer is said to set what it does not set."""
        sources = map(Given, self.layers())
        snapshot = meshconf.read(*sources, schema=Cached, prefix=None)

        assert ["1.toml"] == [
            one.origin.name
            for one in snapshot.candidates("cache.kind")
            if one.origin.kind != "default"
        ]

    def test_spelling(self) -> None:
        """Keys of the layer without the tag may be spelled with dashes, as everywhere."""
        sources = map(
            Given, layers_of({"cache": {"max-entries": 5}}, {"cache": {"kind": "memory"}})
        )

        assert Cached(Memory(max_entries=5)) == meshconf.load(*sources, schema=Cached, prefix=None)

    def test_unknown_key(self) -> None:
        """A misspelt key of the layer without the tag is reported, as everywhere."""
        layers = layers_of({"cache": {"max_entires": 5}}, {"cache": {"kind": "memory"}})
        paths: list[str] = []
        try:
            meshconf.load(*map(Given, layers), schema=Cached, prefix=None)
        except meshconf.ConfigError as error:
            paths = [one.path for one in error.problems]

        assert ["cache.max_entires"] == paths


def spread(data: Data, dotted: Sequence[bool], path: str = "") -> Data:
    """Write some groups of a table as dotted paths and leave the others nested."""
    written: Data = {}
    for number, (key, value) in enumerate(data.items()):
        nested = isinstance(value, dict) and key not in ("labels", "entries") and value
        if nested and dotted[number % len(dotted)]:
            written |= {
                f"{key}.{below}": item
                for below, item in spread(value, dotted[1:] or [True]).items()
            }
        else:
            written[key] = value
    return {path + key: value for key, value in written.items()}


class TestOverrides:
    """Overrides, by dotted path or nested."""

    @settings(max_examples=50)
    @given(trees, trees, st.lists(st.booleans(), min_size=1, max_size=3))
    def test_dotted_or_nested(self, data: Data, above: Data, dotted: list[bool]) -> None:
        """Both ways to write overrides give the same."""
        source = Given(*layers_of(data))
        expected = meshconf.load(source, schema=Root, prefix=None, overrides=above)
        written = spread(above, dotted)

        assert expected == meshconf.load(source, schema=Root, prefix=None, overrides=written)

    @settings(max_examples=50)
    @given(trees)
    def test_are_a_layer(self, data: Data) -> None:
        """Overrides give what a last layer with the same values gives."""
        expected = loaded({"a": 5, "group": {"a": 6}}, data)
        source = Given(*layers_of({"a": 5, "group": {"a": 6}}))

        assert expected == meshconf.load(source, schema=Root, prefix=None, overrides=data)

    def test_both_ways_at_once(self) -> None:
        """What is written in both ways is joined leaf by leaf."""
        overrides = {"group.inner.a": 7, "group": {"inner": {"tags": [8]}, "a": 9}}
        config = meshconf.load(schema=Root, prefix=None, overrides=overrides)

        assert Group(a=9, inner=Inner(7, [8])) == config.group

    def test_are_unchanged(self) -> None:
        """The caller's overrides are not changed."""
        overrides = {"group": {"inner": {"tags": [8]}}, "group.inner.a": 7}
        before = copy.deepcopy(overrides)
        meshconf.load(schema=Root, prefix=None, overrides=overrides)

        assert before == overrides
