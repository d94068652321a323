"""Make the pages of the reference that repeat what stands in the code.

    python docs/make_reference.py

A test holds that they are up to date.
"""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from meshconf.cli.commands import meshconf
from meshconf.diagnostics.codes import CODES

__all__ = ["PAGES"]

HERE = Path(__file__).parent / "reference"

MADE = "<!-- Made by docs/make_reference.py; change the code instead. -->"

FAMILIES = {
    "0": "Text",
    "1": "Names",
    "2": "Values",
    "3": "Rules and rendering",
    "4": "Sources",
    "5": "Versions",
    "6": "Reloads",
}


def codes() -> str:
    """Write what each code means."""
    parts = [
        MADE,
        "# Codes",
        "Every problem has a code, which is never reused. `meshconf explain MC201` prints the same.",
    ]
    family = ""
    for code in CODES.values():
        digit = code.code[2]
        if digit != family:
            family = digit
            parts.append(f"## MC{digit}xx: {FAMILIES[digit]}")
        parts += [
            f"({code.code.lower()})=",
            f"### {code.code}: {code.title}",
            _prose(code.cause),
            f"*Remedy:* {_prose(code.remedy)}",
        ]
    return "\n\n".join(parts) + "\n"


def _prose(text: str) -> str:
    """Keep a text from being read as Markdown where it is not meant to be."""
    return (
        text.replace("*", r"\*").replace("<", r"\<").replace("_", r"\_")
        if "`" not in text
        else text
    )


COMMANDS = """\
Results go to stdout, problems to stderr. The exit code is 0 if all is well, 1 if there is something to
tell, 2 if the job could not be done, 130 if it was interrupted.

`[tool.meshconf]` in `pyproject.toml` says which schema a repository has:

```{code-block} toml
:caption: pyproject.toml

[tool.meshconf]
schema = "orders.config:Settings"
prefix = "ORDERS_" # unless @configuration says so
files = ["orders.toml"] # the same
```"""


def commands() -> str:
    """Write the help of each command."""
    parts = [MADE, "# Command line", COMMANDS, _help()]
    for name in meshconf.commands:
        parts += [f"## {name}", _help(name)]
    return "\n\n".join(parts) + "\n"


def _help(*command: str) -> str:
    words = " ".join(["meshconf", *command, "--help"])
    result = CliRunner().invoke(
        meshconf, [*command, "--help"], prog_name="meshconf", terminal_width=78
    )
    return f"```console\n$ {words}\n{result.output}```"


#: The pages, and what makes them.
PAGES = {"codes.md": codes, "commands.md": commands}


if __name__ == "__main__":
    for page, make in PAGES.items():
        (HERE / page).write_text(make(), encoding="utf-8")
