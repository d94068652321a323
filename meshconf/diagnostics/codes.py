"""The table of codes: the one place that says which there are and what each means."""

from __future__ import annotations

import attrs

__all__ = ["CODES", "Code"]


@attrs.frozen
class Code:
    """A kind of problem.

    Attributes:
        code: ``MC`` and three digits, never reused; the first digit tells the family.

        title: The kind of problem in a few words.

        cause: How it comes about.

        remedy: How to mend it.
    """

    code: str
    title: str
    cause: str
    remedy: str


_TABLE = (
    # The family MC0xx is about the text itself.
    Code(
        "MC001",
        "invalid TOML",
        "The text breaks the grammar of TOML, so nothing in it could be read.",
        'Mend the place under the caret; text needs quotes, durations too: timeout = "5s".',
    ),
    Code(
        "MC002",
        "key given twice",
        "A TOML document names the same key or table twice; which one counts would be a guess.",
        "Keep one of the two places that the report shows.",
    ),
    Code(
        "MC003",
        "not plain UTF-8",
        "A file or a variable is not UTF-8, begins with a byte order mark, or holds NUL bytes.",
        "Save the file as UTF-8 without a byte order mark; set the variable to UTF-8 text.",
    ),
    Code(
        "MC004",
        "over the budget",
        "The text is larger, deeper or holds more keys than a configuration may; such input is "
        "refused before it can cost time or memory.",
        "Shrink it, or raise the limit where it is legitimate: File(path, max_bytes=…, "
        "max_keys=…).",
    ),
    Code(
        "MC005",
        "invalid .env line",
        "A line of a .env file is not NAME=value.",
        "Write NAME=value, with quotes around a value that holds spaces.",
    ),
    # The family MC1xx is about names.
    Code(
        "MC101",
        "unknown key",
        "The schema has no such key, so the value would have no effect. Where the "
        "schema has secrets, a text under such a key is shown as …: it might be one of them.",
        "Correct the spelling, move the key to the table that knows it, or delete it.",
    ),
    Code(
        "MC102",
        "required value missing",
        "A setting without a default is set by no source.",
        "Set it in a file or by its variable; the report names both.",
    ),
    Code(
        "MC103",
        "unknown variable",
        "A variable begins with the prefix of the schema but matches no setting; or a file in a "
        "directory of secrets nearly has the name of one.",
        "Correct the spelling or unset it; `unknown_env` says whether a variable is an error.",
    ),
    Code(
        "MC104",
        "old name",
        "A setting is given under a name that it had earlier, or a variable is set that has no "
        "setting any more.",
        "Use the new name that the report shows; the old one goes away in time.",
    ),
    Code(
        "MC105",
        "set twice in one source",
        "One source spells the same setting in two ways, gives both NAME and NAME_FILE, or sets it "
        "at its old place and at its new one.",
        "Keep one of the two, the new one where one is old.",
    ),
    Code(
        "MC106",
        "Kubernetes service links",
        "Kubernetes injects variables for each Service; a Service called like the prefix makes "
        "them look like settings.",
        "Set `enableServiceLinks: false` in the pod's spec.",
    ),
    Code(
        "MC107",
        "not to be set from afar",
        "A document from another machine sets what only this one decides: where it is read from, "
        "with which token, which files are opened.",
        "Take it out of the document; set it in a file of this machine or by its variable.",
    ),
    # The family MC2xx is about values.
    Code(
        "MC201",
        "wrong type",
        "The value is of another type than declared; values are never converted silently.",
        "Write the value in the declared type: no quotes around numbers and booleans.",
    ),
    Code(
        "MC202",
        "out of bounds",
        "The value has the right type but lies outside the declared bounds.",
        "Choose a value within the bounds that the report shows.",
    ),
    Code(
        "MC203",
        "not one of the choices",
        "The setting takes one of a closed set of values.",
        "Choose one of the values that the report lists.",
    ),
    Code(
        "MC204",
        "not a quantity",
        "A duration or a size is written in a form that cannot be read.",
        'Write durations as "500ms", "1h30m" or seconds, sizes as "64KiB" or bytes.',
    ),
    Code(
        "MC205",
        "wrong form",
        "A text does not match the declared pattern or length.",
        "Write it in the form that the report describes.",
    ),
    Code(
        "MC206",
        "invalid JSON",
        "A variable that holds a list, a mapping or a group is not valid JSON.",
        "Mend the JSON under the caret, or use the variables of the single settings.",
    ),
    Code(
        "MC207",
        "refused by a validator",
        "A validator of the schema's author refused the value.",
        "See the validator's message and the help of the setting.",
    ),
    Code(
        "MC208",
        "secret in a file",
        "A secret stands as text in a TOML file; such files are in repositories.",
        "Give it by variable, by NAME_FILE, or from a directory of secrets.",
    ),
    # The family MC3xx is about rules.
    Code(
        "MC301",
        "rule broken",
        "Several settings do not fit together, though each alone would.",
        "Change one of the settings that the report shows.",
    ),
    Code(
        "MC302",
        "rule failed to run",
        "A rule of the schema raised an exception instead of answering.",
        "This is a fault of the schema: mend the rule.",
    ),
    Code(
        "MC303",
        "cannot be rendered",
        "A setting is valid, and the target has no words for it that would mean the same.",
        "Change the setting, or render for another target.",
    ),
    Code(
        "MC304",
        "dropped when rendered",
        "The target cannot express a setting, or not exactly; the reason says how far. "
        "--fail-on-dropped makes an error of it.",
        "Leave the setting out if nothing rests on it, enforce it in the service itself, or render "
        "for a target that can express it.",
    ),
    # The family MC4xx is about sources.
    Code(
        "MC401",
        "file not found",
        "A file that was named does not exist.",
        "Correct the path, create the file, or say File(path, optional=True).",
    ),
    Code(
        "MC402",
        "source unreadable",
        "The operating system refused to read a source, or it is not a regular file.",
        "Check the path, the permissions and the type of the file.",
    ),
    Code(
        "MC403",
        "secret readable by everyone",
        "A file that holds a secret may be read by every user of the machine.",
        'chmod 600 the file, or allow it with SecretsDirectory(path, world_readable="allow").',
    ),
    Code(
        "MC404",
        "link leads out of the directory",
        "An entry of a directory of secrets is a symbolic link to a place outside it.",
        "Put the file itself into the directory.",
    ),
    Code(
        "MC405",
        "source failed",
        "A source raised an exception that is no report.",
        "Mend the source; it should return a Layer with problems.",
    ),
    Code(
        "MC406",
        "profile not usable",
        "The profile's name is not made of a-z, 0-9, `_` and `-`.",
        "Choose a name such as `production`; it becomes a part of the file's name.",
    ),
    Code(
        "MC407",
        "file gone or empty",
        "A file that was there when the process started is gone or empty; a reload does not take "
        "that for the wish to have all defaults, and `meshconf push` puts no empty document into a "
        "store.",
        "Put the file back, or start the process again without it.",
    ),
    Code(
        "MC408",
        "store not reached",
        "The key-value store that holds a document does not answer: it is down, its address is "
        "wrong, or its certificate is not trusted.",
        "See whether the address is right and the store is up; the reason stands in the message.",
    ),
    Code(
        "MC409",
        "store refuses the token",
        "The store does not let this token, or this user, read the key.",
        "See which rights it has; a token file is read again by itself when it changes.",
    ),
    Code(
        "MC410",
        "key not found",
        "The store has no such key. Once a value was in force, that is an error too: a token that "
        "lost its rights looks the same.",
        'Put the document there with `meshconf push`, or say start="optional".',
    ),
    Code(
        "MC411",
        "store not usable",
        "The store answered with an error or otherwise than it should, or its URL names no "
        "document.",
        "See the message; a URL looks like consul://HOST:PORT/KEY or etcd://HOST:PORT/KEY.",
    ),
    Code(
        "MC412",
        "overtaken by another writer",
        "Somebody else wrote the document between the moment it was read and the one it was to be "
        "written, so writing it would undo that.",
        "See what differs with `meshconf diff`, take it over, and push again.",
    ),
    # The family MC5xx is about versions.
    Code(
        "MC501",
        "file newer than the program",
        "The file says a config_version that this program does not know yet.",
        "Update the program, or use a file of the version that it knows.",
    ),
    Code(
        "MC502",
        "layout of an earlier version",
        "The file has the layout of an earlier version; it is read as if it were migrated, for as "
        "long as the schema's author says.",
        "Migrate it: meshconf migrate --diff FILE shows the changes, --write makes them; comments "
        "stay.",
    ),
    Code(
        "MC503",
        "migration failed",
        "A step from one version of the layout to the next could not make a new value of an old "
        "one.",
        "Correct the value that the report shows; if it is right, the step is at fault.",
    ),
    # The family MC6xx is about taking a change over while the process runs.
    Code(
        "MC601",
        "refused by a participant",
        "A part of the program that has a say in reloads refused the new configuration.",
        "See what it says; the configuration that is in force stays as it is.",
    ),
    Code(
        "MC602",
        "needs a restart",
        "A setting changed that a running process does not take over, and the program asked for "
        "such changes to be rejected.",
        "Start the process again, or take the change back.",
    ),
    Code(
        "MC603",
        "reload failed",
        "Code of the schema, of a source or of meshconf raised an exception during a reload.",
        "See the log for the exception; the configuration that is in force stays as it is.",
    ),
)

#: Every code, by its name.
CODES: dict[str, Code] = {entry.code: entry for entry in _TABLE}
