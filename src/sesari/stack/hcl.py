"""Values and blocks as HCL text, canonical as `terraform fmt` leaves it. Why not a library: docs/decisions/0002."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

from sesari.model.stack import Reference, Value

BARE_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
KEYWORDS = frozenset({"for", "if", "in", "true", "false", "null"})
SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}
PLAIN = re.compile(r"[ !#-\[\]-~]*")  # printable ASCII without quote and backslash
LIST_WIDTH = 90


def body(attributes: Mapping[str, Value], depth: int = 1) -> list[str]:
    """`name = value` lines, aligned. A value of several lines stands apart, as it breaks the alignment."""
    pairs = [(name, value_text(value, depth)) for name, value in attributes.items()]
    return _aligned(pairs, depth)


def block(head: str, lines: Iterable[str]) -> list[str]:
    """A block around lines that are already indented; one without lines is `head {}`."""
    inside = list(lines)
    return [f"{head} {{", *inside, "}"] if inside else [f"{head} {{}}"]


def indented(lines: Iterable[str]) -> list[str]:
    """The lines one level deeper; empty lines stay empty."""
    return [f"  {line}" if line else "" for line in lines]


def comment(text: str) -> list[str]:
    """The text as comment lines."""
    return [f"# {line}".rstrip() for line in text.splitlines()]


def value_text(value: Value, depth: int) -> str:
    """A value as an expression that starts in a line of `depth` levels. Raises TypeError for anything else."""
    if value is None:
        return "null"
    if isinstance(value, Reference):
        return value.expression
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, Mapping):
        return _object(value, depth)
    if isinstance(value, tuple):
        return _list(value, depth)
    raise TypeError(f"{type(value).__name__} has no form in HCL")


def quoted(text: str) -> str:
    """A string literal: nothing in it is a template, and nothing in it is invisible to a reviewer."""
    inside = text if PLAIN.fullmatch(text) else "".join(map(_character, text))
    return '"' + inside.replace("${", "$${").replace("%{", "%%{") + '"'


def _character(character: str) -> str:
    if character in SHORT:
        return SHORT[character]
    # Control, format (bidirectional overrides among them), private and unassigned characters and odd separators.
    if unicodedata.category(character)[0] == "C" or unicodedata.category(character) in ("Zl", "Zp"):
        return _escaped(character)
    return character


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _key(name: str) -> str:
    if BARE_KEY.fullmatch(name) and name not in KEYWORDS:
        return name
    # ASCII only, because the alignment of keys counts columns.
    return "".join(character if character.isascii() else _escaped(character) for character in quoted(name))


def _object(value: Mapping[str, Value], depth: int) -> str:
    if not value:
        return "{}"
    pairs = [(_key(name), value_text(item, depth + 1)) for name, item in value.items()]
    return "\n".join(["{", *_aligned(pairs, depth + 1), "  " * depth + "}"])


def _list(value: tuple[Value, ...], depth: int) -> str:
    items = [value_text(item, depth + 1) for item in value]
    line = f"[{', '.join(items)}]"
    if len(line) <= LIST_WIDTH and "\n" not in line:
        return line
    margin = "  " * (depth + 1)
    return "\n".join(["[", *(f"{margin}{item}," for item in items), "  " * depth + "]"])


def _aligned(pairs: list[tuple[str, str]], depth: int) -> list[str]:
    margin = "  " * depth
    lines: list[str] = []
    run: list[tuple[str, str]] = []

    def flush() -> None:
        width = max((len(name) for name, _ in run), default=0)
        lines.extend(f"{margin}{name:<{width}} = {text}" for name, text in run)
        run.clear()

    for name, text in pairs:
        if "\n" not in text:
            if not run and lines:
                lines.append("")
            run.append((name, text))
            continue
        flush()
        if lines:
            lines.append("")
        lines.extend(f"{margin}{name} = {text}".split("\n"))
    flush()
    return lines
