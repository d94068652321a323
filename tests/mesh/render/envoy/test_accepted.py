"""What Envoy takes: everything that is rendered, whatever the configuration."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meshconf import ConfigError, ServiceMeshConfig
from meshconf.mesh.render import envoy, names_of
from tests.mesh.render.configs import HOSTILE, a_config, at_bounds, configs
from tests.servers.envoy import validate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.mesh.render.envoy.conftest import Serve, Start
    from tests.servers.certificates import Authority

    Render = Callable[[ServiceMeshConfig], tuple[str, set[str]]]

#: Settings that hold a text.
TEXTS = {
    "service_name",
    "service_version",
    "consul.datacenter",
    "load_balancer.health_check.path",
    "metrics.path",
    "tls.server_name",
    "tracing.endpoint",
}


@pytest.fixture(name="rendered", scope="module")
def _rendered(authority: Authority) -> Render:
    """Return what renders, with files that exist; or names the settings that are refused."""
    own = authority.issue("orders.internal")
    files = {
        "trusted_ca": {"filename": str(own.ca)},
        "certificate_chain": {"filename": str(own.cert)},
        "private_key": {"filename": str(own.key)},
    }

    def with_files(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: files.get(key, with_files(below)) for key, below in value.items()}
        return [with_files(below) for below in value] if isinstance(value, list) else value

    def rendered(config: ServiceMeshConfig) -> tuple[str, set[str]]:
        try:
            text = envoy(config).text
        except ConfigError as error:
            return "", {problem.path for problem in error.problems}
        return json.dumps(with_files(json.loads(text))), set()

    return rendered


def joined(texts: Sequence[str]) -> str:
    """Join bootstraps to one, for Envoy takes longer to start than to judge."""
    first = json.loads(texts[0])
    parts: dict[str, list[Any]] = {"clusters": [], "listeners": []}
    for number, text in enumerate(texts):
        for kind, found in json.loads(text)["static_resources"].items():
            for each in _apart(found, number):
                each["name"] = f"{number}:{each['name']}"
                if kind == "listeners":
                    each["address"]["socket_address"]["port_value"] = 1000 + len(parts[kind])
                parts[kind].append(each)
    return json.dumps({**first, "static_resources": parts})


def _apart(value: Any, number: int) -> Any:
    """Call clusters by other names, wherever they are named."""
    if isinstance(value, list):
        return [_apart(below, number) for below in value]
    if not isinstance(value, dict):
        return value
    return {
        key: f"{number}:{below}" if key in {"cluster", "cluster_name"} else _apart(below, number)
        for key, below in value.items()
    }


def test_defaults() -> None:
    """The defaults are accepted, with no upstream, and with one of each kind."""
    assert "" == validate(envoy(ServiceMeshConfig(service_name="orders")).text)
    assert "" == validate(envoy(a_config()).text)


def test_bounds(rendered: Render) -> None:
    """Every setting is accepted at its bounds, unless it is refused by name."""
    texts: dict[str, str] = {}
    for name, config in at_bounds():
        text, refused = rendered(config)
        if text:
            texts.setdefault(text, name)
        else:
            # Neither etcd nor ZooKeeper can be asked, whatever is set of them.
            assert refused in ({name.partition("=")[0]}, {"discovery.backend"})
    accepted = list(texts)

    assert len(accepted) > 200
    for start in range(0, len(accepted), 20):
        batch = accepted[start : start + 20]

        assert "" == validate(joined(batch)), [texts[text] for text in batch]


def test_generated(rendered: Render) -> None:
    """What is generated is accepted, unless it is refused, as less than half of it is."""
    accepted = 0

    @settings(max_examples=18, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(configs().filter(names_of), min_size=22, max_size=22))
    def judge(configs: list[ServiceMeshConfig]) -> None:
        nonlocal accepted
        texts = [text for text, _ in map(rendered, configs) if text]

        assert "" == (validate(joined(texts)) if texts else "")
        accepted += len(texts)

    judge()

    assert 200 <= accepted


def _hostile(text: str, paths: set[str]) -> dict[str, Any]:
    """Return settings with a text at these paths, each of which has an effect."""
    looked_up = {"discovery.backend": "consul", "upstreams.payments.port": 80}
    slashed = f"/{''.join(text.split())}"
    texts = {path: slashed if path.endswith(".path") else text[:253] or "a" for path in paths}
    return {**looked_up, "tls.enabled": True, **texts}


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile(rendered: Render, text: str) -> None:
    """A text that is made to be misread is accepted wherever it is not refused by name."""
    _, refused = rendered(a_config(_hostile(text, TEXTS)))
    accepted, others = rendered(a_config(_hostile(text, TEXTS - refused)))

    assert (True, set()) == (refused <= TEXTS, others)
    assert "" == validate(accepted)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"failure_percentage_threshold": 50', '"failure_percentage_threshold": 50.5'),
        ('"max_requests": 1000', '"max_requests": -1'),
        ('"interval": "10.000s"', '"interval": "0.000s"'),
        ('"lb_policy": "ROUND_ROBIN"', '"lb_policy": "ROUND_TABLE"'),
        ('"num_retries"', '"number_of_retries"'),
    ],
)
def test_wrong(old: str, new: str) -> None:
    """A text with one word changed is refused, so that acceptance means something."""
    text = envoy(a_config()).text

    assert old in text
    assert "" != validate(text.replace(old, new))
    assert "" == validate(joined([text] * 3))
    assert "" != validate(joined([text, text.replace(old, new), text]))


@pytest.mark.parametrize("seconds", [5e-324, 1e300])
def test_running(serve: Serve, start: Start, seconds: float) -> None:
    """A running Envoy takes the shortest and the longest durations: validation starts no timers."""
    service = serve()
    paths = [
        f"{group}.{name}"
        for group, names in {
            "circuit_breaker": ("reset_timeout", "max_reset_timeout"),
            "load_balancer": ("health_check.interval", "health_check.timeout", "slow_start"),
            "retry": ("base_delay", "max_delay"),
            "timeouts": ("connect", "request", "per_try", "idle"),
            "discovery": ("refresh_interval",),
        }.items()
        for name in names
    ]
    durations = dict.fromkeys(paths, seconds)
    general = {
        **durations,
        "circuit_breaker.enabled": True,
        "circuit_breaker.window": max(seconds, 0.001),
        "load_balancer.health_check.type": "http",
        "retry.max_attempts": 3,
    }
    tcp = {"protocol": "tcp", "port": service.port}
    upstreams = {
        "http": {"hosts": [service]},
        "name": {"hosts": [f"localhost:{service.port}"]},
        "tcp": {"hosts": [service], **tcp},
    }
    running = start(upstreams, general, host="127.0.0.2")
    statuses = {running.get(name).status for name in ("http", "name")}

    assert statuses <= {200, 503, 504}
    assert running.process.is_running
