"""Rules between settings, declared in the class that holds them."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Sequence
from typing import Any, Literal

import attrs

__all__ = ["Rule", "refuse_misfit", "rule"]


@attrs.frozen(eq=False)
class Rule:
    """A check over several settings.

    Attributes:
        paths: The settings or groups that it reads, dotted, from the class that holds the rule.

        check: Takes their values in that order; returns what is wrong, or None.

        level: ``error`` refuses the load, ``warning`` does not.

        layers: Whether ``check`` also gets, as the keyword ``layers``, a function that takes one
            of the paths and returns the names of the layers that set it.
    """

    paths: tuple[str, ...]
    check: Callable[..., str | None]
    level: Literal["error", "warning"] = "error"
    layers: bool = False

    @property
    def name(self) -> str:
        """The name of the function."""
        return self.check.__name__

    def __call__(self, *values: Any, **layers: Any) -> str | None:
        """Run the rule on values; so a test can call it like the function that it was."""
        return self.check(*values, **layers)


def rule(
    *paths: str, level: Literal["error", "warning"] = "error", layers: bool = False
) -> Callable[[Callable[..., str | None]], Rule]:
    """Declare a rule between settings, in the body of the class that holds them.

    The function gets the values of *paths* in order and returns one sentence that says what is
    wrong, or None. It has no ``self``; ``@staticmethod`` below the decorator is allowed and tells
    type checkers so. Its docstring states the rule and is shown where the values may not be.

    Args:
        paths: The settings or groups that it reads, dotted, from this class.

        level: ``error`` refuses the load; ``warning`` goes to the log and the snapshot.

        layers: Give the function, as the keyword argument ``layers``, a function from a path to
            the names of the layers (files, the environment) that set it or anything under it.

    Returns:
        A decorator.

    Raises:
        TypeError: If no path is given.

        ValueError: If ``level`` is no such word.
    """
    if not paths or not all(isinstance(path, str) for path in paths):
        msg = 'a rule names the settings that it reads: @rule("base_delay", "max_delay")'
        raise TypeError(msg)
    if level not in ("error", "warning"):
        msg = f"level is error or warning, not {level!r}"
        raise ValueError(msg)

    def decorate(function: Any) -> Rule:
        plain = function.__func__ if isinstance(function, staticmethod) else function
        return Rule(paths, plain, level, layers)

    return decorate


def refuse_misfit(rule: Rule, cls: type) -> None:
    """Refuse a rule whose function cannot be called with what its decorator names.

    Args:
        rule: The rule.

        cls: The class that declares it.

    Raises:
        TypeError: It says how many values the function is given and how many it takes.
    """
    try:
        signature = inspect.signature(rule.check)
    except (TypeError, ValueError):  # what C made may have none
        return
    keywords = {"layers": None} if rule.layers else {}
    try:
        signature.bind(*rule.paths, **keywords)
    except TypeError as error:
        reason = str(error)
    else:
        return
    values = [one for name, one in signature.parameters.items() if name not in keywords]
    least, most = _numbers_of_values(values)
    given = len(rule.paths)
    if least <= given <= most:  # it is something else
        said = f"cannot be called: {reason}"
    else:
        bound = "" if least == most else "at least " if given < least else "at most "
        takes = least if given < least else most
        said = f"takes {bound}{takes} value{'' if takes == 1 else 's'}, and @rule names {given}"
    code = getattr(rule.check, "__code__", None)
    where = f" ({code.co_filename}:{code.co_firstlineno})" if code is not None else ""
    msg = f"{cls.__qualname__}: the rule `{rule.name}`{where} {said}"
    raise TypeError(msg)


def _numbers_of_values(parameters: Sequence[inspect.Parameter]) -> tuple[int, int]:
    """Return how many values a function takes by position, at least and at most."""
    positional = [one for one in parameters if one.kind in _BY_POSITION]
    least = sum(one.default is one.empty for one in positional)
    is_open = any(one.kind is one.VAR_POSITIONAL for one in parameters)
    return least, sys.maxsize if is_open else len(positional)


_BY_POSITION = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
