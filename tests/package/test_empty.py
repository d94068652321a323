"""The wheel without extras, where nothing else is installed: what the README says first works."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.package.conftest import PROJECT, ROOT

if TYPE_CHECKING:
    from tests.package.conftest import Environment

README = (ROOT / "README.md").read_text(encoding="utf-8")

#: The README up to where the first extra is of use: loads of the mesh's schema and of one's own.
JOBS = "".join(
    re.findall(
        r"^```python\n(.*?)^```$",
        README.partition("\n## Changes while the process runs\n")[0],
        re.MULTILINE | re.DOTALL,
    )
)

#: The report of the bad load, without what the command line says below it.
REPORT = re.findall(
    r"^\$ MESH_RETRY_BASE_DELAY=45s meshconf check examples/orders/broken\.toml\n(.*?)^1 of them",
    README,
    re.MULTILINE | re.DOTALL,
)

BAD = """
import meshconf
try:
    meshconf.load("examples/orders/broken.toml")
except meshconf.ConfigError as error:
    print(str(error).rstrip())
"""

#: Says which modules come from no installed distribution, and which were looked for in vain.
STRANGERS = """
import sys
from importlib import metadata

asked = set()

class Recorder:
    def find_spec(self, name, path=None, target=None):
        asked.add(name.partition(".")[0])

before = set(sys.modules)
sys.meta_path.insert(0, Recorder())
{code}
files = {{str(one.locate_file(file)) for one in metadata.distributions() for file in one.files}}
strangers = {{
    name
    for name in set(sys.modules) - before
    if name.partition(".")[0] not in sys.stdlib_module_names
    and getattr(sys.modules[name], "__file__", None) not in files
}}
# What is of another Python is looked for by the library, by attrs and by the standard library.
missing = asked - sys.modules.keys() - sys.stdlib_module_names - {{"_wmi", "annotationlib", "org"}}
print(*sorted(strangers | missing))
"""


def test_what_is_installed(empty: Environment):
    """All that is declared is there, and nothing of any extra."""
    listed = empty.python(
        "from importlib import metadata\n"
        "print(*(one.metadata['Name'].lower() for one in metadata.distributions()))"
    )
    installed = set(listed.replace("_", "-").split())
    extras = [each for some in PROJECT["optional-dependencies"].values() for each in some]

    assert {each.partition(">=")[0] for each in PROJECT["dependencies"]} <= installed
    assert set() == {each.partition(">=")[0] for each in extras} & installed


def test_jobs_of_the_readme(empty: Environment):
    """Loads, origins and schemas of one's own work as the README has them."""
    assert "meshconf.load(" in JOBS
    assert "schema=Listener" in JOBS
    assert "MESH_CIRCUIT_BREAKER_MAX_REQUESTS" in empty.python(JOBS)


def test_report_of_the_readme(empty: Environment):
    """A load with mistakes gives the report that the README shows."""
    assert REPORT == [empty.python(BAD, MESH_RETRY_BASE_DELAY="45s")]


@pytest.mark.parametrize(
    ("code", "variables"),
    [
        ('import meshconf\nmeshconf.load("examples/orders/mesh.toml")', {}),
        (
            'import meshconf\nmeshconf.load("examples/orders/mesh.toml")',
            {"MESH_RETRY_MAX_DELAY": "3s", "MESH_RETRY_STATUS_CODES": "502,503"},
        ),
        (BAD.replace("print", "len"), {"MESH_RETRY_BASE_DELAY": "45s"}),
    ],
    ids=["a file", "variables", "mistakes"],
)
def test_imports(empty: Environment, code: str, variables: dict[str, str]):
    """A load imports what is declared and the standard library, and tries nothing else."""
    assert "\n" == empty.python(STRANGERS.format(code=code), **variables)


@pytest.mark.parametrize(
    "command", [("meshconf", "--help"), ("python", "-m", "meshconf", "--help")], ids=" ".join
)
def test_command_line(empty: Environment, command: tuple[str, ...]):
    """The command line says in one line which extra it needs."""
    ended = empty.run(*command)

    expected = 'meshconf: the command line needs: pip install "meshconf[cli]"\n'

    assert (2, "", expected) == (ended.returncode, ended.stdout, ended.stderr)
