"""Terraform values as plain Python, and their wire formats: msgpack or JSON `DynamicValue`s."""

from __future__ import annotations

import json
from typing import Final, TypeAlias, cast

import msgpack


class Unknown:
    """The type of `UNKNOWN`: a value that only an apply can tell."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __copy__(self) -> Unknown:
        return self

    def __deepcopy__(self, memo: object) -> Unknown:
        return self


UNKNOWN: Final = Unknown()

Value: TypeAlias = bool | int | float | str | Unknown | list["Value"] | dict[str, "Value"] | None
Object: TypeAlias = dict[str, Value]

UNKNOWN_EXTENSION = 0
REFINED_EXTENSION = 12  # an unknown of which something is known, such as "not null"; we need no more than "unknown"


def unpack(data: bytes) -> Value:
    """Msgpack to a value. Raises ValueError for an extension the protocol does not have."""
    return cast(Value, msgpack.unpackb(data, raw=False, strict_map_key=False, ext_hook=_extension))


def pack(value: Value) -> bytes:
    """A value to msgpack; `UNKNOWN` becomes the protocol's extension."""
    return cast(bytes, msgpack.packb(value, use_bin_type=True, default=_pack_unknown))


def decode(packed: bytes, text: bytes) -> Value:
    """A `DynamicValue`'s two fields to a value: msgpack where given, else JSON, else null."""
    if packed:
        return unpack(packed)
    return cast(Value, json.loads(text)) if text else None


def wholly_known(value: Value) -> bool:
    """False when the value is or holds an unknown."""
    if isinstance(value, Unknown):
        return False
    if isinstance(value, list):
        return all(wholly_known(item) for item in value)
    if isinstance(value, dict):
        return all(wholly_known(item) for item in value.values())
    return True


def without_unknown(value: Value) -> Value:
    """The value with every unknown replaced by null: what a backend gets."""
    if isinstance(value, Unknown):
        return None
    if isinstance(value, list):
        return [without_unknown(item) for item in value]
    if isinstance(value, dict):
        return {name: without_unknown(item) for name, item in value.items()}
    return value


def _extension(code: int, data: bytes) -> Unknown:
    if code in (UNKNOWN_EXTENSION, REFINED_EXTENSION):
        return UNKNOWN
    raise ValueError(f"msgpack extension {code} is not part of Terraform's protocol")


def _pack_unknown(value: object) -> msgpack.ExtType:
    if isinstance(value, Unknown):
        return msgpack.ExtType(UNKNOWN_EXTENSION, b"\x00")
    raise TypeError(f"a {type(value).__name__} is no Terraform value")
