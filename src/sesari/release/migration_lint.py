"""PURE: what in a migration hurts a database that is in use, or opens it; each finding with the safer way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from sesari.errors import Problem
from sesari.model.migrations import Migration, MigrationKind, MigrationSet
from sesari.release.migration_contract import created_tables, full_name, table_name
from sesari.release.migration_exposure import exposed
from sesari.release.migration_locks import Known, hurts, learn, lock_timeout
from sesari.release.migration_rules import RULES
from sesari.release.migration_sql import Parsed, ParsedFile, names_of, parse_file


class Severity(Enum):
    """An `error` keeps the migration from running; a `warning` is for the reviewer."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule broken at one place. `code` is the rule's name; `what` says what the statement does."""

    code: str
    severity: Severity
    file: str
    line: int
    what: str
    hint: str


def lint(migrations: MigrationSet, fresh: bool = False) -> tuple[Finding, ...]:
    """Every finding, in the order of files and lines. A statement is judged by what the files before it made.

    `fresh`: they all run on a database that nobody uses yet. Then only what is open at the end counts: locks hurt
    nobody, and files that ran elsewhere long ago cannot be edited any more.
    `-- sesari: allow RULE because REASON` on a line of its own before a statement sets one rule aside for it.
    """
    read = [(migration, parse_file(migration.text)) for migration in migrations.migrations]
    if fresh:
        return tuple(_left_open(read))
    known = Known()
    found: list[Finding] = []
    for migration, parsed in read:
        found += _file(migration, parsed, known)
        known = learn(known, parsed.statements)
    return tuple(found)


def _left_open(read: Iterable[tuple[Migration, ParsedFile]]) -> Iterator[Finding]:
    every = [(migration, held) for migration, parsed in read for held in parsed.statements]
    for number, (migration, held) in enumerate(every):
        for code, what in exposed(held, [later for _, later in every[number + 1 :]]):
            if code == "table-without-rls" and code not in held.allowed:
                yield _finding(migration, held, code, what)


def refusals(findings: Iterable[Finding]) -> tuple[Problem, ...]:
    """The findings that keep a migration from running, as problems `lint-<code>`."""
    return tuple(
        Problem(
            f"lint-{finding.code}",
            f"`{finding.file}` {finding.what}",
            f"{finding.file}:{finding.line}",
            RULES[finding.code].why,
            f"{finding.hint}; or write `-- sesari: allow {finding.code} because ...` before the statement",
        )
        for finding in findings
        if finding.severity is Severity.ERROR
    )


def _file(migration: Migration, parsed: ParsedFile, known: Known) -> Iterator[Finding]:
    new = created_tables(parsed.statements)
    before = known
    for number, held in enumerate(parsed.statements):
        told = (*hurts(held, new, before), *exposed(held, parsed.statements[number + 1 :]))
        yield from (_finding(migration, held, code, what) for code, what in told if code not in held.allowed)
        before = learn(before, (held,))
    yield from _whole(migration, parsed, new)


def _whole(migration: Migration, parsed: ParsedFile, new: frozenset[str]) -> Iterator[Finding]:
    """What concerns the file and not one statement; its first statement's comments speak for it."""
    if not parsed.statements:
        return
    first = parsed.statements[0]
    if migration.kind is MigrationKind.CONTRACT and parsed.stated == "expand":
        line = int(migration.takes[0].split(":")[0].removeprefix("line "))
        yield _at(migration, line, "drop-in-expand", f"says `expand` and {migration.takes[0].split(': ', 1)[1]}")
    elif migration.takes and parsed.stated is None and "contract-unmarked" not in first.allowed:
        yield _at(migration, 1, "contract-unmarked", f"takes away without saying so ({migration.takes[0]})")
    if "lock-timeout-missing" not in first.allowed and lock_timeout(parsed.statements) is None:
        touched = [held for held in parsed.statements if _waits(held, new)]
        if touched:
            what = "waits for tables in use and sets no lock_timeout"
            yield _at(migration, touched[0].statement.line, "lock-timeout-missing", what)


def _waits(parsed: Parsed, new: frozenset[str]) -> bool:
    if parsed.kind not in ("alter_table_stmt", "drop_stmt", "rename_stmt", "truncate_stmt", "create_trig_stmt"):
        return False
    if parsed.kind == "drop_stmt":
        dropped = {full_name(names_of(node)) for node in parsed.tree.objects}
        return not parsed.statement.alone and not dropped <= new
    return parsed.kind == "truncate_stmt" or table_name(parsed.tree.relation) not in new


def _finding(migration: Migration, held: Parsed, code: str, what: str) -> Finding:
    return _at(migration, held.statement.line, code, what)


def _at(migration: Migration, line: int, code: str, what: str) -> Finding:
    rule = RULES[code]
    return Finding(code, Severity.ERROR if rule.blocks else Severity.WARNING, migration.file, line, what, rule.hint)
