"""What Consul has to know for the backend ``consul``; measured on Consul 1.8.7.

Importing this needs the extra ``remote``.
"""

from __future__ import annotations

import difflib
import shlex
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import attrs

from meshconf.mesh.discovery.http import Server
from meshconf.mesh.discovery.probing import Check, dotted, error, fail, of_services, ok, warning
from meshconf.mesh.service_mesh import ServiceMeshConfig

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from meshconf.mesh.discovery.http import Answer
    from meshconf.mesh.discovery.probing import Finding

__all__ = ["checks"]

_AGENT = "consul agent"
_DATACENTER = "consul.datacenter"
_TOKEN = "consul.token"  # noqa: S105 - the name of a setting
_NAMESPACE = "consul.namespace"


def checks(config: ServiceMeshConfig, timeout: float) -> Iterator[Check]:
    """Name what is asked of the agent: itself, then what it knows of each service."""
    agent = _agent_of(config, timeout)
    needs = [_DATACENTER, _TOKEN]
    yield Check(_AGENT, agent.answers)
    yield Check(_DATACENTER, agent.knows_datacenter, needs=[_AGENT])
    yield Check(_TOKEN, agent.accepts_token, needs=[_AGENT])
    if config.consul.namespace is not None:
        yield Check(_NAMESPACE, agent.knows_namespace, needs=needs)
        needs = [_NAMESPACE]
    yield from of_services(config, agent.knows_itself, agent.knows_upstream, needs=needs)


def _agent_of(config: ServiceMeshConfig, timeout: float) -> _Agent:
    settings = config.consul
    host = f"[{settings.host}]" if settings.host.count(":") > 1 else settings.host
    host = host.replace("[[", "[").replace("]]", "]")
    token = settings.token.reveal() if settings.token is not None else ""
    server = Server(
        url=f"{settings.scheme}://{host}:{settings.port}",
        what="the agent",
        address="consul.host",
        place="consul.host and consul.port",
        scheme="consul.scheme",
        timeout=timeout,
        secrets=(token,) if token else (),
    )
    return _Agent(config, server, token)


@attrs.frozen
class _Agent:
    """The agent, as the configuration describes it."""

    config: ServiceMeshConfig
    server: Server
    token: str = attrs.field(repr=False)

    def answers(self) -> list[Finding]:
        """Ask who leads: that needs no token."""
        answer = self.server.get("/v1/status/leader")
        leader = answer.data
        if answer.status == HTTPStatus.BAD_REQUEST and "HTTPS" in answer.text:
            fail(
                f"{self.server.url} wants TLS",
                help='set consul.scheme = "https"',
                path="consul.scheme",
            )
        if answer.status == HTTPStatus.OK and leader == "":
            fail(
                f"{self.server.url} answers, but its servers have no leader, so it knows nothing",
                help="see `consul operator raft list-peers` and the logs of the servers",
            )
        if answer.status != HTTPStatus.OK or not isinstance(leader, str):
            self.server.is_no("Consul")
        return [ok(f"answers at {self.server.url}")]

    def knows_datacenter(self) -> list[Finding]:
        """Ask for all datacenters: that needs no token either."""
        known = self._list(self.server.get("/v1/catalog/datacenters"))
        wanted = self.config.consul.datacenter
        if wanted in known:
            return [ok(f"the agent knows {wanted}", path=_DATACENTER)]
        remedy = (
            f'set consul.datacenter = "{known[0]}"'
            if len(known) == 1
            else ("set consul.datacenter to one of them, or join the datacenters")
        )
        return [
            error(
                f'the agent does not know "{wanted}", only {_listed(known)}',
                help=remedy,
                path=_DATACENTER,
            )
        ]

    def accepts_token(self) -> list[Finding]:
        """Ask whose token it is; where ACLs are off, that is an error of its own kind."""
        answer = self._get("/v1/acl/token/self", {})
        if answer.status == HTTPStatus.UNAUTHORIZED:
            unused = ", so the token is not looked at" if self.token else ""
            return [ok(f"access control is off at the agent{unused}", path=_TOKEN)]
        if not self.token:
            return [
                warning(
                    "is not set, and the agent has access control: only what it shows to anybody "
                    "is seen",
                    help="set MESH_CONSUL_TOKEN_FILE, unless anybody may read the services",
                    path=_TOKEN,
                )
            ]
        if answer.status == HTTPStatus.FORBIDDEN:
            fail(
                "the agent refuses the token",
                help="make a token that it knows: consul acl token create",
                path=_TOKEN,
            )
        self._refuse_others(answer)
        return [ok("the agent accepts the token", path=_TOKEN)]

    def knows_namespace(self) -> list[Finding]:
        """Ask for the services of the namespace."""
        name = self.config.consul.namespace
        answer = self._get("/v1/catalog/services", self._query)
        if answer.status == HTTPStatus.BAD_REQUEST:
            fail(
                f'the agent knows no namespaces, so it refuses "{name}"',
                help="leave consul.namespace out: only Consul Enterprise has namespaces",
                path=_NAMESPACE,
            )
        self._refuse_others(answer)
        return [ok(f"the agent takes {name}", path=_NAMESPACE)]

    def knows_itself(self, name: str) -> list[Finding]:
        """Ask for the instances of the service itself, which may be yet to start."""
        instances = self._instances(name)
        if not instances:
            return [
                warning(
                    f"is not registered in {self.config.consul.datacenter}, so nobody finds it",
                    help=f"start the service; {self._register(name)}",
                    path="service_name",
                )
            ]
        return [ok(_counted(instances), path="service_name")]

    def knows_upstream(self, name: str) -> list[Finding]:
        """Ask for the instances of an upstream, and how they are."""
        path = dotted("upstreams", name)
        where = self.config.consul.datacenter
        instances = self._instances(name)
        if not instances:
            hidden = (
                "; without the right to read it, Consul answers as if it were not there"
                if self.token
                else ""
            )
            return [
                error(
                    f"is not registered in {where}{hidden}",
                    help=self._register(name),
                    path=path,
                )
            ]
        counted = _counted(instances)
        if not any(map(_passes, instances)):
            see = f"see why: {self._command('watch', f'-type=checks -service={shlex.quote(name)}')}"
            if self.config.discovery.only_passing:
                return [error(f"no healthy instance of {len(instances)}", help=see, path=path)]
            return [
                warning(
                    f"no healthy instance of {len(instances)}, and discovery.only_passing = false "
                    "uses them all the same",
                    help=see,
                    path=path,
                )
            ]
        port = self.config.upstreams[name].port
        # An instance without a port, which Consul writes as 0, listens where the setting says.
        ports = sorted({found for each in instances if (found := _service(each).get("Port"))})
        if port is not None and ports and port not in ports:
            return [
                warning(
                    f"{counted}, but none on port {port}: they listen on {_listed(ports)}",
                    help=f"set {path}.port = {ports[0]}, or leave it out",
                    path=f"{path}.port",
                )
            ]
        return [ok(counted, path=path)]

    @property
    def _query(self) -> dict[str, str]:
        settings = self.config.consul
        query = {"dc": settings.datacenter}
        if settings.namespace is not None:
            query["ns"] = settings.namespace
        if settings.consistency != "default":
            query[settings.consistency] = ""
        return query

    def _get(self, path: str, query: dict[str, str]) -> Answer:
        headers = {}
        if self.token:
            headers["X-Consul-Token"] = self.server.header(
                self.token,
                "the token",
                help="see where it comes from: meshconf explain consul.token",
                path=_TOKEN,
            )
        return self.server.get(path, query, headers)

    def _instances(self, name: str) -> list[Any]:
        answer = self._get(f"/v1/health/service/{quote(name, safe='')}", self._query)
        if answer.status == HTTPStatus.FORBIDDEN:
            fail(
                "the token may not read it",
                help=f'give its policy: service "{name}" {{ policy = "read" }} and '
                'node_prefix "" { policy = "read" }',
                path=_TOKEN,
            )
        return self._list(answer)

    def _list(self, answer: Answer) -> list[Any]:
        self._refuse_others(answer)
        if not isinstance(answer.data, list):
            self.server.is_no("Consul")
        return answer.data

    def _refuse_others(self, answer: Answer) -> None:
        if answer.status != HTTPStatus.OK:
            fail(
                f"the agent answered with status {answer.status}",
                help="see the log of the agent: consul monitor",
            )

    def _register(self, name: str) -> str:
        """Say how a service is registered, and what is registered under almost the same name."""
        answer = self._get("/v1/catalog/services", self._query)
        known = answer.data if isinstance(answer.data, dict) else {}
        if name in known:
            return (
                "it is registered, and its instances are hidden: a token wants node:read for them"
            )
        near = difflib.get_close_matches(name, map(str, known), n=1)
        first = f"{near[0]} is registered: correct the name, or else" if near else ""
        command = self._command("services register", f"-name={shlex.quote(name)}")
        return f"{first} register it: {command}".lstrip()

    def _command(self, name: str, options: str) -> str:
        """Write a command for this agent as a shell takes it."""
        return f"consul {name} -http-addr={self.server.url} {options}"


def _counted(instances: Sequence[Any]) -> str:
    return f"healthy instances: {sum(map(_passes, instances))} of {len(instances)}"


def _service(instance: Any) -> dict[str, Any]:
    found = instance.get("Service") if isinstance(instance, dict) else None
    return found if isinstance(found, dict) else {}


def _passes(instance: Any) -> bool:
    found = instance.get("Checks") if isinstance(instance, dict) else None
    return all(
        isinstance(check, dict) and check.get("Status") == "passing" for check in found or ()
    )


def _listed(values: Sequence[Any]) -> str:
    return ", ".join(map(str, values)) or "none"
