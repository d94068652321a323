"""What a review found: each a way in which a load once went wrong."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import attrs
import pytest

from meshconf import ConfigError, File, read, rule, setting
from meshconf.describe.effective import effective_toml, shown_values
from meshconf.diagnostics.styled import plain
from meshconf.schema.compile import model_of

if TYPE_CHECKING:
    from pathlib import Path


def refuse_all(instance: Any, _: object, __: object) -> None:
    """Refuse, and tell all that there is to tell."""
    msg = f"no: {instance!r} {getattr(instance, 'token', None)!r}"
    raise ValueError(msg)


@attrs.frozen(kw_only=True)
class Told:
    """A validator that tells its neighbours."""

    token: str = setting("DEFAULT-C4N4RY", secret=True)
    count: int = attrs.field(default=1, validator=refuse_all)


@attrs.frozen(kw_only=True)
class One:
    """A class of a union."""

    kind: Literal["one"] = "one"
    size: int = 1
    wait: float = 2.0


@attrs.frozen(kw_only=True)
class Two:
    """Another."""

    kind: Literal["two"] = "two"
    size: int = 5


@attrs.frozen(kw_only=True)
class Either:
    """A union with a default that is not its class's."""

    either: One | Two = One(wait=9.0)


@attrs.frozen(kw_only=True)
class Eithers:
    """Unions without a default that tells the class."""

    either: One | Two | None = None
    more: tuple[One | Two, ...] = ()


@attrs.frozen(kw_only=True)
class Needed:
    """A group without a default."""

    one: One
    many: Mapping[str, One] = setting(attrs.Factory(dict))


@attrs.frozen(kw_only=True)
class Holder:
    """An entry that holds a group without a default."""

    one: One


@attrs.frozen(kw_only=True)
class Holders:
    """A map of them."""

    many: Mapping[str, Holder] = setting(attrs.Factory(dict))


class TestSecrets:
    @pytest.mark.parametrize("token", [None, "C4N\\4RY", "C4N\n4RY", "C4N'4\"RY"])
    def test_validator_cannot_tell_its_neighbours(self, token: str | None):
        """What a validator says of a secret beside it is not shown, however it quotes it."""
        overrides = {"count": 2} if token is None else {"count": 2, "token": token}

        with pytest.raises(ConfigError) as caught:
            read(schema=Told, prefix=None, overrides=overrides)

        assert "4RY" not in str(caught.value)

    def test_plain_secret_is_not_in_the_repr(self):
        """A setting that is marked secret is masked in the repr of its class."""
        assert "Told(token=<secret>, count=1)" == repr(made())

    def test_comment_beside_a_version_is_masked(self, tmp_path):
        """A version that is refused does not show a secret in a comment beside it."""
        file = tmp_path / "mesh.toml"
        file.write_text('config_version = 99 # token = "C4N4RY"\n')

        with pytest.raises(ConfigError) as caught:
            read(File(file), environ={"MESH_SERVICE_NAME": "orders"})

        assert "C4N4RY" not in str(caught.value)


def made() -> Told:
    """Make an object whose validator would refuse it."""
    with attrs.validators.disabled():
        return Told()


class TestUnions:
    def test_default_is_the_lowest_layer(self):
        """A part of a union joins what its default says, tag and siblings."""
        snapshot = read(schema=Either, prefix="APP_", environ={"APP_EITHER_SIZE": "5"})

        assert One(size=5, wait=9.0) == snapshot.config.either

    @pytest.mark.parametrize("overrides", [{"KIND": "two", 5: 5}, {"Kind": "two"}])
    def test_tag_in_another_spelling(self, overrides: Any):
        """The class is told by its key in any spelling, in a list too."""
        either = {key: value for key, value in overrides.items() if key != 5}
        data = {"either": either, "more": [either]}
        config = read(schema=Eithers, prefix=None, overrides=data).config

        assert (Two(), (Two(),)) == (config.either, config.more)

    def test_unknown_tag_is_blamed_where_it_stands(self, tmp_path: Path):
        """A class that none is called by is told where that is, whatever lies over it."""
        file = tmp_path / "app.toml"
        file.write_text('[either]\nKind = "six"\n[[more]]\nKIND = "six"\n[[more]]\nsize = 1\n')
        with pytest.raises(ConfigError) as caught:
            read(file, schema=Eithers, prefix="APP_", environ={"APP_EITHER_SIZE": "5"})

        assert [
            ("MC203", "either.kind", 2),
            ("MC203", "more[0].kind", 4),
            ("MC102", "more[1]", 5),
        ] == [(one.code, one.path, one.origin.line) for one in caught.value.problems if one.origin]

    def test_default_of_another_class_is_left_behind(self):
        """With another tag nothing of the default holds."""
        snapshot = read(schema=Either, prefix="APP_", environ={"APP_EITHER_KIND": "two"})

        assert Two() == snapshot.config.either


class TestGroups:
    def test_required_one_in_an_entry_is_made_of_its_defaults(self):
        """A group that has no default, but whose settings all have, need not be written."""
        ready = Holder(one=One(size=2))
        snapshot = read(schema=Holders, prefix=None, overrides={"many": {"a": {}, "b": ready}})

        assert {"a": Holder(one=One()), "b": ready} == snapshot.config.many


class TestSchemas:
    @pytest.mark.parametrize(
        ("hint", "source", "said"),
        [
            (list[One], "one", "within a list or a union"),
            (Mapping[str, One], "many.x.inner", "no group of the same class"),
        ],
    )
    def test_inheritance_out_of_reach_is_refused(self, hint: Any, source: str, said: str):
        """What can never be inherited is refused when the class is compiled."""
        inner: Any = attrs.make_class(
            "Inner", {"inner": setting(One(), inherits=source)}, kw_only=True
        )
        inner.__annotations__ = {"inner": One}
        outer: Any = list[inner] if hint == list[One] else Mapping[str, inner]
        root = attrs.make_class(
            "Root", {"one": attrs.field(default=One()), "many": attrs.field()}, kw_only=True
        )
        root.__annotations__ = {"one": One, "many": outer}

        with pytest.raises(TypeError, match=said):
            read(schema=root, prefix=None)

    def test_rule_through_a_map_is_refused(self):
        """A rule cannot read through a map, whose entries have no fixed names."""
        body = {"never": rule("many.x.size")(lambda _: "told")}
        root = attrs.make_class("Root", {"many": attrs.field(factory=dict)}, class_body=body)
        root.__annotations__ = {"many": Mapping[str, One]}

        with pytest.raises(TypeError, match="leads through a map"):
            read(schema=root, prefix=None)


class TestOverrides:
    def test_may_be_any_mappings(self):
        """Overrides may be mappings of any kind, however they nest."""
        overrides = {"many": {"a": MappingProxyType({"size": 3})}}
        snapshot = read(schema=Needed, prefix=None, overrides=overrides)

        assert {"a": One(size=3)} == snapshot.config.many

    def test_deep_ones_are_refused(self):
        """Overrides nest as deep as files may, and no deeper."""
        deep: Any = 1
        for _ in range(3000):
            deep = {"a": deep}

        with pytest.raises(TypeError, match="nest deeper than 64 levels"):
            read(schema=Needed, prefix=None, overrides={"one": deep})


class TestSnapshots:
    def test_group_that_nothing_sets_has_an_origin(self):
        """A required group that is made of its own defaults comes from the class."""
        origin = read(schema=Needed, prefix=None).origin("one")

        assert ("default", "Needed.one") == (origin.kind, origin.name)

    def test_path_into_a_map_that_lacks_the_entry(self):
        """An entry that is not there is an unknown path."""
        snapshot = read(schema=Needed, prefix=None, overrides={"many": {"a": {}}})

        with pytest.raises(KeyError, match=r"no setting is called many\.b\.size"):
            snapshot.origin("many.b.size")

    def test_equal_text_of_keys_and_values_is_told_apart(self):
        """Mappings whose keys look like pairs have fingerprints of their own."""
        schema = attrs.make_class("App", {"texts": attrs.field(type=dict[str, str])})
        prints = {
            read(schema=schema, prefix=None, overrides={"texts": texts}).fingerprint
            for texts in ({"a": "1", "b": "2"}, {"a='1',b": "2"})
        }

        assert 2 == len(prints)

    def test_thousands_of_entries_are_shown(self):
        """Showing a large configuration takes time in proportion to its size."""
        overrides: Any = {"many": {f"e{number}": {} for number in range(3000)}}
        snapshot = read(schema=Needed, prefix=None, overrides=overrides)
        shown = plain(effective_toml(shown_values(snapshot), model_of(Needed)))

        assert 3000 == shown.count("[many.e")


class TestCredentials:
    def test_empty_name_of_a_directory_is_none(self, tmp_path, monkeypatch):
        """An empty CREDENTIALS_DIRECTORY does not make the working directory one of secrets."""
        monkeypatch.chdir(tmp_path)
        (tmp_path / "one.size").write_text("7")
        snapshot = read(schema=Needed, prefix="APP_", environ={"CREDENTIALS_DIRECTORY": ""})

        assert 1 == snapshot.config.one.size


class TestStrays:
    def test_ignored_ones_cost_no_second_look(self):
        """With unknown variables ignored, authors' converters run once."""
        calls: list[object] = []

        def count(value: object) -> float:
            calls.append(value)
            return math.pi

        field = attrs.field(type=float, converter=count, default=1.0)
        schema = attrs.make_class("App", {"value": field})
        environ = {"APP_VALUE": "2", "APP_NOPE": "1"}
        read(schema=schema, prefix="APP_", environ=environ, unknown_env="ignore")

        assert ["2"] == calls
