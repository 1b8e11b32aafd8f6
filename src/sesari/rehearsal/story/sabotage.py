"""Breaks one module, role, guard or check on purpose, in a copy of this very package.

A sabotage is a text edit of one file: the rehearsal then runs from the edited copy, so that what is broken is the
thing itself and the shipped code needs no seam for it.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from sesari.errors import Problem, SesariError


@dataclass(frozen=True, slots=True)
class Edit:
    """`find` occurs exactly once in `file` (relative to the package) and becomes `put`."""

    file: str
    find: str
    put: str


@dataclass(frozen=True, slots=True)
class Sabotage:
    """With the edits done, `claim` must go red. `breaks` says in words what they break."""

    name: str
    claim: str
    breaks: str
    edits: tuple[Edit, ...]


def package_folder() -> Path:
    """The folder of the running `sesari` package."""
    return Path(str(files("sesari")))


def edited(text: str, edit: Edit, name: str) -> str:
    """The text with the edit done. Raises SesariError when what it breaks is not there exactly once."""
    count = text.count(edit.find)
    if count != 1:
        raise SesariError(
            Problem(
                "sabotage-stale",
                f"Sabotage `{name}` no longer fits the code",
                where=edit.file,
                why=f"the text that it breaks occurs {count} times, once was expected",
                hint="Bring `find` in the list of sabotages up to date",
            )
        )
    return text.replace(edit.find, edit.put)


def sabotaged_copy(sabotage: Sabotage, folder: Path) -> Path:
    """Copies the package into `folder`, breaks it there, and returns the path to put first on PYTHONPATH."""
    shutil.rmtree(folder, ignore_errors=True)
    target = folder / "sesari"
    shutil.copytree(package_folder(), target, ignore=shutil.ignore_patterns("__pycache__"))
    for edit in sabotage.edits:
        path = target / edit.file
        path.write_text(edited(path.read_text(encoding="utf-8"), edit, sabotage.name), encoding="utf-8")
    return folder
