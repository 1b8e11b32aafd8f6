"""On which line of a TOML file a key path stands. Read only when somebody must be told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sesari.manifest.trees import KeyPath

if TYPE_CHECKING:
    from tree_sitter import Node

_TABLES = frozenset({"table", "table_array_element"})
_KEYS = frozenset({"bare_key", "quoted_key", "dotted_key"})
_DEPTH = 64


def positions(text: str) -> dict[KeyPath, int]:
    """The 1-based line of every key path in `text`: of its header, its key, or the first key below it.

    Array elements have their index in the path. Texts that are not valid TOML give what could be read.
    """
    import tree_sitter
    import tree_sitter_toml

    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_toml.language()))
    root = parser.parse(text.encode("utf-8", "surrogatepass")).root_node
    lines: dict[KeyPath, int] = {}
    counts: dict[KeyPath, int] = {}
    for node in root.children:
        if node.type == "pair":
            _pair(node, (), lines, 0)
        elif node.type in _TABLES:
            _table(node, lines, counts)
    return lines


def _table(node: Node, lines: dict[KeyPath, int], counts: dict[KeyPath, int]) -> None:
    header = next((child for child in node.children if child.type in _KEYS), None)
    if header is None:
        return
    path: KeyPath = ()
    names = _names(header)
    for index, name in enumerate(names):
        path = (*path, name)
        _note(path, header, lines)
        if node.type == "table_array_element" and index == len(names) - 1:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
            _note(path, header, lines)
    # A header says more of its table than a deeper header that came first and only implied it.
    lines[path] = header.start_point.row + 1
    for child in node.children:
        if child.type == "pair":
            _pair(child, path, lines, 0)


def _pair(node: Node, base: KeyPath, lines: dict[KeyPath, int], depth: int) -> None:
    key = next((child for child in node.children if child.type in _KEYS), None)
    if key is None or depth > _DEPTH:
        return
    path = base
    for name in _names(key):
        path = (*path, name)
        _note(path, key, lines)
    if node.children[-1] is not key:
        _inside(node.children[-1], path, lines, depth)


def _inside(node: Node, path: KeyPath, lines: dict[KeyPath, int], depth: int) -> None:
    if depth > _DEPTH:
        return
    if node.type == "inline_table":
        for child in node.children:
            if child.type == "pair":
                _pair(child, path, lines, depth + 1)
    elif node.type == "array":
        elements = (child for child in node.children if child.is_named and child.type != "comment")
        for index, element in enumerate(elements):
            _note((*path, index), element, lines)
            _inside(element, (*path, index), lines, depth + 1)


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
