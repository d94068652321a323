"""The files and variables that every job reads.

One service of a mesh: 20 settings in TOML, four of them set again by variables.
And the large files of the mesh schema: thousands of upstreams, with and without mistakes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

APP = """\
service_name = "checkout"
service_version = "1.4.0"

[consul]
host = "consul.internal"
port = 8501
datacenter = "eu-west-1"

[circuit_breaker]
max_requests = 800
error_threshold = 0.4
minimum_requests = 50
window = 20.0
consecutive_failures = 7
reset_timeout = 45.0

[load_balancer]
algorithm = "least_request"
max_retries = 4
choice_count = 3
panic_threshold = 0.35

[retry]
max_attempts = 4
base_delay = 0.25
on = ["connect-failure", "refused-stream", "unavailable"]

[metrics]
enabled = true
port = 9200
"""

WRITTEN = {
    "service_name": "checkout",
    "service_version": "1.4.0",
    "consul.host": "consul.internal",
    "consul.port": 8501,
    "consul.datacenter": "eu-west-1",
    "circuit_breaker.max_requests": 800,
    "circuit_breaker.error_threshold": 0.4,
    "circuit_breaker.minimum_requests": 50,
    "circuit_breaker.window": 20.0,
    "circuit_breaker.consecutive_failures": 7,
    "circuit_breaker.reset_timeout": 45.0,
    "load_balancer.algorithm": "least_request",
    "load_balancer.max_retries": 4,
    "load_balancer.choice_count": 3,
    "load_balancer.panic_threshold": 0.35,
    "retry.max_attempts": 4,
    "retry.base_delay": 0.25,
    "retry.on": ["connect-failure", "refused-stream", "unavailable"],
    "metrics.enabled": True,
    "metrics.port": 9200,
}

OVERRIDES = {
    "service_version": ("2.1.0-rc1", "2.1.0-rc1"),
    "circuit_breaker.max_requests": ("500", 500),
    "circuit_breaker.error_threshold": ("0.25", 0.25),
    "metrics.enabled": ("false", False),
}

# What each job puts between a group and its setting in a variable's name. A variable in
# another job's spelling is never present: it would be an unknown one, and cost a warning.
SEPARATORS = {
    "meshconf": "_",
    "pydantic_settings": "__",
    "typed_settings": "_",
    "dynaconf": "__",
    "msgspec_by_hand": "_",
    "bare_sum": "_",
}

# A process has other variables too, and some libraries look at each of them.
SURROUNDINGS = {
    "HOME": "/",
    "LANG": "C.UTF-8",
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    **{f"NEIGHBOUR_{number}_ADDRESS": f"10.0.0.{number}:8080" for number in range(27)},
}

MESH = """\
config_version = 2
service_name = "checkout"

[consul]
host = "consul.internal"

[circuit_breaker]
max_requests = 800
error_threshold = 0.4
"""

UPSTREAM = """\
[upstreams.service-{number:05}]
protocol = "grpc"
port = {port}

[upstreams.service-{number:05}.circuit_breaker]
max_requests = {max_requests}
error_threshold = {error_threshold}
reset_timeout = {reset_timeout}

[upstreams.service-{number:05}.retry]
max_attempts = 2
base_delay = {base_delay}
max_delay = {max_delay}

"""

# The settings that UPSTREAM leaves to inheritance, for the variant that writes both groups in full.
REST_OF_CIRCUIT_BREAKER = """\
max_connections = 1024
max_pending_requests = 1024
minimum_requests = 20
window = 10.0
consecutive_failures = 5
max_reset_timeout = 300.0
half_open_max_requests = 5
max_ejection_percent = 50
enabled = true
"""
REST_OF_RETRY = """\
multiplier = 2.0
jitter = 0.2
on = ["connect-failure", "refused-stream", "unavailable", "cancelled"]
status_codes = [503]
budget = 0.2
"""

HOST = """\
[hosts.host-{number:05}]
address = "10.0.{high}.{low}"   # rack {high}
port = {port}
attempts = {attempts}
weight = {weight}

"""

# One problem each, and of a different kind; none of them upsets a rule elsewhere.
MISTAKES = (
    ("port", 'port = "eighty"'),
    ("protocol", 'protocol = "gopher"'),
    ("max_requests", "max_requests = 0"),
    ("reset_timeout", "reset_timeout = -1.0"),
    ("max_attempts", "max_atempts = 2"),
)


def variables(job: str) -> dict[str, str]:
    """Spell the four overriding variables the way `job` reads them."""
    separator = SEPARATORS[job]
    return {
        "APP_" + path.replace(".", separator).upper(): text for path, (text, _) in OVERRIDES.items()
    }


def expected() -> dict[str, object]:
    """Return the value of every setting, by path, when file and variables are both read."""
    return WRITTEN | {path: value for path, (_, value) in OVERRIDES.items()}


def upstream(number: int) -> str:
    """Write one upstream; its values differ from its neighbours', as in a real file."""
    return UPSTREAM.format(
        number=number,
        port=1024 + number % 60_000,
        max_requests=100 + number % 900,
        error_threshold=(20 + number % 60) / 100,
        reset_timeout=15.0 + number % 100,
        base_delay=(1 + number % 9) / 10,
        max_delay=10.0 + number % 20,
    )


def full_upstream(number: int) -> str:
    """Write one upstream with every setting of its two groups."""
    block = upstream(number).rstrip("\n")
    head, mark, tail = block.partition(f"\n\n[upstreams.service-{number:05}.retry]")
    return f"{head}\n{REST_OF_CIRCUIT_BREAKER.rstrip()}{mark}{tail}\n{REST_OF_RETRY}\n"


def write_small(folder: Path) -> None:
    """Write app.toml, mesh.toml and few.toml, three upstreams, into `folder`."""
    (folder / "app.toml").write_text(APP)
    (folder / "mesh.toml").write_text(MESH)
    write_upstreams(folder / "few.toml", 3)


def write_upstreams(path: Path, count: int, *, full: bool = False) -> None:
    """Write a mesh file of `count` upstreams: 10,000 of them are 2.5 MB, 5.9 MB in full."""
    one = full_upstream if full else upstream
    with path.open("w") as file:
        file.write("config_version = 2\n\n")
        file.writelines(one(number) for number in range(count))


def write_hosts(path: Path, keys: int) -> None:
    """Write a file of version 1 with so many keys, four for each host."""
    with path.open("w") as file:
        for number in range(keys // 4):
            high, low = divmod(number, 250)
            values = {"port": 1024 + number, "attempts": 1 + number % 9, "weight": number % 7}
            file.write(HOST.format(number=number, high=high, low=low, **values))


def write_lines(path: Path, lines: int, mistakes: int) -> None:
    """Write a mesh file of exactly `lines` lines, with `mistakes` of them wrong."""
    blocks = [upstream(number) for number in range(lines // UPSTREAM.count("\n"))]
    for turn in range(mistakes):
        place = turn * len(blocks) // mistakes
        blocks[place] = _mistaken(blocks[place], *MISTAKES[turn % len(MISTAKES)])
    text = "config_version = 2\n" + "".join(blocks)
    path.write_text(text + "# the end\n" * (lines - text.count("\n")))


def _mistaken(block: str, key: str, mistake: str) -> str:
    """Replace the line of `key` in `block`."""
    return "".join(
        f"{mistake}\n" if line.startswith(f"{key} = ") else line
        for line in block.splitlines(keepends=True)
    )
