"""Walking what TOML gives: tables in tables, with lists at the ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias

Tree: TypeAlias = dict[str, object]
KeyPath: TypeAlias = tuple[str | int, ...]

ABSENT: Final = object()
"""What `find` gives where nothing stands."""


def find(tree: object, path: KeyPath) -> object:
    """The value at a path, `ABSENT` when nothing stands there."""
    for part in path:
        if isinstance(tree, dict):
            tree = tree.get(part, ABSENT)
        elif isinstance(tree, list) and isinstance(part, int) and part < len(tree):
            tree = tree[part]
        else:
            return ABSENT
    return tree


def value_at(tree: object, path: KeyPath) -> object:
    """The value at a path, None when nothing stands there."""
    found = find(tree, path)
    return None if found is ABSENT else found


def table_at(tree: object, path: KeyPath) -> Tree:
    """The table at a path, empty when none stands there."""
    found = find(tree, path)
    return found if isinstance(found, dict) else {}


def leaves(tree: Tree, path: KeyPath = ()) -> Iterator[tuple[KeyPath, object]]:
    """Every value that is not a table, with its path."""
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from leaves(value, (*path, name))
        else:
            yield (*path, name), value


def merge(below: Tree, above: Tree) -> Tree:
    """`above` over `below`: tables are merged, everything else is replaced. Neither is changed."""
    if not above:
        return below
    merged = dict(below)
    for name, value in above.items():
        old = merged.get(name)
        merged[name] = merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged
