"""Jobs in Postgres. Every statement runs as the signed-in user, so row-level security decides what it sees."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

COLUMNS = "id::text, input, status, result, error, attempts, created_at"


class Jobs:
    """The jobs of whoever asks."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool

    @contextmanager
    def _as_user(self, user: str) -> Iterator[Connection[Any]]:
        with self._pool.connection() as connection, connection.transaction():
            # Both end with the transaction: a pooled connection keeps nothing of the previous user.
            connection.execute("set local role authenticated")
            connection.execute("select set_config('request.jwt.claims', %s, true)", [json.dumps({"sub": user})])
            yield connection

    def add(self, user: str, text: str, request_key: str | None) -> dict[str, Any]:
        """The stored job: a new one, or the earlier one of the same request."""
        with self._as_user(user) as connection, connection.cursor(row_factory=dict_row) as cursor:
            cursor.execute(
                "insert into jobs (input, request_key) values (%s, coalesce(%s, gen_random_uuid()::text))"
                " on conflict (owner, request_key) do nothing returning " + COLUMNS,
                [text, request_key],
            )
            row = cursor.fetchone()
            if row is None:
                cursor.execute(f"select {COLUMNS} from jobs where request_key = %s", [request_key])
                row = cursor.fetchone()
            if row is None:
                raise LookupError("a job that exists cannot be read by its owner")
            return row

    def of(self, user: str, limit: int = 50) -> list[dict[str, Any]]:
        """The newest first."""
        with self._as_user(user) as connection, connection.cursor(row_factory=dict_row) as cursor:
            cursor.execute(f"select {COLUMNS} from jobs order by created_at desc limit %s", [limit])
            return cursor.fetchall()

    def reachable(self) -> bool:
        """Whether the database answers."""
        with self._pool.connection(timeout=2) as connection:
            return connection.execute("select 1").fetchone() == (1,)
