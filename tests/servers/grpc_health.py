"""A real gRPC server with a health service, in a process of its own.

gRPC keeps threads and descriptors for as long as its process lives, and does not like forks. Started
as a script, this file is that process.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Self

    from tests.servers.certificates import Certificate

_CHECK = "/grpc.health.v1.Health/Check"


class GrpcHealth:
    """The server, serving once it is made; usable in a `with`.

    Attributes:
        port: Its port on 127.0.0.1.

    Args:
        tls: Speak TLS, with this certificate.
    """

    def __init__(self, tls: Certificate | None = None) -> None:
        files: list[Path] = [] if tls is None else [tls.key, tls.cert]
        self._process = subprocess.Popen(
            [sys.executable, __file__, *map(str, files)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # gRPC logs what it refuses
            text=True,
        )
        self.port = self._ask("")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=30)

    def says(self, status: int) -> int:
        """Answer with another status, as grpc.health.v1 counts them: 1 is SERVING, 2 is not.

        Returns:
            How many checks there were until now.
        """
        return self._ask(str(status))

    def _ask(self, line: str) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        if line:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        return int(self._process.stdout.readline())


def _main() -> None:
    """Print the port; then take each line of the standard input for a status."""
    from concurrent.futures import ThreadPoolExecutor

    import grpc

    status, checks = 1, 0

    def check(request: bytes, context: Any) -> bytes:
        nonlocal checks
        checks += 1
        return bytes([8, status])

    class Handler(grpc.GenericRpcHandler):  # type: ignore[misc]
        def service(self, details: Any) -> Any:
            is_check = details.method == _CHECK
            return grpc.unary_unary_rpc_method_handler(check) if is_check else None

    server = grpc.server(ThreadPoolExecutor(4), options=[("grpc.so_reuseport", 0)])
    server.add_generic_rpc_handlers((Handler(),))
    if files := [Path(name).read_bytes() for name in sys.argv[1:]]:
        credentials = grpc.ssl_server_credentials([(files[0], files[1])])
        port = server.add_secure_port("127.0.0.1:0", credentials)
    else:
        port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    for line in sys.stdin:
        status = int(line)
        sys.stdout.write(f"{checks}\n")
        sys.stdout.flush()
    server.stop(None)


if __name__ == "__main__":
    _main()
