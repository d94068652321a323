"""Tests for `meshconf doctor`, with real servers; each probe has tests of its own."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from meshconf.cli import doctor
from meshconf.mesh.discovery import probing
from meshconf.mesh.discovery.probing import Check, Finding, error, ok, warning
from tests.cli.conftest import environment
from tests.servers.consul import Consul
from tests.servers.fixtures import consul

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["consul"]

#: A token that must turn up nowhere.
CANARY = "0badcafe-5ec2-4e75-9a7e-c0ffee123456"

MESH = """\
config_version = 2
service_name = "orders"

[consul]
host = "127.0.0.1"
port = {port}

[upstreams.payments]
{more}
"""


@pytest.fixture
def mesh(folder: Path) -> Callable[..., Path]:
    """Return a function that writes a mesh.toml for a port of Consul."""

    def mesh(port: int | str, more: str = "") -> Path:
        file = folder / "mesh.toml"
        file.write_text(MESH.format(port=port, more=more))
        return file

    return mesh


@pytest.fixture
def closed_port() -> Iterator[int]:
    """Return a port on 127.0.0.1 at which nothing listens, and nothing will."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # without listen(), connections are refused
        yield taken.getsockname()[1]


@pytest.fixture
def services(consul: Consul) -> Iterator[Consul]:
    """Return a Consul with the services orders and payments."""
    consul.register("orders", 8080)
    consul.register("payments", 8443)
    yield consul
    consul.deregister("orders")
    consul.deregister("payments")


def port_of(consul: Consul) -> str:
    """Return the port of the HTTP API."""
    return consul.address.rpartition(":")[2]


@pytest.fixture
def finding(monkeypatch: pytest.MonkeyPatch, mesh) -> Callable[..., None]:
    """Return a function that says what the probe of Consul finds; there is a mesh.toml."""
    mesh(1)

    def finding(*findings: Finding) -> None:
        monkeypatch.setattr(probing, "probe", lambda *_, **__: list(findings))

    return finding


class TestSituations:
    def test_healthy(self, run, mesh, services: Consul):
        """Where everything is well, each check has a line on stdout, and the code is 0."""
        mesh(port_of(services))

        result = run("doctor")
        expected = f"""\
ok       consul agent: answers at {services.address}
ok       consul.datacenter: the agent knows dc1
ok       consul.token: access control is off at the agent
ok       service orders: healthy instances: 1 of 1
ok       upstream payments: healthy instances: 1 of 1
meshconf: no problems in 5 checks of consul (mesh.toml, environment)
not checked: whether the hosts answer requests
"""

        assert (0, expected, "") == (result.exit_code, result.stdout, result.stderr)

    def test_half_broken(self, run, mesh, services: Consul):
        """What does not match is told with the place of the setting and a remedy; the code is 1."""
        mesh(
            port_of(services), 'port = 443\n[upstreams.paymnts]\n[tracing]\nendpoint = "otel:4317"'
        )

        result = run("doctor")
        register = f"consul services register -http-addr={services.address} -name=paymnts"
        expected = f"""\
ok       consul agent: answers at {services.address}
ok       consul.datacenter: the agent knows dc1
ok       consul.token: access control is off at the agent
ok       service orders: healthy instances: 1 of 1
warning  upstream payments: healthy instances: 1 of 1, but none on port 443: they listen on 8443
         = note: `upstreams.payments.port` is from mesh.toml:9:8
         = help: set upstreams.payments.port = 8443, or leave it out
error    upstream paymnts: is not registered in dc1
         = note: `upstreams.paymnts` is from mesh.toml:10:1
         = help: payments is registered: correct the name, or else register it: {register}
meshconf: 1 error, 1 warning in 6 checks of consul (mesh.toml, environment)
not checked: whether the hosts answer requests; tracing.endpoint
"""

        assert (1, expected, "") == (result.exit_code, result.stdout, result.stderr)

    def test_absent(self, run, mesh, closed_port: int):
        """Where nothing answers, that is said once, and what was not checked because of it."""
        mesh(closed_port)

        result = run("doctor")
        address = f"http://127.0.0.1:{closed_port}"
        skipped = "consul.datacenter, consul.token, service orders, upstream payments"
        expected = f"""\
error    consul agent: nothing answers at {address} (connection refused)
         = note: `consul.host` is from mesh.toml:5:8
         = help: start the agent, or correct consul.host and consul.port
meshconf: 1 error in 1 check of consul (mesh.toml, environment)
not checked: {skipped} (needs consul agent); whether the hosts answer requests
"""

        assert (1, expected, "") == (result.exit_code, result.stdout, result.stderr)

    def test_variable(self, run, mesh, services: Consul):
        """A setting from a variable is told as such."""
        mesh(port_of(services))

        result = run("doctor", MESH_CONSUL_DATACENTER="dc9")

        assert 1 == result.exit_code
        assert (
            "note: `consul.datacenter` is from environment variable MESH_CONSUL_DATACENTER\n"
            '         = help: set consul.datacenter = "dc1"\n'
        ) in result.stdout


class TestFormats:
    def test_concise(self, run, mesh, services: Consul):
        """A line for each check begins with the place of what is to blame."""
        mesh(port_of(services), "port = 443")

        result = run("doctor", "--output-format", "concise")

        assert 0 == result.exit_code
        assert (
            "ok       service orders: healthy instances: 1 of 1\n"
            "mesh.toml:9:8: warning  upstream payments: healthy instances: 1 of 1, but none on "
            "port 443: they listen on 8443; set upstreams.payments.port = 8443, or leave it out\n"
        ) in result.stdout

    @pytest.mark.parametrize("path", ["discovery.refresh_interval", "nothing.known", ""])
    def test_concise_without_place(self, run, finding, path: str):
        """A line whose setting stands nowhere has no place, and one without remedy ends there."""
        finding(error("bad", path=path))

        result = run("doctor", "--output-format", "concise")

        assert result.stdout.startswith("error    : bad\n")

    def test_full_without_place(self, run, finding):
        """What is no setting has no note, and a setting that has its default says so."""
        finding(
            error("bad", path="nothing.known"),
            error("worse", path="discovery.refresh_interval", help="mend it"),
        )

        assert (
            "error    : bad\n"
            "error    : worse\n"
            "         = note: `discovery.refresh_interval` has its default\n"
            "         = help: mend it\n"
        ) in run("doctor").stdout

    @pytest.mark.parametrize("name", ["payments", "a.b", 'a"', "a..b"])
    def test_part_of_a_setting(self, run, folder: Path, monkeypatch, name: str):
        """A part of a mapping is told with the place of the mapping."""
        path = probing.dotted("static", "endpoints", name)
        key = path.removeprefix("static.endpoints.")
        (folder / "mesh.toml").write_text(
            f'config_version = 2\nservice_name = "orders"\n[static]\nendpoints = {{{key} = ["a:1"]}}\n'
        )
        monkeypatch.setattr(probing, "probe", lambda *_, **__: [error("bad", path=path)])

        result = run("doctor", "--output-format", "concise")

        assert result.stdout.startswith("mesh.toml:4:13: error    : bad\n")

    def test_json(self, run, mesh, closed_port: int):
        """Programs get every check, those that were left out too, and warnings of the load."""
        mesh(closed_port)

        result = run("doctor", "--output-format", "json", MESH_CONSUL_HOTS="x")
        document = json.loads(result.stdout)
        (problem,) = document.pop("problems")
        first, second, *_ = document.pop("checks")
        skipped = "consul.datacenter, consul.token, service orders, upstream payments"

        assert (1, "") == (result.exit_code, result.stderr)
        assert "MC103" == problem["code"]
        assert {
            "format_version": "1.0",
            "valid": False,
            "error_count": 1,
            "warning_count": 0,
            "backend": "consul",
            "sources": ["mesh.toml", "environment"],
            "not_checked": [
                f"{skipped} (needs consul agent)",
                "whether the hosts answer requests",
            ],
        } == document
        assert 0 < first.pop("seconds") < 3
        assert {
            "check": "consul agent",
            "severity": "error",
            "path": "consul.host",
            "summary": f"nothing answers at http://127.0.0.1:{closed_port} (connection refused)",
            "help": "start the agent, or correct consul.host and consul.port",
            "origin": {"kind": "file", "name": "mesh.toml", "line": 5, "column": 8},
        } == first
        assert {
            "check": "consul.datacenter",
            "severity": "skipped",
            "path": "",
            "summary": "needs consul agent",
            "help": None,
            "origin": None,
            "seconds": 0.0,
        } == second

    def test_terminal(self, terminal, mesh, closed_port: int):
        """On a terminal, marks have colours, and what is asked is said before it takes time."""
        mesh(closed_port)

        code, seen = terminal("doctor")

        assert 1 == code
        assert seen.startswith("meshconf: asking consul, for 3 s at most in each check\n")
        assert "\x1b[1;31merror   \x1b[0m" in seen
        assert "\x1b[36mmesh.toml:5:8\x1b[0m" in seen

    @pytest.mark.parametrize("is_terminal", [True, False])
    def test_what_is_asked(self, run, finding, monkeypatch, is_terminal: bool):
        """What is asked is said on stderr, and only to a terminal."""
        finding(ok("fine"))
        stderr = SimpleNamespace(isatty=lambda: is_terminal)
        monkeypatch.setattr(doctor, "sys", SimpleNamespace(stderr=stderr))

        said = "meshconf: asking consul, for 0.5 s at most in each check\n"

        assert (said if is_terminal else "") == run("doctor", "--timeout", "0.5").stderr

    def test_words_of_servers(self, run, finding):
        """What a server says cannot steer the terminal, and is cut where it is long."""
        finding(error("\x1b[2J\u202e" + "x" * 1000, help="y" * 1000))

        result = run("doctor")
        first, second, *_ = result.stdout.splitlines()

        assert first.startswith(r"error    : \x1b[2J\u202exxx")
        assert first.endswith("x…")
        assert second.endswith("y…")

    def test_many_left_out(self, run, finding):
        """Of many checks that were left out, ten are named."""
        skipped = [Finding(check=f"c{i}", severity="skipped", message="needs a") for i in range(12)]
        finding(ok("fine"), *skipped)

        assert (
            "not checked: c0, c1, c2, c3, c4, c5, c6, c7, c8, c9 and 2 more (needs a); "
            "whether the hosts answer requests\n"
        ) in run("doctor").stdout

    def test_tls(self, run, finding, mesh):
        """That TLS towards hosts is not checked is said where there is TLS."""
        mesh(1, "[tls]\nenabled = true")
        finding(ok("fine"))
        mesh(1, "[tls]\nenabled = true")

        assert "requests; [tls] towards them\n" in run("doctor").stdout


class TestWarnings:
    @pytest.mark.parametrize(("options", "code"), [((), 0), (("--deny-warnings",), 1)])
    def test_of_checks(self, run, finding, options: tuple[str, ...], code: int):
        """A warning fails only where warnings are denied."""
        finding(warning("odd"))

        result = run("doctor", *options)

        assert code == result.exit_code
        assert "meshconf: 1 warning in 1 check of consul" in result.stdout

    @pytest.mark.parametrize(("options", "code"), [((), 0), (("--deny-warnings",), 1)])
    def test_of_the_load(self, run, finding, options: tuple[str, ...], code: int):
        """Warnings of the load go to stderr, and count as well."""
        finding(ok("fine"))

        result = run("doctor", *options, MESH_CONSUL_HOTS="x")

        assert code == result.exit_code
        assert result.stderr.startswith("warning[MC103]")
        assert result.stdout.startswith("ok       : fine\n")

    def test_none(self, run, finding):
        """Where warnings are denied and there are none, all is well."""
        finding(ok("fine"))

        assert 0 == run("doctor", "--deny-warnings").exit_code


class TestNotDone:
    """The code 2."""

    @pytest.mark.parametrize("output_format", ["full", "json"])
    def test_configuration_that_does_not_load(self, run, mesh, output_format: str):
        """Problems of the configuration are reported as `check` reports them; nothing is asked."""
        mesh('"8500"')

        result = run("doctor", "--output-format", output_format)

        checked = run("check", "--output-format", output_format)

        assert (2, checked.stdout) == (result.exit_code, result.stdout)
        assert "MC201" in result.output
        assert checked.stderr.startswith(result.stderr)  # which also tells of --fix

    def test_missing_extra(self, run, mesh, monkeypatch: pytest.MonkeyPatch):
        """Without the extra of a backend, one line says how to get it."""
        mesh(1)
        for name in [name for name in sys.modules if name.split(".")[0] == "urllib3"]:
            monkeypatch.delitem(sys.modules, name)
        for name in ("consul", "http"):
            monkeypatch.delitem(sys.modules, f"meshconf.mesh.discovery.{name}", raising=False)
        monkeypatch.setitem(sys.modules, "urllib3", None)

        result = run("doctor")

        assert (2, "", 'meshconf: asking over HTTP needs: pip install "meshconf[remote]"\n') == (
            result.exit_code,
            result.stdout,
            result.stderr,
        )

    def test_schema_without_discovery(self, run, app, folder: Path):
        """A schema that knows no discovery has nothing to probe."""
        result = run("doctor", "--no-env", "--stdin-filename", "a", "-", stdin='name = "a"')

        assert (2, "") == (result.exit_code, result.stdout)
        assert "App has no discovery.backend, so there is nothing to probe" in result.stderr

    def test_nothing_checked(self, run, finding):
        """Where nothing could be checked, the job was not done."""
        finding(Finding(check="backend ours", severity="skipped", message="nothing is known"))

        result = run("doctor")

        assert 2 == result.exit_code
        assert "no problems in 0 checks of consul" in result.stdout
        assert "not checked: backend ours (nothing is known);" in result.stdout

    @pytest.mark.parametrize("seconds", ["0", "-1", "3601", "nan", "soon"])
    def test_timeout_that_is_none(self, run, mesh, seconds: str):
        """A timeout is a number of seconds above 0, and an hour at most."""
        mesh(1)

        assert 2 == run("doctor", "--timeout", seconds).exit_code


class TestTimeout:
    def test_is_handed_on(self, run, mesh):
        """A server that says nothing is waited for as long as is said."""
        with socket.create_server(("127.0.0.1", 0)) as silent:
            port = silent.getsockname()[1]
            mesh(port)
            result = run("doctor", "--timeout", "0.2")

        assert 1 == result.exit_code
        assert f"http://127.0.0.1:{port} takes connections, but did not answer within 0.2 s" in (
            result.stdout
        )


class TestInterrupt:
    def test_ends_at_once(self, mesh):
        """Ctrl-C ends it with 130, whatever is still waited for."""
        with socket.create_server(("127.0.0.1", 0)) as silent:
            mesh(silent.getsockname()[1])
            command = [sys.executable, "-m", "meshconf", "doctor", "--timeout", "60"]
            with subprocess.Popen(
                command, env=environment({}), stdout=subprocess.PIPE, stderr=subprocess.PIPE
            ) as process:
                client, _ = silent.accept()  # it has begun
                with client:
                    process.send_signal(signal.SIGINT)
                    output, errors = process.communicate(timeout=20)

        assert (130, b"") == (process.returncode, output)
        assert b"Traceback" not in errors


class TestOwnBackend:
    SCHEMA = """
import attrs


@attrs.frozen
class Discovery:
    backend: str = "ours"


@attrs.frozen
class Own:
    discovery: Discovery = Discovery()
"""

    def test_prober_of_a_package(self, run, folder: Path, monkeypatch: pytest.MonkeyPatch):
        """A schema of somebody else, with a backend of their own, is probed by their prober."""
        (folder / "config_of_own.py").write_text(self.SCHEMA)

        def find(backend: str, _: Any) -> Any:
            assert "ours" == backend
            return lambda config, timeout: [Check("theirs", lambda: [ok(config.discovery.backend)])]

        monkeypatch.setattr(probing, "_prober_of", find)
        (folder / "own.toml").touch()
        result = run("doctor", "own.toml", "--schema", "config_of_own:Own", "--prefix", "OWN_")

        assert (0, "") == (result.exit_code, result.stderr)
        assert result.stdout.startswith("ok       theirs: ours\n")


class TestSecrets:
    @pytest.fixture(scope="class")
    @classmethod
    def guarded(cls) -> Iterator[Consul]:
        """Share a Consul that denies everything without a token."""
        with Consul(in_memory=True, acl=True) as guarded:
            yield guarded

    @pytest.mark.parametrize("output_format", ["full", "concise", "json"])
    @pytest.mark.parametrize("token", [CANARY, f"{CANARY}\n{CANARY}"], ids=["refused", "unsent"])
    def test_refused_token(self, run, mesh, guarded: Consul, token: str, output_format: str):
        """A token that is refused, or cannot even be sent, is in no output."""
        mesh(port_of(guarded))

        result = run("doctor", "--output-format", output_format, MESH_CONSUL_TOKEN=token)

        assert 1 == result.exit_code
        assert re.search(r"consul\.token", result.stdout)
        assert CANARY not in result.output

    def test_accepted_token(self, run, mesh, guarded: Consul, folder: Path):
        """Neither is one that is accepted."""
        mesh(port_of(guarded))
        (folder / "token").write_text(str(guarded.management_token))

        result = run("doctor", MESH_CONSUL_TOKEN_FILE=str(folder / "token"))

        assert "ok       consul.token: the agent accepts the token\n" in result.stdout
        assert str(guarded.management_token) not in result.output


class TestHelp:
    def test_says_what_it_does(self, run):
        """The help says what is asked, that nothing is written, and what the codes mean."""
        text = " ".join(run("doctor", "--help").stdout.split())

        assert "Nothing is written." in text
        assert "The exit code is 1 if something does not match, 2 if" in text
        assert doctor.FORMAT_VERSION == "1.0"
