"""Database migrations: SQL files in their order, what a database has recorded of them, and what is left to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class MigrationKind(Enum):
    """`expand`: code of the release before runs on. `contract`: something it may use is taken away or narrowed."""

    EXPAND = "expand"
    CONTRACT = "contract"


@dataclass(frozen=True, slots=True)
class SqlStatement:
    """One statement as it is sent. `line` is where it begins in its file, from 1.

    `alone`: Postgres refuses it inside a transaction. `index` is the index that it then builds or drops (schema and
    name, or the name alone), `drops` which of the two: how a resumed run asks what became of it. `tolerant`: IF
    (NOT) EXISTS.
    """

    text: str
    line: int
    alone: bool = False
    index: tuple[str, ...] | None = None
    drops: bool = False
    tolerant: bool = False


@dataclass(frozen=True, slots=True)
class Migration:
    """One file. `checksum` is `sha256:<hex>` of `text`, whose line ends are LF. `takes` says what makes it a contract.

    `alone`: it runs statement by statement outside a transaction, each one recorded.
    """

    version: str
    name: str
    file: str
    checksum: str
    kind: MigrationKind
    text: str
    statements: tuple[SqlStatement, ...]
    takes: tuple[str, ...] = ()
    alone: bool = False


@dataclass(frozen=True, slots=True)
class MigrationSet:
    """A folder's migrations in the order in which they run; `digest` (`sha256:<hex>`) is over all of them."""

    migrations: tuple[Migration, ...]
    digest: str

    @property
    def versions(self) -> tuple[str, ...]:
        return tuple(migration.version for migration in self.migrations)


@dataclass(frozen=True, slots=True)
class AppliedMigration:
    """One row of the database's history. `checksum` and `kind` are None where another tool applied it.

    `statements` is the text that Supabase's tools keep beside the version; empty where they kept none.
    """

    version: str
    name: str
    checksum: str | None = None
    kind: MigrationKind | None = None
    statements: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StartedStatement:
    """The record of a statement outside a transaction: intended, and perhaps done. `checksum` is of its text."""

    version: str
    position: int
    checksum: str
    done: bool


@dataclass(frozen=True, slots=True)
class MigrationHistory:
    """What the database says. `owners` are the `product/environment` that migrated it before."""

    applied: tuple[AppliedMigration, ...] = ()
    started: tuple[StartedStatement, ...] = ()
    owners: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MigrationStep:
    """A migration still to run, from statement `first` on; `resumed`: that one was begun and its end is not known."""

    migration: Migration
    first: int = 0
    resumed: bool = False


@dataclass(frozen=True, slots=True)
class Migrated:
    """What a run did: the versions that it applied, how many there were before, seconds of wall clock."""

    applied: tuple[str, ...]
    already: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Blocker:
    """A session that holds what a migration waits for. Never its query: that may hold data."""

    pid: int
    user: str
    application: str
    state: str
    seconds: float
    relation: str = ""


class IndexState(Enum):
    """What became of an index. `invalid`: a build was broken off."""

    ABSENT = "absent"
    INVALID = "invalid"
    VALID = "valid"


class LockTimeout(Exception):
    """A statement waited too long for a lock, or lost to a deadlock; its transaction is undone."""


class StatementFailed(Exception):
    """The database refused statement `number` of a migration. `message` is its first line, `sqlstate` its code.

    `offset` is the place in the statement's text, in characters from 0; `named` the table, column or constraint.
    """

    def __init__(self, number: int, message: str, sqlstate: str, offset: int | None, named: str) -> None:
        super().__init__(message)
        self.number = number
        self.message = message
        self.sqlstate = sqlstate
        self.offset = offset
        self.named = named


class LockLost(Exception):
    """The session no longer holds the migration lock: its connection is another backend's. Nothing was written."""
