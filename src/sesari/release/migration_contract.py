"""PURE: what a statement takes away from code that runs already. Anything found makes its migration a contract."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from sesari.release.migration_sql import Command, Parsed, commands, enum_name, names_of

# Without these, queries of old code fail; indexes, policies, triggers, rules and comments are none of its business.
_DROPPED: Final = {
    "OBJECT_TABLE": "table",
    "OBJECT_FOREIGN_TABLE": "foreign table",
    "OBJECT_VIEW": "view",
    "OBJECT_MATVIEW": "materialized view",
    "OBJECT_FUNCTION": "function",
    "OBJECT_PROCEDURE": "procedure",
    "OBJECT_ROUTINE": "function",
    "OBJECT_AGGREGATE": "aggregate",
    "OBJECT_TYPE": "type",
    "OBJECT_DOMAIN": "domain",
    "OBJECT_SEQUENCE": "sequence",
    "OBJECT_SCHEMA": "schema",
    "OBJECT_EXTENSION": "extension",
}
_RENAMES_NOTHING_USED: Final = frozenset(
    {"OBJECT_INDEX", "OBJECT_TABCONSTRAINT", "OBJECT_POLICY", "OBJECT_TRIGGER", "OBJECT_RULE"}
)


def created_tables(statements: Iterable[Parsed]) -> frozenset[str]:
    """The tables that these statements create: nothing that is done to them can hurt running code."""
    return frozenset(table for parsed in statements if (table := created_table(parsed)) is not None)


def created_table(parsed: Parsed) -> str | None:
    """The full name of the table that a statement creates, else None."""
    relation = created_relation(parsed)
    return None if relation is None else table_name(relation)


def created_relation(parsed: Parsed) -> Any:
    """The node of the table that a statement creates, else None."""
    if parsed.kind == "create_stmt":
        return parsed.tree.relation
    if parsed.kind == "create_table_as_stmt":
        return parsed.tree.into.rel
    if parsed.kind == "select_stmt" and parsed.tree.HasField("into_clause"):
        return parsed.tree.into_clause.rel
    return None


def table_name(relation: Any) -> str:
    """`schema.table`; what names no schema is in `public`."""
    return f"{relation.schemaname or 'public'}.{relation.relname}"


def full_name(names: tuple[str, ...]) -> str:
    """A name as written -> `schema.name`."""
    return ".".join(names if len(names) > 1 else ("public", *names))


def takes(statements: Iterable[Parsed]) -> tuple[str, ...]:
    """What is taken away, each as `line 4: drops column jobs.result`."""
    found = tuple(statements)
    new = created_tables(found)
    return tuple(f"line {parsed.statement.line}: {what}" for parsed in found for what in _taken(parsed, new))


def _taken(parsed: Parsed, new: frozenset[str]) -> Iterator[str]:
    reader = _READERS.get(parsed.kind)
    return reader(parsed.tree, new) if reader is not None else iter(())


def _drop(tree: Any, new: frozenset[str]) -> Iterator[str]:
    what = _DROPPED.get(enum_name("ObjectType", tree.remove_type))
    if what is None:
        return
    for node in tree.objects:
        names = names_of(node)
        if full_name(names) not in new:
            yield f"drops {what} {'.'.join(names)}"


def _rename(tree: Any, new: frozenset[str]) -> Iterator[str]:
    renamed = enum_name("ObjectType", tree.rename_type)
    if renamed in _RENAMES_NOTHING_USED or table_name(tree.relation) in new:
        return
    what = renamed.removeprefix("OBJECT_").lower()
    old = tree.subname or tree.relation.relname or ".".join(names_of(tree.object))
    yield f"renames {what} {old} to {tree.newname}"


def _move(tree: Any, new: frozenset[str]) -> Iterator[str]:
    if table_name(tree.relation) not in new:
        yield f"moves {tree.relation.relname or 'an object'} to schema {tree.newschema}"


def _alter(tree: Any, new: frozenset[str]) -> Iterator[str]:
    if table_name(tree.relation) not in new:
        table = tree.relation.relname
        yield from (told for command in commands(tree) if (told := _part(command, table)) is not None)


def _part(command: Command, table: str) -> str | None:
    column = f"{table}.{command.name}"
    match command.subtype:
        case "DropColumn":
            return f"drops column {column}"
        case "AlterColumnType":
            return f"changes the type of column {column}"
        case "SetNotNull":
            return f"refuses null in column {column}"
        case "ColumnDefault" if not command.def_.WhichOneof("node"):
            return f"drops the default of column {column}"
        case "AddColumn" if required(command.def_.column_def):
            return f"adds column {table}.{command.def_.column_def.colname}, which old code does not fill"
    return None


def required(column: Any) -> bool:
    """True for a column that is NOT NULL without a value of its own: an INSERT of old code fails."""
    kinds = {enum_name("ConstrType", held.constraint.contype) for held in column.constraints}
    filled = {"CONSTR_DEFAULT", "CONSTR_IDENTITY", "CONSTR_GENERATED"} & kinds
    serial = column.type_name.names[-1].string.sval.endswith("serial") if column.type_name.names else False
    return bool(kinds & {"CONSTR_NOTNULL", "CONSTR_PRIMARY"}) and not filled and not serial


def _truncate(tree: Any, new: frozenset[str]) -> Iterator[str]:
    yield from (
        f"empties table {node.range_var.relname}" for node in tree.relations if table_name(node.range_var) not in new
    )


_READERS: Final[Mapping[str, Callable[[Any, frozenset[str]], Iterator[str]]]] = {
    "drop_stmt": _drop,
    "rename_stmt": _rename,
    "alter_object_schema_stmt": _move,
    "alter_table_stmt": _alter,
    "truncate_stmt": _truncate,
}
