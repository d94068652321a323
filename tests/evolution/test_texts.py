"""Tests for `meshconf.evolution.texts`."""

from __future__ import annotations

from typing import Any

import pytest
import tomli

from meshconf.evolution.documents import migrate
from meshconf.evolution.proof import Unproven
from meshconf.evolution.splices import Splice
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

#: The history of the mesh: its first layout was flat.
MESH = [
    step(
        2,
        move("consul_host", "consul.host"),
        move("consul_port", "consul.port"),
        move("consul_dc", "consul.datacenter"),
        move("retry_max_attempts", "retry.max_attempts"),
        move("retry_base_delay", "retry.base_delay"),
        move("retry_max_delay", "retry.max_delay"),
        move("metrics_enabled", "metrics.enabled"),
        move("tracing_enabled", "tracing.enabled"),
        move("load_balancer.health_check_interval", "load_balancer.health_check.interval"),
    )
]


def made(text: str, *edits: Any) -> str:
    """Migrate a text by one step, and leave the version out."""
    new = migrate_text(f"config_version = 1\n{text}", 2, [step(2, *edits)])
    return new.removeprefix("config_version = 2\n")


GONE = remove("a", reason="r")
MOVED = move("a", "t.b")


class TestMigrateText:
    @pytest.mark.parametrize(
        ("edit", "before", "after"),
        [
            (MOVED, "a = 1  # why\n", "t.b = 1  # why\n"),
            (MOVED, "a = 1 # c\nx=2\n[t]\ny = 3\n# e\n", "x=2\n[t]\ny = 3\nb = 1 # c\n# e\n"),
            (MOVED, "x=2\n\n# own\na = 1\n[t]", "x=2\n\n[t]\n# own\nb = 1"),
            (MOVED, "x=2\n# two\na = 1\nz=1\n[t]\n", "x=2\n# two\nz=1\n[t]\nb = 1\n"),
            (MOVED, "a = 1 # c\nt = {x = 2} # d\n", "# c\nt = {x = 2, b = 1} # d\n"),
            (MOVED, "a = 1\nt = {}\n", "t = { b = 1 }\n"),
            (move("s.a", "b"), "s = { a = 1 } # c\n",
             "# emptied in version 2: s = { a = 1 } # c\nb = 1\n"),
            (move("s.t.a", "b"), "s = { t = { a = 1 }, x = 2 }\n",
             "# emptied in version 2: t = { a = 1 }\ns = { x = 2 }\nb = 1\n"),
            (move("s.a", "s"), "[s]\na = 1 # c\n", "s = 1 # c\n# now `s` itself: [s]\n"),
            (remove("*.a", reason="r"), "u = {a = 1,}\n", "# removed in version 2 (r): a = 1\nu = {}\n"),
            (remove("t", reason="r"), "[t]\nx = 1 # q\ny = 2 # w # q\nz = 3 # q\n",
             "".join(f"# removed in version 2 (r): {line}\n"
                     for line in ("[t]", "x = 1 # q", "y = 2 # w # q", "z = 3 # q"))),
            (MOVED, "t.x = 1\na = 2\n", "t.x = 1\nt.b = 2\n"),
            (MOVED, "a = {x = 1} # c\n[t]\n", "[t]\nb = {x = 1} # c\n"),
            (MOVED, "t = {x = 1}\n[a] # h\nk = 1 # c\n",
             "t = {x = 1, b.k = 1}\n# moved to `t.b`: [a] # h\n# c\n"),
            (MOVED, "[a] # h\n[a.c]\nk = 1\n", "[t.b] # h\n[t.b.c]\nk = 1\n"),
            (MOVED, "[[a]]\nk = 1\n[[ a ]]\n", "[[t.b]]\nk = 1\n[[ t.b ]]\n"),
            (move("s.a", "t.b"), "[s]\na = 1 # c\nx = 1\n", "[s]\nx = 1\n\n[t]\nb = 1 # c\n"),
            (move("s.a", "t.b"), "[s]\na = 1 # c\n", "# emptied in version 2: [s]\n\n[t]\nb = 1 # c\n"),
            (move("s.a", "b"), "s = {a = 1, x = 2} # c\n", "s = {x = 2} # c\nb = 1\n"),
            (move("s.b", "s.x.y"), "s = {a = 1, b = 2}\n", "s = {a = 1, x.y = 2}\n"),
            (rename("s.x", "y"), 's . "x" = 1\n[s.t]\n', "s . y = 1\n[s.t]\n"),
            (rename("s", "r"), "[ s . t ] # c\nx=1\n", "[ r . t ] # c\nx=1\n"),
            (rename("s", "r"), "s.a = 1\ns.b.c = 2\n", "r.a = 1\nr.b.c = 2\n"),
            (rename("s.b", "x"), "s.b = 1\ns.c = 2\n", "s.x = 1\ns.c = 2\n"),
            (rename("a_b", "c"), "A-b = 1\n", "c = 1\n"),
            (rename("a", '"b c"'), "a = 1\n", '"b c" = 1\n'),
            (rename("a", '"b\\u0080"'), "a = 1\n", '"b\\u0080" = 1\n'),
            (rename("a", "b"), "a = 1 # c\nb = 1\n",
             "# removed in version 2 (the same as `b`): a = 1 # c\nb = 1\n"),
            (GONE, " a = [1, # one\n 2]\n",
             " # removed in version 2 (r): a = [1, # one\n#  2]\n"),
            (GONE, "[a] # c\nk = 1\n",
             "# removed in version 2 (r): [a] # c\n# removed in version 2 (r): k = 1\n"),
            (remove("t.a", reason="r"), "  t = {x = 1, a = 2} # c\n",
             "  # removed in version 2 (r): a = 2\n  t = {x = 1} # c\n"),
            (remove("*.a", reason="r"), "u.a = 1\n", "# removed in version 2 (r): u.a = 1\nu = {}\n"),
            (set_default("t.a", 1), "x = 1", "x = 1\n\n[t]\na = 1\n"),
            (set_default("a", {"b c": ["x", {}]}), "[t]\n", 'a = { "b c" = ["x", {}] }\n[t]\n'),
            (set_default("a", 1), "x = 1", "x = 1\na = 1"),
            (map_values("a", {"x": 0}), "a = 'x' # c\n", "a = 0 # c\n"),
            (convert("a", len), "a = [ # one\n 1 ]\n", "# one\na = 1\n"),
            (convert("a", list), "[a] # c\nk = 1\n",
             'a = ["k"]\n# written anew: [a] # c\n# written anew: k = 1\n'),
            (split("a", ["b", "c"], lambda v: v.split(":")), "a = 'x:y' # c\n",
             'b = "x" # c\nc = "y"\n'),
            (split("a", ["b", "c"], lambda v: v.split(":")), "a = 'x:y' # c\nz = 1\n",
             'b = "x" # c\nc = "y"\nz = 1\n'),
            (split("t.a", ["t.b", "c"], lambda v: v.split(":")), "z = 1\n[t]\na = 'x:y'",
             'z = 1\nc = "y"\n[t]\nb = "x"'),
            (join(["a", "b"], "c", max), "a = 1 # c\nb = 2 # d\n",
             "c = 2 # c\n# removed in version 2 (now `c`): b = 2 # d\n"),
        ],
    )  # fmt: skip
    def test_makes(self, edit, before, after):
        """Each edit changes the lines that it speaks of, and those alone."""
        assert after == made(before, edit)

    @pytest.mark.parametrize(
        ("edits", "before", "after"),
        [
            ([move("a", "t.b.c"), remove("t", reason="r")], "a = 1\n",
             "# removed in version 2 (r): a = 1\n"),
            ([move("a", "t.b"), convert("t", len)], "a = 1\n",
             "# written anew in version 2: a = 1\nt = 1\n"),
            ([set_default("t", {"x": {"y": 1}}), move("t.x.y", "z")], "", "z = 1\n"),
            ([set_default("t", {"x": 1}), set_default("t.y", 2)], "", "t = { x = 1, y = 2 }\n"),
            ([convert("t", len)], "t = {a = 1}\n", "t = 1\n"),
            ([move("t.a", "b"), convert("t", len)], "t = {a = 1, c = 2}\n", "t = 1\nb = 1\n"),
            ([split("e", ["x", "y"], lambda v: (v, v)), move("x.k", "z")], "e = {k = 1}\n",
             "# emptied in version 2: e = {k = 1}\ny = { k = 1 }\nz = 1\n"),
            ([remove("t", reason="r")], "t = {a = 1}\n", "# removed in version 2 (r): t = {a = 1}\n"),
            ([set_default("t.b", 1)], "t = {}\n", "t = { b = 1 }\n"),
            ([set_default("t.s.b", 1)], "t = {s = {a = 1}}\n", "t = {s = {a = 1, b = 1}}\n"),
            ([move("s.a", "t.b")], "s = {a = 1, c = 2}\nt = {}\n", "s = {c = 2}\nt = { b = 1 }\n"),
            ([move("a", "t.b")], 's = """\n# no"""\na = 1\n\n[t]\n', 's = """\n# no"""\n\n[t]\nb = 1\n'),
        ],
    )  # fmt: skip
    def test_makes_what_edits_say_together(self, edits, before, after):
        """What several edits do to a place is written once."""
        assert after == made(before, *edits)

    def test_keeps_a_moved_value_with_what_comes_into_it(self):
        """An inline table that moves holds what was put into it."""
        new = made("x = 1\nt = {a = 1, b = 2}\n[s]\n", move("x", "t.x"), move("t", "s.t"))

        assert "[s]\nt = {a = 1, b = 2, x = 1}\n" == new

    def test_writes_a_new_value_with_what_moved_into_it(self):
        """What moves into a value that an edit made is written with it."""
        new = made("a = 1 # c\n", set_default("t", {"x": 2}), move("a", "t.b"))

        assert "# now in `t`: a = 1 # c\nt = { x = 2, b = 1 }\n" == new

    @pytest.mark.parametrize(
        "text", ["config_version = 2\na = 1", "config_version=2\r\n[t]\na=1\n"]
    )
    def test_leaves_a_current_text(self, text):
        """A text of the wanted version is the same afterwards."""
        assert text == migrate_text(text, 2, [step(2, rename("a", "b"))])


class TestSize:
    def test_of_a_text_that_becomes_a_comment(self):
        """A mebibyte of signs that could each start a comment takes no longer for that."""
        text = f'a = "{"#" * 2**20}" # x\n'
        new = migrate_text(text, 2, [step(2, remove("a", reason="gone"))])

        assert new.endswith(f": {text}")


class TestVersion:
    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ("", "config_version = 2\n"),
            ("# c", "# c\nconfig_version = 2\n"),
            ("# c\n\n# d\na = 1\n", "# c\nconfig_version = 2\n\n# d\na = 1\n"),
            ("# c\r\na = 1\r\n", "config_version = 2\r\n# c\r\na = 1\r\n"),
            ("\n# c\n[a]\n", "\nconfig_version = 2\n\n# c\n[a]\n"),
            ("#:schema x\na = 1\n", "#:schema x\nconfig_version = 2\na = 1\n"),
            ("[t]\n", "config_version = 2\n\n[t]\n"),
            ("a = 1\nconfig_version = 1 # v\n", "a = 1\nconfig_version = 2 # v\n"),
        ],
    )
    def test_is_told(self, before, after):
        """The version is set, or stands first: below the comments that open the text.

        Those that are right above a statement are about that, unless they speak to programs.
        """
        assert after == migrate_text(before, 2, [step(2)])

    def test_leaves_a_comment_that_opens_the_text(self):
        """What may be said of the whole file stays at its top when the first key moves."""
        new = migrate_text("# file\na = 1\n[t]\n", 2, [step(2, MOVED)])

        assert "config_version = 2\n# file\n[t]\nb = 1\n" == new


class TestRefusals:
    @pytest.mark.parametrize(
        ("text", "edit", "message"),
        [
            ("a = 1\nb = 2", rename("a", "b"), "`a` is now `b`, and both are set to different"),
            ("a = 'hunter2'", convert("a", int), "the step to version 2 failed at `a`: it raised"),
            ("[[a]]\nk = 1\n[s]\nt = {}", move("a", "s.t.b"), "none that can be migrated"),
            ("t = {a = 1, # c\n b = 2}", move("t.a", "c"), "none that can be migrated"),
        ],
    )
    def test_say_why(self, text, edit, message):
        """What cannot be done with proof is not done."""
        with pytest.raises(Unproven, match=message) as caught:
            made(text, edit)

        assert "hunter2" not in str(caught.value)

    def test_speak_of_splices_that_overlap(self):
        """Splices that do not fit each other are refused."""
        found = migrate({"a": 1}, 2, [step(2)])

        with pytest.raises(Unproven, match="none that can be migrated"):
            proven("a = 1", [Splice(0, 2, ""), Splice(1, 3, "")], 2, found)


#: A file of the first version, with one line for each key that moves.
FLAT = """\
#:schema ./mesh.schema.json
# Orders, as it runs in the shop.

service_name   = "orders"          # a label
service_version="1.4.2"
consul_host = "consul.internal"  # the old agent
consul_port=8501
'consul_dc'	=	"eu-1"

# Payments time out now and then.
retry_max_attempts = 0x4   # with the first
retry_max_delay = 20.0

metrics_enabled = false # nobody scrapes
tracing-enabled = true
tls = { enabled = true, verify = false } # for now
timeouts.connect = 2
timeouts . request = 30

[load_balancer] # as before
  health_check_interval = 5 # s
algorithm = "least_conn"

[circuit_breaker]
max_requests = 800
""" + "".join(f"\n[upstreams.s{number}]\nport = {number} # p\n'protocol'='http'\n" for number in range(1, 25))  # fmt: skip

NESTED = (
    FLAT.replace("# Orders, as it runs in the shop.\n", "# Orders, as it runs in the shop.\nconfig_version = 2\n")
    .replace("consul_host", "consul.host")
    .replace("consul_port", "consul.port")
    .replace("'consul_dc'", "consul.datacenter")
    .replace("retry_max_attempts", "retry.max_attempts")
    .replace("retry_max_delay", "retry.max_delay")
    .replace("metrics_enabled", "metrics.enabled")
    .replace("tracing-enabled", "tracing.enabled")
    .replace("health_check_interval", "health_check.interval")
)  # fmt: skip


class TestMesh:
    @pytest.mark.parametrize("newline", ["\n", "\r\n"])
    def test_changes_just_the_keys_that_moved(self, newline):
        """A flat file of a hundred lines is nested afterwards, all else being the same."""
        new = migrate_text(FLAT.replace("\n", newline), 2, MESH)

        assert NESTED.replace("\n", newline) == new

    def test_is_the_nested_layout(self):
        """What the flat file said is said by the nested one."""
        document = tomli.loads(migrate_text(FLAT, 2, MESH))

        assert {"enabled": False} == document["metrics"]
        assert {"host": "consul.internal", "port": 8501, "datacenter": "eu-1"} == document["consul"]

    def test_leaves_a_nested_file_without_a_version(self):
        """A file that has the nested keys already only gets the version."""
        text = "[consul]\nhost = 'x'\n"

        assert f"config_version = 2\n\n{text}" == migrate_text(text, 2, MESH)
