"""Which changed attributes force a replacement. PURE."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from sesari.rehearsal.provider.conform import same
from sesari.rehearsal.provider.schema import Collection, ObjectShape, Shape
from sesari.rehearsal.provider.values import Value

Path: TypeAlias = tuple[str | int, ...]


def replace_paths(dotted: Sequence[str], prior: Value, planned: Value, shape: Shape) -> tuple[Path, ...]:
    """The paths, out of a type's replacing attributes, at which the plan differs from the prior state.

    A path through a list names the element; a path through a set names the set, whose elements have no name.
    """
    found: dict[Path, None] = {}
    for path in dotted:
        found.update(dict.fromkeys(_changed(path.split("."), prior, planned, shape, ())))
    return tuple(found)


def _changed(names: list[str], prior: Value, planned: Value, shape: Shape, at: Path) -> Iterator[Path]:
    if not names:
        if not same(prior, planned, shape):
            yield at
    elif isinstance(shape, ObjectShape):
        inner = shape.fields.get(names[0])
        if inner is not None:
            yield from _changed(names[1:], _field(prior, names[0]), _field(planned, names[0]), inner, (*at, names[0]))
    elif isinstance(shape, Collection) and shape.kind == "set":
        if _picked(names, prior, shape) != _picked(names, planned, shape):
            yield at
    elif isinstance(shape, Collection):
        yield from _changed_elements(names, prior, planned, shape, at)


def _changed_elements(names: list[str], prior: Value, planned: Value, shape: Collection, at: Path) -> Iterator[Path]:
    before, after = _by_key(prior), _by_key(planned)
    for key in sorted(before.keys() | after.keys(), key=str):
        yield from _changed(names, before.get(key), after.get(key), shape.element, (*at, key))


def _picked(names: list[str], value: Value, shape: Collection) -> list[str]:
    """What a set's elements hold at the remaining names, without order."""
    found: list[str] = []
    for item in value if isinstance(value, list) else []:
        node: Value = item
        for name in names:
            node = _field(node, name)
        found.append(repr(node))
    return sorted(found)


def _field(value: Value, name: str) -> Value:
    return value.get(name) if isinstance(value, dict) else None


def _by_key(value: Value) -> Mapping[str | int, Value]:
    if isinstance(value, list):
        return dict(enumerate(value))
    return {key: item for key, item in value.items()} if isinstance(value, dict) else {}
