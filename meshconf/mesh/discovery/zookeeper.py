"""What ZooKeeper has to hold for the backend ``zookeeper``.

Importing this needs the extra ``zookeeper``.
"""

# pyright: reportMissingTypeStubs=false

from __future__ import annotations

import logging
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import attrs

try:
    from kazoo.client import KazooClient
    from kazoo.exceptions import NoAuthError, NoNodeError
    from kazoo.handlers.threading import KazooTimeoutError
except ImportError as failure:
    message = 'asking ZooKeeper needs: pip install "meshconf[zookeeper]"'
    raise ImportError(message, name="kazoo") from failure

from meshconf.mesh.discovery.probing import Check, Finding, dotted, error, fail, ok, warning
from meshconf.mesh.discovery.static import connect
from meshconf.mesh.service_mesh import ServiceMeshConfig

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

__all__ = ["checks"]

_HOSTS = "zookeeper.hosts"
_ROOT = "zookeeper.root"

#: Bytes of the answer to a word of four letters that are read; "Zookeeper version" is its begin.
_ENOUGH = 1024


def checks(config: ServiceMeshConfig, timeout: float) -> Iterator[Check]:
    """Name what is asked: each member how it is, then in one session all nodes."""
    ensemble = _Ensemble(config, timeout)
    members = []
    for host in dict.fromkeys(config.zookeeper.hosts):
        members.append(f"zookeeper member {host}")
        yield Check(members[-1], partial(ensemble.is_serving, host))
    yield Check(_ROOT, ensemble.holds, needs_one_of=members)
    for name, check in ensemble.services.items():

        def of_service(name: str = name) -> list[Finding]:
            return [ensemble.found[name]]

        yield Check(check, of_service, needs=[_ROOT])


@attrs.define
class _Ensemble:
    """The ensemble, as the configuration describes it."""

    config: ServiceMeshConfig
    timeout: float
    serving: list[str] = attrs.field(init=False, factory=list[str])
    found: dict[str, Finding] = attrs.field(init=False, factory=dict[str, Finding])

    @property
    def services(self) -> dict[str, str]:
        """The services that are looked for, and what the checks of them are called."""
        own = self.config.service_name
        upstreams = {name: f"upstream {name}" for name in self.config.upstreams}
        return {own: f"service {own}", **upstreams}

    def is_serving(self, host: str) -> list[Finding]:
        """Ask a member how it is, by the one word that every ZooKeeper answers."""
        with connect(host, self.timeout, _HOSTS, "the member") as connection:
            try:
                connection.sendall(b"srvr")
                said = _read(connection)
            except TimeoutError:
                fail(
                    f"takes connections, but did not answer within {self.timeout:g} s",
                    help="see whether the member is overloaded, or give it longer: --timeout",
                    path=_HOSTS,
                )
            except OSError:
                said = ""
        if "not currently serving" in said:
            fail(
                "answers, but does not serve: it has no quorum",
                help="start the other members, and see the log of this one",
                path=_HOSTS,
            )
        if not said.startswith("Zookeeper version") and "srvr is not executed" not in said:
            fail(
                "answers, but not as ZooKeeper does",
                help="correct zookeeper.hosts: it is the port for clients, 2181 if not changed",
                path=_HOSTS,
            )
        self.serving.append(host)
        return [ok("serves", path=_HOSTS)]

    def holds(self) -> list[Finding]:
        """Look for the root, and in the same session for each service below it."""
        root = self.config.zookeeper.root.rstrip("/") or "/"
        with self._session() as client:
            if not client.exists_async(root).get(timeout=self.timeout):
                fail(
                    f"there is no node {root}",
                    help="correct zookeeper.root, or see what registers services: "
                    f"zkCli.sh ls {root.rpartition('/')[0] or '/'}",
                    path=_ROOT,
                )
            for name in self.services:
                self.found[name] = self._instances(client, f"{root.rstrip('/')}/{name}", name)
        return [ok(f"there is a node {root}", path=_ROOT)]

    @contextmanager
    def _session(self) -> Generator[Any, None, None]:
        """Open a session with the members that serve."""
        silent = logging.Logger("meshconf.zookeeper")  # noqa: LOG001 - nobody else may hear it
        silent.addHandler(logging.NullHandler())
        client: Any = KazooClient(
            hosts=",".join(self.serving),
            timeout=self.config.zookeeper.session_timeout,
            read_only=True,
            logger=silent,
        )
        try:
            client.start(timeout=self.timeout)
            yield client
        except KazooTimeoutError:
            fail(
                f"no session within {self.timeout:g} s",
                help="see the log of a member; it may have too many connections from here",
                path=_HOSTS,
            )
        finally:
            client.stop()
            client.close()

    def _instances(self, client: Any, node: str, name: str) -> Finding:
        """See whether a service has a node, and instances below it."""
        is_own = name not in self.config.upstreams  # which may be yet to start
        path = "service_name" if is_own else dotted("upstreams", name)
        find = warning if is_own else error
        start = f"start {name}, or see what registers it"
        try:
            children: Any = client.get_children_async(node).get(timeout=self.timeout)
        except NoNodeError:
            return find(f"there is no node {node}", help=start, path=path)
        except NoAuthError:
            return error(
                f"the node {node} may not be read without signing in",
                help=f"let anybody read it: zkCli.sh setAcl {node} world:anyone:r",
                path=path,
            )
        if not children:
            return find(f"no instance: the node {node} has none below it", help=start, path=path)
        noun = "instance" if len(children) == 1 else "instances"
        return ok(f"{len(children)} {noun} below {node}", path=path)


def _read(connection: Any) -> str:
    """Read until the member closes, or enough."""
    said = b""
    while len(said) < _ENOUGH and (more := connection.recv(_ENOUGH)):
        said += more
    return said.decode(errors="replace")
