"""What the database stage works with. Only the wiring knows which drivers these are."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from sesari.model.migrations import Blocker, IndexState, Migration, MigrationHistory, SqlStatement
from sesari.model.progress import Reporter
from sesari.model.secret import Secret
from sesari.pipeline.stop import Stop
from sesari.pipeline.tools import Clock


class Database(Protocol):
    """One session with a database. See `drivers.postgres.Database`, whose errors these methods raise."""

    pid: int

    def settle(self, lock_timeout: float, statement_timeout: float | None = None) -> None: ...
    def try_lock(self, key: int) -> bool: ...
    def lock_holder(self, key: int) -> Blocker | None: ...
    def prepare(self) -> None: ...
    def history(self) -> MigrationHistory: ...
    def apply(self, migration: Migration, key: int, owner: str, holder: str) -> None: ...
    def execute(self, statement: SqlStatement, number: int) -> None: ...
    def intend(self, migration: Migration, position: int, checksum: str, owner: str) -> None: ...
    def done(self, migration: Migration, position: int) -> None: ...
    def forget(self, migration: Migration, position: int) -> None: ...
    def record(self, migration: Migration, key: int, owner: str, holder: str) -> None: ...
    def index_state(self, name: tuple[str, ...]) -> IndexState: ...
    def drop_index(self, name: tuple[str, ...]) -> None: ...
    def holds(self, key: int) -> bool: ...
    def blockers(self, pid: int) -> tuple[Blocker, ...]: ...


Connect = Callable[[Secret, str], AbstractContextManager[Database]]


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: `turn` for other runners, `table` for whoever holds a table, `lock` for one try at it."""

    turn: float = 600.0
    table: float = 15.0
    lock: float = 1.0


@dataclass(frozen=True, slots=True)
class MigrationTools:
    """What the stage works with. `connect(url, application)` opens a session; `holder` says who runs, for others."""

    product: str
    environment: str
    holder: str
    connect: Connect
    clock: Clock
    report: Reporter
    stop: Stop
    patience: Patience = Patience()

    @property
    def owner(self) -> str:
        return f"{self.product}/{self.environment}"

    @property
    def application(self) -> str:
        """As seen in the database; Postgres keeps 63 characters."""
        return f"sesari migrate {self.owner} by {self.holder}"[:63]
