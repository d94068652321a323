"""A name server of a test: it says what the test tells it, and fails as it is told."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING

import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from typing_extensions import Self

#: What is not said, where the server is silent.
SILENCE = "SILENCE"


class Names:
    """A name server on 127.0.0.1, over UDP, which answers once it is made; usable in a `with`.

    Attributes:
        port: Its port.
        records: What it knows, by name and type: ("a.test", "A"). A name without any does not exist.
        fails: What it says in place of all answers: `SERVFAIL`, `REFUSED`, `NXDOMAIN`, or nothing
            where that is `SILENCE`; None where it answers.
        asked: How many questions have come.

    Args:
        records: See above.
    """

    def __init__(self, records: Mapping[tuple[str, str], Sequence[str]] | None = None) -> None:
        self.records = dict(records or {})
        self.fails: str | None = None
        self.asked = 0
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # which wakes the thread
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            asked, client = self._socket.recvfrom(4096)
            if not asked:
                return
            self.asked += 1
            if self.fails != SILENCE:
                with contextlib.suppress(OSError):  # who asked may have left
                    self._socket.sendto(self._answer(asked), client)

    def _answer(self, asked: bytes) -> bytes:
        query = dns.message.from_wire(asked)
        response = dns.message.make_response(query)
        [question] = query.question
        name = question.name.to_text(omit_final_dot=True)
        kind = dns.rdatatype.to_text(question.rdtype)
        found = self.records.get((name, kind))
        if self.fails is not None:
            response.set_rcode(dns.rcode.from_text(self.fails))
        elif found:
            response.answer.append(dns.rrset.from_text_list(question.name, 0, "IN", kind, found))
        elif name not in {known for (known, _), some in self.records.items() if some}:
            response.set_rcode(dns.rcode.NXDOMAIN)
        return response.to_wire()
