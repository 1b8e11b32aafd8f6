"""Reading a folder of migrations: order, digests, and every problem at once."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sesari.errors import SesariError
from sesari.model.migrations import MigrationKind
from sesari.release.migrations import read_migrations

SETTLED = settings(deadline=None, derandomize=True)
VERSIONS = st.lists(st.integers(0, 10**8).map(lambda number: f"{number:09d}"), unique=True, max_size=8)
BODIES = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r\n\ufeff"), max_size=30)


def file(version: str, text: str = "select 1;") -> dict[str, str]:
    return {f"{version}_x.sql": text}


@SETTLED
@given(VERSIONS, st.randoms())
def test_the_order_is_that_of_versions_whatever_the_folder_gives(versions, random):
    files = {name: f"select {number};" for number, name in enumerate(f"{version}_x.sql" for version in versions)}
    shuffled = list(files.items())
    random.shuffle(shuffled)
    found = read_migrations(dict(shuffled))
    assert found.versions == tuple(sorted(versions, key=int))
    assert found == read_migrations(files)


@SETTLED
@given(BODIES, BODIES)
def test_a_checksum_is_of_the_text_and_of_nothing_else(one, other):
    (first,), (second,) = (read_migrations(file("1", f"select 1; --{text}")).migrations for text in (one, other))
    assert (first.checksum == second.checksum) == (one == other)


@SETTLED
@given(st.lists(st.sampled_from(["select 1;", "-- why", "", "select 'é';"]), min_size=1, max_size=6))
def test_line_ends_and_a_byte_order_mark_are_no_change(lines):
    text = "\n".join([*lines, "select 2;"])
    given_ = (text, text.replace("\n", "\r\n"), "\ufeff" + text)
    assert len({read_migrations(file("1", held)).digest for held in given_}) == 1


@SETTLED
@given(VERSIONS.filter(bool), st.data())
def test_the_digest_changes_with_every_part(versions, data):
    files = {f"{version}_x.sql": "select 1;" for version in versions}
    chosen = data.draw(st.sampled_from(sorted(files)))
    digest = read_migrations(files).digest
    less = {name: text for name, text in files.items() if name != chosen}
    renamed = {**less, chosen.replace("_x", "_y"): files[chosen]}
    assert (
        len({digest, *(read_migrations(held).digest for held in (less, renamed, {**files, chosen: "select 2;"}))}) == 4
    )


def test_statements_have_their_lines_and_texts():
    text = "-- é;\nselect 'a;b';\n\n  /* ; */ select $$x;\ny$$\n;select 3"
    (migration,) = read_migrations(file("1", text)).migrations
    assert [(held.line, held.text) for held in migration.statements] == [
        (2, "select 'a;b'"),
        (4, "select $$x;\ny$$"),
        (6, "select 3"),
    ]


def test_what_is_no_sql_file_is_left_alone():
    assert read_migrations({"README.md": "x", "seed.sql.bak": "x", ".gitkeep": ""}).migrations == ()


def test_all_problems_at_once():
    files = {
        "20260101000000_a.sql": "select 1;",
        "20260101000000_b.sql": "select 1;",
        "9_short.sql": "",
        "jobs.sql": "selec 1;",
    }
    with pytest.raises(SesariError) as caught:
        read_migrations(files)
    assert sorted(caught.value.codes) == [
        "migration-duplicate",
        "migration-empty",
        "migration-name",
        "migration-order",
        "migration-syntax",
    ]


def test_versions_of_several_widths_are_taken_while_text_and_number_agree():
    assert read_migrations({**file("001"), **file("20260101000099"), **file("002")}).versions == (
        "001",
        "002",
        "20260101000099",
    )


def test_kinds():
    (expand,) = read_migrations(file("1", "alter table t add column a int;")).migrations
    (contract,) = read_migrations(file("1", "alter table t drop column a;")).migrations
    (marked,) = read_migrations(file("1", "-- sesari: contract\nselect 1;")).migrations
    assert (expand.kind, contract.kind, marked.kind) == (
        MigrationKind.EXPAND,
        MigrationKind.CONTRACT,
        MigrationKind.CONTRACT,
    )
