"""What happens: a host begins to fail, is ejected, gets well and comes back."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storefront.hosts import Host

#: Ask an upstream for a path; return the status of the answer.
Get = Callable[[str, str], int]

PAGES = 20
READING = 0.01  # meanwhile, Envoy counts failures in another thread
PAUSE = 0.05
PATIENCE = 60


class Story:
    """Pages of the shop, each of which asks prices once and stock once."""

    def __init__(self, get: Get, prices: Sequence[Host], stock: Sequence[Host]) -> None:
        self.get = get
        self.prices = prices
        self.hosts = [*prices, *stock]
        self.pages = 0
        self.failed = 0

    def tell(self) -> None:
        ill = self.prices[-1]
        print(f"{'':<24}", *(f"{host.name:>10}" for host in self.hosts), "  retried  failed")
        self.show("all hosts are well")
        ill.failing = True
        self.show(f"{ill.name} answers 503")
        self.show("the next pages")
        ill.failing = False
        seconds = self.wait_for(ill)
        self.show(f"well, and back after {seconds} s", seen=1)

    def show(self, what: str, *, seen: int = 0) -> None:
        """Look at pages, some of which are seen already; print what became of them."""
        if not seen:
            self.forget()
        for _ in range(PAGES - seen):
            self.look()
        attempts = Counter(path for host in self.prices for path in host.asked)
        retried = sum(number > 1 for number in attempts.values())
        asked = (f"{len(host.asked):>10}" for host in self.hosts)
        print(f"{what:<24}", *asked, f"{retried:>9} {self.failed:>7}", flush=True)
        self.failed = 0

    def wait_for(self, host: Host) -> int:
        """Look at pages until a host is asked again; return how many seconds it was not."""
        before = host.last_asked
        end = time.monotonic() + PATIENCE
        while host.last_asked == before:
            if time.monotonic() > end:
                msg = f"{host.name} was not asked again within {PATIENCE} s"
                raise TimeoutError(msg)
            time.sleep(PAUSE)
            self.forget()
            self.look()
        return int(host.last_asked - before)

    def look(self) -> None:
        """Look at the next page."""
        self.pages += 1
        answers = [self.get(upstream, f"/{self.pages}") for upstream in ("prices", "stock")]
        self.failed += any(status != HTTPStatus.OK for status in answers)
        time.sleep(READING)

    def forget(self) -> None:
        for host in self.hosts:
            host.asked.clear()
