"""`load` is a function of its inputs and of nothing else."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import attrs
import pytest
from attrs.validators import ge
from hypothesis import example, given, settings
from hypothesis import strategies as st

import meshconf
from meshconf import Seconds, Secret, rule
from tests.laws.threads import at_once


@attrs.frozen
class Pool:
    size: int = attrs.field(default=5, validator=ge(1))
    timeout: Seconds = 1.0


@attrs.frozen
class App:
    name: str
    port: int = 80
    token: Secret[str] | None = None
    tags: list[str] = attrs.Factory(list)
    pool: Pool = attrs.Factory(Pool)
    pools: dict[str, Pool] = attrs.Factory(dict)

    @rule("port", "pool.size", level="warning")
    @staticmethod
    def enough_connections(port: int, size: int) -> str | None:
        """The pool is smaller than the port."""
        return f"{size} is more than {port}" if size > port else None


LINES = [
    'name = "a"',
    "port = 1",
    'port = "x"',
    'token = "t"',
    'tags = ["a", "b"]',
    "tags = [1]",
    "unknown = 1",
    "pool.size = 0",
    'pool.timeout = "5 secs"',
    'pools.k = {size = 2, timeout = "1s"}',
    "broken",
]

VARIABLES = {
    "APP_NAME": ["b", ""],
    "APP_PORT": ["2", "x"],
    "APP_TAGS": ["a,b", "[1"],
    "APP_POOL": ['{"size": 9}', "{", "tcp"],
    "APP_POOL_SIZE": ["90", "0"],
    "APP_POOLS__K__SIZE": ["4"],
    "APP_POOLS__NEW_ONE__TIMEOUT": ["500ms"],
    "APP_UNKNOWN": ["1"],
    "OTHER": ["1"],
}

texts = st.lists(st.sampled_from(LINES), unique=True, max_size=4).map("\n".join)
environs = st.fixed_dictionaries(
    {}, optional={name: st.sampled_from(values) for name, values in VARIABLES.items()}
)


@pytest.fixture(name="folder", scope="module")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder for the examples of this module, which come one after the other."""
    return tmp_path_factory.mktemp("app")


def outcome(*sources: Any, **options: Any) -> Any:
    """Load, and tell all that came of it."""
    try:
        snapshot = meshconf.read(*sources, schema=App, prefix="APP_", **options)
    except meshconf.ConfigError as error:
        return error.problems, error.sources, str(error)
    paths = ["name", "port", "tags", "pool.size", "pool.timeout", "pools"]
    explained = [snapshot.explain(path) for path in paths]
    return snapshot.config, snapshot.warnings, snapshot.fingerprint, explained


class TestPurity:
    """What `load` reads and leaves behind."""

    @settings(max_examples=40, deadline=None)
    @given(texts, environs)
    def test_same_twice(self, folder: Path, text: str, environ: dict[str, str]) -> None:
        """The same inputs give an equal configuration or the same report, every time."""
        file = folder / "app.toml"
        file.write_text(text)
        first = outcome(file, environ=environ)

        assert first == outcome(file, environ=environ)

    @settings(max_examples=30, deadline=None)
    @given(texts, environs)
    def test_nothing_is_changed(self, folder: Path, text: str, environ: dict[str, str]) -> None:
        """Neither the process's variables, nor those given, nor the folder are changed."""
        file = folder / "app.toml"
        file.write_text(text)
        before = dict(os.environ), dict(environ), Path.cwd(), sorted(folder.iterdir())
        outcome(file, environ=environ)

        assert before == (dict(os.environ), environ, Path.cwd(), sorted(folder.iterdir()))
        assert text == file.read_text()

    @settings(max_examples=25, deadline=None)
    @given(texts, environs)
    def test_process_or_mapping(self, folder: Path, text: str, environ: dict[str, str]) -> None:
        """The variables of the process and an equal mapping give the same."""
        file = folder / "app.toml"
        file.write_text(text)
        expected = outcome(file, environ=environ)
        with pytest.MonkeyPatch.context() as patch:
            for name in VARIABLES:
                patch.delenv(name, raising=False)
            for name, value in environ.items():
                patch.setenv(name, value)
            found = outcome(file)

        assert expected == found

    @settings(max_examples=20, deadline=None)
    @given(texts, environs, texts, environs)
    def test_no_memory(
        self, folder: Path, text: str, environ: dict[str, str], other: str, others: dict[str, str]
    ) -> None:
        """A load in between, good or bad, changes nothing."""
        file, another = folder / "app.toml", folder / "other.toml"
        file.write_text(text)
        another.write_text(other)
        expected = outcome(file, environ=environ)
        outcome(another, environ=others)

        assert expected == outcome(file, environ=environ)

    @settings(max_examples=30, deadline=None)
    @given(environs)
    def test_order_of_the_variables(self, environ: dict[str, str]) -> None:
        """The order in which a process lists its variables changes nothing."""
        turned = dict(reversed(environ.items()))

        assert outcome(environ=environ)[0] == outcome(environ=turned)[0]


@attrs.frozen
class Kinds:
    """A setting of each kind of text."""

    text: str = ""
    number: int = 0
    share: float = 0.0
    flag: bool = False
    wait: Seconds = 0.0
    texts: list[str] = attrs.Factory(list)
    numbers: list[int] = attrs.Factory(list)
    pair: tuple[int, str] = (0, "")
    table: dict[str, int] = attrs.Factory(dict)
    choice: Literal["a", "b"] = "a"
    secret: Secret[str] | None = None
    path: Path = Path()
    pool: Pool = attrs.Factory(Pool)
    pools: dict[str, Pool] = attrs.Factory(dict)


PIECES = [*'[]{}",:\\ ax1.-\n', "null", "true", '"a"', '{"size": 1}', "[1,", "é", "5s", "\ud800"]


class TestAnyText:
    """Texts that nobody foresaw."""

    @settings(max_examples=100, deadline=None)
    @given(
        st.sampled_from([one.name.upper() for one in attrs.fields(Kinds)]),
        st.lists(st.sampled_from(PIECES), max_size=6).map("".join),
    )
    @example("NUMBERS", "[1")
    @example("TEXTS", '["a", "b')
    @example("PAIR", "[")
    @example("TABLE", '{"a": 1')
    @example("POOLS", '{"a": {"size": 1}')
    def test_in_a_variable(self, name: str, text: str) -> None:
        """Any text in a variable gives a configuration, or an error that names the variable."""
        shown = f"APP_{name}"
        try:
            meshconf.load(schema=Kinds, prefix="APP_", environ={f"APP_{name}": text})
        except meshconf.ConfigError as error:
            shown = str(error)

        assert f"APP_{name}" in shown

    @settings(max_examples=80, deadline=None)
    @given(st.lists(st.sampled_from([*PIECES, "pool", "=", "numbers", "]\n"]), max_size=8))
    def test_in_a_file(self, folder: Path, pieces: list[str]) -> None:
        """Any text in a file gives a configuration, or an error that names the file."""
        file = folder / "any.toml"
        file.write_bytes("".join(pieces).encode(errors="surrogatepass"))
        shown = str(file)
        try:
            meshconf.load(file, schema=Kinds, prefix=None)
        except meshconf.ConfigError as error:
            shown = str(error)

        assert str(file) in shown


@pytest.fixture(name="quick_switches")
def _quick_switches() -> Iterator[None]:
    """Let Python switch between threads as often as it can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def fresh_schema(number: int) -> Any:
    """Make a class that nothing has seen yet."""
    pool = attrs.make_class(
        "Pool",
        {
            "size": attrs.field(type=int, default=number, validator=ge(0)),
            "timeout": attrs.field(type=Seconds, default=1.0),
        },
        frozen=True,
    )
    return attrs.make_class(
        "App",
        {
            f"name_{number}": attrs.field(type=str, default="x"),
            "tags": attrs.field(type=list[str], factory=list),
            "pool": attrs.field(type=pool, factory=pool),
            "pools": attrs.field(type=dict[str, pool], factory=dict),  # type: ignore[valid-type]
        },
        frozen=True,
    )


ENVIRON = {
    "APP_TAGS": "a,b",
    "APP_POOL_TIMEOUT": "500ms",
    "APP_POOLS__K__SIZE": "7",
}


def load_job(schema: Any) -> Callable[[], Any]:
    """Make a job that loads a schema and gives the values."""
    return lambda: attrs.asdict(meshconf.load(schema=schema, prefix="APP_", environ=ENVIRON))


def expected_values(number: int) -> dict[str, Any]:
    """List the values of a fresh schema after a load."""
    return {
        f"name_{number}": "x",
        "tags": ["a", "b"],
        "pool": {"size": number, "timeout": 0.5},
        "pools": {"k": {"size": 7, "timeout": 1.0}},
    }


@pytest.mark.usefixtures("quick_switches")
class TestThreads:
    """Eight threads at once."""

    @pytest.mark.parametrize("number", range(10))
    def test_first_load_of_one_schema(self, number: int) -> None:
        """Eight first loads of one schema give equal configurations."""
        schema = fresh_schema(number)

        assert [expected_values(number)] * 8 == at_once([load_job(schema)] * 8)

    @pytest.mark.parametrize("round_", range(4))
    def test_first_loads_of_several_schemas(self, round_: int) -> None:
        """Eight first loads of eight schemas do not meet."""
        numbers = range(round_ * 8, round_ * 8 + 8)
        jobs = [load_job(fresh_schema(number)) for number in numbers]

        assert [expected_values(number) for number in numbers] == at_once(jobs)

    def test_configurations_are_equal(self) -> None:
        """What eight threads load is equal, and of the very class that was given."""
        schema = fresh_schema(1)
        configs = at_once(
            [lambda: meshconf.load(schema=schema, prefix="APP_", environ=ENVIRON)] * 8
        )

        assert [configs[0]] * 8 == configs
        assert {schema} == {type(config) for config in configs}

    def test_good_and_bad(self) -> None:
        """Failing loads beside good ones of the same schema fail, and the good ones do not."""
        schema = fresh_schema(3)

        def bad() -> Any:
            try:
                meshconf.load(schema=schema, prefix="APP_", environ={"APP_POOL_SIZE": "-1"})
            except meshconf.ConfigError as error:
                return [problem.path for problem in error.problems]

        expected = [expected_values(3), ["pool.size"]] * 4

        assert expected == at_once([load_job(schema), bad] * 4)

    def test_snapshots(self) -> None:
        """Origins and fingerprints may be asked for by all threads at once."""
        snapshot = meshconf.read(schema=fresh_schema(4), prefix="APP_", environ=ENVIRON)

        def ask() -> Any:
            return snapshot.origin("pool.timeout"), snapshot.fingerprint

        assert 1 == len(set(at_once([ask] * 8)))
