"""Brings a product's manifest sources together: its files and the environment variables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sesari.drivers.manifest_files import NAME, read_manifest_files
from sesari.errors import Problem, SesariError
from sesari.manifest.sources import LIMIT, SourceFile, Sources, decode


def read_sources(root: Path, variables: Mapping[str, str]) -> Sources:
    """The sources of the product in the folder `root`; `variables` is the process environment.

    Raises SesariError for every file that is absent, unreadable, too large or no text.
    """
    files = read_manifest_files(root, LIMIT)
    problems: list[Problem] = []

    def decoded(name: str, body: bytes) -> SourceFile:
        try:
            return decode(name, body)
        except SesariError as error:
            problems.extend(error.problems)
            return SourceFile(name, "")

    manifest = decoded(NAME, files.manifest)
    overlays = {name: decoded(f"sesari.{name}.toml", body) for name, body in files.overlays.items()}
    if problems:
        raise SesariError(problems)
    return Sources(manifest, overlays, variables)
