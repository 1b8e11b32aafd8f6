"""A Postgres database as migrations see it: lock, history, statements. What happens when is the pipeline's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any, LiteralString

import psycopg
from psycopg import errors, sql
from psycopg.rows import tuple_row

from sesari.drivers import postgres_queries as queries
from sesari.drivers.postgres_url import connection_parameters, without_password
from sesari.errors import Problem, SesariError
from sesari.model.migrations import (
    AppliedMigration,
    Blocker,
    IndexState,
    LockLost,
    LockTimeout,
    Migration,
    MigrationHistory,
    MigrationKind,
    SqlStatement,
    StartedStatement,
    StatementFailed,
)
from sesari.model.secret import Secret

_CONNECT_SECONDS = 10
_WAITED_TOO_LONG = (errors.LockNotAvailable, errors.DeadlockDetected, errors.SerializationFailure)


class Database:
    """One session. Methods raise `LockTimeout`, `StatementFailed`, `LockLost` (see `model.migrations`), or
    SesariError `database-unreachable` when the connection is gone.
    """

    def __init__(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        self._connection = connection
        self.pid = connection.info.backend_pid

    def settle(self, lock_timeout: float, statement_timeout: float | None = None) -> None:
        """Settings as they should be before a migration, whatever the one before it left behind. In seconds."""
        with _told():
            for statement in ("reset session authorization", "reset role", "reset all"):
                self._connection.execute(statement)
            # A backend whose client was killed notices while its statement runs, not after it: the lock is freed.
            # Servers before 14, and those on systems that cannot tell, refuse the setting.
            with suppress(errors.UndefinedObject, errors.InvalidParameterValue):
                self._set("client_connection_check_interval", "1s")
            self._set("idle_in_transaction_session_timeout", "60s")
            self._set("lock_timeout", f"{int(lock_timeout * 1000)}ms")
            if statement_timeout is not None:
                self._set("statement_timeout", f"{int(statement_timeout * 1000)}ms")

    def _set(self, name: str, value: str) -> None:
        self._connection.execute("select set_config(%s, %s, false)", [name, value])

    def try_lock(self, key: int) -> bool:
        """The session's advisory lock; True when it is ours now. The server frees it when the session ends."""
        return bool(self._value("select pg_try_advisory_lock(%s)", key))

    def lock_holder(self, key: int) -> Blocker | None:
        """Who has the lock, as far as the server tells."""
        with _told():
            row = self._connection.execute(queries.LOCK_HOLDER, [key]).fetchone()
        return Blocker(*row) if row else None

    def prepare(self) -> None:
        """Make the history's tables where they are missing. Call it with the lock held."""
        if self._value(queries.EXISTS):
            return
        with _told(), self._connection.transaction():
            for statement in queries.PREPARE:
                self._connection.execute(statement)

    def history(self) -> MigrationHistory:
        """What was applied and what was begun; where `prepare` never ran, what Supabase's tools recorded."""
        if not self._value(queries.EXISTS):
            with _told():
                known = (
                    self._connection.execute(queries.FOREIGN_APPLIED).fetchall()
                    if self._value(queries.FOREIGN_EXISTS)
                    else []
                )
            return MigrationHistory(
                tuple(
                    AppliedMigration(version, name, None, None, tuple(statements))
                    for version, name, statements in known
                )
            )
        with _told():
            applied = self._connection.execute(queries.APPLIED).fetchall()
            started = self._connection.execute(queries.STARTED).fetchall()
            owners = self._connection.execute(queries.OWNERS).fetchall()
        return MigrationHistory(
            tuple(
                AppliedMigration(version, name, checksum, MigrationKind(kind) if kind else None, tuple(statements))
                for version, name, checksum, kind, statements in applied
            ),
            tuple(StartedStatement(*row) for row in started),
            tuple(owner for (owner,) in owners),
        )

    def apply(self, migration: Migration, key: int, owner: str, holder: str) -> None:
        """All its statements and its history in one transaction, or nothing."""
        with _told(), self._connection.transaction():
            self._hold(key)
            for number, statement in enumerate(migration.statements):
                with _statement(number, statement):
                    self._connection.execute(_sent(statement))
            # Deferred constraints speak now rather than at the commit, where no line could be named.
            with _statement(len(migration.statements) - 1, migration.statements[-1]):
                self._connection.execute("set constraints all immediate")
            # A file may leave any role, path or timeout behind; the record is written as the runner.
            self._connection.execute("set local role none")
            self._record(migration, owner, holder)

    def execute(self, statement: SqlStatement, number: int) -> None:
        """One statement outside a transaction."""
        with _told(), _statement(number, statement):
            self._connection.execute(_sent(statement))

    def intend(self, migration: Migration, position: int, checksum: str, owner: str) -> None:
        """Record that statement `position` begins now; an intention of before is replaced."""
        with _told():
            self._connection.execute(
                "insert into supabase_migrations.sesari_statements (version, position, checksum, owner)"
                " values (%s, %s, %s, %s) on conflict (version, position)"
                " do update set checksum = excluded.checksum, started_at = now()",
                [migration.version, position, checksum, owner],
            )

    def done(self, migration: Migration, position: int) -> None:
        """Record that it is done."""
        with _told():
            self._connection.execute(
                "update supabase_migrations.sesari_statements set done_at = now() where version = %s and position = %s",
                [migration.version, position],
            )

    def record(self, migration: Migration, key: int, owner: str, holder: str) -> None:
        """The history of a migration whose statements ran outside a transaction."""
        with _told(), self._connection.transaction():
            self._hold(key)
            self._record(migration, owner, holder)
            self._connection.execute(
                "delete from supabase_migrations.sesari_statements where version = %s", [migration.version]
            )

    def _record(self, migration: Migration, owner: str, holder: str) -> None:
        self._connection.execute(
            "insert into supabase_migrations.schema_migrations (version, name, statements) values (%s, %s, %s)",
            [migration.version, migration.name, [statement.text for statement in migration.statements]],
        )
        self._connection.execute(
            "insert into supabase_migrations.sesari_migrations (version, checksum, kind, owner, holder)"
            " values (%s, %s, %s, %s, %s)",
            [migration.version, migration.checksum, migration.kind.value, owner, holder],
        )

    def forget(self, migration: Migration, position: int) -> None:
        """Take back an intention: the database refused the statement, so nothing is in flight."""
        with _told():
            self._connection.execute(
                "delete from supabase_migrations.sesari_statements where version = %s and position = %s",
                [migration.version, position],
            )

    def index_state(self, name: tuple[str, ...]) -> IndexState:
        """What there is under the name of an index."""
        with _told():
            quoted = sql.Identifier(*name).as_string(self._connection)
            row = self._connection.execute(queries.INDEX, [quoted]).fetchone()
        return IndexState.ABSENT if row is None else IndexState.VALID if row[0] else IndexState.INVALID

    def drop_index(self, name: tuple[str, ...]) -> None:
        """Remove what a broken build left."""
        with _told():
            self._connection.execute(sql.SQL("drop index concurrently if exists {}").format(sql.Identifier(*name)))

    def holds(self, key: int) -> bool:
        """True while this session has the lock: a pooler that hands out backends per transaction loses it."""
        return bool(self._value(queries.HOLDS, key))

    def blockers(self, pid: int) -> tuple[Blocker, ...]:
        """Who the session `pid` waits for now."""
        with _told():
            rows = self._connection.execute(queries.BLOCKERS, {"pid": pid}).fetchall()
        return tuple(Blocker(*row) for row in rows)

    def _hold(self, key: int) -> None:
        if not self.holds(key):
            raise LockLost

    def _value(self, query: LiteralString, *parameters: object) -> Any:
        with _told():
            row = self._connection.execute(query, parameters).fetchone()
        return row[0] if row else None


@contextmanager
def connect(url: Secret, application: str) -> Iterator[Database]:
    """A session, closed when the block ends. `application` is what others see in `pg_stat_activity`.

    Raises SesariError: `database-url`, `database-pooler`, `database-unreachable`. None of them shows the URL.
    """
    parameters = connection_parameters(url)
    try:
        connection = psycopg.connect(
            **parameters,
            autocommit=True,
            prepare_threshold=None,
            connect_timeout=_CONNECT_SECONDS,
            application_name=application,
            client_encoding="UTF8",
            row_factory=tuple_row,
        )
    except psycopg.Error as error:
        raise _unreachable(without_password(str(error), parameters)) from None
    with closing(connection):
        yield Database(connection)


def _unreachable(why: str) -> SesariError:
    hint = "Run it where the database can be reached; what was not recorded as applied was undone, so run it again"
    return SesariError(Problem("database-unreachable", "The database cannot be reached", None, why, hint))


def _sent(statement: SqlStatement) -> bytes:
    return statement.text.encode()


@contextmanager
def _told() -> Iterator[None]:
    """Errors of the runner's own queries, and of a connection that ended."""
    try:
        yield
    except _WAITED_TOO_LONG:
        raise LockTimeout from None
    except psycopg.Error as error:
        if _is_gone(error):
            raise _unreachable(_first_line(error)) from None
        what = "The database refused what the migration runner does"
        hint = "The URL's user needs the right to create schemas and tables in the database"
        raise SesariError(Problem("database-refused", what, None, _first_line(error), hint)) from None


@contextmanager
def _statement(number: int, statement: SqlStatement) -> Iterator[None]:
    """Errors of a migration's statement, with their place. Details are left out: they quote rows."""
    try:
        yield
    except _WAITED_TOO_LONG:
        raise LockTimeout from None
    except psycopg.Error as error:
        if _is_gone(error):
            raise
        place = error.diag.statement_position
        offset = int(place) - 1 if place else None
        named = error.diag.constraint_name or error.diag.column_name or error.diag.table_name or ""
        raise StatementFailed(number, _first_line(error), error.sqlstate or "", offset, named) from None


def _is_gone(error: psycopg.Error) -> bool:
    """The connection ended: without a code (the network), or the server took it away (class 57P, 08)."""
    return isinstance(error, psycopg.OperationalError) and (not error.sqlstate or error.sqlstate[:3] in ("57P", "080"))


def _first_line(error: psycopg.Error) -> str:
    return error.diag.message_primary or (str(error).strip().splitlines() or ["the server said nothing"])[0]
