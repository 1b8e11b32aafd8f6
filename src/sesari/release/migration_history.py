"""PURE: what is left to migrate, what speaks against it, and to which release one may go back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sesari.errors import Problem
from sesari.model.migrations import (
    AppliedMigration,
    Migration,
    MigrationHistory,
    MigrationKind,
    MigrationSet,
    MigrationStep,
    StartedStatement,
)
from sesari.release.migration_sql import SqlError, checksum, parse_file

_NEW_FILE: Final = "A migration that ran is never edited: put its text back, and write what you want as a new one"


def lock_key(owner: str) -> int:
    """The key of the advisory lock under which a `product/environment` is migrated: a signed 64-bit number."""
    digest = hashlib.sha256(f"sesari migrations of {owner}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


@dataclass(frozen=True, slots=True)
class Pending:
    """The steps in order; when there are problems, none of them may run."""

    steps: tuple[MigrationStep, ...]
    problems: tuple[Problem, ...]


def pending(migrations: MigrationSet, history: MigrationHistory, owner: str) -> Pending:
    """What is left for the database of `owner` (`product/environment`).

    Problems: `migration-other-database`, `migration-missing`, `migration-edited`, `migration-out-of-order`,
    `migration-unfinished-edited`, `migration-contract-too-early`.
    """
    applied = {row.version: row for row in history.applied}
    known = {migration.version: migration for migration in migrations.migrations}
    left = [migration for migration in migrations.migrations if migration.version not in applied]
    problems = (
        *_foreign(history, owner),
        *_missing(history.applied, known),
        *(problem for version, row in applied.items() if version in known for problem in _edited(known[version], row)),
        *_out_of_order(left, applied),
        *(problem for migration in left for problem in _unfinished(migration, history.started)),
        *(_too_early(left) if applied else ()),
    )
    return Pending(tuple(_step(migration, history.started) for migration in left), problems)


def _foreign(history: MigrationHistory, owner: str) -> Iterator[Problem]:
    for other in history.owners:
        if other != owner:
            yield Problem(
                "migration-other-database",
                f"This database belongs to {other}, not to {owner}",
                None,
                "its migration history says so: the URL is another environment's, or the data was copied from there",
                "Check the secret that holds the database URL; in a copy, set the column `owner` of"
                f" supabase_migrations.sesari_migrations to {owner}",
            )


def _missing(applied: Iterable[AppliedMigration], known: Iterable[str]) -> Iterator[Problem]:
    here = set(known)
    for row in applied:
        if row.version not in here:
            yield Problem(
                "migration-missing",
                f"The database has migration {row.version} ({row.name or 'without a name'}), and the release has not",
                None,
                "the file was removed or renamed, or the release is older than the database",
                "Bring the file back, or release a commit that has it",
            )


def _edited(migration: Migration, row: AppliedMigration) -> Iterator[Problem]:
    if row.checksum is not None:
        same = row.checksum == migration.checksum
    else:
        same = not row.statements or _same_statements(migration, row.statements)
    if not same:
        why = "the text is not the one that this database ran"
        yield Problem("migration-edited", f"`{migration.file}` was edited after it ran", migration.file, why, _NEW_FILE)


def _same_statements(migration: Migration, statements: Sequence[str]) -> bool:
    """Supabase's tools keep no checksum but the statements, split in their own way: read both by one grammar."""
    try:
        held = parse_file(";\n".join(text.strip().removesuffix(";") for text in statements))
    except SqlError:
        return False
    return [parsed.statement.text for parsed in held.statements] == [held.text for held in migration.statements]


def _out_of_order(left: Iterable[Migration], applied: Iterable[str]) -> Iterator[Problem]:
    last = max(applied, default="")
    for migration in left:
        if migration.version < last:
            why = f"the database is at {last} already; elsewhere the two ran, or will run, the other way round"
            hint = "Give it a version later than that"
            what = f"`{migration.file}` would run out of order"
            yield Problem("migration-out-of-order", what, migration.file, why, hint)


def _of(migration: Migration, started: Iterable[StartedStatement]) -> list[StartedStatement]:
    return sorted((row for row in started if row.version == migration.version), key=lambda row: row.position)


def _unfinished(migration: Migration, started: Iterable[StartedStatement]) -> Iterator[Problem]:
    """A migration outside a transaction may be mended from where it failed on, never before."""
    for row in _of(migration, started):
        text = migration.statements[row.position].text if row.position < len(migration.statements) else ""
        if row.done and checksum(text) != row.checksum:
            yield Problem(
                "migration-unfinished-edited",
                f"`{migration.file}` was edited where it had run already",
                migration.file,
                f"statement {row.position + 1} was done in a run that failed later, and it is another one now",
                "Put that statement back; change only what comes after it",
            )


def _step(migration: Migration, started: Iterable[StartedStatement]) -> MigrationStep:
    rows = _of(migration, started)
    done = {row.position for row in rows if row.done}
    left = [place for place, held in enumerate(migration.statements) if held.alone and place not in done]
    first = left[0] if left else len(migration.statements)
    if not migration.alone:
        return MigrationStep(migration)
    return MigrationStep(migration, first, any(not row.done and row.position == first for row in rows))


def _too_early(left: Sequence[Migration]) -> Iterator[Problem]:
    """What code of the release before uses is taken away only once another release has run in between."""
    expands = [migration for migration in left if migration.kind is MigrationKind.EXPAND]
    for migration in left:
        before = [other for other in expands if other.version < migration.version]
        if migration.kind is MigrationKind.CONTRACT and before:
            yield Problem(
                "migration-contract-too-early",
                f"`{migration.file}` takes away in the same release that `{before[-1].file}` adds",
                migration.file,
                "the code that runs now was written before both; "
                + ("; ".join(migration.takes) or "its header says so"),
                f"Deploy a release that ends with `{before[-1].file}` first, then this one",
            )


@dataclass(frozen=True, slots=True)
class ReleasedMigrations:
    """A release as a rollback sees it: its id, and the versions of its migration set."""

    release: str
    versions: frozenset[str]


def safe_targets(applied: Iterable[AppliedMigration], releases: Iterable[ReleasedMigrations]) -> tuple[str, ...]:
    """The releases, in the order given, whose code can run on the database as it is.

    That is: it has run every migration of theirs, and of what it ran beside them nothing is a contract. A migration
    whose kind nobody recorded counts as a contract.
    """
    rows = tuple(applied)
    return tuple(release.release for release in releases if not _obstacles(rows, release))


def going_back(
    applied: Iterable[AppliedMigration], target: ReleasedMigrations, releases: Iterable[ReleasedMigrations]
) -> tuple[Problem, ...]:
    """Why the code of `target` must not be brought back; `releases`, newest first: where to look for a safe one."""
    rows = tuple(applied)
    obstacles = _obstacles(rows, target)
    if not obstacles:
        return ()
    safe = safe_targets(rows, releases)
    hint = f"Release {safe[0]} is safe" if safe else "No release is: write a migration that brings back what is missing"
    what = f"Release {target.release} cannot run on the database any more"
    return (Problem("rollback-across-contract", what, None, "; ".join(obstacles), hint),)


def _obstacles(applied: Sequence[AppliedMigration], release: ReleasedMigrations) -> tuple[str, ...]:
    ran = {row.version for row in applied}
    beyond = [row for row in applied if row.version not in release.versions and row.kind is not MigrationKind.EXPAND]
    return (
        *(f"migration {row.version}_{row.name} took away what it may use" for row in beyond),
        *(f"its migration {version} is not in the database" for version in sorted(release.versions - ran)),
    )
