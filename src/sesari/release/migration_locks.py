"""PURE: what a statement does to a table that is in use: how long others wait for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sesari.release.migration_contract import required, table_name
from sesari.release.migration_sql import Command, Parsed, commands, enum_name

Told = tuple[str, str]
# Functions whose result is one value for the whole statement: Postgres stores it once and rewrites nothing.
_STABLE: Final = frozenset(
    {"now", "current_user", "current_setting", "transaction_timestamp", "statement_timestamp", "current_database"}
    | {"current_schema", "session_user", "user", "lower", "upper", "md5", "coalesce", "jsonb_build_object"}
    | {"json_build_object", "jsonb_build_array", "to_jsonb", "date_trunc", "array_fill", "concat", "timezone"}
)
_REWRITES: Final = {
    "SetLogged": "makes the table logged",
    "SetUnLogged": "makes the table unlogged",
    "SetTableSpace": "moves the table to another tablespace",
    "SetAccessMethod": "changes the access method",
}


@dataclass(frozen=True, slots=True)
class Known:
    """What the statements before made: `(table, column)` pairs that a CHECK keeps from being null.

    `unproven` are `(table, column, constraint)` whose CHECK is NOT VALID still: Postgres reads all rows in spite of it.
    """

    never_null: frozenset[tuple[str, str]] = frozenset()
    unproven: frozenset[tuple[str, str, str]] = frozenset()


def learn(known: Known, statements: Iterable[Parsed]) -> Known:
    """What is known after these statements."""
    proven, unproven = set(known.never_null), set(known.unproven)
    for parsed in statements:
        if parsed.kind != "alter_table_stmt":
            continue
        table = table_name(parsed.tree.relation)
        for command in commands(parsed.tree):
            for column in _never_null(command):
                unproven.add((table, column, command.def_.constraint.conname))
                if not command.def_.constraint.skip_validation:
                    proven.add((table, column))
            if command.subtype == "ValidateConstraint":
                proven |= {(table, column) for at, column, name in unproven if (at, name) == (table, command.name)}
    return Known(frozenset(proven), frozenset(unproven))


def _never_null(command: Command) -> Iterator[str]:
    """The columns of CHECK (column IS NOT NULL)."""
    if command.subtype != "AddConstraint" or command.def_.constraint.raw_expr.WhichOneof("node") is None:
        return
    waiting = [command.def_.constraint.raw_expr]
    while waiting:
        node = waiting.pop()
        if node.WhichOneof("node") == "bool_expr" and enum_name("BoolExprType", node.bool_expr.boolop) == "AND_EXPR":
            waiting += node.bool_expr.args
        elif enum_name("NullTestType", node.null_test.nulltesttype) == "IS_NOT_NULL":
            yield node.null_test.arg.column_ref.fields[-1].string.sval


def lock_timeout(statements: Iterable[Parsed]) -> str | None:
    """The last `set lock_timeout` of a file, as it was written; None without one."""
    last = None
    for parsed in statements:
        if parsed.kind == "variable_set_stmt" and parsed.tree.name == "lock_timeout" and parsed.tree.args:
            constant = parsed.tree.args[0].a_const
            last = constant.sval.sval if constant.HasField("sval") else str(constant.ival.ival)
    return last


def hurts(parsed: Parsed, new: frozenset[str], known: Known) -> Iterator[Told]:
    """Code and words of each rule that a statement breaks. `new` are the tables that its file creates."""
    reader = _READERS.get(parsed.kind)
    return reader(parsed, new, known) if reader is not None else iter(())


def _index(parsed: Parsed, new: frozenset[str], known: Known) -> Iterator[Told]:
    table = table_name(parsed.tree.relation)
    if not parsed.tree.concurrent and table not in new:
        yield "index-not-concurrent", f"builds an index on {parsed.tree.relation.relname} and keeps writers waiting"


def _drop(parsed: Parsed, new: frozenset[str], known: Known) -> Iterator[Told]:
    if enum_name("ObjectType", parsed.tree.remove_type) == "OBJECT_INDEX" and not parsed.tree.concurrent:
        yield "drop-index-not-concurrent", "drops an index and keeps everybody waiting"


def _alter(parsed: Parsed, new: frozenset[str], known: Known) -> Iterator[Told]:
    table = table_name(parsed.tree.relation)
    if table in new or enum_name("ObjectType", parsed.tree.objtype) != "OBJECT_TABLE":
        return
    for command in commands(parsed.tree):
        yield from _part(command, table, parsed.tree.relation.relname, known)


def _part(command: Command, table: str, name: str, known: Known) -> Iterator[Told]:
    if command.subtype == "AlterColumnType":
        yield "table-rewrite", f"changes the type of {name}.{command.name}"
    elif command.subtype in _REWRITES:
        yield "table-rewrite", f"{_REWRITES[command.subtype]} {name}"
    elif command.subtype == "SetNotNull" and (table, command.name) not in known.never_null:
        yield "not-null-without-check", f"sets {name}.{command.name} NOT NULL with no CHECK that proves it"
    elif command.subtype == "AddColumn":
        yield from _column(command.def_.column_def, name)
    elif command.subtype == "AddConstraint":
        yield from _constraint(command.def_.constraint, name)


def _column(column: Any, table: str) -> Iterator[Told]:
    name = f"{table}.{column.colname}"
    if required(column):
        yield "required-column", f"adds {name} NOT NULL without a default"
    if _computed(column):
        yield "table-rewrite", f"adds {name} with a value of its own in each row"
    for held in column.constraints:
        kind = enum_name("ConstrType", held.constraint.contype)
        if kind in ("CONSTR_UNIQUE", "CONSTR_PRIMARY"):
            yield "constraint-builds-index", f"adds {name} with an index"
        elif kind == "CONSTR_CHECK":
            yield "constraint-checks-all-rows", f"adds {name} with a CHECK"


def _computed(column: Any) -> bool:
    """A default that differs from row to row, an identity, a serial, a stored expression."""
    if column.type_name.names and column.type_name.names[-1].string.sval.endswith("serial"):
        return True
    for held in column.constraints:
        kind = enum_name("ConstrType", held.constraint.contype)
        if kind == "CONSTR_IDENTITY" or (kind == "CONSTR_GENERATED" and held.constraint.generated_kind != "v"):
            return True
        if kind == "CONSTR_DEFAULT" and _calls(held.constraint.raw_expr) - _STABLE:
            return True
    return False


def _calls(node: Any) -> frozenset[str]:
    from postgast import find_nodes
    from postgast.pg_query_pb2 import FuncCall

    return frozenset(call.funcname[-1].string.sval for call in find_nodes(node, FuncCall))


def _constraint(constraint: Any, table: str) -> Iterator[Told]:
    kind = enum_name("ConstrType", constraint.contype)
    if kind in ("CONSTR_CHECK", "CONSTR_FOREIGN") and not constraint.skip_validation:
        what = "a CHECK" if kind == "CONSTR_CHECK" else "a foreign key"
        yield "constraint-checks-all-rows", f"adds {what} to {table} that is checked at once"
    elif kind in ("CONSTR_UNIQUE", "CONSTR_PRIMARY", "CONSTR_EXCLUSION") and not constraint.indexname:
        yield "constraint-builds-index", f"adds a constraint to {table} that builds an index"


def _always(code: str, what: str) -> Callable[[Parsed, frozenset[str], Known], Iterator[Told]]:
    def told(parsed: Parsed, new: frozenset[str], known: Known) -> Iterator[Told]:
        yield code, what

    return told


def _reindex(parsed: Parsed, new: frozenset[str], known: Known) -> Iterator[Told]:
    if not parsed.statement.alone:
        yield "heavy-lock", "rebuilds indexes and keeps writers waiting"


def _vacuum(parsed: Parsed, new: frozenset[str], known: Known) -> Iterator[Told]:
    if any(option.def_elem.defname == "full" for option in parsed.tree.options):
        yield "heavy-lock", "rewrites a table with VACUUM FULL"


def _refresh(parsed: Parsed, new: frozenset[str], known: Known) -> Iterator[Told]:
    if not parsed.tree.concurrent:
        yield "blocking-refresh", f"refreshes {parsed.tree.relation.relname} and keeps readers waiting"


def _rows(parsed: Parsed, new: frozenset[str], known: Known) -> Iterator[Told]:
    if not parsed.tree.HasField("where_clause") and table_name(parsed.tree.relation) not in new:
        verb = "changes" if parsed.kind == "update_stmt" else "deletes"
        yield "all-rows-at-once", f"{verb} every row of {parsed.tree.relation.relname}"


def _set(parsed: Parsed, new: frozenset[str], known: Known) -> Iterator[Told]:
    held = lock_timeout((parsed,))
    if held is not None and held.strip().rstrip("minhdus ") in ("0", "-1"):
        yield "lock-timeout-off", "switches lock_timeout off"


_READERS: Final[Mapping[str, Callable[[Parsed, frozenset[str], Known], Iterator[Told]]]] = {
    "index_stmt": _index,
    "drop_stmt": _drop,
    "alter_table_stmt": _alter,
    "lock_stmt": _always("heavy-lock", "locks a table by hand"),
    "cluster_stmt": _always("heavy-lock", "rewrites a table with CLUSTER"),
    "repack_stmt": _always("heavy-lock", "rewrites a table with REPACK"),
    "reindex_stmt": _reindex,
    "vacuum_stmt": _vacuum,
    "refresh_mat_view_stmt": _refresh,
    "update_stmt": _rows,
    "delete_stmt": _rows,
    "do_stmt": _always("opaque", "runs a DO block"),
    "variable_set_stmt": _set,
}
