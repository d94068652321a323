"""Asking a server over HTTP: one question at a time, which another thread can break off.

urllib3 speaks the protocol. A connection of its own is used rather than a pool, since an answer that
is waited for a minute has to be broken off when the program ends, which takes its socket.
"""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import time
from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING

import attrs

from meshconf.sources.reading import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from urllib3.connection import HTTPConnection
    from urllib3.response import HTTPResponse

    from meshconf.sources.addresses import Address

__all__ = ["Answer", "Caller", "Limits"]

#: So much of an answer is read at once.
CHUNK = 65_536

#: The code of the problem that a server cannot be reached.
UNREACHED = "MC408"

#: What is not there, is not allowed, or is too large.
NOT_FOUND = 404
FORBIDDEN = 403
TOO_LARGE = 413


@attrs.frozen
class Limits:
    """What a server is given.

    Attributes:
        timeout: Seconds until a connection stands, and until an answer that is not waited for
            begins.

        max_bytes: The largest answer that is read.

        ca_file: The certificates that vouch for the server, in PEM; those of the system if not
            given.
    """

    timeout: float
    max_bytes: int
    ca_file: str | os.PathLike[str] | None = None


@attrs.frozen
class Answer:
    """What a server answered.

    Attributes:
        status: The status, such as 200.

        headers: The headers; names are found in any case.

        body: The body.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = attrs.field(repr=False)


class Caller:
    """Asks one server, one question after the other.

    Args:
        address: The server.

        limits: What it is given.
    """

    def __init__(self, address: Address, limits: Limits) -> None:
        self._address = address
        self._limits = limits
        self._connection: HTTPConnection | None = None
        self._sock: socket.socket | None = None
        self._is_over = False

    def ask(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        patience: float = 0.0,
    ) -> Answer:
        """Ask, and return the whole answer; once more, if the connection had been closed meanwhile.

        Args:
            method: The method.

            path: The path, with what follows a question mark.

            headers: The headers.

            body: What is sent.

            patience: The server may take so many seconds more to begin its answer.

        Raises:
            Refused: If there is no answer, or it is too large.
        """
        is_used = self._connection is not None
        refused: Refused
        try:
            try:
                return self._ask(method, path, headers, body, patience)
            except (ConnectionResetError, BrokenPipeError):  # as servers do after a while
                if not is_used or self._is_over:
                    raise
            self.close()
            return self._ask(method, path, headers, body, patience)
        except Refused as error:
            refused = error
        except Exception as error:  # of the operating system, of TLS, of HTTP
            refused = _unreached(self._address, error)
        self.close()
        raise refused

    def lines(
        self, method: str, path: str, *, headers: Mapping[str, str], body: bytes, patience: float
    ) -> Iterator[tuple[int, bytes]]:
        """Ask, and yield the status with each line of an answer that goes on.

        An answer without any line gives an empty one. The connection is closed at the end.

        Args:
            method: The method.

            path: The path.

            headers: The headers.

            body: What is sent.

            patience: It ends when nothing is said for so many seconds, besides those that a server
                is given anyway.

        Raises:
            Refused: If there is no answer, or a line is too large.
        """
        refused: Refused
        try:
            response = self._response(method, path, headers, body, patience)
            rest, is_silent = b"", True
            while chunk := _next_chunk(response):
                *found, rest = (rest + chunk).split(b"\n")
                for line in found:
                    is_silent = False
                    yield response.status, line
                if len(rest) > self._limits.max_bytes:
                    raise self._too_large()  # noqa: TRY301 - it ends like any other refusal
            if rest or is_silent:
                yield response.status, rest
        except Refused as error:
            refused = error
        except Exception as error:  # of the operating system, of TLS, of HTTP
            refused = _unreached(self._address, error)
        else:
            return
        finally:
            self.close()
        raise refused

    def interrupt(self) -> None:
        """Break off what another thread is waiting for; nothing is asked any more."""
        self._is_over = True
        if (sock := self._sock) is not None:
            with contextlib.suppress(OSError):  # it is closed already
                sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection; the next question opens another."""
        connection, self._connection, self._sock = self._connection, None, None
        if connection is not None:
            connection.close()

    def _ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None,
        patience: float,
    ) -> Answer:
        response = self._response(method, path, headers, body, patience)
        end = time.monotonic() + self._limits.timeout
        content = bytearray()
        while chunk := self._chunk(response, end):
            content += chunk
            if len(content) > self._limits.max_bytes:
                raise self._too_large()
        if self._connection is not None and self._connection.sock is None:
            self.close()  # the answer has ended the connection
        return Answer(response.status, response.headers, bytes(content))

    def _chunk(self, response: HTTPResponse, end: float) -> bytes:
        """Read what is there, or wait for it until a moment at most."""
        left = end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        assert self._sock is not None  # the answer comes by it
        with contextlib.suppress(OSError):  # closed, where the answer has ended the connection
            self._sock.settimeout(left)
        return response.read1(CHUNK)

    def _response(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None,
        patience: float,
    ) -> HTTPResponse:
        if self._is_over:
            raise ConnectionAbortedError
        connection = self._connection = self._connection or self._connected()
        # http.client lets go of it where the answer ends the connection.
        sock = self._sock = connection.sock
        if self._is_over:  # whoever interrupts sees the socket, or is seen here
            raise ConnectionAbortedError
        assert sock is not None  # one that has ended its connection is not kept
        sock.settimeout(self._limits.timeout)
        connection.request(method, path, body, headers, preload_content=False)
        self._sock = connection.sock  # it may have had to connect again
        connection.timeout = self._limits.timeout + patience
        return connection.getresponse()

    def _connected(self) -> HTTPConnection:
        if find_spec("urllib3") is None:
            raise Refused(UNREACHED, 'cannot be asked: pip install "meshconf[remote]"')
        from urllib3.connection import HTTPConnection, HTTPSConnection

        address, timeout = self._address, self._limits.timeout
        made: HTTPConnection
        if address.scheme == "https":
            context = self._tls_context()
            made = HTTPSConnection(address.host, address.port, timeout=timeout, ssl_context=context)
        else:
            made = HTTPConnection(address.host, address.port, timeout=timeout)
        made.connect()
        return made

    def _tls_context(self) -> ssl.SSLContext:
        path = self._limits.ca_file
        try:
            return ssl.create_default_context(cafile=path)
        except (OSError, ssl.SSLError) as error:
            reason = getattr(error, "strerror", None) or "it holds no certificates in PEM"
            message = f"cannot be asked: {os.fspath(path or '')}: {reason}"
        raise Refused(UNREACHED, message)

    def _too_large(self) -> Refused:
        return Refused("MC004", f"is too large: the limit is {self._limits.max_bytes:,} bytes")


def _next_chunk(response: HTTPResponse) -> bytes:
    """Read what comes next; nothing if it ends, or is silent for too long."""
    from urllib3.exceptions import ReadTimeoutError

    try:
        return response.read1(CHUNK)
    except ReadTimeoutError:
        return b""


def _unreached(address: Address, error: BaseException) -> Refused:
    """Say in words of the field why a server could not be asked."""
    causes = tuple(_causes(error))
    at = f" at {address}"
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            reason = cause.verify_message.rstrip(".")
            return Refused(
                UNREACHED, f"cannot be asked{at}: its certificate is not trusted: {reason}"
            )
        if isinstance(cause, ssl.SSLError):
            reason = "it does not speak TLS as it should"
            return Refused(
                UNREACHED, f"cannot be asked{at}: {reason} ({cause.reason or 'no reason'})"
            )
        if isinstance(cause, socket.gaierror):
            return Refused(UNREACHED, f"cannot be asked{at}: no such host")
    for cause in causes:
        if isinstance(cause, OSError) and cause.strerror:
            return Refused(UNREACHED, f"cannot be asked{at}: {cause.strerror.lower()}")
    if any(isinstance(cause, TimeoutError) for cause in causes):
        return Refused(UNREACHED, f"cannot be asked{at}: no answer in time")
    return Refused(UNREACHED, f"cannot be asked{at}: the connection broke off")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    from urllib3.exceptions import TimeoutError as Urllib3TimeoutError

    while error is not None:
        yield TimeoutError() if isinstance(error, Urllib3TimeoutError) else error
        reason = getattr(error, "reason", None)
        error = (
            reason if isinstance(reason, BaseException) else error.__cause__ or error.__context__
        )
