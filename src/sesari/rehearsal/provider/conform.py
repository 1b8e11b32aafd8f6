"""Bring values into the shape a schema asks for, and compare them as Terraform does (sets without order)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TypeVar, cast

from sesari.rehearsal.provider.schema import Collection, ObjectShape, Scalar, Shape
from sesari.rehearsal.provider.values import Unknown, Value, wholly_known

LARGEST_INTEGER = 2**63 - 1

T = TypeVar("T")


def conform(value: Value, shape: Shape, where: str = "") -> Value:
    """The value with every attribute present (null where absent), blocks never null, numbers as numbers.

    Raises ValueError naming the place when the value does not fit, such as an attribute the schema lacks.
    """
    if isinstance(value, Unknown):
        return value
    if value is None:
        return _absent(shape)
    if isinstance(shape, Scalar):
        return _scalar(value, shape, where)
    if isinstance(shape, ObjectShape):
        return _object(value, shape, where)
    if shape.kind == "map":
        entries = _expect(value, dict, where)
        return {key: conform(item, shape.element, f"{where}[{key!r}]") for key, item in entries.items()}
    items = [conform(item, shape.element, f"{where}[{i}]") for i, item in enumerate(_expect(value, list, where))]
    return _distinct(items, shape.element) if shape.kind == "set" else items


def same(left: Value, right: Value, shape: Shape) -> bool:
    """Whether two conformed values are equal: sets without order, 1 equals 1.0, unknown equals only unknown."""
    return canonical(left, shape) == canonical(right, shape)


def canonical(value: Value, shape: Shape) -> str:
    """A text that is equal exactly for equal values."""
    return json.dumps(_sortable(value, shape), sort_keys=True)


def _sortable(value: Value, shape: Shape) -> object:
    if value is None:
        return None
    if isinstance(value, Unknown):
        return {"unknown": True}
    if isinstance(shape, Scalar):
        return float(cast(float, value)) if shape.kind == "number" else value
    if isinstance(shape, ObjectShape):
        fields = cast(Mapping[str, Value], value)
        return [[name, _sortable(fields.get(name), inner)] for name, inner in sorted(shape.fields.items())]
    if shape.kind == "map":
        entries = cast(Mapping[str, Value], value)
        return [[key, _sortable(item, shape.element)] for key, item in sorted(entries.items())]
    if shape.kind == "set":
        return sorted(canonical(item, shape.element) for item in cast(list[Value], value))
    return [_sortable(item, shape.element) for item in cast(list[Value], value)]


def _absent(shape: Shape) -> Value:
    if isinstance(shape, Collection) and shape.nested_block:
        return {} if shape.kind == "map" else []
    if isinstance(shape, ObjectShape) and shape.nested_block:
        return {name: _absent(inner) for name, inner in shape.fields.items()}
    return None


def _scalar(value: Value, shape: Scalar, where: str) -> Value:
    if shape.kind == "number":
        return _number(value, where)
    if shape.kind == "bool":
        return _expect(value, bool, where)
    return _expect(value, str, where)


def _number(value: Value, where: str) -> Value:
    if isinstance(value, str):  # how the protocol carries numbers beyond 64 bits
        float(value)
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{where or 'the value'}: expected a number, got a {type(value).__name__}")
    return str(value) if isinstance(value, int) and abs(value) > LARGEST_INTEGER else value


def _object(value: Value, shape: ObjectShape, where: str) -> Value:
    fields = _expect(value, dict, where)
    extra = sorted(fields.keys() - shape.fields.keys())
    if extra:
        raise ValueError(f"{where or 'the object'}: the schema has no {', '.join(extra)}")
    return {
        name: conform(fields.get(name), inner, f"{where}.{name}" if where else name)
        for name, inner in shape.fields.items()
    }


def _distinct(items: list[Value], element: Shape) -> list[Value]:
    # Two unknowns may turn out to be different, so only known elements can be repeated.
    known = {canonical(item, element): item for item in items if wholly_known(item)}
    return [*known.values(), *(item for item in items if not wholly_known(item))]


def _expect(value: Value, type_: type[T], where: str) -> T:
    if not isinstance(value, type_):
        raise ValueError(f"{where or 'the value'}: expected a {type_.__name__}, got a {type(value).__name__}")
    return value
