"""The HCL writer, read back by another reader."""

import re

import hcl2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesari.model.stack import Reference
from sesari.stack import hcl

KEYS = st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]{0,8}", fullmatch=True)
# python-hcl2 8.1.4 does not read `$${` or `%%{` without a later `}`: such texts are held to Terraform itself, in
# tests/functional/test_synth_terraform.py.
TEXTS = st.text(st.characters(codec="utf-8")).filter(lambda text: "${" not in text and "%{" not in text)
SCALARS = st.none() | st.booleans() | st.integers(-(2**40), 2**40) | TEXTS
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4).map(tuple) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


def unquoted(text: str) -> str:
    """The value of a string literal as python-hcl2 hands it over, quotes and escapes included."""
    shorts = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}

    def one(match: re.Match[str]) -> str:
        code = match[1]
        return chr(int(code[1:], 16)) if code[0] in "uU" else shorts[code]

    inside = re.sub(r'\\(u[0-9a-f]{4}|U[0-9a-f]{8}|[nrt"\\])', one, text[1:-1])
    return inside.replace("$${", "${").replace("%%{", "%{")


def plain(value):
    """A parsed value as Python."""
    if isinstance(value, str):
        return unquoted(value) if value.startswith('"') else value
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {plain(key): plain(item) for key, item in value.items() if key != "__is_block__"}
    return value


def as_lists(value):
    if isinstance(value, tuple):
        return [as_lists(item) for item in value]
    if isinstance(value, dict):
        return {key: as_lists(item) for key, item in value.items()}
    return value


@given(VALUES)
def test_values_read_back_the_same(value):
    text = "\n".join(hcl.body({"value": value}, depth=0)) + "\n"
    assert plain(hcl2.loads(text)["value"]) == as_lists(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ('say "hi"\n', r'"say \"hi\"\n"'),
        ("${x} $${ %{ if }", '"$${x} $$${ %%{ if }"'),
        ("C:\\temp\ttab\r", r'"C:\\temp\ttab\r"'),
        ("żółw 😀", '"żółw 😀"'),
        ("a\u202eb\u0000\u2028\U000e0041", r'"a\u202eb\u0000\u2028\U000e0041"'),
        (None, "null"),
        (True, "true"),
        (0.8, "0.8"),
        (Reference('module.x.y["z"]'), 'module.x.y["z"]'),
        ((), "[]"),
        ({}, "{}"),
        (("a", 1), '["a", 1]'),
    ],
)
def test_values_as_text(value, text):
    assert hcl.value_text(value, 0) == text


def test_runs_are_aligned_and_long_values_stand_apart():
    lines = hcl.body({"a": 1, "long": 2, "tags": {"k": "v", "a-b": 1, "for": 2, "ż": 3}, "z": True}, depth=0)
    assert lines == [
        "a    = 1",
        "long = 2",
        "",
        "tags = {",
        '  k        = "v"',
        "  a-b      = 1",
        '  "for"    = 2',
        '  "\\u017c" = 3',
        "}",
        "",
        "z = true",
    ]


def test_a_long_list_takes_a_line_per_item():
    text = hcl.value_text(tuple(f"arn:aws:service:{index}" for index in range(9)), 0)
    assert text.startswith('[\n  "arn:aws:service:0",\n') and text.endswith(",\n]")


def test_what_has_no_form_in_hcl_is_refused():
    with pytest.raises(TypeError):
        hcl.value_text(b"bytes", 0)  # type: ignore[arg-type]
