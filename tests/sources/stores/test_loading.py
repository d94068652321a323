"""Loading documents from real Consul and etcd."""

from __future__ import annotations

import json
import logging
import os
import socket
import stat
import time
from traceback import format_exception
from typing import TYPE_CHECKING, Any

import pytest

import meshconf
from meshconf import ConfigError, ConsulKV, EtcdKV, Secret
from tests.servers.consul import Consul
from tests.sources.stores.conftest import CANARY, OPTIONS, App, At, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.servers.certificates import Authority
    from tests.servers.etcd import Etcd
    from tests.servers.proxy import CountingProxy


def load(*sources: Any, **options: Any) -> App:
    """Load the schema."""
    return meshconf.load(*sources, schema=App, **{**OPTIONS, **options})


def refused(*sources: Any, **options: Any) -> ConfigError:
    """Load what must be refused."""
    with pytest.raises(ConfigError) as caught:
        load(*sources, **options)
    return caught.value


def code_of(error: ConfigError) -> str:
    """Return the code of the only problem."""
    [problem] = error.problems
    return problem.code


class TestDocuments:
    def test_origin(self, place: Place):
        """A value says its store, key, version, line and column."""
        place.put("# ours\nlimit = 5\n")
        snapshot = meshconf.read(place.url(), schema=App, **OPTIONS)
        origin = snapshot.origin("limit")

        assert 5 == snapshot.config.limit
        assert (place.kind, 2, 9) == (origin.kind, origin.line, origin.column)
        assert origin.name.startswith(f"{place.url()}@")
        assert origin.name.rpartition("@")[2].isdigit()
        assert (place.url(), "environment") == snapshot.sources

    def test_precedence(self, place: Place, folder: Path):
        """A document wins over files, whatever the order, and variables win over it."""
        (folder / "app.toml").write_text("limit = 1\nname = 'file'\n")
        place.put("limit = 5\nname = 'store'\n")
        found = load(place.url(), "app.toml", environ={"APP_LIMIT": "7"})

        assert (7, "store") == (found.limit, found.name)

    def test_by_object(self, place: Place):
        """A source object is read like its URL."""
        place.put("limit = 5\n")
        address = place.server.address
        source = (
            ConsulKV(place.key, address=address)
            if place.kind == "consul"
            else EtcdKV(place.key, endpoints=[address])
        )

        assert 5 == load(source).limit

    def test_named_by_a_variable(self, place: Place, folder: Path):
        """The variable that lists files may list URLs."""
        (folder / "app.toml").write_text("name = 'file'\n")
        place.put("limit = 5\n")
        found = load(environ={"APP_CONFIG": f"app.toml:{place.url()}"})

        assert (5, "file") == (found.limit, found.name)

    def test_mistakes(self, place: Place):
        """A mistake is shown in the document, with a caret."""
        place.put("limit = 0\n")
        report = str(refused(place.url()))

        assert "`limit` must be at least 1, got 0" in report
        assert "1 | limit = 0" in report
        assert f" --> {place.url()}@" in report

    @pytest.mark.parametrize(
        ("content", "code"),
        [("limit = ", "MC001"), (b"name = '\xff'", "MC003"), ("limt = 3", "MC101")],
    )
    def test_broken(self, place: Place, content: str | bytes, code: str):
        """What is no TOML, no UTF-8 or no setting is a report."""
        place.put(content)

        assert code == code_of(refused(place.url()))

    def test_too_large(self, place: Place):
        """A document over the limit is refused."""
        place.put(f"name = '{'x' * 2000}'\n")

        assert "MC004" == code_of(refused(place.url("max_bytes=1000")))

    def test_large(self, place: Place):
        """One of 500 kB is read."""
        place.put(f"# {'x' * 500_000}\nlimit = 5\n")

        assert 5 == load(place.url()).limit

    def test_answer_over_the_limit(self, place: Place, new_proxy: Callable[..., CountingProxy]):
        """An answer that goes on and on is not read to its end."""
        proxy = new_proxy(place.server)
        proxy.answer(200, b"x" * 100_000)

        assert "MC004" == code_of(refused(place.url("max_bytes=100", proxy)))

    def test_only_this_machine_decides(self, place: Place):
        """A document may not set what is local."""
        place.put("limit = 5\nfolder = '/etc'\n")
        error = refused(place.url())

        assert (
            f"error[MC107]: `folder` may not be set by {place.url()}: only this machine decides it"
            == str(error).splitlines()[0]
        )
        assert "or by APP_FOLDER" in str(error)

    def test_secrets(self, place: Place):
        """A secret in a document is shown nowhere."""
        place.put(f"token = '{CANARY}'\nlimit = 0\n")
        error = refused(place.url())

        assert CANARY not in f"{error}{error.problems}"


class TestWhatCannotBeHad:
    def test_missing(self, place: Place):
        """A key that is not there refuses the load."""
        error = refused(place.url())

        assert f"error[MC410]: {place.url()} is not there" == str(error).splitlines()[0]

    def test_down_and_optional(self, place: Place):
        """A store that is down is warned of where the document is optional."""
        url = place.url("start=optional", through=At("http://127.0.0.1:1"))
        snapshot = meshconf.read(url, schema=App, **OPTIONS)
        with meshconf.watch(url, schema=App, **OPTIONS) as live:
            (store, _) = live.status.sources

        assert 10 == snapshot.config.limit
        assert [("MC408", "warning")] == [(one.code, one.severity) for one in snapshot.warnings]
        assert not store.connected

    def test_missing_and_optional(self, place: Place):
        """An optional one does not."""
        assert 10 == load(place.url("start=optional")).limit

    def test_no_server(self, place: Place):
        """A store that is not there is named with the reason."""
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            address = f"http://127.0.0.1:{taken.getsockname()[1]}"
            error = refused(place.url(through=At(address)))

        assert "MC408" == code_of(error)
        assert "connection refused" in str(error)

    def test_no_host(self, place: Place):
        """So is a host that nobody knows."""
        assert "no such host" in str(refused(place.url(through=At("http://nowhere.invalid:1"))))

    def test_silent(self, place: Place, new_proxy: Callable[..., CountingProxy]):
        """A store that does not answer is not waited for."""
        proxy = new_proxy(place.server)
        proxy.delay(30)
        began = time.monotonic()
        error = refused(place.url("timeout=0.2", proxy))

        assert time.monotonic() - began < 10
        assert "no answer in time" in str(error)

    @pytest.mark.parametrize("status", [500, 302])
    def test_trouble(self, place: Place, new_proxy: Callable[..., CountingProxy], status: int):
        """An error of the store, or a redirection, is told, and not followed."""
        proxy = new_proxy(place.server)
        headers = {"Location": "http://127.0.0.1:1/elsewhere"}
        proxy.answer(status, b"no leader\nmore\n", headers)
        error = refused(place.url(through=proxy))

        assert "MC411" == code_of(error)
        assert f"answers {status}" in str(error)
        assert "elsewhere" not in str(error)

    @pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'"\\u001b"', b"[" * 5000])
    def test_other_server(self, place: Place, new_proxy: Callable[..., CountingProxy], body: bytes):
        """What answers otherwise than the store does is told."""
        proxy = new_proxy(place.server)
        proxy.answer(200, body, {"X-Consul-Index": "7"})

        assert "MC411" == code_of(refused(place.url(through=proxy)))

    def test_breaks_off(self, place: Place, new_proxy: Callable[..., CountingProxy]):
        """An answer that breaks off is told."""
        place.put(f"name = '{'x' * 5000}'\n")
        proxy = new_proxy(place.server)
        proxy.cut_after(500)

        assert "MC408" == code_of(refused(place.url(through=proxy)))

    def test_idle_connection(self, place: Place, new_proxy: Callable[..., CountingProxy]):
        """A connection that the store closed meanwhile is opened again."""
        place.put("limit = 5\n")
        proxy = new_proxy(place.server)
        source = (
            ConsulKV(place.key, address=proxy.address)
            if place.kind == "consul"
            else EtcdKV(place.key, endpoints=[proxy.address])
        )
        client = source.client()
        client.get()
        proxy.cut()
        found = client.get()
        client.close()

        assert b"limit = 5\n" == found.content


@pytest.fixture(scope="module")
def guarded() -> Iterator[Consul]:
    """Start a Consul that knows its guests."""
    with Consul(acl=True) as server:
        server.put("config/app", "limit = 5\n")
        yield server


class TestTokensOfConsul:
    def token(self, server: Consul, access: str = "read") -> Any:
        """Make a token that may read the document."""
        return server.create_token(f'key_prefix "config" {{ policy = "{access}" }}')

    def test_token(self, guarded: Consul):
        """A token is shown in a header, whether it is a text or a secret."""
        token = self.token(guarded).secret
        for given in (token, Secret(token)):
            source = ConsulKV("config/app", address=guarded.address, token=given)

            assert 5 == load(source).limit
            assert token not in repr(source)

    def test_of_the_environment(self, guarded: Consul, tmp_path: Path):
        """With a URL, a token comes from where Consul's own tool has it."""
        token = self.token(guarded).secret
        (tmp_path / "token").write_text(f"{token}\n")
        url = f"consul://{guarded.address.partition('://')[2]}/config/app"

        assert 5 == load(url, environ={"CONSUL_HTTP_TOKEN": token}).limit
        assert 5 == load(url, environ={"CONSUL_HTTP_TOKEN_FILE": str(tmp_path / "token")}).limit
        assert 5 == load(f"{url}?token_file={tmp_path / 'token'}").limit

    def test_refused(self, guarded: Consul):
        """A token that is unknown is told as that, and not repeated."""
        source = ConsulKV("config/app", address=guarded.address, token=CANARY)
        error = refused(source)

        assert "MC409" == code_of(error)
        assert "refuses its token: 403" in str(error)
        assert CANARY not in str(error)

    def test_without(self, guarded: Consul):
        """Without a token, the key looks as if it were not there; the help says so."""
        error = refused(ConsulKV("config/app", address=guarded.address))

        assert code_of(error) in ("MC409", "MC410")

    def test_in_clear(self):
        """A token goes over http to another machine only if somebody says so."""
        source = ConsulKV("a", address="http://192.0.2.1:8500", token=CANARY)
        error = refused(source)

        assert "its token would go over http" in str(error)
        assert CANARY not in str(error)

    def test_that_no_header_can_hold(self):
        """A token with a line break is refused, and not repeated, not even by what went before."""
        error = refused(ConsulKV("a", token=f"{CANARY}\n"))

        assert "its token holds characters that no token has" in str(error)
        assert CANARY not in "".join(format_exception(error))

    @pytest.mark.parametrize("content", [None, "", " \n", "a\nb", "\x01", "é"])
    def test_file_without_a_token(self, tmp_path: Path, content: str | None):
        """A file of a token that holds none is told."""
        file = tmp_path / "token"
        if content is not None:
            file.write_text(content, encoding="utf-8")

        assert "MC409" == code_of(refused(ConsulKV("a", token_file=file)))

    def test_in_clear_by_explicit_word(self, tmp_path: Path):
        """Who says so sends a token over http to another machine."""
        (tmp_path / "token").write_text(CANARY)
        options = f"insecure_token=true&timeout=0.2&token_file={tmp_path / 'token'}"
        error = refused(f"consul://nowhere.invalid:8500/app?{options}")

        assert "MC408" == code_of(error)


class TestUsersOfEtcd:
    def test_user(self, new_etcd: Callable[..., Etcd], tmp_path: Path):
        """A user signs in with a password, or one in a file; others are refused."""
        server = new_etcd(auth=True)
        server.put("config/app", "limit = 5\n")
        server.add_user("app", CANARY, "config")
        (tmp_path / "password").write_text(CANARY)
        where: Any = {"endpoints": [server.address]}
        url = f"etcd://{server.address.partition('://')[2]}/config/app"

        assert 5 == load(EtcdKV("config/app", **where, username="app", password=CANARY)).limit
        assert (
            5 == load(EtcdKV("config/app", **where, username="app", password=Secret(CANARY))).limit
        )
        assert 5 == load(url, environ={"ETCDCTL_USER": f"app:{CANARY}"}).limit
        assert 5 == load(f"{url}?username=app&token_file={tmp_path / 'password'}").limit
        by_name = {"ETCDCTL_PASSWORD": CANARY}
        assert 5 == load(f"{url}?username=app", environ=by_name).limit
        assert 5 == load(f"{url}?username=app", environ={"ETCDCTL_USER": f"app:{CANARY}"}).limit

        wrong = refused(EtcdKV("config/app", **where, username="app", password=f"{CANARY}x"))
        other = refused(EtcdKV("other", **where, username="app", password=CANARY))
        nobody = refused(EtcdKV("config/app", **where))

        assert {"MC409"} == {code_of(error) for error in (wrong, other, nobody)}
        assert "refuses the user app" in str(wrong)
        assert "refuses app: etcdserver: permission denied" in str(other)
        assert "wants to know who asks" in str(nobody)
        assert CANARY not in f"{wrong}{other}{nobody}"

    def test_token_that_ran_out(self, new_etcd: Callable[..., Etcd]):
        """A token that etcd no longer knows is replaced by signing in again."""
        server = new_etcd(auth=True)
        server.put("config/app", "limit = 5\n")
        server.add_user("app", "password", "config")
        source = EtcdKV(
            "config/app", endpoints=[server.address], username="app", password="password"
        )
        client = source.client()
        client.get()
        server.restart()
        found = client.get()
        client.close()

        assert b"limit = 5\n" == found.content

    def test_in_clear(self):
        """A password goes over http to another machine only if somebody says so."""
        source = EtcdKV("a", endpoints="http://192.0.2.1:2379", username="a", password=CANARY)

        assert "its token would go over http" in str(refused(source))

    @pytest.mark.parametrize("secret", [{"password": CANARY}, {"token_file": "password"}])
    def test_password_of_nobody(self, secret: Any):
        """A password without a user is a mistake."""
        with pytest.raises(ValueError, match=r"^a password wants a username$"):
            EtcdKV("a", **secret)


class TestMembersOfEtcd:
    def test_the_next_is_asked(self, new_etcd: Callable[..., Etcd]):
        """Where one member is down, another one is asked."""
        server = new_etcd()
        server.put("a", "limit = 5\n")

        assert 5 == load(EtcdKV("a", endpoints=["http://127.0.0.1:1", server.address])).limit


class TestTls:
    def test_names(
        self,
        authority: Authority,
        new_consul: Callable[..., Consul],
        new_etcd: Callable[..., Etcd],
        store_program: str,
    ):
        """Over TLS, the right name is believed, and a wrong one or an unknown authority is not."""
        certificate = authority.issue("localhost")
        if store_program == "consul":
            server: Any = new_consul(tls=certificate)
        else:
            server = new_etcd(tls=certificate)
        place = Place(server, "app")
        place.put("limit = 5\n")
        scheme = f"{place.kind}+https"
        right = server.https_address.partition("://")[2]
        wrong = server.https_by_number.partition("://")[2]
        ca = f"ca_file={certificate.ca}"

        assert 5 == load(f"{scheme}://{right}/app?{ca}").limit
        by_variable = {"CONSUL_CACERT": str(certificate.ca), "ETCDCTL_CACERT": str(certificate.ca)}
        assert 5 == load(f"{scheme}://{right}/app", environ=by_variable).limit

        other_name = str(refused(f"{scheme}://{wrong}/app?{ca}"))
        unknown = str(refused(f"{scheme}://{right}/app"))

        assert "its certificate is not trusted: IP address mismatch" in other_name
        assert "its certificate is not trusted: unable to get local issuer" in unknown

    def test_no_tls(self, place: Place):
        """A store that speaks no TLS is told as that."""
        url = place.url().replace("://", "+https://")

        assert "MC408" == code_of(refused(url))

    @pytest.mark.parametrize("content", [None, "nothing"])
    def test_no_certificates(self, place: Place, tmp_path: Path, content: str | None):
        """A file of certificates that is missing or holds none is named."""
        file = tmp_path / "ca.pem"
        if content is not None:
            file.write_text(content)
        url = place.url(f"ca_file={file}").replace("://", "+https://")

        assert str(file) in str(refused(url))


class TestCopies:
    """`start="cached"`: the last known good document, for the day the store is down."""

    def test_is_used_when_the_store_is_down(self, own_place: Place, tmp_path: Path):
        """A copy that was in force is used if the first fetch fails, and says so."""
        copy = tmp_path / "copy"
        url = own_place.url(f"start=cached&cache={copy}&timeout=1")
        own_place.put("limit = 5\n")
        load(url)
        own_place.server.stop()
        snapshot = meshconf.read(url, schema=App, **OPTIONS)

        assert 5 == snapshot.config.limit
        assert " (copy of 20" in snapshot.origin("limit").name
        assert 0o600 == stat.S_IMODE(copy.stat().st_mode)

    def test_is_kept_only_of_what_is_good(self, place: Place, tmp_path: Path):
        """A document that has errors is not kept."""
        copy = tmp_path / "copy"
        place.put("limit = 0\n")
        refused(place.url(f"start=cached&cache={copy}"))

        assert not copy.exists()

    def test_deleted_on_purpose(self, place: Place, tmp_path: Path):
        """Where a missing key is the wish to have the defaults, no copy stands in."""
        url = place.url(f"start=cached&cache={tmp_path / 'copy'}&on_missing=defaults")
        place.put("limit = 5\n")
        load(url)
        place.delete()

        assert 10 == load(url).limit

    def test_clock_that_is_behind(self, place: Place, tmp_path: Path):
        """A copy of the future is used: a clock that is behind does not matter."""
        copy = tmp_path / "copy"
        url = place.url(f"start=cached&cache={copy}")
        place.put("limit = 5\n")
        load(url)
        copy.write_text(json.dumps({**json.loads(copy.read_text()), "time": time.time() + 9999}))
        place.delete()

        assert 5 == load(url).limit

    def test_none(self, place: Place, tmp_path: Path):
        """Without a copy, the reason is told with that."""
        copy = tmp_path / "copy"
        error = refused(place.url(f"start=cached&cache={copy}"))

        assert f"is not there, and its copy {copy} does not exist" in str(error)

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"sha256": "0"}, "is damaged"),
            ({"content": 3}, "is damaged"),
            ({"name": "consul://other/key"}, "is a copy of consul://other/key"),
            ({"time": 0}, "is of 1970-01-01 00:00:00 UTC, which is too long ago"),
        ],
        ids=["hash", "content", "name", "time"],
    )
    def test_unusable(self, place: Place, tmp_path: Path, change: dict[str, Any], reason: str):
        """A copy that is damaged, of another document or too old is not used."""
        copy = tmp_path / "copy"
        url = place.url(f"start=cached&cache={copy}")
        place.put("limit = 5\n")
        load(url)
        copy.write_text(json.dumps({**json.loads(copy.read_text()), **change}))
        place.delete()

        assert f"its copy {copy} {reason}" in str(refused(url))

    def test_cannot_be_written(
        self, place: Place, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ):
        """That a copy cannot be written is logged, and disturbs nothing."""
        place.put("limit = 5\n")
        url = place.url(f"start=cached&cache={tmp_path}/none/copy")

        assert 5 == load(url).limit
        assert [
            (
                "WARNING",
                f"no copy of {place.url()} was kept in {tmp_path}/none/copy: No such file or directory",
            )
        ] == [(one.levelname, one.message) for one in caplog.records]

    def test_nothing_is_left_of_one_that_cannot_be_replaced(self, place: Place, tmp_path: Path):
        """A copy that cannot take its place leaves nothing behind."""
        (tmp_path / "copy").mkdir()
        place.put("limit = 5\n")
        load(place.url(f"start=cached&cache={tmp_path}/copy"))

        assert ["copy"] == os.listdir(tmp_path)


class TestWrongWords:
    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"start": "maybe"}, "start is required, optional or cached, not 'maybe'"),
            ({"on_missing": "x"}, "on_missing is error or defaults, not 'x'"),
            ({"timeout": 0}, "timeout is a positive number of seconds, not 0"),
            ({"timeout": True}, "timeout is a positive number of seconds, not True"),
            ({"timeout": float("inf")}, "timeout is a positive number of seconds, not inf"),
            ({"max_bytes": 0}, "max_bytes is a positive number of bytes, not 0"),
            ({"consistency": "x"}, "consistency is default, stale or consistent, not 'x'"),
            ({"cache": "x"}, 'start="cached" and cache="FILE" belong together'),
            ({"start": "cached"}, 'start="cached" and cache="FILE" belong together'),
            (
                {"address": "consul"},
                "a server's URL looks like http://127.0.0.1:8500, not 'consul'",
            ),
            ({"address": "http://[x"}, "looks like"),
            ({"address": "http://a:b@c"}, "a server's URL holds no user and no password"),
            ({"address": "http://c/path"}, "looks like"),
        ],
    )
    def test_consul(self, options: Any, message: str):
        """Options that are none are refused when the source is made."""
        with pytest.raises(ValueError, match=message.replace(".", r"\.").replace("[", r"\[")):
            ConsulKV("a", **options)

    def test_no_member(self):
        """Etcd has members."""
        with pytest.raises(ValueError, match="endpoints names no member of the cluster"):
            EtcdKV("a", endpoints=[])

    @pytest.mark.parametrize("key", ["", "a\n", "x" * 2000])
    def test_key(self, key: str):
        """A key has a name."""
        with pytest.raises(ValueError, match="a key has 1 to 1,024 printable characters"):
            ConsulKV(key)

    @pytest.mark.parametrize(
        ("url", "message"),
        [
            ("consul://host", "the URL of a document is consul://HOST:PORT/KEY"),
            ("etcd:///key", "the URL of a document is etcd://HOST:PORT/KEY"),
            (f"consul://u:{CANARY}@h/k", "a URL of consul holds no user and no password"),
            (f"consul://h/k?token={CANARY}", "token does not belong into a URL"),
            (f"etcd://h/k?password={CANARY}", "password does not belong into a URL"),
            ("consul://h/k?strat=cached", "a URL of consul has no option strat"),
            ("consul://h/k?timeout=soon", "timeout is a number, not 'soon'"),
            ("consul://h//k", "a key of Consul does not begin with a slash"),
            ("consul://h/a/../k", "holds no `//`, `.` and `..`"),
            ("consul://h/k?insecure_token=1", "insecure_token is true or false, not '1'"),
            ("etcd://h/k?start=no", "start is required, optional or cached"),
        ],
    )
    def test_url(self, url: str, message: str):
        """A URL that names no document is an error that repeats no secret."""
        error = refused(url)

        assert "MC411" == code_of(error)
        assert message in str(error)
        assert CANARY not in str(error)

    def test_url_of_a_variable(self):
        """Where a variable holds it, it is named."""
        error = refused(environ={"APP_CONFIG": "consul://host"})

        assert "APP_CONFIG: the URL of a document is" in str(error)


def test_without_urllib3(monkeypatch: pytest.MonkeyPatch):
    """Without the extra, one line says what to install."""
    monkeypatch.setattr("meshconf.sources.http.find_spec", lambda _: None)
    error = refused("consul://127.0.0.1:1/a")

    assert 'cannot be asked: pip install "meshconf[remote]"' in str(error)


def test_logs_no_token(caplog: pytest.LogCaptureFixture):
    """Nothing that urllib3 logs tells a token."""
    caplog.set_level(logging.DEBUG)
    source = ConsulKV("a", address="http://127.0.0.1:1", token=CANARY)
    refused(source)

    assert CANARY not in caplog.text
