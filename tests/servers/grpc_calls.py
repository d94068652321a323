"""Calls over real gRPC channels to real gRPC servers, all in a process of their own.

gRPC keeps threads and descriptors for as long as its process lives, and does not like forks: other
tests count the former, and do the latter. Started as a script, this file is that process.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self

_ECHO = "/tests.Echo/Echo"
_WATCH = "/grpc.health.v1.Health/Watch"


@attrs.frozen
class Server:
    """What a server answers.

    Attributes:
        codes: The codes of its answers, one after the other and again from the first.
        delay: The seconds that an answer takes.
        health: Whether it says that it serves; None if it has no health service.
    """

    codes: Sequence[str] = ("OK",)
    delay: float = 0.0
    health: bool | None = None


@attrs.frozen
class Called:
    """What became of some calls.

    Attributes:
        codes: The code of each call.
        details: What was said of each.
        seconds: How long each took.
        arrived: How many attempts each server got.
        gaps: The seconds between the attempts that the first server got.
    """

    codes: list[str]
    details: list[str]
    seconds: list[float]
    arrived: list[int]
    gaps: list[float]


class Grpc:
    """The process that calls; usable in a `with`."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # gRPC logs what it refuses
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=30)

    def call(
        self,
        options: Sequence[tuple[str, str | int]],
        *servers: Server,
        calls: int = 1,
        timeout: float = 10.0,
        pauses: Sequence[float] = (),
    ) -> list[Called]:
        """Start servers, and call them over one channel.

        Args:
            options: The options of the channel.

            servers: What is called.

            calls: How many calls are made, one after the other.

            timeout: The seconds that the caller gives each call.

            pauses: The seconds to wait before each further round of as many calls.

        Returns:
            What became of each round.
        """
        return [
            Called(**each)
            for each in self._ask(
                "call", options, [attrs.asdict(one) for one in servers], calls, timeout, pauses
            )
        ]

    def accepted(self, service_config: str) -> str:
        """Make a call over a channel with a service config, and return its code and details.

        A channel whose service config is refused fails each call with INVALID_ARGUMENT before it
        connects to anything.
        """
        found: str = self._ask("accepted", service_config)
        return found

    def _ask(self, *command: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


def _main() -> None:
    """Do what each line of the standard input says, until that ends."""
    import time
    from concurrent.futures import ThreadPoolExecutor

    import grpc

    class Handler(grpc.GenericRpcHandler):  # type: ignore[misc]
        def __init__(self, server: Server) -> None:
            self.server = server
            self.arrived: list[float] = []

        def service(self, details: Any) -> Any:
            if details.method == _ECHO:
                return grpc.unary_unary_rpc_method_handler(self.echo)
            if details.method == _WATCH and self.server.health is not None:
                return grpc.unary_stream_rpc_method_handler(self.watch)
            return None

        def echo(self, request: bytes, context: Any) -> bytes:
            code = self.server.codes[len(self.arrived) % len(self.server.codes)]
            self.arrived.append(time.monotonic())
            time.sleep(self.server.delay)
            if code != "OK":
                context.abort(grpc.StatusCode[code], "as told")
            return request

        def watch(self, request: bytes, context: Any) -> Any:
            yield b"\x08\x01" if self.server.health else b"\x08\x02"  # 1 is SERVING, 2 is not
            while context.is_active():
                time.sleep(0.05)

    def started(handler: Handler) -> tuple[Any, int]:
        server = grpc.server(ThreadPoolExecutor(8), options=[("grpc.so_reuseport", 0)])
        server.add_generic_rpc_handlers((handler,))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        return server, port

    def one_call(echo: Callable[..., bytes], timeout: float) -> tuple[str, str, float]:
        begin = time.monotonic()
        try:
            echo(b"", timeout=timeout)
        except grpc.RpcError as error:
            return error.code().name, error.details(), time.monotonic() - begin
        return "OK", "", time.monotonic() - begin

    def call(
        options: Any, servers: Any, calls: int, timeout: float, pauses: Any
    ) -> list[dict[str, Any]]:
        handlers = [Handler(Server(**each)) for each in servers]
        running = [started(handler) for handler in handlers]
        target = "ipv4:" + ",".join(f"127.0.0.1:{port}" for _, port in running)
        rounds = []
        with grpc.insecure_channel(target, options=[tuple(each) for each in options]) as channel:
            echo = channel.unary_unary(_ECHO)
            if len(handlers) > 1:  # each is to be connected when it is counted
                expected = [one for one in handlers if one.server.health is not False]
                end = time.monotonic() + 10
                while not all(one.arrived for one in expected) and time.monotonic() < end:
                    one_call(echo, timeout)
            for pause in (0, *pauses):
                time.sleep(pause)
                for handler in handlers:
                    handler.arrived.clear()
                codes, details, seconds = zip(
                    *(one_call(echo, timeout) for _ in range(calls)), strict=True
                )
                arrived = handlers[0].arrived
                rounds.append(
                    {
                        "codes": codes,
                        "details": details,
                        "seconds": seconds,
                        "arrived": [len(handler.arrived) for handler in handlers],
                        "gaps": [later - earlier for earlier, later in pairwise(arrived)],
                    }
                )
        for server, _ in running:
            server.stop(None)
        return rounds

    _, port = started(Handler(Server()))

    def accepted(service_config: str) -> str:
        options = [("grpc.service_config", service_config)]
        with grpc.insecure_channel(f"ipv4:127.0.0.1:{port}", options=options) as channel:
            code, details, _ = one_call(channel.unary_unary(_ECHO), 10.0)
        return f"{code} {details}".strip()

    commands: dict[str, Callable[..., Any]] = {"call": call, "accepted": accepted}
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        sys.stdout.write(json.dumps(commands[name](*arguments)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _main()
