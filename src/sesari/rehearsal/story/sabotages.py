"""The list of sabotages: for every claim of the story at least one that turns it red."""

from __future__ import annotations

from typing import Final

from sesari.rehearsal.story.sabotage import Sabotage

SABOTAGES: Final[tuple[Sabotage, ...]] = ()
