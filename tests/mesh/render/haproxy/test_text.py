"""What is written for HAProxy, and what is said not to be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import pytest

from meshconf import ConfigError
from meshconf.mesh.render import haproxy
from meshconf.mesh.retry import RetryCondition
from tests.mesh.render.configs import loaded

if TYPE_CHECKING:
    from meshconf.mesh.render import Dropped, Rendered

    Settings = dict[str, Any]

STATIC: Settings = {
    "discovery.backend": "static",
    "static.endpoints": {"payments": ["10.0.0.1:8080", "[fd00::1]:8081", "db.internal:80"]},
}
ONE: Settings = {"discovery.backend": "static", "static.endpoints": {"payments": ["10.0.0.1:8080"]}}
CONSUL: Settings = {"upstreams": {"payments": {}}}
KUBERNETES: Settings = {**CONSUL, "discovery.backend": "kubernetes"}
DNS: Settings = {**CONSUL, "discovery.backend": "dns"}
ENCRYPTED: Settings = {"tls.enabled": True}
IDENTITY: Settings = {"tls.cert_file": "c.pem", "tls.key_file": "k.pem"}
#: The failures after which HAProxy can retry.
KNOWN = ("connect-failure", "reset", "gateway-error", "5xx", "retriable-status-codes")

PORT: Settings = {"upstreams": {"payments": {"port": 8080}}}


def rendered(*settings: Settings, **options: str) -> Rendered:
    """Render settings, the later ones over the earlier."""
    given = {"service_name": "orders"}
    for each in settings:
        given |= each
    return haproxy(loaded(given), **options)


def lines(*settings: Settings, head: str = "backend payments") -> list[str]:
    """Render, and return the lines of a section."""
    for section in rendered(*settings).text.split("\n\n"):
        first, *rest = section.strip().split("\n")
        if first == head:
            return [line.strip() for line in rest]
    return []


def only(word: str, *settings: Settings) -> list[str]:
    """Render, and return the lines of the backend that begin with a word."""
    return [line for line in lines(*settings) if line.split(" ")[0] == word]


def notes(path: str, *settings: Settings) -> list[Dropped]:
    """Render, and return what is said of a setting that is dropped."""
    return [one for one in rendered(*settings).dropped if one.path == path]


def reason(path: str, *settings: Settings) -> str | None:
    """Render, and return why a setting is dropped, if it is."""
    return "; ".join(one.reason for one in notes(path, *settings)) or None


def refusals(*settings: Settings) -> list[str]:
    """Render, and return what is refused, in order."""
    with pytest.raises(ConfigError) as caught:
        rendered(*settings)
    return sorted(problem.path for problem in caught.value.problems)


class TestDefaults:
    def test_whole(self) -> None:
        """The text is this for an upstream with a single host."""
        expected = """\
global
    description 'orders 0.1.0'

defaults
    mode http
    timeout connect 5000ms
    timeout client 300000ms
    timeout server 15000ms

frontend meshconf:http
    bind 127.0.0.1:15001
    timeout client 300000ms
    use_backend payments if { req.hdr(host),host_only -i payments }
    default_backend meshconf:unknown

frontend meshconf:metrics
    bind *:9102
    http-request use-service prometheus-exporter if { path /metrics }
    http-request return status 404

backend payments
    balance roundrobin
    timeout connect 5000ms
    timeout queue 60000ms
    timeout server 15000ms
    timeout tunnel 300000ms
    retries 2
    retry-on conn-failure 503
    option redispatch 1
    http-request deny deny_status 503 if { queue ge 1024 }
    timeout check 5000ms
    option httpchk
    http-check send meth GET uri /health ver HTTP/1.1 hdr Host payments
    http-check expect status 200-299
    default-server maxconn 1000 check inter 10000ms fall 3 rise 3 observe layer7 error-limit 5 \
on-error mark-down
    server host1 10.0.0.1:8080

backend meshconf:unknown
    http-request return status 404
"""

        assert expected == rendered(ONE).text

    def test_what_is_lost(self) -> None:
        """Of the defaults, these are not said, or not exactly."""
        found = rendered(ONE).dropped

        assert {True} == {one.default for one in found}
        assert {False} == {one.notable for one in found}
        assert [
            "circuit_breaker.consecutive_failures",
            "circuit_breaker.error_threshold",
            "circuit_breaker.half_open_max_requests",
            "circuit_breaker.max_connections",
            "circuit_breaker.max_ejection_percent",
            "circuit_breaker.max_reset_timeout",
            "circuit_breaker.minimum_requests",
            "circuit_breaker.reset_timeout",
            "circuit_breaker.window",
            "load_balancer.health_check.healthy_threshold",
            "load_balancer.max_retries",
            "load_balancer.panic_threshold",
            "retry.base_delay",
            "retry.jitter",
            "retry.max_delay",
            "retry.multiplier",
            "retry.on",
            "retry.on",
            "timeouts.per_try",
            "timeouts.request",
            "tracing.enabled",
            "tracing.sampling_ratio",
        ] == [one.path for one in found]

    def test_without_upstreams(self) -> None:
        """Without an upstream, nobody is found."""
        assert ["bind 127.0.0.1:15001", "default_backend meshconf:unknown"] == lines(
            {}, head="frontend meshconf:http"
        )
        assert [] == lines({}, head="resolvers meshconf")

    @pytest.mark.parametrize("backend", ["consul", "etcd"])
    def test_without_upstreams_nothing_is_said(self, backend: str) -> None:
        """Without an upstream, neither policies nor backends leave a trace."""
        some: Settings = {"discovery.backend": backend, "timeouts.per_try": 30, "retry.on": ["5xx"]}

        assert rendered().text == rendered(some).text


class TestFrontends:
    def test_listen(self) -> None:
        """Requests and connections come in where that is asked for."""
        tcp = {"upstreams": {"payments": {"protocol": "tcp", "port": 5432}}}
        text = rendered(ONE, tcp, listen="[::1]:8080").text

        assert "frontend meshconf:http\n    bind [::1]:8080\n" in text
        assert "frontend meshconf:tcp:payments\n    mode tcp\n    bind [::1]:5432\n" in text
        assert "use_backend" not in text

    @pytest.mark.parametrize("listen", ["", "8080", "localhost", "localhost:0", "a b:1", "a:1\nb"])
    def test_listen_nowhere(self, listen: str) -> None:
        """What is no host and port is an error of the caller."""
        with pytest.raises(ValueError, match=r"^listen .*: write"):
            rendered(ONE, listen=listen)

    def test_listen_in_a_zone(self) -> None:
        """An address with a zone, which HAProxy does not take, is one too."""
        with pytest.raises(
            ValueError, match=r'^listen "\[fe80::1%eth0\]:80": HAProxy takes no zone'
        ):
            rendered(ONE, listen="[fe80::1%eth0]:80")

    def test_tcp_without_port(self) -> None:
        """An upstream that speaks plain TCP has a backend, but nobody reaches it without a port."""
        settings = {**ONE, "upstreams": {"payments": {"protocol": "tcp"}}}

        assert [] == lines(settings, head="frontend meshconf:tcp:payments")
        assert "mode tcp" in lines(settings)
        assert "no listener of HAProxy leads to payments" in str(
            reason("upstreams.payments.protocol", settings)
        )

    def test_silence(self) -> None:
        """The longest silence that any upstream bears is borne, and it is said for whom that is long."""
        settings = {
            "upstreams": {"payments": {"timeouts": {"idle": 10}}, "ledger": {}},
            "timeouts.idle": 20,
        }

        assert "timeout client 20000ms" in lines(settings, head="frontend meshconf:http")
        assert "timeout tunnel 10000ms" in lines(settings)
        assert "HAProxy bears the silence of all clients equally long: 20,000 ms" == reason(
            "upstreams.payments.timeouts.idle", settings
        )
        assert reason("timeouts.idle", settings) is None

    def test_metrics(self) -> None:
        """Metrics have a port and a path of their own, which ends before a question mark."""
        settings = {"metrics.port": 9000, "metrics.path": "/stats?scope=global"}
        found = lines(settings, head="frontend meshconf:metrics")

        assert "bind *:9000" == found[0]
        assert "http-request use-service prometheus-exporter if { path /stats }" == found[1]
        assert "question mark" in str(reason("metrics.path", settings))
        assert reason("metrics.path", {"metrics.path": "/stats"}) is None
        assert [] == lines({"metrics.enabled": False}, head="frontend meshconf:metrics")


class TestHosts:
    def test_static(self) -> None:
        """Hosts that are given are servers; a name among them is looked up again and again."""
        own = {"discovery.refresh_interval": 5}

        assert [
            "server host1 10.0.0.1:8080",
            "server host2 [fd00::1]:8081",
            "server host3 db.internal:80 resolvers meshconf init-addr libc,none resolve-prefer ipv4",
        ] == only("server", STATIC)
        assert [
            "parse-resolv-conf",
            "accepted_payload_size 8192",
            "timeout resolve 5000ms",
            "timeout retry 1000ms",
            "hold obsolete 15000ms",
            "hold nx 2000000000ms",
            "hold other 2000000000ms",
            "hold refused 2000000000ms",
            "hold timeout 2000000000ms",
        ] == lines(STATIC, own, head="resolvers meshconf")
        assert "gives up a host after 23 days" in str(reason("static.endpoints", STATIC))
        assert reason("discovery.refresh_interval", STATIC, own) is None

    def test_addresses(self) -> None:
        """Where all hosts are addresses, nothing is looked up."""
        assert [] == lines(ONE, head="resolvers meshconf")
        assert reason("static.endpoints", ONE) is None
        assert "looks nothing up" in str(
            reason("discovery.refresh_interval", ONE, {"discovery.refresh_interval": 5})
        )

    @pytest.mark.parametrize(
        ("host", "is_asked", "is_told"),
        [
            ("db", False, True),
            ("db.", False, True),
            ("localhost", False, False),
            ("LOCALHOST.", False, False),
            ("db.localhost", False, False),
            ("mylocalhost", False, True),
            ("a.b.", True, False),
            ("localhost.a", True, False),
        ],
    )
    def test_names_of_this_machine(self, host: str, is_asked: bool, is_told: bool) -> None:
        """Names that DNS does not know as they are, HAProxy looks up once, which is said."""
        settings = {**ONE, "static.endpoints": {"payments": [f"{host}:80"]}}
        [server] = only("server", settings)

        assert f"server host1 {host}:80 " in server
        assert " init-addr libc,none" in server
        assert is_asked is (" resolvers " in server)
        assert is_asked is (lines(settings, head="resolvers meshconf") != [])
        assert is_told is (
            f"HAProxy looks up {host} once, when it starts: they have no dots"
            == reason("static.endpoints", settings)
        )

    def test_missing(self) -> None:
        """An upstream without hosts has no servers, and is named."""
        settings = {**ONE, "upstreams": {"payments": {}, "ledger": {}, "mail": {}}}
        [note] = notes("static.endpoints", settings)

        assert "it has no hosts of ledger, mail" == note.reason
        assert note.notable

    def test_many_missing(self) -> None:
        """Of many upstreams without hosts, a few are named."""
        settings = {**ONE, "upstreams": {f"n{number}": {} for number in range(1000)}}

        assert "it has no hosts of n0, n1, n2, n3, n4 and 995 more" == reason(
            "static.endpoints", settings
        )

    @pytest.mark.parametrize("host", ["0.0.0.0:80", "[::]:80", "_a.b:80", "[fe80::1%eth0]:80"])
    def test_static_refused(self, host: str) -> None:
        """An address that means another one to HAProxy is refused."""
        settings = {**ONE, "static.endpoints": {"payments": ["10.0.0.1:80", host]}}

        assert ["static.endpoints.payments"] == refusals(settings)

    def test_consul(self) -> None:
        """Consul is asked by DNS for SRV records, or for addresses if the port is known."""
        words = "resolvers meshconf init-addr none resolve-prefer ipv4"

        assert [f"server-template host 20 _payments._tcp.service.dc1.consul {words}"] == only(
            "server-template", CONSUL
        )
        assert [f"server-template host 20 payments.service.west.consul:8080 {words}"] == only(
            "server-template", PORT, {"consul.datacenter": "west"}
        )
        assert [
            "parse-resolv-conf",
            "accepted_payload_size 8192",
            "timeout resolve 30000ms",
            "timeout retry 1000ms",
            "hold obsolete 90000ms",
            "hold nx 90000ms",
            "hold other 86400000ms",
            "hold refused 86400000ms",
            "hold timeout 86400000ms",
        ] == lines(CONSUL, head="resolvers meshconf")
        most = "HAProxy uses 20 hosts of an upstream at most"
        assert most == reason("discovery.backend", CONSUL, PORT)
        assert f"{most}; HAProxy uses one port of each host name in SRV records" == reason(
            "discovery.backend", CONSUL
        )
        assert " ipv4" in only("server-template", CONSUL, {"dns.record_type": "AAAA"})[0]
        for name in ("host", "port", "scheme", "consistency"):
            assert "by DNS" in str(reason(f"consul.{name}", CONSUL))
        assert "critical" in str(reason("discovery.only_passing", CONSUL))
        assert {"consul.host", "discovery.backend"} == {
            one.path for one in rendered(CONSUL).dropped if one.notable
        }

    @pytest.mark.parametrize(
        ("interval", "expected"),
        [
            (5e-324, ["resolve 1ms", "retry 1ms", "obsolete 3ms", "timeout 86400000ms"]),
            (
                40_000,
                [
                    "resolve 40000000ms",
                    "retry 1000ms",
                    "obsolete 120000000ms",
                    "timeout 120000000ms",
                ],
            ),
            (
                1e300,
                [
                    "resolve 666666666ms",
                    "retry 1000ms",
                    "obsolete 1999999998ms",
                    "timeout 1999999998ms",
                ],
            ),
        ],
    )
    def test_intervals(self, interval: float, expected: list[str]) -> None:
        """Hosts are kept for more than one look-up, and as long as HAProxy's clock goes."""
        found = lines(CONSUL, {"discovery.refresh_interval": interval}, head="resolvers meshconf")

        assert expected == [one.split(" ", 1)[1] for one in (*found[2:5], found[-1])]

    def test_kubernetes(self) -> None:
        """Kubernetes is asked by DNS for addresses, or for SRV records of a port by its name."""
        own = {"kubernetes.namespace": "shop", "kubernetes.cluster_domain": "example.com"}
        named = {"kubernetes.port_name": "web"}

        assert (
            "host 20 payments.shop.svc.example.com:8080 "
            in only("server-template", KUBERNETES, PORT, own)[0]
        )
        assert (
            "host 20 _web._tcp.payments.default.svc.cluster.local resolvers"
            in only("server-template", KUBERNETES, named)[0]
        )
        assert reason("kubernetes.port_name", KUBERNETES, named) is None
        assert "each upstream has a port of its own" == reason(
            "kubernetes.port_name", KUBERNETES, named, PORT
        )
        some = {"upstreams": {"payments": {}, "ledger": {"port": 1}}}
        assert reason("kubernetes.port_name", KUBERNETES, named, some) is None
        assert "not ready" in str(reason("discovery.only_passing", KUBERNETES, PORT))
        headless, most = notes("discovery.backend", KUBERNETES, PORT)
        assert (
            "HAProxy sees the hosts of headless services alone (clusterIP: None), of others one address"
            == headless.reason
        )
        assert "HAProxy uses 20 hosts of an upstream at most" == most.reason
        assert (True, True) == (headless.in_part, headless.notable)

    def test_no_port(self) -> None:
        """An upstream whose port HAProxy cannot learn is refused."""
        settings = {**KUBERNETES, "upstreams": {"payments": {}, "ledger": {}, "mail": {"port": 1}}}
        without = {**DNS, "dns.name": "{service}.internal"}

        assert ["upstreams.ledger.port", "upstreams.payments.port"] == refusals(settings)
        assert ["upstreams.payments.port"] == refusals(without)

    @pytest.mark.parametrize(
        ("settings", "server", "lost"),
        [
            (
                {"dns.name": "{service}.internal", "dns.record_type": "A", "dns.port": 80},
                "payments.internal:80 resolvers meshconf init-addr none resolve-prefer ipv4",
                {"dns.record_type": "addresses of the other family"},
            ),
            (
                {"dns.name": "{service}.internal", "dns.record_type": "AAAA", "dns.port": 80},
                "payments.internal:80 resolvers meshconf init-addr none resolve-prefer ipv6",
                {"dns.record_type": "addresses of the other family"},
            ),
            (
                {"dns.name": "{service}.internal", "dns.port": 81, **PORT},
                "payments.internal:8080 resolvers meshconf init-addr none resolve-prefer ipv4",
                {"dns.port": "each upstream has a port of its own"},
            ),
            (
                {"dns.name": "{service}.internal", "dns.port": 80},
                "payments.internal:80 resolvers meshconf init-addr none resolve-prefer ipv4",
                {"dns.record_type": "only of a name that begins with _"},
            ),
            (
                {"dns.name": "_{service}._tcp.internal"},
                "_payments._tcp.internal resolvers meshconf init-addr none resolve-prefer ipv4",
                {"dns.record_type": "weight 0"},
            ),
            (
                {"dns.name": "_{service}._tcp.internal", "dns.record_type": "A", "dns.port": 80},
                "_payments._tcp.internal resolvers meshconf init-addr none resolve-prefer ipv4",
                {
                    "dns.record_type": "SRV records of a name that begins with _",
                    "dns.port": "ports of their own",
                },
            ),
            (
                {"dns.name": "_{service}._tcp.internal", **PORT},
                "_payments._tcp.internal resolvers meshconf init-addr none resolve-prefer ipv4",
                {"upstreams.payments.port": "ports of their own"},
            ),
        ],
    )
    def test_dns(self, settings: Settings, server: str, lost: dict[str, str | None]) -> None:
        """A name is looked up for SRV records if it begins so, else for addresses."""
        assert [f"server-template host 20 {server}"] == only("server-template", DNS, settings)
        for path, why in lost.items():
            assert (why or "None") in str(reason(path, DNS, settings))

    def test_dns_notes(self) -> None:
        """That SRV records may bring no host is said, if nobody set anything, too."""
        plain, srv = {"dns.name": "{service}"}, {"dns.name": "_{service}._tcp"}
        tcp: Settings = {"upstreams": {"payments": {"protocol": "tcp", "port": 1}}}

        assert [(True, True, False)] == [
            (one.default, one.notable, one.in_part)
            for one in notes("dns.record_type", DNS, PORT, plain)
        ]
        assert [(True, True, True)] * 2 == [
            (one.default, one.notable, one.in_part) for one in notes("dns.record_type", DNS, srv)
        ]
        assert [True] == [one.in_part for one in notes("upstreams.payments.port", DNS, srv, tcp)]
        assert [False] == [one.in_part for one in notes("upstreams.payments.port", DNS, srv, PORT)]

    def test_nameservers(self) -> None:
        """Name servers that are IP addresses are asked, those of the system if there are none."""
        name = {"dns.name": "_{service}._tcp.internal"}
        usable = ["10.0.0.2", "[::1]:5353", "::1"]
        some = {**name, "dns.nameservers": [*usable, "ns.internal:53", "fe80::1%eth0"]}
        none = {**name, "dns.nameservers": ["ns", "ns.internal:53"]}
        found = lines(DNS, some, head="resolvers meshconf")

        assert [
            "nameserver server1 10.0.0.2:53",
            "nameserver server2 [::1]:5353",
            "nameserver server3 [::1]:53",
        ] == found[:3]
        assert "parse-resolv-conf" not in found
        assert "parse-resolv-conf" in lines(DNS, none, head="resolvers meshconf")
        assert "IP addresses" in str(reason("dns.nameservers", DNS, some))
        assert [True] == [one.in_part for one in notes("dns.nameservers", DNS, some)]
        assert [False] == [one.in_part for one in notes("dns.nameservers", DNS, none)]
        assert reason("dns.nameservers", DNS, name, {"dns.nameservers": ["::1"]}) is None

    def test_nothing_without_servers(self) -> None:
        """Where there are no servers, what only they would say is not said."""
        tls = {"tls.enabled": True, "tls.server_name": "a.b"}
        empty = {**ONE, **tls, "upstreams": {"ledger": {"port": 80}}}
        tcp = {**empty, "upstreams": {"ledger": {"port": 80, "protocol": "tcp"}}}
        alone = rendered(empty, upstream="ledger").dropped

        assert [("HAProxy has no servers on it", False)] == [
            (one.reason, one.in_part) for one in notes("upstreams.ledger.port", empty)
        ]
        assert [True] == [one.in_part for one in notes("upstreams.ledger.port", tcp)]
        assert reason("tls.server_name", empty) is None
        assert ["HAProxy has no servers"] == [
            one.reason for one in alone if one.path == "tls.server_name"
        ]

    @pytest.mark.parametrize("backend", ["etcd", "zookeeper"])
    def test_not_asked(self, backend: str) -> None:
        """What HAProxy cannot ask is refused, once for all upstreams."""
        upstreams: Settings = {"upstreams": {"payments": {}, "ledger": {}}}
        own: Settings = {"discovery.backend": backend, "zookeeper.hosts": ["a:1"]}

        assert ["discovery.backend"] == refusals(upstreams, own)

    @pytest.mark.parametrize(
        ("settings", "refused"),
        [
            ({"consul.datacenter": ""}, ["consul.datacenter"]),
            ({"consul.datacenter": "a b"}, ["consul.datacenter"]),
            ({"consul.datacenter": "x" * 64}, ["consul.datacenter"]),
            ({"upstreams": {"a.b": {}}}, ['upstreams."a.b"']),
            ({"upstreams": {"_a": {"port": 1}}}, ["upstreams._a"]),
            ({"upstreams": {"a" * 64: {}}}, [f"upstreams.{'a' * 64}"]),
            ({**KUBERNETES, **PORT, "kubernetes.namespace": "a b"}, ["kubernetes.namespace"]),
            (
                {**KUBERNETES, **PORT, "kubernetes.cluster_domain": "a\nb"},
                ["kubernetes.cluster_domain"],
            ),
            ({**KUBERNETES, "kubernetes.port_name": "#"}, ["kubernetes.port_name"]),
            (
                {**KUBERNETES, "upstreams": {"_a": {"port": 1}}},
                ["upstreams._a"],
            ),
            ({**DNS, **PORT, "dns.name": ".."}, ["dns.name"]),
            ({**DNS, **PORT, "dns.name": "10.0.0.1"}, ["dns.name"]),
            (
                {**DNS, "dns.name": "{service}", "upstreams": {"1.2.3.4": {"port": 1}}},
                ['upstreams."1.2.3.4"'],
            ),
            (
                {**DNS, "dns.name": "{service}.{service}", "upstreams": {"a" * 250: {"port": 1}}},
                [f"upstreams.{'a' * 250}"],
            ),
        ],
    )
    def test_no_names(self, settings: Settings, refused: list[str]) -> None:
        """What makes no name that can be looked up is refused."""
        assert refused == refusals(CONSUL, settings)


class TestBalance:
    @pytest.mark.parametrize(
        ("settings", "expected"),
        [
            ({"algorithm": "round_robin"}, ["balance roundrobin"]),
            ({"algorithm": "random"}, ["balance random(1)"]),
            ({"algorithm": "least_request"}, ["balance random(2)"]),
            ({"algorithm": "least_request", "choice_count": 3}, ["balance random(3)"]),
            ({"algorithm": "least_request", "choice_count": 4}, ["balance leastconn"]),
            (
                {"algorithm": "ring_hash", "hash_key": "header:X-User"},
                ["balance hdr(X-User)", "hash-type consistent"],
            ),
            (
                {"algorithm": "maglev", "hash_key": "cookie:sid"},
                ["balance hash req.cook(sid)", "hash-type consistent"],
            ),
            (
                {"algorithm": "maglev", "hash_key": "query:id"},
                ["balance url_param id", "hash-type consistent"],
            ),
            (
                {"algorithm": "ring_hash", "hash_key": "source_ip"},
                ["balance source", "hash-type consistent"],
            ),
        ],
    )
    def test_algorithms(self, settings: Settings, expected: list[str]) -> None:
        """Each algorithm that HAProxy has is said in its words."""
        own = {f"load_balancer.{name}": value for name, value in settings.items()}

        assert expected == only("balance", STATIC, own) + only("hash-type", STATIC, own)

    @pytest.mark.parametrize(
        ("algorithm", "nearest"),
        [("weighted_round_robin", "round_robin"), ("peak_ewma", "least_request")],
    )
    def test_refused(self, algorithm: str, nearest: str) -> None:
        """An algorithm that HAProxy does not have is refused, and what comes nearest is named."""
        with pytest.raises(ConfigError) as caught:
            rendered(ONE, {"load_balancer.algorithm": algorithm})
        [problem] = caught.value.problems

        assert "load_balancer.algorithm" == problem.path
        assert f'{nearest} comes nearest: algorithm = "{nearest}"' == problem.help

    @pytest.mark.parametrize(
        ("path", "exact", "other"),
        [
            ("load_balancer.panic_threshold", 0, 5e-324),
            ("circuit_breaker.max_ejection_percent", 100, 99),
            ("circuit_breaker.max_reset_timeout", 30, 31),
            ("tracing.enabled", False, True),
        ],
    )
    def test_exact(self, path: str, exact: object, other: object) -> None:
        """What HAProxy does anyway is no loss where it is what is wanted."""
        assert reason(path, ONE, {path: exact}) is None
        assert reason(path, ONE, {path: other}) is not None

    @pytest.mark.parametrize(
        ("own", "expected"),
        [
            ({}, "HAProxy takes a host back after 3 checks that pass, one each 10,000 ms"),
            ({"load_balancer.health_check.type": "none"}, "only if it is checked"),
            ({"circuit_breaker.consecutive_failures": 0}, "only for failures in a row"),
        ],
    )
    def test_ejections_of_one_length(self, own: Settings, expected: str) -> None:
        """The longest ejection is obeyed no better than the first one, which is as long."""
        first, longest = "circuit_breaker.reset_timeout", "circuit_breaker.max_reset_timeout"
        one_length = {first: 25, longest: 25}

        assert expected in str(reason(longest, ONE, own, one_length))
        assert reason(first, ONE, own, one_length) == reason(longest, ONE, own, one_length)

    @pytest.mark.parametrize("key", ["header:a", "cookie:a", "query:a", "source_ip"])
    def test_tcp(self, key: str) -> None:
        """Of plain TCP, only the address of a client can be hashed."""
        own = {
            "load_balancer.algorithm": "ring_hash",
            "load_balancer.hash_key": key,
            "upstreams": {"payments": {"protocol": "tcp", "port": 1}},
        }
        is_address = key == "source_ip"

        assert ["balance source" if is_address else "balance roundrobin"] == only(
            "balance", ONE, own
        )
        assert is_address is (reason("load_balancer.hash_key", ONE, own) is None)
        assert is_address is (reason("load_balancer.algorithm", ONE, own) is None)

    def test_notes(self) -> None:
        """What HAProxy has in another way is said."""
        many = {"load_balancer.algorithm": "least_request", "load_balancer.choice_count": 4}
        ring = {"load_balancer.algorithm": "ring_hash", "load_balancer.hash_key": "source_ip"}
        maglev = {**ring, "load_balancer.algorithm": "maglev"}

        assert "HAProxy then compares all hosts" == reason(
            "load_balancer.choice_count", STATIC, many
        )
        assert "size of its ring" in str(reason("load_balancer.minimum_ring_size", STATIC, ring))
        assert "a ring in its place" in str(reason("load_balancer.algorithm", STATIC, maglev))
        assert "a ring in its place" in str(reason("load_balancer.table_size", STATIC, maglev))


class TestLimits:
    def test_of_each_host(self) -> None:
        """The limit is that of each host, which is said where there can be several."""
        own = {"circuit_breaker.max_requests": 7}
        two = {**ONE, "static.endpoints": {"payments": ["10.0.0.1:80", "10.0.0.2:80"]}}

        assert " maxconn 7 " in only("default-server", ONE, own)[0]
        assert reason("circuit_breaker.max_requests", ONE, own) is None
        assert "each host" in str(reason("circuit_breaker.max_requests", two, own))
        assert "each host" in str(reason("circuit_breaker.max_requests", CONSUL, own))

    def test_tcp(self) -> None:
        """Of plain TCP, connections are limited, and requests cannot be."""
        own = {
            "upstreams": {"payments": {"protocol": "tcp", "port": 1}},
            "circuit_breaker.max_connections": 7,
            "circuit_breaker.max_pending_requests": 8,
        }

        assert " maxconn 7 " in only("default-server", ONE, own)[0]
        assert " observe layer4 " in only("default-server", ONE, own)[0]
        assert ["tcp-request content reject if { queue ge 8 }"] == only("tcp-request", ONE, own)
        assert "no requests" in str(reason("circuit_breaker.max_requests", ONE, own))
        assert reason("circuit_breaker.max_connections", ONE, own) is None
        assert "each host" in str(reason("circuit_breaker.max_connections", STATIC, own))

    def test_are_off(self) -> None:
        """Nothing is limited or ejected where that is off."""
        text = rendered(ONE, {"circuit_breaker.enabled": False}).text

        assert not [word for word in ("maxconn", "queue ge", "observe") if word in text]
        assert " rise 2\n" in text

    def test_nothing_for_servers(self) -> None:
        """Where servers have nothing to be said of, there is no line for it."""
        off = {"circuit_breaker.enabled": False, "load_balancer.health_check.type": "none"}

        assert [] == only("default-server", ONE, off)


class TestRetries:
    @pytest.mark.parametrize(
        ("settings", "retries", "on", "lost"),
        [
            ({"max_attempts": 4, "on": ["connect-failure"]}, "3", "conn-failure", {}),
            ({"max_attempts": 1}, "0", None, {}),
            ({"on": []}, "0", None, {}),
            (
                {"on": ["unavailable"]},
                "0",
                None,
                {"retry.max_attempts", "retry.on", "load_balancer.max_retries"},
            ),
            (
                {"on": ["5xx"]},
                "2",
                "conn-failure empty-response response-timeout 500 501 502 503 504",
                {"retry.on"},
            ),
            (
                {"on": ["gateway-error"]},
                "2",
                "conn-failure empty-response response-timeout 502 503 504",
                {"retry.on"},
            ),
            (
                {"on": ["reset"]},
                "2",
                "conn-failure empty-response response-timeout",
                {"retry.on"},
            ),
            (
                {"on": ["gateway-error", "retriable-status-codes"], "status_codes": [503, 404]},
                "2",
                "conn-failure empty-response response-timeout 502 503 504 404",
                {"retry.on"},
            ),
            (
                {"on": ["retriable-status-codes"], "status_codes": [404, 429]},
                "2",
                "404",
                {"retry.status_codes", "retry.on"},
            ),
            (
                {"on": ["retriable-status-codes"], "status_codes": [429]},
                "0",
                None,
                {"retry.status_codes", "retry.max_attempts", "load_balancer.max_retries"},
            ),
            ({"on": ["connect-failure", "cancelled"]}, "2", "conn-failure", {"retry.on"}),
        ],
    )
    def test_http(self, settings: Settings, retries: str, on: str | None, lost: set[str]) -> None:
        """One fewer retries than attempts, after what HAProxy knows of the failures."""
        own = {f"retry.{name}": value for name, value in settings.items()}
        dropped = {one.path for one in rendered(ONE, own).dropped}
        pick = ["load_balancer.max_retries"] if retries != "0" else []

        assert [f"retries {retries}"] == only("retries", ONE, own)
        assert ([] if on is None else [f"retry-on {on}"]) == only("retry-on", ONE, own)
        assert {*lost, *pick} == dropped & {
            "retry.max_attempts",
            "retry.on",
            "retry.status_codes",
            "load_balancer.max_retries",
        }

    @pytest.mark.parametrize(
        ("on", "retries", "is_lost"),
        [
            (["connect-failure"], "2", False),
            (["connect-failure", "reset"], "2", True),
            (["reset"], "2", True),
            (["gateway-error"], "2", True),
            (["unavailable"], "0", True),
        ],
    )
    def test_tcp(self, on: list[str], retries: str, is_lost: bool) -> None:
        """Of plain TCP, connections are tried again, if failures of connections are listed."""
        own = {"upstreams": {"payments": {"protocol": "tcp", "port": 1}}, "retry.on": on}

        assert [f"retries {retries}"] == only("retries", ONE, own)
        assert [] == only("retry-on", ONE, own)
        assert is_lost is (reason("retry.on", ONE, own) is not None)

    @pytest.mark.parametrize(
        ("settings", "path", "in_part"),
        [
            ({"on": ["unavailable"]}, "retry.on", [False]),
            ({"on": ["unavailable", "connect-failure"]}, "retry.on", [True]),
            ({"on": ["unavailable", "reset", "5xx"]}, "retry.on", [True, True, True]),
            (
                {"on": ["retriable-status-codes"], "status_codes": [429]},
                "retry.status_codes",
                [False],
            ),
            (
                {"on": ["retriable-status-codes"], "status_codes": [429, 503]},
                "retry.status_codes",
                [True],
            ),
        ],
    )
    def test_whole_or_part(self, settings: Settings, path: str, in_part: list[bool]) -> None:
        """What is retried for some of the failures is said in part."""
        own = {f"retry.{name}": value for name, value in settings.items()}

        assert in_part == [one.in_part for one in notes(path, ONE, own)]

    @pytest.mark.parametrize(("on", "in_part"), [("reset", [True]), ("unavailable", [False])])
    def test_whole_or_part_of_tcp(self, on: str, in_part: list[bool]) -> None:
        """The same of plain TCP."""
        own = {"upstreams": {"payments": {"protocol": "tcp", "port": 1}}, "retry.on": [on]}

        assert in_part == [one.in_part for one in notes("retry.on", ONE, own)]

    def test_many_unknown(self) -> None:
        """Of many failures that HAProxy does not know, a few are named."""
        unknown = [one for one in get_args(RetryCondition) if one not in KNOWN]
        [*first, _] = unknown[:6]
        found = reason("retry.on", ONE, {"retry.on": unknown})

        assert f"HAProxy does not know {', '.join(first)} and {len(unknown) - 5} more" == found

    def test_size(self) -> None:
        """That large requests are not sent again is said, but of failures to connect."""
        reset, connect = {"retry.on": ["reset"]}, {"retry.on": ["connect-failure"]}

        assert "larger than its buffer: 15 kB" in str(reason("retry.on", ONE, reset))
        assert reason("retry.on", ONE, connect) is None

    def test_picks(self) -> None:
        """Other hosts are picked unless that is off."""
        off = {"load_balancer.max_retries": 0}

        assert "option redispatch 1" in lines(ONE)
        assert "option redispatch 1" not in lines(ONE, off)
        assert reason("load_balancer.max_retries", ONE, off) is None


class TestHealth:
    def test_interval(self) -> None:
        """Times and counts stand with each server."""
        own = {
            "load_balancer.health_check.interval": 0.25,
            "load_balancer.health_check.timeout": 0.125,
            "load_balancer.health_check.healthy_threshold": 4,
            "load_balancer.health_check.unhealthy_threshold": 6,
            "load_balancer.health_check.port": 81,
            "circuit_breaker.reset_timeout": 0.9,
            "circuit_breaker.max_reset_timeout": 1,
            "circuit_breaker.consecutive_failures": 8,
        }

        assert [
            "default-server maxconn 1000 check port 81 inter 250ms fall 6 rise 4 \
observe layer7 error-limit 8 on-error mark-down"
        ] == only("default-server", ONE, own)
        assert "timeout check 125ms" in lines(ONE, own)
        assert reason("load_balancer.health_check.healthy_threshold", ONE, own) is None
        assert "HAProxy takes a host back after 4 checks that pass, one each 250 ms" == reason(
            "circuit_breaker.reset_timeout", ONE, own
        )

    @pytest.mark.parametrize(
        ("reset", "rise"),
        [(5e-324, "2"), (20, "2"), (20.1, "3"), (30, "3"), (1e300, "1000000000")],
    )
    def test_rise(self, reset: float, rise: str) -> None:
        """A host is ejected for as many checks as fill its time, or for as many as it has to pass."""
        own = {"circuit_breaker.reset_timeout": reset, "circuit_breaker.max_reset_timeout": 1e300}
        is_more = rise != "2"

        assert f" rise {rise} observe" in only("default-server", ONE, own)[0]
        assert is_more is (
            reason("load_balancer.health_check.healthy_threshold", ONE, own) is not None
        )

    def test_counts_have_an_end(self) -> None:
        """Counts that HAProxy would add to more than it can hold are cut."""
        path = "load_balancer.health_check.unhealthy_threshold"
        own = {path: 2**31 - 1}

        assert " fall 1000000000 " in only("default-server", ONE, own)[0]
        assert "HAProxy counts 1,000,000,000 checks at most" == reason(path, ONE, own)
        assert reason(path, ONE, {path: 1_000_000_000}) is None

    @pytest.mark.parametrize(
        ("timeout", "interval", "connect", "is_lost"),
        [(5, 10, 5, False), (4, 10, 5, True), (4, 10, 4, False), (4, 4, 5, False)],
    )
    def test_timeout(self, timeout: float, interval: float, connect: float, is_lost: bool) -> None:
        """It is said where HAProxy waits longer."""
        path = "load_balancer.health_check.timeout"
        other = {"load_balancer.health_check.interval": interval, "timeouts.connect": connect}

        assert is_lost is (reason(path, ONE, {path: timeout}, other) is not None)

    @pytest.mark.parametrize(
        ("protocol", "kind", "expected"),
        [
            ("http", "http", ["option httpchk"]),
            ("http", "tcp", []),
            ("http", "grpc", []),
            ("http2", "http", ["option httpchk"]),
            ("http2", "grpc", ["option tcp-check"]),
            ("grpc", "http", ["option tcp-check"]),
            ("grpc", "tcp", []),
            ("tcp", "http", []),
        ],
    )
    def test_types(self, protocol: str, kind: str, expected: list[str]) -> None:
        """What is asked fits what the upstream speaks."""
        own = {
            "upstreams": {"payments": {"protocol": protocol, "port": 1}},
            "load_balancer.health_check.type": kind,
        }
        found = [line for line in only("option", ONE, own) if "redispatch" not in line]

        assert expected == found
        assert " check inter " in only("default-server", ONE, own)[0]

    def test_versions(self) -> None:
        """An upstream that speaks HTTP/2 is asked by it."""
        own = {"upstreams": {"payments": {"protocol": "http2"}}}

        assert " ver HTTP/2 " in only("http-check", ONE, own)[0]
        assert only("default-server", ONE, own)[0].startswith("default-server proto h2 ")

    @pytest.mark.parametrize(
        ("protocol", "check", "tls", "version", "words"),
        [
            ("http2", {}, False, "HTTP/2", None),
            ("http2", {"port": 81}, False, "HTTP/1.1", " connect default proto h1"),
            ("grpc", {"port": 81}, False, "HTTP/1.1", " connect default proto h1"),
            ("http2", {"port": 8080}, False, "HTTP/2", None),
            ("http", {"port": 81}, False, "HTTP/1.1", None),
            ("tcp", {"port": 81}, False, "HTTP/1.1", None),
            ("http2", {}, True, "HTTP/2", "alpn h2 check-alpn h2"),
            ("http2", {"port": 81}, True, "HTTP/1.1", "alpn h2 check-alpn http/1.1 check-ssl"),
            ("grpc", {"port": 8080}, True, "HTTP/2", "alpn h2 check-alpn h2 check-ssl"),
            ("grpc", {"port": 81, "type": "grpc"}, True, None, "alpn h2 check-alpn h2 check-ssl"),
            ("grpc", {"port": 81, "type": "grpc"}, False, None, None),
            ("http2", {"port": 81, "type": "tcp"}, False, None, None),
        ],
    )
    def test_another_port(
        self, protocol: str, check: Settings, tls: bool, version: str | None, words: str | None
    ) -> None:
        """What answers about health on another port is asked over HTTP/1.1."""
        own: Settings = {
            "tls.enabled": tls,
            "upstreams": {"payments": {"protocol": protocol, "port": 8080}},
            **{f"load_balancer.health_check.{name}": value for name, value in check.items()},
        }
        found = "\n".join(lines(ONE, own))

        assert words is None or words in found
        assert (words is not None and "connect" in words) is ("http-check connect" in found)
        assert [version] * (version is not None) == [
            line.split(" ver ")[1].split(" ")[0]
            for line in only("http-check", ONE, own)
            if " ver " in line
        ]

    def test_no_statuses(self) -> None:
        """Without statuses, HAProxy has its own."""
        path = "load_balancer.health_check.expected_statuses"

        assert 1 == len(only("http-check", ONE, {path: []}))
        assert "HAProxy then expects 200 to 399" == reason(path, ONE, {path: []})
        assert "http-check expect status 200,300-399" in lines(ONE, {path: ["200", "300-399"]})

    def test_none(self) -> None:
        """Without checks, nothing is ejected, which is said."""
        own = {"load_balancer.health_check.type": "none", "load_balancer.slow_start": 3}

        assert ["default-server maxconn 1000"] == only("default-server", ONE, own)
        assert [] == only("option", ONE, own)[1:]
        for path in (
            "circuit_breaker.consecutive_failures",
            "circuit_breaker.reset_timeout",
            "load_balancer.slow_start",
        ):
            assert "only if it is checked" in str(reason(path, ONE, own))

    @pytest.mark.parametrize("enabled", [True, False])
    def test_none_ejects_none(self, enabled: bool) -> None:
        """Who wants no checks has to know that there are no ejections, if there were some."""
        own = {"load_balancer.health_check.type": "none", "circuit_breaker.enabled": enabled}
        [note] = notes("circuit_breaker.consecutive_failures", ONE, own)

        assert (True, enabled) == (note.default, note.notable)

    def test_never_ejected(self) -> None:
        """Without a number of failures, nothing is ejected."""
        own = {"circuit_breaker.consecutive_failures": 0}

        assert "observe" not in rendered(ONE, own).text
        assert "rise 2" in rendered(ONE, own).text
        assert "failures in a row" in str(reason("circuit_breaker.reset_timeout", ONE, own))

    @pytest.mark.parametrize(
        ("seconds", "written", "is_exact"),
        [(3, "3s", True), (2.5, "3s", False), (5e-324, "1s", False), (1e300, "2000000s", False)],
    )
    def test_slow_start(self, seconds: float, written: str, is_exact: bool) -> None:
        """A slow start takes whole seconds."""
        path = "load_balancer.slow_start"

        assert f" slowstart {written}" in only("default-server", ONE, {path: seconds})[0]
        assert is_exact is (reason(path, ONE, {path: seconds}) is None)


class TestTimeouts:
    def test_http(self) -> None:
        """Each timeout has its place."""
        own = {
            "timeouts.connect": 0.001,
            "timeouts.per_try": 2,
            "timeouts.request": 3,
            "timeouts.idle": 4,
        }

        assert [
            "timeout connect 1ms",
            "timeout queue 3000ms",
            "timeout server 2000ms",
            "timeout tunnel 4000ms",
        ] == only("timeout", ONE, own)[:4]
        assert "timeout client 4000ms" in lines(ONE, own, head="frontend meshconf:http")

    def test_tcp(self) -> None:
        """A connection is closed in silence, whatever an attempt may take."""
        own = {"upstreams": {"payments": {"protocol": "tcp", "port": 5}}, "timeouts.idle": 4}

        assert [
            "timeout connect 5000ms",
            "timeout queue 60000ms",
            "timeout server 4000ms",
        ] == only("timeout", ONE, own)[:3]
        assert "timeout client 4000ms" in lines(ONE, own, head="frontend meshconf:tcp:payments")
        assert "no requests" in str(reason("timeouts.per_try", ONE, own))

    def test_have_an_end(self) -> None:
        """HAProxy's clock has an end."""
        own = {"timeouts.idle": 1e300}

        assert "timeout tunnel 2000000000ms" in lines(ONE, own)
        assert "2,000,000,000 ms" in str(reason("timeouts.idle", ONE, own))


class TestTls:
    def test_hosts(self) -> None:
        """A host is expected to be who it is called, an address to be who its upstream is."""
        assert [
            "server host1 10.0.0.1:8080 sni str(payments) check-sni payments verifyhost payments",
            "server host2 [fd00::1]:8081 sni str(payments) check-sni payments verifyhost payments",
            "server host3 db.internal:80 resolvers meshconf init-addr libc,none resolve-prefer ipv4 \
sni str(db.internal) check-sni db.internal verifyhost db.internal",
        ] == only("server", STATIC, ENCRYPTED)
        [note] = notes("tls.verify", STATIC, ENCRYPTED)
        assert "has to be called as its upstream" in note.reason
        assert (True, True, True) == (note.default, note.notable, note.in_part)

    @pytest.mark.parametrize(
        ("settings", "name"),
        [
            (PORT, "payments.service.dc1.consul"),
            (CONSUL, "payments"),
            ({**CONSUL, "tls.server_name": "a.b"}, "a.b"),
            ({**DNS, **PORT, "dns.name": "{service}.internal."}, "payments.internal"),
        ],
    )
    def test_names(self, settings: Settings, name: str) -> None:
        """A name that is looked up for addresses is expected, or the one that is set."""
        [found] = only("server-template", settings, ENCRYPTED)

        assert found.endswith(f" sni str({name}) check-sni {name} verifyhost {name}")

    def test_words(self) -> None:
        """Authorities, certificates and protocols are said of all servers."""
        own = {"tls.ca_file": "ca.pem", **IDENTITY, "load_balancer.health_check.port": 81}
        http2 = {"upstreams": {"payments": {"protocol": "http2"}}}

        assert only("default-server", ONE, ENCRYPTED)[0].endswith(
            " ssl verify required ca-file @system-ca"
        )
        assert only("default-server", ONE, ENCRYPTED, own)[0].endswith(
            " ssl verify required ca-file ca.pem crt c.pem check-ssl"
        )
        assert only("default-server", ONE, ENCRYPTED, http2)[0].endswith(
            " ssl verify required ca-file @system-ca alpn h2 check-alpn h2"
        )
        assert "proto" not in only("default-server", ONE, ENCRYPTED, http2)[0]

    def test_unverified(self) -> None:
        """Where nothing is checked, nobody is expected, but a name is asked for."""
        own = {**ENCRYPTED, "tls.verify": False}

        assert only("default-server", ONE, own)[0].endswith(" ssl verify none")
        assert only("server", ONE, own)[0].endswith(" sni str(payments) check-sni payments")
        assert reason("tls.verify", ONE, own) is None

    @pytest.mark.parametrize(
        ("key", "is_found"), [("k.pem", False), ("c.pem", True), ("c.pem.key", True)]
    )
    def test_key(self, key: str, is_found: bool) -> None:
        """HAProxy looks for a key with its certificate; where else it is, that is said."""
        own = {**ENCRYPTED, "tls.cert_file": "c.pem", "tls.key_file": key}

        assert is_found is (reason("tls.key_file", ONE, own) is None)

    @pytest.mark.parametrize("name", ["a b", "10.0.0.1", "::1", "a)", "-"])
    def test_no_name(self, name: str) -> None:
        """A name that is none is refused."""
        assert ["tls.server_name"] == refusals(ONE, ENCRYPTED, {"tls.server_name": name})

    def test_off(self) -> None:
        """Nothing is encrypted or refused where that is off."""
        assert "ssl" not in rendered(ONE, {"tls.server_name": "a b"}).text


class TestUpstream:
    def test_is_the_only_one(self) -> None:
        """Of other upstreams nothing is said."""
        settings: Settings = {"upstreams": {"payments": {}, "ledger": {}}}

        assert "ledger" not in rendered(settings, upstream="payments").text

    @pytest.mark.parametrize("name", ["a b", "a\nb", "-a", "", "a:b", "é"])
    def test_is_no_name(self, name: str) -> None:
        """An upstream that HAProxy could misread is refused."""
        with pytest.raises(ConfigError) as caught:
            rendered({**ONE, "upstreams": {name: {"port": 1}}})

        assert ["MC303"] == [problem.code for problem in caught.value.problems]
