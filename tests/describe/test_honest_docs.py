"""The documentation names the variables that are read, all of them and no other."""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, Literal, get_args, get_origin, get_type_hints

import attrs
import pytest
import tomli_w

from meshconf import ConfigError, ServiceMeshConfig, read
from meshconf.describe.description import describe
from meshconf.describe.env_text import env_example
from meshconf.describe.settings_table import settings_markdown
from meshconf.schema.compile import model_of
from meshconf.schema.setting import FACTS

#: The one entry of every map, as variables and as files spell it.
ENTRY, KEY = "X1", "x1"

#: A valid value of most settings is one of these.
TEXTS = ("7", "x1", "true", "2s", "0.5", "2026-01-02", "2026-01-02T00:00:00", "[]", "{}", "200-299")
OTHER_TEXTS = (
    "50s",
    "5000",
    "65537",
    "red",
    '{"kind": "cat"}',
    "header:x",
    "http://x1:1",
    "x1:80",
    "/x1",
    '[{"name": "n"}, 1]',
)

MADE_UP: dict[str, Any] = {
    "name": "n",
    "pet": {"kind": "cat"},
    "other_pet": {"kind": "cat"},
    "third_pet": {"kind": "cat"},
    "parts": [],
    "pools": {KEY: {"inner": {KEY: {"name": "n"}}}},
    "web": {"url": "u", "password": "p", "retry": {}},
    "required_secret": "s",
}
DOG = {"kind": "dog", "name": "n", "toys": {KEY: {}}}
FILES = {
    "mesh": [
        {"service_name": "n", "upstreams": {KEY: {}}},
        {"service_name": "n", "upstreams": {KEY: {}}, "static": {"endpoints": {"a": ["b:1"]}}}
        | {"tls": {"enabled": True, "cert_file": "c", "key_file": "k"}}
        | {
            "load_balancer": {"algorithm": "ring_hash", "hash_key": "source_ip"},
            "zookeeper": {"hosts": ["a:1"]},
            "dns": {"name": "{service}.x"},
        },
    ],
    "made_up": [MADE_UP, MADE_UP | {"pet": DOG, "other_pet": DOG, "third_pet": DOG}],
}


@attrs.frozen
class Place:
    """A setting found by looking at the classes, without meshconf's own description of them."""

    path: tuple[str, ...]
    names: tuple[str, ...]
    options: tuple[Any, ...] = ()


def facts_of(hint: Any, metadata: Mapping[Any, Any]) -> Any:
    """Return what a `setting()` says, of attrs classes or in a hint."""
    made = (getattr(one, "metadata", {}) for one in getattr(hint, "__metadata__", ()))
    return next((one[FACTS] for one in (metadata, *made) if FACTS in one), None)


def parts_of(hint: Any) -> Iterator[Any]:
    """Yield a hint and all hints in it."""
    yield hint
    if get_origin(hint) is not Literal:
        for part in get_args(hint):
            yield from parts_of(part)


def is_class(hint: Any) -> bool:
    """Tell whether a hint is a class with fields."""
    return isinstance(hint, type) and (attrs.has(hint) or dataclasses.is_dataclass(hint))


def places(cls: Any, path: tuple[str, ...] = (), start: tuple[str, ...] = ()) -> Iterator[Place]:
    """Walk the fields of a class, with an entry in every mapping that holds classes."""
    hints = get_type_hints(cls, include_extras=True)
    fields: Any = attrs.fields(cls) if attrs.has(cls) else dataclasses.fields(cls)
    for field in fields:
        hint = hints[field.name]
        facts = facts_of(hint, field.metadata)
        old = facts.renamed_from if facts else ()
        outright = ("_".join((*start, facts.env)), facts.env) if facts and facts.env else ()
        parts = list(parts_of(hint))
        literals = [part for part in parts if get_origin(part) is Literal]
        enums = [part for part in parts if isinstance(part, type) and issubclass(part, Enum)]
        options = (
            *(option for part in literals for option in get_args(part)),
            *(one.value for part in enums for one in part),
        )
        yield Place((*path, field.name), outright or ("_".join((*start, field.name)),), options)
        yield from (Place((*path, field.name), ("_".join((*start, name)),)) for name in old)
        mapping = any(get_origin(part) in (dict, Mapping) for part in parts)
        for below in filter(is_class, parts):
            yield from places(below, (*path, field.name), (*start, field.name))
            if mapping:
                entry = f"{field.name}__{ENTRY}_"
                yield from places(below, (*path, field.name, KEY), (*start, entry))


def variations(name: str) -> Iterator[str]:
    """Yield a name, and names that look as if they did the same."""
    words = name.split("_")
    yield name
    yield name.replace("_", "__")
    yield name.replace("__", "_")
    yield from ("_".join(words[:end] + words[end + 1 :]) for end in range(len(words)))
    yield from ("_".join(words[:end]) for end in range(1, len(words)))


def superset(schema: Any, prefix: str) -> dict[str, list[Place]]:
    """Make many names, each with the places that it may stand for."""
    names: dict[str, list[Place]] = {}
    for place in places(schema):
        for own in place.names:
            names.setdefault(prefix + own.upper(), []).append(place)
            names.setdefault(own.upper(), []).append(place)
            for name in variations(own.upper()):
                names.setdefault(prefix + name, [])
    return names


def in_markdown(text: str) -> set[str]:
    """Return the names of variables that the tables have."""
    return {name.replace("<NAME>", ENTRY) for name in re.findall("`([A-Z][A-Z0-9_<>]+)`", text)}


def in_env(text: str) -> set[str]:
    """Return the names of variables that a .env file has, in lines and in remarks."""
    lines = re.findall("^(?:# )?([A-Z][A-Z0-9_<>]+)=", text, re.MULTILINE)
    old = re.findall("^# Old names: (.*)[.]$", text, re.MULTILINE)
    names = [*lines, *(name for names in old for name in names.split(", "))]
    return {name.replace("<NAME>", ENTRY) for name in names}


class Case:
    """A schema, its documentation, and files in which all its optional groups are."""

    def __init__(self, schema: Any, files: list[Any]) -> None:
        self.schema = schema
        self.files = files
        self.prefix: str = model_of(schema).configuration.prefix or ""
        self.description = describe(model_of(schema), self.prefix)
        self.markdown = settings_markdown(self.description)
        self.choosers = set(self.description.choosers.values())
        self.names = {
            name.replace("<NAME>", ENTRY) for name in self.description.variables
        } | self.choosers
        self.superset = superset(schema, self.prefix)

    def load(self, data: Any, folder: Any, environ: Any) -> Any:
        """Load a file and variables; None if it has errors."""
        file = folder / "file.toml"
        file.write_text(tomli_w.dumps(data))
        try:
            return read(file, schema=self.schema, environ=environ)
        except ConfigError:
            return None

    def attempts(self, name: str, folder: Any) -> Iterator[tuple[str, Any]]:
        """Load with many values of a variable; yield those that are valid, and what they give."""
        options = [str(one) for place in self.superset[name] for one in place.options]
        for data, text in itertools.product(self.files, [*options, *TEXTS, *OTHER_TEXTS]):
            if (snapshot := self.load(data, folder, {name: text})) is not None:
                yield text, snapshot


@pytest.fixture(params=["mesh", "made_up"])
def case(request: pytest.FixtureRequest, made_up: Any) -> Case:
    """Return the mesh and a schema that was made up."""
    schema: Any = ServiceMeshConfig if request.param == "mesh" else made_up
    return Case(schema, FILES[request.param])


def origin_of(snapshot: Any, path: tuple[str, ...]) -> str:
    """Name the origin of a path; empty if a union is of a class that has no such setting."""
    try:
        return str(snapshot.origin(".".join(path)).name)
    except KeyError:
        return ""


def origins(snapshot: Any, name: str) -> list[tuple[str, ...]]:
    """List the paths that a variable sets itself."""
    from meshconf.diagnostics.words import dotted

    return [
        path
        for path, setting, value in snapshot.values()
        if setting.holds_value(value)
        and snapshot.sets(path)
        and snapshot.origin(dotted(path)).name == name
    ]


class TestNames:
    def test_are_the_same_everywhere(self, case: Case) -> None:
        """The table, the .env file and the description name the same variables."""
        assert case.names == in_markdown(case.markdown)
        assert case.names == in_env(env_example(case.description))

    def test_are_all_in_the_superset(self, case: Case) -> None:
        """What is documented is among the names that the classes suggest."""
        assert set() == case.names - case.choosers - set(case.superset)

    def test_others_are_not_read(self, case: Case, tmp_path: Any) -> None:
        """What is not documented is reported as no setting, or not looked at."""
        also_files = {
            f"{name}_FILE" for name in case.superset if f"{name}_FILE" not in case.superset
        }
        # An entry may have any name.
        known = "|".join(name.replace(ENTRY, ".+") for name in case.names)
        others = {
            name
            for name in {*case.superset, *also_files}
            if not re.fullmatch(f"({known})(_FILE)?", name)
        }
        snapshot = case.load(case.files[0], tmp_path, dict.fromkeys(others, "7"))
        strays = {stray.name for layer in snapshot._layers for stray in layer.strays}

        assert {name for name in others if name.startswith(case.prefix)} == strays
        assert "MC103" in {one.code for one in snapshot.warnings}

    def test_are_read(self, case: Case, tmp_path: Any) -> None:
        """Each documented variable sets its own setting and no other, and so does NAME_FILE."""
        for name in sorted(case.names - case.choosers):
            place = case.superset[name][0]
            text, snapshot = next(
                (
                    found
                    for found in case.attempts(name, tmp_path)
                    if origin_of(found[1], place.path) == name
                ),
                (name, None),
            )
            assert snapshot is not None, text
            (tmp_path / "value").write_text(text + "\n")
            data = next(one for one in case.files if case.load(one, tmp_path, {name: text}))
            in_file = f"{name}_FILE"
            again = case.load(data, tmp_path, {in_file: str(tmp_path / "value")})
            read_from = f"{tmp_path / 'value'} ({in_file})"
            inside = [path[: len(place.path)] for path in origins(snapshot, name)]

            assert [] == [one.message for one in snapshot.warnings if one.code == "MC103"]
            assert [place.path] * len(inside) == inside
            if in_file not in case.names:
                assert read_from == origin_of(again, place.path)

    def test_exception_to_files_is_told(self, made_up: Any) -> None:
        """Where NAME_FILE is another setting, the documentation does not promise that it is read."""
        description = describe(model_of(made_up), "APP_")
        remark = "`APP_WEB_PASSWORD_FILE` names no file with it: that is another setting."

        assert 1 == settings_markdown(description).count(remark)
        assert 1 == env_example(description).count("# APP_WEB_PASSWORD_FILE is another setting")


class Recording(Mapping[str, str]):
    """An environment that remembers what was looked up in it."""

    def __init__(self) -> None:
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


class TestChoosers:
    def test_are_looked_up(self, case: Case, tmp_path: Any, monkeypatch: Any) -> None:
        """The variables that choose files are looked up, as far as they are documented."""
        monkeypatch.chdir(tmp_path)
        environ = Recording()
        with pytest.raises(ConfigError):
            read(schema=case.schema, environ=environ)

        assert case.choosers == {
            name for name in environ.asked if name in case.superset or name in case.names
        } & {f"{case.prefix}CONFIG", f"{case.prefix}PROFILE"}

    def test_setting_of_that_name(self, made_up: Any) -> None:
        """A variable of a setting chooses no file."""
        description = describe(model_of(made_up), "APP_")

        assert {"CONFIG": "APP_CONFIG"} == description.choosers
        assert "APP_PROFILE" in set(description.variables)
