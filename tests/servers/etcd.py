"""A real etcd of one member, which is talked to by its JSON gateway."""

from __future__ import annotations

import base64
import json
import signal
from typing import TYPE_CHECKING, Any

from tests.programs import required
from tests.servers.process import Process, free_ports, start_on_free_ports
from tests.servers.talk import Refused, ask

if TYPE_CHECKING:
    from typing_extensions import Self

    from tests.servers.certificates import Certificate

#: What the programs are called on PATH, by version.
PROGRAMS = ("etcd", "etcd-3.4")


class Etcd:
    """`etcd`, started once it is made; usable in a `with`.

    Attributes:
        address: `http://127.0.0.1:PORT`; it stays the same when etcd is started again.
        https_address: With TLS, the address on `localhost`.
        https_by_number: With TLS, the address on 127.0.0.1: a wrong name for a certificate of
            `localhost`.
        root_password: With auth, the password of `root`.

    Args:
        program: `etcd` is 3.5, `etcd-3.4` is that.
        auth: Refuse everybody but users; `add_user` makes some.
        tls: Answer https too, with this certificate.
    """

    def __init__(
        self,
        program: str = "etcd",
        *,
        auth: bool = False,
        tls: Certificate | None = None,
    ) -> None:
        self._program = required(program, demanded_by="MESHCONF_REQUIRE_SERVERS")
        self._tls = tls
        self._wants_auth, self._has_auth = auth, False
        self.root_password = "invented"
        self.process = Process("etcd")
        start_on_free_ports(self.process, self._start_first)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start_first(self) -> None:
        http, https, peer = free_ports(3)
        self.address = f"http://127.0.0.1:{http}"
        self.https_address = f"https://localhost:{https}"
        self.https_by_number = f"https://127.0.0.1:{https}"
        self._peer = f"http://127.0.0.1:{peer}"
        self.start()

    def start(self) -> None:
        """Start it again, at the same address and with the data that it has."""
        clients = self.address
        files: list[str] = []
        if self._tls:
            clients += f",{self.https_by_number}"
            files = ["--cert-file", str(self._tls.cert), "--key-file", str(self._tls.key)]
        options = {
            "--data-dir": str(self.process.data),
            "--listen-client-urls": clients,
            "--advertise-client-urls": self.address,
            "--listen-peer-urls": self._peer,
            "--initial-advertise-peer-urls": self._peer,
            "--initial-cluster": f"default={self._peer}",
            "--heartbeat-interval": "20",
            "--election-timeout": "200",
            "--bcrypt-cost": "4",
        }
        command = [self._program, *(word for option in options.items() for word in option), *files]
        self.process.start(command, self._answers)
        if self._wants_auth and not self._has_auth:
            self._enable_auth()

    def _answers(self) -> bool:
        """Tell whether it answers consistent reads; with auth, it refuses them once it is up."""
        try:
            self._post("/v3/kv/range", {"key": _coded("a")}, timeout=2.0)
        except Refused as error:
            return self._has_auth and error.status in {400, 401, 403}
        return True

    def stop(self, by: signal.Signals = signal.SIGKILL) -> None:
        """Stop it: at once, or gently by SIGTERM."""
        self.process.stop(by)

    def restart(self) -> None:
        """Stop it at once, and start it."""
        self.stop()
        self.start()

    def lose_data(self) -> None:
        """Stop it and erase its data; what is started then begins at revision 1.

        With auth, users are to be made again.
        """
        self.process.lose_data()
        self._has_auth = False

    def pause(self) -> None:
        """Let it hang, with connections open."""
        self.process.pause()

    def resume(self) -> None:
        """Let it go on after a pause."""
        self.process.resume()

    def close(self) -> None:
        """Stop it for good."""
        self.process.close()

    def ask(self, path: str, told: dict[str, Any], *, token: str | None = None) -> dict[str, Any]:
        """Send a request to the gateway; without another token, as root."""
        if token is None and self._has_auth:
            token = self.token("root", self.root_password)
        return self._post(path, told, token=token)

    def _post(
        self, path: str, told: dict[str, Any], *, token: str | None = None, timeout: float = 10.0
    ) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = token
        url = f"{self.address}{path}"
        found = ask("POST", url, json.dumps(told), headers, timeout=timeout)
        answer: dict[str, Any] = found.data
        return answer

    def put(self, key: str, text: str | bytes, *, lease: int = 0) -> int:
        """Write a key, for as long as a lease lives if there is one; return the revision."""
        told = {"key": _coded(key), "value": _coded(text), "lease": str(lease)}
        return int(self.ask("/v3/kv/put", told)["header"]["revision"])

    def get(self, key: str) -> str | None:
        """Read a key; None if there is none."""
        found = self.ask("/v3/kv/range", {"key": _coded(key)}).get("kvs", [])
        return base64.b64decode(found[0].get("value", "")).decode() if found else None

    def delete(self, key: str, *, below: bool = False) -> int:
        """Delete a key, or all that start with it; return the revision."""
        told = {"key": _coded(key)} | ({"range_end": _coded(_end(key))} if below else {})
        return int(self.ask("/v3/kv/deleterange", told)["header"]["revision"])

    def revision(self) -> int:
        """Return the revision of the store."""
        return int(self.ask("/v3/kv/range", {"key": _coded("a")})["header"]["revision"])

    def compact(self, revision: int | None = None) -> int:
        """Forget what was before a revision, by default the last; return the revision."""
        revision = revision or self.revision()
        self.ask("/v3/kv/compaction", {"revision": str(revision), "physical": True})
        return revision

    def grant(self, seconds: int) -> int:
        """Make a lease."""
        return int(self.ask("/v3/lease/grant", {"TTL": str(seconds)})["ID"])

    def revoke(self, lease: int) -> None:
        """End a lease, as if its time were over."""
        self.ask("/v3/lease/revoke", {"ID": str(lease)})

    def _enable_auth(self) -> None:
        self.ask("/v3/auth/user/add", {"name": "root", "password": self.root_password})
        self.ask("/v3/auth/role/add", {"name": "root"})
        self.ask("/v3/auth/user/grant", {"user": "root", "role": "root"})
        self.ask("/v3/auth/enable", {})
        self._has_auth = True

    def add_user(self, name: str, password: str, prefix: str, access: str = "READ") -> None:
        """Make a user who may READ, WRITE or READWRITE the keys that start with a prefix."""
        permission = {
            "permType": access,
            "key": _coded(prefix),
            "range_end": _coded(_end(prefix)),
        }
        self.ask("/v3/auth/user/add", {"name": name, "password": password})
        self.ask("/v3/auth/role/add", {"name": name})
        self.ask("/v3/auth/role/grant", {"name": name, "perm": permission})
        self.ask("/v3/auth/user/grant", {"user": name, "role": name})

    def remove_user(self, name: str) -> None:
        """Delete a user and the role; the tokens of the user are void from then on."""
        self.ask("/v3/auth/user/delete", {"name": name})
        self.ask("/v3/auth/role/delete", {"role": name})

    def token(self, name: str, password: str) -> str:
        """Log a user in; a token is good for 5 minutes, and until etcd is stopped."""
        found = self._post("/v3/auth/authenticate", {"name": name, "password": password})
        return str(found["token"])


def _coded(text: str | bytes) -> str:
    """Write text as the gateway likes it."""
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


def _end(prefix: str) -> bytes:
    """Return the first key that does not start with a prefix."""
    coded = prefix.encode()
    return coded[:-1] + bytes([coded[-1] + 1])
