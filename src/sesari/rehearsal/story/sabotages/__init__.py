"""The list of sabotages: for every claim of the story at least one that turns it red."""

from __future__ import annotations

from typing import Final

from sesari.rehearsal.story.sabotage import Sabotage
from sesari.rehearsal.story.sabotages import changes, foundations

SABOTAGES: Final[tuple[Sabotage, ...]] = (
    *foundations.MANIFEST,
    *foundations.BOOTSTRAP,
    *foundations.ENVIRONMENTS,
    *foundations.ISOLATION,
    *changes.EDIT,
    *changes.REFUSED,
    *changes.DRIFT,
    *changes.BROKEN,
    *changes.DESTROY,
    *changes.AFTERWARDS,
)
