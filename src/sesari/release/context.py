"""PURE: which files of a commit go into an image, and where: `.dockerignore` and `COPY`, as a builder does them.

Source of the patterns: docs.docker.com/build/concepts/context (Go's filepath.Match, and `**`).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence

from sesari.errors import Problem, SesariError
from sesari.model.image import Source
from sesari.release.dockerfile import Recipe


def sent(sources: Iterable[Source], ignore: str) -> tuple[Source, ...]:
    """The sources that `.dockerignore` leaves; a later pattern wins, `!` takes back in."""
    rules = [_rule(line.strip()) for line in ignore.splitlines() if line.strip() and not line.startswith("#")]
    return tuple(source for source in sources if not _ignored(source.path, rules))


def placed(recipe: Recipe, sources: Sequence[Source], where: str) -> dict[str, Source]:
    """Path in the image (relative to its root) to source. Raises SesariError for a COPY that finds nothing."""
    files: dict[str, Source] = {}
    problems = []
    for copy in recipe.copies:
        for name in copy.sources:
            found = _copied(name, copy.target, copy.folder, sources)
            if not found:
                hint = "Commit it, or take it out of the Dockerfile or .dockerignore"
                problems.append(
                    Problem("copy-finds-nothing", f"COPY {name} finds no file in the commit", where, hint=hint)
                )
            files.update(found)
    if problems:
        raise SesariError(problems)
    return files


def _copied(name: str, target: str, folder: bool, sources: Sequence[Source]) -> Mapping[str, Source]:
    below = "" if name == "." else f"{name}/"
    files: dict[str, Source] = {}
    for source in sources:
        if source.path == name:
            path = posixpath.join(target, posixpath.basename(name)) if folder else target
            files[path.lstrip("/")] = source
        elif source.path.startswith(below):
            files[posixpath.join(target, source.path.removeprefix(below)).lstrip("/")] = source
    return files


def _rule(line: str) -> tuple[bool, re.Pattern[str]]:
    back = line.startswith("!")
    pattern = posixpath.normpath(line.removeprefix("!").strip()).lstrip("/")
    return back, re.compile(f"{_expression(pattern)}(?:/.*)?")


def _expression(pattern: str) -> str:
    pieces = re.split(r"(\*\*/|\*\*|\*|\?|\[[^\]]*\])", pattern)
    meanings = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return "".join(
        meanings.get(piece, piece if piece.startswith("[") and piece.endswith("]") else re.escape(piece))
        for piece in pieces
    )


def _ignored(path: str, rules: Iterable[tuple[bool, re.Pattern[str]]]) -> bool:
    ignored = False
    for back, pattern in rules:
        if pattern.fullmatch(path):
            ignored = not back
    return ignored
