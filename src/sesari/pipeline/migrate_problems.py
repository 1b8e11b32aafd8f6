"""What can go wrong while a database is migrated, as people read it."""

from __future__ import annotations

from sesari.errors import Problem
from sesari.model.migrations import Blocker, Migration, SqlStatement, StatementFailed

_AGAIN = "run the same command again: it goes on where it stopped"


def who(blocker: Blocker | None) -> str:
    """One session for people: never its query, which may hold data."""
    if blocker is None:
        return "a session that is gone by now"
    name = f"`{blocker.application}`" if blocker.application else "a session without a name"
    return f"{name} (pid {blocker.pid}, user {blocker.user}, {blocker.state} for {blocker.seconds:.0f} s)"


def blocked(what: str, blockers: tuple[Blocker, ...], waited: float, left: str = "") -> Problem:
    """`left` is an index that was begun and cannot be removed while the lock is held."""
    tables = sorted({blocker.relation for blocker in blockers if blocker.relation})
    held = f" on {', '.join(tables)}" if tables else ""
    names = "; ".join(who(blocker) for blocker in blockers) or "nobody that the database names any more"
    first = f"`select pg_terminate_backend({blockers[0].pid})` ends the first one. " if blockers else ""
    rest = f"The unfinished index `{left}` stays until then" if left else "Nothing of it was applied"
    return Problem(
        "migration-blocked",
        f"{what} waited {waited:.0f} s for a lock{held}, and was given up",
        None,
        f"it is held by {names}",
        f"{first}{rest}: when the lock is free, {_AGAIN}",
    )


def lock_held(owner: str, holder: Blocker | None, waited: float) -> Problem:
    return Problem(
        "migration-lock-held",
        f"Somebody else migrates {owner}, and did not end within {waited:.0f} s",
        None,
        f"the lock is held by {who(holder)}",
        f"Wait for it, then {_AGAIN}",
    )


def lock_lost(owner: str) -> Problem:
    return Problem(
        "migration-lock-lost",
        f"The lock on the migrations of {owner} was lost before the next effect",
        None,
        "the connection was moved to another session, as transaction poolers do",
        f"Use the database itself or a session pooler (port 5432), then {_AGAIN}",
    )


def statement_failed(migration: Migration, failed: StatementFailed) -> Problem:
    """Names the file and the line that the database pointed at, else the statement's first."""
    statement = migration.statements[failed.number]
    line = statement.line + statement.text.count("\n", 0, failed.offset or 0)
    named = f" ({failed.named})" if failed.named and failed.named not in failed.message else ""
    undone = "what came before it is done and recorded" if migration.alone else "all of it was undone"
    return Problem(
        "migration-failed",
        f"Migration `{migration.file}` failed at line {line}",
        f"{migration.file}:{line}",
        f"{failed.message}{named}, SQLSTATE {failed.sqlstate or 'unknown'}; {undone}",
        f"Mend the file (it counts as new until it has run), then {_AGAIN}",
    )


def index_exists(migration: Migration, statement: SqlStatement) -> Problem:
    return Problem(
        "migration-index-exists",
        f"There is an index `{_name(statement)}` already",
        f"{migration.file}:{statement.line}",
        "it was not made by this migration",
        "Write IF NOT EXISTS when it is the same index, else give the new one another name",
    )


def index_invalid(migration: Migration, statement: SqlStatement) -> Problem:
    return Problem(
        "migration-index-invalid",
        f"Index `{_name(statement)}` exists and is not valid",
        f"{migration.file}:{statement.line}",
        "another build of it was broken off, and IF NOT EXISTS leaves that as it is",
        f"`drop index concurrently {_name(statement)}`, then {_AGAIN}",
    )


def _name(statement: SqlStatement) -> str:
    return ".".join(statement.index or ())
