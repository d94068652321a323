"""Words in a HAProxy configuration are taken for nothing but themselves."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshconf import ConfigError
from meshconf.mesh.render import haproxy
from meshconf.mesh.render.haproxy_words import line, quoted, section
from tests.mesh.render.configs import loaded
from tests.servers.haproxy import HAProxy, complaints
from tests.servers.process import free_ports

if TYPE_CHECKING:
    from pathlib import Path

    from tests.mesh.render.haproxy.conftest import Serve, Start
    from tests.servers.certificates import Authority

#: What would be read as something else, or cut, without quotes.
HOSTILE = [
    "a b",
    "'",
    '"',
    "it's",
    "''",
    "#",
    "a #b",
    "\\",
    "a\\",
    "\\n",
    "\\x41",
    "$HOME",
    "${HOME}",
    '"$HOME"',
    "%[env(HOME)]",
    "%",
    "}",
    "{ a }",
    "!",
    "é 日本",
    "n",
    "yes",
    "1e3",
]

#: The same without spaces, as the path of a request may be.
IN_PATHS = [f"/{text.replace(' ', '-')}" for text in HOSTILE if text.isascii() and "#" not in text]

TLS = {"tls.enabled": True, "tls.cert_file": "cert.pem", "tls.key_file": "key.pem"}


def refusals(settings: dict[str, Any]) -> list[str]:
    """Render, and return what is refused."""
    with pytest.raises(ConfigError) as caught:
        haproxy(loaded({"service_name": "orders", **settings}))
    assert {"MC303"} == {one.code for one in caught.value.problems}
    return sorted(one.path for one in caught.value.problems)


class TestQuoted:
    @given(word=st.text(st.characters(exclude_categories=["Cc", "Cs"])))
    def test_is_one_word(self, word: str) -> None:
        """A shell, whose single quotes and backslashes are the same, reads the word itself."""
        assert [word] == shlex.split(quoted(word))

    @pytest.mark.parametrize("word", ["payments", "10.0.0.1:80", "str(a.b)", "{", "/a%20b?c=d&e"])
    def test_is_bare(self, word: str) -> None:
        """A word without such characters stays as it is."""
        assert word == quoted(word)

    def test_lines(self) -> None:
        """A line is indented, and a section a head with its lines."""
        assert "    server a '' 1" == line("server", "a", "", 1)
        assert "global\n    a\n" == section("global", "", [line("a")])
        assert "backend b\n" == section("backend", "b", [])


class TestHostile:
    def test_is_read_as_it_is(self) -> None:
        """HAProxy reads the very words that are written."""
        [port] = free_ports(1)
        answers = [
            line(*answer, "string", text, "if", "{", "path", f"/{number}", "}")
            for number, text in enumerate(HOSTILE)
            for answer in [("http-request", "return", "status", 200, "content-type", "text/plain")]
        ]
        config = loaded({"service_name": "orders", "metrics.enabled": False})
        rendered = haproxy(config, listen=f"127.0.0.1:{port}").text
        bind = f"    bind 127.0.0.1:{port}\n"
        with HAProxy(rendered.replace(bind, "\n".join([bind, *answers, ""]))) as running:
            found = [running.get("a", f"/{number}").body.decode() for number in range(len(HOSTILE))]

        assert HOSTILE == found

    def test_paths_are_asked_for(self, start: Start, serve: Serve) -> None:
        """HAProxy asks for the very path that is set, whatever is in it."""
        hosts = {f"n{number}": [serve(health_path=path)] for number, path in enumerate(IN_PATHS)}
        own = {
            f"upstreams.n{number}.load_balancer.health_check": {
                "type": "http",
                "path": path,
                "interval": 0.05,
                "timeout": 0.05,
            }
            for number, path in enumerate(IN_PATHS)
        }
        haproxy = start(hosts, own)
        answers = [haproxy.get(name).status for name in hosts]
        for [host] in hosts.values():
            host.wait_for_health_checks(2)

        assert [200] * len(hosts) == answers
        assert IN_PATHS == [host.health_checks[0].target for [host] in hosts.values()]

    @pytest.mark.parametrize("path", [f"/{text}" for text in HOSTILE])
    def test_files_are_found(self, path: str, tmp_path: Path, authority: Authority) -> None:
        """HAProxy opens the very file that is set, and misses it where it is not."""
        file = tmp_path / path.strip("/")
        config = loaded(
            {"service_name": "orders", "tls.enabled": True, "tls.ca_file": str(file)}
            | {"discovery.backend": "static", "static.endpoints": {"payments": ["10.0.0.1:80"]}}
        )
        text = haproxy(config).text
        before = complaints(text)
        file.write_bytes(authority.ca.read_bytes())

        assert f"Couldn't open the ca-file '{file}'" in before[0]
        assert [] == complaints(text)

    @pytest.mark.parametrize("char", ["\n", "\r", "\t", "\0", "\x1b", "\x7f", "\x85", "\ud800"])
    @pytest.mark.parametrize(
        "path", ["service_name", "service_version", "tls.ca_file", "tls.cert_file"]
    )
    def test_is_refused(self, path: str, char: str) -> None:
        """What no quotes protect is refused, under the name of its setting."""
        refused = refusals({**TLS, path: f"/a{char}b"})

        assert [path] == refused

    @pytest.mark.parametrize("char", ["\0", "\x1b", "\x7f", "é"])
    def test_no_path_is_refused(self, char: str) -> None:
        """What no HTTP request may hold is refused; that of an upstream is named as its own."""
        check = {"load_balancer": {"health_check": {"path": f"/{char}"}}}
        refused = refusals({"metrics.path": f"/{char}", "upstreams": {"a": check, "b": {}}})

        assert ["metrics.path", "upstreams.a.load_balancer.health_check.path"] == refused

    def test_general_path_is_refused(self) -> None:
        """The path of all upstreams is named once."""
        path = "load_balancer.health_check.path"

        assert [path] == refusals({path: "/é", "upstreams": {"a": {}, "b": {}}})

    def test_files_are_no_words(self) -> None:
        """A file whose name begins like a word of HAProxy's own is a file."""
        hosts = {"discovery.backend": "static", "static.endpoints": {"payments": ["10.0.0.1:80"]}}
        settings = {"service_name": "orders", **TLS, **hosts, "tls.ca_file": "@system-ca"}

        assert " ca-file ./@system-ca " in haproxy(loaded(settings)).text
