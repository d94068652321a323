"""Several sources for one setting, or for one group."""

import itertools
from pathlib import Path
from typing import Any

import attrs
import pytest

import meshconf


@attrs.frozen
class Pool:
    size: int = 5
    timeout: float = 1.0
    name: str = "pool"


@attrs.frozen
class Database:
    host: str
    port: int = 5432


@attrs.frozen
class App:
    port: int = 0
    pool: Pool = attrs.Factory(Pool)
    large: Pool = Pool(size=50, timeout=9.0, name="large")
    made: Pool = attrs.Factory(lambda: Pool(size=60, timeout=8.0, name="made"))
    database: Database | None = None
    pools: dict[str, Pool] = attrs.Factory(dict)
    tags: list[str] = attrs.Factory(lambda: ["default"])


def read(*sources: Any, overrides: Any = None, **environ: str) -> meshconf.Snapshot[App]:
    """Read an App."""
    return meshconf.read(*sources, schema=App, prefix="APP_", environ=environ, overrides=overrides)


@pytest.fixture(name="file")
def _file(tmp_path: Path) -> Path:
    """Name a file that is not there yet."""
    return tmp_path / "app.toml"


@attrs.frozen
class Store:
    """A source of one's own, in the place of a remote one."""

    port: int

    def read(self, _: Any) -> meshconf.Layer:
        """Give the port."""
        return meshconf.Layer("store", "store", {"port": self.port})


#: All kinds of sources, the lowest first.
KINDS = [
    "default",
    "file",
    "later file",
    "own source",
    "secrets directory",
    "dotenv",
    "environment",
    "overrides",
]


class TestPrecedence:
    """Which of two sources wins."""

    @pytest.mark.parametrize(("low", "high"), [*itertools.combinations(KINDS, 2)])
    def test_pair(self, low: str, high: str, tmp_path: Path) -> None:
        """Of each two kinds of sources, the higher one wins, whatever the order of the call."""
        options: dict[str, Any] = {"environ": {}}
        sources: list[Any] = []
        for kind in (low, high):
            value = KINDS.index(kind)
            path = tmp_path / kind
            if kind in ("file", "later file"):
                path.write_text(f"port = {value}\n")
                sources.append(path)
            elif kind == "own source":
                sources.insert(0, Store(value))
            elif kind == "secrets directory":
                path.mkdir()
                (path / "port").write_text(f"{value}\n")
                sources.insert(0, meshconf.SecretsDirectory(path, world_readable="allow"))
            elif kind == "dotenv":
                path.write_text(f"APP_PORT={value}\n")
                sources.insert(0, meshconf.DotEnv(path, "APP_"))
            elif kind == "environment":
                options["environ"] = {"APP_PORT": str(value)}
            elif kind == "overrides":
                options["overrides"] = {"port": value}
        snapshot = meshconf.read(*sources, schema=App, prefix="APP_", **options)
        expected = [value for value in (KINDS.index(high), KINDS.index(low)) if value] + [0]

        assert KINDS.index(high) == snapshot.config.port
        assert expected == [int(one.value) for one in snapshot.candidates("port")]


class TestJsonAndExploded:
    """A group as JSON in one variable, and its leaves in variables of their own."""

    def test_leaf_by_leaf(self) -> None:
        """An exploded variable beats the JSON's leaf, and the JSON's other leaves hold."""
        config = read(APP_POOL='{"size": 7, "timeout": 3}', APP_POOL_SIZE="8").config

        assert Pool(8, 3.0) == config.pool

    @pytest.mark.parametrize("leaf", ['"x"', "null", "-1.5", "[]", "{}", "true"])
    def test_losing_leaf_is_invalid(self, leaf: str) -> None:
        """A leaf of the JSON that loses may be invalid."""
        snapshot = read(APP_POOL=f'{{"size": {leaf}, "timeout": 3}}', APP_POOL_SIZE="8")

        assert Pool(8, 3.0) == snapshot.config.pool
        assert () == snapshot.warnings

    def test_winning_leaf_is_invalid(self) -> None:
        """A leaf of the JSON that wins is blamed within the JSON."""
        with pytest.raises(meshconf.ConfigError) as caught:
            read(APP_POOL='{"size": 7, "timeout": "x"}', APP_POOL_SIZE="8")

        assert [("pool.timeout", "APP_POOL")] == [
            (one.path, one.origin and one.origin.name) for one in caught.value.problems
        ]

    def test_order_of_the_environment(self) -> None:
        """The order in which the environment lists them changes nothing."""
        first = read(APP_POOL_SIZE="8", APP_POOL='{"size": 7}').config

        assert first == read(APP_POOL='{"size": 7}', APP_POOL_SIZE="8").config

    def test_over_a_file(self, file: Path) -> None:
        """JSON for a group beats a file leaf by leaf as well."""
        file.write_text('[pool]\nsize = 1\nname = "file"\n')

        assert Pool(7, 1.0, "file") == read(file, APP_POOL='{"size": 7}').config.pool

    def test_entry_of_a_map(self) -> None:
        """The same holds for the entries of a map of groups."""
        config = read(
            APP_POOLS='{"a": {"size": 1, "timeout": 2}, "b": {"size": 3}}', APP_POOLS__A__SIZE="9"
        ).config

        assert {"a": Pool(9, 2.0), "b": Pool(3)} == config.pools


class TestScalarOnAGroup:
    """A variable with the name of a group that holds no JSON."""

    def test_leaves_are_read(self) -> None:
        """It does not keep the group's leaves from being read."""
        config = read(APP_POOL="tcp", APP_POOL_SIZE="8").config

        assert Pool(8) == config.pool

    def test_is_told(self) -> None:
        """It is a warning, since it has no effect."""
        (warning,) = read(APP_POOL="tcp", APP_POOL_SIZE="8").warnings

        assert "MC103" == warning.code
        assert warning.message.startswith("environment variable APP_POOL names a group")

    def test_file_below(self, file: Path) -> None:
        """It does not hide what a file says of the group."""
        file.write_text("[pool]\nsize = 3\n")

        assert Pool(3) == read(file, APP_POOL="").config.pool


class TestOneLeaf:
    """Overriding one leaf of a group."""

    def test_over_a_file(self, file: Path) -> None:
        """A variable for one leaf leaves its siblings as the file has them."""
        file.write_text('[pool]\nsize = 3\ntimeout = 4.0\nname = "file"\n')

        assert Pool(8, 4.0, "file") == read(file, APP_POOL_SIZE="8").config.pool

    def test_over_files(self, tmp_path: Path) -> None:
        """A second file with one leaf leaves its siblings as the first has them."""
        first, last = tmp_path / "first.toml", tmp_path / "last.toml"
        first.write_text('pool.size = 3\npool.name = "first"\n')
        last.write_text("[pool]\ntimeout = 4\n")

        assert Pool(3, 4.0, "first") == read(first, last).config.pool

    @pytest.mark.parametrize("name", ["large", "made"])
    def test_over_the_default_of_the_group(self, name: str) -> None:
        """A variable for one leaf leaves its siblings as the group's own default has them."""
        before = getattr(App(), name)
        config = read(**{f"APP_{name.upper()}_SIZE": "8"}).config

        assert attrs.evolve(before, size=8) == getattr(config, name)

    @pytest.mark.parametrize("name", ["large", "made"])
    def test_default_is_the_last_candidate(self, name: str) -> None:
        """The group's own default is the last candidate of a leaf."""
        candidates = read(**{f"APP_{name.upper()}_SIZE": "8"}).candidates(f"{name}.size")

        assert getattr(App(), name).size == candidates[-1].value

    def test_entry_of_a_map(self, file: Path) -> None:
        """One leaf of one entry leaves the entry's siblings and the other entries alone."""
        file.write_text("[pools.a]\nsize = 1\ntimeout = 2\n[pools.b]\nsize = 3\n")

        assert {"a": Pool(9, 2.0), "b": Pool(3)} == read(file, APP_POOLS__A__SIZE="9").config.pools

    def test_override(self, file: Path) -> None:
        """An override of one leaf leaves its siblings alone, dotted or nested."""
        file.write_text("[pool]\nsize = 3\ntimeout = 4\n")
        expected = Pool(9, 4.0)

        assert expected == read(file, overrides={"pool.size": 9}).config.pool
        assert expected == read(file, overrides={"pool": {"size": 9}}).config.pool

    def test_list_is_one_value(self, file: Path) -> None:
        """A list is one value: it replaces the default as a whole."""
        file.write_text('tags = ["file"]\n')

        assert ["file"] == read(file).config.tags


class TestOptionalGroup:
    """A group that may be absent."""

    def test_none(self, file: Path) -> None:
        """It is None if nothing in it is set."""
        file.write_text("port = 1\n")

        assert read(file).config.database is None

    def test_by_variable(self) -> None:
        """One variable is enough to make it, if nothing else in it is required."""
        assert Database("db") == read(APP_DATABASE_HOST="db").config.database

    def test_missing_variable_is_named_in_full(self) -> None:
        """If something in it is set, what is missing is named with its whole variable."""
        with pytest.raises(meshconf.ConfigError) as caught:
            read(APP_DATABASE_PORT="1")
        (problem,) = caught.value.problems

        assert ("MC102", "database.host") == (problem.code, problem.path)
        assert "set APP_DATABASE_HOST" in str(problem.help)

    def test_file_and_variable(self, file: Path) -> None:
        """A file and a variable make it together."""
        file.write_text("[database]\nport = 1\n")

        assert Database("db", 1) == read(file, APP_DATABASE_HOST="db").config.database

    def test_empty_table(self, file: Path) -> None:
        """An empty table asks for it, so that what is required is missing."""
        file.write_text("[database]\n")
        with pytest.raises(meshconf.ConfigError, match=r"`database\.host` is required"):
            read(file)
