"""What the tests of the database stage share: a set of migrations of every sort, and how it is run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import psycopg

from sesari.drivers.clock import SystemClock
from sesari.drivers.postgres import connect
from sesari.model.migrations import Migrated
from sesari.model.progress import silent
from sesari.model.secret import Secret
from sesari.pipeline.migrate import migrate
from sesari.pipeline.migrate_tools import MigrationTools, Patience
from sesari.pipeline.stop import Stop
from sesari.release.migrations import read_migrations

ONE = "create table app.runs (name text primary key); insert into app.runs values ('one');"
FILES = {
    "20260101000000_schema.sql": "create schema app;",
    "20260102000000_one.sql": f"set lock_timeout = '2s';\n{ONE}",
    "20260103000000_two.sql": "insert into app.runs values ('two');",
    "20260104000000_index.sql": "set lock_timeout = '5s';\ncreate index concurrently old on app.runs (name);\n"
    "create unique index concurrently by_name on app.runs (name);",
    "20260105000000_no_index.sql": "drop index concurrently app.old;",
    "20260106000000_three.sql": "insert into app.runs values ('three');",
}

VALID = "select indisvalid from pg_index join pg_class on oid = indexrelid where relname = 'by_name'"


def tools(**given: Any) -> MigrationTools:
    held = MigrationTools(
        product="sesari",
        environment="staging",
        holder="test",
        connect=connect,
        clock=SystemClock(),
        report=silent,
        stop=Stop(),
        patience=Patience(turn=20, table=2, lock=0.3),
    )
    return replace(held, **given)


def run(url: Secret, files: dict[str, str], **given: Any) -> Migrated:
    return migrate(tools(**given), read_migrations(files), url)


def ask(url: Secret, query: str) -> list[Any]:
    with psycopg.connect(url.reveal(), autocommit=True) as connection:
        return connection.execute(query.encode()).fetchall()


def applied(url: Secret) -> list[str]:
    return [version for (version,) in ask(url, "select version from supabase_migrations.schema_migrations order by 1")]


def assert_done(url: Secret) -> None:
    """Everything of FILES is there, and nothing twice (a second run of an insert would have failed on its key)."""
    assert applied(url) == [name[:14] for name in FILES]
    assert ask(url, "select name from app.runs order by 1") == [("one",), ("three",), ("two",)]
    indexes = (
        "select relname, indisvalid from pg_index join pg_class on oid = indexrelid where relname in ('old', 'by_name')"
    )
    assert ask(url, indexes) == [("by_name", True)]
    assert ask(url, "select count(*) from supabase_migrations.sesari_statements") == [(0,)]
