"""Reads a product's manifest files as bytes; what is in them is judged elsewhere."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sesari.drivers.files import file_error
from sesari.errors import Problem, SesariError

NAME = "sesari.toml"


@dataclass(frozen=True, slots=True)
class ManifestFiles:
    """The bytes of `sesari.toml` and of each `sesari.ENV.toml`, the latter by environment name."""

    manifest: bytes
    overlays: Mapping[str, bytes]


def read_manifest_files(root: Path, most: int) -> ManifestFiles:
    """Read the manifest files in the folder `root`, at most `most` + 1 bytes of each.

    Raises SesariError for every file that is absent, no regular file, or not readable, all at once.
    """
    problems: list[Problem] = []
    manifest = _read(root / NAME, most, problems)
    overlays = {}
    for path in _overlays(root, problems):
        overlays[path.name.removeprefix("sesari.").removesuffix(".toml")] = _read(path, most, problems)
    if problems:
        raise SesariError(problems)
    return ManifestFiles(manifest, overlays)


def _overlays(root: Path, problems: list[Problem]) -> list[Path]:
    """The files named `sesari.ENV.toml`. A folder that cannot be listed is a problem, not one without such files."""
    try:
        return sorted(path for path in root.iterdir() if path.match("sesari.*.toml"))
    except OSError as error:
        # What keeps the folder closed most often kept the manifest closed too, and was told.
        problems.extend(() if problems else file_error(error, root, "listed").problems)
        return []


def _read(path: Path, most: int, problems: list[Problem]) -> bytes:
    try:
        # Asked before opening: opening a named pipe would wait for its other end.
        if not stat.S_ISREG(path.stat().st_mode):
            what = f"`{path.name}` is not a regular file"
            problems.append(Problem("not-a-file", what, str(path), None, "Put the manifest's text in its place"))
            return b""
        with path.open("rb") as file:
            return file.read(most + 1)
    except FileNotFoundError:
        problems.append(_absent(path))
    except OSError as error:
        problems.extend(file_error(error, path, "read").problems)
    return b""


def _absent(path: Path) -> Problem:
    folder = path.parent.resolve()
    if not folder.is_dir():
        what, hint = f"There is no folder `{folder}`", "Name the product's folder with `--project DIR`"
        return Problem("manifest-absent", what, str(folder), None, hint)
    hint = "Name the product's folder with `--project DIR`; `sesari schema --reference` prints a manifest to begin with"
    return Problem("manifest-absent", f"There is no `{path.name}` in this folder", str(folder), None, hint)
