"""Any bytes as what Consul and etcd answer: a document is found, or the answer refused."""

from __future__ import annotations

from typing import Any

from meshconf import ConsulKV, EtcdKV
from meshconf.loading.pushing import found_outcome
from meshconf.schema.compile import model_of
from meshconf.sources.http import Answer
from meshconf.sources.reading import Refused
from tests.fuzz.laws import App, check_report

MODEL = model_of(App)
STORES = (ConsulKV("config/app"), EtcdKV("config/app"))


def one_input(data: bytes) -> None:
    """Answer a question; the first line, if it is short, is the status and Consul's index."""
    head, _, body = data.partition(b"\n")
    status, _, index = head[:30].decode(errors="replace").partition(" ")
    answer = Answer(int(status) if status.isdecimal() else 200, {"X-Consul-Index": index}, body)
    for store in STORES:
        check_answer(store, answer)


def check_answer(store: Any, answer: Answer) -> None:
    """Read an answer as a session does."""
    client = store.client()
    caller = Answering(answer)
    if isinstance(store, ConsulKV):
        client._caller = caller
    else:
        client._callers = (caller,)
    for question in (client.get, client.entries, lambda: client.renew("1")):
        try:
            found = question()
        except Refused as refused:
            problem = refused.problem(store.kind, store.name, store.name)
            check_report((problem,), (store.name,))
            continue
        if hasattr(found, "content"):
            check_found(store, found)


def check_found(store: Any, found: Any) -> None:
    """Load what was found."""
    try:
        outcome = found_outcome(MODEL, store, found)
    except Refused as refused:
        check_report((refused.problem(store.kind, store.name, store.name),), (store.name,))
    else:
        check_report(outcome.problems, outcome.sources)


class Answering:
    """Answers every question alike, in the place of a connection."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def ask(self, *_: Any, **__: Any) -> Answer:
        """Answer."""
        return self.answer

    def close(self) -> None:
        """Let go of nothing."""
