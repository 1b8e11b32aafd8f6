"""What a person asked to rehearse: names checked, folders found."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path

from sesari.errors import Problem, SesariError
from sesari.model.access import Project
from sesari.rehearsal.story.claims import CLAIMS
from sesari.rehearsal.story.sabotage import Sabotage, package_folder
from sesari.rehearsal.story.sabotages import SABOTAGES

# The offline cloud is always built on these.
GROUND = ("manifest", "bootstrap", "environments")


def chosen_product(path: Path | None, folder: Path | None) -> tuple[Path, Path]:
    """The product's folder and the one to work in. Without a path: this folder, else Sesari's own example."""
    here = Path.cwd()
    if path is None and not Project(here).manifest.is_file():
        return example(), (folder or Project(here).work / "rehearsal").absolute()
    product = (path or here).absolute()
    if not Project(product).manifest.is_file():
        raise SesariError(
            Problem(
                "manifest-missing",
                "There is no product to rehearse",
                where=str(Project(product).manifest),
                why="the folder has no sesari.toml",
                hint="Give the product's folder, or run `sesari rehearse` in an empty one to see Sesari's own example",
            )
        )
    return product, (folder or Project(product).work / "rehearsal").absolute()


def example() -> Path:
    """Sesari's own example: inside the installed package, or beside the sources."""
    packaged = package_folder() / "example"
    return packaged if packaged.is_dir() else package_folder().parents[1] / "examples" / "sesari"


def chosen_chapters(only: Sequence[str]) -> tuple[str, ...]:
    """The chapters to play, in order, with what they stand on. All when `only` is empty."""
    for name in only:
        if name not in CLAIMS:
            raise SesariError(_unknown("chapter", name, CLAIMS))
    if not only:
        return tuple(CLAIMS)
    needed = {*only}
    for name in only:
        needed |= set(GROUND[: GROUND.index(name)] if name in GROUND else GROUND)
    return tuple(name for name in CLAIMS if name in needed)


def chosen_sabotage(name: str) -> Sabotage:
    """The sabotage of that name."""
    found = {sabotage.name: sabotage for sabotage in SABOTAGES}
    if name not in found:
        raise SesariError(_unknown("sabotage", name, found))
    return found[name]


def chapter_of(claim: str) -> str:
    """The chapter that tells a claim."""
    return next(chapter for chapter, claims in CLAIMS.items() if claim in claims)


def _unknown(noun: str, name: str, known: Iterable[str]) -> Problem:
    names = list(known)
    near = difflib.get_close_matches(name, names, 1)
    return Problem(
        f"unknown-{noun}",
        f"There is no {noun} `{name}`",
        why=f"known are {', '.join(names)}",
        hint=f"Did you mean `{near[0]}`?" if near else None,
    )
