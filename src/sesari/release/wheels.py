"""PURE: Python dependencies: what a requirements file pins, and wheels as the entries of a layer."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Iterable, Mapping
from typing import BinaryIO, Final

from installer import install
from installer.destinations import WheelDestination
from installer.records import RecordEntry
from installer.sources import WheelFile

from sesari.errors import Problem, SesariError
from sesari.model.image import Entry

SITE: Final = "opt/dependencies"
_PINNED: Final = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?\s*==\s*[A-Za-z0-9.!+]+\s*(?:;[^#]*?)?(?:\s*--hash=\S+)*"
)
_LAUNCHER: Final = """#!/usr/bin/env python3
import sys
from {module} import {first}
if __name__ == "__main__":
    sys.argv[0] = sys.argv[0].removesuffix(".exe")
    sys.exit({attribute}())
"""


def pinned(text: str, where: str) -> frozenset[str]:
    """The normalised names that the file pins. Raises SesariError for every line that does not pin one."""
    names, problems = set(), []
    for number, line in _lines(text):
        found = _PINNED.fullmatch(line)
        if found:
            names.add(normalised(found["name"]))
        else:
            what = f"`{line.split(' --hash')[0]}` is not pinned to one version"
            hint = "Write every requirement as name==version, also the indirect ones (`pip freeze` gives them)"
            why = "an image built again would hold something else"
            problems.append(Problem("requirement-not-pinned", what, f"{where}:{number}", why, hint))
    if problems:
        raise SesariError(problems)
    return frozenset(names)


def complete(names: frozenset[str], files: Iterable[str], where: str) -> None:
    """Raises SesariError when other wheels were needed than those that are pinned."""
    problems = [
        Problem(
            "requirement-not-pinned",
            f"`{name}` is needed by another package and not pinned",
            where,
            hint=f"Add {name}=={file.split('-')[1]}",
        )
        for file in sorted(files)
        if (name := normalised(file.split("-")[0])) not in names
    ]
    if problems:
        raise SesariError(problems)


def normalised(name: str) -> str:
    """As PEP 503 compares names."""
    return re.sub(r"[-_.]+", "-", name).lower()


def wheel_entries(wheels: Mapping[str, bytes]) -> tuple[Entry, ...]:
    """Everything that the wheels (by file name) install, below `opt/dependencies`; nothing compiled.

    Scripts start `env python3`, so that they run in the image and on a machine. Raises SesariError `wheel-damaged`
    for a wheel whose content is not what its own record says.
    """
    entries: list[Entry] = []
    for name, body in sorted(wheels.items()):
        try:
            with zipfile.ZipFile(io.BytesIO(body)) as archive:
                archive.filename = name
                source = WheelFile(archive)
                source.validate_record()
                install(source, _Entries(entries), {})
        except (zipfile.BadZipFile, KeyError, ValueError) as error:
            hint = "Remove .sesari/cache/wheels and build again"
            raise SesariError(Problem("wheel-damaged", f"`{name}` is damaged", why=str(error), hint=hint)) from error
    return tuple(entries)


class _Entries(WheelDestination):
    """Where `installer` writes: a list. The record of what was installed where is pip's own concern, and left out."""

    def __init__(self, entries: list[Entry]) -> None:
        self._entries = entries

    def write_script(self, name: str, module: str, attr: str, section: str) -> RecordEntry:
        text = _LAUNCHER.format(module=module, first=attr.split(".")[0], attribute=attr)
        return self._add(f"bin/{name}", text.encode(), executable=True)

    def write_file(self, scheme: str, path: object, stream: BinaryIO, is_executable: bool) -> RecordEntry:
        body = stream.read()
        if scheme == "scripts":
            first, separator, rest = body.partition(b"\n")
            if first.startswith(b"#!python"):
                body = b"#!/usr/bin/env python3" + separator + rest
            return self._add(f"bin/{path}", body, executable=True)
        below = {"purelib": "", "platlib": "", "data": "", "headers": "include/"}[scheme]
        return self._add(f"{below}{path}", body, is_executable)

    def finalize_installation(self, scheme: object, record_file_path: str, records: object) -> None:
        """Nothing is left to do: the list is the installation."""

    def _add(self, path: str, body: bytes, executable: bool) -> RecordEntry:
        placed = posixpath.normpath(posixpath.join(SITE, path))
        if not placed.startswith(f"{SITE}/"):
            raise ValueError(f"{path} leaves its folder")
        self._entries.append(Entry(placed, "file", body, executable))
        return RecordEntry(path, None, None)


def _lines(text: str) -> Iterable[tuple[int, str]]:
    """Logical lines without comments, each with the number of its first."""
    begun, pieces = 0, []
    for number, raw in enumerate(text.splitlines(), 1):
        line = re.sub(r"(^|\s)#.*$", "", raw).strip()
        begun = begun or number
        pieces.append(line.removesuffix("\\").strip())
        if not line.endswith("\\"):
            whole = " ".join(piece for piece in pieces if piece)
            if whole:
                yield begun, whole
            begun, pieces = 0, []
