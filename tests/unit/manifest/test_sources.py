"""Bytes to text, and text to a tree with every syntax error."""

import pytest

from sesari.errors import SesariError
from sesari.manifest import SourceFile, decode
from sesari.manifest.sources import LIMIT, read_toml


@pytest.mark.parametrize(
    ("body", "code", "where"),
    [
        (b"a = 1\n" * (LIMIT // 6 + 1), "manifest-too-large", "sesari.toml"),
        (b"a = 1\n\n\x7fELF\x00\x01", "manifest-binary", "sesari.toml:3"),
        (b'a = 1\nb = "\xff"\n', "manifest-encoding", "sesari.toml:2"),
        ("a = 1".encode("utf-16"), "manifest-binary", "sesari.toml:1"),
    ],
)
def test_bytes_that_are_no_manifest(body: bytes, code: str, where: str) -> None:
    with pytest.raises(SesariError) as caught:
        decode("sesari.toml", body)
    (problem,) = caught.value.problems
    assert (problem.code, problem.where) == (code, where)
    assert problem.what and problem.why and problem.hint


def test_a_byte_order_mark_and_windows_line_ends_are_read() -> None:
    file = decode("sesari.toml", b"\xef\xbb\xbfa = 1\r\nb = 2\r\n")
    assert read_toml(file).tree == {"a": 1, "b": 2}


def test_a_largest_manifest_is_read() -> None:
    assert len(decode("sesari.toml", b"#" * LIMIT).text) == LIMIT


def test_what_can_be_read_beside_errors_is_read() -> None:
    document = read_toml(SourceFile("f", "a = 1\nb = = 2\n[c\nd = 1\n[e]\nf = 3\ng = nope\n"))
    assert document.tree == {"a": 1, "e": {"f": 3}}
    assert [problem.where for problem in document.problems] == ["f:2:5", "f:3:3", "f:7:5"]


def test_an_integer_too_long_to_read_is_an_error_and_no_crash() -> None:
    (problem,) = read_toml(SourceFile("f", "a = " + "9" * 5000 + "\n")).problems
    assert problem.code == "manifest-syntax"
