"""Every error text of a wrong manifest, held to the words kept beside the case."""

import re
from pathlib import Path

import pytest
from tests.cases.manifest.cases import CASES, FOLDER, said, sources

from sesari.errors import SesariError
from sesari.manifest import parse


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_the_words(case: Path) -> None:
    assert said(case) == case.with_suffix(".txt").read_text("utf-8")


def test_every_case_is_refused() -> None:
    assert CASES
    assert [case.stem for case in CASES if said(case).startswith("nothing")] == []


def test_every_code_of_the_checks_has_a_case() -> None:
    texts = [path.read_text("utf-8") for path in Path("src/sesari/manifest").rglob("*.py")]
    codes = {code for text in texts for code in re.findall(r'"(manifest-[a-z-]+)"', text)}
    known = "".join(path.read_text("utf-8") for path in FOLDER.glob("*.txt"))
    # These are of bytes, not of TOML: `test_sources.py` has them.
    of_bytes = {"manifest-binary", "manifest-encoding", "manifest-too-large"}
    assert {code for code in codes - of_bytes if f"{code}: " not in known} == set()


def test_no_message_repeats_a_value_that_looks_like_a_secret() -> None:
    for case in ("secrets", "secret-in-the-wrong-place", "overlay-and-variables"):
        with pytest.raises(SesariError) as caught:
            parse(sources(FOLDER / f"{case}.toml"))
        words = repr(caught.value.problems) + str(caught.value)
        for secret in ("sk_live_", "hunter2", "AKIA", "ghp_", "sk-abc", "q8Zr2", "eyJ", "9f86d", "not shown"):
            assert secret not in words
