"""Whatever is given, a configuration or a ConfigError comes of it, and its report renders."""

from __future__ import annotations

import dataclasses
import json
import re
import types
from typing import Any, Literal, Union

import attrs
import tomli_w
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meshconf import Bytes, Port, Ratio, Seconds, Secret, setting
from meshconf.sources.dotenv import DotEnv
from meshconf.sources.environment import Environment
from meshconf.sources.file import Document
from tests.fuzz import answers, migrations, spans
from tests.fuzz.laws import InMemory, OfFiles, check_outcome
from tests.fuzz.running import corpus

quick = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

# --- Documents after some accidents ---------------------------------------------------

VALID = [
    (corpus(target) / name).read_bytes().decode()
    for target, name in [("documents", "full.toml"), ("migrations", "old"), ("spans", "document")]
]

KEYS = ["name", "peer", "peers", "rows", "port", "HOST", "address", "peer_port", "nmae", "token"]
KEYS += ["config_version", '"a b"', "'é'", '"\\u0041"', "a.b", "listen", "type", "secret", "''"]

LITERALS = ["1", "-0", "0x7f", "1.5", "nan", "-inf", "true", '""', '"5s"', "'x'", '"""\nx\n"""']
LITERALS += ["[]", "[1, 'a']", "{}", "{ a = 1 }", "{ type = 'udp' }", "1979-05-27", "07:32:00"]
LITERALS += ["[[1], {}]", "'''\n'''", "9" * 30, '"\\u202e"', '"\\u001b[2J"', "[\n# c\n]", "yes"]

REMARKS = ["", " # x", "# token = 'hush'", "\t", " #'''"]

lines = st.sampled_from([line for text in VALID for line in text.splitlines()])
written = st.builds(
    "{} = {}{}".format,
    st.sampled_from(KEYS),
    st.sampled_from(LITERALS),
    st.sampled_from(REMARKS),
)
headers = st.builds(
    lambda brackets, path, remark: f"{brackets[0]}{path}{brackets[1]}{remark}",
    st.sampled_from([("[", "]"), ("[[", "]]"), ("[ ", "\t]")]),
    st.lists(st.sampled_from(KEYS), min_size=1, max_size=3).map(".".join),
    st.sampled_from(REMARKS),
)

#: A value with the sign before it, in a line that has one.
_VALUE = re.compile(r"=\s*[^#\n]+")


@st.composite
def documents(draw: st.DrawFn) -> str:
    """Take a valid text, and have accidents with its statements and with its characters."""
    found = draw(st.sampled_from(VALID)).splitlines()
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(found)))
        accident = draw(st.sampled_from(["new", "again", "gone", "moved", "value", "header"]))
        if accident == "header":
            found.insert(at, draw(headers))
        elif accident == "new" or at == len(found):
            found.insert(at, draw(written))
        elif accident == "again":
            found.insert(at, draw(lines))
        elif accident == "gone":
            del found[at]
        elif accident == "moved":
            found.append(found.pop(at))
        else:
            value = f"= {draw(st.sampled_from(LITERALS))} "
            found[at] = _VALUE.sub(value.replace("\\", r"\\"), found[at], count=1)
    text = draw(st.sampled_from(["\n", "\n", "\r\n"])).join(found)
    if draw(st.integers(0, 3)) == 0:
        start = draw(st.integers(0, len(text)))
        end = start + draw(st.integers(0, 5))
        text = text[:start] + draw(st.sampled_from([*"[]{}\"'=.,\n\\#-x\r", ""])) + text[end:]
    return text


class TestDocuments:
    """Documents after accidents."""

    @settings(quick, max_examples=60)
    @given(documents())
    def test_load(self, text: str) -> None:
        """They load, or the report tells why not."""
        check_outcome(Document("app.toml", text.encode()), prefix=None)

    @settings(quick, max_examples=100)
    @given(documents())
    def test_spans(self, text: str) -> None:
        """Each span of one that is valid, cut out, reads as what stands there."""
        spans.one_input(text.encode())

    @settings(quick, max_examples=60)
    @given(documents())
    def test_migrations(self, text: str) -> None:
        """One that is valid is migrated and mended with proof, or left alone."""
        migrations.one_input(text.encode())

    @settings(quick, max_examples=40)
    @given(st.sampled_from(["documents", "answers"]), st.data())
    def test_bytes(self, target: str, data: st.DataObject) -> None:
        """Bytes that are no text are refused, from a file and from a store."""
        seed = data.draw(st.sampled_from(sorted(corpus(target).iterdir()))).read_bytes()
        start = data.draw(st.integers(0, len(seed)))
        end = start + data.draw(st.integers(0, 20))
        content = seed[:start] + data.draw(st.binary(max_size=6)) + seed[end:]
        if target == "answers":
            answers.one_input(content)
        else:
            check_outcome(Document("app.toml", content), prefix=None)


# --- Variables ------------------------------------------------------------------------

NAMES = ["NAME", "PEER", "PEER_PORT", "PEERS", "PEERS__A_B__PORT", "PEERS__A-B__PORT", "ROWS"]
NAMES += ["PEERS____HOST", "SIZES", "LABELS", "PAIR", "LISTEN", "LISTEN_TYPE", "FLAG", "RATIO"]
NAMES += ["WAIT", "TOKEN", "ANYTHING", "SECRET", "GONE", "LEVEL", "PORT", "SERVICE_HOST", "X", ""]
NAMES += ["PEERS__\u202e__PORT", "PEERS__\udcff__PORT", "PEER_PROT", "CONFIG", "PROFILE"]

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4)
plain = st.recursive(
    scalars,
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(st.sampled_from(["port", "host", "type", "a", "é"]), below, max_size=3)
    ),
    max_leaves=6,
)
TEXTS = ["", " ", "1", "-1", "true", "tRUE", "x,y", "1,,2", "5s", "5 secs", "1e999", "\x1b[31m"]
TEXTS += ["[1", '{"port": ', '{"a": 1, "a": 2}', "NaN", "\udcff", "tcp://10.0.0.1:80", "\n", "٣"]
odd = st.text(st.characters(exclude_characters="\0"), max_size=6)
texts = st.sampled_from(TEXTS) | plain.map(json.dumps) | odd
names = st.builds(
    "{}{}{}".format,
    st.sampled_from(["APP_", "APP_", "APP_", "app_", ""]),
    st.sampled_from(NAMES) | odd,
    st.sampled_from(["", "", "", "_FILE", "_FILE_FILE"]),
)
environs = st.dictionaries(names, texts, max_size=5)


class TestVariables:
    """Variables with any names and texts, and the files that they name."""

    @settings(quick, max_examples=120)
    @given(environs, documents().map(str.encode) | st.binary(max_size=20))
    def test_environment(self, environ: dict[str, str], content: bytes) -> None:
        """They give a configuration or a report."""
        source = OfFiles(Environment("APP_", environ=environ), InMemory(content))
        check_outcome(source, prefix=None)

    @settings(quick, max_examples=60)
    @given(environs, documents())
    def test_over_a_document(self, environ: dict[str, str], text: str) -> None:
        """They do so over a document that has problems of its own."""
        check_outcome(Document("app.toml", text.encode()), prefix="APP_", environ=environ)

    @settings(quick, max_examples=80)
    @given(
        st.lists(
            st.builds(
                "{}{}{}{}".format,
                st.sampled_from(["", "export ", " ", "# "]),
                names,
                st.sampled_from(["=", " = ", "", "='", '="', "=\\"]),
                texts,
            )
            | odd,
            max_size=6,
        ),
        st.sampled_from(["\n", "\r\n", "\r"]),
    )
    def test_dotenv(self, found: list[str], end: str) -> None:
        """So do the lines of a .env file."""
        content = end.join(found).encode(errors="surrogatepass")
        check_outcome(OfFiles(DotEnv(".env", "APP_"), InMemory(content)), prefix=None)


# --- Schemas --------------------------------------------------------------------------


@attrs.frozen
class Left:
    """One of two."""

    kind: Literal["left"] = "left"
    size: int = 0


@attrs.frozen
class Right:
    """The other."""

    kind: Literal["right"] = "right"
    token: Secret[str] | None = None


#: Types of settings, and a default of each; values that fit and that do not come from `plain`.
LEAVES: list[tuple[Any, Any]] = [
    (int, 0),
    (float, 0.5),
    (str, "a"),
    (bool, False),
    (Seconds, 1.0),
    (Bytes, 1),
    (Port, 80),
    (Ratio, 0.5),
    (Literal["a", "b"], "a"),
    (Secret[str], Secret("a")),
    (list[int], None),
    (tuple[int, str], (0, "")),
    (dict[str, float], None),
    (dict[str, Secret[str]], None),
    (Union[Left, Right], Left()),  # noqa: UP007 - made at run time
    (Any, None),
]
DECLARED: list[dict[str, Any]] = [{}, {}, {"ge": 0}, {"help": "A setting."}, {"secret": True}]
MADE = ["a", "b_c", "port", "token", "kind"]


@st.composite
def schemas(draw: st.DrawFn, depth: int = 2) -> Any:
    """Make an attrs class or a dataclass, with groups, maps and lists of others in it."""
    fields: dict[str, tuple[Any, Any]] = {}
    for name in draw(st.lists(st.sampled_from(MADE), min_size=1, max_size=4, unique=True)):
        shape = draw(st.sampled_from(["leaf", "leaf", "group", "map", "list"])) if depth else "leaf"
        if shape == "leaf":
            fields[name] = draw(st.sampled_from(LEAVES))
            continue
        below: Any = draw(schemas(depth - 1))
        kinds = {"group": below, "map": types.GenericAlias(dict, (str, below))}
        kinds["list"] = types.GenericAlias(list, below)
        fields[name] = kinds[shape], {} if shape == "map" else [] if shape == "list" else below
    return draw(st.sampled_from([attrs_class, data_class]))(fields, draw)


def attrs_class(fields: dict[str, tuple[Any, Any]], draw: st.DrawFn) -> Any:
    """Make an attrs class, some of its settings bounded, secret or required."""
    made: dict[str, Any] = {}
    for name, (kind, default) in fields.items():
        declared = draw(st.sampled_from(DECLARED)) if kind in (int, float) else {}
        required = draw(st.booleans()) and draw(st.booleans())
        if required:
            made[name] = setting(**declared)
        elif default is None or isinstance(default, (type, dict, list)):
            made[name] = attrs.field(factory=factory_of(kind, default))
        else:
            made[name] = setting(default, **declared)
    made = dict(sorted(made.items(), key=lambda pair: pair[1]._default is not attrs.NOTHING))
    for name, field in made.items():
        field.type = fields[name][0]
    return attrs.make_class("Made", made, frozen=True, kw_only=True)


def data_class(fields: dict[str, tuple[Any, Any]], _: st.DrawFn) -> Any:
    """Make a dataclass."""
    made = [
        (name, kind, dataclasses.field(default_factory=factory_of(kind, default)))
        for name, (kind, default) in fields.items()
    ]
    return dataclasses.make_dataclass("Made", made, frozen=True)


def factory_of(kind: Any, default: Any) -> Any:
    """Return what makes a default."""
    if isinstance(default, type):
        return maker(default)
    if default is None:
        origin: Any = getattr(kind, "__origin__", None)
        return origin if origin in (list, dict) else lambda: None
    return lambda: default


def maker(cls: type) -> Any:
    """Return what makes a group; one that lacks a required setting has no default."""
    try:
        cls()
    except TypeError:
        return lambda: None
    return cls


def hints_of(kind: Any) -> dict[str, Any]:
    """List the fields of a class with their types; none of what is no such class."""
    if not isinstance(kind, type):
        return {}
    made: Any = kind
    if attrs.has(kind):
        return {one.name: one.type for one in attrs.fields(made)}
    return (
        {one.name: one.type for one in dataclasses.fields(made)}
        if dataclasses.is_dataclass(kind)
        else {}
    )


def value_for(draw: Any, kind: Any) -> Any:
    """Draw a value for a type: mostly one that fits, where that is a group with its names."""
    if draw(st.integers(0, 5)) == 0:
        return draw(plain)
    origin: Any = getattr(kind, "__origin__", None)
    below: list[Any] = list(getattr(kind, "__args__", ()))
    if origin is list:
        return [value_for(draw, below[0]) for _ in range(draw(st.integers(0, 2)))]
    if origin is dict:
        return {name: value_for(draw, below[1]) for name in draw(st.lists(st.sampled_from(MADE)))}
    if hints := hints_of(kind):
        found = {n: t for n, t in hints.items() if draw(st.integers(0, 3))}
        return {name: value_for(draw, hint) for name, hint in found.items()}
    fitting: dict[Any, list[Any]] = {int: [1, -1], float: [0.5], str: ["a"], bool: [True]}
    return draw(st.sampled_from([*fitting.get(kind, []), 1, "5s", "a", "1KiB", {"kind": "right"}]))


def without_null(value: Any) -> Any:
    """Leave out what TOML cannot say."""
    if isinstance(value, dict):
        return {key: without_null(one) for key, one in value.items() if one is not None}
    if isinstance(value, list):
        return [without_null(one) for one in value if one is not None]
    return value


class TestSchemas:
    """Any schema, with a document and variables that mostly fit it."""

    @settings(quick, max_examples=60)
    @given(schemas(), st.data())
    def test_load(self, schema: Any, data: st.DataObject) -> None:
        """They give a configuration of that schema, or a report."""
        table = without_null(value_for(data.draw, schema))
        text = tomli_w.dumps(table if isinstance(table, dict) else {})
        variables = ["A", "B_C", "PORT", "TOKEN", "A_PORT", "A__X__PORT", "B_C__X__A", "TOKEN_FILE"]
        environ = data.draw(st.dictionaries(st.sampled_from(variables), texts, max_size=3))
        found = check_outcome(
            Document("app.toml", text.encode(errors="replace")),
            schema=schema,
            prefix="APP_",
            environ={f"APP_{name}": value for name, value in environ.items()},
        )

        assert type(getattr(found, "config", None)) in (schema, type(None))
