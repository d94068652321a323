"""A real ZooKeeper, alone, and the few words of its protocol that tests need."""

from __future__ import annotations

import signal
import socket
import struct
from typing import TYPE_CHECKING

from tests.programs import required
from tests.servers.process import Process, free_ports, start_on_free_ports

if TYPE_CHECKING:
    from typing_extensions import Self

_NO_NODE, _NODE_EXISTS = -101, -110
_CREATE, _DELETE, _GET, _SET = 1, 2, 4, 5
#: Anybody may do anything: one entry, all permissions, `world:anyone`.
_OPEN = struct.pack(">ii", 1, 31) + b"\0\0\0\5world\0\0\0\6anyone"


class ZooKeeper:
    """A server of ZooKeeper, started once it is made; usable in a `with`.

    Attributes:
        port: Where clients connect to on 127.0.0.1; it stays the same when it is started again.
        address: `127.0.0.1:PORT`.
    """

    def __init__(self) -> None:
        self._program = required("zookeeper-server", demanded_by="MESHCONF_REQUIRE_SERVERS")
        required("java", demanded_by="MESHCONF_REQUIRE_SERVERS")
        self.process = Process("zookeeper")
        start_on_free_ports(self.process, self._start_first)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start_first(self) -> None:
        [self.port] = free_ports(1)
        self.address = f"127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        """Start it again, at the same address and with the data that it has."""
        options = self.process.folder / "zoo.cfg"
        options.write_text(
            "tickTime=500\n"
            f"dataDir={self.process.data}\n"
            f"clientPort={self.port}\n"
            "clientPortAddress=127.0.0.1\n"
            "admin.enableServer=false\n"
            "4lw.commands.whitelist=*\n"
        )
        self.process.start(
            [self._program, str(options)], lambda: "Mode:" in self.word("srvr", timeout=0.5)
        )

    def stop(self, by: signal.Signals = signal.SIGKILL) -> None:
        """Stop it: at once, or gently by SIGTERM."""
        self.process.stop(by)

    def restart(self) -> None:
        """Stop it at once, and start it."""
        self.stop()
        self.start()

    def lose_data(self) -> None:
        """Stop it and erase its data."""
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

    def word(self, four_letters: str, *, timeout: float = 10.0) -> str:
        """Ask one of its words of four letters, such as `ruok` or `srvr`."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as connection:
            connection.sendall(four_letters.encode())
            return b"".join(iter(lambda: connection.recv(65536), b"")).decode()

    def put(self, path: str, text: str) -> None:
        """Write a node; those above it are made where they are missing."""
        parts = path.strip("/").split("/")
        for end in range(1, len(parts) + 1):
            made = "/" + "/".join(parts[:end])
            self._ask(_CREATE, _coded(made) + _coded("") + _OPEN + struct.pack(">i", 0))
        self._ask(_SET, _coded(path) + _coded(text) + struct.pack(">i", -1))

    def get(self, path: str) -> str | None:
        """Read a node; None if there is none."""
        found = self._ask(_GET, _coded(path) + b"\0")
        if found is None:
            return None
        (length,) = struct.unpack_from(">i", found)
        return found[4 : 4 + max(length, 0)].decode()

    def delete(self, path: str) -> None:
        """Delete a node that has none below."""
        self._ask(_DELETE, _coded(path) + struct.pack(">i", -1))

    def _ask(self, kind: int, told: bytes) -> bytes | None:
        """Send a request in a session of its own; None where there is no such node."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            _send(connection, struct.pack(">iqiqi", 0, 0, 10_000, 0, 16) + bytes(16))
            _receive(connection)
            _send(connection, struct.pack(">ii", 1, kind) + told)
            answer = _receive(connection)
            _send(connection, struct.pack(">ii", 2, -11))
        _, _, error = struct.unpack_from(">iqi", answer)
        if error == _NO_NODE:
            return None
        if error not in {0, _NODE_EXISTS}:
            msg = f"ZooKeeper answers with error {error}"
            raise OSError(msg)
        return answer[16:]


def _coded(text: str) -> bytes:
    coded = text.encode()
    return struct.pack(">i", len(coded)) + coded


def _send(connection: socket.socket, message: bytes) -> None:
    connection.sendall(struct.pack(">i", len(message)) + message)


def _receive(connection: socket.socket) -> bytes:
    (length,) = struct.unpack(">i", _exactly(connection, 4))
    return _exactly(connection, length)


def _exactly(connection: socket.socket, number: int) -> bytes:
    found = b""
    while len(found) < number:
        more = connection.recv(number - len(found))
        if not more:
            msg = "ZooKeeper has closed the connection"
            raise OSError(msg)
        found += more
    return found
