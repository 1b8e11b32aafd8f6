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
class Sabotage:
    """`find` occurs exactly once in `file` (relative to the package) and becomes `put`; then `claim` must go red."""

    name: str
    claim: str
    breaks: str
    file: str
    find: str
    put: str


def package_folder() -> Path:
    """The folder of the running `sesari` package."""
    return Path(str(files("sesari")))


def edited(text: str, sabotage: Sabotage) -> str:
    """The text with the sabotage done. Raises SesariError when what it breaks is not there exactly once."""
    count = text.count(sabotage.find)
    if count != 1:
        raise SesariError(
            Problem(
                "sabotage-stale",
                f"Sabotage `{sabotage.name}` no longer fits the code",
                where=sabotage.file,
                why=f"the text that it breaks occurs {count} times, once was expected",
                hint="Bring `find` in the list of sabotages up to date",
            )
        )
    return text.replace(sabotage.find, sabotage.put)


def sabotaged_copy(sabotage: Sabotage, folder: Path) -> Path:
    """Copies the package into `folder`, breaks it there, and returns the path to put first on PYTHONPATH."""
    shutil.rmtree(folder, ignore_errors=True)
    target = folder / "sesari"
    shutil.copytree(package_folder(), target, ignore=shutil.ignore_patterns("__pycache__"))
    path = target / sabotage.file
    path.write_text(edited(path.read_text(encoding="utf-8"), sabotage), encoding="utf-8")
    return folder
