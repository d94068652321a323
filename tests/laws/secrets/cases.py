"""What goes wrong around secrets: documents, the sources that say them, and texts with mistakes."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from meshconf import (
    ConsulKV,
    DotEnv,
    EtcdKV,
    File,
    Layer,
    Secret,
    SecretsDirectory,
    ServiceMeshConfig,
)
from meshconf.schema.compile import model_of
from meshconf.sources.kept import Kept, keep
from tests.laws.secrets.canaries import MARK, Canaries
from tests.laws.secrets.documents import (
    bare,
    document,
    dotenv,
    files_of,
    leaves,
    planted,
    put,
    toml,
    variables,
)
from tests.laws.secrets.schemas import OLD, Aged, Expired, Plain, Vault

if TYPE_CHECKING:
    from meshconf.schema import kinds
    from meshconf.schema.model import Model

__all__ = ["FAULTS", "OF_MESH", "Case", "aged_documents", "cases"]

Document = dict[str, Any]


@attrs.frozen(kw_only=True)
class Case:
    """One load, or the attempt.

    Attributes:
        schema: What is loaded.

        source: What says the secrets.

        fault: What is wrong, or that nothing is.

        canaries: What is planted.

        prepare: Writes the files; returns the sources and the options of the load.

        shifts: Whether what stands behind a secret on its line may move with its length.
    """

    schema: Any
    source: str
    fault: str
    canaries: frozenset[Any]
    prepare: Callable[[Path], tuple[list[Any], dict[str, Any]]]
    shifts: bool = False

    @property
    def name(self) -> str:
        """What it is called."""
        return f"{self.schema.__name__} by {self.source}: {self.fault}"


# --- Documents with mistakes ------------------------------------------------------------


def _sound(model: Model, canaries: Canaries) -> Document:
    """Set every secret of the schema."""
    return document(model, bare(canaries))


def _other_types(model: Model, canaries: Canaries) -> Document:
    """Set numbers where texts are wanted, and the other way round."""
    right = bare(canaries)

    def leaf(field: str, kind: kinds.Kind, _: tuple[Any, ...]) -> Any:
        value = right(field, kind, ())
        return canaries.text(field) if isinstance(value, int) else canaries.number(field)

    return document(model, leaf)


def _shaped(shape: Callable[[Any], Any]) -> Callable[[Model, Canaries], Document]:
    def made(model: Model, canaries: Canaries) -> Document:
        right = bare(canaries)

        def leaf(field: str, kind: kinds.Kind, _: tuple[Any, ...]) -> Any:
            return shape(right(field, kind, ()))

        return document(model, leaf)

    return made


def _worse(value: Any) -> Any:
    """Make a value that is too large, too long, in no form, and none of the choices."""
    return value * 10**4 if isinstance(value, int) else f"bad {value}! {value} {value} {value}"


def _moved(value: Any) -> Any:
    return {"value": value, str(value): value}


def _misspelt(value: Any, secret_names: frozenset[str]) -> Any:
    """Leave out a letter of every key."""
    if isinstance(value, Mapping):
        return {
            name[:2] + name[3:] if len(name) > 3 else f"{name}s": _misspelt(below, secret_names)
            for name, below in value.items()
        }
    return [_misspelt(one, secret_names) for one in value] if isinstance(value, list) else value


def _all_misspelt(model: Model, canaries: Canaries) -> Document:
    return {**_misspelt(_sound(model, canaries), model.secret_names), "needed": "x"}


def _in_place_of_groups(model: Model, canaries: Canaries) -> Document:
    """Set a secret where a group, a map or a list of groups is wanted."""
    made: Document = {"needed": "x"}
    for name, setting in model.settings.items():
        if not setting.secret and setting.name in _sound(model, canaries) and name != "needed":
            made[name] = canaries.text(name)
    return made


def _in_elements(model: Model, canaries: Canaries) -> Document:
    """The same in a list."""
    found = _in_place_of_groups(model, canaries)
    return {name: [one] if name != "needed" else one for name, one in found.items()}


def _with(*more: Mapping[str, Any]) -> Callable[[Model, Canaries], Document]:
    """Set every secret rightly, and something else."""

    def made(model: Model, canaries: Canaries) -> Document:
        found = _sound(model, canaries)
        for one in more:
            for path, value in one.items():
                _set(found, path.split("."), copy.deepcopy(value))
        return {name: value for name, value in found.items() if value is not None}

    return made


def _set(table: Any, names: list[str], value: Any) -> None:
    *above, last = names
    for name in above:
        table = table.setdefault(name, {}) if isinstance(table, dict) else table[int(name)]
    table[last] = value


def _unknown_beside(model: Model, canaries: Canaries) -> Document:
    found = _sound(model, canaries)
    found |= {"unknown": canaries.text("unknown"), "tokne": canaries.text("tokne")}
    found |= {"new": {"table": {"password": canaries.text("new"), "list": [canaries.text("l")]}}}
    return found


def _old_names(model: Model, canaries: Canaries) -> Document:
    return {**_sound(model, canaries), "legacy": canaries.text("legacy")}


def _two_spellings(model: Model, canaries: Canaries) -> Document:
    found = _sound(model, canaries)
    again = {name.upper(): value for name, value in found.items() if name != "needed"}
    return {**found, **again}


#: Every mistake that a document can hold, whatever says it.
FAULTS: dict[str, Callable[[Model, Canaries], Document]] = {
    "none": _sound,
    "other types": _other_types,
    "arrays": _shaped(lambda one: [one, one]),
    "tables": _shaped(_moved),
    "worse": _shaped(_worse),
    "empty": _shaped(lambda one: "" if isinstance(one, str) else 0),
    "in place of groups": _in_place_of_groups,
    "in elements": _in_elements,
    "misspelt": _all_misspelt,
    "unknown beside": _unknown_beside,
    "old names": _old_names,
    "two spellings": _two_spellings,
    "missing": _with({"needed": None}),
    "beside": _with({"name": 7, "number": "x", "strict": "nn"}),
    "bounds beside": _with({"number": -1}),
    "rules": _with({"strict": "said"}),
    "rules that raise": _with({"strict": "raised"}),
    "rules that warn": _with({"strict": "warned"}),
    "refused by the class": _with({"strict": "quiet"}),
    "newer": _with({"config_version": 99}),
    "no version": _with({"config_version": "x"}),
}

#: What only the attrs schema has a place for.
OF_VAULT: dict[str, Callable[[Model, Canaries], Document]] = {
    "validator of another": _with({"name": "quite unlike"}),
    "validator of another, in part": _with({"name": "unlike"}),
    "rule of a group": _with({"group.host": "refused", "groups.one.host": "refused"}),
    "beside in groups": _with({"group.port": 0, "groups.one.port": "x", "listed.0.port": -1}),
    "no tag": _with({"either": {"password": f"{MARK}aaaa{MARK}bbbb"}}),
    "no such tag": _with({"either": {"kind": "x", "password": f"{MARK}aaaa{MARK}bbbb"}}),
}

OF_MESH: dict[str, Callable[[Model, Canaries], Document]] = {
    "none": _sound,
    "other types": _other_types,
    "tables": _shaped(_moved),
    "worse": _shaped(_worse),
    "misspelt": _all_misspelt,
    "in place of groups": lambda _, canaries: {
        "service_name": "orders",
        "consul": canaries.text("consul.token"),
        "etcd": [canaries.text("etcd.password")],
    },
    "unknown beside": _unknown_beside,
    "beside": _with({"consul.port": "x", "etcd.endpoints": [1], "etcd.dial_timeout": "5 secs"}),
    "missing": _with({"service_name": None}),
    "rules": _with({"discovery.backend": "etcd", "consul.host": "consul.internal"}),
    "in addresses": _with({"consul.host": "a b", "etcd.endpoints": ["http://x:99999"]}),
}


def _aged(canaries: Canaries, **changes: Any) -> Document:
    """Return a document of the earlier layout."""
    text = canaries.text
    found: Document = {
        "password": text("password"),
        "auth": {"secret": text("auth.secret")},
        "code": text("code"),
        "login": f"somebody:{text('login')}",
        "front": text("front"),
        "back": text("back"),
        "gone": text("gone"),
        "gone_too": text("gone_too"),
        "mapped": OLD,
        "groups": {"one": {"pass": text("pass")}},
    }
    return {name: one for name, one in (found | changes).items() if one is not None}


def aged_documents(canaries: Canaries) -> Iterator[tuple[str, Document]]:
    """Yield documents of the earlier layout, with what can be wrong with them."""
    text = canaries.text
    yield "old layout", _aged(canaries)
    yield "old layout, and beside", _aged(canaries, number="x", store={"size": "x"})
    yield (
        "failing steps",
        _aged(
            canaries,
            code=f"bad {text('code')}",
            login=text("login"),
            front=f"bad {text('front')}",
            groups={"one": {"pass": [text("pass")]}},
        ),
    )
    yield (
        "steps of other types",
        _aged(
            canaries,
            code=canaries.number("code"),
            login=[text("login")],
            front={text("front"): 1},
            password=canaries.number("password"),
            gone=[text("gone")],
        ),
    )
    yield (
        "both places",
        _aged(
            canaries,
            token=text("token"),
            store={"secret": text("store.secret")},
            login_password=text("login_password"),
            front_and_back=text("front_and_back"),
        ),
    )
    yield "both places, the same", _aged(canaries, token=text("password"))
    yield "misspelt old names", _misspelt(_aged(canaries), frozenset())
    yield "old names in a new file", _aged(canaries, config_version=2)
    yield "half of a pair", _aged(canaries, back=None)


# --- Sources -----------------------------------------------------------------------------

Say = Callable[[Any, Document], Callable[[Path], tuple[list[Any], dict[str, Any]]]]


def _toml(layout: str, policy: Any = "allow") -> Say:
    def say(_: Any, document: Document) -> Callable[[Path], tuple[list[Any], dict[str, Any]]]:
        def prepare(folder: Path) -> tuple[list[Any], dict[str, Any]]:
            put(folder, "app.toml", toml(document, layout))
            return [File("app.toml", secret_in_file=policy)], {}

        return prepare

    return say


def _named(schema: Any, document: Document) -> dict[str, str]:
    model = model_of(schema)
    return variables(model, document, str(model.configuration.prefix))


def _variables(schema: Any, document: Document) -> Any:
    return lambda _: ([], {"environ": _named(schema, document)})


def _json(schema: Any, document: Document) -> Any:
    """Say each top-level key in one variable, groups as JSON."""
    prefix = model_of(schema).configuration.prefix
    texts = {
        f"{prefix}{name.upper()}": one if isinstance(one, str) else json.dumps(one)
        for name, one in document.items()
    }
    return lambda _: ([], {"environ": texts})


def _files(schema: Any, document: Document) -> Any:
    """Say each variable by the name of a file."""

    def prepare(folder: Path) -> tuple[list[Any], dict[str, Any]]:
        environ: dict[str, str] = {}
        for number, (name, text) in enumerate(_named(schema, document).items()):
            put(folder, f"secrets/{number}", f"{text}\n")
            environ[f"{name}_FILE"] = f"secrets/{number}"
        return [], {"environ": environ}

    return prepare


def _dotenv(schema: Any, document: Document) -> Any:
    def prepare(folder: Path) -> tuple[list[Any], dict[str, Any]]:
        put(folder, ".env", dotenv(_named(schema, document)))
        return [DotEnv(".env", str(model_of(schema).configuration.prefix))], {}

    return prepare


def _directory(schema: Any, document: Document) -> Any:
    """Say what can stand in a directory there, and the rest in a file."""

    def prepare(folder: Path) -> tuple[list[Any], dict[str, Any]]:
        _into(folder, "secrets", schema, document)
        return ["rest.toml", SecretsDirectory("secrets")], {}

    return prepare


def _credentials(schema: Any, document: Document) -> Any:
    def prepare(folder: Path) -> tuple[list[Any], dict[str, Any]]:
        _into(folder, "credentials", schema, document)
        return ["rest.toml"], {"environ": {"CREDENTIALS_DIRECTORY": "credentials"}}

    return prepare


def _into(folder: Path, name: str, schema: Any, document: Document) -> None:
    files = files_of(model_of(schema), document)
    for file, text in files.items():
        put(folder, f"{name}/{file}", f"{text}\n")
    rest = {key: one for key, one in document.items() if key not in model_of(schema).settings}
    put(folder, "rest.toml", toml(rest))


def _overrides(_: Any, document: Document) -> Any:
    return lambda _: ([], {"overrides": document})


def _guarded(_: Any, document: Document) -> Any:
    """Override with values that are secrets already."""

    def guard(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {name: guard(one) for name, one in value.items()}
        if isinstance(value, list):
            return [guard(one) for one in value]
        return Secret(value) if planted(value) else value

    return lambda _: ([], {"overrides": guard(document)})


@attrs.frozen
class Own:
    """A source of one's own, which says a document without any text."""

    document: Document

    def read(self, _: Model) -> Layer:
        """Give it."""
        return Layer("own", "a source of one's own", self.document)


def _own(_: Any, document: Document) -> Any:
    return lambda _: ([Own(document)], {})


def _kept(make: Callable[[str, str], Any], token: str) -> Say:
    """Say a document by a copy of it in a store that is not there."""

    def say(_: Any, document: Document) -> Callable[[Path], tuple[list[Any], dict[str, Any]]]:
        def prepare(folder: Path) -> tuple[list[Any], dict[str, Any]]:
            source = make("copy.json", token)
            keep("copy.json", Kept(source.name, 3, time.time(), toml(document).encode()))
            return [source], {}

        return prepare

    return say


def _consul(cache: str, token: str) -> ConsulKV:
    address = "http://127.0.0.1:9"  # where nobody answers
    return ConsulKV(
        "a/b", address=address, token=Secret(token), start="cached", cache=cache, timeout=5
    )


def _etcd(cache: str, token: str) -> EtcdKV:
    return EtcdKV(
        "a/b",
        endpoints=("http://127.0.0.1:9",),
        username="me",
        password=token,
        start="cached",
        cache=cache,
        timeout=5,
    )


_TOKEN = Canaries(7).text("token of the store")

SOURCES: dict[str, Say] = {
    "TOML": _toml("headers"),
    "TOML, one line each": _toml("inline"),
    "TOML, long": _toml("long"),
    "TOML, warned of": _toml("headers", "warn"),
    "TOML, refused": _toml("headers", "error"),
    "variables": _variables,
    "variables with JSON": _json,
    "NAME_FILE": _files,
    ".env": _dotenv,
    "SecretsDirectory": _directory,
    "$CREDENTIALS_DIRECTORY": _credentials,
    "overrides": _overrides,
    "overrides with Secret": _guarded,
    "a source of one's own": _own,
    "a copy of Consul": _kept(_consul, _TOKEN),
    "a copy of etcd": _kept(_etcd, _TOKEN),
}


#: The sources that are the most different from one another say every mistake of every schema.
EVERYWHERE = ("TOML", "variables")


#: Of the other sources, each so-many-th says it, another one for each mistake.
_TURNS: dict[Any, int] = {Vault: 8, Plain: 1, ServiceMeshConfig: 2}


def cases(canaries: Canaries) -> Iterator[Case]:
    """Yield every load of the matrix.

    Each mistake is said by each source, with the schema that is small; the large one is combined
    with sources in turn, but for what is most important.
    """
    together: tuple[tuple[Any, Any], ...] = (
        (Vault, FAULTS | OF_VAULT),
        (Plain, FAULTS),
        (ServiceMeshConfig, OF_MESH),
    )
    for schema, faults in together:
        model = model_of(schema)
        for row, (fault, make) in enumerate(faults.items()):
            found = make(model, canaries)
            for column, (source, say) in enumerate(SOURCES.items()):
                turns = _TURNS[schema]
                if (row + column) % turns == 0 or source in EVERYWHERE or fault == "none":
                    yield _case(schema, source, fault, found, say(schema, found))
    for schema in (Aged, Expired):
        for row, (fault, found) in enumerate(aged_documents(canaries)):
            for column, (source, say) in enumerate(SOURCES.items()):
                in_turn = (row + column) % 4 == 0 or source in EVERYWHERE
                if in_turn and "Secret" not in source and "one's own" not in source:
                    yield _case(schema, source, fault, found, say(schema, found))
    for make_cases in (_texts, _environments, _files_gone_wrong, _sources_gone_wrong):
        yield from make_cases(canaries)


def _case(schema: Any, source: str, fault: str, found: Document, prepare: Any) -> Case:
    shifts = source in ("TOML, one line each", "TOML, long", "variables with JSON")
    return Case(
        schema=schema,
        source=source,
        fault=fault,
        canaries=planted(found) | _keys(found),
        prepare=prepare,
        shifts=shifts,
    )


def _keys(document: Document) -> frozenset[Any]:
    return frozenset(
        part
        for path, _ in leaves(document)
        for part in path
        if isinstance(part, str) and MARK in part
    )


# --- Texts that are no TOML, and too much of it ------------------------------------------


def _lines_of(canaries: Canaries) -> Iterator[tuple[str, str, str]]:
    """Yield table, key and value of secrets of each place, as TOML has them."""
    text = json.dumps(canaries.text("text"), ensure_ascii=False)
    yield "", "text", text
    yield "", "pin", str(canaries.number("pin"))
    yield "", "many", f"[{text}, {text}]"
    yield "", "named", f"{{ one = {text} }}"
    yield "", "text", f'"""\n{text[1:-1]}\n"""'
    yield "", "tokn", text
    yield "group", "token", text
    yield "groups.one", "password", text
    yield "[listed]", "token", text
    yield "either", "password", text
    yield "grop", "token", text


def _texts(canaries: Canaries) -> Iterator[Case]:
    number = 0
    for table, key, value in _lines_of(canaries):
        header = f"[{table}]\n" if table else ""
        line = f"{key} = {value}\n"
        raw = value.strip('"\n')
        broken = {
            "syntax on its line": f"{header}{key} = {value} {value}\n",
            "no quotes": f"{header}{key} = {raw}\n",
            "no end": f"{header}{key} = {value[:-1]}\n",
            "no end, and more": f'{header}{key} = {value[:-1]}\nnumber = 5s\nname = "x\n',
            "bad escape": f'{header}{key} = "{raw}\\q"\n',
            "no sign": f"{header}{key} {value}\n",
            "no key": f"{header}= {value}\n",
            "a colon": f"{header}{key}: {value}\n",
            "no value": f"{header}{value}\n",
            "on the line after": f"{header}{line}number = 5s\n",
            "two lines after": f"{header}{line}\n# {raw}\nnumber = 5s\n",
            "on the line before": f"{header}number = 5s\n{line}",
            "in the next table": f"{header}{line}[more\n{line}",
            "in a comment": f"{header}# {key} = {value}\nx = 5s # {key} = {value}\n",
            "twice": f"{header}{line}{line}",
            "twice, another": f"{header}number = 1\n{line}number = 2\n",
            "a table twice": f"{header}{line}{header or '[text]'}\n{line}",
            "a table of a value": f"{header}{line}[{table + '.' if table else ''}{key}.x]\n{line}",
            "dotted": f"{key}.{value} = {value}\n" if value[0] == '"' else f"{line}{line}",
            "a carriage return": f"{header}{key} = {value}\rnumber = 1\n",
            "a control": f"{header}{key} = {value[:-1]}\x01{value[-1]}\n",
            "no UTF-8 in it": (f"{header}{key} = ", value[:-1], b"\xff", f"{value[-1]}\n"),
            "no UTF-8 after": (f"{header}{line}", b"# \xff\n"),
            "a byte order mark": (b"\xef\xbb\xbf", f"{header}{line}"),
            "NUL in it": f"{header}{key} = {value[:-1]}\x00{value[-1]}\n",
            "a null date": f"{header}{line}when = 2024-99-99\n",
            "too large": f"{header}{line}# {'x' * 1_100_000}\n",
            "too deep": f"{header}{line}deep = {'[' * 70}{value}{']' * 70}\n",
            "too long a key": f"{header}{line}{'.'.join('a' * 40)} = {value}\n",
            "too many digits": f"{header}{key} = {value}\nnumber = {'1' * 5000}\n",
            "a huge number": f"{header}{key} = {str(canaries.number('pin')) * 400}\n",
        }
        for fault, content in broken.items():
            number += 1
            if number % 2 and (table, key) not in (("", "text"), ("", "tokn"), ("group", "token")):
                continue
            parts = content if isinstance(content, tuple) else (content,)
            whole = b"".join(one if isinstance(one, bytes) else one.encode() for one in parts)
            yield Case(
                schema=Vault,
                source="TOML, broken",
                fault=f"{fault}: {key} = {value[:1]}… in [{table}]",
                canaries=frozenset({canaries.text("text"), canaries.number("pin")}),
                prepare=_written(whole),
                shifts=True,
            )
    text = canaries.text("text")
    for fault, content in {
        "too many keys": f'text = "{text}"\n' + "".join(f"k{n} = 1\n" for n in range(30)),
        "a value that is masked, broken beside": f'name = "a\\u{text}"\ntext = "{text}"\n',
    }.items():
        yield Case(
            schema=Vault,
            source="TOML, broken",
            fault=fault,
            canaries=frozenset({text}),
            prepare=_written(content.encode(), max_keys=10),
            shifts=True,
        )


def _written(content: bytes, **options: Any) -> Any:
    def prepare(folder: Path) -> tuple[list[Any], dict[str, Any]]:
        put(folder, "app.toml", content)
        return [File("app.toml", secret_in_file="allow", **options)], {}

    return prepare


# --- Variables ---------------------------------------------------------------------------


def _environments(canaries: Canaries) -> Iterator[Case]:
    text, pin = canaries.text("text"), canaries.number("pin")
    quoted = json.dumps(text)
    sound = {"NEEDED": "x"}
    named: dict[str, dict[str, str]] = {
        "misspelt": {"TEX": text, "GROUP_TOKN": text, "GRUP_TOKEN": text, "GROUPS__A__TOKE": text},
        "unknown": {"XYZ": text},
        "service links": {
            "PORT": f"tcp://{text}:80",
            "SERVICE_HOST": text,
            "PORT_80_TCP": "tcp://10.0.0.1:80",
        },
        "a link in a secret": {"TEXT": f"tcp://10.0.0.1:80/{text}", "PIN": "tcp://10.0.0.1:80"},
        "broken arrays": {"MANY": f"[{quoted}", "LISTED": f'[{{"token": {quoted}}}', "UNIQUE": "["},
        "broken tables": {"NAMED": f"{{{quoted}", "GROUP": f'{{"token": {quoted}, }}'},
        "broken groups": {"GROUPS": f'{{"one": {{"token": {quoted}'},
        "no table": {"GROUP": text, "NAMED": text, "GROUPS": text, "LISTED": text, "EITHER": text},
        "twice in JSON": {"GROUP": f'{{"token": {quoted}, "token": {quoted}}}'},
        "nan in JSON": {"NUMBERS": f'{{"a": NaN, "b": {pin}}}', "MANY": f"[NaN, {quoted}]"},
        "deep JSON": {"NAMED": '{"a":' * 80 + quoted + "}" * 80},
        "long JSON": {"MANY": json.dumps([text] * 60_000)},
        "digits in JSON": {"NUMBERS": f'{{"a": {str(pin) * 400}}}'},
        "no UTF-8": {"TEXT": f"{text}\udcff", "MANY": f'["{text}\udcff"]', "NAME": f"{text}\udcff"},
        "NUL": {"TEXT": f"{text}\0"},
        "escapes": {"TEXT": f"\x1b[31m{text}", "PIN": f"\x1b[31m{pin}"},
        "beside": {"TEXT": text, "NUMBER": "x", "STRICT": "nn", "GROUP_PORT": "http"},
        "no number": {"PIN": f"{pin}x", "LIMITED": text, "WAIT": f"{pin} secs", "SIZE": f"{pin}XB"},
        "old and new": {"LEGACY": text, "RENEWED": text},
        "an element": {"MANY": f"{text},{text}", "GROUP_PINS": f"{pin},{text}"},
        "by its own name": {"BY_ANOTHER_NAME": text, "ELSEWHERE": text},
        "empty": {"PIN": "", "TEXT": "", "BARE": text},
    }
    for fault, some in named.items():
        for source in ("variables", ".env", "NAME_FILE"):
            environ = {f"VAULT_{name}": one for name, one in {**sound, **some}.items()}
            unsayable = any("\0" in one or "\udcff" in one for one in environ.values())
            if source == ".env" and unsayable:
                continue
            yield Case(
                schema=Vault,
                source=source,
                fault=fault,
                canaries=frozenset({text, pin}),
                prepare=_by(source, environ),
                shifts=True,
            )
    lines: dict[str, str | bytes] = {
        "no sign": f"VAULT_TEXT {text}\n",
        "no name": f"={text}\n",
        "a value alone": f"{text}\n",
        "no end": f'VAULT_TEXT="{text}\n',
        "junk": f'VAULT_TEXT="{text}" {text}\n',
        "a bad name": f"VAULT-TEXT={text}\nexport\n",
        "no UTF-8": f"VAULT_TEXT={text}\n".encode() + b"\xff",
        "too large": f"VAULT_TEXT={text}\n" + "#" * 1_100_000,
        "expanded": f"VAULT_TEXT=${{X:-{text}}}\nVAULT_NUMBER=$VAULT_TEXT\n",
        "twice": f"VAULT_TEXT={text}\nVAULT_TEXT={text}\n",
    }
    for fault, content in lines.items():
        yield Case(
            schema=Vault,
            source=".env, broken",
            fault=fault,
            canaries=frozenset({text}),
            prepare=_env_file(content),
            shifts=True,
        )
    yield Case(
        schema=Vault,
        source="NAME_FILE",
        fault="both",
        canaries=frozenset({text}),
        prepare=_both(text),
    )


def _by(source: str, environ: dict[str, str]) -> Any:
    def prepare(folder: Path) -> tuple[list[Any], dict[str, Any]]:
        if source == "variables":
            return [], {"environ": environ}
        if source == ".env":
            put(folder, ".env", dotenv(environ))
            return [DotEnv(".env", "VAULT_")], {}
        for name, one in environ.items():
            put(folder, name, one.encode(errors="surrogateescape"))
        return [], {"environ": {f"{name}_FILE": name for name in environ}}

    return prepare


def _env_file(content: str | bytes) -> Any:
    def prepare(folder: Path) -> tuple[list[Any], dict[str, Any]]:
        put(folder, ".env", content)
        return [DotEnv(".env", "VAULT_")], {}

    return prepare


def _both(text: str) -> Any:
    def prepare(folder: Path) -> tuple[list[Any], dict[str, Any]]:
        put(folder, "text", text)
        environ = {"VAULT_TEXT": text, "VAULT_TEXT_FILE": "text", "VAULT_NEEDED": "x"}
        return [], {"environ": environ}

    return prepare


# --- Files and other sources --------------------------------------------------------------


def _files_gone_wrong(canaries: Canaries) -> Iterator[Case]:
    text = canaries.text("text")

    def case(source: str, fault: str, prepare: Any) -> Case:
        return Case(
            schema=Vault,
            source=source,
            fault=fault,
            canaries=frozenset({text}),
            prepare=prepare,
        )

    def of_secrets(act: Callable[[Path], None]) -> Any:
        def prepare(folder: Path) -> tuple[list[Any], dict[str, Any]]:
            put(folder, "secrets/text", text)
            put(folder, "secrets/many", json.dumps([text, text]))
            act(folder)
            return [SecretsDirectory("secrets")], {"environ": {"VAULT_NEEDED": "x"}}

        return prepare

    def linked(folder: Path) -> None:
        put(folder, "outside", text)
        (folder / "secrets/bare").symlink_to("../outside")
        (folder / "secrets/plain").symlink_to("plain")

    def in_place(folder: Path) -> None:
        put(folder, "secrets/bare/inner", text)

    def by_file(content: bytes | None) -> Any:
        def prepare(folder: Path) -> tuple[list[Any], dict[str, Any]]:
            if content is None:
                put(folder, "text/inner", text)
            else:
                put(folder, "text", content)
            environ = {"VAULT_TEXT_FILE": "text", "VAULT_PLAIN_FILE": "none", "VAULT_BARE": text}
            return [], {"environ": environ}

        return prepare

    directory = "SecretsDirectory"
    yield case(directory, "open", of_secrets(lambda one: (one / "secrets/text").chmod(0o644)))
    yield case(directory, "linked", of_secrets(linked))
    yield case(directory, "a directory", of_secrets(in_place))
    yield case(
        directory, "no UTF-8", of_secrets(lambda one: _add(put(one, "secrets/text", b"\xff"), text))
    )
    yield case(
        directory, "too large", of_secrets(lambda one: _add(one / "secrets/text", text * 3000))
    )
    yield case(directory, "NUL", of_secrets(lambda one: _add(one / "secrets/text", f"\0{text}")))
    yield case("NAME_FILE", "a directory", by_file(None))
    yield case("NAME_FILE", "no UTF-8", by_file(text.encode() + b"\xff"))
    yield case("NAME_FILE", "too large", by_file(text.encode() * 3000))
    yield case("NAME_FILE", "NUL", by_file(text.encode() + b"\0"))
    yield case("NAME_FILE", "a mark", by_file(b"\xef\xbb\xbf" + text.encode()))

    def missing(folder: Path) -> tuple[list[Any], dict[str, Any]]:
        return ["none.toml", Own({"text": text})], {}

    def unreadable(folder: Path) -> tuple[list[Any], dict[str, Any]]:
        put(folder, "app.toml/inner", text)
        return ["app.toml", DotEnv("none", "VAULT_")], {"environ": {"VAULT_TEXT": text}}

    def profile(folder: Path) -> tuple[list[Any], dict[str, Any]]:
        put(folder, "app.toml", f"text = {json.dumps(text)}\n")
        return ["app.toml"], {"environ": {"VAULT_PROFILE": "../No", "VAULT_TEXT": text}}

    yield case("TOML", "not found", missing)
    yield case("TOML", "a directory", unreadable)
    yield case("TOML", "a profile", profile)


def _add(path: Path, text: str) -> None:
    path.write_bytes(path.read_bytes() + text.encode())


def _sources_gone_wrong(canaries: Canaries) -> Iterator[Case]:
    text = canaries.text("text")

    @attrs.frozen
    class Broken:
        """A source that breaks its word."""

        act: Callable[[], Any]
        token: str = text

        def read(self, _: Model) -> Any:
            """Break it."""
            return self.act()

    def fail() -> None:
        try:
            raise KeyError(text)  # noqa: TRY301 - its context is what is looked for
        except KeyError as error:
            raise OSError(text) from error

    acts: dict[str, Callable[[], Any]] = {
        "raises": fail,
        "gives a text": lambda: text,
        "gives a list": lambda: Layer("own", "own", [text]),  # type: ignore[arg-type]
        "gives objects": lambda: Layer("own", "own", {"text": Secret(text), "pin": fail}),
        "remote": lambda: Layer("own", "own", {"local": text, "text": text}, remote=True),
    }
    for fault, act in acts.items():
        yield Case(
            schema=Vault,
            source="a source of one's own",
            fault=fault,
            canaries=frozenset({text}),
            prepare=_given(Broken(act)),
        )


def _given(source: Any) -> Any:
    return lambda _: ([source], {})
