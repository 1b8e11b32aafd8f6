"""The migrations on a real Postgres: they run, they only add, and row-level security isolates users."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import errors

MIGRATIONS = sorted((Path(__file__).resolve().parent.parent / "migrations").glob("*"))
ALICE, BOB = "a11ce000-0000-4000-8000-000000000000", "b0b00000-0000-4000-8000-000000000000"
As = Callable[[str | None], AbstractContextManager[psycopg.Connection[Any]]]


@pytest.fixture
def as_user(database_url: str) -> As:
    """A transaction as a signed-in user (None: nobody), the way the api works."""

    @contextmanager
    def transaction(user: str | None) -> Any:
        with psycopg.connect(database_url) as connection:
            connection.execute("set local role " + ("authenticated" if user else "anon"))
            claims = json.dumps({"sub": user}) if user else ""
            connection.execute("select set_config('request.jwt.claims', %s, true)", [claims])
            yield connection

    return transaction


def test_names_are_in_order_and_unique() -> None:
    stamps = [re.fullmatch(r"(\d{14})_[a-z0-9_]+\.sql", file.name) for file in MIGRATIONS]
    assert all(stamps) and len(stamps) >= 2
    assert len({stamp.group(1) for stamp in stamps if stamp}) == len(stamps)


def test_a_user_sees_own_jobs_only(as_user: As) -> None:
    with as_user(ALICE) as connection:
        connection.execute("insert into jobs (input) values ('of alice')")
    with as_user(BOB) as connection:
        connection.execute("insert into jobs (input) values ('of bob')")
        assert connection.execute("select input from jobs").fetchall() == [("of bob",)]
    with as_user(ALICE) as connection:
        assert connection.execute("select input from jobs").fetchall() == [("of alice",)]


def test_without_the_policies_both_users_would_see_both(as_user: As, database_url: str) -> None:
    """The sabotage of the test above: it must be able to fail."""
    for user in (ALICE, BOB):
        with as_user(user) as connection:
            connection.execute("insert into jobs (input) values ('text')")
    with psycopg.connect(database_url) as connection:
        connection.execute("alter table jobs disable row level security")
    with as_user(BOB) as connection:
        assert connection.execute("select count(*) from jobs").fetchone() == (2,)


@pytest.mark.parametrize(
    "statement",
    [
        "select input from jobs",
        "insert into jobs (input) values ('text')",
        "delete from jobs",
    ],
)
def test_nobody_may_do_anything_signed_out(as_user: As, statement: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege), as_user(None) as connection:
        connection.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        f"insert into jobs (owner, input) values ('{BOB}', 'text')",
        "insert into jobs (input, status) values ('text', 'done')",
        "update jobs set status = 'done'",
        "update jobs set result = 'forged'",
        "delete from jobs",
        "truncate jobs",
        "alter table jobs disable row level security",
    ],
)
def test_a_user_may_not(as_user: As, statement: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege), as_user(ALICE) as connection:
        connection.execute(statement)


def test_a_user_without_an_id_may_not_add(as_user: As) -> None:
    with pytest.raises((errors.InsufficientPrivilege, errors.NotNullViolation)), as_user(ALICE) as connection:
        connection.execute("select set_config('request.jwt.claims', '', true)")
        connection.execute("insert into jobs (input) values ('text')")


def test_every_table_has_row_level_security(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        open_tables = connection.execute(
            "select relname from pg_class where relnamespace = 'public'::regnamespace"
            " and relkind in ('r', 'p') and not relrowsecurity"
        ).fetchall()
    assert open_tables == []


def test_code_of_the_first_release_runs_on_the_last_schema(as_user: As, database_url: str) -> None:
    """Only added: what was written before the second migration still works after it."""
    with as_user(ALICE) as connection:
        connection.execute("insert into jobs (input, request_key) values ('text', 'key')")
        connection.execute("select id, owner, request_key, input, status, created_at from jobs").fetchone()
    with psycopg.connect(database_url) as connection:
        connection.execute("set local role service_role")
        connection.execute("update jobs set status = 'done'")


def test_nothing_is_taken_away() -> None:
    taking = re.compile(r"\b(drop|rename|truncate|delete from|alter column|set not null)\b", re.IGNORECASE)
    for file in MIGRATIONS:
        assert not taking.search(file.read_text(encoding="utf-8")), file.name
