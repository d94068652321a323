"""What the API of Kubernetes has to know for the backend ``kubernetes``.

Tested against a stub of the API only, never against a cluster.

Importing this needs the extra ``remote``.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import attrs

from meshconf.mesh.discovery.http import Server
from meshconf.mesh.discovery.probing import Check, dotted, error, fail, of_services, ok, warning
from meshconf.mesh.service_mesh import ServiceMeshConfig

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from meshconf.mesh.discovery.http import Answer
    from meshconf.mesh.discovery.probing import Finding

__all__ = ["ACCOUNT", "checks"]

#: Where Kubernetes puts the token of a pod's service account, and the authority to believe.
ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")

_API = "kubernetes API"
_NAMESPACE = "kubernetes.namespace"
_PORT_NAME = "kubernetes.port_name"

_ACCOUNT_HELP = "see the service account of the pod: automountServiceAccountToken"

#: The variables by which Kubernetes tells a pod where its API is.
_HOST, _PORT = "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"


def checks(
    config: ServiceMeshConfig,
    timeout: float,
    *,
    environ: Mapping[str, str] | None = None,
    account: Path | None = None,
) -> Iterator[Check]:
    """Name what is asked of the API: itself, then for each service its EndpointSlices.

    Args:
        config: The configuration.

        timeout: Seconds that each check may take.

        environ: The variables that say where the API is; those of the process by default.

        account: The folder with ``token`` and ``ca.crt``; that of the pod by default.
    """
    api = _Api(config, timeout, os.environ if environ is None else environ, account or ACCOUNT)
    yield Check(_API, api.lets_in)
    yield from of_services(config, api.knows_itself, api.knows_upstream, needs=[_API])


@attrs.define
class _Api:
    """The API of the cluster in which this runs."""

    config: ServiceMeshConfig
    timeout: float
    environ: Mapping[str, str] = attrs.field(repr=False)
    account: Path
    server: Server = attrs.field(init=False)
    token: str = attrs.field(init=False, default="", repr=False)

    def lets_in(self) -> list[Finding]:
        """Find the API and its token, and ask for the version."""
        host, port = self.environ.get(_HOST, ""), self.environ.get(_PORT, "443")
        if not host:
            fail(
                f"this runs in no pod: {_HOST} is not set",
                help="run it in a pod of the service: kubectl exec deploy/"
                f"{self.config.service_name} -- meshconf doctor",
            )
        self.token = self._token()
        authority = self.account / "ca.crt"
        try:
            self.server = Server(
                url=f"https://{f'[{host}]' if ':' in host else host}:{port}",
                what="the API",
                address=_HOST,
                scheme=_HOST,
                timeout=self.timeout,
                ca_file=authority,
                secrets=(self.token,),
            )
        except (OSError, ssl.SSLError):
            fail(
                f"{authority} cannot be read as certificates",
                help=_ACCOUNT_HELP,
            )
        answer = self._get("/version")
        if answer.status == HTTPStatus.UNAUTHORIZED:
            fail(
                f"{self.server.url} refuses the token of the service account",
                help="see whether the service account was deleted, and start the pod again",
            )
        if answer.status != HTTPStatus.OK or not _table(answer.data).get("gitVersion"):
            self.server.is_no("Kubernetes")
        return [ok(f"{self.server.url} lets the service account in")]

    def _token(self) -> str:
        file = self.account / "token"
        try:
            token = file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            token = ""
        if not token:
            fail(f"{file} cannot be read, or is empty", help=_ACCOUNT_HELP)
        return token

    def _get(self, path: str, query: Mapping[str, str] | None = None) -> Answer:
        token = self.server.header(self.token, str(self.account / "token"), help=_ACCOUNT_HELP)
        return self.server.get(path, query, {"Authorization": f"Bearer {token}"})

    def knows_itself(self, name: str) -> list[Finding]:
        """Ask for the service itself, which may be yet to start."""
        return [
            attrs.evolve(finding, severity="warning") if finding.severity == "error" else finding
            for finding in self._asked(name, "service_name")
        ]

    def knows_upstream(self, name: str) -> list[Finding]:
        """Ask for an upstream."""
        return self._asked(name, dotted("upstreams", name))

    def _asked(self, name: str, path: str) -> list[Finding]:
        namespace = self.config.kubernetes.namespace
        slices = self._slices(name, namespace)
        if not slices:
            return [
                error(
                    f"there is no service {name} in the namespace {namespace}",
                    help=f"see kubectl get services --namespace {namespace}, and correct "
                    f"{_NAMESPACE} or the name",
                    path=path,
                )
            ]
        every = [endpoint for one in slices for endpoint in _tables(one.get("endpoints"))]
        ready = [one for one in every if _table(one.get("conditions")).get("ready") is not False]
        counted = f"endpoints that are ready: {len(ready)} of {len(every)}"
        if not every or (not ready and self.config.discovery.only_passing):
            return [
                error(
                    f"no endpoint of {len(every)} is ready" if every else "it has no endpoint",
                    help=f"see kubectl describe service {name} --namespace {namespace}",
                    path=path,
                )
            ]
        ports = {
            str(port.get("name") or "") for one in slices for port in _tables(one.get("ports"))
        }
        if not ready:
            counted += ", and discovery.only_passing = false uses them all the same"
        return [self._port(counted, sorted(ports), path, is_ready=bool(ready))]

    def _port(self, counted: str, ports: list[str], path: str, *, is_ready: bool) -> Finding:
        wanted = self.config.kubernetes.port_name
        listed = ", ".join(port or "one without a name" for port in ports) or "none"
        if wanted is None and len(ports) > 1:
            return error(
                f"{counted}, but on several ports: {listed}",
                help=f'say which gets the traffic: {_PORT_NAME} = "{ports[0]}"',
                path=_PORT_NAME,
            )
        if wanted is not None and wanted not in ports:
            return error(
                f"{counted}, but it has no port {wanted}, only {listed}",
                help=f"correct {_PORT_NAME}, or leave it out where there is one port",
                path=_PORT_NAME,
            )
        find = ok if is_ready else warning
        return find(counted, path=path)

    def _slices(self, name: str, namespace: str) -> list[dict[str, Any]]:
        """Return the EndpointSlices of a service, made of its Endpoints where there are no slices."""
        below = f"namespaces/{quote(namespace, safe='')}"
        answer = self._get(
            f"/apis/discovery.k8s.io/v1/{below}/endpointslices",
            {"labelSelector": f"kubernetes.io/service-name={name}"},
        )
        if answer.status != HTTPStatus.NOT_FOUND:  # before Kubernetes 1.21
            return _tables(self._allowed(answer, "endpointslices").get("items"))
        answer = self._get(f"/api/v1/{below}/endpoints/{quote(name, safe='')}")
        if answer.status == HTTPStatus.NOT_FOUND:
            return []
        subsets = _tables(self._allowed(answer, "endpoints").get("subsets"))
        return [
            {"endpoints": list(_endpoints(one)), "ports": one.get("ports")} for one in subsets
        ] or [{}]

    def _allowed(self, answer: Answer, resource: str) -> dict[str, Any]:
        namespace = self.config.kubernetes.namespace
        if answer.status == HTTPStatus.FORBIDDEN:
            fail(
                f"the service account may not list {resource} in the namespace {namespace}",
                help="have somebody who may do: kubectl create role discovery --verb=get,list,watch "
                f"--resource={resource} --namespace {namespace}, and bind it to the account",
                path=_NAMESPACE,
            )
        if answer.status != HTTPStatus.OK:
            fail(
                f"the API answered with status {answer.status}",
                help="see kubectl get --raw /readyz",
            )
        return _table(answer.data)


def _endpoints(subset: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    """Write the addresses of Endpoints as EndpointSlices do."""
    for key, is_ready in (("addresses", True), ("notReadyAddresses", False)):
        for _ in _tables(subset.get(key)):
            yield {"conditions": {"ready": is_ready}}


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _tables(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
