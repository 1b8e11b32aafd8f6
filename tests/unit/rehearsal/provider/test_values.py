from __future__ import annotations

import json

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesari.rehearsal.provider.values import UNKNOWN, Value, decode, pack, unpack, wholly_known, without_unknown

SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(
    SCALARS | st.just(UNKNOWN),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_a_value_survives_the_wire(value: Value) -> None:
    assert unpack(pack(value)) == value


@given(VALUES)
def test_nothing_unknown_is_left_and_nothing_known_is_lost(value: Value) -> None:
    stripped = without_unknown(value)
    assert wholly_known(stripped)
    if wholly_known(value):
        assert stripped == value


@pytest.mark.parametrize(
    "packed",
    [
        b"\xd4\x00\x00",  # plain unknown, as Terraform writes it
        msgpack.packb(msgpack.ExtType(12, msgpack.packb({1: False}))),  # "known not to be null"
    ],
)
def test_both_kinds_of_unknown_are_read(packed: bytes) -> None:
    assert unpack(packed) is UNKNOWN


def test_unknown_is_written_as_terraform_reads_it() -> None:
    assert pack(UNKNOWN) == b"\xd4\x00\x00"


def test_json_is_read_where_there_is_no_msgpack_and_nothing_is_null() -> None:
    assert decode(b"", json.dumps({"a": [1]}).encode()) == {"a": [1]}
    assert decode(b"", b"") is None


def test_an_extension_that_terraform_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="extension 5"):
        unpack(msgpack.packb(msgpack.ExtType(5, b"")))
