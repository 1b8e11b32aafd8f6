"""On which line of a TOML file a key path stands. Read only when somebody must be told."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sesari.manifest.trees import KeyPath

if TYPE_CHECKING:
    from tree_sitter import Node

_TABLES = frozenset({"table", "table_array_element"})
_KEYS = frozenset({"bare_key", "quoted_key", "dotted_key"})
_DEPTH = 64


@dataclass(frozen=True, slots=True)
class Found:
    """What a text says where. Lines are 1-based.

    `lines`: of each key path's header, key, or first key below it; array elements have their index in the path.
    `repeats`: a line that says a path again -> the path and the line that said it first. `error`: the first line
    that the grammar does not know.
    """

    lines: dict[KeyPath, int] = field(default_factory=dict)
    repeats: dict[int, tuple[KeyPath, int]] = field(default_factory=dict)
    error: int | None = None


def positions(text: str) -> dict[KeyPath, int]:
    """The line of every key path in `text`. A text that is not valid TOML gives what could be read."""
    return search(text).lines


def search(text: str) -> Found:
    """Where everything stands in `text`, valid TOML or not."""
    import tree_sitter
    import tree_sitter_toml

    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_toml.language()))
    root = parser.parse(text.encode("utf-8", "surrogatepass")).root_node
    found = Found(error=_first_error(root))
    counts: dict[KeyPath, int] = {}
    said: dict[KeyPath, int] = {}
    for node in root.children:
        if node.type == "pair":
            _pair(node, (), found, said, 0)
        elif node.type in _TABLES:
            _table(node, found, said, counts)
    return found


def _first_error(root: Node) -> int | None:
    pending = [root] if root.has_error else []
    rows = []
    while pending:
        node = pending.pop()
        if node.is_error or node.is_missing:
            rows.append(node.start_point.row + 1)
        pending.extend(child for child in node.children if child.has_error or child.is_missing)
    return min(rows, default=None)


def _say(path: KeyPath, node: Node, found: Found, said: dict[KeyPath, int]) -> None:
    """Note that this line itself defines `path`, rather than only leading to it."""
    row = node.start_point.row + 1
    if path in said:
        found.repeats.setdefault(row, (path, said[path]))
    said.setdefault(path, row)


def _table(node: Node, found: Found, said: dict[KeyPath, int], counts: dict[KeyPath, int]) -> None:
    header = next((child for child in node.children if child.type in _KEYS), None)
    if header is None:
        return
    path: KeyPath = ()
    names = _names(header)
    for index, name in enumerate(names):
        path = (*path, name)
        _note(path, header, found.lines)
        if node.type == "table_array_element" and index == len(names) - 1:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
            _note(path, header, found.lines)
    # A header says more of its table than a deeper header that came first and only implied it.
    found.lines[path] = header.start_point.row + 1
    _say(path, header, found, said)
    for child in node.children:
        if child.type == "pair":
            _pair(child, path, found, said, 0)


def _pair(node: Node, base: KeyPath, found: Found, said: dict[KeyPath, int], depth: int) -> None:
    key = next((child for child in node.children if child.type in _KEYS), None)
    if key is None or depth > _DEPTH:
        return
    path = base
    for name in _names(key):
        path = (*path, name)
        _note(path, key, found.lines)
    _say(path, key, found, said)
    _inside(node.children[-1], path, found, said, depth)


def _inside(node: Node, path: KeyPath, found: Found, said: dict[KeyPath, int], depth: int) -> None:
    if depth > _DEPTH:
        return
    if node.type == "inline_table":
        for child in node.children:
            if child.type == "pair":
                _pair(child, path, found, said, depth + 1)
    elif node.type == "array":
        elements = (child for child in node.children if child.is_named and child.type != "comment")
        for index, element in enumerate(elements):
            _note((*path, index), element, found.lines)
            _inside(element, (*path, index), found, said, depth + 1)


def _note(path: KeyPath, node: Node, lines: dict[KeyPath, int]) -> None:
    lines.setdefault(path, node.start_point.row + 1)


def _names(key: Node) -> list[str]:
    """The parts of a key, which the grammar nests to the left: `a.b.c` is `(a.b).c`."""
    parts: list[Node] = []
    pending = [key]
    while pending:
        node = pending.pop()
        if node.type == "dotted_key":
            pending.extend(child for child in node.children if child.type in _KEYS)
        else:
            parts.append(node)
    return [_name(part) for part in sorted(parts, key=lambda part: part.start_byte)]


def _name(node: Node) -> str:
    text = (node.text or b"").decode("utf-8", "replace")
    if node.type == "bare_key" or len(text) < 2:
        return text
    if text.startswith("'"):
        return text[1:-1]
    try:
        return str(json.loads(text))
    except ValueError:
        return text[1:-1]
