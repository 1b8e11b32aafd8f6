"""The texts a manifest is read from, and reading each as TOML with every syntax error at once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from sesari.errors import Problem, SesariError
from sesari.manifest.positions import Found, search
from sesari.manifest.trees import Tree
from sesari.manifest.wording import dotted

LIMIT: Final = 1024 * 1024
"""The largest manifest, in bytes."""

DEPTH: Final = 16
_ROUNDS: Final = 20
_AT: Final = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file as read: the name that errors show, and its text."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Sources:
    """All that a manifest is made of. `overlays` by environment name; `variables` are environment variables."""

    manifest: SourceFile
    overlays: Mapping[str, SourceFile] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)


def decode(name: str, body: bytes) -> SourceFile:
    """The file `name` from its bytes. Raises SesariError when it is larger than `LIMIT`, binary, or not UTF-8."""
    if len(body) > LIMIT:
        raise SesariError(_too_large(name))
    hint = "A manifest is a text file in TOML, saved as UTF-8"
    if 0 in body:
        line = body[: body.index(0)].count(b"\n") + 1
        raise SesariError(
            Problem("manifest-binary", f"`{name}` is a binary file", f"{name}:{line}", "it has a zero byte", hint)
        )
    try:
        text = body.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
    except UnicodeDecodeError as error:
        line = body[: error.start].count(b"\n") + 1
        why = f"byte {error.start + 1} is 0x{body[error.start]:02x}, which is not valid there"
        raise SesariError(
            Problem("manifest-encoding", f"`{name}` is not UTF-8 text", f"{name}:{line}", why, hint)
        ) from None
    return SourceFile(name, text)


def _too_large(name: str) -> Problem:
    return Problem(
        "manifest-too-large",
        f"`{name}` is too large to be a manifest",
        name,
        f"it has more than {LIMIT:,} bytes",
        "Check that this is the right file",
    )


@dataclass(frozen=True, slots=True)
class Document:
    """A source file as a tree. With `problems`, `tree` holds what could be read beside them."""

    file: SourceFile
    tree: Tree
    problems: tuple[Problem, ...] = ()


def read_toml(file: SourceFile) -> Document:
    """Read a file's TOML. A line that is wrong is set aside and reading goes on, so that every error is found."""
    lines = file.text.split("\n")
    problems: list[Problem] = []
    text = file.text
    for _ in range(_ROUNDS):
        try:
            tree = tomllib.loads(text)
        except (ValueError, RecursionError) as error:
            row, problem = _syntax(file, text, error)
            problems.append(problem)
            if row is None or not _set_aside(lines, row):
                break
            text = "\n".join(lines)
            continue
        deep = _too_deep(file, tree)
        return Document(file, {} if deep else tree, (*problems, *deep))
    return Document(file, {}, tuple(problems[:1] if len(problems) == _ROUNDS else problems))


def _syntax(file: SourceFile, text: str, error: Exception) -> tuple[int | None, Problem]:
    """The line (1-based) and the problem that an error in reading `text`, what is left of the file, stands for."""
    if isinstance(error, RecursionError):
        return None, _nested(file)
    message = str(error)
    match = _AT.search(message)
    cause = _sentence(message[: match.start()] if match else message)
    found = search(text)
    if match and match[1]:
        row, where = int(match[1]), f"{file.name}:{match[1]}:{match[2]}"
    else:
        # The end of the file, where reading gave up, is not where the mistake is.
        row = found.error or text.rstrip().count("\n") + 1
        where = f"{file.name}:{row}"
    if cause.startswith(("cannot overwrite", "cannot declare", "cannot mutate", "duplicate")):
        return row, _repeated(row, where, cause, found)
    return row, Problem("manifest-syntax", "This is not valid TOML", where, cause, None)


def _repeated(row: int, where: str, cause: str, found: Found) -> Problem:
    if row not in found.repeats:
        return Problem("manifest-duplicate", "A key or table is said twice", where, cause, "Keep one of the two")
    path, first = found.repeats[row]
    what, why = f"`{dotted(path)}` is said twice", f"it already stands on line {first}"
    return Problem("manifest-duplicate", what, where, why, "Keep one of the two")


def _sentence(text: str) -> str:
    return text[:1].lower() + text[1:]


def _set_aside(lines: list[str], row: int) -> bool:
    """Blank the wrong line; after a wrong header also what stands below it. False when nothing was left to blank."""
    first = row - 1
    if not 0 <= first < len(lines) or not lines[first].strip():
        return False
    header = lines[first].lstrip().startswith("[")
    lines[first] = ""
    for index in range(row, len(lines) if header else 0):
        if lines[index].lstrip().startswith("["):
            break
        lines[index] = ""
    return True


def _too_deep(file: SourceFile, tree: Tree) -> tuple[Problem, ...]:
    """Refuse nesting that no manifest has: what comes after walks the tree by recursion."""
    level: list[object] = [tree]
    for _ in range(DEPTH):
        level = [child for value in level for child in _children(value)]
        if not level:
            return ()
    return (_nested(file),)


def _children(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return list(value) if isinstance(value, list) else []


def _nested(file: SourceFile) -> Problem:
    why = f"no key of a manifest is nested deeper than {DEPTH} levels"
    return Problem("manifest-nested", f"`{file.name}` is nested too deeply", file.name, why, None)
