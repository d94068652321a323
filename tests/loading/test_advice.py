"""What reports advise: where a missing value belongs, what a stray variable was meant to be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import attrs
import pytest
from annotated_types import Ge

from meshconf import ConfigError, Secret, read, rule, setting

if TYPE_CHECKING:
    from pathlib import Path


@attrs.frozen(kw_only=True)
class Mail:
    """An optional group."""

    host: str
    port: int = 25


@attrs.frozen(kw_only=True)
class Queue:
    """An entry of a map."""

    url: str
    workers: int = setting(1, ge=1)


@attrs.frozen(kw_only=True)
class Site:
    """An entry that holds a group."""

    mail: Mail = Mail(host="localhost")


@attrs.frozen(kw_only=True)
class App:
    """A schema with what reports advise about."""

    name: str = "app"
    mail: Mail | None = None
    queues: Mapping[str, Queue] = setting(attrs.Factory(dict))
    sites: Mapping[str, Site] = setting(attrs.Factory(dict))


@attrs.frozen(kw_only=True)
class Locked:
    """A required secret."""

    password: Secret[str]


@attrs.frozen(kw_only=True)
class Renamed:
    """A setting that had another name."""

    new: int = setting(0, renamed_from="old")


def problems(text: str, schema: Any, folder: Path, **variables: str) -> list[Any]:
    """Load a file and variables; return what was found."""
    (folder / "app.toml").write_text(text)
    try:
        found = read(
            str(folder / "app.toml"), schema=schema, prefix="APP_", environ=variables
        ).warnings
    except ConfigError as error:
        return list(error.problems)
    return list(found)


class TestMissing:
    def test_belongs_under_its_header(self, tmp_path: Path):
        """Where the table stands in the file, the report points at it and names the bare key."""
        (problem,) = problems('name = "x"\n\n[mail]\nport = 26\n', App, tmp_path)

        assert 'add `host = "…"` under [mail], or set APP_MAIL_HOST' == problem.help
        assert (3, 1) == (problem.origin.line, problem.origin.column)

    def test_needs_a_table_of_its_own(self, tmp_path: Path):
        """Where no table stands, the report says which one to add."""
        (problem,) = problems("", App, tmp_path, APP_MAIL_PORT="26")
        file = tmp_path / "app.toml"
        expected = f'add a table [mail] with `host = "…"` to {file}, or set APP_MAIL_HOST'

        assert expected == problem.help

    def test_tells_what_makes_an_optional_group_be_there(self, tmp_path: Path):
        """A setting of an optional group is only missed because something else of it is set."""
        (problem,) = problems("", App, tmp_path, APP_MAIL_PORT="26")

        assert (
            "`mail` is optional; environment variable APP_MAIL_PORT sets a part of it"
            in problem.notes
        )

    def test_secret_belongs_in_no_file(self, tmp_path: Path):
        """A missing secret is asked for by variable, not in the file."""
        (problem,) = problems("", Locked, tmp_path)

        assert "set APP_PASSWORD or APP_PASSWORD_FILE" == problem.help


class TestStrayVariables:
    @pytest.mark.parametrize(
        "name",
        ["APP_QUEUES_MAIL_WORKERS", "APP_QUEUES__MAIL_WORKERS", "APP_QUEUES__MAIL__WORKRES"],
    )
    def test_of_an_entry(self, name: str, tmp_path: Path):
        """A variable that misses the spelling of an entry's setting is told the right one."""
        text = '[queues.mail]\nurl = "x"\nworkers = 4\n'
        (problem,) = problems(text, App, tmp_path, **{name: "6"})
        origin = f"{tmp_path / 'app.toml'}:3:11"

        assert "did you mean APP_QUEUES__MAIL__WORKERS?" == problem.help
        assert f"`queues.mail.workers` is 4 ({origin}); {name} has no effect" == problem.notes[0]

    @pytest.mark.parametrize(
        ("name", "below"),
        [
            ("APP_MAIL", "APP_MAIL_HOST"),
            ("APP_QUEUES", "APP_QUEUES__NAME__URL"),
            ("APP_SITES__X__MAIL", "APP_SITES__X__MAIL_HOST"),
        ],
    )
    def test_of_a_group(self, name: str, below: str, tmp_path: Path):
        """A group's variable without JSON is told which variables there are below it."""
        (problem,) = problems("", App, tmp_path, **{name: "x"})

        assert f"use the variables below it, such as {below}" == problem.help

    def test_ignored_beside_a_problem(self):
        """Variables that are to be ignored are not told of beside other problems either."""
        with pytest.raises(ConfigError) as caught:
            read(schema=Locked, prefix="APP_", environ={"APP_NOPE": "1"}, unknown_env="ignore")

        assert ["MC102"] == [problem.code for problem in caught.value.problems]

    def test_of_an_old_name(self, tmp_path: Path):
        """A variable under an old name is told its new one."""
        (problem,) = problems("", Renamed, tmp_path, APP_OLD="1")

        assert ("MC104", "rename APP_OLD to APP_NEW") == (problem.code, problem.help)

    def test_name_is_cut_where_it_is_shown(self, tmp_path: Path):
        """A name of thousands of letters does not fill the report or the log."""
        (problem,) = problems("", App, tmp_path, **{"APP_" + "X" * 5000: "1"})

        assert len(problem.message) < 200


@attrs.frozen
class Account:
    """A group that asks for something."""

    owner: str
    limit: int


@attrs.frozen
class Bank:
    """It asks for something in every place."""

    title: str
    vault: Account
    accounts: dict[str, Account] = setting(attrs.Factory(dict))
    rows: tuple[Account, ...] = ()


FULL = 'owner = "x"\nlimit = 1\n'
VAULT = f"[vault]\n{FULL}"


class TestMisspelt:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            (f'titel = "x"\n{VAULT}', ["MC101 titel"]),
            (f'title = "x"\n[valut]\n{FULL}', ["MC101 valut"]),
            ('title = "x"\n[valut]\nOWNER = "x"\n', ["MC102 vault.limit", "MC101 valut"]),
            ('title = "x"\nvalut = 5\n', ["MC101 valut"]),
            (f'title = "x"\n{VAULT}limits = 1\n', ["MC101 vault.limits"]),
            (
                f'title = "x"\n{VAULT}[accounts.a]\nownr = "x"\nlimit = 1\n',
                ["MC101 accounts.a.ownr"],
            ),
            (f'title = "x"\n{VAULT}[acounts.a]\n{FULL}', ["MC101 acounts"]),
            (f'title = "x"\n{VAULT}[acounts]\na = 1\n', ["MC101 acounts"]),
            (
                f'title = "x"\n{VAULT}[[rows]]\nownr = "x"\n',
                ["MC102 rows[0].limit", "MC101 rows[0].ownr"],
            ),
        ],
    )
    def test_is_not_missing_too(self, text: str, expected: list[str], tmp_path: Path):
        """What a misspelt key was to set is told with the key, and not as missing besides."""
        found = problems(text, Bank, tmp_path)

        assert expected == [f"{one.code} {one.path}" for one in found]

    def test_in_overrides(self):
        """So it is where the misspelt key has an object, or holds what is no key."""
        with pytest.raises(ConfigError) as caught:
            read(
                schema=Bank,
                prefix=None,
                overrides={"title": "x", "valut": Account("x", 1), "acounts": {"a": {5: 5}}},
            )

        assert ["valut", "acounts"] == [one.path for one in caught.value.problems]


class TestTables:
    @pytest.mark.parametrize("text", ['[queues]\nurl = "x"\n', "queues = 5\n"])
    def test_of_entries(self, text: str, tmp_path: Path):
        """What stands in the place of an entry is told how entries are written."""
        (problem,) = problems(text, App, tmp_path)

        assert "each entry is a table of its own: [queues.NAME]" == problem.help


@attrs.frozen(kw_only=True)
class Store:
    """A group with a secret, whose first key that a file may hold is not its first."""

    key: Secret[int] | None = None
    mail: Mail | None = None
    size: int = 1
    path: str


@attrs.frozen(kw_only=True)
class Vault:
    """A group that no file may hold anything of."""

    key: Secret[int] | None = None


@attrs.frozen(kw_only=True)
class Stores:
    """A schema of groups."""

    store: Store | None = None
    main: Store
    vault: Vault = Vault()
    more: tuple[Site, ...] = ()
    vaults: Mapping[str, Vault] = setting(attrs.Factory(dict))


class TestValueForAGroup:
    @pytest.mark.parametrize("value", ['"s3cr3t"', "4711", "[4711, 12]", '["s3cr3t", 4711]'])
    @pytest.mark.parametrize("name", ["main", "store"])
    def test_is_shown_without_what_may_be_a_secret(self, name: str, value: str, tmp_path: Path):
        """The line is shown with its caret, and help; what stands for a secret is left out."""
        rest = "" if name == "main" else "main.path = ''"
        text = f"{name} = {value}\n{rest}\n"
        (problem,) = problems(text, Stores, tmp_path)
        (line,) = problem.excerpts[0].lines

        assert f"{name} = …" == line.text
        assert len(name) == line.marks[0].width
        assert f'write a table: [{name}] with `path = "…"` under it' == problem.help

    def test_is_the_only_problem(self, tmp_path: Path):
        """What is required of the group is not said to be missing too."""
        (problem,) = problems('main = "x"\n', Stores, tmp_path, APP_MAIN_SIZE="2")

        assert "MC201" == problem.code

    def test_in_a_file_of_secrets_only(self, tmp_path: Path):
        """A group without a key for files is written as its header."""
        (problem,) = problems("vault = 1\nmain.path = ''", Stores, tmp_path)

        assert "write a table: [vault]" == problem.help

    def test_within_an_array(self, tmp_path: Path):
        """Where no header leads, the table is written in line."""
        (problem,) = problems("more = [{ mail = 1 }]\nmain.path = ''", Stores, tmp_path)

        assert 'write a table: mail = { host = "…" }' == problem.help

    def test_in_a_variable(self, tmp_path: Path):
        """A text that is no TOML is told nothing about headers."""
        (problem,) = problems("main.path = ''", Stores, tmp_path, APP_MORE='[{"mail": 1}]')

        assert problem.help is None


@attrs.frozen(kw_only=True)
class Bounded:
    """A schema of floats with bounds."""

    quality: float = setting(0.5, le=1)
    steps: tuple[Annotated[float, setting(ge=0)], ...] = ()


class TestNumber:
    @pytest.mark.parametrize(
        ("text", "variables", "got"),
        [
            ("quality = 80", {}, "80"),
            ("quality = 80.0", {}, "80.0"),
            ("quality = 80.5", {}, "80.5"),
            ("steps = [0, -1]", {}, "-1"),
            ("", {"APP_QUALITY": "80"}, "80"),
        ],
    )
    def test_is_said_as_it_is_written(
        self, text: str, variables: dict[str, str], got: str, tmp_path: Path
    ):
        """A whole number for a float is not given a fraction that its source has not."""
        (problem,) = problems(text, Bounded, tmp_path, **variables)

        assert problem.message.endswith(f", got {got}")


@attrs.frozen(kw_only=True)
class Switched:
    """A schema of a boolean."""

    debug: bool = False


class TestBoolean:
    @pytest.mark.parametrize(
        ("written", "remedy"),
        [
            ('"yes"', "write a boolean: debug = true"),
            ('"True"', "write a boolean: debug = true"),
            ("1", "write a boolean: debug = true"),
            ('"off"', "write a boolean: debug = false"),
            ('"true"', "remove the quotes: debug = true"),
            ('"maybe"', None),
            ("2", None),
            ("1.0", None),
        ],
    )
    def test_in_other_words(self, written: str, remedy: str | None, tmp_path: Path):
        """What surely stands for true or false is told how to be written."""
        (problem,) = problems(f"debug = {written}", Switched, tmp_path)

        assert remedy == problem.help


@attrs.frozen(kw_only=True)
class Listed:
    """A schema of arrays."""

    sizes: tuple[Annotated[int, Ge(1)], ...] = ()
    tags: list[str] | None = None
    keys: list[Secret[str]] = []
    pairs: list[list[int]] = []


class TestArray:
    @pytest.mark.parametrize(
        ("text", "remedy"),
        [
            ('sizes = "128,256"', "write an array: sizes = [128, 256]"),
            ('sizes = "128"', "write an array: sizes = [128]"),
            ('tags = "a, b"', 'write an array: tags = ["a", "b"]'),
            ('sizes = "128;256"', None),
            ('sizes = " "', None),
            ("sizes = 128", None),
            ('keys = "hunter2,canary"', None),
            ('pairs = "1,2"', None),
        ],
    )
    def test_as_a_variable_has_it(self, text: str, remedy: str | None, tmp_path: Path):
        """A text with commas is told how the file writes it as an array, unless it is secret."""
        found = problems(text, Listed, tmp_path)

        assert [remedy] == [problem.help for problem in found if problem.code == "MC201"]


class TestTableForAValue:
    @pytest.mark.parametrize(
        ("text", "place"),
        [
            ("[mail]\nhost = 'x'\nport.x = 1\nport.y = 2\n", (3, 1)),
            ("[mail]\nhost = 'x'\n[mail.port.x]\ny = 1\n", (3, 7)),
            ("[mail]\nhost = 'x'\n[[mail.port]]\ny = 1\n", (3, 8)),
            ("mail = { host = 'x', port.x = 1 }\n", (1, 22)),
        ],
        ids=["dotted", "header", "array of tables", "inline"],
    )
    def test_is_where_its_key_first_stands(self, text: str, place: tuple[int, int], tmp_path: Path):
        """A table that no header of its own opens is shown by its name, and not by what holds it."""
        (problem,) = problems(text, App, tmp_path)

        assert ("mail.port", *place) == (problem.path, problem.origin.line, problem.origin.column)
        assert 4 == problem.excerpts[0].lines[-1].marks[0].width


class TestSeveral:
    def test_places_are_named_for_a_group(self, tmp_path: Path):
        """A group that variables set is explained by the first of them."""
        snapshot = read(
            schema=App, prefix="APP_", environ={"APP_MAIL_HOST": "h", "APP_MAIL_PORT": "1"}
        )

        assert "environment variable APP_MAIL_HOST" == str(snapshot.origin("mail"))


class TestArguments:
    def test_pattern_may_be_one_text(self):
        """One pattern of variables to ignore need not be a list."""
        environ = {"APP_X_A": "1", "APP_NOPE": "1"}
        found = read(schema=App, prefix="APP_", environ=environ, unknown_env_ignore="APP_X_*")

        assert ["APP_NOPE"] == [problem.origin.name for problem in found.warnings if problem.origin]

    @pytest.mark.parametrize(
        ("source", "said"),
        [
            (App, "pass it as schema=App"),
            (["a.toml"], "several arguments"),
            (5, "int is neither"),
        ],
    )
    def test_source_of_a_wrong_kind(self, source: Any, said: str):
        """What is no source is refused with the way to pass it."""
        with pytest.raises(TypeError, match=said):
            read(source, schema=App, prefix="APP_")


class TestSharedRules:
    def test_breach_of_what_is_inherited_is_told_once(self, tmp_path: Path):
        """A rule over groups that root and entries share is told where its values come from."""

        def fits(first: Mail, second: Mail) -> str | None:
            return "ports differ" if first.port != second.port else None

        shared = rule("one", "two", level="warning")(fits)

        @attrs.frozen(kw_only=True)
        class Entry:
            one: Mail = setting(Mail(host="a"), inherits="one")
            two: Mail = setting(Mail(host="a"), inherits="two")
            ports_are_equal = shared

        @attrs.frozen(kw_only=True)
        class Root:
            one: Mail = Mail(host="a")
            two: Mail = Mail(host="a")
            entries: Mapping[str, Entry] = setting(attrs.Factory(dict))
            ports_are_equal = shared

        Root.__annotations__["entries"] = Mapping[str, Entry]
        Entry.__annotations__.update(one=Mail, two=Mail)
        found = problems("[one]\nport = 1\n[entries.x]\n[entries.y]\n", Root, tmp_path)

        assert ["ports differ"] == [problem.message for problem in found]


@attrs.frozen
class Row:
    """An element of a list."""

    size: int = 5


@attrs.frozen
class Lists:
    """Lists and mappings of groups."""

    rows: list[Row] = attrs.Factory(list)
    grid: list[list[Row]] = attrs.Factory(list)
    named: Mapping[str, list[Row]] = attrs.Factory(dict)
    numbers: list[int] = attrs.Factory(list)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("rows[0].size", "rows = [{ sise = 1 }]"),
        ("grid[0][1].size", "grid = [[{}, { sise = 1 }]]"),
        ("named.a[0].size", "named.a = [{ sise = 1 }]"),
    ],
)
def test_default_in_an_element(path: str, text: str, tmp_path: Path) -> None:
    """The default of a setting in an element of a list is known, however the list is held."""
    file = tmp_path / "app.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read(file, schema=Lists, prefix=None)
    (problem,) = caught.value.problems

    assert (f"`{path}` is set nowhere else, so its default 5 would be used",) == problem.notes
