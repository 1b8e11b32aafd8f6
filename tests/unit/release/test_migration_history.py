"""What is left to run, and to which release one may go back."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from sesari.model.migrations import AppliedMigration, MigrationHistory, MigrationKind, StartedStatement
from sesari.release.migration_history import ReleasedMigrations, going_back, lock_key, pending, safe_targets
from sesari.release.migration_sql import checksum
from sesari.release.migrations import read_migrations

SETTLED = settings(deadline=None, derandomize=True)
OWNER = "sesari/staging"
ADD, DROP = "alter table t add column a int;", "alter table t drop column b;"
ALONE = "set lock_timeout = '1s'; create index concurrently a on t (x); create index concurrently b on t (x);"


def files(*texts: str) -> dict[str, str]:
    return {f"{number}_x.sql": text for number, text in enumerate(texts, 1)}


def ran(*texts: str, **given: tuple[StartedStatement, ...]) -> MigrationHistory:
    rows = [
        AppliedMigration(held.version, held.name, held.checksum, held.kind)
        for held in read_migrations(files(*texts)).migrations
    ]
    return MigrationHistory(tuple(rows), given.get("started", ()), (OWNER,))


def left(texts: tuple[str, ...], history: MigrationHistory) -> tuple[list[str], list[str]]:
    found = pending(read_migrations(files(*texts)), history, OWNER)
    return [step.migration.version for step in found.steps], [problem.code for problem in found.problems]


@SETTLED
@given(st.integers(0, 8), st.integers(0, 8))
def test_what_is_left_is_what_was_not_applied_in_order(total, done):
    texts = tuple(f"select {number};" for number in range(max(total, done)))
    steps, problems = left(texts, ran(*texts[:done]))
    assert (steps, problems) == ([str(number) for number in range(done + 1, len(texts) + 1)], [])


@SETTLED
@given(st.sets(st.integers(1, 8), min_size=1), st.sets(st.integers(1, 8)))
def test_each_difference_between_files_and_history_is_named(here, applied):
    held = {f"{number}_x.sql": f"select {number};" for number in here}
    rows = tuple(
        AppliedMigration(str(number), "x", checksum(f"select {number};"), MigrationKind.EXPAND) for number in applied
    )
    found = pending(read_migrations(held), MigrationHistory(rows), OWNER)
    late = {number for number in here - applied if applied and number < max(applied)}
    codes = [problem.code for problem in found.problems]
    assert codes.count("migration-missing") == len(applied - here)
    assert codes.count("migration-out-of-order") == len(late)
    assert len(codes) == len(applied - here) + len(late)


def test_an_edited_old_migration_is_named():
    assert left(("select 2;", ADD), ran("select 1;"))[1] == ["migration-edited"]


def test_rows_of_another_tool_are_compared_by_their_statements():
    def history(*statements: str) -> MigrationHistory:
        return MigrationHistory((AppliedMigration("1", "x", None, None, statements),))

    text = "-- why\nselect 1;\n\nselect ';';"
    assert left((text,), history("select 1", "-- and\nselect ';'")) == ([], [])
    assert left((text,), history("select 1;", "select ';';\n")) == ([], [])
    assert left((text,), history()) == ([], [])
    assert left((text,), history("select 1"))[1] == ["migration-edited"]
    assert left((text,), history("selec 1"))[1] == ["migration-edited"]


def test_a_database_of_another_owner_is_refused():
    found = pending(read_migrations(files(ADD)), MigrationHistory(owners=("sesari/production",)), OWNER)
    assert [problem.code for problem in found.problems] == ["migration-other-database"]


def test_a_contract_waits_for_the_release_after_its_expand():
    old = "select 1;"
    assert left((old, ADD, DROP), ran(old))[1] == ["migration-contract-too-early"]
    assert left((old, ADD, DROP), ran(old, ADD)) == (["3"], [])
    assert left((old, ADD, DROP), MigrationHistory()) == (["1", "2", "3"], [])  # no code runs on an empty database
    assert left((old, DROP, ADD), ran(old)) == (["2", "3"], [])


def started(position: int, text: str, done: bool) -> StartedStatement:
    return StartedStatement("1", position, checksum(text), done)


def test_one_outside_a_transaction_goes_on_where_it_was():
    (migration,) = read_migrations(files(ALONE)).migrations
    first, second = migration.statements[1].text, migration.statements[2].text

    def step(*rows: StartedStatement) -> tuple[int, bool]:
        found = pending(read_migrations(files(ALONE)), MigrationHistory(started=rows), OWNER)
        assert found.problems == ()
        return found.steps[0].first, found.steps[0].resumed

    assert step() == (1, False)
    assert step(started(1, first, False)) == (1, True)
    assert step(started(1, first, True)) == (2, False)
    assert step(started(1, first, True), started(2, second, False)) == (2, True)
    assert step(started(1, first, True), started(2, second, True)) == (3, False)
    history = MigrationHistory(started=(started(1, "something else", True),))
    assert left((ALONE,), history)[1] == ["migration-unfinished-edited"]


def release(name: str, *versions: str) -> ReleasedMigrations:
    return ReleasedMigrations(name, frozenset(versions))


def test_going_back_across_a_contract_is_refused_and_names_a_safe_release():
    applied = ran("select 1;", ADD, DROP, ADD).applied
    releases = [
        release("r4", "1", "2", "3", "4"),
        release("r3", "1", "2", "3"),
        release("r2", "1", "2"),
        release("r1", "1"),
    ]
    assert safe_targets(applied, releases) == ("r4", "r3")
    assert going_back(applied, releases[1], releases) == ()
    (problem,) = going_back(applied, releases[2], releases[1:])
    assert problem.code == "rollback-across-contract" and "migration 3_x" in (problem.why or "")
    assert problem.hint == "Release r3 is safe"
    (problem,) = going_back(applied, releases[3], releases[2:])
    assert "No release is" in (problem.hint or "")


def test_a_release_whose_migrations_never_ran_and_a_kind_nobody_knows_are_not_safe():
    applied = (AppliedMigration("1", "x", None, None),)
    assert safe_targets(applied, [release("without"), release("with", "1"), release("ahead", "1", "2")]) == ("with",)


@SETTLED
@given(st.lists(st.sampled_from(list(MigrationKind)), max_size=6), st.integers(0, 6))
def test_safe_is_exactly_no_contract_in_between(kinds, known):
    applied = [AppliedMigration(str(number), "x", "c", kind) for number, kind in enumerate(kinds)]
    target = release("r", *(str(number) for number in range(min(known, len(kinds)))))
    assert (safe_targets(applied, [target]) == ("r",)) == (MigrationKind.CONTRACT not in kinds[known:])


@SETTLED
@given(st.text(max_size=20), st.text(max_size=20))
def test_lock_keys_fit_and_differ(one, other):
    assert -(2**63) <= lock_key(one) < 2**63
    assert (lock_key(one) == lock_key(other)) == (one == other)
