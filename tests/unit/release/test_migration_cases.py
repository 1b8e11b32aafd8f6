"""What each piece of SQL is found to be: the cases and their results are files in tests/cases/migrations.

`python -m pytest tests/unit/release/test_migration_cases.py` compares; a result is changed by hand, reading it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sesari.errors import SesariError
from sesari.release.migration_lint import Severity, lint, refusals
from sesari.release.migration_rules import RULES
from sesari.release.migrations import read_migrations

CASES = Path(__file__).parents[2] / "cases" / "migrations"
FILE = "20260101000000_case.sql"


def cases(text: str) -> Iterator[tuple[str, str]]:
    for piece in text.split("-- case: ")[1:]:
        name, _, sql = piece.partition("\n")
        yield name, sql


def told(sql: str) -> Iterator[str]:
    """Kind and findings, or the problems."""
    try:
        found = read_migrations({FILE: sql})
    except SesariError as error:
        yield from (
            f"  {problem.code} {(problem.where or '').removeprefix(FILE)} {problem.what}" for problem in error.problems
        )
        return
    (migration,) = found.migrations
    yield from (f"  takes {what}" for what in migration.takes)
    yield f"  {migration.kind.value}{', alone' if migration.alone else ''}"
    for finding in lint(found):
        yield f"  {finding.severity.value} {finding.code} :{finding.line} {finding.what}"


def results(name: str) -> str:
    text = (CASES / f"{name}.sql").read_text("utf-8")
    return "".join(f"{case}\n" + "".join(f"{line}\n" for line in told(sql)) for case, sql in cases(text))


@pytest.mark.parametrize("name", ["contract", "exposure", "locks", "problems"])
def test_cases(name):
    assert results(name) == (CASES / f"{name}.txt").read_text("utf-8")


def test_every_rule_has_a_case():
    found = {
        finding.code
        for file in CASES.glob("*.sql")
        if file.stem != "problems"
        for _, sql in cases(file.read_text("utf-8"))
        for finding in lint(read_migrations({FILE: sql}))
    }
    assert found == set(RULES)


def test_a_refusal_names_the_rule_and_how_to_set_it_aside():
    found = lint(read_migrations({FILE: "\ncreate index a on t (b);"}))
    (problem,) = refusals(found)
    assert (problem.code, problem.where) == ("lint-index-not-concurrent", f"{FILE}:2")
    assert "-- sesari: allow index-not-concurrent because" in (problem.hint or "")
    assert all(finding.severity is Severity.ERROR for finding in found)


def test_a_check_of_an_earlier_file_proves_a_column():
    files = {
        "1_a.sql": "set lock_timeout = '2s';\nalter table t add constraint c check (a is not null) not valid;",
        "2_b.sql": "set lock_timeout = '2s';\nalter table t validate constraint c;",
        "3_c.sql": "-- sesari: contract\nset lock_timeout = '2s';\nalter table t alter a set not null;",
    }
    assert lint(read_migrations(files)) == ()
    del files["2_b.sql"]
    assert [finding.code for finding in lint(read_migrations(files))] == ["not-null-without-check"]


def test_on_a_fresh_database_only_what_stays_open_counts():
    """What ran elsewhere long ago cannot be edited: a new environment must come up all the same."""
    old = {
        "1_a.sql": "create table t (a int);",
        "2_b.sql": "create index i on t (a);\nalter table t alter a type bigint;",
        "3_c.sql": "create table u (a int);",
    }
    assert [finding.file for finding in lint(read_migrations(old), fresh=True)] == ["1_a.sql", "3_c.sql"]
    closed = {**old, "4_d.sql": "alter table t enable row level security;\nalter table u enable row level security;"}
    assert lint(read_migrations(closed), fresh=True) == ()
    assert {finding.code for finding in lint(read_migrations(closed))} >= {"index-not-concurrent", "table-rewrite"}


def test_the_example_product_has_no_finding():
    folder = Path(__file__).parents[3] / "examples" / "sesari" / "migrations"
    files = {file.name: file.read_text("utf-8") for file in folder.glob("*.sql")}
    assert len(files) >= 2 and lint(read_migrations(files)) == ()
