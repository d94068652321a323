"""Tests for `meshconf push`, with real stores."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from meshconf.loading import pushing
from meshconf.sources.reading import Refused
from meshconf.sources.store import Found, Store
from tests.servers.places import Place

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path


#: What must appear nowhere.
CANARY = "canary-4711"

OLD = 'name = "x"\n'
NEW = 'name = "x"\nport = 81\n'


@pytest.fixture(autouse=True)
def file(folder: Path, app: Path) -> Path:
    """Write a document that fits the schema of the folder."""
    file = folder / "app.toml"
    file.write_text(NEW)
    return file


def said(result: Any) -> str:
    """Return all that a command printed."""
    output: str = result.stdout + result.stderr
    assert CANARY not in output
    return output


class TestWritten:
    def test_first(self, run, place: Place):
        """A key that is not there yet is made; all that the document sets is told."""
        result = run("push", "app.toml", place.url())
        version = place.url() in result.stdout and result.stdout.rpartition(" ")[2].strip()
        expected = (
            'name not set → "x"  app.toml:1:8\n'
            "port 80 → 81  app.toml:2:8\n"
            f"{place.url()}: wrote version {version}\n"
        )

        assert (0, expected) == (result.exit_code, result.stdout)
        assert f"{place.url()} is not there yet\n" == result.stderr
        assert NEW == place.get()
        assert int(version) > 0

    def test_change(self, run, place: Place):
        """What a service would see otherwise is told, with the versions before and after."""
        place.put(OLD)
        result = run("push", "app.toml", place.url())
        lines = result.stdout.splitlines()

        assert (0, "") == (result.exit_code, result.stderr)
        assert "port 80 → 81  app.toml:2:8" == lines[0]
        assert lines[1].startswith(f"{place.url()}: wrote version ")
        assert ", after version " in lines[1]
        assert NEW == place.get()

    def test_removed(self, run, place: Place):
        """What goes away is told with its place in the document that is there."""
        place.put(f'name = "x"\nport = 81\n[stores.a]\npassword = "{CANARY}"\n')
        result = run("push", "app.toml", place.url())
        line = next(one for one in said(result).splitlines() if one.startswith("stores.a "))

        assert f"stores.a (removed)  {place.url()}@" in line
        assert line.endswith(":3:1")

    def test_version_is_the_next_one(self, run, place: Place):
        """The version that is told is the one that the next push finds."""
        written = run("push", "app.toml", place.url()).stdout.split()[-1]

        result = run("push", "app.toml", place.url())

        assert f"{place.url()}@{written}: nothing to do, it is the same text\n" == result.stdout

    def test_loaded(self, run, place: Place):
        """What was pushed is what a service loads."""
        run("push", "app.toml", place.url())
        result = run("show", "port", "--file", place.url())

        assert f"port = 81  # {place.url()}@" in result.stdout

    def test_unchanged(self, run, place: Place, new_proxy):
        """The same text is not written again."""
        place.put(NEW)
        proxy = new_proxy(place.server)
        result = run("push", "app.toml", place.url(through=proxy))

        assert (0, "") == (result.exit_code, result.stderr)
        assert "nothing to do" in result.stdout
        assert 0 == proxy.count(place.writes)

    def test_text_only(self, run, place: Place, file: Path):
        """Another text that says the same is written, and said to be no more than that."""
        place.put(NEW)
        file.write_text(f"# ours\n{NEW}")
        result = run("push", "app.toml", place.url())

        assert (0, "no setting differs, only the text\n") == (result.exit_code, result.stderr)
        assert f"# ours\n{NEW}" == place.get()

    def test_dry_run(self, run, place: Place):
        """--dry-run tells what would change, and writes nothing."""
        place.put(OLD)
        result = run("push", "app.toml", place.url(), "--dry-run")

        assert (0, "port 80 → 81  app.toml:2:8\n") == (result.exit_code, result.stdout)
        assert f"nothing was written to {place.url()} (--dry-run)\n" == result.stderr
        assert OLD == place.get()

    def test_standard_input(self, run, place: Place):
        """`-` is standard input."""
        result = run(
            "push", "-", place.url(), "--stdin-filename", "made.toml", stdin='name = "é"\n'
        )

        assert 0 == result.exit_code
        assert 'name not set → "é"  made.toml:1:8\n' in result.stdout
        assert 'name = "é"\n' == place.get()

    def test_stale_reads(self, run, new_consul, new_proxy, key: str):
        """A URL that lets any server answer services does not let it answer a push."""
        place = Place(new_consul(in_memory=True), key)
        proxy = new_proxy(place.server)
        result = run("push", "app.toml", place.url("consistency=stale", through=proxy))

        assert 0 == result.exit_code
        assert not any("stale" in one.target.partition("?")[2] for one in proxy.requests)

    def test_warnings(self, run, place: Place, file: Path):
        """Warnings are told, and keep nothing from being written."""
        file.write_text('name = "x"\nlisten = 81\n')
        result = run("push", "app.toml", place.url(), "--output-format", "json")

        assert 0 == result.exit_code
        assert ["MC104"] == [one["code"] for one in json.loads(result.stderr)["problems"]]
        assert "wrote version" in result.stdout


class TestAlone:
    """A document is one of several sources: what it lacks may be given by another one."""

    def test_required(self, run, place: Place, file: Path):
        """What only variables may give is named, whether it is a secret or not."""
        file.write_text("port = 1\n[stores.a]\nport = 1\n")
        result = run("push", "app.toml", place.url())

        assert 0 == result.exit_code
        assert (
            "not checked: variables and other files, which have to give name, stores.a.password\n"
        ) in result.stderr
        assert "port 80 → 1 " in result.stdout
        assert "not compared: tables in which required settings are missing\n" in result.stderr

    def test_required_at_the_top(self, run, place: Place, file: Path):
        """What is missing beside other settings does not keep them from being compared."""
        file.write_text("port = 1\n")
        result = run("push", "app.toml", place.url())

        assert "port 80 → 1 " in result.stdout
        assert "not compared" not in result.stderr

    def test_many(self, run, place: Place, file: Path):
        """Of many only some are named."""
        file.write_text("".join(f"[stores.s{number}]\n" for number in range(12)))
        result = run("push", "app.toml", place.url())

        assert "stores.s8.password and 3 more\n" in result.stderr

    def test_variables_are_not_read(self, run, place: Place):
        """A variable of whoever pushes neither mends nor hides anything."""
        place.put(OLD)
        result = run("push", "app.toml", place.url(), APP_PORT="0", APP_TOKEN=CANARY)

        assert 0 == result.exit_code
        assert "port 80 → 81" in said(result)

    def test_secret(self, run, place: Place, file: Path):
        """A secret in a document is warned of, and not shown."""
        place.put(f'name = "x"\ntoken = "{CANARY}-old"\n')
        file.write_text(f'name = "x"\ntoken = "{CANARY}-new"\n')
        result = run("push", "app.toml", place.url())

        assert "token <secret> → <secret>" in said(result)
        assert "MC208" in result.stderr


class TestInvalid:
    def test_report(self, run, place: Place, file: Path):
        """A document with errors is not written, and its report says so."""
        place.put(OLD)
        file.write_text("port = 0\n")
        result = run("push", "app.toml", place.url())

        assert (1, "") == (result.exit_code, result.stdout)
        assert "error[MC202]: `port`" in result.stderr
        assert " --> app.toml:1:8" in result.stderr
        assert result.stderr.endswith("meshconf: 1 error in app.toml; nothing was written\n")
        assert OLD == place.get()

    def test_before_the_store_is_asked(self, run, file: Path):
        """No store is needed to refuse a document."""
        file.write_text("port = 0\n")
        result = run("push", "app.toml", "consul://127.0.0.1:1/key", "--output-format", "json")

        assert 1 == result.exit_code
        assert ["MC202"] == [one["code"] for one in json.loads(result.stdout)["problems"]]

    def test_local_only(self, run, file: Path):
        """A setting that no store may set is refused as it would be when it is read."""
        file.write_text('config_version = 2\n[consul]\nhost = "evil"\n')
        url = "consul://127.0.0.1:1/key"
        result = run("push", "app.toml", url, "--schema", "meshconf:ServiceMeshConfig")

        assert (1, "") == (result.exit_code, result.stdout)
        assert f"error[MC107]: `consul.host` may not be set by {url}" in result.stderr
        assert " --> app.toml:3:8" in result.stderr

    @pytest.mark.parametrize(
        ("content", "code", "message"),
        [
            (b'name = "\xff"', "MC003", "app.toml is not UTF-8"),
            (b" \n", "MC407", "app.toml is empty"),
        ],
    )
    def test_content(self, run, file: Path, content: bytes, code: str, message: str):
        """What is no text, or nothing at all, is not written."""
        file.write_bytes(content)
        result = run("push", "app.toml", "consul://127.0.0.1:1/key")

        assert 1 == result.exit_code
        assert f"error[{code}]: {message}" in result.stderr

    def test_missing(self, run):
        """Without the file the job cannot be done."""
        result = run("push", "ap.toml", "consul://127.0.0.1:1/key")

        assert (2, "") == (result.exit_code, result.stdout)
        assert "error[MC401]: ap.toml does not exist" in result.stderr

    @pytest.mark.parametrize(
        "content", [b'name = "x"\nport = 0\n', b"name =\n", b"\xff", b"x" * 1_048_577]
    )
    def test_old_one(self, run, new_etcd, key: str, content: bytes):
        """A document that is there and is not valid is said to be that, and replaced."""
        place = Place(new_etcd(), key)
        place.put(content)
        result = run("push", "app.toml", place.url())

        assert 0 == result.exit_code
        assert "what is there now cannot be compared" in result.stderr
        assert f"{place.url()}@2" in result.stderr
        assert "→" not in result.stdout
        assert NEW == place.get()


class TestLarge:
    def test_consul(self, run, new_consul, new_proxy, key: str, file: Path):
        """What Consul does not take is refused before anything is sent."""
        place = Place(new_consul(in_memory=True), key)
        proxy = new_proxy(place.server)
        file.write_text(f"{OLD}#{'x' * 600_000}\n")
        result = run("push", "app.toml", place.url(through=proxy))

        assert (1, "") == (result.exit_code, result.stdout)
        assert "app.toml is too large: 600,013 bytes; the limit is 524,288\n" in result.stderr
        assert "--max-bytes N" in result.stderr
        assert [] == proxy.requests

    def test_consul_refuses(self, run, new_consul, key: str, file: Path):
        """What Consul refuses itself is told."""
        place = Place(new_consul(in_memory=True), key)
        file.write_text(f"{OLD}#{'x' * 600_000}\n")
        result = run("push", "app.toml", place.url(), "--max-bytes", "700000")

        assert 1 == result.exit_code
        assert f"error[MC004]: {place.url()} takes no value that large" in result.stderr
        assert "wrote" not in result.stdout
        assert place.get() is None

    @pytest.mark.parametrize("name", ["app.toml", "-"])
    def test_reader(self, run, new_etcd, key: str, file: Path, name: str):
        """What etcd takes and no service would read is refused."""
        place = Place(new_etcd(), key)
        text = f"{OLD}#{'x' * 1_048_576}\n"
        file.write_text(text)
        result = run("push", name, place.url(), stdin=text)

        assert 1 == result.exit_code
        assert "the limit is 1,048,576\n" in result.stderr
        assert "services read no more, unless their URL says max_bytes=N" in result.stderr
        assert place.get() is None

    def test_etcd(self, run, new_etcd, key: str, file: Path):
        """The largest document that etcd is said to take is taken by it."""
        place = Place(new_etcd(), key)
        url = place.url("max_bytes=2000000")
        most = place_limit(url)
        file.write_text(f"{OLD}#".ljust(most, "x"))

        assert 0 == run("push", "app.toml", url).exit_code

        file.write_text(f"{OLD}#".ljust(most + 1, "x"))
        result = run("push", "app.toml", url)

        assert 1 == result.exit_code
        assert f"the limit is {most:,}\n" in result.stderr

    def test_standard_input(self, run, new_etcd, key: str):
        """What services are told to read is put there whole, from standard input too."""
        place = Place(new_etcd(), key)
        text = f"{OLD}#{'x' * 1_048_576}\n"
        result = run("push", "-", place.url("max_bytes=2000000"), stdin=text)

        assert 0 == result.exit_code
        assert text == place.get()

    def test_etcd_refuses(self, run, new_etcd, key: str, file: Path):
        """What etcd refuses itself is told."""
        place = Place(new_etcd(), key)
        file.write_text(f"{OLD}#{'x' * 1_600_000}\n")
        url = place.url("max_bytes=2000000")
        result = run("push", "app.toml", url, "--max-bytes", "2000000")

        assert 1 == result.exit_code
        assert "takes no value that large; by default, at most about 1.5 MiB" in result.stderr


def place_limit(url: str) -> int:
    """Return how large a document may be."""
    from meshconf.sources.addresses import store_of

    return pushing.limit_of(store_of(url, {}))


class TestTwoWriters:
    """The one that writes first wins; the other one is told."""

    @pytest.fixture
    def late(
        self, run: Callable[..., Any], place: Place, monkeypatch: pytest.MonkeyPatch
    ) -> Callable[[Callable[[], Any]], Any]:
        """Return a function that pushes, and does something before the text is written."""
        write = pushing.write

        def late(meanwhile: Callable[[], Any]) -> Any:
            def write_late(*arguments: Any) -> int | None:
                meanwhile()
                return write(*arguments)

            with monkeypatch.context() as patched:
                patched.setattr(pushing, "write", write_late)
                return run("push", "app.toml", place.url())

        return late

    @pytest.mark.parametrize("before", [OLD, None])
    def test_other_text(self, program, place: Place, late, folder: Path, before: str | None):
        """A document that another push changed in between, or made, stays as that left it."""
        if before is not None:
            place.put(before)
        (folder / "other.toml").write_text('name = "y"\n')
        others: list[subprocess.CompletedProcess[str]] = []

        lost = late(lambda: others.append(program("push", "other.toml", place.url())))
        [won] = others
        version = won.stdout.partition("wrote version ")[2].split(",")[0].strip()

        assert (0, 1) == (won.returncode, lost.exit_code)
        assert 'name = "y"\n' == place.get()
        assert "wrote" not in lost.stdout
        assert "was changed by somebody else since it was read: it is " in lost.stderr
        assert f"@{version} now\n" in lost.stderr
        assert "FILE shows what differs now; then push again" in lost.stderr

    def test_gone(self, place: Place, late):
        """A document that was deleted in between is not made again."""
        place.put(OLD)

        lost = late(place.delete)

        assert 1 == lost.exit_code
        assert "since it was read: it is gone\n" in lost.stderr
        assert place.get() is None

    def test_same_text(self, place: Place, late):
        """Where the other one wrote the same, there is nothing to complain of."""
        result = late(lambda: place.put(NEW))

        assert 0 == result.exit_code
        assert NEW == place.get()

    def test_many(self, place: Place, folder: Path, program):
        """Of many that begin with the same text, exactly those that say so have written."""
        place.put(OLD)
        for number in range(6):
            (folder / f"{number}.toml").write_text(f'name = "{number}"\n')
        with ThreadPoolExecutor(6) as threads:
            results = list(
                threads.map(lambda number: program("push", f"{number}.toml", place.url()), range(6))
            )

        assert {0, 1} >= {one.returncode for one in results}
        assert all(("wrote" in one.stdout) is (one.returncode == 0) for one in results)
        winners = [n for n, one in enumerate(results) if one.returncode == 0]
        assert place.get() in {f'name = "{number}"\n' for number in winners}


class TestAccess:
    @pytest.fixture
    def consul_with_acl(self, new_consul, key: str) -> Place:
        """Start a Consul that denies everything without a token."""
        return Place(new_consul(in_memory=True, acl=True), key)

    def test_consul_without_token(self, run, consul_with_acl: Place):
        """Without a token nothing is written."""
        result = run("push", "app.toml", consul_with_acl.url())

        assert (2, "") == (result.exit_code, result.stdout)
        assert "error[MC409]" in result.stderr
        assert "refuses a request without a token: 403" in result.stderr
        assert consul_with_acl.get() is None

    def test_consul_reader(self, run, consul_with_acl: Place):
        """A token that may only read is not enough; it is not shown."""
        server: Any = consul_with_acl.server
        token = server.create_token('key_prefix "" { policy = "read" }').secret
        result = run("push", "app.toml", consul_with_acl.url(), CONSUL_HTTP_TOKEN=token)

        assert 2 == result.exit_code
        assert "refuses its token: 403" in result.stderr
        assert token not in said(result)
        assert consul_with_acl.get() is None

    def test_consul_writer(self, run, consul_with_acl: Place, folder: Path):
        """A token that may write comes by a variable or by a file, and is not shown."""
        server: Any = consul_with_acl.server
        token = server.create_token('key_prefix "" { policy = "write" }').secret
        (folder / "token").write_text(token)
        by_variable = run("push", "app.toml", consul_with_acl.url(), CONSUL_HTTP_TOKEN=token)
        by_file = run("push", "app.toml", consul_with_acl.url("token_file=token"))

        assert (0, 0) == (by_variable.exit_code, by_file.exit_code)
        assert "nothing to do" in by_file.stdout
        assert token not in said(by_variable) + said(by_file)

    def test_etcd(self, run, new_etcd, key: str):
        """Who may not sign in, or not write, writes nothing; no password is shown."""
        place = Place(new_etcd(auth=True), key)
        server: Any = place.server
        server.add_user("reader", CANARY, "tests", "READ")
        server.add_user("writer", CANARY, "tests", "READWRITE")
        nobody = run("push", "app.toml", place.url())
        stranger = run("push", "app.toml", place.url(), ETCDCTL_USER=f"stranger:{CANARY}")
        reader = run("push", "app.toml", place.url(), ETCDCTL_USER=f"reader:{CANARY}")

        assert (2, 2, 2) == (nobody.exit_code, stranger.exit_code, reader.exit_code)
        assert all("error[MC409]" in said(one) for one in (nobody, stranger, reader))
        assert place.get() is None

        writer = run("push", "app.toml", place.url(), ETCDCTL_USER=f"writer:{CANARY}")

        assert 0 == writer.exit_code
        assert NEW == place.get()
        said(writer)

    @pytest.mark.parametrize(
        ("url", "message"),
        [
            ("app.toml", "URL is that of a document in a store"),
            ("http://consul:8500/v1/kv/key", "URL is that of a document in a store"),
            ("consul://consul:8500", "the URL of a document is consul://HOST:PORT/KEY"),
            (f"consul://x/key?token={CANARY}", "token does not belong into a URL"),
            (f"consul://user:{CANARY}@x/key", "holds no user and no password"),
        ],
    )
    def test_url(self, run, url: str, message: str):
        """What is no URL of a document is wrong usage; what may be secret in it is not shown."""
        result = run("push", "app.toml", url)

        assert 2 == result.exit_code
        assert message in said(result)

    def test_token_in_clear(self, run):
        """A token does not go over the network where others could read it."""
        result = run("push", "app.toml", "consul://192.0.2.1:8500/key", CONSUL_HTTP_TOKEN=CANARY)

        assert 2 == result.exit_code
        assert "its token would go over http" in said(result)


class TestUnreachable:
    def test_down(self, run):
        """Without the store the job cannot be done."""
        result = run("push", "app.toml", "etcd://127.0.0.1:1/key")

        assert (2, "") == (result.exit_code, result.stdout)
        assert "error[MC408]: etcd://127.0.0.1:1/key cannot be asked" in result.stderr
        assert "not known" not in result.stderr

    def test_no_answer(self, run, place: Place, new_proxy):
        """Where the answer to the write is lost it is said that nobody knows, and how to know."""
        place.put(OLD)
        proxy = new_proxy(place.server)
        proxy.cut_after(1, place.writes)
        result = run("push", "app.toml", place.url(through=proxy))

        assert 2 == result.exit_code
        unknown = "it is not known whether it was written; another push tells\n"
        assert result.stderr.endswith(f"meshconf: 1 error in {place.url(through=proxy)}; {unknown}")

        again = run("push", "app.toml", place.url())

        assert 0 == again.exit_code
        assert NEW == place.get()


@attrs.frozen(kw_only=True)
class Scripted(Store):
    """A store that answers as a test says."""

    was_put: bool
    after: Found | None
    kind = "scripted"
    name = "scripted://store/key"
    largest_value = 1000

    def client(self, reset: Any = None) -> Any:
        """Return itself: it speaks for itself."""
        return self

    def put(self, content: bytes, expected: Found) -> bool:
        """Say whether it was put."""
        return self.was_put

    def get(self) -> Found:
        """Say what is there."""
        if self.after is None:
            raise Refused("MC408", "is down")
        return self.after

    def close(self) -> None:
        """Do nothing."""


class TestAnswers:
    """What comes of a write is found out by a read after it."""

    @pytest.mark.parametrize(
        ("was_put", "after", "version"),
        [
            (True, Found(b"a", 2, 2), 2),
            (False, Found(b"a", 2, 2), 2),
            (True, Found(b"b", 3, 3), None),
            (True, None, None),
        ],
        ids=["put", "put and asked again", "put and replaced since", "put and down since"],
    )
    def test_written(self, was_put: bool, after: Found | None, version: int | None):
        """It was written if the store says so, or if it is there."""
        store = Scripted(was_put=was_put, after=after)

        assert version == pushing.write(store, b"a", Found(None, 0, 1))

    def test_down(self):
        """It was not written if it was refused, whatever happens then."""
        with pytest.raises(Refused):
            pushing.write(Scripted(was_put=False, after=None), b"a", Found(None, 0, 1))

    def test_unknown_version(self, run, place: Place, monkeypatch: pytest.MonkeyPatch):
        """A version that is not known is not told."""
        monkeypatch.setattr(pushing, "write", lambda *_: None)
        result = run("push", "app.toml", place.url())

        assert result.stdout.endswith(f"{place.url()}: written\n")
