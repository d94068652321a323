"""What `import meshconf` offers, what it costs, and which module may import which."""

from __future__ import annotations

import ast
import importlib
import os
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import meshconf

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(meshconf.__file__).parent


class TestNames:
    """The public names."""

    def test_all_is_sorted(self) -> None:
        """`__all__` is sorted and names nothing twice."""
        assert sorted(set(meshconf.__all__)) == meshconf.__all__

    @pytest.mark.parametrize("name", meshconf.__all__)
    def test_all_is_importable(self, name: str) -> None:
        """Every name in `__all__` can be imported."""
        assert getattr(importlib.import_module("meshconf"), name) is not None

    def test_all_is_everything(self) -> None:
        """What is imported on first use, and the functions, are exactly what `__all__` names."""
        lazy = [name for names in meshconf._HOMES.values() for name in names]
        own = [
            name
            for name, value in vars(meshconf).items()
            if callable(value)
            and not name.startswith("_")
            and getattr(value, "__module__", "") == "meshconf"
            and name not in lazy
            and not isinstance(value, type(meshconf.T))  # a type variable
        ]

        assert sorted([*lazy, *own]) == meshconf.__all__

    @pytest.mark.parametrize("name", meshconf.__all__)
    def test_home(self, name: str) -> None:
        """A name is the same object wherever it is imported from."""
        home = next((home for home, names in meshconf._HOMES.items() if name in names), None)
        found = getattr(meshconf, name)
        module = importlib.import_module(f"meshconf.{home}" if home else "meshconf")

        assert getattr(module, name) is found

    def test_star(self) -> None:
        """A star import gives what `__all__` names."""
        found: dict[str, object] = {}
        exec("from meshconf import *", found)  # noqa: S102 - a star is not allowed elsewhere

        assert sorted(found.keys() - {"__builtins__"}) == meshconf.__all__

    def test_module(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A public name that is a module is imported when it is first used."""
        schema = importlib.import_module("meshconf.schema")
        monkeypatch.setitem(vars(meshconf), "edits", meshconf.edits)  # it is put back at the end
        monkeypatch.delattr(schema, "edits")
        monkeypatch.delitem(sys.modules, "meshconf.schema.edits")
        found = meshconf._public("edits")

        assert "meshconf.schema.edits" == found.__name__

    def test_dir(self) -> None:
        """`dir()` lists the public names and the version, imported yet or not."""
        assert sorted([*meshconf.__all__, "__version__"]) == dir(meshconf)

    def test_version(self) -> None:
        """`__version__` is a version, that of the installed distribution."""
        try:
            expected = metadata.version("meshconf")
        except metadata.PackageNotFoundError:
            pytest.skip("run from a folder that is not installed")

        assert expected == meshconf.__version__
        assert re.fullmatch(r"\d+\.\d+\.\d+(\.dev\d+|[abrc]+\d+)?", expected)

    def test_unknown(self) -> None:
        """A name that meshconf does not have is an AttributeError that says so."""
        name = "laod"
        with pytest.raises(AttributeError, match=r"^module 'meshconf' has no attribute 'laod'$"):
            getattr(meshconf, name)


def modules_after(code: str, folder: Path, **environ: str) -> set[str]:
    """Run code in a new process, and list what it has imported."""
    script = f"import sys\nbefore = set(sys.modules)\n{code}\nprint(*set(sys.modules) - before)"
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    result = subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(PACKAGE.parent), **environ},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(result.stdout.split())


#: What takes time to import.
HEAVY = {"attr", "attrs", "cattrs", "click", "dotenv", "environs", "marshmallow", "rich", "tomli"}

SCHEMA = """
import attrs, meshconf

@attrs.frozen
class App:
    port: int = 80
    name: str = "app"

assert meshconf.load({sources}schema=App, prefix="APP_") == App({expected})
"""


class TestImports:
    """What is imported when."""

    def test_import(self, tmp_path: Path) -> None:
        """Importing meshconf imports none of its rooms and none of its dependencies."""
        found = modules_after("import meshconf", tmp_path)

        assert set() == HEAVY & found
        assert {"meshconf"} == {name for name in found if name.startswith("meshconf")}

    @pytest.mark.parametrize("environ", [{}, {"OTHER_PORT": "1"}], ids=["none", "others"])
    def test_load_without_variables(self, tmp_path: Path, environ: dict[str, str]) -> None:
        """A load without variables under the prefix imports neither environs nor the mesh."""
        (tmp_path / "app.toml").write_text("port = 1\n")
        found = modules_after(
            SCHEMA.format(sources='"app.toml", ', expected="1"), tmp_path, **environ
        )

        assert {"attr", "attrs", "cattrs", "tomli"} == HEAVY & found
        assert not any(name.startswith(("meshconf.mesh", "meshconf.cli")) for name in found)

    def test_good_load(self, tmp_path: Path) -> None:
        """A load that succeeds imports nothing that only reports need."""
        found = modules_after(SCHEMA.format(sources="", expected=""), tmp_path)
        reports = {
            "loading.diagnose",
            "diagnostics.excerpt",
            "diagnostics.text",
            "diagnostics.syntax",
        }

        assert set() == {f"meshconf.{name}" for name in reports} & found

    def test_load_with_variables(self, tmp_path: Path) -> None:
        """A variable that is read as a number imports environs, and still no command line."""
        found = modules_after(SCHEMA.format(sources="", expected="1"), tmp_path, APP_PORT="1")

        assert "environs" in found
        assert set() == {"click", "rich"} & found


#: The rooms as the design lists them: an import points down this list, never up.
ROOMS = [
    "__init__",
    "__main__",
    "cli",
    "pytest_plugin",
    "testing",
    "live",
    "mesh",
    "describe",
    "loading",
    "evolution",
    "sources",
    "schema",
    "diagnostics",
]

MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))


def name_of(module: Path) -> str:
    """Turn the path of a module into its name."""
    parts = ["meshconf", *module.with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 2 else parts)


def room_of(name: str) -> str:
    """Name the room that a module is in; the package itself is a room."""
    parts = name.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def imports_of(module: Path) -> Iterator[str]:
    """Yield the modules of meshconf that a module imports, anywhere in it, type hints included."""
    for node in ast.walk(ast.parse((PACKAGE / module).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module} has a relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            if name.split(".")[0] == "meshconf":
                yield nearest_module(name)


def nearest_module(name: str) -> str:
    """Leave out what is no module but a name in one."""
    parts = name.split(".")
    while parts[1:]:
        path = PACKAGE.joinpath(*parts[1:])
        if path.with_suffix(".py").exists() or (path / "__init__.py").exists():
            break
        parts.pop()
    return ".".join(parts)


class TestLayers:
    """Imports point down."""

    def test_are_seen(self) -> None:
        """Imports of modules, of names in them, for type hints and within functions are seen."""
        found = set(imports_of(Path("loading", "load.py")))

        assert {"meshconf.schema.model", "meshconf.loading.diagnose"} <= found
        assert "meshconf" in set(imports_of(Path("mesh", "retry.py")))

    def test_every_module_has_a_room(self) -> None:
        """Every module is in a room of the layout."""
        assert set() == {room_of(name_of(module)) for module in MODULES} - set(ROOMS)

    @pytest.mark.parametrize("module", MODULES, ids=str)
    def test_down(self, module: Path) -> None:
        """A module imports from its own room and from rooms below it.

        The mesh, the commands and the help for tests also import from the public `meshconf`, as
        users do; nothing imports the help for tests.
        """
        room = room_of(name_of(module))
        allowed = set(ROOMS[ROOMS.index(room) :])
        if room in ("mesh", "cli", "testing", "__main__"):
            allowed.add("__init__")
        if room in ("cli", "__main__", "__init__"):
            allowed -= {"testing", "pytest_plugin"}

        assert [] == [name for name in imports_of(module) if room_of(name) not in allowed]

    @pytest.mark.parametrize("module", [one for one in MODULES if one.parts[0] == "mesh"], ids=str)
    def test_mesh_is_written_with_the_public_api(self, module: Path) -> None:
        """The mesh imports nothing but itself and the public `meshconf`."""
        assert {"__init__", "mesh"} >= {room_of(name) for name in imports_of(module)}

    @pytest.mark.parametrize(
        "module",
        [one for one in MODULES if one.parts[0] not in ("mesh", "cli", "__init__.py")],
        ids=str,
    )
    def test_toolkit_knows_no_mesh(self, module: Path) -> None:
        """The toolkit never imports the mesh."""
        assert "mesh" not in {room_of(name) for name in imports_of(module)}
