"""What a report says about names: unknown, missing, old, given twice."""

from __future__ import annotations

import fnmatch
from itertools import islice
from typing import TYPE_CHECKING, Any

from meshconf.diagnostics.excerpt import Highlight
from meshconf.diagnostics.problem import Edit, Excerpt, Label, Origin, Problem
from meshconf.diagnostics.suggest import fold, nearest
from meshconf.diagnostics.words import Path, dotted, noun, printable, short_name
from meshconf.loading.about_values import described
from meshconf.loading.edits import renaming, value_at
from meshconf.loading.findings import located, shown
from meshconf.loading.lookup import default_at, place, text_of
from meshconf.loading.merge import canonical_key
from meshconf.loading.walk import setting_at
from meshconf.schema import kinds
from meshconf.schema.edits import EVERY
from meshconf.schema.model import REQUIRED, Model, Setting
from meshconf.schema.names import name_of
from meshconf.schema.old_paths import old_path_at, old_paths_in, with_entries
from meshconf.sources.environment import file_variable, names_for, variable_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from meshconf.loading.diagnose import Diagnosis
    from meshconf.loading.load import UnknownVariables
    from meshconf.loading.merge import Oddity
    from meshconf.schema.old_paths import OldPath
    from meshconf.sources.layer import Layer, Stray

__all__ = ["missing", "odd_names", "strays"]

#: A class of up to so many keys is listed where no key is near.
LISTED_KEYS = 12

#: The entries of a map whose variables are compared with an unknown one.
MOST_ENTRIES = 50


def odd_names(diagnosis: Diagnosis) -> Iterator[Problem]:
    """Tell what does not fit the schema's names."""
    words = {
        "unknown": _unknown_key,
        "twice": _twice,
        "old": _old_name,
        "no_table": _no_table,
        "ambiguous": _ambiguous,
        "exposed": _exposed,
        "local": _local,
    }
    twice: set[tuple[int, Path]] = set()
    for oddity in diagnosis.merged.oddities:
        if _is_left(oddity):
            continue
        if oddity.sort == "twice":
            if (id(oddity.layer), oddity.canonical) in twice:
                continue
            twice.add((id(oddity.layer), oddity.canonical))
        yield words[oddity.sort](diagnosis, oddity)


def _is_left(oddity: Oddity) -> bool:
    """Tell whether a key was left where it is since its new place is taken, which is told anyway."""
    history = oddity.layer.history
    return history is not None and history.is_left(history.stood_at(oddity.path))


def _at_key(diagnosis: Diagnosis, oddity: Oddity, label: str) -> dict[str, Any]:
    """Show the key of an odd name, with the header of the table that it stands in."""
    found = text_of(oddity.layer, oddity.path)
    if found is None:
        origin = Origin(oddity.layer.kind, oddity.layer.name)
        return {"origin": origin, "excerpts": (Excerpt(origin),)}
    text, rest, _ = found
    masks = diagnosis.masks.of(oddity.layer, found)
    span = text.index.keys.get(rest) or text.value_span(rest)
    assert span is not None
    highlights = [Highlight(span, label)]
    header = text.index.headers.get(rest[:-1])
    if header is not None and oddity.model is not None and oddity.sort != "no_table":
        said = f"keys of {oddity.model.cls.__name__} are read here"
        highlights.append(Highlight(header, said, primary=False))
    origin, labels, excerpts = shown(text, highlights, masks)
    return {"origin": origin, "labels": labels, "excerpts": excerpts}


def _unknown_key(diagnosis: Diagnosis, oddity: Oddity) -> Problem:
    key, path = str(oddity.path[-1]), dotted(oddity.canonical)
    assert oddity.model is not None
    model = oddity.model
    old = old_path_at(diagnosis.model, oddity.canonical)
    near = () if old is not None else _near_keys(model, key)
    meant = "" if old is not None else _near_old_key(diagnosis.model, oddity.canonical, near)
    near = () if meant else near
    notes: list[str] = []
    help_: str | None = None
    if old is not None:
        new = _places_now(old, oddity.canonical)
        label = f"now {' and '.join(new)}" if new else "no longer a setting"
        version = diagnosis.model.configuration.version
        read_as = f"{oddity.layer.name} is read as version {version}"
        notes.append(f"{old.said(f'`{path}`', new)}; {read_as}")
        help_ = f"write {' and '.join(new)} instead" if new else "delete it"
    elif near:
        value, meant_path = value_at(oddity.layer, oddity.path), (*oddity.canonical[:-1], near[0])
        diagnosis.meant.update(_set_by(model.settings[near[0]], value, meant_path))
        label = "did you mean " + " or ".join(f"`{name}`" for name in near) + "?"
        notes += _cost(diagnosis, model, near[0], oddity.canonical[:-1])
    elif meant:
        label = f"did you mean {meant}?"
    else:
        label = "no such key"
        notes += _elsewhere(diagnosis.model, key)
    if not notes and len(model.settings) <= LISTED_KEYS:
        notes.append("known keys: " + ", ".join(model.settings))
    return Problem(
        "MC101",
        "error",
        path,
        f"unknown key `{path}`",
        notes=tuple(notes),
        help=help_,
        expected="a key of the schema",
        found=printable(key),
        edit=_meant_key(diagnosis, oddity, near),
        **_at_key(diagnosis, oddity, label),
    )


def _places_now(old: OldPath, path: Path) -> list[str]:
    """Quote where the value of an old path stands now, with the names of entries of a path."""
    return [f"`{dotted(with_entries(into, old.names, path))}`" for into in old.into]


def _near_old_key(model: Model, path: Path, known: Sequence[str]) -> str:
    """Name the key of an earlier version that a key was probably meant to be, and where it is now.

    Empty if there is none, or one of the keys that are *known* to be near is as near.
    """
    *above, key = map(str, path)
    siblings = {old.names[-1]: old for old in old_paths_in(model, tuple(above))}
    near = nearest(key, [*known, *siblings])
    if not near or any(name in known for name in near):
        return ""
    into = _places_now(siblings[near[0]], path)
    return f"`{near[0]}`" + (f", which is now {' and '.join(into)}" if into else "")


def _near_keys(model: Model, key: str) -> tuple[str, ...]:
    near = nearest(key, [*model.settings, *model.old_names])
    return tuple(dict.fromkeys(model.old_names.get(name, name) for name in near))


def _set_by(setting: Setting, value: Any, path: Path) -> Iterator[Path]:
    """Yield what a value would set at the path of a setting: that, or what a table has of it."""
    if setting.map_of is not None and isinstance(value, dict):
        for key, entry in value.items():
            yield from _set_in(setting.map_of, entry, (*path, key))
    elif setting.group is not None and isinstance(value, dict):
        yield from _set_in(setting.group, value, path)
    else:
        yield path


def _set_in(model: Model, table: Any, path: Path) -> Iterator[Path]:
    for key, value in table.items() if isinstance(table, dict) else ():
        name = canonical_key(model, key) if isinstance(key, str) else None
        if name is not None:
            yield from _set_by(model.settings[name], value, (*path, name))


def _meant_key(diagnosis: Diagnosis, oddity: Oddity, near: Sequence[str]) -> Edit | None:
    """Rename a key to the one that it was probably meant to be, where that is not given too."""
    assert oddity.model is not None
    if len(near) != 1:
        return None
    above = oddity.path[:-1]
    siblings = value_at(oddity.layer, above)
    kind = kinds.Group(oddity.model)
    if near[0] in diagnosis.spellings.of(oddity.layer, kind, above, siblings):
        return None
    return _renamed(diagnosis, oddity, near[0], safe=False)


def _renamed(diagnosis: Diagnosis, oddity: Oddity, name: str, *, safe: bool) -> Edit | None:
    """Give an odd key the name of a setting, unless that is a secret."""
    assert oddity.model is not None
    if oddity.model.settings[name].secret:
        return None
    return renaming(oddity.layer, oddity.path, diagnosis.masks, name, safe=safe)


def _cost(diagnosis: Diagnosis, model: Model, name: str, above: Path) -> Iterator[str]:
    """Say what the setting that was probably meant has for a value now."""
    path = (*above, name)
    setting = model.settings[name]
    if setting.group is not None or setting.map_of is not None:
        return
    found = diagnosis.held(path)
    if found:
        value = described(setting, found[0].value)
        yield f"`{dotted(path)}` is {value} ({found[0].origin}), and this key changes nothing"
    elif (default := default_at(diagnosis.model, path)) is not REQUIRED:
        default = "" if setting.secret else f" {described(setting, default)}"
        yield f"`{dotted(path)}` is set nowhere else, so its default{default} would be used"
    else:
        yield f"`{dotted(path)}` is required and set nowhere else"


def _elsewhere(root: Model, key: str) -> Iterator[str]:
    """Name the tables that know the key."""
    tables = [
        f"[{dotted(path[:-1])}]" if len(path) > 1 else "the top of the file"
        for path, setting in _everywhere(root, ())
        if fold(setting.name) == fold(key)
    ]
    if tables:
        yield f"`{printable(key)}` is a key of {' and of '.join(tables[:3])}"


def _everywhere(model: Model, path: Path) -> Iterator[tuple[Path, Setting]]:
    """Walk all settings, with `*` for the names of maps' entries."""
    for name, setting in model.settings.items():
        here = (*path, name)
        yield here, setting
        if setting.map_of is not None:
            yield from _everywhere(setting.map_of, (*here, "*"))
        elif setting.group is not None:
            yield from _everywhere(setting.group, here)


def _twice(diagnosis: Diagnosis, oddity: Oddity) -> Problem:
    path = dotted(oddity.canonical)
    other = (*oddity.path[:-1], oddity.other)
    parts = _at_key(diagnosis, oddity, "here")
    _, labels, excerpts = located(
        oddity.layer, other, "and here", diagnosis.masks, key=True, primary=False
    )
    parts["labels"] = (*parts.get("labels", ()), *labels)
    parts["excerpts"] = (*parts["excerpts"], *excerpts)
    spelled = f"`{printable(str(oddity.path[-1]))}` and `{printable(oddity.other)}`"
    return Problem(
        "MC105", "error", path, f"`{path}` is given twice: as {spelled}", help="keep one", **parts
    )


def _old_name(diagnosis: Diagnosis, oddity: Oddity) -> Problem:
    old, new = dotted((*oddity.canonical[:-1], oddity.path[-1])), dotted(oddity.canonical)
    both = f"; both are set, to the same value: keep `{new}`" if oddity.other else ""
    return Problem(
        "MC104",
        "warning",
        new,
        f"`{old}` is an old name; use `{new}`" if not both else f"`{old}` is an old name{both}",
        help=None if both else _renaming(diagnosis, oddity),
        expected=new,
        found=old,
        edit=None if both else _renamed(diagnosis, oddity, str(oddity.canonical[-1]), safe=True),
        **_at_key(diagnosis, oddity, f"now `{oddity.canonical[-1]}`"),
    )


def _renaming(diagnosis: Diagnosis, oddity: Oddity) -> str:
    """Say what to rename: the key of a file, or the variable."""
    found = text_of(oddity.layer, oddity.path)
    if found is None or found.text.format == "toml" or diagnosis.prefix is None:
        return f"rename the key to {oddity.canonical[-1]}"
    new = name_of(diagnosis.model, oddity.canonical, diagnosis.prefix)
    return f"rename {printable(found.text.name)} to {new}"


def _no_table(diagnosis: Diagnosis, oddity: Oddity) -> Problem:
    value = value_at(oddity.layer, oddity.path)
    path = dotted(oddity.canonical)
    parts = _at_key(diagnosis, oddity, f"{noun(value)}, where a table is wanted")
    return Problem(
        "MC201",
        "error",
        path,
        f"`{path}` must be a table, got {noun(value)}",
        help=_tables_of(diagnosis, oddity.canonical) or _table_instead(oddity),
        expected="must be a table",
        found=noun(value),
        **parts,
    )


def _tables_of(diagnosis: Diagnosis, path: Path) -> str | None:
    """Say how the tables of a map of groups are written."""
    for end in (len(path), len(path) - 1):
        setting = setting_at(diagnosis.model, path[:end]) if end else None
        if setting is not None and setting.map_of is not None and setting.name == path[end - 1]:
            return f"each entry is a table of its own: [{dotted((*path[:end], 'NAME'))}]"
    return None


def _table_instead(oddity: Oddity) -> str | None:
    """Say how a TOML file writes a group, with the first key of it that a file may hold."""
    found = text_of(oddity.layer, oddity.path)
    if found is None or found.text.format != "toml" or found.path != oddity.path:
        return None
    assert oddity.model is not None
    settings = oddity.model.settings.values()
    leaves = [one for one in settings if not (one.secret or one.holds_settings)]
    first = min(leaves, key=lambda one: one.default is not REQUIRED, default=None)
    line = "" if first is None else _assignment(first, (first.name,))
    if any(isinstance(part, int) for part in oddity.canonical):  # no header leads there
        return f"write a table: {dotted(oddity.canonical[-1:])} = {{ {line or '…'} }}"
    header = f"[{dotted(oddity.canonical)}]"
    return f"write a table: {header}{f' with `{line}` under it' if line else ''}"


def _ambiguous(_: Diagnosis, oddity: Oddity) -> Problem:
    path = dotted(oddity.canonical)
    variable = place(oddity.layer, oddity.path)
    message = f"{printable(variable.name)} could mean any of {oddity.other} in `{path}`"
    return Problem(
        "MC105",
        "error",
        path,
        message,
        variable,
        help="give the entry as JSON in the variable of the whole map, or rename one of them",
    )


def _exposed(diagnosis: Diagnosis, oddity: Oddity) -> Problem:
    path = dotted(oddity.canonical)
    origin, labels, excerpts = located(
        oddity.layer, oddity.path, "a secret in a file", diagnosis.masks
    )
    names = _variables(diagnosis, oddity.canonical, secret=True)
    return Problem(
        "MC208",
        "error" if oddity.refuses else "warning",
        path,
        f"`{path}` is a secret, and its value stands in {oddity.layer.name}",
        origin,
        ("files like this one end up in repositories",),
        f"set {names} instead" if names else None,
        sensitive=True,
        labels=labels,
        excerpts=excerpts,
    )


def _local(diagnosis: Diagnosis, oddity: Oddity) -> Problem:
    path = dotted(oddity.canonical)
    origin, labels, excerpts = located(
        oddity.layer, oddity.path, "only this machine decides it", diagnosis.masks
    )
    setting = diagnosis.model.find(oddity.canonical)
    names = _variables(diagnosis, oddity.canonical, secret=setting is not None and setting.secret)
    return Problem(
        "MC107",
        "error",
        path,
        f"`{path}` may not be set by {oddity.layer.name}: only this machine decides it",
        origin,
        help="take it out of the document; services set it in a file of their own"
        f"{f' or by {names}' if names else ''}",
        labels=labels,
        excerpts=excerpts,
        sensitive=setting is not None and setting.secret,
    )


def _variables(diagnosis: Diagnosis, path: Path, *, secret: bool) -> str:
    """Name the variable that sets a path, of a secret also the one that names its file."""
    if diagnosis.prefix is None:
        return ""
    name = name_of(diagnosis.model, path, diagnosis.prefix)
    file = file_variable(names_for(diagnosis.model, diagnosis.prefix), name) if secret else ""
    return f"{name} or {file}" if file else name


def missing(diagnosis: Diagnosis, setting: Setting, path: Path) -> Problem:
    """Tell that a required setting is set by no source."""
    if element := next((end for end, part in enumerate(path, 1) if isinstance(part, int)), 0):
        return _missing_in_element(diagnosis, setting, path, element)
    name = "" if diagnosis.prefix is None else name_of(diagnosis.model, path, diagnosis.prefix)
    origin, labels, excerpts, remedy = _home(diagnosis, setting, path)
    remedies = [remedy] if remedy else []
    if name:
        remedies.append(f"set {_variables(diagnosis, path, secret=setting.secret)}")
    notes = [*_looked(diagnosis), *_why_there(diagnosis, path), *_near_miss(diagnosis, name)]
    return Problem(
        "MC102",
        "error",
        dotted(path),
        f"`{dotted(path)}` is required but no source sets it",
        origin,
        tuple(notes),
        ", or ".join(remedies) or None,
        expected="a value",
        sensitive=setting.secret,
        labels=labels,
        excerpts=excerpts,
    )


def _looked(diagnosis: Diagnosis) -> Iterator[str]:
    looked = [
        f"{layer.name} (not there)" if layer.absent else layer.name
        for layer in diagnosis.layers
        if layer.kind != "override"
    ]
    if looked:
        yield f"looked in {', '.join(looked)}"


def _home(
    diagnosis: Diagnosis, setting: Setting, path: Path
) -> tuple[Origin | None, tuple[Label, ...], tuple[Excerpt, ...], str]:
    """Find where in the files a value belongs, and say how to write it there.

    A secret belongs in none.
    """
    files = [layer for layer in diagnosis.layers if layer.kind == "file"]
    usual = diagnosis.model.configuration.file
    if setting.secret or not files:
        return None, (), (), f"add it to {usual}" if usual and not setting.secret else ""
    table, line = path[:-1], _assignment(setting, path[-1:])
    for layer in reversed(files):
        found = text_of(layer, table) if table else None
        if found is not None and found.path == table and table in found.text.index.headers:
            where = located(layer, table, "it is missing here", diagnosis.masks)
            return *where, f"add `{line}` under [{dotted(table)}]"
    layer = files[-1]
    origin = Origin("file", layer.name)
    if layer.absent:
        said = f"create {layer.name} with `{_assignment(setting, path)}`"
    elif table:
        said = f"add a table [{dotted(table)}] with `{line}` to {layer.name}"
    else:
        said = f"add `{line}` at the top of {layer.name}"
    return origin, (), (Excerpt(origin),), said


def _why_there(diagnosis: Diagnosis, path: Path) -> Iterator[str]:
    """Say what makes an optional group be there, which is what makes its settings required."""
    parent = setting_at(diagnosis.model, path[:-1]) if len(path) > 1 else None
    if parent is None or not isinstance(parent.kind, kinds.OptionalOf):
        return
    for layer in diagnosis.held(path[:-1])[:1]:
        first = next(iter(layer.value), None) if isinstance(layer.value, dict) else None
        if first is not None:
            origin = place(layer.layer, (*layer.path, first))
            yield f"`{dotted(path[:-1])}` is optional; {origin} sets a part of it"


def _missing_in_element(diagnosis: Diagnosis, setting: Setting, path: Path, end: int) -> Problem:
    """Blame the element of a list that lacks a value: only its own source can give it."""
    element = diagnosis.held(path[:end])[0]  # a default holds objects, not tables
    origin, labels, excerpts = located(element.layer, element.path, "lacks it", diagnosis.masks)
    return Problem(
        "MC102",
        "error",
        dotted(path),
        f"`{dotted(path)}` is required but not set",
        origin,
        help=f"add `{_assignment(setting, path[end:])}` to it",
        expected="a value",
        sensitive=setting.secret,
        labels=labels,
        excerpts=excerpts,
    )


def _assignment(setting: Setting, path: Path) -> str:
    kind = kinds.bare(setting.kind)
    text = kind is kinds.SCALARS[str] or isinstance(kind, kinds.Choice)
    return f"{dotted(path)} = {_DOTS if text else '…'}"


_DOTS = '"…"'


def _near_miss(diagnosis: Diagnosis, name: str) -> Iterator[str]:
    """Name a stray variable that was probably meant to set it."""
    names = [stray.name for layer in diagnosis.layers for stray in layer.strays]
    near = [stray for stray in names if name and name in nearest(stray, [name])]
    if near:
        yield f"a near miss is set: {short_name(near[0])} (value not shown)"


def strays(diagnosis: Diagnosis, unknown: UnknownVariables) -> Iterator[Problem]:
    """Tell of variables that match no setting, as the policy says."""
    links: list[str] = []
    for layer in diagnosis.layers:
        for stray in layer.strays:
            if stray.old is not None:
                yield _of_earlier_version(diagnosis, layer, stray, stray.old)
            elif unknown.policy == "ignore" or _is_ignored(stray.name, unknown.ignored):
                continue
            elif stray.family == "service_link":
                links.append(stray.name)
            else:
                yield _unknown_variable(diagnosis, layer, stray, unknown)
    if links:
        yield _service_links(links)


def _of_earlier_version(diagnosis: Diagnosis, layer: Layer, stray: Stray, old: OldPath) -> Problem:
    """Tell of a variable whose name stems from the layout of an earlier version."""
    gone = stray.family == "gone"
    paths = old.into if gone else (stray.path,)
    names = [f"`{dotted(path)}`" for path in paths]
    if layer.kind != "secret_file":  # whose files are named by paths
        given = zip(paths, names, strict=True)
        prefix = diagnosis.prefix or ""
        names = [variable_at(diagnosis.model, path, prefix) or name for path, name in given]
        names = [name.replace(f"__{EVERY}__", "__NAME__") for name in names]
    name = f"{_where(layer)} {short_name(stray.name)}"
    said = old.said_of_gone(name, names) if gone else old.said(name, names)
    refuses = old.is_expired or (gone and bool(paths))
    return Problem(
        "MC104",
        "error" if refuses else "warning",
        dotted(paths[0]) if paths else "",
        said,
        Origin(layer.kind, stray.name),
        (),
        f"unset {short_name(stray.name)}" if not paths else None,
    )


def _where(layer: Layer) -> str:
    if layer.kind == "env":
        return "environment variable"
    return f"in {layer.name}, {'file' if layer.kind == 'secret_file' else 'variable'}"


def _is_ignored(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def _service_links(names: list[str]) -> Problem:
    rest = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return Problem(
        "MC106",
        "warning",
        "",
        f"{short_name(names[0])}{rest}: service links of Kubernetes under the prefix, not settings",
        Origin("env", names[0]),
        help="set `enableServiceLinks: false` in the pod's spec",
    )


def _unknown_variable(
    diagnosis: Diagnosis, layer: Layer, stray: Stray, unknown: UnknownVariables
) -> Problem:
    name = short_name(stray.name)
    where = _where(layer)
    if stray.family == "group":
        message = f"{where} {name} names a group but holds no JSON table; it has no effect"
        remedy: str | None = f"use the variables below it, such as {_below(diagnosis, stray.path)}"
        notes: list[str] = []
    else:
        message = f"{where} {name} matches no setting"
        remedy, notes = _meant(diagnosis, stray.name)
    return Problem(
        "MC103",
        "error" if unknown.policy == "error" else "warning",
        "",
        message,
        Origin(layer.kind, stray.name),
        tuple(notes),
        remedy,
    )


def _below(diagnosis: Diagnosis, path: Path) -> str:
    """Name a variable below that of a group or a map of groups."""
    setting = setting_at(diagnosis.model, path)
    assert setting is not None  # the source has found it
    entry = () if setting.map_of is None else ("NAME",)
    below = next(iter(kinds.models_in(setting.kind)[0].settings))
    return name_of(diagnosis.model, (*path, *entry, below), diagnosis.prefix or "")


def _meant(diagnosis: Diagnosis, name: str) -> tuple[str | None, list[str]]:
    """Suggest what an unknown variable was meant to be, and say what that setting has now."""
    prefix = diagnosis.prefix or ""
    paths = {
        known: variable.path
        for known, variable in names_for(diagnosis.model, prefix).by_name.items()
    }
    paths |= _names_of_entries(diagnosis, prefix)
    shorter = {known.removeprefix(prefix): known for known in paths}
    near = [shorter[found] for found in nearest(name.removeprefix(prefix), shorter)]
    if not near:
        return None, []
    path = paths[near[0]]
    setting = setting_at(diagnosis.model, path)
    assert setting is not None
    found = diagnosis.held(path)
    default = default_at(diagnosis.model, path)
    notes: list[str] = []
    if found and setting.group is None and setting.map_of is None:
        value = described(setting, found[0].value)
        notes.append(f"`{dotted(path)}` is {value} ({found[0].origin}); {name} has no effect")
    elif default is not REQUIRED and setting.group is None and setting.map_of is None:
        value = described(setting, default)
        notes.append(f"`{dotted(path)}` has its default {value}; {name} has no effect")
    return f"did you mean {' or '.join(near)}?", notes


def _names_of_entries(diagnosis: Diagnosis, prefix: str) -> dict[str, Path]:
    """Name the variables of the entries that maps of groups have."""
    names: dict[str, Path] = {}
    for path, setting in diagnosis.model.walk():
        if setting.map_of is None:
            continue
        entries: Any = diagnosis.merged.tree
        for part in path:
            entries = entries.get(part) if isinstance(entries, dict) else None
        for key in islice(entries if isinstance(entries, dict) else (), MOST_ENTRIES):
            below = [(*path, key, *rest) for rest, _ in setting.map_of.walk()]
            names |= {name_of(diagnosis.model, where, prefix): where for where in below}
    return names
