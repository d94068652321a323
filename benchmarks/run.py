"""Do one job with meshconf and with its peers, and print what each of them costs.

`python benchmarks/run.py` makes its own virtual environment and needs nothing but Python 3.10
on a POSIX system. It asserts nothing about time: it ends with 0 whatever the ratios are, and
with 2 if something could not be installed or a job failed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
from pathlib import Path

import environment
import inputs
import markdown
import table
from process import JobError, ask
from rows import ROWS, Bench, Row


def main() -> int:
    """Measure the chosen rows and print the table."""
    options = _options()
    jobs = list(inputs.SEPARATORS)
    failures = []
    _say("installing")
    try:
        environment.install_peers()
    except environment.InstallError as error:
        print(f"the peers cannot be installed\n{error}", file=sys.stderr)
        return 2
    try:
        environment.install_meshconf()
    except environment.InstallError as error:
        jobs.remove("meshconf")
        failures.append(f"meshconf cannot be installed, its rows are skipped\n{error}")

    with tempfile.TemporaryDirectory() as folder:
        inputs.write_small(Path(folder))
        wrong = check(Path(folder), jobs)
        failures += wrong.values()
        bench = Bench(Path(folder), [job for job in jobs if job not in wrong], options.rounds)
        records = []
        print(table.HEAD)
        for row in options.rows:
            _say(row.name)
            try:
                records += show(row, bench)
            except JobError as error:
                failures.append(str(error))
                print(f"\n{row.title}  [{row.name}]\n  failed, see below")

    facts = about()
    print("\n" + "\n".join(f"{name}: {value}" for name, value in facts.items()))
    if options.json:
        options.json.write_text(json.dumps({"about": facts, "rows": records}, indent=2) + "\n")
    if options.write and not failures:
        markdown.write(ROWS, records, facts)
    for failure in failures:
        print(f"\nfailed: {failure}", file=sys.stderr)
    return 2 if failures else 0


def check(folder: Path, jobs: list[str]) -> dict[str, str]:
    """Hold every job to the same values; say of each that fails how it does."""
    wrong = {}
    for job in jobs:
        try:
            found = ask(folder, "values", inputs.variables(job), job=job)
        except JobError as error:
            wrong[job] = str(error)
        else:
            differing = {path: found[path] for path, value in inputs.expected().items()
                         if found[path] != value}  # fmt: skip
            if differing:
                wrong[job] = f"{job} yields other values than it was given: {differing}"
    return wrong


def show(row: Row, bench: Bench) -> list[dict[str, object]]:
    """Measure one row and print it."""
    if row.needs_meshconf and "meshconf" not in bench.jobs:
        print(f"\n{row.title}  [{row.name}]\n  skipped: meshconf is not available")
        return []
    if row.program and shutil.which(row.program) is None:
        print(f"\n{row.title}  [{row.name}]\n  skipped: {row.program} is not on PATH")
        return []
    compared = table.lines(row, row.measure(bench))
    print("\n" + table.text(row, compared), flush=True)
    return [table.record(row, compared)]


def about() -> dict[str, str]:
    """Say what the figures were taken on."""
    packages = environment.packages()
    facts = {
        "machine": f"{platform.platform()}, {_processor()}, {os.cpu_count()} CPUs",
        "load": f"{os.getloadavg()[0]:.1f} in the last minute",
        "Python": sys.version.replace("\n", " "),
        "packages": ", ".join(f"{name} {version}" for name, version in packages.items()),
    }
    slow = environment.path_files()
    return facts | ({"odd": f"start-up reads {', '.join(slow)}"} if slow else {})


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor() or platform.machine()
    named = [line for line in text.splitlines() if line.startswith("model name")]
    return named[0].partition(": ")[2] if named else platform.machine()


def _options() -> argparse.Namespace:
    names = {row.name: row for row in ROWS}

    def rows(text: str) -> list[Row]:
        try:
            return [names[name] for name in text.split(",")]
        except KeyError as error:
            msg = f"{error} is none of {', '.join(names)}"
            raise argparse.ArgumentTypeError(msg) from None

    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--rows", type=rows, default=ROWS, metavar="NAME[,NAME]",
        help="only these: " + ", ".join(names),
    )  # fmt: skip
    parser.add_argument(
        "--rounds", type=int, default=20, metavar="N",
        help="turns of each competitor; in-process loads take ten times as many (default: 20)",
    )  # fmt: skip
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    parser.add_argument(
        "--write", action="store_true",
        help="put the table into the README and the documentation; measures what stands there",
    )  # fmt: skip
    options = parser.parse_args()
    if options.write:
        options.rows = [names[name] for name in markdown.PUBLISHED]
    return options


def _say(what: str) -> None:
    """Say what is going on to someone who waits."""
    if sys.stderr.isatty():
        print(f"... {what}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
