"""Probes of a stub of the API of Kubernetes; no cluster has been seen."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from meshconf.mesh.discovery import kubernetes
from meshconf.mesh.discovery.probing import Finding, probe
from tests.mesh.discovery.conftest import CANARY, Stub, configured

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SLICES = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
READY: dict[str, Any] = {"conditions": {"ready": True}}
NOT_READY: dict[str, Any] = {"conditions": {"ready": False}}


def slices(*endpoints: dict[str, Any], ports: tuple[str | None, ...] = (None,)) -> dict[str, Any]:
    """Return a list of one EndpointSlice."""
    return {"items": [{"endpoints": endpoints, "ports": [{"name": name} for name in ports]}]}


@pytest.fixture
def api(authority, new_stub) -> Stub:
    """Return a stub that lets in who asks."""
    stub: Stub = new_stub(authority.issue("127.0.0.1"))
    stub.answers["/version"] = (200, {"gitVersion": "v1.34.1"})
    return stub


@pytest.fixture
def account(tmp_path: Path, authority) -> Path:
    """Return the folder of a service account."""
    folder = tmp_path / "serviceaccount"
    folder.mkdir()
    (folder / "token").write_text(f"{CANARY}\n")
    (folder / "ca.crt").write_bytes(authority.ca.read_bytes())
    return folder


@pytest.fixture
def found_by(api: Stub, account: Path) -> Callable[..., dict[str, Finding]]:
    """Return a function that probes the stub for settings."""

    def found_by(
        settings: dict[str, Any] | None = None, *upstreams: str, **environ: str
    ) -> dict[str, Finding]:
        config = configured(
            {
                "discovery.backend": "kubernetes",
                "upstreams": {name: {} for name in upstreams},
                **(settings or {}),
            }
        )
        variables = {
            "KUBERNETES_SERVICE_HOST": "127.0.0.1",
            "KUBERNETES_SERVICE_PORT": str(api.port),
            **environ,
        }
        prober = partial(kubernetes.checks, environ=variables, account=account)
        findings = probe(config, probers={"kubernetes": prober})
        assert not [one for one in findings if CANARY in str(one)]
        return {finding.check: finding for finding in findings}

    return found_by


class TestApi:
    def test_sound(self, found_by, api: Stub):
        """The API lets the service account in, and is shown its token."""
        one = found_by()["kubernetes API"]

        assert ("ok", f"https://127.0.0.1:{api.port} lets the service account in") == (
            one.severity,
            one.message,
        )
        assert {f"Bearer {CANARY}"} == {headers["Authorization"] for _, headers in api.asked}

    def test_no_pod(self, found, monkeypatch):
        """Outside of a pod there is nothing to ask; the variables of the process say so."""
        monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
        findings = found({"discovery.backend": "kubernetes"}, "payments")
        one = findings["kubernetes API"]

        assert ("error", "this runs in no pod: KUBERNETES_SERVICE_HOST is not set") == (
            one.severity,
            one.message,
        )
        assert one.help.endswith("kubectl exec deploy/orders -- meshconf doctor")
        assert "skipped" == findings["service orders"].severity
        assert "skipped" == findings["upstream payments"].severity

    def test_ipv6(self, found_by):
        """The address of the API may be one of IPv6."""
        one = found_by(KUBERNETES_SERVICE_HOST="::1")["kubernetes API"]

        assert "https://[::1]:" in one.message

    def test_in_a_pod(self, found, api: Stub, account: Path, monkeypatch):
        """In a pod, the variables of the process and the usual folder say how to ask."""
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
        monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(api.port))
        monkeypatch.setattr(kubernetes, "ACCOUNT", account)
        one = found({"discovery.backend": "kubernetes"})["kubernetes API"]

        assert "ok" == one.severity

    @pytest.mark.parametrize("content", [None, b"", b" \n", b"\xff"])
    def test_no_token(self, found_by, account: Path, content: bytes | None):
        """A service account without a token is an error."""
        (account / "token").unlink()
        if content is not None:
            (account / "token").write_bytes(content)

        assert f"{account / 'token'} cannot be read, or is empty" == (
            found_by()["kubernetes API"].message
        )

    def test_token_that_is_no_header(self, found_by, account: Path):
        """A token that cannot be sent is told by its file."""
        (account / "token").write_text(f"{CANARY}\n{CANARY}")
        one = found_by()["kubernetes API"]

        assert one.message.startswith(f"{account / 'token'} holds what no HTTP header can")
        assert "automountServiceAccountToken" in one.help

    @pytest.mark.parametrize("text", [None, "", "no certificate"])
    def test_no_authority(self, found_by, account: Path, text: str | None):
        """A service account without an authority to believe is an error."""
        (account / "ca.crt").unlink()
        if text is not None:
            (account / "ca.crt").write_text(text)

        assert "cannot be read as certificates" in found_by()["kubernetes API"].message

    def test_another_authority(self, found_by, account: Path, tmp_path: Path):
        """An API of another authority is not believed."""
        from tests.servers.certificates import Authority

        (account / "ca.crt").write_bytes(Authority(tmp_path / "other").ca.read_bytes())
        one = found_by()["kubernetes API"]

        assert one.message.endswith("is of no authority that this machine believes")
        assert f"a certificate of {account / 'ca.crt'}" in one.help

    def test_refused_token(self, found_by, api: Stub):
        """A token that the API refuses is an error."""
        api.answers["/version"] = (401, {})

        assert "refuses the token" in found_by()["kubernetes API"].message

    @pytest.mark.parametrize("answer", [(200, {}), (200, None), (500, {"gitVersion": "v1"})])
    def test_something_else(self, found_by, api: Stub, answer: tuple[int, Any]):
        """What does not tell its version is not taken for Kubernetes."""
        api.answers["/version"] = answer

        assert "answers, but not as Kubernetes does" in found_by()["kubernetes API"].message


class TestServices:
    def test_ready(self, found_by, api: Stub):
        """A service whose endpoints are ready is well; what is not known counts as ready."""
        api.answers[SLICES] = (200, slices(READY, NOT_READY, {"conditions": {}}, {}))
        findings = found_by({}, "payments")

        assert ("ok", "endpoints that are ready: 3 of 4") == (
            findings["upstream payments"].severity,
            findings["upstream payments"].message,
        )
        assert f"{SLICES}?labelSelector=kubernetes.io%2Fservice-name%3Dpayments" in [
            path for path, _ in api.asked
        ]

    def test_namespace(self, found_by, api: Stub):
        """The namespace of the configuration is asked."""
        api.answers[SLICES.replace("default", "shop")] = (200, slices(READY))
        findings = found_by({"kubernetes.namespace": "shop"}, "payments")

        assert "ok" == findings["upstream payments"].severity

    def test_no_service(self, found_by, api: Stub):
        """A service that is not there is an error; the service itself a warning."""
        api.answers[SLICES] = (200, {"items": []})
        findings = found_by({}, "payments")
        one = findings["upstream payments"]

        assert (
            "error",
            "there is no service payments in the namespace default",
            "upstreams.payments",
        ) == (one.severity, one.message, one.path)
        assert "warning" == findings["service orders"].severity

    @pytest.mark.parametrize(
        ("endpoints", "only_passing", "severity", "said"),
        [
            ([NOT_READY], True, "error", "no endpoint of 1 is ready"),
            (
                [NOT_READY],
                False,
                "warning",
                "endpoints that are ready: 0 of 1, and discovery.only_passing = false uses them all the same",
            ),
            ([], True, "error", "it has no endpoint"),
            ([], False, "error", "it has no endpoint"),
        ],
    )
    def test_not_ready(self, found_by, api: Stub, endpoints, only_passing, severity, said):
        """A service without an endpoint that is ready is an error, unless such are used."""
        api.answers[SLICES] = (200, slices(*endpoints))
        one = found_by({"discovery.only_passing": only_passing}, "payments")["upstream payments"]

        assert (severity, said) == (one.severity, one.message)

    @pytest.mark.parametrize(
        ("ports", "wanted", "said"),
        [
            (("grpc", "http"), None, "but on several ports: grpc, http"),
            (("grpc", None), None, "but on several ports: one without a name, grpc"),
            (("grpc", "http"), "https", "but it has no port https, only grpc, http"),
            ((), "https", "but it has no port https, only none"),
        ],
    )
    def test_ports(self, found_by, api: Stub, ports, wanted: str | None, said: str):
        """A port that is not certain, or not there, is an error."""
        api.answers[SLICES] = (200, slices(READY, ports=ports))
        one = found_by({"kubernetes.port_name": wanted}, "payments")["upstream payments"]

        assert ("error", "kubernetes.port_name") == (one.severity, one.path)
        assert one.message.endswith(said)

    def test_port(self, found_by, api: Stub):
        """A port of several that is named is well."""
        api.answers[SLICES] = (200, slices(READY, ports=("grpc", "http")))
        one = found_by({"kubernetes.port_name": "http"}, "payments")["upstream payments"]

        assert ("ok", "endpoints that are ready: 1 of 1") == (one.severity, one.message)

    def test_forbidden(self, found_by, api: Stub):
        """A service account without the right to look is told how to get it."""
        api.answers[SLICES] = (403, {})
        one = found_by({}, "payments")["upstream payments"]

        assert ("error", "kubernetes.namespace") == (one.severity, one.path)
        assert "may not list endpointslices in the namespace default" in one.message
        assert "kubectl create role discovery" in one.help

    def test_error_of_the_server(self, found_by, api: Stub):
        """An error of the API is told by its status."""
        api.answers[SLICES] = (500, {})

        assert "the API answered with status 500" == (
            found_by({}, "payments")["upstream payments"].message
        )


class TestBeforeSlices:
    """Clusters before Kubernetes 1.21, which have Endpoints alone."""

    ENDPOINTS = "/api/v1/namespaces/default/endpoints/payments"

    @pytest.mark.parametrize(
        ("subsets", "severity", "said"),
        [
            (
                [{"addresses": [{}, {}], "notReadyAddresses": [{}], "ports": [{}]}],
                "ok",
                "endpoints that are ready: 2 of 3",
            ),
            (
                [{"notReadyAddresses": [{}], "ports": [{}]}],
                "error",
                "no endpoint of 1 is ready",
            ),
            ([], "error", "it has no endpoint"),
        ],
    )
    def test_endpoints(self, found_by, api: Stub, subsets, severity: str, said: str):
        """Addresses are ready, or not, by the list that they are in."""
        api.answers[self.ENDPOINTS] = (200, {"subsets": subsets})
        one = found_by({}, "payments")["upstream payments"]

        assert (severity, said) == (one.severity, one.message)

    def test_no_endpoints(self, found_by):
        """A service that is not there is an error."""
        one = found_by({}, "payments")["upstream payments"]

        assert "there is no service payments in the namespace default" == one.message
