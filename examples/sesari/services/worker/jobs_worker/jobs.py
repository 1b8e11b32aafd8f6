"""A job's way through Postgres. Each step is one transaction, and no step can happen twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Any

import psycopg


class Claim(Enum):
    """What a worker learns when it wants a job it has no text for."""

    FINISHED = "finished"  # done before, or never stored: the message is of no use any more
    BUSY = "busy"  # another worker is at it


class Jobs:
    """`hold` is how long, in seconds, a running job belongs to its worker.

    Longer than the slowest job, and shorter than the queue's visibility timeout: when the message of a dead worker
    comes back, its claim has run out.
    """

    def __init__(self, database_url: str, hold: int = 100) -> None:
        self._url = database_url
        self._hold = hold

    @contextmanager
    def _transaction(self) -> Iterator[psycopg.Connection[Any]]:
        # One connection per step: a worker waits for minutes between jobs, and holds nothing meanwhile. A transaction
        # pooler in front of Postgres cannot keep prepared statements.
        with psycopg.connect(self._url, connect_timeout=10, prepare_threshold=None) as connection:
            connection.execute("set local role service_role")
            yield connection

    def claim(self, job: str) -> str | Claim:
        """The job's text, when it is this worker's now."""
        with self._transaction() as connection:
            claimed = connection.execute(
                "update jobs set status = 'running', attempts = attempts + 1, started_at = now(), error = null"
                " where id = %s and (status = 'queued'"
                " or (status = 'running' and started_at < now() - make_interval(secs => %s))) returning input",
                [job, self._hold],
            ).fetchone()
            if claimed is not None:
                return str(claimed[0])
            status = connection.execute("select status from jobs where id = %s", [job]).fetchone()
            return Claim.BUSY if status == ("running",) else Claim.FINISHED

    def finish(self, job: str, result: str) -> None:
        """Marks it done; nothing happens when it is done already."""
        with self._transaction() as connection:
            connection.execute(
                "update jobs set status = 'done', result = %s, finished_at = now()"
                " where id = %s and status = 'running'",
                [result, job],
            )

    def give_back(self, job: str, error: str) -> None:
        """After a failed attempt: somebody may try again."""
        with self._transaction() as connection:
            connection.execute(
                "update jobs set status = 'queued', error = %s where id = %s and status = 'running'", [error, job]
            )
