"""Tests for `meshconf render`; what each target gets has tests of its own."""

from __future__ import annotations

import inspect
import json
import os
import stat
from typing import TYPE_CHECKING, Any

import pytest

from meshconf.cli.render import TARGETS
from meshconf.mesh import render

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MESH = """\
config_version = 2
service_name = "orders"

[discovery]
backend = "static"

[static.endpoints]
payments = ["127.0.0.1:8080"]
inventory = ["127.0.0.1:8081"]

[upstreams.payments]
[upstreams.inventory]
"""

#: What Envoy does not know.
LOST = """\
[circuit_breaker]
half_open_max_requests = 7
"""


@pytest.fixture(autouse=True)
def mesh(folder: Path) -> Callable[[str], Path]:
    """Write a mesh.toml; return a function that adds to it."""
    file = folder / "mesh.toml"
    file.write_text(MESH)

    def more(text: str) -> Path:
        file.write_text(MESH + text)
        return file

    return more


def clusters(text: str) -> list[str]:
    """Name the clusters of a bootstrap."""
    found = json.loads(text)["static_resources"]["clusters"]
    return [one["name"] for one in found if ":" not in one["name"]]


class TestText:
    def test_stdout(self, run):
        """The text goes to stdout alone, and nothing that is set is lost."""
        result = run("render", "envoy")

        assert 0 == result.exit_code
        assert ["payments", "inventory"] == clusters(result.stdout)

    @pytest.mark.parametrize("target", TARGETS)
    def test_every_target(self, run, target: str):
        """Each target is rendered as its function renders it."""
        result = run("render", target, MESH_SERVICE_NAME="shop")
        function = getattr(render, target.replace("-", "_"))

        assert 0 == result.exit_code
        assert result.stdout
        assert {*TARGETS[target], "upstream"} == {
            name
            for name, one in inspect.signature(function).parameters.items()
            if one.kind is one.KEYWORD_ONLY
        }

    def test_targets_are_those_of_the_room(self):
        """The command knows every target that there is."""
        functions = {name for name in render.__all__ if inspect.isfunction(getattr(render, name))}

        assert {*TARGETS} == {name.replace("_", "-") for name in functions - {"names_of"}}

    def test_variables(self, run):
        """Variables count, as they do for the service; --no-env leaves them alone."""
        asked = ("render", "envoy", "--upstream", "payments")
        changed = run(*asked, MESH_CIRCUIT_BREAKER_MAX_REQUESTS="3").stdout
        same = run(*asked, "--no-env", MESH_CIRCUIT_BREAKER_MAX_REQUESTS="3").stdout

        assert '"max_requests": 3,' in changed
        assert '"max_requests": 1000,' in same

    def test_file(self, run, folder: Path):
        """--file names the configuration."""
        (folder / "other.toml").write_text('config_version = 2\nservice_name = "other"\n')
        result = run("render", "envoy", "--file", "other.toml")

        assert "other" == json.loads(result.stdout)["node"]["id"]

    def test_options(self, run):
        """--listen and --admin say where Envoy listens."""
        result = run("render", "envoy", "--listen", "[::1]:7000", "--admin", "127.0.0.1:7001")
        found = json.loads(result.stdout)
        where = {"address": "::1", "port_value": 7000}

        assert {"socket_address": where} == found["static_resources"]["listeners"][0]["address"]
        assert 7001 == found["admin"]["address"]["socket_address"]["port_value"]


class TestUpstream:
    def test_one(self, run):
        """--upstream renders one upstream alone."""
        assert ["inventory"] == clusters(run("render", "envoy", "--upstream", "inventory").stdout)

    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("paymets", "did you mean payments?"),
            ("x", "there are payments, inventory"),
        ],
    )
    def test_unknown(self, run, name: str, said: str):
        """A name that is none is wrong usage that tells the nearest, or those that there are."""
        result = run("render", "envoy", "--upstream", name)

        assert (2, "") == (result.exit_code, result.stdout)
        assert f'there is no upstream "{name}"; {said}' in result.stderr

    def test_none(self, run, folder: Path):
        """Where there are no upstreams, that is said."""
        (folder / "mesh.toml").write_text('config_version = 2\nservice_name = "orders"\n')
        result = run("render", "envoy", "--upstream", "x")

        assert 'there is no upstream "x"; the configuration names none' in result.stderr


class TestDropped:
    def test_set(self, run, mesh):
        """What is set and cannot be expressed is a warning with its place and the reason."""
        mesh(LOST)
        result = run("render", "envoy")
        expected = """\
warning[MC304]: `circuit_breaker.half_open_max_requests` is dropped: Envoy gives a host its full \
share when its ejection ends
  --> mesh.toml:14:26
   |
14 | half_open_max_requests = 7
   |                          ^

meshconf: 1 warning in mesh.toml, environment
"""

        assert 0 == result.exit_code
        assert result.stderr.startswith(expected)
        assert ["payments", "inventory"] == clusters(result.stdout)

    def test_same_reason(self, run, mesh):
        """What is dropped for one reason is told at once to people, and one by one to programs."""
        mesh("[metrics]\nenabled = false\nport = 1\npath = '/m'\n")
        full = run("render", "envoy").stderr
        concise = run("render", "envoy", "--output-format", "concise").stderr
        expected = """\
warning[MC304]: `metrics.path`, `metrics.port` are dropped: metrics.enabled is false
  --> mesh.toml:15:8
   |
15 | port = 1
   |        ^
16 | path = '/m'
   |        ^^^^

meshconf: 1 warning in mesh.toml, environment
"""

        assert full.startswith(expected)
        assert "mesh.toml:15:8: warning[MC304]: `metrics.port` is dropped: metrics.ena" in concise
        assert "mesh.toml:16:8: warning[MC304]: `metrics.path` is dropped: metrics.ena" in concise

    def test_for_some(self, run, mesh):
        """Where a value holds for several upstreams and is dropped for one, that one is named."""
        mesh('[upstreams.db]\nprotocol = "tcp"\nport = 5432\n[timeouts]\nrequest = 59\n')
        result = run("render", "envoy", "--output-format", "concise")

        assert (
            "warning[MC304]: `timeouts.request` is dropped for db: Envoy sees connections in plain "
            "TCP, and no requests"
        ) in result.stderr

    def test_defaults(self, run):
        """Defaults that cannot be expressed are named in one line, and no warning."""
        result = run("render", "envoy")

        assert result.stderr.startswith(
            "of the defaults, envoy drops, in whole or in part: circuit_"
        )
        assert 1 == result.stderr.count("\n")

    def test_no_defaults(self, run, mesh):
        """Where all that is dropped is set, no line tells of defaults."""
        mesh(
            "[tracing]\nenabled = false\n[retry]\njitter = 0.5\n"
            "[circuit_breaker]\nhalf_open_max_requests = 7\n"
        )
        result = run(
            "render",
            "envoy",
            MESH_DISCOVERY_ONLY_PASSING="false",
            MESH_DISCOVERY_REFRESH_INTERVAL="31",
        )

        assert result.stderr.endswith("meshconf: 4 warnings in mesh.toml, environment\n")

    def test_programs(self, run, mesh):
        """Programs get all that is dropped as they get other problems, and the text from stdout."""
        mesh(LOST)
        result = run("render", "envoy", "--output-format", "json")
        found = {one["path"]: one for one in json.loads(result.stderr)["problems"]}

        assert {"MC304"} == {one["code"] for one in found.values()}
        assert 14 == found["circuit_breaker.half_open_max_requests"]["origin"]["line"]
        assert found["retry.jitter"]["origin"] is None
        assert (
            "`retry.jitter` is dropped: Envoy waits a random time"
            in (found["retry.jitter"]["summary"])
        )
        assert clusters(result.stdout)

    @pytest.mark.parametrize(
        ("settings", "option", "exit_code"),
        [(LOST, [], 0), (LOST, ["--fail-on-dropped"], 1), ("retries = 1\n", [], 1)],
    )
    def test_stream(self, run, mesh, settings: str, option: list[str], exit_code: int):
        """Where a program finds the report depends on where the text goes alone."""
        mesh(settings)
        asked = ("render", "envoy", "--output-format", "json", *option)
        to_file, to_stdout = run(*asked, "-o", "envoy.json"), run(*asked)

        assert (exit_code, exit_code) == (to_file.exit_code, to_stdout.exit_code)
        assert json.loads(to_file.stdout)["problems"]
        assert "" == to_file.stderr
        assert json.loads(to_stdout.stderr)["problems"]

    def test_nothing_to_tell(self, run):
        """A report for programs is there even if there is nothing in it."""
        result = run("render", "envoy", "--output-format", "sarif", "-o", "envoy.json")

        assert [] == json.loads(result.stdout)["runs"][0]["results"]

    @pytest.mark.parametrize(("target", "number"), [("envoy", 1), ("haproxy", 1), ("grpc", 0)])
    def test_no_upstreams(self, run, folder: Path, target: str, number: int):
        """Where nothing leads anywhere, that is told in place of the defaults that are dropped."""
        (folder / "mesh.toml").write_text('config_version = 2\nservice_name = "orders"\n')
        result = run("render", target)

        assert number == result.stderr.count(
            "the configuration names no upstream, so nothing leads anywhere: add [upstreams.NAME]\n"
        )
        assert number != result.stderr.count("of the defaults")

    def test_reasons_are_joined(self, run, mesh):
        """What is set is told with a default that is notable for the same reason."""
        mesh('[upstreams.payments.load_balancer.health_check]\ninterval = "9s"\n')
        result = run("render", "grpc", "--upstream", "payments")

        assert 1 == result.stderr.count("gRPC asks nothing but gRPC's health service")

    def test_remark(self, run):
        """It is told that what Consul has is replaced."""
        result = run("render", "consul", "-o", "consul.jsonl")

        assert 0 == result.exit_code
        assert "\neach entry takes the place of the one that Consul has" in result.stderr

    def test_in_part(self, run, mesh):
        """What is said, though not exactly, is dropped in part."""
        mesh("[circuit_breaker]\nwindow = 10.00001\n")
        result = run("render", "envoy")

        assert (
            "warning[MC304]: `circuit_breaker.window` is dropped in part: Envoy counts milliseconds"
            in result.stderr
        )

    def test_fail(self, run, mesh):
        """--fail-on-dropped writes nothing if something that is set is dropped, and ends with 1."""
        mesh(LOST)
        result = run("render", "envoy", "--fail-on-dropped", "-o", "envoy.json")

        assert (1, "") == (result.exit_code, result.stdout)
        assert "error[MC304]: `circuit_breaker.half_open_max_requests` is dropped" in result.stderr
        assert "1 error in mesh.toml, environment; nothing was written" in result.stderr

    def test_fail_not(self, run):
        """Defaults are no reason to fail."""
        result = run("render", "envoy", "--fail-on-dropped")

        assert 0 == result.exit_code
        assert clusters(result.stdout)

    def test_variable(self, run):
        """The place is the variable, where that has set it."""
        result = run("render", "envoy", MESH_RETRY_JITTER="0.5")

        assert "--> environment variable MESH_RETRY_JITTER" in result.stderr


class TestRefused:
    def test_no_equivalent(self, run, mesh):
        """What cannot be rendered is a report with its place, and no text."""
        mesh('[load_balancer]\nalgorithm = "peak_ewma"\n')
        result = run("render", "envoy", "-o", "envoy.json")

        assert (1, "") == (result.exit_code, result.stdout)
        assert "error[MC303]: `load_balancer.algorithm` is peak_ewma" in result.stderr
        assert "--> mesh.toml:14:13" in result.stderr
        assert result.stderr.endswith("; nothing was rendered\n")

    def test_name(self, run, mesh, folder: Path):
        """A name that could be misread is refused; it stands where it is no single setting."""
        mesh('[upstreams."a b"]\n')
        result = run("render", "envoy")

        assert 1 == result.exit_code
        assert 'error[MC303]: `upstreams."a b"` is no host name, which Envoy wants' in result.stderr

    def test_invalid(self, run, mesh):
        """A configuration that does not load is told as by `meshconf check`."""
        mesh("[retry]\nmax_attempts = 0\n")
        result = run("render", "envoy")

        assert (1, "") == (result.exit_code, result.stdout)
        assert "error[MC202]" in result.stderr

    def test_other_schema(self, run, app: Path):
        """A schema that is no mesh has nothing to render."""
        result = run("render", "envoy", APP_NAME="x")

        assert 2 == result.exit_code
        assert "App does not" in result.stderr

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["istio", "--listen", "127.0.0.1:1"], "--listen is not for istio"),
            (["haproxy", "--target-version", "1.8"], "--target-version is not for haproxy"),
            (["envoy", "--listen", "here"], 'listen "here": write "host:port"'),
            (["nginx"], "'nginx' is not one of 'envoy'"),
        ],
    )
    def test_usage(self, run, arguments: list[str], said: str):
        """An option for another target, or one that is no address, is wrong usage."""
        result = run("render", *arguments)

        assert (2, "") == (result.exit_code, result.stdout)
        assert said in result.stderr


class TestOutput:
    def test_new(self, run, folder: Path):
        """-o writes the text to a file, and nothing to stdout."""
        result = run("render", "envoy", "-o", "envoy.json")

        assert (0, "") == (result.exit_code, result.stdout)
        assert run("render", "envoy").stdout == (folder / "envoy.json").read_text()

    def test_standard_output(self, run):
        """-o - is stdout."""
        assert run("render", "envoy").stdout == run("render", "envoy", "-o", "-").stdout

    def test_replaced(self, run, folder: Path):
        """A file that is there is replaced as a whole, as Envoy wants it; its mode stays."""
        file = folder / "clusters.json"
        file.write_text("old")
        file.chmod(0o640)
        before = file.stat().st_ino
        run("render", "envoy-clusters", "-o", "clusters.json")

        assert "payments" in file.read_text()
        assert before != file.stat().st_ino
        assert 0o640 == stat.S_IMODE(file.stat().st_mode)

    def test_same(self, run, folder: Path):
        """A file that holds the text already is left alone, so that nobody reads it again."""
        run("render", "envoy", "-o", "envoy.json")
        before = (folder / "envoy.json").stat()
        result = run("render", "envoy", "-o", "envoy.json")
        after = (folder / "envoy.json").stat()

        assert 0 == result.exit_code
        assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)

    def test_source(self, run, folder: Path):
        """The file that the configuration is read from is not overwritten."""
        result = run("render", "envoy", "-o", "./mesh.toml")

        assert 2 == result.exit_code
        assert "--output ./mesh.toml is what the configuration is read from" in result.stderr
        assert MESH == (folder / "mesh.toml").read_text()

    @pytest.mark.parametrize("kind", ["link", "folder", "FIFO", "missing folder", "bytes"])
    def test_not_written(self, run, folder: Path, kind: str):
        """What cannot be replaced is said in one line, and the exit code is 2."""
        file = folder / "out"
        match kind:
            case "link":
                (folder / "target").write_text("old")
                file.symlink_to(folder / "target")
            case "folder":
                file.mkdir()
            case "FIFO":
                os.mkfifo(file)
            case "missing folder":
                file = folder / "no" / "out"
            case _:
                file.write_bytes(b"\xff\x00")
        reasons: dict[str, Any] = {
            "link": "is a symbolic link, and links are not written through; nothing was changed",
            "folder": "is not a regular file; nothing was changed",
            "FIFO": "is not a regular file; nothing was changed",
            "missing folder": "cannot be written: no such file or directory",
            "bytes": "cannot be written: it holds no text",
        }
        result = run("render", "envoy", "-o", str(file))

        assert 2 == result.exit_code
        assert f"meshconf: {file} {reasons[kind]}\n" in result.stderr
