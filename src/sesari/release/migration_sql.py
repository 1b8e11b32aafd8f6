"""PURE: SQL text -> statements, read by Postgres' own grammar (postgast), with what the rules need to know of them.

postgast (BSD) binds libpg_query, the grammar of Postgres itself. pglast binds the same and is GPL, which this package's
licence does not go with; sqlglot is a grammar of its own that reads much of a migration only as an opaque command.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sesari.model.migrations import SqlStatement

if TYPE_CHECKING:
    from postgast.pg_query_pb2 import Node

_HEADER: Final = re.compile(r"^\s*--\s*sesari:\s*(expand|contract)\s*$", re.MULTILINE)
_ALLOW: Final = re.compile(r"^\s*--\s*sesari:\s*allow\s+([a-z0-9-]+)\s+because\s+(\S.*)$", re.MULTILINE)
# Postgres runs these outside a transaction only, and a run that was broken off can be taken up again.
_REPEATABLE: Final = ("vacuum_stmt",)
# These run outside a transaction only, and nobody can tell afterwards whether they ran.
_UNSUPPORTED: Final = {
    "createdb_stmt": "CREATE DATABASE",
    "dropdb_stmt": "DROP DATABASE",
    "alter_system_stmt": "ALTER SYSTEM",
    "create_table_space_stmt": "CREATE TABLESPACE",
    "drop_table_space_stmt": "DROP TABLESPACE",
    "create_subscription_stmt": "CREATE SUBSCRIPTION",
    "drop_subscription_stmt": "DROP SUBSCRIPTION",
    "transaction_stmt": "BEGIN, COMMIT or ROLLBACK",
    "copy_stmt": "COPY",
}


class SqlError(Exception):
    """The grammar refuses the text at `line` (from 1)."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


@dataclass(frozen=True, slots=True)
class Parsed:
    """One statement with its tree. `allowed` are the rules that a comment before it sets aside, with a reason."""

    statement: SqlStatement
    kind: str
    tree: Any
    allowed: frozenset[str]
    unsupported: str | None = None


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """`stated` is the kind that the header comment gives, None without one."""

    statements: tuple[Parsed, ...]
    stated: str | None


def checksum(text: str) -> str:
    """`sha256:<hex>` of the text."""
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def normal(text: str) -> str:
    """A file as it counts: without byte order mark, lines end in LF. What git does to line ends is no change."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def parse_file(text: str) -> ParsedFile:
    """Read a normal text. Raises SqlError where the grammar refuses it."""
    # Imported here: the grammar is 15 MB, and most commands read no SQL.
    from postgast import PgQueryError, parse

    raw = text.encode()
    try:
        tree = parse(text)
    except PgQueryError as error:
        raise SqlError(error.message, 1 + text.count("\n", 0, max(0, error.cursorpos - 1))) from None
    found, end = [], 0
    for held in tree.stmts:
        start = held.stmt_location
        before = raw[end:start].decode()
        end = start + held.stmt_len if held.stmt_len else len(raw)
        line = 1 + raw.count(b"\n", 0, start)
        found.append(_parsed(raw[start:end].decode().rstrip(), line, before, held.stmt))
    header = text[: _first_statement(text, raw, tree.stmts)]
    stated = _HEADER.search(header)
    return ParsedFile(tuple(found), stated.group(1) if stated else None)


def _first_statement(text: str, raw: bytes, statements: Any) -> int:
    return len(raw[: statements[0].stmt_location].decode()) if statements else len(text)


def _parsed(text: str, line: int, before: str, node: Node) -> Parsed:
    kind = node.WhichOneof("node") or ""
    tree = getattr(node, kind)
    index, drops = _index(kind, tree)
    alone = index is not None or (kind in _REPEATABLE and tree.is_vacuumcmd) or _reindexes_concurrently(kind, tree)
    allowed = frozenset(match.group(1) for match in _ALLOW.finditer(before))
    tolerant = (kind == "index_stmt" and tree.if_not_exists) or (kind == "drop_stmt" and tree.missing_ok)
    statement = SqlStatement(text, line, alone, index, drops, tolerant)
    return Parsed(statement, kind, tree, allowed, _unsupported(kind, tree))


def _index(kind: str, tree: Any) -> tuple[tuple[str, ...] | None, bool]:
    """The index that is built or dropped CONCURRENTLY."""
    if kind == "index_stmt" and tree.concurrent and tree.idxname:
        return (tree.relation.schemaname or "public", tree.idxname), False
    if kind == "drop_stmt" and tree.concurrent:
        return names_of(tree.objects[0]), True
    return None, False


def _reindexes_concurrently(kind: str, tree: Any) -> bool:
    return kind == "reindex_stmt" and any(option.def_elem.defname == "concurrently" for option in tree.params)


def _unsupported(kind: str, tree: Any) -> str | None:
    if kind == "index_stmt" and tree.concurrent and not tree.idxname:
        return "CREATE INDEX CONCURRENTLY without a name"
    if kind == "drop_stmt" and tree.concurrent and len(tree.objects) > 1:
        return "DROP INDEX CONCURRENTLY of several indexes"
    if kind == "alter_table_stmt" and any(command.def_.partition_cmd.concurrent for command in commands(tree)):
        return "DETACH PARTITION CONCURRENTLY"
    return _UNSUPPORTED.get(kind)


@dataclass(frozen=True, slots=True)
class Command:
    """One part of an ALTER TABLE: `subtype` as Postgres names it (`DropColumn`), and its definition."""

    subtype: str
    name: str
    def_: Any


def commands(tree: Any) -> Iterator[Command]:
    """The parts of an ALTER TABLE."""
    from postgast.pg_query_pb2 import AlterTableType

    for held in tree.cmds:
        command = held.alter_table_cmd
        subtype = AlterTableType.Name(command.subtype).removeprefix("AT_")
        yield Command(subtype, command.name, getattr(command, "def"))


def enum_name(enum: str, value: int) -> str:
    """The name of an enumeration's value: `OBJECT_TABLE`."""
    import postgast.pg_query_pb2

    name: str = getattr(postgast.pg_query_pb2, enum).Name(value)
    return name


def names_of(node: Any) -> tuple[str, ...]:
    """A dotted name as its parts; an object with arguments (a function) gives its name's."""
    kind = node.WhichOneof("node")
    if kind == "list":
        return tuple(item.string.sval for item in node.list.items)
    if kind == "object_with_args":
        return tuple(item.string.sval for item in node.object_with_args.objname)
    if kind == "type_name":
        return tuple(item.string.sval for item in node.type_name.names)
    return (node.string.sval,)
