"""The recorded resources of one provider in one environment: a SQLite file that outlives its daemon."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sesari.rehearsal.provider.backend import Attributes

SCHEMA = """
create table if not exists resources (type text, id text, state text, primary key (type, id));
create table if not exists counters (name text primary key, value integer);
"""


class RecordStore:
    """Safe for threads and for several processes on one file. The file is private (0600): states can hold secrets."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        self._connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        self._connection.execute("pragma journal_mode = wal")
        self._connection.execute("pragma synchronous = normal")  # what is committed survives a killed process
        self._connection.executescript(SCHEMA)
        self._lock = threading.RLock()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """One transaction that no other process or thread comes between."""
        with self._lock:
            self._connection.execute("begin immediate")
            try:
                yield
            except BaseException:
                self._connection.execute("rollback")
                raise
            self._connection.execute("commit")

    def get(self, type: str, id: str) -> Attributes | None:
        """A resource's state, or None."""
        with self._lock:
            row = self._connection.execute(
                "select state from resources where type = ? and id = ?", (type, id)
            ).fetchone()
        return None if row is None else json.loads(row[0])

    def put(self, type: str, id: str, state: Attributes) -> None:
        """Write a resource, new or known."""
        with self._lock:
            self._connection.execute("insert or replace into resources values (?, ?, ?)", (type, id, json.dumps(state)))

    def remove(self, type: str, id: str) -> bool:
        """Remove a resource; False when there was none."""
        with self._lock:
            done = self._connection.execute("delete from resources where type = ? and id = ?", (type, id))
        return done.rowcount > 0

    def all(self, type: str) -> list[tuple[str, Attributes]]:
        """Every resource of a type as (id, state), by id."""
        with self._lock:
            rows = self._connection.execute("select id, state from resources where type = ? order by id", (type,))
            return [(id, json.loads(state)) for id, state in rows]

    def counts(self) -> dict[str, int]:
        """How many resources of each type there are."""
        with self._lock:
            return dict(self._connection.execute("select type, count(*) from resources group by type order by type"))

    def next(self, name: str) -> int:
        """The next number of a sequence, from 1; no number repeats, even after a removal."""
        count = "insert into counters values (?, 1) on conflict (name) do update set value = value + 1 returning value"
        with self._lock:
            ((value,),) = self._connection.execute(count, (name,)).fetchall()
        return int(value)
