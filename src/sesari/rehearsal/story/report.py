"""Keeps the report of a rehearsal."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sesari.drivers.files import write_whole
from sesari.model.story import Story


def kept(told: Story, page: str, folder: Path) -> Story:
    """Writes the page as `report.html` into the rehearsal's folder; the story that knows where it is."""
    path = folder / "report.html"
    write_whole(path, page.encode())
    return replace(told, report=str(path))
