"""The policies in the terms of Python libraries, for services that have no proxy beside them.

Each function takes a group of settings and gives what one library wants; that library is imported
when its function is first asked for, and is an extra of the same name: ``meshconf[tenacity]``. What
a library cannot do stands in ``DROPPED`` of its module here, by the path of the setting.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from meshconf.mesh.adapters.grpc import grpc_service_config
    from meshconf.mesh.adapters.httpx import httpx_failure, httpx_host_failure, httpx_timeout
    from meshconf.mesh.adapters.pybreaker import pybreaker_breaker
    from meshconf.mesh.adapters.stamina import stamina_retry
    from meshconf.mesh.adapters.tenacity import tenacity_retry
else:  # for a type checker, any name would be a public one

    def __getattr__(name: str) -> Any:
        """Import a public name, and its library, when it is first used."""
        if name in __all__:
            module = import_module(f"{__name__}.{name.partition('_')[0]}")
            return getattr(module, name)
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)


__all__ = [
    "grpc_service_config",
    "httpx_failure",
    "httpx_host_failure",
    "httpx_timeout",
    "pybreaker_breaker",
    "stamina_retry",
    "tenacity_retry",
]
