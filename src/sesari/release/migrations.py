"""PURE: a folder's SQL files -> the ordered set of migrations, or every problem with them by name."""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from sesari.errors import Problem, SesariError
from sesari.model.migrations import Migration, MigrationKind, MigrationSet
from sesari.release.migration_contract import takes
from sesari.release.migration_sql import ParsedFile, SqlError, checksum, normal, parse_file

_NAME: Final = re.compile(r"(\d{1,14})_([A-Za-z0-9_.-]+)\.sql")
_NAME_HINT: Final = (
    "Name it `YYYYMMDDHHMMSS_what_it_does.sql`, as `supabase migration new` does, or `0001_what_it_does.sql`"
)


def read_migrations(files: Mapping[str, str]) -> MigrationSet:
    """The set of a folder: file name to text. Files that do not end in `.sql` are left alone.

    Raises SesariError with every problem: `migration-name`, `migration-duplicate`, `migration-order`,
    `migration-empty`, `migration-syntax`, `migration-mixed`, `migration-unsupported`.
    """
    sql = {name: normal(text) for name, text in sorted(files.items()) if name.endswith(".sql")}
    problems = [*_names(sql)]
    migrations: list[Migration] = []
    for file, text in sql.items():
        try:
            parsed = parse_file(text)
        except SqlError as error:
            why = f"Postgres' grammar says: {error.message}"
            problems.append(Problem("migration-syntax", f"`{file}` is no valid SQL", f"{file}:{error.line}", why))
            continue
        problems += _content(file, parsed)
        if (match := _NAME.fullmatch(file)) is not None:
            migrations.append(_migration(match, text, parsed))
    if problems:
        raise SesariError(problems)
    return migration_set(migrations)


def migration_set(migrations: Iterable[Migration]) -> MigrationSet:
    """The migrations in their order, with the digest over version, name and checksum of each."""
    ordered = tuple(sorted(migrations, key=lambda migration: migration.version))
    told = json.dumps([[m.version, m.name, m.checksum] for m in ordered], separators=(",", ":"))
    return MigrationSet(ordered, "sha256:" + hashlib.sha256(told.encode()).hexdigest())


def _migration(match: re.Match[str], text: str, parsed: ParsedFile) -> Migration:
    taken = takes(parsed.statements)
    contract = taken or parsed.stated == MigrationKind.CONTRACT.value
    statements = tuple(held.statement for held in parsed.statements)
    return Migration(
        version=match.group(1),
        name=match.group(2),
        file=match.group(0),
        checksum=checksum(text),
        kind=MigrationKind.CONTRACT if contract else MigrationKind.EXPAND,
        text=text,
        statements=statements,
        takes=taken,
        alone=any(statement.alone for statement in statements),
    )


def _names(files: Iterable[str]) -> Iterator[Problem]:
    versions: defaultdict[str, list[str]] = defaultdict(list)
    for file in files:
        match = _NAME.fullmatch(file)
        if match is not None:
            versions[match.group(1)].append(file)
            continue
        why = "it does not begin with a version and an underscore"
        yield Problem("migration-name", f"`{file}` has no version to order it by", file, why, _NAME_HINT)
    yield from _duplicates(versions)
    # Versions are what databases order as text; what ran is not renamed, so odd ones are taken as long as it agrees.
    if sorted(versions) != sorted(versions, key=int):
        why = "databases order versions as text: 10 comes before 9"
        yield Problem("migration-order", "The migrations have no one order", None, why, _NAME_HINT)


def _duplicates(versions: Mapping[str, list[str]]) -> Iterator[Problem]:
    for version, files in versions.items():
        if len(files) > 1:
            what = f"Version {version} is given to {len(files)} migrations"
            hint = "Give the one that was not released yet a later version"
            yield Problem("migration-duplicate", what, " and ".join(files), None, hint)


def _content(file: str, parsed: ParsedFile) -> Iterator[Problem]:
    if not parsed.statements:
        hint = "Write its SQL, or remove the file"
        yield Problem("migration-empty", f"`{file}` has no statement", file, None, hint)
    for held in parsed.statements:
        if held.unsupported is not None:
            where = f"{file}:{held.statement.line}"
            yield Problem(
                "migration-unsupported", f"A migration cannot hold {held.unsupported}", where, *_why(held.kind)
            )
    alone = [held for held in parsed.statements if held.statement.alone]
    together = [held for held in parsed.statements if not held.statement.alone and held.kind != "variable_set_stmt"]
    if alone and together:
        where = f"{file}:{alone[0].statement.line}"
        why = "Postgres runs this statement outside a transaction only; the others belong in one"
        hint = f"Move it to a file of its own; the statement at line {together[0].statement.line} stays"
        yield Problem("migration-mixed", f"`{file}` can be neither all nor nothing", where, why, hint)


def _why(kind: str) -> tuple[str, str]:
    if kind == "transaction_stmt":
        return "each file is one transaction already", "Remove it"
    if kind == "copy_stmt":
        return "its rows come from a client or a server's file", "Use INSERT"
    return (
        "it runs outside a transaction, and a run that was broken off could not tell whether it had happened",
        "Give an index a name; run anything else by hand",
    )
