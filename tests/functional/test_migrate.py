"""The database stage on a real Postgres: each migration once, whatever happens meanwhile."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.functional.databases import a_database, a_server
from tests.functional.migrating import FILES, ONE, VALID, applied, ask, assert_done, run, tools

from sesari.drivers.migration_files import read_migration_files
from sesari.drivers.postgres import connect
from sesari.errors import Refused, SesariError
from sesari.model.migrations import MigrationHistory
from sesari.model.secret import Secret
from sesari.pipeline.migrate import migrate, recorded
from sesari.pipeline.migrate_tools import Patience
from sesari.release.migration_history import lock_key
from sesari.release.migrations import read_migrations

EXAMPLE = Path(__file__).parents[2] / "examples" / "sesari" / "migrations"
ALICE, BOB = "a11ce000-0000-4000-8000-000000000000", "b0b00000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    with a_server() as running:
        yield running


@pytest.fixture
def url(server) -> Iterator[Secret]:
    with a_database(server) as found:
        yield found


def problem_of(work: Callable[[], object]) -> Any:
    with pytest.raises(SesariError) as caught:
        work()
    (problem,) = caught.value.problems
    return problem


def test_all_run_in_order_and_again_nothing_does(url):
    first = run(url, FILES)
    assert (first.applied, first.already) == (tuple(name[:14] for name in FILES), 0)
    assert_done(url)
    second = run(url, FILES)
    assert (second.applied, second.already) == ((), len(FILES))


def test_the_history_is_one_that_supabase_tools_read(url):
    run(url, {"20260101000000_a.sql": "create schema a;\ncreate schema b;"})
    rows = ask(url, "select version, name, statements from supabase_migrations.schema_migrations")
    assert rows == [("20260101000000", "a", ["create schema a", "create schema b"])]


def test_reading_the_history_changes_nothing(url):
    assert recorded(tools(), url) == MigrationHistory()
    assert ask(url, "select to_regnamespace('supabase_migrations')") == [(None,)]
    run(url, FILES)
    history = recorded(tools(), url)
    assert [row.version for row in history.applied] == [name[:14] for name in FILES]
    assert (history.owners, history.started) == (("sesari/staging",), ())


def test_what_supabase_tools_applied_is_not_repeated_but_compared(url):
    files = {
        "20260101000000_a.sql": "-- why\ncreate schema a;\ncreate schema b;",
        "20260102000000_c.sql": "create schema c;",
    }
    with psycopg.connect(url.reveal()) as connection:
        connection.execute("create schema supabase_migrations; create schema a; create schema b")
        connection.execute("create table supabase_migrations.schema_migrations (version text primary key)")
        connection.execute("alter table supabase_migrations.schema_migrations add statements text[], add name text")
        row = "insert into supabase_migrations.schema_migrations values ('20260101000000', %s, 'a')"
        connection.execute(row, [["-- why\ncreate schema a", "create schema b"]])
    edited = {**files, "20260101000000_a.sql": "create schema a;\ncreate schema other;"}
    assert problem_of(lambda: run(url, edited)).code == "migration-edited"
    assert run(url, files).applied == ("20260102000000",)


def test_four_runners_at_once_run_each_migration_once(url):
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda number: run(url, FILES, holder=f"runner {number}"), range(4)))
    assert sorted(len(result.applied) for result in results) == [0, 0, 0, len(FILES)]
    assert_done(url)


def test_a_runner_that_waits_in_vain_names_the_holder(url):
    with connect(url, "sesari migrate sesari/staging by somebody") as other:
        assert other.try_lock(lock_key("sesari/staging"))
        problem = problem_of(lambda: run(url, FILES, patience=Patience(turn=0.3)))
        assert problem.code == "migration-lock-held"
        assert "sesari migrate sesari/staging by somebody" in problem.why and str(other.pid) in problem.why
    run(url, FILES)


@contextmanager
def holding(url: Secret, table: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(url.reveal(), application_name="a report") as connection:
        connection.execute(f"lock table {table} in access share mode".encode())
        yield connection


def test_a_blocked_table_is_given_up_in_seconds_and_names_who_blocks(url):
    base = {"1_a.sql": f"create schema app; {ONE}"}
    run(url, base)
    files = {**base, "2_b.sql": "alter table app.runs add column more text;"}
    began = time.monotonic()
    with holding(url, "app.runs") as other:
        problem = problem_of(lambda: run(url, files))
        assert problem.code == "migration-blocked" and "on app.runs" in problem.what
        assert "`a report`" in problem.why and f"pid {other.info.backend_pid}," in problem.why
        assert time.monotonic() - began < 10
        assert applied(url) == ["1"]
    assert run(url, files).applied == ("2",)


def test_a_table_that_becomes_free_in_time_is_waited_for(url):
    base = {"1_a.sql": f"create schema app; {ONE}"}
    run(url, base)
    with holding(url, "app.runs") as other:
        timer = threading.Timer(1.0, other.rollback)
        timer.start()
        assert run(url, {**base, "2_b.sql": "alter table app.runs add column more text;"}).applied == ("2",)
        timer.join()


def test_a_blocked_index_build_is_built_anew_once_it_can(url):
    base = {"1_a.sql": f"create schema app; {ONE}"}
    run(url, base)
    files = {**base, "2_i.sql": "create index concurrently by_name on app.runs (name);"}
    with psycopg.connect(url.reveal(), application_name="a writer") as other:
        other.execute("insert into app.runs values ('uncommitted')")
        problem = problem_of(lambda: run(url, files))
        assert problem.code == "migration-blocked" and "`a writer`" in problem.why
        # What blocks the build blocks its removal as well.
        assert "unfinished index `app.by_name` stays" in problem.hint
        assert problem_of(lambda: run(url, files)).code == "migration-blocked"
    assert run(url, files).applied == ("2",)
    assert ask(url, VALID) == [(True,)]


def test_a_failing_index_build_leaves_no_broken_index_and_can_be_mended(url):
    base = {"1_a.sql": "create schema app; create table app.t (a int); insert into app.t values (1), (1);"}
    run(url, base)
    files = {
        **base,
        "2_i.sql": "create index concurrently fine on app.t (a);\ncreate unique index concurrently u on app.t (a);",
    }
    problem = problem_of(lambda: run(url, files))
    assert (problem.code, problem.where) == ("migration-failed", "2_i.sql:2")
    assert "(1)" not in problem.why  # Postgres' detail quotes a row
    assert ask(url, "select relname from pg_class where relname in ('fine', 'u')") == [("fine",)]
    other = {**files, "2_i.sql": files["2_i.sql"].replace("fine on app.t (a)", "fine on app.t (a desc)")}
    assert problem_of(lambda: run(url, other)).code == "migration-unfinished-edited"
    mended = {**files, "2_i.sql": files["2_i.sql"].replace("unique index concurrently u", "index concurrently u")}
    assert run(url, mended).applied == ("2",)


def test_an_index_of_somebody_else_is_not_taken_for_ours(url):
    base = {"1_a.sql": f"create schema app; {ONE}"}
    run(url, base)
    with psycopg.connect(url.reveal(), autocommit=True) as connection:
        connection.execute("create index by_name on app.runs (name)")
    files = {**base, "2_i.sql": "create index concurrently by_name on app.runs (name);"}
    for _ in range(2):
        assert problem_of(lambda: run(url, files)).code == "migration-index-exists"
    files["2_i.sql"] = "create index concurrently if not exists by_name on app.runs (name);"
    assert run(url, files).applied == ("2",)


def test_one_that_fails_half_way_names_file_and_line_and_is_undone(url):
    text = "create table app.half (a int);\n\ninsert into app.half values (1);\ninsert into app.half\n  values (1 / 0);"
    files = {"1_a.sql": "create schema app;", "2_half.sql": text, "3_c.sql": "create schema never;"}
    problem = problem_of(lambda: run(url, files))
    assert (problem.code, problem.where) == ("migration-failed", "2_half.sql:4")
    assert "division by zero" in problem.why
    assert applied(url) == ["1"] and ask(url, "select to_regclass('app.half')") == [(None,)]
    problem = problem_of(lambda: run(url, {**files, "2_half.sql": "select 1;\nselect\n  1,\n  missing"}))
    assert problem.where == "2_half.sql:4"
    assert run(url, {**files, "2_half.sql": text.replace("1 / 0", "1")}).applied == ("2", "3")


def test_a_deferred_constraint_names_its_file(url):
    files = {
        "1_a.sql": "create schema app; create table app.a (id int primary key);"
        "create table app.b (a int references app.a deferrable initially deferred);",
        "2_b.sql": "insert into app.b values (7);",
    }
    problem = problem_of(lambda: run(url, files))
    assert (problem.code, problem.where) == ("migration-failed", "2_b.sql:1")
    assert applied(url) == ["1"]


def test_an_edited_old_migration_stops_everything(url):
    run(url, {"1_a.sql": "create schema a;"})
    with pytest.raises(Refused) as caught:
        run(url, {"1_a.sql": "create schema b;", "2_b.sql": "create schema c;"})
    assert caught.value.codes == ("migration-edited",) and caught.value.exit_code == 3
    assert applied(url) == ["1"]
    assert run(url, {"1_a.sql": "\ufeffcreate schema a;"}).already == 1  # the same text


def test_a_database_of_another_environment_is_refused(url):
    run(url, {"1_a.sql": "create schema a;"})
    problem = problem_of(lambda: run(url, {"1_a.sql": "create schema a;"}, environment="production"))
    assert problem.code == "migration-other-database" and "sesari/staging" in problem.what


def test_a_risky_statement_is_refused_before_anything_runs(url):
    files = {"1_a.sql": "create schema a;", "2_b.sql": "create table open_to_all (id int);"}
    assert problem_of(lambda: run(url, files)).code == "lint-table-without-rls"
    assert ask(url, "select to_regnamespace('a')") == [(None,)]
    old = {"1_a.sql": f"create schema app; {ONE}", "2_b.sql": "create index i on app.runs (name);"}
    run(url, old)  # nobody uses a database without history
    files = {**old, "3_c.sql": "create schema c;", "4_d.sql": "create index j on app.runs (name);"}
    assert problem_of(lambda: run(url, files)).code == "lint-index-not-concurrent"
    assert applied(url) == ["1", "2"]


def test_a_lost_lock_is_noticed_before_the_next_effect(url):
    files = {"1_a.sql": "create schema a;\nselect pg_advisory_unlock_all();", "2_b.sql": "create schema b;"}
    assert problem_of(lambda: run(url, files)).code == "migration-lock-lost"
    assert applied(url) == ["1"]


def test_settings_of_one_migration_do_not_reach_the_next(url):
    files = {
        "1_a.sql": "create schema app;\nset search_path = app;\nset role service_role;",
        "2_b.sql": "create table public.where_am_i as select current_schema() as at, current_user as me;\n"
        "alter table public.where_am_i enable row level security;",
    }
    run(url, files)
    assert ask(url, "select at::text, me::text from public.where_am_i") == [("public", "postgres")]


def test_row_level_security_isolates_users_of_the_example(url):
    migrations = read_migrations(read_migration_files(EXAMPLE))
    assert migrate(tools(), migrations, url).applied == migrations.versions

    def as_user(user: str, query: str) -> list[Any]:
        with psycopg.connect(url.reveal()) as connection:
            connection.execute("set local role authenticated")
            connection.execute("select set_config('request.jwt.claims', %s, true)", [json.dumps({"sub": user})])
            return connection.execute(query.encode()).fetchall()

    as_user(ALICE, "insert into jobs (input) values ('of alice') returning 1")
    as_user(BOB, "insert into jobs (input) values ('of bob') returning 1")
    assert as_user(ALICE, "select input from jobs") == [("of alice",)]
    assert as_user(BOB, "select input from jobs") == [("of bob",)]
    with psycopg.connect(url.reveal(), autocommit=True) as connection:  # the sabotage: it must be able to fail
        connection.execute("alter table jobs disable row level security")
    assert len(as_user(BOB, "select input from jobs")) == 2


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("postgresql://postgres:s3cr3t-value@127.0.0.1:1/postgres", "database-unreachable"),
        ("postgresql://postgres:s3cr3t/value@db.example.com:5432/postgres", "database-url"),
        ("postgresql://postgres:s3cr3t-value@db.example.com:6543/postgres", "database-pooler"),
        ("postgresql://postgres:s3cr@s3cr3t@db.example.com:5432/postgres", "database-url"),
        ("s3cr3t-value", "database-url"),
        ("", "database-url"),
    ],
)
def test_a_url_that_leads_nowhere_is_never_shown(given, code):
    problem = problem_of(lambda: run(Secret(given), {}))
    assert problem.code == code and "s3cr3t" not in repr(problem)


def test_a_wrong_password_is_never_shown(server):
    url = Secret(server.url.reveal().replace("@", "s3cr3t-value@"))
    problem = problem_of(lambda: run(url, {}))
    assert problem.code == "database-unreachable" and "s3cr3t" not in repr(problem) and "password" in problem.why
