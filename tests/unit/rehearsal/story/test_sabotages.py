"""Every claim has a sabotage, every sabotage fits the code as it is today."""

from __future__ import annotations

from pathlib import Path

import pytest

from sesari.errors import SesariError
from sesari.rehearsal.story.claims import CLAIMS
from sesari.rehearsal.story.run import PLAYS
from sesari.rehearsal.story.sabotage import Edit, Sabotage, edited, package_folder, sabotaged_copy
from sesari.rehearsal.story.sabotages import SABOTAGES

ALL_CLAIMS = [claim for claims in CLAIMS.values() for claim in claims]


def test_every_chapter_is_played_and_declares_claims() -> None:
    assert list(PLAYS) == list(CLAIMS)
    assert all(CLAIMS.values())


def test_every_claim_has_a_sabotage_and_every_sabotage_a_claim() -> None:
    assert {sabotage.claim for sabotage in SABOTAGES} == set(ALL_CLAIMS)
    assert len({sabotage.name for sabotage in SABOTAGES}) == len(SABOTAGES)
    assert len(set(ALL_CLAIMS)) == len(ALL_CLAIMS)


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda sabotage: sabotage.name)
def test_what_it_breaks_is_there_exactly_once(sabotage: Sabotage) -> None:
    texts: dict[str, str] = {}
    for edit in sabotage.edits:
        before = texts.get(edit.file, (package_folder() / edit.file).read_text(encoding="utf-8"))
        texts[edit.file] = edited(before, edit, sabotage.name)
        assert texts[edit.file] != before


def test_a_sabotage_that_no_longer_fits_says_so() -> None:
    with pytest.raises(SesariError) as caught:
        edited("one two two", Edit("x.py", "two", "three"), "stale")
    assert caught.value.codes == ("sabotage-stale",)
    assert "occurs 2 times" in str(caught.value.problems[0].why)


def test_the_copy_is_broken_and_the_package_is_not(tmp_path: Path) -> None:
    sabotage = SABOTAGES[0]
    edit = sabotage.edits[0]
    original = (package_folder() / edit.file).read_text(encoding="utf-8")
    folder = sabotaged_copy(sabotage, tmp_path / "copy")
    assert (folder / "sesari" / edit.file).read_text(encoding="utf-8") != original
    assert (package_folder() / edit.file).read_text(encoding="utf-8") == original
