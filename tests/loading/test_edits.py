"""The edits that problems propose: which, where, and when none."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Literal

import attrs
import pytest

import meshconf
from meshconf import Secret, setting
from meshconf.diagnostics.problem import Edit
from meshconf.diagnostics.spans import Position
from meshconf.loading.edits import literal_at, renaming, replacing
from meshconf.loading.findings import Masks
from meshconf.schema.compile import model_of
from meshconf.sources.file import parse_toml
from meshconf.sources.layer import Layer

Attempt = Callable[..., Any]


class Color(Enum):
    """A set of choices, one of which is hard to write."""

    RED = "red"
    GREEN = "green"
    ODD = 'ma"uve'


@attrs.frozen(kw_only=True)
class Tls:
    """A group with a secret."""

    key: Secret[str] | None = setting(None, renamed_from="pem")
    name: str = ""


@attrs.frozen(kw_only=True)
class Pool:
    """A group, also found in lists and maps."""

    limit: int = setting(1, renamed_from="size")


@attrs.frozen(kw_only=True)
class App:
    """A schema with every kind of setting that edits speak of."""

    port: int = 80
    ratio: float = 0.5
    debug: bool = False
    version: str = "1"
    codes: tuple[int, ...] = ()
    names: Mapping[str, str] = setting(attrs.Factory(dict))
    delay: meshconf.Seconds = setting(1.0, le=60)
    period: dt.timedelta | None = None
    delays: tuple[meshconf.Seconds, ...] = ()
    memory: meshconf.Bytes = 1
    color: Color = Color.RED
    level: Literal["debug", "info", "1", 2] = "info"
    order: Mapping[Literal["first", "last"], Literal["rise", "fall"]] = setting(attrs.Factory(dict))
    password: Secret[str] | None = setting(None, renamed_from="passphrase")
    pin: Secret[int] | None = None
    tls: Tls = Tls()
    pool: Pool = setting(Pool(), renamed_from="bowl")
    pools: tuple[Pool, ...] = ()
    entries: Mapping[str, Pool] = setting(attrs.Factory(dict))


def problems(text: str, attempt: Attempt, **options: Any) -> tuple[meshconf.Problem, ...]:
    """Load a text; return what is wrong with it."""
    options.setdefault("schema", App)
    found = attempt(text, **options)
    told: tuple[meshconf.Problem, ...] = (
        found.problems if isinstance(found, meshconf.ConfigError) else found.warnings
    )
    return told


def made(text: str, attempt: Attempt, **options: Any) -> list[tuple[str, str, bool]]:
    """Load a text; return what each edit makes of it, and whether it is safe."""
    edits = [(one.code, one.edit) for one in problems(text, attempt, **options) if one.edit]
    content = text.encode()
    return [
        (code, (content[: edit.start.byte] + replacement + content[edit.end.byte :]).decode(), safe)
        for code, edit in edits
        for replacement, safe in [(edit.replacement.encode(), edit.safe)]
    ]


class TestValues:
    @pytest.mark.parametrize(
        ("text", "mended"),
        [
            ('port = "8500"', "port = 8500"),
            ("port = '-1'", "port = -1"),
            ('ratio = "0.50"', "ratio = 0.50"),
            ('debug = "true"', "debug = true"),
            ("version = 1.20 # é", 'version = "1.20" # é'),
            ("version = 0x1_F", 'version = "0x1_F"'),
            ("version = true", 'version = "true"'),
            ("version = nan", 'version = "nan"'),
            ('names = {"é" = 1, "b" = "2"}', 'names = {"é" = "1", "b" = "2"}'),
            ('codes = [1, "2",\r\n3]', "codes = [1, 2,\r\n3]"),
            ('[[pools]]\n[[pools]]\nlimit = "3"', "[[pools]]\n[[pools]]\nlimit = 3"),
            ('[entries."a.b"]\nlimit = "3"', '[entries."a.b"]\nlimit = 3'),
        ],
    )
    def test_quotes(self, text: str, mended: str, attempt: Attempt):
        """Quotes around a number or a truth value go, and those that a text lacks come."""
        assert [("MC201", mended, True)] == made(text, attempt)

    @pytest.mark.parametrize(
        ("text", "mended"),
        [
            ('delay = "5 secs"', 'delay = "5s"'),
            ("period = '2.5 Hours'", 'period = "2.5h"'),
            ('delays = ["1s", " 2 min "]', 'delays = ["1s", "2m"]'),
        ],
    )
    def test_units(self, text: str, mended: str, attempt: Attempt):
        """A duration whose unit is clear is written with the unit that can be read."""
        assert [("MC204", mended, True)] == made(text, attempt)

    @pytest.mark.parametrize(
        ("text", "mended"),
        [
            ('color = "gren"', 'color = "green"'),
            ("level = 'Infos'", 'level = "info"'),
            ('order = {first = "rises"}', 'order = {first = "rise"}'),
        ],
    )
    def test_choices(self, text: str, mended: str, attempt: Attempt):
        """The one choice that is near is proposed, but is not certain to be meant."""
        assert [("MC203", mended, False)] == made(text, attempt)

    @pytest.mark.parametrize(
        "text",
        [
            *['port = "0x50"', 'port = "007"', 'port = "٣"', 'port = "1.5"', 'debug = "yes"'],
            *['port = "\\u0031"', 'port = """80"""', "port = '''80'''", 'ratio = "007.5"'],
            *["version = 2024-01-01", "version = [1]", "port = 1.5", 'delay = "500"'],
            *['delay = "5 parsecs"', 'delay = """5 secs"""', 'memory = "5 min"', "delay = true"],
            *['color = "violet"', 'color = "ma\'uve"', 'level = "2x"', "level = 3"],
            *['order = {frist = "rise"}'],
            *['pin = "1234"', "password = 5", "tls.key = 5", "tls.pem = 5", "passphrase = 5"],
        ],
    )
    def test_what_is_not_clear(self, text: str, attempt: Attempt):
        """What could mean something else, is written in another way or secret has no edit."""
        assert problems(text, attempt)
        assert [] == made(text, attempt)

    def test_only_in_files(self, attempt: Attempt):
        """A variable has its remedy in words, for it is no text that could be edited."""
        environ = {"APP_DELAY": "5 secs", "APP_CODES": '["1"]', "APP_COLOR": "gren"}
        environ |= {"APP_POOL_SIZE": "1", "APP_TLS": '{"nmae": "x", "name": 1}'}

        assert [] == made("", attempt, environ=environ)

    def test_not_in_overrides(self, attempt: Attempt):
        """Nor are values that the program itself gives."""
        overrides = {"port": "80", "pool": {"size": "1", "x": 1}, "version": 1.5}

        assert [] == made("", attempt, overrides=overrides)

    @pytest.mark.parametrize(
        ("text", "help"),
        [
            ("version = 1.20", 'add quotes: version = "1.20"'),
            (f"version = {'9' * 99}", f'add quotes: version = "{"9" * 58}…'),
            ("names = {a = 1}", None),
            ("codes = ['1']", None),
            ('delays = ["5 secs"]', None),
            ('memory = "5 min"', None),
        ],
    )
    def test_help_quotes_the_file(self, text: str, help: str | None, attempt: Attempt):
        """The words of a remedy show a number as the file writes it, not as Python would."""
        (problem,) = problems(text, attempt)

        assert help == problem.help

    def test_help_quotes_json(self, attempt: Attempt):
        """A number in the JSON of a variable is shown as it stands there, too."""
        (problem,) = problems("", attempt, environ={"APP_TLS": '{"name": 1.20}'})

        assert (None, 'add quotes: name = "1.20"') == (problem.edit, problem.help)


class TestKeys:
    @pytest.mark.parametrize(
        ("text", "mended"),
        [
            ("pool.size = 2", "pool.limit = 2"),
            ("'pool' . \"size\" = 2 # é", "'pool' . limit = 2 # é"),
            ("pools = [{limit = 1}, {size = 2}]", "pools = [{limit = 1}, {limit = 2}]"),
            ('[entries."é"]\nsize = 2', '[entries."é"]\nlimit = 2'),
            ("bowl = {limit = 2}", "pool = {limit = 2}"),
            ("bowl.limit = 2", "pool.limit = 2"),
            ("[bowl]\nlimit = 2", "[pool]\nlimit = 2"),
            ("[ 'bowl' ]", "[ pool ]"),
        ],
    )
    def test_old_names(self, text: str, mended: str, attempt: Attempt):
        """A key under its old name is renamed where it stands, with no quotes that it can spare."""
        assert [("MC104", mended, True)] == made(text, attempt)

    def test_name_that_needs_quotes(self, attempt: Attempt):
        """A name that TOML does not take bare is put in quotes."""
        wide = attrs.make_class("Wide", {"größe": setting(1, renamed_from="size")})
        wide.__annotations__ = {"größe": int}

        assert [("MC104", '"größe" = 2', True)] == made("size = 2", attempt, schema=wide)

    @pytest.mark.parametrize(
        ("text", "mended"),
        [
            ("prot = 80", "port = 80"),
            ("pool.limt = 80", "pool.limit = 80"),
            ("pool.sizes = 80", "pool.limit = 80"),
            ("[poool]\nlimit = 2\nx.y = 3", "[pool]\nlimit = 2\nx.y = 3"),
            ("[[entriess]]\nx = 1", "[[entries]]\nx = 1"),
            ("[entriess.x]\n", "[entries.x]\n"),
        ],
    )
    def test_misspelt(self, text: str, mended: str, attempt: Attempt):
        """A key that is near to just one name is proposed to be renamed."""
        assert [("MC101", mended, False)] == made(text, attempt)

    @pytest.mark.parametrize(
        "text",
        [
            "pool.size = 1\npool.limit = 1",
            "port = 1\nprot = 2",
            "PORT = 1\nprot = 2",
            "pools = [{limit = 1, limt = 2}]",
            "poolz = 1",
            "unlike = 1",
            "passwrod = 'x'",
            "tls.kye = 'x'",
            "passphrase = 'x'",
        ],
    )
    def test_what_is_not_clear(self, text: str, attempt: Attempt):
        """No key is renamed to what is given too, to one of several names, or to a secret."""
        assert problems(text, attempt)
        assert [] == made(text, attempt)

    def test_old_name_is_given_too(self, attempt: Attempt):
        """Nor to what is given under its old name."""
        text = "[pool]\nsize = 1\nlimt = 2"

        assert ["MC104"] == [code for code, _, _ in made(text, attempt)]

    def test_keys_of_other_kinds(self, attempt: Attempt):
        """What a program gives may have keys that are no text."""
        assert [] == made("", attempt, overrides={"pool": {"limt": 1, 5: 1}})

    @pytest.mark.parametrize(
        "text",
        [
            "bowl.limit = 2\nbowl.x = 1",
            "[bowl]\n[bowl.x]",
            "[bowl.x]\n[bowl.y]",
            "[bowl.x]\n[bowl]",
            "[[bowl]]\n[[bowl]]",
            "[[bowl]]\n[bowl.x]",
            "bowl.x.y = 1\nbowl.x.z = 1",
        ],
    )
    def test_named_in_several_places(self, text: str, attempt: Attempt):
        """A group whose name stands in several places is not renamed in one of them."""
        assert [] == made(text, attempt)

    @pytest.mark.parametrize(
        "text",
        [
            "bowl.x = {y = 1, z.a = 1}",
            "[bowl]\nx.y = 1\nx.z = 1",
            "[bowl.x]\ny = 1\nz = 1",
            "[[bowl]]\nx = 1\ny.z = 1",
            "bowl = [{x = 1}, {y = 1}]",
        ],
    )
    def test_named_in_one_place(self, text: str, attempt: Attempt):
        """What only its one statement names is renamed, whatever it holds."""
        assert (text.replace("bowl", "pool"), True) in [edit[1:] for edit in made(text, attempt)]


class TestSecrets:
    def test_are_never_replaced(self):
        """What a report masks has no edit."""
        model = model_of(App)
        text = '[tls]\nkey = "canary"\n'
        layer = parse_toml(model, text, kind="file", name="app.toml")
        masks = Masks(model, [layer])

        assert replacing(layer, ("tls", "key"), masks, '"x"', safe=True) is None
        assert renaming(layer, ("tls", "key"), masks, "name", safe=True) is not None


class TestLiteral:
    def test_of_what_stands_nowhere(self):
        """What no text holds is written nowhere."""
        assert "" == literal_at(Layer("override", "overrides", {"a": 1}), ("a",))


class TestPositions:
    def test_are_those_of_the_file(self, attempt: Attempt):
        """An edit says line, column and byte, and names the file."""
        (problem,) = problems('# é\nversion = "é"\ncodes = [ "1"]', attempt)
        origin = meshconf.Origin("file", "app.toml")

        assert (
            Edit(origin, Position(3, 11, 30), Position(3, 14, 33), "1", safe=True) == problem.edit
        )
