"""What all adapters keep to."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import attrs
import httpx
import pytest
import tenacity

import meshconf.mesh.adapters
from meshconf import CircuitBreakerConfig, ServiceMeshConfig
from meshconf.mesh import RetryConfig, TimeoutsConfig
from meshconf.mesh.adapters import httpx as of_httpx
from meshconf.mesh.adapters import (
    httpx_timeout,
    pybreaker_breaker,
    stamina_retry,
    tenacity_retry,
)
from meshconf.mesh.adapters import pybreaker as of_pybreaker
from meshconf.mesh.adapters import stamina as of_stamina
from meshconf.mesh.adapters import tenacity as of_tenacity
from meshconf.mesh.paths import settings_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: Another value for each setting of the groups that adapters take.
CHANGES: dict[str, Any] = {
    "retry.max_attempts": 4,
    "retry.base_delay": 1.25,
    "retry.max_delay": 1.5,
    "retry.multiplier": 3.0,
    "retry.jitter": 0.5,
    "retry.on": ("5xx",),
    "retry.status_codes": (502,),
    "retry.budget": 0.1,
    "timeouts.connect": 4.0,
    "timeouts.request": 50.0,
    "timeouts.per_try": 14.0,
    "timeouts.idle": 200.0,
    "circuit_breaker.enabled": False,
    "circuit_breaker.max_requests": 7,
    "circuit_breaker.max_connections": 7,
    "circuit_breaker.max_pending_requests": 7,
    "circuit_breaker.error_threshold": 0.25,
    "circuit_breaker.minimum_requests": 7,
    "circuit_breaker.window": 5.0,
    "circuit_breaker.consecutive_failures": 7,
    "circuit_breaker.reset_timeout": 20.0,
    "circuit_breaker.max_reset_timeout": 200.0,
    "circuit_breaker.half_open_max_requests": 7,
    "circuit_breaker.max_ejection_percent": 70,
}


def of_retries(retry: RetryConfig) -> Any:
    """Return the waits between the attempts of tenacity."""
    random.seed(0)
    waits: list[float] = []
    retrying = tenacity.Retrying(**tenacity_retry(retry).arguments, sleep=waits.append)
    with pytest.raises(OSError, match="again"):
        retrying(fails)
    return waits


def fails() -> None:
    """Fail."""
    msg = "again"
    raise OSError(msg)


def of_breaker(circuit_breaker: CircuitBreakerConfig) -> Any:
    """Return what a breaker of pybreaker was told."""
    found = pybreaker_breaker(circuit_breaker)
    return found.fail_max, found.reset_timeout, found.success_threshold


GROUPS: list[tuple[str, Any, Mapping[str, str], Callable[[Any], Any]]] = [
    ("retry", RetryConfig(), of_tenacity.DROPPED, of_retries),
    ("retry", RetryConfig(), of_stamina.DROPPED, lambda group: stamina_retry(group).arguments),
    ("circuit_breaker", CircuitBreakerConfig(), of_pybreaker.DROPPED, of_breaker),
    ("timeouts", TimeoutsConfig(), of_httpx.DROPPED, lambda group: httpx_timeout(group).as_dict()),
]

each_group = pytest.mark.parametrize(
    ("name", "group", "dropped", "told"), GROUPS, ids=["tenacity", "stamina", "pybreaker", "httpx"]
)


class TestDropped:
    @each_group
    def test_is_complete(
        self, name: str, group: Any, dropped: Mapping[str, str], told: Callable[[Any], Any]
    ) -> None:
        """Each setting of its group tells the library something, or stands in `DROPPED`."""
        silent = [
            setting
            for setting in settings_of(group)
            for other in [attrs.evolve(group, **{setting: CHANGES[f"{name}.{setting}"]})]
            if told(other) == told(group) and f"{name}.{setting}" not in dropped
        ]

        assert [] == silent

    @each_group
    def test_holds_settings(
        self, name: str, group: Any, dropped: Mapping[str, str], told: Callable[[Any], Any]
    ) -> None:
        """What stands in `DROPPED` are settings of the group, each with a phrase that tells why."""
        settings = {f"{name}.{setting}" for setting in settings_of(group)}

        assert dropped.keys() <= settings
        assert all(reason.strip(" .") == reason for reason in dropped.values())

    @each_group
    def test_is_fixed(
        self, name: str, group: Any, dropped: Any, told: Callable[[Any], Any]
    ) -> None:
        """Nobody adds to it."""
        with pytest.raises(TypeError):
            dropped[name] = ""


class TestImports:
    def test_names(self) -> None:
        """All public names are there, and no other one."""
        for name in meshconf.mesh.adapters.__all__:
            assert callable(getattr(meshconf.mesh.adapters, name))
        with pytest.raises(AttributeError, match="has no attribute 'requests_timeout'"):
            meshconf.mesh.adapters.requests_timeout  # type: ignore[attr-defined] # noqa: B018

    def test_modules_stay_modules(self) -> None:
        """A library and the module that is called the same are two."""
        assert meshconf.mesh.adapters.httpx is not httpx

    def test_on_first_use(self) -> None:
        """No library is imported before its function is asked for, and then no other one."""
        script = (
            "import json, sys\n"
            "libraries = {'tenacity', 'stamina', 'pybreaker', 'httpx', 'grpc'}\n"
            "import meshconf.mesh.adapters as adapters\n"
            "found = []\n"
            "for name in ('__all__', *adapters.__all__):\n"
            "    getattr(adapters, name)\n"
            "    found.append(sorted(libraries & sys.modules.keys()))\n"
            "print(json.dumps(found))\n"
        )
        ended = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)

        assert [
            [],
            [],  # options of a gRPC channel are made without grpcio
            ["httpx"],
            ["httpx"],
            ["httpx"],
            ["httpx", "pybreaker"],
            ["httpx", "pybreaker", "stamina", "tenacity"],  # stamina stands on tenacity
            ["httpx", "pybreaker", "stamina", "tenacity"],
        ] == json.loads(ended.stdout)

    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("tenacity_retry", "tenacity_retry needs"),
            ("stamina_retry", "stamina_retry needs"),
            ("pybreaker_breaker", "pybreaker_breaker needs"),
            ("httpx_timeout", "httpx_timeout, httpx_failure and httpx_host_failure need"),
            ("httpx_failure", "httpx_timeout, httpx_failure and httpx_host_failure need"),
        ],
    )
    def test_missing(self, monkeypatch: pytest.MonkeyPatch, name: str, said: str) -> None:
        """Without its extra, a function is refused in one line with the command that installs it."""
        extra = name.partition("_")[0]
        for module in [one for one in sys.modules if one.split(".")[0] == extra]:
            monkeypatch.delitem(sys.modules, module)
        monkeypatch.setitem(sys.modules, extra, None)
        monkeypatch.delitem(sys.modules, f"meshconf.mesh.adapters.{extra}")
        with pytest.raises(ImportError) as caught:
            getattr(meshconf.mesh.adapters, name)

        assert f'{said}: pip install "meshconf[{extra}]"' == str(caught.value)
        assert extra == caught.value.name


def test_of_an_upstream() -> None:
    """The groups of an upstream are taken as the general ones are."""
    retry = ServiceMeshConfig(service_name="orders").retry

    assert stamina_retry(retry).arguments == stamina_retry(RetryConfig()).arguments


@pytest.mark.parametrize(
    ("function", "dropped"),
    [
        (tenacity_retry, of_tenacity.DROPPED),
        (stamina_retry, of_stamina.DROPPED),
        (pybreaker_breaker, of_pybreaker.DROPPED),
        (httpx_timeout, of_httpx.DROPPED),
    ],
)
def test_docstring(function: Callable[..., Any], dropped: Mapping[str, str]) -> None:
    """What stands in `DROPPED` is named in the docstring of the function too."""
    text = function.__doc__ or ""

    assert [] == [path for path in dropped if f"``{path.split('.')[1]}``" not in text]
