"""How long it takes to refuse the worst documents, beside loading the largest good ones.

    python benchmarks/hostile.py                 # needs meshconf, and nothing else
    python benchmarks/hostile.py --rounds 5

Each document has 1 MiB. The schema is the mesh schema. Times are CPU seconds of this process, the
least of all rounds; a refusal's time includes its whole report in every format. **ratio** is the
time divided by that of the slowest good document. Whoever may write a document can have as much
time by a good one, so a ratio of 1 is no gain; what is above says how much more a bad one costs.
"""

from __future__ import annotations

import argparse
import logging
import time
from typing import TYPE_CHECKING, Any

import meshconf
from meshconf.diagnostics.formats import FORMATS, LINE_FORMATS, lines, write
from meshconf.sources.file import Document

if TYPE_CHECKING:
    from collections.abc import Callable

MEBIBYTE = 1_048_576

HEAD = 'config_version = 2\nservice_name = "a"\n'


def filled(
    unit: str | Callable[[int], str], start: str = "", end: str = "", head: str = HEAD
) -> str:
    """Repeat a text up to a mebibyte; or a function of the number of the repetition."""
    text, size, number = [head, start], len(head) + len(start) + len(end), 0
    while True:
        piece = unit if isinstance(unit, str) else unit(number)
        size += len(piece.encode(errors="surrogateescape"))
        if size > MEBIBYTE:
            return "".join([*text, end])
        text.append(piece)
        number += 1


def spelled(number: int) -> str:
    letters = enumerate("maxpendingrequests")
    text = "".join(char.upper() if number >> at & 1 else char for at, char in letters)
    return f"{text[:3]}_{text[3:10]}_{text[10:]}"


CONSUL = "[consul]\n"
BREAKER = "[circuit_breaker]\n"
ROW = "circuit_breaker.max_requests = 7"

GOOD = {
    "upstreams": filled(lambda n: f"[upstreams.p{n}]\nport = {n % 60_000 + 1}\n"),
    "upstreams, short": filled(lambda n: f"p{n:x} = {{}}\n", "[upstreams]\n"),
    "upstreams that differ": filled(
        lambda n: f"p{n}={{{ROW}, timeouts.idle = 9}}\n", "[upstreams]\n"
    ),
    "upstreams with warnings": filled(
        lambda n: f"p{n} = {{retry = {{max_attempts = 6}}}}\n", "[upstreams]\n"
    ),
    "upstreams of version 1": filled(
        lambda n: f"[upstreams.p{n}]\nport = {n % 60_000 + 1}\n",
        "consul_host = 'a'\n",
        head="service_name = 'a'\n",
    ),
    "static hosts": filled("'10.0.0.1:80',", "[static]\nendpoints.a = [", "]"),
    "static hosts, short": filled("'a:1',", "[static]\nendpoints.a = [", "]"),
    "static services": filled(lambda n: f"s{n:x}=['a:1']\n", "[static.endpoints]\n"),
    "statuses": filled("503,", "[retry]\nstatus_codes = [", "]"),
    "comments": filled("#\n"),
    "one string": filled("\\n", 'service_version = "', '"'),
}

BAD = {
    "deep array": filled("[", "a = "),
    "64 levels, often": filled(lambda n: f"a{n}={'[' * 64}{']' * 64}\n"),
    "deep inline tables": filled("{a=", "a = "),
    "long dotted key": filled("a.", "", "b = 1"),
    "dotted keys": filled(lambda n: f"a{n}.{'a.' * 30}b=1\n"),
    "dotted keys, one prefix": filled(lambda n: f"{'a.' * 31}b{n}=1\n"),
    "deep headers": filled(lambda n: f"[a{n}.{'a.' * 30}b]\n"),
    "headers of few parts": filled(lambda n: f"[a.b{n}]\n"),
    "arrays of tables": filled("[[a]]\n"),
    "nested arrays of tables": filled(lambda n: f"[[a{n}.{'a.' * 30}b]]\n"),
    "arrays in an array": filled("[],", "a = [", "]"),
    "tables in an array": filled("{},", "a = [", "]"),
    "inline dotted keys": filled(lambda n: f"a.b.c{n}=1,", "a = {", "}"),
    "too many keys": filled(lambda n: f"{n:x}=1\n"),
    "unknown keys": filled(lambda n: f"maximum_{n:x}=1\n", BREAKER),
    "near keys": filled(lambda n: f"hos{n:x} = 1\n", CONSUL),
    "unknown keys on one line": filled(lambda n: f"max_{n:x}='x',", "circuit_breaker = {", "}"),
    "wide text on one line": filled(lambda n: f"max_{n:x}='漢漢漢',", "circuit_breaker = {", "}"),
    "wrong values on one line": filled(lambda n: f"p{n}={{port='x'}},", "upstreams = {", "}"),
    "long keys": filled(lambda n: f"{'n' * 60}{n}=1\n", BREAKER),
    "unknown keys of upstreams": filled(lambda n: f"[upstreams.p{n}]\nprt=1\n"),
    "spellings of a key": filled(
        lambda n: f"u{n}=1\n{spelled(n + 1)}=1\n",
        BREAKER,
    ),
    "wrong values": filled(lambda n: f"[upstreams.p{n}]\nport='x'\n"),
    "wrong elements": filled("'',", "[retry]\nstatus_codes = [", "]"),
    "broken rules": filled(
        lambda n: f"p{n} = {{retry = {{base_delay = 9, max_delay = 1}}}}\n", "[upstreams]\n"
    ),
    "old names": filled(lambda n: f"a{n}  = 1\n", "consul_host = 'a'\n", head="service_name='a'\n"),
    "given twice at the end": filled(lambda n: f"k{n}=1\n", CONSUL, "k0=1\n"),
    "table twice at the end": filled(lambda n: f"[k{n}]\n", "", "[k0]\n"),
    "huge integer": filled("9", "a = "),
    "huge integers": filled("9" * 4300 + ",", "a = [", "]"),
    "huge hexadecimal": filled("f", "a = 0x"),
    "long float": filled("9", "a = 1."),
    "dates": filled("1979-05-27T07:32:00Z,", "[retry]\nstatus_codes = [", "]"),
    "blank lines, then an error": filled("\n", "", "!"),
    "CRLF, then an error": filled("\r\n", "", "!"),
    "comments, then an error": filled("#\n", "", "!"),
    "keys, then an error": filled(lambda n: f"k{n}=1\n", CONSUL, "!"),
    "a line, then an error": filled("x", "a = '", "' !"),
    "unclosed string": filled("\\n", 'a = "'),
    "unclosed strings of lines": filled("x\n", 'a = """'),
    "unclosed array of comments": filled("#\n", "a = ["),
    "escapes, then an error": filled("\\u0041", 'a = "', '" !'),
    "quotes": filled("''", "a = "),
    "no UTF-8 at the end": filled("#\n", "", "\udcff"),
    "NUL at the end": filled("#\n", "", "\0"),
}


def taken(text: str) -> tuple[float, str]:
    """Load a document, and report what is wrong with it; tell the seconds and what came of it."""
    source = Document("mesh.toml", text.encode(errors="surrogateescape"))
    assert len(source.content) <= MEBIBYTE
    before = time.process_time()
    try:
        meshconf.read(source, prefix=None)
    except meshconf.ConfigError as error:
        for name in FORMATS:
            if name in LINE_FORMATS:
                list(lines(name, error.problems, error.sources))
            else:
                write(name, error.problems, error.sources, ())
        problem = error.problems[0]
        outcome = f"{problem.code} {problem.message[:50]}"
    else:
        outcome = "loads"
    return time.process_time() - before, outcome


def measured(documents: dict[str, str], rounds: int) -> dict[str, tuple[float, str]]:
    found: dict[str, Any] = {}
    for name, text in documents.items():
        found[name] = min(taken(text) for _ in range(rounds))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    logging.disable()
    good, bad = measured(GOOD, rounds), measured(BAD, rounds)
    for name, (_, outcome) in {**good, **bad}.items():
        assert (outcome == "loads") is (name in good), f"{name}: {outcome}"
    slowest = max(seconds for seconds, _ in good.values())
    for found in (good, bad):
        for name, (seconds, outcome) in sorted(found.items(), key=lambda one: -one[1][0]):
            print(f"{name:28} {seconds:7.3f} s {seconds / slowest:6.2f}  {outcome}")
        print()


if __name__ == "__main__":
    main()
