"""The laws of migrations: a document and its text become the same, in whatever layout."""

from __future__ import annotations

import random
import re
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import tomli
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from meshconf.diagnostics.spans import index_toml
from meshconf.evolution.documents import migrate
from meshconf.evolution.proof import Unproven, same
from meshconf.evolution.rewriting import splices_for
from meshconf.evolution.splices import Splice, spliced
from meshconf.evolution.texts import proven
from meshconf.schema.edits import (
    convert,
    join,
    map_values,
    move,
    remove,
    rename,
    set_default,
    split,
)
from meshconf.schema.steps import step
from tests.evolution.migrating import migrate_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meshconf.evolution.documents import Migrated
    from meshconf.schema.edits import DeclaredEdit
    from meshconf.schema.steps import Step

# --- Documents, and the texts that say them -------------------------------------------

NAMES = ["a", "b", "c", "d_e"]

#: Values, and the ways to write each.
SCALARS: list[tuple[Any, list[str]]] = [
    (0, ["0", "+0"]),
    (False, ["false"]),
    ("", ['""', "''", '"""\n"""']),
    (0.0, ["0.0", "0e0"]),
    ([], ["[]", "[ # none {}\n ]"]),
    (7, ["7", "0x7"]),
    ("# no", ['"# no"', "'# no'"]),
    ("x\n[y]\n", ['"""x\n[y]\n"""', "'''\nx\n[y]\n'''", '"x\\n[y]\\n"']),
    ([1, "}"], ['[1, "}"]', "[ # one {}\n  1,\n\t'}', # two {}\n]"]),
]

scalars = st.sampled_from(SCALARS).map(lambda pair: pair[0])
documents = st.recursive(
    scalars,
    lambda below: (
        st.dictionaries(st.sampled_from(NAMES), below, max_size=3)
        | st.lists(
            st.dictionaries(st.sampled_from(NAMES), scalars, max_size=2), min_size=1, max_size=2
        )
    ),
    max_leaves=6,
)
tables = st.dictionaries(st.sampled_from(NAMES), documents, min_size=1, max_size=4)


class Writer:
    """Writes a document in a layout that chance chooses."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.comments = 0

    def document(self, document: dict[str, Any]) -> str:
        """Write a document."""
        own, below = self.section(document, [])
        text = "".join([*self.noise(), *own, *below])
        if self.chance.random() < 0.2:
            text = text.removesuffix("\n")
        return text.replace("\n", "\r\n") if self.chance.random() < 0.3 else text

    def section(self, table: dict[str, Any], path: list[str]) -> tuple[list[str], list[str]]:
        """Write the lines of a table, and the tables with headers below it."""
        own: list[str] = []
        below: list[list[str]] = []
        for name, value in table.items():
            self.entry(value, path, [self.key(name)], own, below)
        self.chance.shuffle(below)
        if self.chance.random() < 0.5:
            self.chance.shuffle(own)
        return own, [line for lines in below for line in lines]

    def entry(
        self, value: Any, path: list[str], keys: list[str], own: list[str], below: list[list[str]]
    ) -> None:
        """Write one entry: on a line, as several dotted keys, or with headers."""
        style = self.chance.choice(["inline", "dotted", "header", "header"])
        if isinstance(value, dict) and style == "header":
            inner, deeper = self.section(value, [*path, *keys])
            implicit = deeper and not inner and self.chance.random() < 0.5
            opened = [] if implicit else [self.header("[]", [*path, *keys]), *inner]
            below.append([*opened, *deeper] if self.chance.random() < 0.8 else [*deeper, *opened])
        elif isinstance(value, dict) and value and style == "dotted":
            for name, item in value.items():
                self.entry(item, path, [*keys, self.key(name)], own, below)
        elif isinstance(value, list) and value and isinstance(value[0], dict) and style == "header":
            lines: list[str] = []
            for element in value:
                lines.append(self.header("[[]]", [*path, *keys]))
                lines += [self.pair([self.key(name)], item) for name, item in element.items()]
            below.append(lines)
        else:
            own.append(self.pair(keys, value))

    def header(self, brackets: str, keys: list[str]) -> str:
        """Write the line of a header."""
        half = len(brackets) // 2
        return self.line(f"{brackets[:half]}{self.dotted(keys)}{brackets[half:]}")

    def pair(self, keys: list[str], value: Any) -> str:
        """Write a statement, with its line."""
        equals = self.chance.choice([" = ", "=", "\t=  "])
        return self.line(f"{self.dotted(keys)}{equals}{self.value(value)}")

    def line(self, text: str) -> str:
        """Write a line, with an indent, comments and empty lines about it."""
        after = self.chance.choice(["", "", "  ", self.comment(), f" {self.comment()}"])
        return "".join([*self.noise(), self.chance.choice(["", "", "  ", "\t"]), text, after, "\n"])

    def noise(self) -> Iterator[str]:
        """Write comments and empty lines."""
        while self.chance.random() < 0.25:
            yield self.chance.choice(["\n", " \n", f"{self.comment()}\n", f"  {self.comment()}\n"])

    def comment(self) -> str:
        """Write a comment that no other one is the same as."""
        self.comments += 1
        return self.chance.choice(["# n{}", "#n{} = 1", "#[n{}]", "# '''\"n{}"]).format(
            self.comments
        )

    def dotted(self, keys: list[str]) -> str:
        """Write a dotted key."""
        return self.chance.choice([".", ".", " . "]).join(keys)

    def key(self, name: str) -> str:
        """Write a key in one of its spellings."""
        return self.chance.choice(
            [name, name, name, f'"{name}"', f"'{name}'", name.replace("_", "-")]
        )

    def value(self, value: Any) -> str:
        """Write a value, arrays and tables on one line."""
        if isinstance(value, dict):
            pairs = [f"{self.key(name)}={self.value(item)}" for name, item in value.items()]
            return self.chance.choice(["{%s}", "{ %s }"]) % self.chance.choice([",", ", "]).join(
                pairs
            )
        if isinstance(value, list) and value and isinstance(value[0], dict):
            return f"[{', '.join(map(self.value, value))}]"
        texts = next(texts for one, texts in SCALARS if same(one, value))
        return re.sub(r"\{\}(?=\n)", lambda _: self.comment()[1:], self.chance.choice(texts))


@st.composite
def texts(draw: Any) -> str:
    """Make a text of a document."""
    document = draw(tables)
    chance = random.Random(draw(st.integers(0, 2**16)))  # noqa: S311 - chance for tests
    return Writer(chance).document(document)


# --- Steps ----------------------------------------------------------------------------

names = st.sampled_from([*NAMES, "new"])
paths = st.lists(names, min_size=1, max_size=3).map(".".join)
entries = st.sampled_from(["", "", "", "a.*.", "*."])
values = scalars | st.just({"in": 1})


def wrapped(value: Any) -> list[Any]:
    """Make an array of a value."""
    return [value]


def halves(value: Any) -> list[Any]:
    """Give a value and what it is not."""
    return [value, None if value == 7 else [value]]


def listed(*given: Any) -> list[Any] | None:
    """Make an array of values; none of them if one is missing."""
    return None if None in given else list(given)


@st.composite
def edits(draw: Any) -> DeclaredEdit:
    """Make an edit."""
    start = draw(entries)
    one, two, three = (start + draw(paths) for _ in range(3))
    kind = draw(
        st.sampled_from(
            ["rename", "move", "move", "remove", "set", "map", "convert", "split", "join"]
        )
    )
    if kind == "rename":
        name = draw(names)
        assume(one.rpartition(".")[2] != name)
        return rename(one, name)
    if kind == "move":
        assume(one != two)
        return move(one, two)
    if kind == "remove":
        return remove(one, reason="gone\nby now")
    if kind == "set":
        return set_default(one, draw(values))
    if kind == "map":
        return map_values(one, {0: 1, "": None, "# no": 0})
    if kind == "convert":
        return convert(one, wrapped)
    if kind == "split":
        assume(not (two + ".").startswith(three + ".") and not (three + ".").startswith(two + "."))
        return split(one, [two, three], halves)
    assume(not (two + ".").startswith(one + ".") and not (one + ".").startswith(two + "."))
    return join([one, two], three, listed)


@st.composite
def histories(draw: Any) -> list[Step]:
    """Make one or two steps."""
    found = draw(st.lists(st.lists(edits(), min_size=1, max_size=3), min_size=1, max_size=2))
    return [step(number, *some) for number, some in enumerate(found, 2)]


def migrated_of(text: str, steps: list[Step]) -> Migrated:
    """Migrate a document that has no conflict."""
    found = migrate(tomli.loads(text), len(steps) + 1, steps)
    assume(not found.failures and all(conflict.equal for conflict in found.conflicts))
    return found


def rewritten(text: str, steps: list[Step]) -> str:
    """Migrate a text that can be migrated."""
    try:
        return migrate_text(text, len(steps) + 1, steps)
    except Unproven:
        assume(False)
        raise


def comments_of(text: str) -> list[str]:
    """List the comments of a text, as the scanner finds them."""
    return [text[start:end] for start, end in index_toml(text).comments]


class TestRoutes:
    @settings(max_examples=150, deadline=None)
    @given(texts(), histories())
    def test_agree(self, text, steps):
        """The text, migrated, says what the document becomes."""
        expected = {**migrated_of(text, steps).document, "config_version": len(steps) + 1}

        assert same(expected, tomli.loads(rewritten(text, steps)))

    @settings(max_examples=80, deadline=None)
    @given(texts(), histories())
    def test_do_it_once(self, text, steps):
        """A text that was migrated is not changed again."""
        migrated_of(text, steps)
        new = rewritten(text, steps)

        assert new == migrate_text(new, len(steps) + 1, steps)

    @settings(max_examples=80, deadline=None)
    @given(texts(), histories())
    def test_leave_the_old_document_alone(self, text, steps):
        """The document that is migrated stays as it was."""
        document = tomli.loads(text)
        before = deepcopy(document)
        migrate(document, len(steps) + 1, steps)

        assert same(before, document)


class TestTexts:
    @settings(max_examples=80, deadline=None)
    @given(texts(), histories())
    def test_keep_comments(self, text, steps):
        """Each comment is still there."""
        migrated_of(text, steps)
        old, new = comments_of(text), comments_of(rewritten(text, steps))

        assert [] == [one for one in old if not any(other.endswith(one) for other in new)]

    @settings(max_examples=80, deadline=None)
    @given(texts(), histories())
    def test_stay_the_same_outside_of_the_splices(self, text, steps):
        """What no splice covers is there as it was, in order."""
        found = migrated_of(text, steps)
        splices = sorted(splices_for(text, len(steps) + 1, found), key=lambda one: one[:2])
        new, at = rewritten(text, steps), 0
        ends = [0, *(splice.end for splice in splices)]
        starts = [*(splice.start for splice in splices), len(text)]
        for start, end in zip(ends, starts, strict=True):
            at = new.index(text[start:end], at) + end - start

        assert len(text) >= at - sum(len(splice.replacement) for splice in splices)

    @settings(max_examples=80, deadline=None)
    @given(texts(), histories(), st.data())
    def test_show_a_splice_that_is_off_by_one(self, text, steps, data):
        """A splice moved by a character is refused, unless it changes but blanks or the order."""
        found, version = migrated_of(text, steps), len(steps) + 1
        right = rewritten(text, steps)
        splices = splices_for(text, version, found)
        number = data.draw(st.integers(0, len(splices) - 1))
        by = data.draw(st.sampled_from([-1, 1]))
        start, end, replacement = splices[number]
        splices[number] = Splice(start + by, end + by, replacement)
        try:
            shifted = proven(text, splices, version, found)
        except Unproven:
            shifted = right

        assert lines_of(right) == lines_of(shifted)


def lines_of(text: str) -> list[str]:
    """List the lines of a text without blanks, in no order."""
    return sorted("".join(line.split()) for line in text.splitlines() if line.strip())


class TestFalsyValues:
    @given(st.sampled_from([0, False, "", 0.0, [], {}]), paths, paths)
    def test_survive(self, value, old, new):
        """A value that is false, zero or empty moves like any other."""
        assume(not (new + ".").startswith(old + ".") and not (old + ".").startswith(new + "."))
        document: dict[str, Any] = {}
        table = document
        *above, last = old.split(".")
        for name in above:
            table = table.setdefault(name, {})
        table[last] = value
        found: Any = migrate(document, 2, [step(2, move(old, new))]).document
        for name in new.split("."):
            found = found[name]

        assert same(value, found)


def test_spliced_is_what_proven_returns():
    """What is proven is what the splices make."""
    found = migrate({"a": 1}, 2, [step(2, rename("a", "b"))])
    splices = splices_for("a = 1", 2, found)

    assert spliced("a = 1", splices) == proven("a = 1", splices, 2, found)
