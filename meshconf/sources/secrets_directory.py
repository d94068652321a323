"""A directory with one file for each secret, as systemd, Docker and Kubernetes make it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import attrs

from meshconf.diagnostics.problem import Origin, Problem
from meshconf.diagnostics.source_text import SourceText
from meshconf.diagnostics.suggest import nearest
from meshconf.diagnostics.words import dotted, printable
from meshconf.schema.names import Variable, Variables, old_settings
from meshconf.sources.environment import LARGEST_SECRET, NamedText, layer_of_texts
from meshconf.sources.files import AS_FOUND
from meshconf.sources.layer import Layer, is_policy
from meshconf.sources.reading import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from meshconf.schema.model import Model
    from meshconf.sources.files import Files

__all__ = ["SecretsDirectory"]


_READABLE_BY_OTHERS = 0o004


@attrs.frozen
class SecretsDirectory:
    """A directory whose files are named by the dotted path of what they set: ``consul.token``.

    Hidden entries are not read. A link that leads out of the directory is ignored with a warning.
    A file whose name nearly is that of a setting is ignored with a warning too; others that match no
    setting are none of ours.

    Attributes:
        path: Where it is.

        optional: Whether it may be missing.

        world_readable: What a file is that every user may read: a warning (``warn``), an
            ``error``, or fine (``allow``). Kubernetes and Docker mount secrets like that.
    """

    path: str | os.PathLike[str]
    optional: bool = attrs.field(default=False, kw_only=True)
    world_readable: Literal["warn", "error", "allow"] = attrs.field(
        default="warn", kw_only=True, validator=is_policy
    )

    def read(self, model: Model) -> Layer:
        """Read the files that are named like settings."""
        return self.read_from(AS_FOUND, model)

    def read_from(self, files: Files, model: Model) -> Layer:
        """Read the files that are named like settings, as *files* has them."""
        name = os.fspath(self.path)
        try:
            present = files.names(self.path)
        except FileNotFoundError:
            reason = None if self.optional else "does not exist"
        except (OSError, ValueError) as error:
            reason = f"cannot be listed: {getattr(error, 'strerror', None) or 'not a path'}"
        else:
            return self._layer(files, model, name, present)
        if reason is None:
            return Layer("secret_file", name, {}, absent=True)
        problem = Problem("MC402", "error", "", f"{name} {reason}", Origin("secret_file", name))
        return Layer("secret_file", name, {}, problems=(problem,), complete=False)

    def _layer(self, files: Files, model: Model, name: str, present: set[str]) -> Layer:
        texts: list[NamedText] = []
        problems: list[Problem] = []
        open_to_all: list[Path] = []
        variables = _file_names(model)
        for entry in sorted(present & variables.by_name.keys()):
            variable, file = variables.by_name[entry], Path(self.path, entry)
            if _leads_out(files.where(file), files.where(self.path)):
                problems.append(_ignored(file, variable))
                continue
            try:
                text, mode = files.text(file, LARGEST_SECRET)
            except Refused as refused:
                path = dotted(variable.path)
                problems.append(refused.problem("secret_file", str(file), str(file), path))
                continue
            if variable.setting.secret and mode & _READABLE_BY_OTHERS:
                open_to_all.append(file)
            text = text.removesuffix("\n").removesuffix("\r")
            source = SourceText("secret_file", str(file), text)
            texts.append(NamedText(variable.name, text, source))
        problems.extend(
            _misspelt(Path(self.path, entry), near)
            for entry in sorted(present - variables.by_name.keys())
            if not entry.startswith(".") and (near := nearest(entry, variables.by_name))
        )
        if open_to_all and self.world_readable != "allow":
            problems.append(self._open_to_all(open_to_all))
        return layer_of_texts(texts, variables, kind="secret_file", name=name, problems=problems)

    def _open_to_all(self, files: list[Path]) -> Problem:
        """Tell once of all secrets that every user may read."""
        more = f" and {len(files) - 1} more" if len(files) > 1 else ""
        return Problem(
            "MC403",
            "error" if self.world_readable == "error" else "warning",
            "",
            f"{files[0]}{more} can be read by every user of the machine",
            Origin("secret_file", str(files[0])),
            ("Kubernetes sets the mode of mounted secrets by `defaultMode: 0400`",),
            f'chmod 600 {files[0]}, or allow it: SecretsDirectory(…, world_readable="allow")',
        )


def _ignored(file: Path, variable: Variable) -> Problem:
    return Problem(
        "MC404",
        "warning",
        dotted(variable.path),
        f"{file} is a link that leads out of the directory; it is ignored",
        Origin("secret_file", str(file)),
    )


def _misspelt(file: Path, near: Sequence[str]) -> Problem:
    return Problem(
        "MC103",
        "warning",
        "",
        f"{printable(str(file))} matches no setting; it is ignored",
        Origin("secret_file", str(file)),
        help=f"did you mean {' or '.join(near)}?",
    )


def _leads_out(file: str, directory: str) -> bool:
    """Tell whether a link ends outside its directory; Kubernetes' `..data` stays inside."""
    # Unlike Path.resolve, realpath raises nothing: reading the file will tell of a link to itself.
    return not Path(os.path.realpath(file)).is_relative_to(os.path.realpath(directory))


def _file_names(model: Model) -> Variables:
    """Name every setting by its dotted path, also by the one that it had in earlier versions."""
    by_name = {
        dotted(path): Variable(dotted(path), path, setting) for path, setting in model.walk()
    }
    for names, path, setting, old in old_settings(model):
        if setting is not None:
            name = dotted(names)
            by_name.setdefault(name, Variable(name, path, setting, old_path=old))
    return Variables(by_name, ())
