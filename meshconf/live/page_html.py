"""What is told under /config, and the page that tells it to people."""

from __future__ import annotations

import datetime as dt
import html
import re
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

import attrs

from meshconf.describe.file_text import plain
from meshconf.diagnostics.text import message
from meshconf.diagnostics.toml_text import toml_value
from meshconf.diagnostics.words import Path, counted, dotted, printable
from meshconf.loading.holding import HELD
from meshconf.schema.secret import MASK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence  # noqa: TC004

    from meshconf.describe.effective import Shown  # noqa: TC004
    from meshconf.diagnostics.problem import Origin, Problem
    from meshconf.live.status import Attempt, SourceStatus, Status  # noqa: TC004
    from meshconf.loading.candidates import Candidate  # noqa: TC004

__all__ = ["Report", "Waiting", "html_page"]


@attrs.frozen
class Waiting:
    """A setting or a group whose change waits for a restart.

    Attributes:
        path: Where it stands.

        shown: The value in force; None for a group, and for what is not shown.

        after: What a restart would put in its place; None where that is not known.
    """

    path: str
    shown: Shown | None = None
    after: Candidate | None = None


@attrs.frozen(eq=False, repr=False)
class Report:
    """What is told of a configuration, in whatever form."""

    status: Status
    attempt: Attempt
    waiting: Sequence[Waiting]
    shown: Sequence[Shown]
    left_out: Mapping[Path, int]

    @property
    def schema(self) -> str:
        """The name of the schema, with its module."""
        cls = type(self.status.snapshot.config)
        return f"{cls.__module__}:{cls.__qualname__}"


def html_page(report: Report, path: str | None) -> str:
    """Write a page.

    Args:
        report: What it tells.

        path: What the field for a path holds; None for a page without one.
    """
    snapshot = report.status.snapshot
    parts = (
        _head(f"Configuration of {_text(type(snapshot.config).__name__)}"),
        _state(report),
        _facts(report),
        _waits(report.waiting),
        _warnings(snapshot.warnings),
        _sources(report.status.sources),
        _settings(report, path),
        ("</main>", "</html>", ""),
    )
    return "\n".join(line for part in parts for line in part)


def _text(text: str) -> str:
    """Write text that may hold anything."""
    return html.escape(printable(text))


def _code(text: str) -> str:
    return f"<code>{_text(text)}</code>"


def _path(path: str) -> str:
    """Write a dotted path, which may be broken between its words."""
    return f"<code>{_breakable(path)}</code>"


def _breakable(text: str) -> str:
    return re.sub(r"[._/](?=.)", r"\g<0><wbr>", _text(text))


def _anchor(path: str) -> str:
    """Write the id of a dotted path; what is no path has a slash in its id."""
    return quote(path, safe="") or "/"


def _head(title: str) -> Iterator[str]:
    yield "<!doctype html>"
    yield '<html lang="en">'
    yield '<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    # Even if something got through the escapes, nothing would be run or fetched.
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'"
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    yield '<link rel="icon" href="data:,">'  # or browsers ask for one
    yield f"<title>{title}</title>"
    yield f"<style>{_STYLE}</style>"
    yield f"<main><h1>{title}</h1>"


def _state(report: Report) -> Iterator[str]:
    kind, said = _in_a_word(report)
    yield f'<section class="state {kind}"><p>{said}</p>'
    if report.attempt.error is not None:
        lines = "\n".join(map(_text, str(report.attempt.error).split("\n")))
        # What can be scrolled has to be reached by keys.
        yield f'<pre tabindex="0" role="region" aria-label="Report">{lines}</pre>'
    yield "</section>"


def _in_a_word(report: Report) -> tuple[Literal["well", "waits", "ill"], str]:
    """Return how it is doing, and a sentence that says so."""
    number, attempt = report.status.generation, report.attempt
    if attempt.error is not None:
        is_read = attempt.result == "rejected"
        why = "The last change was refused" if is_read else "A source could not be read"
        return "ill", f"{why}; generation {number} stays in force."
    if not report.status.watcher_alive:
        return "ill", f"Generation {number} is in force; changes are not watched for."
    if report.waiting:
        return "waits", f"Generation {number} is in force; some changes wait for a restart."
    return "well", f"Generation {number} is in force, and all is well."


def _facts(report: Report) -> Iterator[str]:
    status, attempt = report.status, report.attempt
    counts = (f"{number} {result}" for result, number in status.results.items() if number)
    took = f"by {_text(attempt.trigger)}, {attempt.seconds * 1000:.0f} ms"
    facts = {
        "Schema": _path(report.schema),
        "Fingerprint": _code(status.fingerprint),
        "Generation": str(status.generation),
        "Attempts": ", ".join(counts),
        "Last attempt": f"{attempt.result} ({took}), {_time(attempt.at)}",
        "Last success": _time(status.last_success),
        "Warnings": str(len(status.snapshot.warnings) or "none"),
        "Watching": "yes" if status.watcher_alive else "no",
    }
    if status.subscriber_errors:
        last = _text(status.last_subscriber_error)
        facts["Subscribers"] = f"{counted(status.subscriber_errors, 'error')}, the last: {last}"
    yield "<dl>"
    yield from (f"<div><dt>{name}</dt><dd>{said}</dd></div>" for name, said in facts.items())
    yield "</dl>"


def _time(at: dt.datetime) -> str:
    seconds = max(0.0, (dt.datetime.now(dt.timezone.utc) - at).total_seconds())
    text = f"{at:%Y-%m-%d %H:%M:%S} UTC"
    return f'<time datetime="{at.isoformat()}">{text}</time> ({_ago(seconds)})'


def _ago(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit} ago"
    return f"{seconds:.0f} s ago"


def _waits(waiting: Sequence[Waiting]) -> Iterator[str]:
    if not waiting:
        return
    yield "<section><h2>Waiting for a restart</h2>"
    yield from _table_head("Setting", "In force", "After a restart")
    for one in waiting:
        name, in_force, after = _path(one.path), "as it is", "as sources say"
        if one.shown is not None:
            name, in_force = f'<a href="#{_anchor(one.path)}">{name}</a>', _value(one.shown)
        if one.after is not None:
            after = f"{_said(plain(one.after.value))} {_place(one.after.origin)}"
        yield f'<tr><th scope="row">{name}</th><td>{in_force}</td><td>{after}</td></tr>'
    yield "</table></section>"


def _warnings(warnings: Sequence[Problem]) -> Iterator[str]:
    if not warnings:
        return
    yield "<section><h2>Warnings</h2><ul>"
    for warning in warnings:
        lines = map(_text, message(warning, place=True).split("\n"))
        yield f"<li>{_code(warning.code)} {'<br>'.join(lines)}</li>"
    yield "</ul></section>"


def _sources(sources: Sequence[SourceStatus]) -> Iterator[str]:
    yield "<section><h2>Sources, lowest precedence first</h2>"
    yield from _table_head("Source", "State")
    for one in sources:
        state = "read" if one.connected else "<strong>could not be read</strong>"
        if one.last_contact is not None:
            state += f"{'' if one.connected else ', last'} {_time(one.last_contact)}"
        name = f'{_path(one.name)} <span class="from">{_text(one.kind)}</span>'
        cells = f'<th scope="row">{name}</th><td>{state}</td>'
        yield f"<tr>{cells}</tr>"
    yield "</table></section>"


def _table_head(*names: str) -> Iterator[str]:
    cells = "".join(f'<th scope="col">{name}</th>' for name in names)
    yield f"<table><thead><tr>{cells}</tr></thead>"


@attrs.frozen(eq=False, repr=False)
class _Line:
    """A setting as it is shown.

    Attributes:
        shown: The value.

        kind: Whether a source sets it just there, or it is inherited, or a default.
    """

    shown: Shown
    kind: Literal["set", "inherited", "default"]


_Tables = dict[Path, list[_Line]]


def _settings(report: Report, path: str | None) -> Iterator[str]:
    groups = _grouped(_lines(report.status, report.shown))
    changed = sum(line.kind == "set" for tables in groups.values() for line in _all(tables))
    yield '<section class="settings"><h2>Settings</h2>'
    yield f"<p>{len(report.shown)} are shown, of which sources set {changed}.</p>"
    if path is not None:
        yield '<form><label for="/path">Only what stands at or under</label>'
        yield f'<input id="/path" name="path" value="{_text(path)}">'
        yield '<button>Show</button> <a href="?">Show all</a></form>'
    yield '<input type="checkbox" id="/set"><label for="/set">Only what sources set</label>'
    yield '<nav aria-label="Tables">'
    for group, tables in groups.items():
        link = f'href="#{_anchor(dotted(group))}"'
        yield f"<a {link}{_unset(_all(tables))}>{_title(group)}</a>"
    yield "</nav>"
    for group, tables in groups.items():
        yield from _group(group, tables)
        left_out = {at: number for at, number in report.left_out.items() if at[:1] == group}
        yield from (_more(dotted(at), number, path) for at, number in left_out.items())
    yield "</section>"


def _more(path: str, number: int, asked: str | None) -> str:
    way = "" if asked is None else f"; {_code(f'{path}.NAME')} above shows one"
    return f"<p>… and {number} more in {_path(path)}{way}</p>"


def _lines(status: Status, shown: Iterable[Shown]) -> Iterator[_Line]:
    for one in shown:
        kind: Literal["set", "inherited", "default"] = "default"
        if one.origin.kind != "default":
            kind = "set" if status.snapshot.sets(one.path) else "inherited"
        yield _Line(one, kind)


def _grouped(lines: Iterable[_Line]) -> dict[Path, _Tables]:
    """Sort lines by the first part of their path, and then by the table that they stand in."""
    groups: dict[Path, _Tables] = {}
    for line in lines:
        table = line.shown.path[:-1]
        groups.setdefault(table[:1], {}).setdefault(table, []).append(line)
    # What stands in no table comes first, as in a file.
    return dict(sorted(groups.items(), key=lambda item: bool(item[0])))


def _all(tables: _Tables) -> list[_Line]:
    return [line for table in tables.values() for line in table]


def _group(path: Path, tables: _Tables) -> Iterator[str]:
    title = f'<h3 id="{_anchor(dotted(path))}">{_title(path)}</h3>'
    yield f"<section{_unset(_all(tables))}>{title}"
    yield from _table_head(
        "Setting", '<div><span>Value</span> <span class="from">From</span></div>'
    )
    for at, table in tables.items():
        yield f"<tbody{_unset(table)}>"
        if at != path:
            title = f'<th colspan="2" scope="rowgroup">{_title(at)}</th>'
            yield f'<tr id="{_anchor(dotted(at))}">{title}</tr>'
        yield from map(_row, table)
        yield "</tbody>"
    yield "</table></section>"


def _title(path: Path) -> str:
    return _path(dotted(path)) if path else "Top level"


def _unset(lines: Iterable[_Line]) -> str:
    """Write the class of what holds nothing that a source sets just there."""
    return "" if any(line.kind == "set" for line in lines) else ' class="unset"'


def _row(line: _Line) -> str:
    one = line.shown
    from_ = _place(one.origin)
    if line.kind == "inherited":
        from_ += ", inherited"
    if one.origin.kind == HELD:
        from_ = f"<strong>{from_}</strong>"
    name = f'<th scope="row">{_path(dotted(one.path[-1:]))}</th>'
    value = f'<div><span>{_value(one)}</span> <span class="from">{from_}</span></div>'
    opening = f'<tr class="{line.kind}" id="{_anchor(dotted(one.path))}">'
    return f"{opening}{name}<td>{value}</td></tr>"


def _value(one: Shown) -> str:
    if one.hidden and one.setting.secret:
        return _code(MASK)
    unit = one.setting.unit if isinstance(one.value, (int, float)) else ""
    return f"{_said(one.value)} {_text(unit)}".rstrip()


def _said(value: Any) -> str:
    return "<i>not set</i>" if value is None else _code(toml_value(value))


def _place(origin: Origin) -> str:
    return "default" if origin.kind == "default" else _breakable(str(origin))


_STYLE = """
:root {
  color-scheme: light dark;
  --ground: #fff; --text: #1b1f24; --quiet: #57606a; --line: #d8dee4; --shade: #f3f5f7;
  --set: #0b5cad; --well: #1a6b34; --waits: #7d4e00; --ill: #b3261e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14181d; --text: #e4e8ec; --quiet: #9da7b1; --line: #343b43; --shade: #1f262d;
    --set: #7db8f5; --well: #7bd195; --waits: #e8b45a; --ill: #ff9a92;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 64rem; margin: auto; padding: 1rem; overflow-wrap: anywhere; }
h1 { margin: 0 0 1rem; font-size: 1.6rem; line-height: 1.25; }
h2 { margin: 2rem 0 .5rem; font-size: 1.25rem; }
h3 { margin: 1.75rem 0 .25rem; font-size: 1rem; }
code, pre { font: .875rem/1.5 ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; }
h3 code { font-size: 1rem; font-weight: bold; }
a { color: var(--set); }
.state { border-left: .3rem solid; padding: .5rem .75rem; background: var(--shade); }
.state p { margin: 0; font-weight: bold; }
.well { border-color: var(--well); }
.waits { border-color: var(--waits); }
.ill { border-color: var(--ill); }
.ill p { color: var(--ill); }
pre { margin: .75rem 0 0; overflow-x: auto; overflow-wrap: normal; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 28rem), 1fr)); gap: .25rem 2rem; margin: 1rem 0; }
dl div { display: grid; grid-template-columns: 7rem 1fr; gap: .5rem; }
dt, .from, thead { color: var(--quiet); font-size: .875rem; }
dt { line-height: 1.7; }
dd, ul { margin: 0; }
ul { padding-left: 1.25rem; }
table { width: 100%; border-collapse: collapse; table-layout: fixed; }
th, td { padding: .3rem .5rem; border-top: 1px solid var(--line); text-align: left; vertical-align: baseline; font-weight: normal; }
thead th { border-top: 0; }
th[scope=rowgroup] { background: var(--shade); }
strong { color: var(--waits); }
nav, form { display: flex; flex-wrap: wrap; align-items: center; gap: .25rem 1rem; margin: .75rem 0; }
input, button { font: inherit; max-width: 100%; }
.settings thead th:first-child { width: 34%; }
.settings div { display: grid; grid-template-columns: 1fr 1fr; gap: 0 1rem; align-items: baseline; }
.settings tbody tr th:first-child { border-left: .2rem solid transparent; }
.settings .set th:first-child { border-left-color: var(--set); }
.set code { font-weight: bold; }
.default { color: var(--quiet); }
:target { outline: 2px solid var(--set); }
:checked ~ .unset, :checked ~ * :is(.unset, .inherited, .default) { display: none; }
@media (max-width: 40rem) {
  .settings thead th:first-child { width: 43%; }
  .settings div { grid-template-columns: 1fr; }
}
"""
