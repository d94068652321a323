"""The job with pydantic-settings: its TOML source under its environment source."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

Port = Annotated[int, Field(ge=1, le=65535)]
Ratio = Annotated[float, Field(ge=0, le=1)]


class Consul(BaseModel):
    """Where services are found."""

    host: str = "consul"
    port: Port = 8500
    datacenter: str = "dc1"


class CircuitBreaker(BaseModel):
    """When to stop calling."""

    max_requests: int = Field(1000, ge=1, le=2**31 - 1)
    error_threshold: Ratio = 0.5
    minimum_requests: int = Field(20, ge=1)
    window: float = Field(10.0, ge=0.001)
    consecutive_failures: int = Field(5, ge=0)
    reset_timeout: float = Field(30.0, gt=0)


class LoadBalancer(BaseModel):
    """Whom to call."""

    algorithm: Literal["round_robin", "least_request", "random"] = "round_robin"
    max_retries: int = Field(3, ge=0)
    choice_count: int = Field(2, ge=2)
    panic_threshold: Ratio = 0.5


class Retry(BaseModel):
    """How often to call again."""

    max_attempts: int = Field(3, ge=1)
    base_delay: float = Field(1.0, gt=0)
    on: list[str] = Field(default_factory=list)


class Metrics(BaseModel):
    """What to tell the outside."""

    enabled: bool = True
    port: Port = 9102


class App(BaseSettings):
    """One service of the mesh."""

    model_config = SettingsConfigDict(
        env_prefix="APP_", env_nested_delimiter="__", toml_file="app.toml"
    )

    service_name: str
    service_version: str = "0.1.0"
    consul: Consul = Field(default_factory=Consul)
    circuit_breaker: CircuitBreaker = Field(default_factory=CircuitBreaker)
    load_balancer: LoadBalancer = Field(default_factory=LoadBalancer)
    retry: Retry = Field(default_factory=Retry)
    metrics: Metrics = Field(default_factory=Metrics)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        env_settings: PydanticBaseSettingsSource,
        **_others: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the environment before the file, and nothing else."""
        return env_settings, TomlConfigSettingsSource(settings_cls)


def load() -> App:
    """Load file and variables."""
    return App()
