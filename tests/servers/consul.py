"""A real Consul agent: one server that leads itself."""

from __future__ import annotations

import json
import signal
import time
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import attrs

from tests.programs import required
from tests.servers.process import PATIENCE, Process, free_ports, start_on_free_ports
from tests.servers.talk import Answer, Refused, ask

if TYPE_CHECKING:
    from typing_extensions import Self

    from tests.servers.certificates import Certificate


@attrs.frozen
class Token:
    """A token of Consul's ACLs."""

    #: What requests carry.
    secret: str
    #: What it is called when it is revoked.
    accessor: str


class Consul:
    """`consul agent`, started and with a leader once it is made; usable in a `with`.

    Attributes:
        address: `http://127.0.0.1:PORT`; it stays the same when the agent is started again.
        https_address: With TLS, the address on `localhost`.
        https_by_number: With TLS, the address on 127.0.0.1: a wrong name for a certificate of
            `localhost`.
        dns_port: The port of its DNS on 127.0.0.1, by UDP and TCP.
        management_token: With ACLs, the secret of the token that may do everything.

    Args:
        in_memory: Store nothing, like `-dev`: it starts in 0.4 seconds, not in 1.7, and loses its
            data with each stop.
        acl: Deny everything without a token.
        tls: Answer https too, with this certificate.
        datacenter: The name of the datacenter.
    """

    def __init__(
        self,
        *,
        in_memory: bool = False,
        acl: bool = False,
        tls: Certificate | None = None,
        datacenter: str = "dc1",
    ) -> None:
        self._program = required("consul", demanded_by="MESHCONF_REQUIRE_SERVERS")
        self._in_memory, self._tls, self.datacenter = in_memory, tls, datacenter
        self.management_token = str(uuid.uuid4()) if acl else None
        self.process = Process("consul")
        start_on_free_ports(self.process, self._start_first)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start_first(self) -> None:
        http, https, dns, server, serf = free_ports(5)
        self._ports = {
            "http": http,
            "https": https if self._tls else -1,
            "dns": dns,
            "server": server,
            "serf_lan": serf,
            "serf_wan": -1,
            "grpc": -1,
        }
        self.address = f"http://127.0.0.1:{http}"
        self.https_address = f"https://localhost:{https}"
        self.https_by_number = f"https://127.0.0.1:{https}"
        self.dns_port = dns
        self.start()

    def _options(self) -> dict[str, Any]:
        options: dict[str, Any] = {
            "node_name": "test",
            "datacenter": self.datacenter,
            "bind_addr": "127.0.0.1",
            "client_addr": "127.0.0.1",
            "ports": self._ports,
            "performance": {"raft_multiplier": 1, "leave_drain_time": "0s"},
            "leave_on_terminate": False,
            "disable_update_check": True,
            "disable_host_node_id": True,
            "disable_keyring_file": True,
            "log_level": "warn",
        }
        if not self._in_memory:
            options |= {"server": True, "bootstrap_expect": 1, "data_dir": str(self.process.data)}
        if self.management_token:
            options["acl"] = {
                "enabled": True,
                "default_policy": "deny",
                "tokens": {"master": self.management_token, "agent": self.management_token},
            }
        if self._tls:
            options["cert_file"] = str(self._tls.cert)
            options["key_file"] = str(self._tls.key)
            options["ca_file"] = str(self._tls.ca)
        return options

    def start(self) -> None:
        """Start it again, at the same address and with the data that it has."""
        options = self.process.folder / "consul.json"
        options.write_text(json.dumps(self._options()))
        command = [self._program, "agent", "-config-file", str(options)]
        self.process.start([*command, "-dev"] if self._in_memory else command, self._leads)

    def _leads(self) -> bool:
        """Tell whether it answers consistent reads, and knows the management token."""
        found = self.ask("GET", "/v1/kv/?keys&consistent", timeout=2.0, errors=True)
        return found.status in {200, 404}

    def stop(self, by: signal.Signals = signal.SIGKILL) -> None:
        """Stop it: at once, or gently by SIGTERM, which takes half a second."""
        self.process.stop(by)

    def restart(self) -> None:
        """Stop it at once, and start it."""
        self.stop()
        self.start()

    def lose_data(self) -> None:
        """Stop it and erase its data; what is started then has its index near 1."""
        self.process.lose_data()

    def pause(self) -> None:
        """Let it hang, with connections open."""
        self.process.pause()

    def resume(self) -> None:
        """Let it go on after a pause."""
        self.process.resume()

    def close(self) -> None:
        """Stop it for good."""
        self.process.close()

    def ask(
        self,
        method: str,
        target: str,
        body: bytes | str | None = None,
        *,
        token: str | None = None,
        timeout: float = 10.0,
        errors: bool = False,
    ) -> Answer:
        """Send a request; without another token, with that of the management."""
        token = token if token is not None else self.management_token
        headers = {"X-Consul-Token": token} if token else {}
        url = f"{self.address}{target}"
        return ask(method, url, body, headers, timeout=timeout, errors=errors)

    def put(self, key: str, text: str | bytes) -> None:
        """Write a key."""
        self.ask("PUT", _kv(key), text)

    def get(self, key: str) -> str | None:
        """Read a key; None if there is none."""
        found = self.ask("GET", f"{_kv(key)}?raw&consistent", errors=True)
        if found.status == 404:
            return None
        if found.status != 200:
            raise Refused(found.status, found.body)
        return found.body.decode()

    def delete(self, key: str, *, below: bool = False) -> None:
        """Delete a key, or all that start with it."""
        self.ask("DELETE", f"{_kv(key)}?recurse" if below else _kv(key))

    def index(self, key: str) -> int:
        """Return the index that a read of a key answers with, be there one or not."""
        found = self.ask("GET", f"{_kv(key)}?consistent", errors=True)
        return int(found.headers["X-Consul-Index"])

    def register(self, service: str, port: int = 80, *, passing: bool = True) -> None:
        """Register a service on 127.0.0.1, and wait until its health is as said."""
        status = "passing" if passing else "critical"
        check = {"TTL": "24h", "Status": status}
        told = {"Name": service, "Port": port, "Address": "127.0.0.1", "Check": check}
        self.ask("PUT", "/v1/agent/service/register", json.dumps(told))
        # A service that is registered again keeps the status that it has.
        self.ask("PUT", f"/v1/agent/check/{'pass' if passing else 'fail'}/service:{quote(service)}")
        self._wait_for_health(service, [status])

    def deregister(self, service: str) -> None:
        """Take a service back, and wait until it is gone."""
        self.ask("PUT", f"/v1/agent/service/deregister/{quote(service, safe='')}")
        self._wait_for_health(service, [])

    def _wait_for_health(self, service: str, expected: list[str]) -> None:
        """Wait until the catalog has learnt of it from the agent."""
        end = time.monotonic() + PATIENCE
        while True:
            found = self.ask("GET", f"/v1/health/service/{quote(service, safe='')}").data
            statuses = [
                check["Status"]
                for each in found
                for check in each["Checks"]
                if check["ServiceName"]
            ]
            if statuses == expected:
                return
            assert time.monotonic() < end, f"{service} is {statuses}, not {expected}"
            time.sleep(0.02)

    def create_token(self, rules: str) -> Token:
        """Create a token with a policy of its own, such as `key_prefix "a" { policy = "read" }`."""
        name = f"test-{uuid.uuid4()}"
        self.ask("PUT", "/v1/acl/policy", json.dumps({"Name": name, "Rules": rules}))
        told = {"Policies": [{"Name": name}]}
        made = self.ask("PUT", "/v1/acl/token", json.dumps(told)).data
        return Token(made["SecretID"], made["AccessorID"])

    def revoke(self, token: Token) -> None:
        """Delete a token."""
        self.ask("DELETE", f"/v1/acl/token/{token.accessor}")


def _kv(key: str) -> str:
    return f"/v1/kv/{quote(key)}"
