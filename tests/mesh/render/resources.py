"""Custom resource definitions of other projects, to hold resources against."""

from __future__ import annotations

import importlib
import json
import os
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST = {"int32": 2**31 - 1, "int64": 2**63 - 1}

#: The only rule of the kind that the parts which are used here have.
AT_LEAST_1_MS = "duration(self) >= duration('1ms')"


def milliseconds(text: str) -> float:
    """Read a duration as Go writes it: `250ms`, `60s`, `1h2m3.5s`."""
    units = {"h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1, "µs": 0.001}
    parts = re.findall(r"([0-9.]+)(h|ms|m|s|µs)", text)
    assert text == "".join(map("".join, parts))
    assert text
    return round(sum(float(number) * units[unit] for number, unit in parts), 3)


def closed(schema: Any) -> Any:
    """Forbid what a definition does not name, which a server would leave out without a word."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: closed(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and not schema.get(
        "x-kubernetes-preserve-unknown-fields"
    ):
        found["additionalProperties"] = False
    return found


def _in_format(_: Any, name: str, value: Any, __: Any) -> Iterator[Exception]:
    """Hold an integer against the limits of its format."""
    most = MOST.get(name)
    if most is not None and isinstance(value, int) and not -most - 1 <= value <= most:
        yield _error(f"{value} is no {name}")


def _by_rules(_: Any, rules: Any, value: Any, __: Any) -> Iterator[Exception]:
    """Hold a value against rules in the Common Expression Language."""
    for rule in rules:
        assert AT_LEAST_1_MS == rule["rule"], f"a rule that is not tested: {rule}"
        if isinstance(value, str) and not 1 <= milliseconds(value) <= 2**63 // 1_000_000:
            yield _error(rule["message"])


def _error(message: str) -> Exception:
    found: Exception = importlib.import_module("jsonschema").ValidationError(message)
    return found


@cache
def validator(name: str) -> Any:
    """Return what validates against a definition, such as `istio-virtualservice`.

    Without the definitions the test is skipped; where MESHCONF_REQUIRE_SCHEMAS is set, it fails.
    """
    folder = os.environ.get("MESHCONF_SCHEMAS")
    if folder is None:
        reason = "MESHCONF_SCHEMAS names no folder with definitions of resources"
        assert os.environ.get("MESHCONF_REQUIRE_SCHEMAS") != "1", reason
        pytest.skip(reason)
    found = json.loads((Path(folder) / f"{name}.json").read_text(encoding="utf-8"))
    schemas = importlib.import_module("jsonschema")
    keywords = {"format": _in_format, "x-kubernetes-validations": _by_rules}
    extended = schemas.validators.extend(schemas.Draft7Validator, keywords)
    return extended(closed(found["schema"]))
