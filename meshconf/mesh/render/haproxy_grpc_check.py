"""The question whether a gRPC service is well, as HAProxy can ask it: byte by byte.

HAProxy knows HTTP checks, but can put no zero bytes into their requests, and gRPC frames each message
with some. Its TCP checks send any bytes. So these are the ones that a gRPC client sends: RFC 9113 has
the frames, RFC 7541 the headers, and grpc.health.v1 the messages.
"""

from __future__ import annotations

__all__ = ["SERVING", "health_request"]

#: What the answer holds, in hexadecimal, if the service is well: a message of two bytes, in which the
#: status, its first field, is SERVING. Only a whole message begins with five bytes of these.
SERVING = "00000000020801"

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _SETTINGS = 0, 1, 4
_END_STREAM, _END_HEADERS = 1, 4

#: An empty HealthCheckRequest, which asks for the server as a whole.
_MESSAGE = bytes(5)


def health_request(host: str) -> str:
    """Return what a gRPC client sends to ask a server for its health, in hexadecimal.

    Args:
        host: The name that the server is called by, of at most 253 characters.
    """
    headers = {
        ":method": "POST",
        ":scheme": "http",
        ":path": "/grpc.health.v1.Health/Check",
        ":authority": host,
        "content-type": "application/grpc",
        "te": "trailers",
    }
    block = b"".join(_header(name, value) for name, value in headers.items())
    frames = (
        _frame(_SETTINGS, 0, 0, b""),
        _frame(_HEADERS, _END_HEADERS, 1, block),
        _frame(_DATA, _END_STREAM, 1, _MESSAGE),
    )
    return (_PREFACE + b"".join(frames)).hex()


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return (
        len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload
    )


def _header(name: str, value: str) -> bytes:
    """Return a header field that refers to no table and is not compressed."""
    return b"\0" + _text(name) + _text(value)


def _text(text: str) -> bytes:
    size, room = len(text), 127
    return bytes([size] if size < room else [room, size - room]) + text.encode()
