"""The database stage: take the lock, ask the history, run what is left, each migration once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from sesari.errors import Refused, SesariError
from sesari.model.migrations import (
    Blocker,
    IndexState,
    LockLost,
    LockTimeout,
    Migrated,
    Migration,
    MigrationHistory,
    MigrationSet,
    MigrationStep,
    SqlStatement,
    StatementFailed,
)
from sesari.model.progress import Phase, Progress
from sesari.model.secret import Secret
from sesari.pipeline import migrate_problems as problems
from sesari.pipeline.migrate_tools import Database, MigrationTools
from sesari.pipeline.migrate_watch import watching
from sesari.release.migration_history import lock_key, pending
from sesari.release.migration_lint import lint, refusals
from sesari.release.migration_sql import checksum

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0


@dataclass(frozen=True, slots=True)
class _Run:
    tools: MigrationTools
    database: Database
    url: Secret
    key: int


def migrate(tools: MigrationTools, migrations: MigrationSet, url: Secret) -> Migrated:
    """Bring the database to the set. Run again, it goes on where it was, wherever that was, and repeats nothing.

    Raises Refused before anything runs (`migration_history.pending` and `migration_lint.lint` give the codes);
    SesariError `migration-failed`, `migration-blocked`, `migration-lock-held`, `migration-lock-lost`,
    `migration-index-exists`, `migration-index-invalid`, `database-*`.
    """
    began = tools.clock.elapsed()
    with tools.connect(url, tools.application) as database:
        run = _Run(tools, database, url, lock_key(tools.owner))
        _take_turn(run)
        try:
            database.settle(tools.patience.lock)
            _patiently(run, database.prepare, "the migration history")
            history = database.history()
            steps = _admitted(migrations, history, tools.owner)
            for number, step in enumerate(steps):
                tools.stop.check()
                _tell(run, step, number, len(steps))
        except LockLost:
            raise SesariError(problems.lock_lost(tools.owner)) from None
    applied = tuple(step.migration.version for step in steps)
    return Migrated(applied, len(history.applied), tools.clock.elapsed() - began)


def recorded(tools: MigrationTools, url: Secret) -> MigrationHistory:
    """What the database says, without a lock and without changing it: for reviews, and before going back.

    Give it to `migration_history.pending` or `going_back`. Raises SesariError `database-*`.
    """
    with tools.connect(url, tools.application) as database:
        return database.history()


def _admitted(migrations: MigrationSet, history: MigrationHistory, owner: str) -> tuple[MigrationStep, ...]:
    left = pending(migrations, history, owner)
    files = {step.migration.file for step in left.steps}
    findings = lint(migrations, fresh=not history.applied)
    found = (*left.problems, *refusals(finding for finding in findings if finding.file in files))
    if found:
        raise Refused(found)
    return left.steps


def _take_turn(run: _Run) -> None:
    """Wait for the lock; say who has it."""
    tools = run.tools
    deadline = tools.clock.elapsed() + tools.patience.turn
    pause, told = _FIRST_PAUSE, False
    while not run.database.try_lock(run.key):
        tools.stop.check()
        if tools.clock.elapsed() >= deadline:
            raise SesariError(problems.lock_held(tools.owner, run.database.lock_holder(run.key), tools.patience.turn))
        if not told:
            holder = problems.who(run.database.lock_holder(run.key))
            tools.report(Progress(tools.environment, "wait for the migration lock", Phase.RUNNING, holder))
            told = True
        tools.stop.wait(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE / 4)


def _tell(run: _Run, step: MigrationStep, number: int, total: int) -> None:
    began = run.tools.clock.elapsed()
    progress = Progress(run.tools.environment, step.migration.file, Phase.RUNNING, "", number, total)
    run.tools.report(progress)
    try:
        _step(run, step)
    except BaseException:
        run.tools.report(replace(progress, phase=Phase.ERRORED, seconds=run.tools.clock.elapsed() - began))
        raise
    seconds = run.tools.clock.elapsed() - began
    run.tools.report(replace(progress, phase=Phase.SUCCEEDED, done=number + 1, seconds=seconds))


def _step(run: _Run, step: MigrationStep) -> None:
    migration, tools, database = step.migration, run.tools, run.database
    try:
        if not migration.alone:
            _patiently(
                run, lambda: database.apply(migration, run.key, tools.owner, tools.holder), f"`{migration.file}`"
            )
            return
        # An index build waits for transactions that began before it, holding up nobody: it may wait long.
        database.settle(tools.patience.table, statement_timeout=0.0)
        for position, statement in enumerate(migration.statements):
            if not statement.alone:
                database.execute(statement, position)  # a SET: for this session, so on every run
            elif position >= step.first:
                _alone(run, migration, position, resumed=step.resumed and position == step.first)
        database.settle(tools.patience.lock)
        _patiently(run, lambda: database.record(migration, run.key, tools.owner, tools.holder), "the migration history")
    except StatementFailed as failed:
        raise SesariError(problems.statement_failed(migration, failed)) from None


def _patiently(run: _Run, work: Callable[[], None], what: str) -> None:
    """Try until the table is free or patience ends. A try is short, so that nobody queues behind us for long."""
    tools = run.tools
    deadline = tools.clock.elapsed() + tools.patience.table
    run.database.settle(tools.patience.lock)
    try:
        work()
        return
    except LockTimeout:
        pause = _FIRST_PAUSE
    with watching(lambda: tools.connect(run.url, tools.application), run.database.pid) as seen:
        while True:
            if tools.clock.elapsed() + pause >= deadline:
                raise SesariError(problems.blocked(what, tuple(seen), tools.patience.table))
            tools.stop.wait(pause)
            tools.stop.check()
            pause = min(pause * 2, _LONGEST_PAUSE)
            run.database.settle(tools.patience.lock)
            try:
                work()
                return
            except LockTimeout:
                continue


def _alone(run: _Run, migration: Migration, position: int, resumed: bool) -> None:
    """One statement outside a transaction: intend, run, done. What a dead run left is asked for first."""
    if not run.database.holds(run.key):
        raise LockLost
    seen: list[Blocker] = []
    try:
        with watching(lambda: run.tools.connect(run.url, run.tools.application), run.database.pid) as seen:
            _carry_out(run, migration, position, resumed)
    except LockTimeout:
        left = "" if _undone(run, migration, position) else ".".join(migration.statements[position].index or ())
        waited = run.tools.patience.table
        raise SesariError(problems.blocked(f"`{migration.file}`", tuple(seen), waited, left)) from None
    except StatementFailed:
        _undone(run, migration, position)
        raise


def _carry_out(run: _Run, migration: Migration, position: int, resumed: bool) -> None:
    statement, database = migration.statements[position], run.database
    already = _already(database, migration, statement, resumed)
    database.intend(migration, position, checksum(statement.text), run.tools.owner)
    if not already:
        database.execute(statement, position)
    if statement.index and not statement.drops and database.index_state(statement.index) is not IndexState.VALID:
        database.forget(migration, position)
        raise SesariError(problems.index_invalid(migration, statement))
    database.done(migration, position)


def _already(database: Database, migration: Migration, statement: SqlStatement, resumed: bool) -> bool:
    """True when the statement's work is there, by a run that died before it could say so."""
    if statement.index is None:
        return False
    state = database.index_state(statement.index)
    if statement.drops:
        return resumed and state is IndexState.ABSENT
    if resumed and state is IndexState.INVALID:
        database.drop_index(statement.index)
    elif not resumed and state is not IndexState.ABSENT and not statement.tolerant:
        raise SesariError(problems.index_exists(migration, statement))
    return resumed and state is IndexState.VALID


def _undone(run: _Run, migration: Migration, position: int) -> bool:
    """An index whose build failed is of no use and slows every write, or refuses it: away with it, if that can be.

    False when whoever blocked the build blocks that too: then the intention stays, and the next run does it.
    """
    statement, database = migration.statements[position], run.database
    try:
        database.settle(run.tools.patience.lock)
        if statement.index and not statement.drops and database.index_state(statement.index) is IndexState.INVALID:
            database.drop_index(statement.index)
    except LockTimeout:
        return False
    database.forget(migration, position)
    return True
