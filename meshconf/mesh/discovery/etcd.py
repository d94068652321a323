"""What etcd has to hold for the backend ``etcd``; measured on etcd 3.4.23 and 3.5.1.

Importing this needs the extra ``remote``.
"""

from __future__ import annotations

import base64
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import attrs

from meshconf.mesh.discovery.http import Server
from meshconf.mesh.discovery.probing import Check, dotted, error, fail, of_services, ok, warning
from meshconf.mesh.service_mesh import ServiceMeshConfig

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from meshconf.mesh.discovery.http import Answer
    from meshconf.mesh.discovery.probing import Finding

__all__ = ["checks"]

_USER = "etcd.username"
_PREFIX = "etcd.prefix"

#: How etcd says, in the JSON of its gateway, that it wants to know who asks.
_WHO = ("user name is empty", "invalid auth token", "authentication failed")


def checks(config: ServiceMeshConfig, timeout: float) -> Iterator[Check]:
    """Name what is asked: each member how it is, then one of them what it holds."""
    cluster = _Cluster(config, timeout)
    members = []
    for endpoint in config.etcd.endpoints:
        members.append(f"etcd member {endpoint}")
        yield Check(members[-1], partial(cluster.is_healthy, endpoint))
    yield Check(_USER, cluster.knows_user, needs_one_of=members)
    yield Check(_PREFIX, cluster.has_prefix, needs=[_USER])
    yield from of_services(config, cluster.has_itself, cluster.has_upstream, needs=[_PREFIX])


@attrs.define
class _Cluster:
    """The cluster, as the configuration describes it."""

    config: ServiceMeshConfig
    timeout: float
    healthy: list[Server] = attrs.field(init=False, factory=list[Server])
    session: str = attrs.field(init=False, default="", repr=False)

    def is_healthy(self, endpoint: str) -> list[Finding]:
        """Ask a member how it is."""
        settings = self.config.etcd
        password = settings.password.reveal() if settings.password is not None else ""
        server = Server(
            url=endpoint.rstrip("/"),
            what="the member",
            address="etcd.endpoints",
            scheme="etcd.endpoints",
            timeout=self.timeout,
            connect_timeout=settings.dial_timeout,
            connect_setting="etcd.dial_timeout",
            secrets=(password,) if password else (),
        )
        answer = server.get("/health")
        if not isinstance(answer.data, dict) or "health" not in answer.data:
            server.is_no("etcd")
        if answer.data["health"] not in ("true", True):
            fail(
                "answers, but is not healthy: it has no leader or no space left",
                help=f"see etcdctl --endpoints={server.url} endpoint status",
                path="etcd.endpoints",
            )
        self.healthy.append(server)
        return [ok("is healthy", path="etcd.endpoints")]

    def knows_user(self) -> list[Finding]:
        """Sign in, or see whether that is asked for."""
        settings = self.config.etcd
        if settings.username is None:
            self._count("/", "0")
            return [ok("none is asked for", path=_USER)]
        if settings.password is None:
            fail(
                "is set without etcd.password, and nobody signs in without one",
                help="set MESH_ETCD_PASSWORD_FILE",
                path="etcd.password",
            )
        secret = settings.password.reveal()
        server = self.healthy[0]
        answer = server.post(
            "/v3/auth/authenticate", {"name": settings.username, "password": secret}, {}
        )
        said = _said(answer)
        if "authentication is not enabled" in said:
            return [ok("etcd does not ask who signs in", path=_USER)]
        token = answer.data.get("token") if isinstance(answer.data, dict) else None
        if not isinstance(token, str):
            if "authentication failed" not in said:
                self._refuse(answer)
            fail(
                f"etcd refuses {settings.username} with this password",
                help="correct etcd.username and etcd.password",
                path=_USER,
            )
        self.session = server.header(
            token, "the token that etcd gave", help="see the log of the member"
        )
        return [ok(f"etcd lets {settings.username} in", path=_USER)]

    def has_prefix(self) -> list[Finding]:
        """Count the keys of all services."""
        prefix = self.config.etcd.prefix
        number = self._count(prefix, _after(prefix))
        if number:
            where = f"below {prefix}" if prefix else "in all"
            return [ok(f"{_keys(number)} {where}", path=_PREFIX)]
        find = error if self.config.upstreams else warning
        return [
            find(
                f"no key begins with {prefix}" if prefix else "etcd holds no key",
                help="correct etcd.prefix, or see what registers services: "
                f'etcdctl get --prefix --keys-only "{prefix}"',
                path=_PREFIX,
            )
        ]

    def has_itself(self, name: str) -> list[Finding]:
        """Count the keys of the service itself, which may be yet to start."""
        number = self._instances(name)
        if number:
            return [ok(f"{_keys(number)} below {self._key(name)}", path="service_name")]
        return [
            warning(
                f"no key {self._key(name)}, so nobody finds it",
                help="start the service, or see what registers it",
                path="service_name",
            )
        ]

    def has_upstream(self, name: str) -> list[Finding]:
        """Count the keys of an upstream."""
        path = dotted("upstreams", name)
        number = self._instances(name)
        if number:
            return [ok(f"{_keys(number)} below {self._key(name)}", path=path)]
        return [
            error(
                f"no key {self._key(name)}, nor one below it",
                help=f"start or register {name}, or correct its name in {path}",
                path=path,
            )
        ]

    def _key(self, name: str) -> str:
        return f"{self.config.etcd.prefix.rstrip('/')}/{name}"

    def _instances(self, name: str) -> int:
        key = self._key(name)
        return self._count(f"{key}/", _after(f"{key}/")) or self._count(key, "")

    def _count(self, key: str, end: str) -> int:
        """Count the keys from one to another, or see whether there is this one."""
        asked: dict[str, Any] = {"key": _coded(key or "\0"), "count_only": True}
        if end:
            asked["range_end"] = _coded(end)
        headers = {"Authorization": self.session} if self.session else {}
        answer = self.healthy[0].post("/v3/kv/range", asked, headers)
        said = _said(answer)
        if "permission denied" in said:
            fail(
                f"{self.config.etcd.username} may not read {key}",
                help=f'etcdctl role grant-permission ROLE --prefix=true read "{key}"',
                path=_USER,
            )
        if any(words in said for words in _WHO):
            fail(
                "is not set, and etcd wants to know who asks",
                help="set MESH_ETCD_USERNAME and MESH_ETCD_PASSWORD_FILE",
                path=_USER,
            )
        if answer.status != HTTPStatus.OK or not isinstance(answer.data, dict):
            self._refuse(answer)
        return int(answer.data.get("count", 0))  # zero is left out

    def _refuse(self, answer: Answer) -> None:
        fail(
            f"{self.healthy[0].url} answered with status {answer.status}",
            help="see the log of the member",
        )


def _said(answer: Answer) -> str:
    """Return the error; its key is not the same in all versions."""
    data: Mapping[str, Any] = answer.data if isinstance(answer.data, dict) else {}
    return f"{data.get('error', '')} {data.get('message', '')}"


def _coded(key: str) -> str:
    return base64.b64encode(key.encode()).decode()


def _after(prefix: str) -> str:
    """Return the first key after all that begin with a prefix; all keys are after nothing."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1) if prefix else "\0"


def _keys(number: int) -> str:
    return f"{number} {'key' if number == 1 else 'keys'}"
