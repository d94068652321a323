"""What a Live promises of its configuration, whatever its files become."""

from __future__ import annotations

import datetime as dt
import logging
import os
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import attrs
import pytest

import meshconf
from meshconf import (
    Change,
    DotEnv,
    Environment,
    File,
    Layer,
    Origin,
    Secret,
    SecretsDirectory,
    configuration,
    edits,
    rule,
    step,
)
from tests.live.conftest import App, as_nobody, put, swap, until

pytestmark = pytest.mark.usefixtures("soon")


class TestStart:
    """`watch`."""

    def test_gives_what_load_gives(self, watch, folder: Path):
        """The configuration at the start is that of `load`, as generation 1."""
        live = watch("name = 'shop'\n")

        assert meshconf.load("app.toml", schema=App, prefix="APP_", environ={}) == live.config
        assert live.config is live.snapshot.config
        assert 1 == live.status.generation

    def test_fails_hard(self, watch):
        """A start with errors raises all of them."""
        with pytest.raises(meshconf.ConfigError) as caught:
            watch("limit = 0\nnme = 'x'\n")

        assert {"MC101", "MC202"} == {one.code for one in caught.value.problems}

    def test_mesh_by_default(self, folder: Path):
        """Without a schema it is that of the mesh, whose usual file is followed."""
        put("mesh.toml", 'service_name = "orders"\n')
        with meshconf.watch(environ={}) as live:
            put("mesh.toml", 'service_name = "orders"\n[retry]\nmax_attempts = 5\n')
            until(lambda: live.config.retry.max_attempts == 5)

        assert "orders" == live.config.service_name

    def test_policy_that_is_none(self, watch):
        """A word that is no policy is a ValueError that names the words."""
        with pytest.raises(
            ValueError, match=r"^on_restart_fields is hold or reject, not 'ignore'$"
        ):
            watch("", on_restart_fields="ignore")

    def test_warnings_are_logged_once(self, watch, caplog: pytest.LogCaptureFixture):
        """A warning is logged at the start, and again only when it is another one."""
        live = watch('token = "hunter2"\n')
        put("app.toml", 'name = "other"\ntoken = "hunter2"\n')
        live.reload()
        first = [one.message for one in caplog.records if "MC208" in one.message]
        put("app.toml", 'name = "other"\ntoken = "hunter2"\n[pools.x]\n')
        live.reload()

        assert 1 == len(first) == sum("MC208" in one.message for one in caplog.records)

    def test_without_a_working_directory(
        self, watch, folder: Path, monkeypatch: pytest.MonkeyPatch
    ):
        """Where the working directory is gone, files of absolute paths are followed all the same."""
        put(folder / "app.toml", "limit = 1\n")
        gone = folder / "gone"
        gone.mkdir()
        monkeypatch.chdir(gone)
        gone.rmdir()
        live = watch(None, folder / "app.toml")
        put(folder / "app.toml", "limit = 2\n")

        assert until(lambda: live.config.limit == 2)
        monkeypatch.chdir(folder)


class TestAtomic:
    """R1: readers see the old or the new configuration, whole."""

    def test_no_read_is_mixed(self, watch):
        """In a million reads by several threads, two values that belong together always agree."""
        live = watch("left = 1\nright = 1\n")
        mixed: list[Any] = []
        reads = [0] * 4
        seen: set[int] = set()
        stop = threading.Event()

        def read(number: int) -> None:
            while not stop.is_set():
                for _ in range(1000):
                    config = live.config
                    if config.left != config.right:
                        mixed.append(config)
                reads[number] += 1000
                seen.add(config.left)

        threads = [threading.Thread(target=read, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        number = 1
        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-4)  # threads change places often
        while sum(reads) < 1_000_000 or number < 100:
            number += 1
            put("app.toml", f"left = {number}\nright = {number}\n")
            live.reload()
        stop.set()
        for thread in threads:
            thread.join()
        sys.setswitchinterval(interval)

        assert [] == mixed
        assert 10 < len(seen)

    def test_a_volume_that_is_swapped_is_not_torn(self, watch, folder: Path):
        """Two files of a ConfigMap that is swapped 2,000 times are never read from two versions."""
        mounted = folder / "mounted"
        mounted.mkdir()

        def version(number: int) -> dict[str, str]:
            return {"base.toml": f"left = {number}\n", "more.toml": f"right = {number}\n"}

        swap(mounted, version(0), 0)
        live = watch(None, mounted / "base.toml", mounted / "more.toml")
        torn: list[Any] = []
        live.observe(lambda attempt: torn.append(attempt.error) if attempt.error else None)

        def write() -> None:
            for number in range(1, 2001):
                swap(mounted, version(number), number)
                time.sleep(0.001)

        writer = threading.Thread(target=write)
        writer.start()
        seen = set()
        while writer.is_alive():
            live.reload()
            seen.add(live.config.left)
        writer.join()
        live.reload()

        assert [] == torn
        assert 2000 == live.config.left == live.config.right
        assert 50 < len(seen)


class TestLastGood:
    """R2, R3, R4: what is in force stays, whatever the files become."""

    def test_valid_invalid_valid(self, watch, failure):
        """An invalid file changes nothing; the valid one after it comes into force."""
        live = watch("left = 1\nright = 1\n")
        put("app.toml", "left = 2\nright = 3\n")
        error = failure(live)
        put("app.toml", "left = 4\nright = 4\n")
        live.reload()

        assert ["MC301"] == [one.code for one in error.problems]
        assert 4 == live.config.left
        assert 2 == live.status.generation

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("name = \n", "MC001"),
            ("name = 3\n", "MC201"),
            ("limit = 0\n", "MC202"),
            ("nme = 'x'\n", "MC101"),
            ("left = 1\n", "MC301"),
            ("config_version = 9\n", "MC501"),
            ("name = '\0'\n", "MC003"),
        ],
    )
    def test_errors(self, watch, failure, text: str, code: str):
        """Every error of a file is told, and the very same object stays."""
        live = watch("name = 'shop'\n")
        put("app.toml", text)
        error = failure(live)

        assert [code] == [one.code for one in error.problems]
        assert "error" if code == "MC003" else "rejected" == live.attempt.result

    def test_deleted(self, watch, failure, folder: Path):
        """A file that is deleted is an error; back again, all is well."""
        live = watch("name = 'shop'\n")
        (folder / "app.toml").unlink()
        error = failure(live)
        put("app.toml", "name = 'shop'\n")
        live.reload()

        assert ["MC401"] == [one.code for one in error.problems]
        assert "unchanged" == live.attempt.result

    def test_optional_deleted(self, watch, failure, folder: Path):
        """A file that may be missing may not go missing: that would be all defaults."""
        put("more.toml", "name = 'shop'\n")
        live = watch("limit = 5\n", File("more.toml", optional=True))
        (folder / "more.toml").unlink()
        error = failure(live)

        assert ["MC407"] == [one.code for one in error.problems]
        assert str(error).startswith(
            "error[MC407]: more.toml is gone, and was not when this started\n"
            "  = help: put it back; to do without it, start again\n"
        )

    def test_optional_that_comes_later(self, watch, folder: Path):
        """A file that was not there at the start may come and go."""
        live = watch("limit = 5\n", File("more.toml", optional=True))
        put("more.toml", "limit = 6\n")
        until(lambda: live.config.limit == 6)
        (folder / "more.toml").unlink()

        assert until(lambda: live.config.limit == 5)

    @pytest.mark.parametrize("text", ["", "\n \n"])
    def test_truncated(self, watch, failure, folder: Path, text: str):
        """A file that becomes empty is an error, not the wish for all defaults."""
        live = watch("name = 'shop'\n")
        (folder / "app.toml").write_text(text)
        error = failure(live)

        assert ["MC407"] == [one.code for one in error.problems]
        assert "app.toml is empty, and was not when this started" == error.problems[0].message

    def test_empty_from_the_start(self, watch):
        """A file that was empty at the start may stay so, and become empty again."""
        live = watch("")
        put("app.toml", "name = 'shop'\n")
        live.reload()
        put("app.toml", "")
        live.reload()

        assert App() == live.config

    def test_unreadable(self, watch, failure):
        """A file that may not be read any more is told once."""
        with tempfile.TemporaryDirectory() as folder:
            Path(folder).chmod(0o755)
            file = Path(folder, "app.toml")
            file.write_text("limit = 5\n")
            live = watch(None, file)
            file.chmod(0)
            with as_nobody():
                error = failure(live)

        assert ["MC402"] == [one.code for one in error.problems]

    @pytest.mark.parametrize("sort", ["directory", "fifo"])
    def test_no_file_any_more(self, watch, failure, folder: Path, sort: str):
        """What takes the place of the file and is none is refused without waiting for it."""
        live = watch("name = 'shop'\n")
        (folder / "app.toml").unlink()
        if sort == "fifo":
            os.mkfifo("app.toml")
        else:
            (folder / "app.toml").mkdir()
        error = failure(live)

        assert ["MC402"] == [one.code for one in error.problems]

    def test_other_problems_with_a_file_that_is_gone(self, watch, failure, folder: Path):
        """With a file that is gone, what is wrong with the others is told too."""
        put("more.toml", "name = 'shop'\n")
        live = watch("limit = 5\n", File("more.toml", optional=True))
        (folder / "more.toml").unlink()
        put("app.toml", "limit = \n")
        error = failure(live)

        assert ["MC001", "MC407"] == [one.code for one in error.problems]

    def test_source_that_raises(self, watch, failure):
        """A source that raises is a failed reload like any other."""
        source = Source({"limit": 5})
        live = watch(None, source)
        source.error = OSError("503")
        error = failure(live)

        assert ["MC405"] == [one.code for one in error.problems]
        assert "error" == live.attempt.result

    def test_code_that_raises(self, watch, failure, caplog: pytest.LogCaptureFixture):
        """What code of others raises where none is expected is a failed reload, and logged."""

        @attrs.frozen
        class Odd:
            number: Any = 0

        source = Source({"number": 1})
        live = watch(None, source, schema=Odd)
        source.data = Hostile()
        error = failure(live)

        assert ["MC603"] == [one.code for one in error.problems]
        assert "the reload failed: SystemError in test_live.py:" in error.problems[0].message
        assert "the reload failed" in caplog.text

    def test_words_of_code_that_raises(self, watch, failure, caplog: pytest.LogCaptureFixture):
        """The report of what code of others raised repeats none of its words: they may tell a secret."""

        class Telling(dict[str, Any]):
            def items(self) -> Any:
                raise SystemError("hunter2")

        source = Source({"limit": 5})
        live = watch(None, source, environ={"APP_TOKEN": "hunter2"})
        source.data = Telling()
        error = failure(live)

        assert ["MC603"] == [one.code for one in error.problems]
        assert "hunter2" not in f"{error} {live.status} {caplog.text}"

    def test_words_of_a_rule_that_exits(self, watch, failure, caplog: pytest.LogCaptureFixture):
        """Nor does the log, if it is a secret that nobody has seen before and that has moved since."""

        @configuration(prefix="APP_", version=2, steps=[step(2, edits.rename("word", "token"))])
        @attrs.frozen
        class Exiting:
            token: Secret[str]

            @rule("token")
            @staticmethod
            def is_known(token: Secret[str]) -> None:
                if token.reveal() != "hunter1":
                    raise SystemExit(token.reveal())

        live = watch("word = 'hunter1'\n", schema=Exiting)
        put("app.toml", "word = 'hunter2'\n")
        error = failure(live)

        assert ["MC603"] == [one.code for one in error.problems]
        assert "hunter2" not in f"{error} {live.status} {caplog.text}"

    def test_another_file_that_is_gone(self, watch, failure, folder: Path):
        """Of two files that are gone, each is told."""
        put("more.toml", "name = 'shop'\n")
        live = watch("limit = 5\n", File("more.toml", optional=True))
        (folder / "app.toml").unlink()
        (folder / "more.toml").unlink()
        error = failure(live)

        assert ["MC401", "MC407"] == [one.code for one in error.problems]
        assert "more.toml is gone" in error.problems[1].message

    def test_source_that_exits(self, watch, failure, caplog: pytest.LogCaptureFixture):
        """A source that calls `sys.exit` is a failed reload, and is not read again and again."""
        source = Source({"limit": 5})
        live = watch(None, source)
        source.error = SystemExit(3)
        failure(live)

        assert "another takes over" not in caplog.text
        assert 2 == live.status.attempts


class Hostile(dict[str, Any]):
    """A table that raises when it is looked at."""

    def items(self) -> Any:
        raise SystemError


class Source:
    """A source of one's own."""

    def __init__(self, data: Any) -> None:
        self.data = data
        self.name = "a store"
        self.error: BaseException | None = None

    def read(self, _: Any) -> Layer:
        if self.error is not None:
            raise self.error
        return Layer("store", self.name, self.data)


class TestWhatCounts:
    """R6, R7: the content of all inputs decides."""

    @pytest.mark.parametrize("sort", ["touched", "same bytes", "there and back"])
    def test_same_content(self, watch, folder: Path, sort: str):
        """What leaves the content the same changes nothing and tells nobody."""
        live = watch("limit = 5\n")
        before, snapshot, told = live.config, live.snapshot, []
        live.subscribe(lambda *update: told.append(update))
        if sort == "touched":
            (folder / "app.toml").touch()
        elif sort == "there and back":
            put("app.toml", "limit = 6\n")
        put("app.toml", "limit = 5\n") if sort != "touched" else None
        until(lambda: live.status.attempts > 1)

        assert {"success": 1, "unchanged": 1, "rejected": 0, "error": 0} == live.status.results
        assert before is live.config
        assert snapshot is live.snapshot
        assert [] == told

    def test_same_values(self, watch):
        """Another text with the same values keeps the object, with its origins as they are now."""
        live = watch("limit = 5\n")
        before, told = live.config, []
        live.subscribe(lambda *update: told.append(update))
        put("app.toml", "# why\n\nlimit = 5\n")
        live.reload()

        assert "unchanged" == live.attempt.result
        assert before is live.config
        assert 3 == live.snapshot.origin("limit").line
        assert [] == told

    def test_file_that_a_variable_names(self, watch, folder: Path):
        """The target of a `_FILE` variable is followed."""
        put("secret", "first\n")
        live = watch("", environ={"APP_TOKEN_FILE": str(folder / "secret")})
        put("secret", "second\n")

        assert until(lambda: live.config.token.reveal() == "second")

    def test_directory_of_secrets(self, watch, folder: Path):
        """Files of a directory of secrets are followed, new ones too."""
        secrets = folder / "secrets"
        secrets.mkdir()
        put(secrets / "name", "first")
        live = watch(None, SecretsDirectory(secrets, world_readable="allow"))
        put(secrets / "name", "second")
        until(lambda: live.config.name == "second")
        put(secrets / "token", "hunter2")

        assert until(lambda: live.config.token)

    def test_secret_that_is_gone(self, watch, failure, folder: Path):
        """A secret that vanishes from its directory is an error, not an unset secret."""
        secrets = folder / "secrets"
        secrets.mkdir()
        put(secrets / "token", "hunter2")
        live = watch(None, SecretsDirectory(secrets, world_readable="allow"))
        (secrets / "token").unlink()
        error = failure(live)

        assert ["MC407", "MC407"] == [one.code for one in error.problems]
        assert f"{secrets / 'token'} is gone" in error.problems[1].message
        assert "hunter2" not in str(error)

    def test_variable_that_names_another_file(self, watch, folder: Path):
        """A secret that moves to another file is followed; the old file is missed by nobody."""
        put("old", "first")
        put("new", "second")
        put(".env", "APP_TOKEN_FILE=old\n")
        live = watch(None, DotEnv(".env", "APP_"))
        put(".env", "APP_TOKEN_FILE=new\n")
        (folder / "old").unlink()
        live.reload()

        assert "second" == live.config.token.reveal()

    @pytest.mark.parametrize("content", [b"\xff", b"a = 1\0", b"a" * 1_048_577])
    def test_file_that_comes_and_cannot_be_read(self, watch, failure, folder: Path, content: bytes):
        """An optional file that comes later and cannot be read is an error."""
        live = watch(None, File("app.toml", optional=True))
        (folder / "app.toml").write_bytes(content)
        failure(live)

    def test_permissions(self, watch, failure, folder: Path):
        """That everybody may read a secret counts, though it says the same."""
        secrets = folder / "secrets"
        secrets.mkdir()
        put(secrets / "token", "hunter2")
        (secrets / "token").chmod(0o600)
        live = watch(None, SecretsDirectory(secrets, world_readable="error"))
        (secrets / "token").chmod(0o644)

        assert ["MC403"] == [one.code for one in failure(live).problems]

    def test_file_of_a_class_of_ones_own(self, watch):
        """A class that is a File but for its name is followed as one."""

        class Mine(File):
            pass

        put("app.toml", "limit = 1\n")
        live = watch(None, Mine("app.toml"))
        put("app.toml", "limit = 2\n")

        assert until(lambda: live.config.limit == 2)

    def test_directory_that_cannot_be_listed(self, watch):
        """A file is followed in a directory whose other files are nobody's business."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "app.toml")
            put(file, "limit = 1\n")
            Path(folder).chmod(0o711)
            with as_nobody():
                live = watch(None, file)
            put(file, "limit = 2\n")

            assert until(lambda: live.config.limit == 2)

    def test_dotenv(self, watch):
        """A .env file is followed."""
        put(".env", "APP_LIMIT=5\n")
        live = watch(None, DotEnv(".env", "APP_"))
        put(".env", "APP_LIMIT=6\n")

        assert until(lambda: live.config.limit == 6)

    def test_source_of_ones_own(self, watch):
        """A source of one's own is read at each reload; what it says counts."""
        source = Source({"limit": 5})
        live = watch(None, source)
        live.reload()
        first = live.attempt.result
        source.data = {"limit": 6}
        live.reload()

        assert ("unchanged", "success") == (first, live.attempt.result)
        assert 6 == live.config.limit

    def test_source_without_a_name(self, watch):
        """A source that has no name counts, and is in no list of sources."""
        source = Source({"limit": 5})
        source.name = ""
        live = watch(None, source)

        assert 5 == live.config.limit
        assert ["environment"] == [one.name for one in live.status.sources]

    def test_directories_that_never_settle(self, watch, monkeypatch: pytest.MonkeyPatch):
        """If directories are swapped all the time, what was read at last is taken."""
        tries: list[int] = []
        monkeypatch.setattr(
            "meshconf.sources.pinned.PinnedFiles.is_settled", lambda _: tries.append(1)
        )
        live = watch("limit = 5\n")

        assert 5 == live.config.limit
        assert 20 == len(tries)

    def test_bool_is_no_number(self, watch):
        """A source of one's own that says true where it said 1 said something else."""

        @attrs.frozen
        class Wide:
            value: Any = None

        source = Source({"value": 1})
        live = watch(None, source, schema=Wide)
        source.data = {"value": True}
        live.reload()

        assert live.config.value is True

    def test_file_that_a_dotenv_names(self, watch):
        """The target of a `_FILE` variable in a .env file is followed too."""
        put("secret", "first\n")
        put(".env", "APP_TOKEN_FILE=secret\n")
        live = watch(None, DotEnv(".env", "APP_"))
        put("secret", "second\n")

        assert until(lambda: live.config.token.reveal() == "second")


class TestEnvironment:
    """R23: the environment is read once."""

    @pytest.mark.parametrize("named", [False, True])
    def test_of_the_process(self, watch, monkeypatch: pytest.MonkeyPatch, named: bool):
        """Variables that change in the process change nothing, named as a source or not."""
        monkeypatch.setenv("APP_LIMIT", "5")
        sources = [Environment("APP_")] if named else []
        live = watch("name = 'a'\n", *sources, environ=None)
        monkeypatch.setenv("APP_LIMIT", "6")
        put("app.toml", "name = 'b'\n")
        live.reload()

        assert ("b", 5) == (live.config.name, live.config.limit)

    def test_of_a_source(self, watch):
        """A source of variables with variables of its own keeps them."""
        live = watch("", Environment("APP_", environ={"APP_LIMIT": "7"}), environ={})

        assert 7 == live.config.limit

    def test_working_directory(self, watch, folder: Path, monkeypatch: pytest.MonkeyPatch):
        """A process that goes elsewhere still follows the files that it named at the start."""
        live = watch("limit = 5\n")
        (folder / "elsewhere").mkdir()
        monkeypatch.chdir(folder / "elsewhere")
        put(folder / "app.toml", "limit = 6\n")

        assert until(lambda: live.config.limit == 6)
        assert Origin("file", "app.toml", 1, 9) == live.snapshot.origin("limit")

    def test_variables_that_were_given(self, watch):
        """Variables that were given are read once too."""
        variables = {"APP_LIMIT": "5"}
        live = watch("name = 'a'\n", environ=variables)
        variables["APP_LIMIT"] = "6"
        put("app.toml", "name = 'b'\n")
        live.reload()

        assert ("b", 5) == (live.config.name, live.config.limit)


class TestStatus:
    """R19: the status."""

    def test_of_the_start(self, watch):
        """At the start there is one success, no error, and every source was just read."""
        before = dt.datetime.now(dt.timezone.utc)
        status = watch("limit = 5\n").status

        assert (1, 1, 1, 0) == (
            status.generation,
            status.attempts,
            status.successes,
            status.failures,
        )
        assert status.last_error is None
        assert before <= status.last_success <= dt.datetime.now(dt.timezone.utc)
        assert () == status.pending_restart
        assert status.watcher_alive
        assert ["app.toml", "environment"] == [one.name for one in status.sources]
        assert all(0 <= one.age < 5 and one.connected for one in status.sources)
        assert status.fingerprint == status.snapshot.fingerprint

    def test_a_bad_edit_flips_it_and_the_withdrawn_edit_flips_it_back(self, watch, failure):
        """After a bad edit the error is there; taken back, it is gone, with a new time."""
        live = watch("limit = 5\n")
        first = live.status
        put("app.toml", "limit = 0\n")
        error = failure(live)
        bad = live.status
        put("app.toml", "limit = 5\n")
        live.reload()
        good = live.status

        assert str(error) == str(bad.last_error)
        assert (2, 1, 1) == (bad.attempts, bad.successes, bad.failures)
        assert first.last_success == bad.last_success < good.last_success
        assert good.last_error is None
        assert (3, 2, 1) == (good.attempts, good.successes, good.failures)
        assert 1 == first.generation == good.generation

    def test_source_that_cannot_be_read(self, watch, failure, folder: Path):
        """A source that cannot be read is not connected, and ages."""
        live = watch("limit = 5\n")
        (folder / "app.toml").unlink()
        failure(live)
        file, variables = live.status.sources

        assert (False, True) == (file.connected, variables.connected)
        assert file.last_contact < variables.last_contact

    @pytest.mark.parametrize("text", [None, ""])
    def test_file_by_default(self, folder: Path, text: str | None):
        """The file of the schema is not connected either when it is gone, or empty."""
        put("old.toml", "limit = 5\n")

        @meshconf.configuration(file="old.toml")
        @attrs.frozen
        class Own:
            limit: int = 1

        with meshconf.watch(schema=Own, prefix="OLD_", environ={}) as live:
            if text is None:
                (folder / "old.toml").unlink()
            else:
                put("old.toml", text)
            with pytest.raises(meshconf.ConfigError) as caught:
                live.reload()
            (file, variables) = live.status.sources

        assert ("old.toml", False, True) == (file.name, file.connected, variables.connected)
        assert "1 error in old.toml, environment; generation 1 stays in force" in str(caught.value)

    def test_source_that_raises_keeps_its_name(self, watch, failure):
        """A source of one's own that fails is the one that is not connected, until it is again."""
        source = Source({"limit": 5})
        live = watch(None, source)
        source.error = OSError()
        failure(live)
        (bad, _) = live.status.sources
        source.error = None
        live.reload()
        (good, _) = live.status.sources

        assert ("store", "a store", False) == (bad.kind, bad.name, bad.connected)
        assert ("store", "a store", True) == (good.kind, good.name, good.connected)

    def test_is_of_one_moment(self, watch, monkeypatch: pytest.MonkeyPatch):
        """Whoever asks while it is loaded is never told half of it."""
        monkeypatch.setattr("meshconf.live.attempts.log_warnings", lambda _: None)
        live = watch("limit = 1\n")
        over = threading.Event()
        seen: list[tuple[int, int]] = []

        def ask() -> None:
            while not over.is_set():
                status = live.status
                seen.append((status.generation, status.results["success"]))

        thread = threading.Thread(target=ask)
        thread.start()
        before = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        try:
            for limit in range(2, 100):
                put("app.toml", f"limit = {limit}\n")
                live.reload()
        finally:
            sys.setswitchinterval(before)
            over.set()
            thread.join()

        assert {True} == {generation == number for generation, number in seen}

    def test_says_what_it_is(self, watch):
        """Its text names the schema and the generation, and that it is closed."""
        live = watch("")
        before = repr(live)
        live.close()

        assert "<Live of App, generation 1>" == before
        assert "<Live of App, generation 1, closed>" == repr(live)

    def test_error_shows_no_secret(self, watch, failure):
        """What the status and the log tell of an error holds no secret."""
        live = watch("", environ={"APP_TOKEN": "hunter2"})
        put("app.toml", "token = 'hunter2'\nlimit = 0\n")
        failure(live)

        assert "hunter2" not in f"{live.status} {live.status.last_error} {live.attempt}"

    def test_closed(self, watch):
        """A Live that is closed watches no more."""
        live = watch("limit = 5\n")
        live.close()

        assert not live.status.watcher_alive


class TestLog:
    """What is logged, always."""

    def test_of_good_and_bad(self, watch, failure, caplog: pytest.LogCaptureFixture):
        """Changes are logged by path, errors as the whole report, once, and their end."""
        caplog.set_level(logging.INFO, "meshconf")
        live = watch("limit = 5\n", environ={"APP_TOKEN": "hunter2"})
        put("app.toml", "limit = 6\nname = 'b'\n")
        live.reload()
        put("app.toml", "limit = 0\n")
        failure(live)
        error = failure(live)
        put("app.toml", "limit = 6\nname = 'b'\n")
        live.reload()

        assert [
            ("INFO", "generation 2 of the configuration is in force: name, limit"),
            (
                "ERROR",
                f"a change of the configuration was rejected\n{error}",
            ),
            ("INFO", "the configuration is valid again; generation 2 stays in force"),
        ] == [(one.levelname, one.message) for one in caplog.records]

    def test_of_many(self, watch, caplog: pytest.LogCaptureFixture):
        """Of many changes the first ten are named."""
        caplog.set_level(logging.INFO, "meshconf")
        live = watch("")
        put("app.toml", "".join(f"[pools.p{number}]\nsize = 9\n" for number in range(20)))
        live.reload()

        assert caplog.records[-1].message.endswith("pools.p4.size and 30 more")


class TestChanges:
    """What changed, as data."""

    def test_are_told(self, watch):
        """A change has its path, both values as a file would say them, and the new origin."""
        live = watch("limit = 5\n", environ={"APP_NAME": "shop"})
        told: list[Any] = []
        live.subscribe(lambda old, new, changes: told.append((old, new, changes)))
        old = live.config
        put("app.toml", "# two\nlimit = 6\n[pools.a]\n")
        live.reload()
        [(before, after, changes)] = told

        assert before is old
        assert after is live.config
        assert (
            Change("limit", 5, 6, Origin("file", "app.toml", 2, 9)),
            Change("pools.a", None, {}, Origin("file", "app.toml", 3, 1)),
        ) == changes

    def test_mask_secrets(self, watch, folder: Path):
        """The old and the new value of a secret are masked."""
        put("secret", "first")
        live = watch("", environ={"APP_TOKEN_FILE": "secret"})
        told: list[Any] = []
        live.subscribe(lambda old, new, changes: told.append(changes))
        put("secret", "second")
        live.reload()
        [(change,)] = told

        assert ("token", "<secret>", "<secret>") == (change.path, change.old, change.new)
        assert "second" not in repr(told)

    def test_from_an_entry_that_is_gone(self, watch):
        """What is gone is told with its old place."""
        live = watch("[pools.a]\nsize = 2\n")
        told: list[Any] = []
        live.subscribe(lambda old, new, changes: told.extend(changes))
        put("app.toml", "limit = 10\n")
        live.reload()

        assert [
            Change("pools.a", {}, None, Origin("file", "app.toml", 1, 1)),
            Change("pools.a.size", 2, None, Origin("file", "app.toml", 2, 8)),
        ] == told


class TestReload:
    """R12, R20: `reload()`."""

    def test_returns_what_is_in_force(self, watch):
        """It returns the new snapshot; its attempt says what asked for it."""
        live = watch("limit = 5\n")
        put("app.toml", "limit = 6\n")
        snapshot = live.reload()

        assert snapshot is live.snapshot
        assert 6 == snapshot.config.limit
        assert ("reload", "success") == (live.attempt.trigger, live.attempt.result)
        assert 0 < live.attempt.seconds < 5

    def test_raises_an_error_of_its_own(self, watch, failure):
        """Each caller gets an exception of its own, with no cause and no context."""
        live = watch("limit = 5\n")
        put("app.toml", "limit = 0\n")
        first, second = failure(live), failure(live)

        assert first is not second
        assert str(first) == str(second)
        assert first.__cause__ is first.__context__ is None

    def test_a_hundred_at_once(self, watch, monkeypatch: pytest.MonkeyPatch):
        """A hundred calls at once while one runs are answered by that one and one after it."""
        source = Slow({"limit": 5})
        live = watch(None, source)
        source.reads = 0
        source.gate.clear()
        threads = [threading.Thread(target=live.reload) for _ in range(100)]
        threads[0].start()
        until(lambda: source.reads == 1)
        for thread in threads[1:]:
            thread.start()
        time.sleep(0.1)
        source.gate.set()
        for thread in threads:
            thread.join(5)

        assert 2 == source.reads

    def test_sees_what_was_written_before(self, watch):
        """Calls from many threads, each after its own edit, all see their edit or a later one."""
        live = watch("limit = 1\n")
        lock, wrong = threading.Lock(), []
        count = iter(range(2, 1000))

        def edit() -> None:
            for _ in range(10):
                with lock:
                    number = next(count)
                    put("app.toml", f"limit = {number}\n")
                if live.reload().config.limit < number:
                    wrong.append(number)

        threads = [threading.Thread(target=edit) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert [] == wrong
        assert 81 == live.config.limit

    def test_of_what_is_closed(self, watch):
        """What is closed cannot be reloaded, and says so; its configuration stays."""
        live = watch("limit = 5\n")
        live.close()
        with pytest.raises(RuntimeError, match=r"^this Live is closed$"):
            live.reload()

        assert 5 == live.config.limit


class Slow(Source):
    """A source that can be stopped in the midst of a read."""

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        self.gate = threading.Event()
        self.gate.set()
        self.reads = 0

    def read(self, model: Any) -> Layer:
        self.reads += 1
        self.gate.wait(5)
        return super().read(model)


class TestClose:
    """R26: the end."""

    def test_leaves_nothing(self, watch):
        """After a hundred watches there are as many threads and descriptors as before."""
        watch("limit = 5\n").close()
        threads = threading.active_count()
        native, descriptors = len(os.listdir("/proc/self/task")), len(os.listdir("/proc/self/fd"))
        for _ in range(100):
            with meshconf.watch("app.toml", schema=App, prefix="APP_", environ={}) as live:
                live.reload()

        assert threads == threading.active_count()
        # The thread of the operating system's reports ends by itself a moment later.
        assert until(lambda: len(os.listdir("/proc/self/task")) <= native)
        assert until(lambda: len(os.listdir("/proc/self/fd")) <= descriptors)

    def test_nothing_runs_after(self, watch):
        """A change after the end is not seen, and a subscriber that waits is not called."""
        source = Slow({"limit": 5})
        live = watch(None, source)
        told: list[Any] = []
        live.subscribe(lambda *update: told.append(update))
        source.data, source.reads = {"limit": 6}, 0
        source.gate.clear()

        def reload() -> None:
            with pytest.raises(RuntimeError):
                live.reload()

        thread = threading.Thread(target=reload)
        thread.start()
        until(lambda: source.reads == 1)
        threading.Timer(0.1, source.gate.set).start()
        live.close()
        thread.join(5)

        assert not thread.is_alive()
        assert [] == told
        assert 5 == live.config.limit

    def test_twice(self, watch):
        """Closing again does nothing."""
        live = watch("limit = 5\n")
        live.close()
        live.close()

        assert 5 == live.config.limit

    def test_in_a_subscriber(self, watch):
        """A subscriber may close it; those after it are not called."""
        live = watch("limit = 5\n")
        told: list[str] = []
        live.subscribe(lambda *_: told.append("first"))
        live.subscribe(lambda *_: live.close())
        live.subscribe(lambda *_: told.append("last"))
        put("app.toml", "limit = 6\n")
        until(lambda: not live.status.watcher_alive)

        assert ["first"] == told

    def test_gives_up_waiting(self, watch, monkeypatch, caplog: pytest.LogCaptureFixture):
        """A subscriber that does not return is waited for within a bound, and told of."""
        monkeypatch.setattr("meshconf.live.live.PATIENCE", 0.1)
        live = watch("limit = 5\n")
        gate = threading.Event()
        live.subscribe(lambda *_: gate.wait(5))
        put("app.toml", "limit = 6\n")
        until(lambda: live.config.limit == 6)
        live.close()
        gate.set()

        assert "closed while a reload or a subscriber still runs, after 0.1 s" in caplog.text

    def test_leaves_nothing_of_a_volume(self, watch, folder: Path):
        """Reloads from a volume that is swapped leave no descriptors behind."""
        swap(folder / "mounted", {"app.toml": "limit = 5\n"}, 1)
        live = watch(None, folder / "mounted" / "app.toml")
        live.reload()
        descriptors = len(os.listdir("/proc/self/fd"))
        for _ in range(20):
            live.reload()

        assert until(lambda: len(os.listdir("/proc/self/fd")) <= descriptors)

    def test_while_it_loads(self, watch, monkeypatch: pytest.MonkeyPatch):
        """What is loaded when it is closed does not come into force."""
        source = Source({"limit": 5})
        live = watch(None, source)
        read = source.read

        def close_and_read(model: Any) -> Layer:
            live.close()
            return read(model)

        monkeypatch.setattr(source, "read", close_and_read)
        source.data = {"limit": 6}
        with pytest.raises(RuntimeError, match=r"^this Live is closed$"):
            live.reload()

        assert 5 == live.config.limit
