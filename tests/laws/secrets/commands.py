"""What the command line says of files with secrets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs
from click.testing import CliRunner

from meshconf.cli.commands import meshconf
from meshconf.diagnostics.formats import FORMATS
from meshconf.schema.compile import model_of
from tests.laws.secrets.cases import FAULTS, OF_MESH, aged_documents
from tests.laws.secrets.documents import dotenv, files_of, planted, put, toml, variables
from tests.laws.secrets.schemas import Aged, Plain, Vault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.laws.secrets.canaries import Canaries

__all__ = ["Command", "commands"]

NOWHERE = "consul://127.0.0.1:9/a/b?timeout=0.2"


@attrs.frozen
class Command:
    """A command line, with what it reads."""

    arguments: tuple[str, ...]
    variables: Mapping[str, str]
    stdin: str
    canaries: frozenset[Any]
    source: str

    def run(self) -> Iterator[tuple[str, str]]:
        """Run it in this process; yield what it says."""
        runner = CliRunner()
        done = runner.invoke(meshconf, self.arguments, env=dict(self.variables), input=self.stdin)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        route = " ".join(
            one for one in self.arguments if not one.startswith("tests.") and one != "--schema"
        )
        assert "--show-secrets" in route or "Usage:" not in done.output, done.output
        yield f"meshconf {route}", done.output


def commands(folder: Path, canaries: Canaries) -> Iterator[Command]:
    """Write files, and yield the commands that read them."""
    for schema in (Vault, Plain):
        yield from _of_schema(folder, schema, canaries)
    yield from _of_mesh(folder, canaries)
    yield from _of_aged(folder, canaries)


def _of_schema(folder: Path, schema: Any, canaries: Canaries) -> Iterator[Command]:
    model = model_of(schema)
    prefix = str(model.configuration.prefix)
    named = ("--schema", f"tests.laws.secrets.schemas:{schema.__name__}")
    for fault in ("none", "worse", "beside"):
        document = FAULTS[fault](model, canaries)
        put(folder, f"{fault}.toml", toml(document))
        put(folder, f"{fault}.json.toml", toml(document, "inline"))
        by_name = variables(model, document, prefix)
        put(folder, f"{fault}.env", dotenv(by_name))
        for name, text in files_of(model, document).items():
            put(folder, f"{fault}.d/{name}", text)
        yield from _of_file(f"{fault}.toml", named, document, model)
        secrets = planted(document)
        ways: tuple[tuple[str, tuple[str, ...], dict[str, str]], ...] = (
            ("variables", (), by_name),
            (".env", ("--env-file", f"{fault}.env"), {}),
            ("$CREDENTIALS_DIRECTORY", (), {"CREDENTIALS_DIRECTORY": f"{fault}.d"}),
        )
        for source, arguments, given in ways:
            for what in ("check", "show", "explain text"):
                yield Command((*what.split(), *arguments, *named), given, "", secrets, source)
        for one in FORMATS:
            line = ("check", "-", "--output-format", one, *named)
            yield Command(line, {}, toml(document), secrets, "standard input")
    put(folder, "broken.toml", f'{toml(FAULTS["none"](model, canaries))}\nnumber = "\n')
    yield from _of_file("broken.toml", named, {}, model)
    nothing: frozenset[Any] = frozenset()
    for what in (
        "docs",
        "docs --format env",
        "schema",
        "init",
        "explain text",
        "show --non-default",
    ):
        yield Command((*what.split(), *named), {f"{prefix}NEEDED": "x"}, "", nothing, "defaults")
    both = planted(FAULTS["none"](model, canaries))
    put(folder, "other.toml", 'needed = "y"\n')
    for form in ("text", "markdown", "json"):
        for pair in (("none.toml", "other.toml"), ("other.toml", "none.toml"), ("worse.toml", "-")):
            yield Command(("diff", *pair, "--format", form, *named), {}, "", both, "TOML")


def _of_file(
    name: str, named: tuple[str, ...], document: Mapping[str, Any], model: Any
) -> Iterator[Command]:
    secrets = planted(document)
    said = [f"check {name} --output-format {one}" for one in FORMATS]
    said += [f"check {name} --color always", f"check {name} --no-secrets", f"check --fix {name}"]
    said += [f"show --file {name} --format {one}" for one in ("toml", "json", "env")]
    said += [f"show --file {name} --non-default", f"show --file {name} --show-secrets"]
    said += [f"push {name} {NOWHERE}", f"push {name} {NOWHERE} --dry-run --output-format json"]
    paths = [one for one in model.settings if model.settings[one].secret][:40:4]
    said += [f"explain {one} --file {name}" for one in (*paths, *model.settings)[:14]]
    said += [f"show {one} --file {name}" for one in paths[:3]]
    for one in said:
        yield Command((*one.split(), *named), {}, "", secrets, "TOML")


def _of_mesh(folder: Path, canaries: Canaries) -> Iterator[Command]:
    from meshconf import ServiceMeshConfig

    model = model_of(ServiceMeshConfig)
    document = OF_MESH["none"](model, canaries)
    document |= {"upstreams": {"a": {"retry": {"max_attempts": 3}}}}
    secrets = planted(document)
    put(folder, "mesh.toml", toml(document))
    put(folder, "etcd.toml", toml(document | {"discovery": {"backend": "etcd"}}))
    for target in ("envoy", "haproxy", "consul", "istio", "grpc"):
        for more in ("", "--fail-on-dropped", "--output-format json", "--upstream a"):
            arguments = f"render {target} --file mesh.toml {more}".split()
            yield Command(tuple(arguments), {}, "", secrets, "TOML")
    closed = {"MESH_CONSUL_HOST": "127.0.0.1", "MESH_CONSUL_PORT": "9"}
    closed |= {"MESH_ETCD_ENDPOINTS": '["http://127.0.0.1:9"]', "MESH_ETCD_USERNAME": "me"}
    for one in (
        "check mesh.toml",
        "show --file mesh.toml",
        "show consul --file mesh.toml --format json",
        "explain consul.token --file mesh.toml",
        "explain MESH_ETCD_PASSWORD --file mesh.toml",
        "doctor mesh.toml --timeout 1",
        "doctor mesh.toml --timeout 1 --output-format json",
        "doctor etcd.toml --timeout 1",
        "check mesh.toml --profile ../No",
        "diff mesh.toml etcd.toml",
        f"push mesh.toml {NOWHERE}",
    ):
        yield Command(tuple(one.split()), closed, "", secrets, "TOML")
    token = canaries.text("token of the store")
    given = {"CONSUL_HTTP_TOKEN": token, "ETCDCTL_USER": f"me:{token}"}
    for one in (
        f"push mesh.toml {NOWHERE}",
        f"check {NOWHERE}",
        "push mesh.toml etcd://127.0.0.1:9/a?timeout=0.2",
        "doctor --fleet consul://127.0.0.1:9/fleet?timeout=0.2 --timeout 1",
    ):
        yield Command(tuple(one.split()), given, "", secrets | {token}, "the token of a store")


def _of_aged(folder: Path, canaries: Canaries) -> Iterator[Command]:
    named = ("--schema", f"tests.laws.secrets.schemas:{Aged.__name__}")
    for number, (_, document) in enumerate(aged_documents(canaries)):
        name, secrets = f"aged{number}.toml", planted(document)
        put(folder, name, toml(document))
        for one in (
            f"check {name}",
            f"check {name} --output-format sarif",
            f"show --file {name}",
            f"explain token --file {name}",
            f"explain password --file {name}",
            f"migrate --check {name}",
            f"migrate --diff {name}",
            f"migrate --diff --to 2 {name}",
            f"check --fix {name}",
            f"migrate --write {name}",
        ):
            yield Command((*one.split(), *named), {}, "", secrets, "TOML of an earlier version")
