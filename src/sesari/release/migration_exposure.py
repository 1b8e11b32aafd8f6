"""PURE: what a migration opens to everybody. Supabase serves schema public over HTTP."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sesari.release.migration_contract import created_relation, table_name
from sesari.release.migration_sql import Parsed, commands, names_of

_PUBLIC = "public."


def exposed(parsed: Parsed, after: Sequence[Parsed]) -> Iterator[tuple[str, str]]:
    """Code and words of each rule that a statement breaks; `after` are the statements behind it in its file."""
    created = created_relation(parsed)
    if created is not None and created.relpersistence != "t":
        table = table_name(created)
        if table.startswith(_PUBLIC) and table not in _secured(after):
            yield "table-without-rls", f"creates table {table.removeprefix(_PUBLIC)} without row-level security"
    if parsed.kind == "alter_table_stmt" and table_name(parsed.tree.relation).startswith(_PUBLIC):
        for command in commands(parsed.tree):
            if command.subtype == "DisableRowSecurity":
                yield "rls-disabled", f"disables row-level security on {parsed.tree.relation.relname}"
    if parsed.kind == "view_stmt" and _open_view(parsed.tree):
        yield "view-bypasses-rls", f"creates view {parsed.tree.view.relname} that ignores row-level security"
    if parsed.kind == "create_function_stmt" and _open_function(parsed.tree):
        yield "definer-without-path", f"creates function {names_of_function(parsed.tree)} as SECURITY DEFINER"


def _secured(statements: Iterable[Parsed]) -> frozenset[str]:
    return frozenset(
        table_name(parsed.tree.relation)
        for parsed in statements
        if parsed.kind == "alter_table_stmt"
        and any(command.subtype == "EnableRowSecurity" for command in commands(parsed.tree))
    )


def _open_view(tree: Any) -> bool:
    if tree.view.relpersistence == "t" or not table_name(tree.view).startswith(_PUBLIC):
        return False
    for option in tree.options:
        if option.def_elem.defname == "security_invoker":
            # Written alone it means true.
            return option.def_elem.HasField("arg") and _word(option.def_elem.arg) in ("false", "off", "0", "no")
    return True


def _open_function(tree: Any) -> bool:
    options = {option.def_elem.defname: option.def_elem for option in tree.options}
    definer = "security" in options and options["security"].arg.boolean.boolval
    paths = [
        option
        for option in tree.options
        if option.def_elem.defname == "set" and option.def_elem.arg.variable_set_stmt.name == "search_path"
    ]
    return bool(definer) and not paths


def names_of_function(tree: Any) -> str:
    return ".".join(part for node in tree.funcname for part in names_of(node))


def _word(node: Any) -> str:
    """A setting's value as it was written, in lower case."""
    kind = node.WhichOneof("node")
    if kind == "type_name":
        return ".".join(names_of(node)).lower()
    if kind == "boolean":
        return "true" if node.boolean.boolval else "false"
    return str(node.integer.ival) if kind == "integer" else str(node.string.sval).lower()
