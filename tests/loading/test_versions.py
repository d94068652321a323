"""Files of earlier versions, and variables with the names of then."""

from __future__ import annotations

import datetime as dt
import logging
from typing import TYPE_CHECKING, Any

import attrs
import pytest

import meshconf
from meshconf import ConfigError, Layer, Seconds, Secret, configuration, edits, setting, step

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from meshconf import Origin, Problem, Snapshot


@attrs.frozen(kw_only=True)
class Database:
    """Where data are."""

    host: str = "localhost"
    port: int = setting(5432, ge=1, le=65535)
    password: Secret[str] | None = None


@attrs.frozen(kw_only=True)
class Upstream:
    """A service that is called."""

    attempts: int = setting(3, ge=1)


def seconds(milliseconds: Any) -> Any:
    """Turn milliseconds into seconds."""
    return milliseconds / 1000


def parts(address: str) -> list[Any]:
    """Split an address."""
    host, _, port = address.partition(":")
    return [host, int(port) if port else None]


STEPS = (
    step(
        2,
        edits.rename("db", "database", reason="one word for it"),
        edits.move("database.pw", "database.password"),
        edits.rename("upstreams.*.tries", "attempts"),
        since="2.0",
        removed_in="3.0",
    ),
    step(
        3,
        edits.move("timeout_ms", "timeout"),
        edits.convert("timeout", seconds, loses="what is below a millisecond"),
        edits.split("address", ["host", "port"], parts),
        edits.remove("debug", reason="use the logger"),
        edits.set_default("workers", 2),
        since="2.1",
    ),
)


def schema_of(release: str = "2.1") -> Any:
    """Make the class as a release has it."""

    @configuration(prefix="APP_", file="app.toml", version=3, steps=STEPS, release=release)
    @attrs.frozen(kw_only=True)
    class App:
        name: str = "app"
        host: str = "0.0.0.0"  # noqa: S104 - a default like any other
        port: int = setting(80, ge=1)
        timeout: Seconds = 1.0
        workers: int = 8
        database: Database = Database()
        upstreams: dict[str, Upstream] = attrs.Factory(dict)

    return App


App = schema_of()


@pytest.fixture(name="found")
def _found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Return a function that loads a text and returns the snapshot or the error."""
    monkeypatch.chdir(tmp_path)

    def found(text: str, schema: Any = App, **environ: str) -> Any:
        (tmp_path / "app.toml").write_text(text)
        try:
            return meshconf.read("app.toml", schema=schema, environ=environ)
        except ConfigError as error:
            return error

    return found


def problems_of(found: Any) -> tuple[Problem, ...]:
    """Return all that a load found."""
    return found.problems if isinstance(found, ConfigError) else found.warnings


def told(found: Any) -> list[tuple[str, str, str]]:
    """Return severity, code and message of each problem."""
    return [(one.severity, one.code, one.message) for one in problems_of(found)]


def the_only(found: Any, code: str) -> Problem:
    """Return the one problem of a code."""
    (problem,) = [one for one in problems_of(found) if one.code == code]
    return problem


class TestVersion:
    """A file says which layout it has."""

    def test_absent_means_one(self, found):
        """A file that says nothing has the first layout."""
        assert 0.5 == found("timeout_ms = 500").config.timeout

    @pytest.mark.parametrize(("version", "timeout"), [(1, 0.5), (2, 0.5)])
    def test_starts_the_steps_after_it(self, found, version: int, timeout: float):
        """Only the steps that follow the version of the file are made."""
        assert timeout == found(f"config_version = {version}\ntimeout_ms = 500").config.timeout

    def test_current(self, found):
        """A file of the current version is read as it is, without the steps."""
        snapshot = found("config_version = 3\ntimeout = 500")

        assert (500.0, 8, []) == (snapshot.config.timeout, snapshot.config.workers, told(snapshot))

    def test_a_layout_that_is_new_already(self, found):
        """A file without a version that has nothing old is fine as it is."""
        snapshot = found('[database]\nhost = "db"\n[upstreams.a]\nattempts = 2\n')
        codes = [one.message for one in problems_of(snapshot)]

        assert "db" == snapshot.config.database.host
        # But for the default that it was written with.
        assert ["app.toml has the layout of version 1, which is older than 3"] == codes

    def test_a_value_that_is_new_already(self, found):
        """A key of the new layout is no old value, though the file does not say its version."""
        assert 3 == found("timeout = 3").config.timeout

    def test_newer(self, found):
        """A file that is newer than the code is refused, both versions named."""
        assert [
            (
                "error",
                "MC501",
                "app.toml has config_version 99; this program knows versions up to 3",
            )
        ] == told(found("config_version = 99\nwhatever = 1"))

    @pytest.mark.parametrize("version", ['"2"', "2.0", "true", "0", "-1", "[2]"])
    def test_of_a_wrong_type(self, found, version: str):
        """What is no version is told as such."""
        problem = the_only(found(f"config_version = {version}"), "MC201")

        assert "`config_version` must be an integer from 1 to 3, got " in problem.message
        assert "app.toml:1:18" == str(problem.origin)

    def test_nothing_is_written(self, found, tmp_path):
        """A load never changes the file."""
        text = "# mine\ntimeout_ms = 500\n"
        found(text)

        assert text == (tmp_path / "app.toml").read_text()

    def test_each_file_of_a_stack_has_its_own(self, found, tmp_path):
        """Files of different versions are merged in the current layout; one may hold one group."""
        (tmp_path / "old.toml").write_text('[db]\nhost = "old"\nport = 1\n')
        (tmp_path / "new.toml").write_text("config_version = 3\n[database]\nport = 2\n")
        snapshot = meshconf.read("old.toml", "new.toml", schema=App, environ={})

        assert Database(host="old", port=2) == snapshot.config.database

    def test_old_defaults_are_those_of_the_first_file(self, tmp_path):
        """What lies over a file keeps no default of its own, and a missing file has none."""
        base, over = tmp_path / "base.toml", tmp_path / "over.toml"
        base.write_text("workers = 5\n")
        over.write_text("timeout_ms = 500\n")
        missing = meshconf.File(tmp_path / "missing.toml", optional=True)

        def workers(*sources: Any) -> int:
            found: int = meshconf.load(*sources, schema=App, environ={}).workers
            return found

        assert [5, 2, 2, 8] == [
            workers(base, over),
            workers(over),
            workers(missing, over),
            workers(missing),
        ]

    def test_old_defaults_of_entries(self, tmp_path):
        """An entry that only a later file has keeps the old default too."""

        @configuration(
            prefix="E_", version=2, steps=[step(2, edits.set_default("ups.*.host", "old"))]
        )
        @attrs.frozen
        class Entries:
            @attrs.frozen
            class Entry:
                host: str = "new"
                port: int = 1

            ups: dict[str, Entry] = attrs.Factory(dict)

        base, over = tmp_path / "base.toml", tmp_path / "over.toml"
        base.write_text('[ups.a]\nhost = "mine"\n')
        over.write_text("[ups.a]\nport = 2\n[ups.b]\nport = 3\n")

        ups = meshconf.load(base, over, schema=Entries, environ={}).ups

        assert {"a": ("mine", 2), "b": ("old", 3)} == {
            name: (entry.host, entry.port) for name, entry in ups.items()
        }

    def test_a_value_whose_parts_stand_in_two_files(self, tmp_path):
        """What a step joins has to stand in one file."""

        @configuration(
            prefix="J_",
            version=2,
            steps=[step(2, edits.join(["host", "port"], "address", "{}:{}".format))],
        )
        @attrs.frozen
        class Joined:
            address: str = ""

        base, over = tmp_path / "base.toml", tmp_path / "over.toml"
        base.write_text('host = "h"\nport = 1\n')
        over.write_text("port = 2\n")

        assert "h:1" == meshconf.load(base, schema=Joined, environ={}).address
        with pytest.raises(ConfigError, match="whose other parts stand in another file"):
            meshconf.load(base, over, schema=Joined, environ={})

    def test_two_schemas(self, tmp_path):
        """Each schema has a history of its own."""

        @configuration(prefix="O_", version=2, steps=[step(2, edits.rename("timeout_ms", "age"))])
        @attrs.frozen
        class Other:
            age: int = 0

        file = tmp_path / "app.toml"
        file.write_text("timeout_ms = 500")

        assert 500 == meshconf.load(file, schema=Other).age
        assert 0.5 == meshconf.load(file, schema=App).timeout

    def test_a_source_of_ones_own(self):
        """A document from elsewhere has versions too; what sets single values has none."""

        class Store:
            def read(self, model: object) -> Layer:
                return Layer("store", "kv/app", {"timeout_ms": 500})

        snapshot = meshconf.read(Store(), schema=App, environ={})
        problem = the_only(snapshot, "MC502")

        assert 0.5 == snapshot.config.timeout
        assert "mend it by `meshconf migrate --to current - < DOCUMENT`" == problem.help
        assert "kv/app" == str(problem.origin)

    def test_overrides_have_none(self):
        """Overrides are in the current layout."""
        with pytest.raises(ConfigError, match="unknown key `timeout_ms`"):
            meshconf.load(schema=App, environ={}, overrides={"timeout_ms": 500})


class TestWarning:
    """One message for a file lists all that is old, and says how to mend it."""

    FIVE = """\
name = "a"
timeout_ms = 500
debug = true
workers = 1

[db]
host = "h"
pw = "hunter2"

[upstreams.a]
tries = 1

[upstreams.b]
tries = 2
"""

    def test_lists_all(self, found):
        """Each old place is a sentence with its releases, its new place and the reason."""
        assert (
            "`db` is deprecated since 2.0, removed in 3.0; use `database` (one word for it)",
            "`db.pw` is deprecated since 2.0, removed in 3.0; use `database.password`",
            (
                "`upstreams.*.tries` is deprecated since 2.0, removed in 3.0; use "
                "`upstreams.*.attempts` (2 places)"
            ),
            "`timeout_ms` is deprecated since 2.1; use `timeout`, which is written otherwise",
            "`debug` has no effect since 2.1 (use the logger)",
        ) == the_only(found(self.FIVE), "MC502").notes

    def test_stands_at_the_first_old_key(self, found):
        """The place is the first one in the file."""
        assert (2, 1) == place(the_only(found(self.FIVE), "MC502").origin)

    def test_is_logged_whole(self, found, caplog):
        """The log has it in one record, with the command."""
        with caplog.at_level(logging.WARNING):
            found("timeout_ms = 500")

        assert [
            (
                "MC502: app.toml has the layout of version 1, which is older than 3; `timeout_ms` "
                "is deprecated since 2.1; use `timeout`, which is written otherwise; `workers` is "
                "not set; it keeps 2, the default of version 2; mend it by `meshconf migrate --to current --write app.toml`"
            )
        ] == [record.getMessage() for record in caplog.records]

    def test_names_the_default_that_is_kept(self, found):
        """A file that relies on an old default keeps it, and is told."""
        snapshot = found("name = 'a'")

        assert 2 == snapshot.config.workers
        assert ("`workers` is not set; it keeps 2, the default of version 2",) == the_only(
            snapshot, "MC502"
        ).notes

    def test_counts_what_is_too_much(self, tmp_path):
        """After fifty sentences the rest is counted."""
        many = [edits.rename(f"a{number}", f"b{number}") for number in range(60)]
        made: Any = attrs.make_class(
            "Many", {f"b{number}": attrs.field(default=0) for number in range(60)}
        )
        made.__annotations__ = {f"b{number}": int for number in range(60)}
        schema = configuration(prefix="M_", version=2, steps=[step(2, *many)])(made)
        file = tmp_path / "many.toml"
        file.write_text("".join(f"a{number} = 1\n" for number in range(60)))
        notes = the_only(meshconf.read(file, schema=schema, environ={}), "MC502").notes

        assert (51, "… and 10 more") == (len(notes), notes[-1])

    def test_is_an_error_once_removed(self, found):
        """The release that was announced refuses the old layout, with the command that mends it."""
        problem = the_only(found("[db]\nport = 1", schema_of("3.0")), "MC502")

        assert ("error", "app.toml has the layout of version 1, which is no longer read") == (
            problem.severity,
            problem.message,
        )
        assert "`db` was removed in 3.0; use `database` (one word for it)" == problem.notes[0]
        assert "mend it by `meshconf migrate --write app.toml`" == problem.help

    def test_stays_a_warning_where_nothing_removed_is_used(self, found):
        """What another step changed is read on."""
        assert 0.5 == found("timeout_ms = 500", schema_of("3.0")).config.timeout


def place(origin: Origin | None) -> tuple[int | None, int | None]:
    """Return line and column."""
    assert origin is not None

    return origin.line, origin.column


class TestDeprecated:
    """A snapshot lists what is in use and will go away, for those who count it."""

    def test_lists_keys_and_variables(self, found):
        """Old keys, old variables and what has no effect any more are listed, each once."""
        snapshot = found(TestWarning.FIVE, APP_DB_PORT="7", APP_DEBUG="1", APP_X="1")

        assert (
            "db",
            "db.pw",
            "upstreams.a.tries",
            "upstreams.b.tries",
            "timeout_ms",
            "debug",
            "APP_DB_PORT",
            "APP_DEBUG",
        ) == snapshot.deprecated

    def test_lists_what_was_renamed_without_a_version(self, tmp_path):
        """So are names that `renamed_from` keeps."""

        @attrs.frozen
        class Renamed:
            new: int = setting(0, renamed_from="old")

        file = tmp_path / "r.toml"
        file.write_text("old = 1\n")

        assert ("old",) == meshconf.read(file, schema=Renamed, prefix=None).deprecated

    def test_is_empty_where_all_is_new(self, found):
        """A current file has none; a default that is kept is none."""
        assert () == found("config_version = 3").deprecated
        assert () == found("name = 'a'").deprecated


class TestPlaces:
    """Values of an old file have the places that they have in the old file."""

    TEXT = "timeout_ms = 500\n[db]\nport = 1\n[upstreams.a]\ntries = 1\n"

    @pytest.mark.parametrize(
        ("path", "expected"),
        [
            ("timeout", (1, 14)),
            ("database.port", (3, 8)),
            ("upstreams.a.attempts", (5, 9)),
            ("host", (1, 11)),
            ("port", (1, 11)),
            ("workers", (None, None)),
        ],
    )
    def test_origin(self, found, path: str, expected: tuple[int, int]):
        """Moved, converted and split values point at what they came from; a kept default nowhere."""
        split = path in ("host", "port")
        text = 'address = "h:1"\n' if split else self.TEXT

        assert expected == place(found(text).origin(path))

    def test_of_a_wrong_value(self, found):
        """A report shows the old line, and the path that the setting has now."""
        error = found('[db]\nport = "8"\n')

        assert """\
error[MC201]: `database.port` must be an integer, got a string
 --> app.toml:2:8
  |
2 | port = "8"
  |        ^^^ a string
  |
  = note: declared as Database.port: int, 1..=65535
  = help: remove the quotes: port = 8
""" in str(error)

    def test_the_remedy_has_the_key_of_the_file(self, found):
        """What can be pasted is in the layout of the file."""
        schema = schema_of_group()
        problem = the_only(found("db.port = '8'\n", schema), "MC201")

        assert "remove the quotes: port = 8" == problem.help
        assert "remove the quotes: x = 8" == the_only(found("x = '8'\n", Nested), "MC201").help

    def test_of_a_value_that_a_step_made(self, found):
        """Where a step made the wrong value, the report says of what."""
        error = found('address = "h:0"')
        problem = the_only(error, "MC202")

        assert (1, 11) == place(problem.origin)
        assert (
            "a step made it of `address`, since app.toml has the layout of an earlier version"
            in problem.notes
        )
        assert problem.edit is None

    def test_of_a_group(self, found):
        """A table that a step made stands where the first of its values does."""
        snapshot = found("x = 1", Nested)

        assert (1, 5) == place(snapshot.origin("a"))

    def test_no_remedy_for_what_a_step_made(self, found):
        """How to mend the text is not known where a step made the wrong value of it."""
        schema = schema_with(edits.split("p", ["a.y"], lambda text: [text]))
        problem = the_only(found("p = '1'\n", schema), "MC201")

        assert (None, None) == (problem.help, problem.edit)

    def test_an_edit_fits_the_old_text(self, found):
        """What is certain can be mended in the old file too."""
        edit = the_only(found('[db]\nport = "8"\n'), "MC201").edit

        assert edit is not None
        assert ("8", 2, 8) == (edit.replacement, edit.start.line, edit.start.column)

    def test_unknown_key(self, found):
        """An unknown key of an old table is shown where it stands."""
        problem = the_only(found("[db]\nprot = 1\n"), "MC101")

        assert ("database.prot", (2, 1)) == (problem.path, place(problem.origin))
        assert problem.edit is None


@configuration(prefix="N_", version=2, steps=[step(2, edits.move("x", "a.y"))])
@attrs.frozen
class Nested:
    """A group that version 1 did not have."""

    @attrs.frozen
    class Group:
        """The group."""

        y: int = 0

    a: Group = Group()


@attrs.frozen
class Balancer:
    """A group that once held the services that are called, and now holds others."""

    upstreams: dict[str, Nested.Group] = attrs.field(factory=dict)


def schema_of_group() -> Any:
    """Make a schema whose step moves a setting into a table."""

    @configuration(prefix="G_", version=2, steps=[step(2, edits.move("db.port", "database.port"))])
    @attrs.frozen(kw_only=True)
    class Grouped:
        database: Database = Database()

    return Grouped


def schema_with(*some: Any) -> Any:
    """Make a schema with a step of these edits."""

    @configuration(prefix="F_", version=2, steps=[step(2, *some)])
    @attrs.frozen
    class Stepped:
        a: Nested.Group = Nested.Group()

    return Stepped


class TestBothSet:
    """A setting at its old place and at its new one."""

    def test_to_different_values(self, found):
        """Both places are named, and nothing else is said of them."""
        error = found("[db]\nport = 1\n[database]\nport = 2\n")
        problem = the_only(error, "MC105")

        assert "`db` is now `database`, and both are set, to different values" == problem.message
        assert "keep `database`" == problem.help
        assert [("app.toml:1:2", True), ("app.toml:3:2", False)] == [
            (str(one.origin), one.primary) for one in problem.labels
        ]
        assert ["MC105"] == [one.code for one in problems_of(error) if one.severity == "error"]

    def test_to_the_same(self, found):
        """The same value twice is a warning."""
        snapshot = found("timeout_ms = 1500\ntimeout = 1.5\n")

        assert 1.5 == snapshot.config.timeout
        assert (
            "warning",
            "`timeout_ms` is now `timeout`, and both are set, to the same value",
        ) == (the_only(snapshot, "MC105").severity, the_only(snapshot, "MC105").message)

    def test_and_nothing_else(self, found):
        """Where nothing else is old, that is all that is said."""
        schema = schema_with(edits.rename("old", "a"))
        text = "[old]\ny = 1\n[a]\ny = 1\n"

        assert ["MC105"] == [one.code for one in problems_of(found(text, schema))]

    def test_in_different_forms(self, found):
        """What looks the same means something else where a step converts the old one."""
        problem = the_only(found("timeout_ms = 1\ntimeout = 1\n"), "MC105")

        assert ("error", "keep `timeout`") == (problem.severity, problem.help)

    def test_after_a_conversion_that_fails(self, found):
        """Where the old value cannot be converted, they are different."""
        assert "error" == the_only(found("timeout_ms = 'x'\ntimeout = 1\n"), "MC105").severity

    def test_of_a_split(self, found):
        """Neither is to be kept where each says a part."""
        problem = the_only(found("address = 'h:1'\nport = 2\n"), "MC105")

        assert "remove `address` or `port`" == problem.help

    def test_in_two_files(self, found, tmp_path):
        """In two files, the later one wins, as ever."""
        (tmp_path / "a.toml").write_text("timeout_ms = 1\n")
        (tmp_path / "b.toml").write_text("config_version = 3\ntimeout = 2\n")

        assert 2 == meshconf.load("a.toml", "b.toml", schema=App, environ={}).timeout

    def test_by_renamed_from(self, tmp_path):
        """So it is for a name that was changed without a version."""

        @attrs.frozen
        class Renamed:
            new: int = setting(0, renamed_from="old")

        file = tmp_path / "r.toml"
        file.write_text("old = 0\nnew = 0\n")
        snapshot = meshconf.read(file, schema=Renamed, prefix=None)
        file.write_text("old = 0\nnew = false\n")

        assert [
            (
                "warning",
                "MC104",
                "`old` is an old name; both are set, to the same value: keep `new`",
            )
        ] == told(snapshot)
        with pytest.raises(ConfigError, match="`new` is given twice"):
            meshconf.load(file, schema=Renamed, prefix=None)


class TestFailures:
    """A step that fails is told, at the value that it failed for."""

    def test_is_told_once(self, found):
        """The value is not judged besides, and nothing is said to be missing."""
        error = found('timeout_ms = "soon"')

        assert [
            (
                "error",
                "MC503",
                (
                    "the step to version 3 failed at `timeout_ms`: it raised TypeError in "
                    f"test_versions.py:{seconds.__code__.co_firstlineno + 2}: unsupported operand "
                    "type(s) for /: 'str' and 'int'"
                ),
            )
        ] == [one for one in told(error) if one[0] == "error"]
        assert (1, 14) == place(the_only(error, "MC503").origin)

    def test_of_what_is_around_it(self, found):
        """A value within one that failed is gone with it."""
        failing = schema_with(
            edits.rename("old", "a"),
            edits.convert("a", lambda _: object()),
            edits.convert("a.y", lambda _: object()),
        )

        assert ["old", "old.y"] == [
            one.path for one in problems_of(found("[old]\ny = 1\n", failing)) if one.code == "MC503"
        ]

    def test_of_a_source_without_a_text(self):
        """Where there is no text, the source is named."""

        class Store:
            def read(self, model: object) -> Layer:
                return Layer("store", "kv/app", {"timeout_ms": "x", "db": 1, "database": {}})

        with pytest.raises(ConfigError) as caught:
            meshconf.load(Store(), schema=App, environ={})

        assert {"MC105", "MC503", "MC502"} <= {one.code for one in caught.value.problems}
        assert {"kv/app"} == {one.origin and one.origin.name for one in caught.value.problems}

    @pytest.mark.parametrize(
        "value",
        [10**4400, [], "\ud800", dt.time(1, tzinfo=dt.timezone.utc), {"a": object()}],
        ids=["number", "cycle", "surrogate", "time", "object"],
    )
    def test_of_what_no_document_can_hold(self, found, value: Any):
        """Whatever a step gives that TOML cannot say is a failure of the step, and nothing worse."""
        if value == []:
            value.append(value)
        error = found("[a]\ny = 1\n", schema_with(edits.convert("a.y", lambda _: value)))

        assert ["MC503"] == [code for severity, code, _ in told(error) if severity == "error"]

    def test_of_a_table(self, found):
        """A value within a table that moved is found too."""
        failing = schema_with(edits.rename("old", "a"), edits.convert("a.y", lambda _: object()))
        problem = the_only(found("[old]\ny = 1\n", failing), "MC503")

        assert (
            "the step to version 2 failed at `old.y`: it gave object, which no document can hold"
            == problem.message
        )
        assert (2, 5) == place(problem.origin)


class TestVariables:
    """Variables have the names of then for as long as files have the layout."""

    @pytest.mark.parametrize(
        ("name", "new", "get"),
        [
            ("APP_DB_PORT", "APP_DATABASE_PORT", lambda app: app.database.port),
            (
                "APP_UPSTREAMS__A__TRIES",
                "APP_UPSTREAMS__A__ATTEMPTS",
                lambda app: app.upstreams["a"].attempts,
            ),
        ],
    )
    def test_old_name(self, found, name: str, new: str, get: Any):
        """An old name is honoured, with a warning that names the new one."""
        snapshot = found("config_version = 3", **{name: "7"})
        ((severity, code, message),) = told(snapshot)

        assert 7 == get(snapshot.config)
        assert ("warning", "MC104") == (severity, code)
        assert message.startswith(
            f"environment variable {name} is deprecated since 2.0, removed in 3.0; use {new}"
        )

    def test_whole_group(self, found):
        """A group as JSON has its old name too."""
        snapshot = found("config_version = 3", APP_DB='{"host": "h", "port": 7}')

        assert Database(host="h", port=7) == snapshot.config.database
        assert ["environment variable APP_DB"] == [str(one.origin) for one in problems_of(snapshot)]

    def test_in_a_file(self, found, tmp_path):
        """So has the variable that names a file."""
        (tmp_path / "port").write_text("7\n")
        snapshot = found("config_version = 3", APP_DB_PORT_FILE=str(tmp_path / "port"))

        assert 7 == snapshot.config.database.port
        assert ["MC104"] == [one.code for one in problems_of(snapshot)]

    def test_removed(self, found):
        """After the announced release an old name is an error with the reason, not unknown."""
        error = found("config_version = 3", schema_of("3.0"), APP_DB_PORT="7")

        assert [
            (
                "error",
                "MC104",
                (
                    "environment variable APP_DB_PORT was removed in 3.0; use APP_DATABASE_PORT "
                    "(one word for it)"
                ),
            )
        ] == told(error)

    def test_of_nothing(self, found):
        """A variable of a setting that is gone says why."""
        problem = the_only(found("config_version = 3", APP_DEBUG="1"), "MC104")

        assert (
            "warning",
            "environment variable APP_DEBUG has no effect since 2.1 (use the logger)",
            "unset APP_DEBUG",
        ) == (problem.severity, problem.message, problem.help)

    def test_of_nothing_in_a_file(self, found):
        """So does one that seems to name a file with it, or ends like one that does."""
        problem = the_only(found("config_version = 3", APP_DEBUG_FILE="/x"), "MC104")

        assert "APP_DEBUG_FILE has no effect" in problem.message

    @pytest.mark.parametrize(
        ("name", "new"),
        [("APP_TIMEOUT_MS", "APP_TIMEOUT"), ("APP_ADDRESS", "APP_HOST and APP_PORT")],
    )
    def test_of_another_form(self, found, name: str, new: str):
        """A variable whose value would mean something else is refused, never guessed at."""
        problem = the_only(found("config_version = 3", **{name: "5"}), "MC104")

        said = f"environment variable {name} is no longer read ("

        assert "error" == problem.severity
        assert problem.message.startswith(said)
        assert problem.message.endswith(f", which it set, has another form since 2.1); use {new}")

    def test_below_a_group_that_moved(self, tmp_path):
        """A value that has another form is refused there too, and so is the group as a whole."""

        @configuration(
            prefix="R_",
            version=2,
            steps=[
                step(2, edits.rename("retries", "retry"), edits.convert("retry.delay", seconds))
            ],
        )
        @attrs.frozen
        class Retrying:
            @attrs.frozen
            class Retry:
                delay: float = 1.0
                attempts: int = 3

            retry: Retry = Retry()

        def problems(**environ: str) -> list[tuple[str, str, str]]:
            try:
                return told(meshconf.read(schema=Retrying, environ=environ))
            except ConfigError as error:
                return told(error)

        assert ["warning"] == [one[0] for one in problems(R_RETRIES_ATTEMPTS="2")]
        assert ["error"] == [one[0] for one in problems(R_RETRIES_DELAY="5.0")]
        assert ["error"] == [one[0] for one in problems(R_RETRIES='{"delay": 5.0}')]
        (tmp_path / "retries.delay").write_text("5.0")
        directory = meshconf.SecretsDirectory(tmp_path)
        assert 1.0 == meshconf.load(directory, schema=Retrying, environ={}).retry.delay

    def test_both(self, found):
        """Old and new name set: to the same it is a warning, else an error."""
        same = found("config_version = 3", APP_DB_PORT="7", APP_DATABASE_PORT="7")
        other = found("config_version = 3", APP_DB_PORT="7", APP_DATABASE_PORT="8")

        assert 7 == same.config.database.port
        assert "warning" == the_only(same, "MC105").severity
        assert (
            "error",
            "`database.port` is given twice: by APP_DATABASE_PORT and by APP_DB_PORT",
        ) == (the_only(other, "MC105").severity, the_only(other, "MC105").message)
        assert "unset APP_DB_PORT, which is an old name" == the_only(other, "MC105").help

    def test_policy_for_unknown_ones_is_another_matter(self, tmp_path):
        """Old names are told whatever is done with unknown ones."""
        snapshot = meshconf.read(
            schema=App, environ={"APP_DB_PORT": "7", "APP_X": ""}, unknown_env="ignore"
        )

        assert ["MC104"] == [one.code for one in snapshot.warnings]

    def test_a_name_that_another_setting_has(self, tmp_path):
        """A variable that a setting has today is that setting's."""

        @configuration(
            prefix="X_",
            version=2,
            steps=[step(2, edits.split("a", ["b.c", "d"], list), edits.rename("e", "d"))],
        )
        @attrs.frozen
        class Reused:
            a: int = 0
            d: int = 0
            e: str = ""
            b: dict[str, int] = attrs.Factory(dict)

        snapshot = meshconf.read(schema=Reused, environ={"X_A": "1", "X_E": "x"})

        assert (1, "x", ()) == (snapshot.config.a, snapshot.config.e, snapshot.warnings)

    def test_dotenv(self, tmp_path):
        """A .env file has them too."""
        file = tmp_path / ".env"
        file.write_text("APP_DB_PORT=7\n")
        snapshot = meshconf.read(meshconf.DotEnv(file, prefix="APP_"), schema=App, environ={})

        assert 7 == snapshot.config.database.port
        assert snapshot.warnings[0].message.startswith(f"in {file}, variable APP_DB_PORT is")

    def test_of_a_map_that_was_renamed(self, tmp_path):
        """The entries of a renamed map have the names of then, old and new below."""

        @configuration(
            prefix="M_",
            version=3,
            steps=[
                step(2, edits.rename("services.*.tries", "attempts")),
                step(
                    3,
                    edits.rename("services", "upstreams"),
                    edits.remove("upstreams.*.w", reason="r"),
                ),
            ],
        )
        @attrs.frozen
        class Mapped:
            upstreams: dict[str, Upstream] = attrs.Factory(dict)

        def attempts(name: str) -> int:
            return meshconf.load(schema=Mapped, environ={name: "7"}).upstreams["a"].attempts

        names = ["M_SERVICES__A__TRIES", "M_SERVICES__A__ATTEMPTS", "M_UPSTREAMS__A__ATTEMPTS"]
        gone = meshconf.read(schema=Mapped, environ={"M_SERVICES__A__W": "1"}).warnings

        assert [7, 7, 7] == [attempts(name) for name in names]
        assert ["environment variable M_SERVICES__A__W has no effect since version 3 (r)"] == [
            one.message for one in gone
        ]


class TestSecretsDirectories:
    """Files of secrets are named by paths, and so by those of then."""

    def test_old_name(self, tmp_path):
        """A file with the path of then is read, with a warning."""
        (tmp_path / "db.pw").write_text("hunter2\n")
        (tmp_path / "debug").write_text("1")
        (tmp_path / "db.pw").chmod(0o600)
        source = meshconf.SecretsDirectory(tmp_path)
        snapshot = meshconf.read(source, schema=App, environ={})

        assert "hunter2" == snapshot.config.database.password.reveal()
        assert [
            (
                "warning",
                "MC104",
                (
                    f"in {tmp_path}, file db.pw is deprecated since 2.0, removed in 3.0; use "
                    "`database.password` (one word for it)"
                ),
            )
        ] == told(snapshot)

    def test_both(self, tmp_path):
        """Two files for one secret contradict each other."""
        for name in ("db.pw", "database.password"):
            (tmp_path / name).write_text(name)
            (tmp_path / name).chmod(0o600)

        with pytest.raises(ConfigError, match=r"`database\.password` is given twice"):
            meshconf.load(meshconf.SecretsDirectory(tmp_path), schema=App, environ={})


class TestOldKeysInNewFiles:
    """A file that says that it is current, and yet has keys of then."""

    def test_are_not_just_unknown(self, found):
        """The report says where the key is now."""
        problem = the_only(found("config_version = 3\ntimeout_ms = 500\n"), "MC101")

        assert "unknown key `timeout_ms`" == problem.message
        assert (
            "`timeout_ms` is deprecated since 2.1; use `timeout`; app.toml is read as version 3"
        ) == problem.notes[0]
        assert ["now `timeout`"] == [one.text for one in problem.labels]

    @pytest.mark.parametrize(
        ("text", "label"),
        [
            ("timout_ms = 500", "did you mean `timeout_ms`, which is now `timeout`?"),
            ("adress = 'h:1'", "did you mean `address`, which is now `host` and `port`?"),
            ("debugg = true", "did you mean `debug`?"),
            ("timeout_m = 5", "did you mean `timeout_ms`, which is now `timeout`?"),
            ("timeou = 5", "did you mean `timeout`?"),
            (
                "[upstreams.a]\ntriess = 5",
                "did you mean `tries`, which is now `upstreams.a.attempts`?",
            ),
        ],
    )
    def test_that_are_misspelt(self, found, text: str, label: str):
        """A slip in a key of then is recognised, whatever the version of the file."""
        assert [label] == [one.text for one in the_only(found(text), "MC101").labels if one.primary]

    def test_whose_new_place_is_taken(self, found):
        """What cannot be moved, since what is no table is in the way, is told with its new place."""
        error = found("database = 5\ndb.port = 1\n", schema_of_group())
        messages = [message for _, _, message in told(error)]

        assert any("`database` must be a table" in message for message in messages)

    def test_in_an_entry(self, found):
        """The name of an entry is that of the file."""
        problem = the_only(found("config_version = 3\n[upstreams.a]\ntries = 5\n"), "MC101")

        assert "use `upstreams.a.attempts`" in problem.notes[0]

    @pytest.mark.parametrize(
        ("key", "label"),
        [
            ("tries", "now `upstreams.a.attempts`"),
            ("triess", "did you mean `tries`, which is now `upstreams.a.attempts`?"),
        ],
    )
    def test_in_an_entry_of_a_map_that_moved(self, found, key: str, label: str):
        """The entry keeps its name where its map is at another depth now."""
        moved = edits.move("balancer.upstreams", "upstreams")
        renamed = edits.rename("upstreams.*.tries", "attempts")

        @configuration(prefix="M_", version=3, steps=[step(2, moved), step(3, renamed)])
        @attrs.frozen(kw_only=True)
        class Moved:
            balancer: Balancer = Balancer()
            upstreams: dict[str, Upstream] = attrs.field(factory=dict)

        problem = the_only(
            found(f"config_version = 3\n[balancer.upstreams.a]\n{key} = 5\n", Moved), "MC101"
        )

        assert [label] == [one.text for one in problem.labels if one.primary]

    def test_that_are_gone(self, found):
        """What is gone says why."""
        problem = the_only(found("config_version = 3\ndebug = true\n"), "MC101")

        assert ["no longer a setting"] == [one.text for one in problem.labels]
        assert "(use the logger)" in problem.notes[0]


class TestSecrets:
    """No secret is told, whatever version had it, and under whatever name."""

    SECRET = "hunter2"

    @configuration(
        prefix="S_",
        version=2,
        steps=[
            step(
                2,
                edits.move("pw", "database.password"),
                edits.split(
                    "url", ["database.host", "database.password"], lambda url: url.split("@")
                ),
                edits.remove("legacy", reason="gone", secret=True),
                edits.rename("older", "old"),
                edits.remove("old", reason="gone", secret=True),
                edits.join(["user", "pin"], "database.host", lambda user, pin: f"{user}{pin}"),
                edits.convert("database.password", lambda text: text.strip()),
                edits.set_default("token", "hunter2"),
            )
        ],
    )
    @attrs.frozen(kw_only=True)
    class Guarded:
        """Secrets that came by several ways."""

        database: Database = Database()
        port: int = 1
        token: Secret[str] = setting(Secret("x"))

    @pytest.mark.parametrize(
        "text",
        [
            'pw = "hunter2"\nport = "x"',
            'port = "x"\nurl = "h@hunter2"',
            'url = "hunter2@x"\nport = 1.5',
            'legacy = "hunter2"\nport = "x"',
            'legacy = 5 # hunter2\nport = "x"',
            'older = "hunter2\nport = 1',
            'port = "x" # the older one was hunter2',
            'user = "hunter2"\npin = "hunter2"\nport = "x"',
            'port = "x" # pw was hunter2',
            'pw = "hunter2"\n[database]\npassword = "hunter2-"',
            "pw = 5 # hunter2",
            'url = "hunter2"',
            'pw = "hunter2\nport = 1',
            'legacy = "hunter2\nport = 1',
            'config_version = 2\npw = "hunter2"\nport = "x"',
            'name = { pw = "hunter2" }\nport = "x"',
            'passwrod = "hunter2"\nport = "x"',
            'port = { password = "hunter2" }',
            'database = "hunter2"',
        ],
    )
    def test_never(self, found, text: str):
        """A report about an old file shows no secret of it."""
        error = found(text, self.Guarded)

        assert isinstance(error, ConfigError)
        assert self.SECRET not in str(error) + repr(error.problems)

    def test_in_warnings(self, found):
        """Nor does a warning."""
        snapshot = found('pw = "hunter2"', self.Guarded)

        assert self.SECRET == snapshot.config.database.password.reveal()
        assert self.SECRET not in repr(snapshot.warnings) + repr(snapshot)
        assert "`token` is not set; it keeps a secret, the default of version 1" in (
            the_only(snapshot, "MC502").notes
        )

    def test_in_a_file_is_told(self, found):
        """That it stands in a file is told at the place where it stands."""
        assert (1, 6) == place(the_only(found('pw = "hunter2"', self.Guarded), "MC208").origin)


class TestAuthors:
    """Steps that cannot be right are refused when the class is first used."""

    def test_gap(self):
        """A gap in the steps is refused at the decorator."""
        with pytest.raises(ValueError, match="there is no step to version 2"):
            configuration(version=3, steps=[step(3)])

    @pytest.mark.parametrize(
        ("edit", "message"),
        [
            (edits.move("a", "b"), "takes `a` to `b`, which is no setting"),
            (edits.move("a", "upstreams.x.b"), "takes `a` to `upstreams.x.b`, which is no setting"),
            (edits.rename("upstreams.*.a", "b"), "to `upstreams.*.b`, which is no setting"),
            (edits.split("a", ["name", "c"], list), "takes `a` to `c`, which is no setting"),
            (edits.set_default("nmae", "x"), "gives `nmae` a value, which is no setting"),
            (edits.convert("nmae", str), "gives `nmae` a value, which is no setting"),
        ],
    )
    def test_to_nowhere(self, edit: Any, message: str):
        """A step that leads to what is no setting is refused."""
        with pytest.raises(TypeError, match="step to version 2") as caught:
            meshconf.load(schema=self.schema(edit), environ={})

        assert message in str(caught.value)

    @pytest.mark.parametrize(
        "edit",
        [
            edits.move("a", "name"),
            edits.move("a", "labels.x"),
            edits.move("a", "upstreams.x.attempts"),
            edits.rename("upstreams.*.a", "attempts"),
            edits.remove("a", reason="r"),
        ],
    )
    def test_to_a_setting(self, edit: Any):
        """One that leads to a setting, or into a mapping, is fine."""
        assert "app" == meshconf.load(schema=self.schema(edit), environ={}).name

    def test_one_step_is_a_list_too(self):
        """A step that is no list is refused with the way to write it."""
        alone: Any = step(2)
        with pytest.raises(TypeError, match=r"steps=\[step\(2, …\)\]"):
            configuration(version=2, steps=alone)

    def test_version_as_a_setting(self):
        """A schema with steps cannot have a setting that is called like the version."""

        @configuration(prefix="X_", version=2, steps=[step(2)])
        @attrs.frozen
        class Versioned:
            config_version: int = 1

        with pytest.raises(TypeError, match="`config_version` is the version of a file"):
            meshconf.load(schema=Versioned)

    @staticmethod
    def schema(edit: Any) -> Any:
        """Make a schema with one step."""

        @configuration(prefix="APP_", version=2, steps=[step(2, edit)])
        @attrs.frozen(kw_only=True)
        class Schema:
            name: str = "app"
            labels: dict[str, str] = attrs.Factory(dict)
            upstreams: dict[str, Upstream] = attrs.Factory(dict)

        return Schema


def test_snapshot_explains(found):
    """An explanation names the old file's place."""
    snapshot: Snapshot[Any] = found("timeout_ms = 500")

    assert "from       app.toml:1:14" in snapshot.explain("timeout")
