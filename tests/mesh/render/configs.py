"""Configurations for the tests of all targets: single ones, those at limits, generated ones.

A setting counts only where another lets it: its group is switched on, its backend or its algorithm
is chosen. Whatever is changed here stands in such a context.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from hypothesis import strategies as st

import meshconf
from meshconf import Layer, Seconds, ServiceMeshConfig
from meshconf.mesh import Algorithm
from meshconf.mesh.discovery import Backend
from meshconf.mesh.paths import dotted, value_at
from meshconf.mesh.retry import RetryCondition
from tests.mesh.bounds import MOST, NUMBERS, PATHS, TEXTS, TINY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

Settings = dict[str, Any]

POLICIES = ("circuit_breaker", "load_balancer", "retry", "timeouts")

#: What the configurations here start from: an upstream of each kind, and where its hosts are.
BASE: Settings = {
    "service_name": "orders",
    "discovery.backend": "static",
    "static.endpoints": {
        "payments": ["10.0.0.1:8080", "10.0.0.2:8080"],
        "ledger": ["10.0.1.1:9090", "[fd00::1]:9090"],
        "mainframe": ["mainframe.internal:3270"],
    },
    "upstreams.payments.protocol": "http",
    "upstreams.ledger.protocol": "grpc",
    "upstreams.ledger.port": 9090,
    "upstreams.mainframe.protocol": "tcp",
    "upstreams.mainframe.port": 3270,
}

UPSTREAMS = ("payments", "ledger", "mainframe")
HASHING = ("ring_hash", "maglev")

#: What lets a setting, or all those of a group, have an effect.
CONTEXTS: dict[str, Settings] = {
    "discovery.backend": {
        "dns.name": "{service}.internal",
        "upstreams.payments.port": 8080,
        "zookeeper.hosts": ["zk.internal:2181"],
    },
    "consul": {"discovery.backend": "consul", "upstreams.payments.port": 8080},
    "etcd": {"discovery.backend": "etcd"},
    "kubernetes": {"discovery.backend": "kubernetes", "upstreams.payments.port": 8080},
    "dns": {
        "discovery.backend": "dns",
        "dns.name": "{service}.internal",
        "upstreams.payments.port": 8080,
    },
    "dns.port": {"dns.record_type": "A", "dns.port": 8080},
    "dns.record_type": {"dns.port": 8080},
    "zookeeper": {"discovery.backend": "zookeeper", "zookeeper.hosts": ["zk.internal:2181"]},
    "tracing": {"tracing.endpoint": "http://collector.internal:4318"},
    "tls": {
        "tls.enabled": True,
        "tls.ca_file": "/etc/mesh/ca.pem",
        "tls.cert_file": "/etc/mesh/cert.pem",
        "tls.key_file": "/etc/mesh/key.pem",
    },
    "load_balancer.slow_start": {"load_balancer.slow_start": 10.0},
    "retry.budget": {"retry.budget": 0.2},
    "load_balancer.choice_count": {"load_balancer.algorithm": "least_request"},
    "load_balancer.hash_key": {
        "load_balancer.algorithm": "ring_hash",
        "load_balancer.hash_key": "source_ip",
    },
    "load_balancer.minimum_ring_size": {
        "load_balancer.algorithm": "ring_hash",
        "load_balancer.hash_key": "source_ip",
    },
    "load_balancer.table_size": {
        "load_balancer.algorithm": "maglev",
        "load_balancer.hash_key": "source_ip",
    },
}

#: Of each pair, the first is at most the second.
ORDERED = (
    ("circuit_breaker.reset_timeout", "circuit_breaker.max_reset_timeout"),
    ("load_balancer.health_check.timeout", "load_balancer.health_check.interval"),
    ("retry.base_delay", "retry.max_delay"),
    ("timeouts.per_try", "timeouts.request"),
)

#: Of these, neither is valid without a change of the other.
TIED = ("load_balancer.algorithm", "load_balancer.hash_key")

#: What holds where a setting is not set.
WITHOUT: dict[str, Settings] = {
    "load_balancer.hash_key": {"load_balancer.algorithm": "random"},
    "dns.name": {"discovery.backend": "kubernetes"},
    "dns.port": {"dns.record_type": "SRV"},
}

#: One upstream without a port of its own, where hosts come without a port, or from nowhere.
HOSTLESS: list[Settings] = [
    {
        "service_name": "orders",
        "upstreams.payments.protocol": protocol,
        "upstreams.payments.port": None,
        **backend,
    }
    for protocol in ("http", "tcp")
    for backend in (
        {"discovery.backend": "consul"},
        {"discovery.backend": "kubernetes"},
        {"discovery.backend": "dns", "dns.name": "{service}.internal"},
        {"discovery.backend": "etcd"},
        {"discovery.backend": "zookeeper", "zookeeper.hosts": ["zk.internal:2181"]},
        {"discovery.backend": "static", "static.endpoints": {"payments": [], "other": ["a:1"]}},
    )
]

DURATIONS = (TINY, 0.001, 86400.0, 1e300)
SWITCH = (True, False)
LONG_TEXT = "x" * 1000

#: The limits of the settings that `tests.mesh.bounds` does not list: all choices, the least and
#: the most of a list, the shortest and a long text.
LIMITS: dict[str, Sequence[Any]] = {
    "service_version": ["1", "1.0.0-rc.1+build.5", LONG_TEXT],
    "discovery.backend": get_args(Backend),
    "discovery.only_passing": SWITCH,
    "consul.datacenter": ["", "dc-2", LONG_TEXT],
    "consul.scheme": ["http", "https"],
    "consul.token": [None, "canary-token"],
    "consul.namespace": [None, "", "team-a", LONG_TEXT],
    "consul.consistency": ["default", "stale", "consistent"],
    "etcd.endpoints": [["http://localhost:2379"], ["https://a:1", "https://[::1]:65535/"]],
    "etcd.username": [None, "", "reader", LONG_TEXT],
    "etcd.password": [None, "canary-password"],
    "etcd.prefix": ["", "/mesh", LONG_TEXT],
    "kubernetes.namespace": ["", "shop", LONG_TEXT],
    "kubernetes.port_name": [None, "", "http", LONG_TEXT],
    "kubernetes.cluster_domain": ["", "example.com", LONG_TEXT],
    "dns.record_type": ["SRV", "A", "AAAA"],
    "dns.nameservers": [[], ["10.0.0.2"], ["ns.internal:53", "[::1]:5353", "::1", "fe80::1%eth0"]],
    "static.endpoints": [
        {"payments": ["a:1"]},
        {"payments": ["[fe80::1%eth0]:80"]},
        {"payments": [], "ledger": ["[::1]:65535", "a_b.c:1"], "mainframe": ["127.0.0.9:80"] * 2},
        {"payments": [f"10.0.{n // 256}.{n % 256}:80" for n in range(1000)], "other": ["a:1"]},
    ],
    "zookeeper.hosts": [["zk:1"], ["a:65535", "[::1]:2181", "10.0.0.1:2181"]],
    "circuit_breaker.enabled": SWITCH,
    "load_balancer.algorithm": [str(one) for one in Algorithm],
    "load_balancer.health_check.type": ["http", "tcp", "grpc", "none"],
    "load_balancer.health_check.expected_statuses": [
        [],
        ["100"],
        ["200", "204"],
        ["100-599", "404"],
        [str(code) for code in range(100, 600)],
    ],
    "retry.on": [[], *([one] for one in get_args(RetryCondition)), get_args(RetryCondition)],
    "retry.status_codes": [[], [400], [503, 503, 429], list(range(400, 600))],
    "metrics.enabled": SWITCH,
    "tracing.enabled": SWITCH,
    "tracing.endpoint": [None, "", "https://[::1]:4317", "collector:4317", LONG_TEXT],
    "tls.enabled": SWITCH,
    "tls.ca_file": [None, "ca.pem", f"/{LONG_TEXT}"],
    "tls.cert_file": ["cert.pem", f"/{LONG_TEXT}"],
    "tls.key_file": ["key.pem", f"/{LONG_TEXT}"],
    "tls.server_name": [None, "", "payments.example.com", LONG_TEXT],
    "tls.verify": SWITCH,
    "upstreams.payments.protocol": ["http", "http2", "grpc", "tcp"],
}


class _Nothing:
    """A source without a setting, so that no file is looked for."""

    def read(self, model: Any) -> Layer:
        """Give nothing."""
        return Layer("file", "nothing", {})


def loaded(settings: Mapping[str, Any]) -> ServiceMeshConfig:
    """Load settings, by dotted path or nested, and nothing else."""
    return meshconf.load(_Nothing(), schema=ServiceMeshConfig, prefix=None, overrides=settings)


def a_config(settings: Mapping[str, Any] | None = None) -> ServiceMeshConfig:
    """Load settings, by dotted path, for a service with three upstreams and static hosts."""
    return loaded({**BASE, **(settings or {})})


def limits() -> dict[str, tuple[Any, ...]]:
    """Return every setting, by its path, with the values at its limits."""
    found = {path: tuple(values) for path, values in LIMITS.items()}
    for cls, name, values, _ in NUMBERS + TEXTS:
        is_duration = get_type_hints(cls, include_extras=True)[name] in (Seconds, Seconds | None)
        durations = [one for one in DURATIONS if is_duration and (one != TINY or TINY in values)]
        found[PATHS[cls] + name] = tuple(dict.fromkeys([*values, *durations]))
    return found


def context(path: str) -> Settings:
    """Return the settings that let a setting have an effect; it may be among them."""
    parts = path.split(".")
    groups = [".".join(parts[:length]) for length in range(1, len(parts) + 1)]
    return {key: value for group in groups for key, value in CONTEXTS.get(group, {}).items()}


def partner(path: str, value: Any) -> Settings:
    """Return another setting, if a value makes a rule demand one."""
    for low, high in ORDERED:
        if path == low:
            return {high: max(value, value_at(DEFAULTS, high))}
        if path == high:
            return {low: min(value, value_at(DEFAULTS, low))}
    if path == "load_balancer.algorithm" and value in HASHING:
        return {"load_balancer.hash_key": "source_ip"}
    return WITHOUT.get(path, {}) if value is None else {}


def of_upstream(name: str, settings: Settings) -> Settings:
    """Make settings of the policies those of an upstream."""
    return {
        f"upstreams.{name}.{path}" if path.split(".")[0] in POLICIES else path: value
        for path, value in settings.items()
    }


def at_bounds() -> Iterator[tuple[str, ServiceMeshConfig]]:
    """Return configurations with a setting at one of its limits, each with a name for the test.

    The settings of policies are set once in general, and once for the upstream payments.
    """
    for path, values in limits().items():
        for value in values:
            settings = {**context(path), **partner(path, value), path: value}
            name = f"{path}={str(value)[:40]}"
            yield name, a_config(settings)
            if path.split(".")[0] in POLICIES:
                yield f"upstreams.payments.{name}", a_config(of_upstream("payments", settings))


def every_setting() -> Iterator[tuple[str, list[ServiceMeshConfig]]]:
    """Return configurations that differ in one setting alone, with its path.

    Those of policies are changed once in general, and once for each upstream.
    """
    for path, limit in limits().items():
        # A value that wants a partner is compared with others that have the same.
        families: dict[str, list[Settings]] = {}
        for value in [*limit, *_beside(path)]:
            beside = {**context(path), **partner(path, value)}
            family = families.setdefault(path if path in TIED else str(beside), [])
            if not family:
                family.append(context(path) if path in TIED else beside)
            family.append({**beside, path: value})
        for family in families.values():
            yield path, _differing(path, map(a_config, family))
            for name in UPSTREAMS if path.split(".")[0] in POLICIES else ():
                own = (a_config(of_upstream(name, one)) for one in family)
                yield f"upstreams.{name}.{path}", _differing(f"upstreams.{name}.{path}", own)


def without_hosts() -> Iterator[tuple[str, list[ServiceMeshConfig]]]:
    """Return such configurations, of an upstream whose hosts or port a target may not learn."""
    for base in HOSTLESS:
        made: dict[str, ServiceMeshConfig] = {}
        for path, limit in limits().items():
            # The longest duration is one that is never said in full.
            value = limit[-2] if limit[-1] == DURATIONS[-1] else limit[-1]
            given = {**context(path), **partner(path, value), **base}
            if path != "discovery.backend":
                first = made.setdefault(str(given), loaded(given))
                yield path, _differing(path, [first, loaded({**given, path: value})])


def _differing(path: str, configs: Iterable[ServiceMeshConfig]) -> list[ServiceMeshConfig]:
    """Leave out those whose value another has."""
    found: list[ServiceMeshConfig] = []
    for one in configs:
        if all(setting_at(one, path) != setting_at(other, path) for other in found):
            found.append(one)
    return found


def setting_at(config: ServiceMeshConfig, path: str) -> Any:
    """Return the value of a setting, also of one of an upstream whose name has no dots."""
    if not path.startswith("upstreams."):
        return value_at(config, path)
    _, name, own = path.split(".", 2)
    return value_at(config.upstreams[name], own)


def _beside(path: str) -> list[Any]:
    """Return a value that rounding could take for the one that the context has."""
    value = setting_at(a_config(context(path)), path)
    return [value - 0.0004] if isinstance(value, float) else []


#: The defaults, and an upstream with nothing of its own.
DEFAULTS = loaded({"service_name": "orders", "upstreams": {"payments": {}}})


# What is generated is valid by the way in which it is made, so that nothing is thrown away.

counts = st.one_of(st.integers(1, 20), st.integers(1, MOST), st.just(MOST))
ratios = st.one_of(st.sampled_from([0.0, 0.005, 0.5, 0.505, 1.0]), st.floats(0, 1))
ports = st.integers(1, 65535)
# Those of hosts and those of upstreams are others, so that one replaces the other to be seen.
ports_of_hosts, ports_of_upstreams = st.integers(1, 9999), st.integers(10_000, 65535)
durations = st.one_of(
    st.integers(1, 100_000).map(lambda number: number / 1000),
    st.sampled_from(DURATIONS),
    st.floats(TINY, 1e300),
)
statuses = st.integers(100, 599)
status_ranges = st.one_of(
    statuses.map(str),
    st.tuples(statuses, statuses).map(lambda two: f"{min(two)}-{max(two)}"),
)
words = st.from_regex(r"[A-Za-z0-9_.-]+", fullmatch=True)
hash_keys = st.one_of(
    st.just("source_ip"),
    st.builds("{}:{}".format, st.sampled_from(["header", "cookie", "query"]), words),
)
hosts = st.sampled_from(
    ["10.0.0.1", "::1", "[fd00::1]", "a", "db.internal", "a_b", "x-1", f"{'h' * 63}.example"]
)
endpoints = st.builds(
    lambda host, port: f"[{host}]:{port}" if host == "::1" else f"{host}:{port}",
    hosts,
    ports_of_hosts,
)
zoned = st.just("[fe80::1%eth0]:80")
urls = st.builds("{}://{}".format, st.sampled_from(["http", "https"]), endpoints)

ODD_NAMES = "n y yes no on off true null 1e3 0x10 1 a.b A_b-1 payments Payments default all local"
names = st.one_of(
    st.sampled_from([*ODD_NAMES.split(), "10.0.0.1", "a" * 63, "a" * 64, "a" * 253]),
    st.from_regex(r"[a-z]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True),
)

HOSTILE = [
    "",
    " ",
    "a b",
    '"',
    "'",
    '"; rm -rf /; "',
    "a\nb",
    "a\\\nb",
    "a\rb",
    "a\r\nfrontend evil",
    "\n    server evil 6.6.6.6:80",
    "tab\there",
    "%[env(HOME)]",
    "%%",
    "50%",
    "# comment",
    "a #b",
    "$HOME",
    "${HOME}",
    '"${HOME}"',
    "${HOME-x}",
    "$(id)",
    "{{ template }}",
    "{service}",
    "}",
    "]",
    "[global]",
    "\\",
    "\\n",
    "a\\",
    "\0",
    "a\0b",
    "\x1b[31mred",
    "\x7f",
    "\x85",
    "\u2028",
    "\u202egnp.exe",
    "\ufeffbom",
    "naïve",
    "日本",
    "💥",
    "👩‍👩‍👧",
    "..",
    "../../etc/passwd",
    "/",
    "-",
    "-x",
    ".a",
    "a..b",
    ":",
    "a:b",
    "*",
    "&anchor",
    "!tag",
    "|",
    "- item",
    "key: value",
    "---",
    "~",
    "null",
    "NaN",
    "__proto__",
    "a" * 254,
    "x" * 10_000,
    "é" * 300,
]
hostile_texts = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
)


Unit = st.SearchStrategy[Settings]


def _one(path: str, values: st.SearchStrategy[Any]) -> Unit:
    return values.map(lambda value: {path: value})


def _pair(low: str, high: str) -> Unit:
    return st.tuples(durations, durations).map(lambda two: {low: min(two), high: max(two)})


def _list(values: Any, least: int = 0) -> st.SearchStrategy[Any]:
    return st.lists(values, min_size=least, max_size=4)


def _policies() -> list[Unit]:
    """Return what may be said of policies, each with what the rules want beside it."""
    breaker, balancer, check = "circuit_breaker", "load_balancer", "load_balancer.health_check"
    keyless = [str(one) for one in Algorithm if one not in HASHING]
    return [
        *(_pair(*two) for two in ORDERED),
        _one(f"{breaker}.enabled", st.booleans()),
        _one(f"{breaker}.max_requests", counts),
        _one(f"{breaker}.max_connections", counts),
        _one(f"{breaker}.max_pending_requests", counts),
        _one(f"{breaker}.error_threshold", ratios),
        _one(f"{breaker}.minimum_requests", counts),
        _one(f"{breaker}.window", durations.map(lambda seconds: max(seconds, 0.001))),
        _one(f"{breaker}.consecutive_failures", st.just(0) | counts),
        _one(f"{breaker}.half_open_max_requests", counts),
        _one(f"{breaker}.max_ejection_percent", st.integers(0, 100)),
        st.fixed_dictionaries(
            {f"{balancer}.algorithm": st.sampled_from(keyless), f"{balancer}.hash_key": st.none()}
        ),
        st.fixed_dictionaries(
            {f"{balancer}.algorithm": st.sampled_from(HASHING), f"{balancer}.hash_key": hash_keys}
        ),
        _one(f"{check}.type", st.sampled_from(["http", "tcp", "grpc", "none"])),
        _one(f"{check}.port", ports),
        _one(f"{check}.healthy_threshold", counts),
        _one(f"{check}.unhealthy_threshold", counts),
        _one(f"{check}.expected_statuses", _list(status_ranges)),
        _one(f"{balancer}.max_retries", st.just(0) | counts),
        _one(f"{balancer}.choice_count", counts.map(lambda count: max(count, 2))),
        _one(f"{balancer}.minimum_ring_size", st.integers(1, 8_388_608)),
        _one(f"{balancer}.table_size", st.sampled_from([2, 3, 251, 65537, 5_000_011])),
        _one(f"{balancer}.slow_start", durations),
        _one(f"{balancer}.panic_threshold", ratios),
        _one("retry.max_attempts", counts),
        _one("retry.multiplier", st.floats(1, 10) | st.just(1e300)),
        _one("retry.jitter", ratios),
        _one("retry.on", _list(st.sampled_from(get_args(RetryCondition)))),
        _one("retry.status_codes", _list(st.integers(400, 599))),
        _one("retry.budget", ratios),
        _one("timeouts.connect", durations),
        _one("timeouts.idle", durations),
    ]


def _with_texts(texts: st.SearchStrategy[str]) -> tuple[list[Unit], list[Unit]]:
    """Return what may be said of policies, and of all else, with such texts in it."""
    paths = texts.map(lambda text: "/" + re.sub(r"\s", "", text))
    files = texts.map(lambda text: text or ".")
    policies = [*_policies(), _one("load_balancer.health_check.path", paths)]
    return policies, [
        _one("service_version", texts.map(lambda text: text or "1")),
        _one("discovery.refresh_interval", durations),
        _one("discovery.only_passing", st.booleans()),
        _one("consul.host", hosts),
        _one("consul.port", ports),
        _one("consul.datacenter", texts),
        _one("consul.scheme", st.sampled_from(["http", "https"])),
        _one("consul.token", st.just(TOKEN)),
        _one("consul.namespace", texts),
        _one("consul.consistency", st.sampled_from(["default", "stale", "consistent"])),
        _one("etcd.username", texts),
        _one("etcd.password", st.just(PASSWORD)),
        _one("etcd.prefix", texts),
        _one("etcd.dial_timeout", durations),
        _one("kubernetes.namespace", texts),
        _one("kubernetes.port_name", texts),
        _one("kubernetes.cluster_domain", texts),
        _one("dns.nameservers", _list(hosts | endpoints)),
        _one("zookeeper.root", paths),
        _one("zookeeper.session_timeout", durations),
        _one("metrics.enabled", st.booleans()),
        _one("metrics.port", ports),
        _one("metrics.path", paths),
        _one("tracing.enabled", st.booleans()),
        _one("tracing.sampling_ratio", ratios),
        _one("tracing.endpoint", texts | urls),
        _one("tls.enabled", st.booleans()),
        _one("tls.ca_file", files),
        st.fixed_dictionaries({"tls.cert_file": files, "tls.key_file": files}),
        _one("tls.server_name", texts),
        _one("tls.verify", st.booleans()),
    ]


#: What no text may hold.
TOKEN, PASSWORD = "canary-of-the-token", "canary-of-the-password"

_BACKENDS: list[Unit] = [
    _one("discovery.backend", st.sampled_from(["consul", "kubernetes"])),
    _one("etcd.endpoints", _list(urls, 1)).map(lambda one: {"discovery.backend": "etcd", **one}),
    _one("zookeeper.hosts", _list(endpoints, 1)).map(
        lambda one: {"discovery.backend": "zookeeper", **one}
    ),
    st.fixed_dictionaries(
        {
            "discovery.backend": st.just("dns"),
            "dns.name": st.sampled_from(["{service}", "_{service}._tcp.example.com", "-", "a."]),
            "dns.record_type": st.sampled_from(["A", "AAAA"]),
            "dns.port": ports,
        }
    ),
    st.just({"discovery.backend": "dns", "dns.name": "{service}", "dns.record_type": "SRV"}),
]

_UPSTREAM: list[Unit] = [
    _one("protocol", st.sampled_from(["http", "http2", "grpc", "tcp"])),
    _one("port", ports_of_upstreams),
]


def _below(name: str, settings: Settings) -> Settings:
    prefix = dotted("upstreams", name)
    return {f"{prefix}.{path}": value for path, value in settings.items()}


@st.composite
def _settings(
    draw: st.DrawFn,
    names: st.SearchStrategy[str],
    texts: st.SearchStrategy[str],
    endpoints: st.SearchStrategy[str] = endpoints,
) -> Settings:
    """Choose settings for a service and up to four upstreams."""

    def some(units: list[Unit]) -> Settings:
        chosen = draw(st.lists(st.sampled_from(range(len(units))), max_size=8, unique=True))
        return {path: value for number in chosen for path, value in draw(units[number]).items()}

    policies, others = _with_texts(texts)
    called = draw(st.lists(names, max_size=4, unique=True))
    settings = {
        "service_name": draw((names | texts).map(lambda text: text[:253] or "a")),
        "upstreams": {name: {} for name in called},
        **some(policies),
        **some(others),
    }
    for name in called:
        settings |= _below(name, some([*_UPSTREAM, *policies]))
    if draw(st.booleans()):
        static = called or [draw(names)]
        settings["static.endpoints"] = {name: draw(_list(endpoints, 1)) for name in static}
        return {**settings, "discovery.backend": "static"}
    portless = draw(st.booleans())
    # Else most upstreams would have no port, which Envoy refuses where hosts come without one.
    for name in () if portless else called:
        settings.setdefault(f"{dotted('upstreams', name)}.port", draw(ports_of_upstreams))
    return {**settings, **draw(st.one_of(_BACKENDS))}


@st.composite
def _changes(draw: st.DrawFn) -> tuple[Settings, Settings]:
    settings = draw(_settings(names, names))
    policies, others = _with_texts(names)
    upstream = draw(st.sampled_from([None, *settings["upstreams"]]))
    if upstream is None:
        change = draw(st.one_of([*policies, *others, *_BACKENDS]))
    else:
        change = _below(upstream, draw(st.one_of([*_UPSTREAM, *policies])))
    return settings, {**settings, **change}


def _both(two: tuple[Settings, Settings]) -> tuple[ServiceMeshConfig, ServiceMeshConfig]:
    first, second = map(loaded, two)
    return first, second


def configs() -> st.SearchStrategy[ServiceMeshConfig]:
    """Generate valid configurations, with names and texts that are odd at most."""
    return _settings(names, names).map(loaded)


def hostile_configs() -> st.SearchStrategy[ServiceMeshConfig]:
    """Generate valid configurations whose names and texts are made to be misread."""
    texts = names | hostile_texts
    # Half of them have names that nobody refuses, so that the texts are not refused with them.
    return st.one_of(_settings(names, texts), _settings(texts, texts, endpoints | zoned)).map(
        loaded
    )


def changed_configs() -> st.SearchStrategy[tuple[ServiceMeshConfig, ServiceMeshConfig]]:
    """Generate pairs of such configurations as ``configs`` gives, the second one with a change."""
    return _changes().map(_both)
