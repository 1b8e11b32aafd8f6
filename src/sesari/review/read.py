"""Reads the document of `terraform show -json PLANFILE` (format_version 1.x) into a `Plan`.

Source: https://developer.hashicorp.com/terraform/internals/json-format
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sesari.errors import Problem, SesariError
from sesari.model.json import Json, JsonObject
from sesari.model.plan import Action, AttributePath, Plan, ResourceChange

_ACTIONS: Final[Mapping[tuple[str, ...], Action]] = {
    ("no-op",): Action.NOTHING,
    ("create",): Action.CREATE,
    ("read",): Action.READ,
    ("update",): Action.UPDATE,
    ("delete",): Action.DELETE,
    ("forget",): Action.FORGET,
    ("delete", "create"): Action.REPLACE,
    ("create", "delete"): Action.REPLACE,
    ("create", "forget"): Action.REPLACE,
}


def read_plan(document: Json) -> Plan:
    """The plan in a decoded `terraform show -json` document.

    Raises SesariError `plan-unreadable`, naming the place, for a document of any other shape: a state, a plan of a
    format that is not 1.x, a truncated or damaged one.
    """
    top = _object(document, "the document")
    version = _text(top.get("format_version"), "format_version")
    if version.split(".")[0] != "1":
        raise _unreadable("format_version", f"it is {version!r}, and only 1.x is known")
    if "values" in top and "planned_values" not in top:
        raise _unreadable("values", "this is a state, not a plan")
    engine = _text(top.get("terraform_version"), "terraform_version")
    complete = _flag(top, "complete", True) and not _flag(top, "errored", False)
    return Plan(
        terraform_version=engine,
        changes=_changes(top, "resource_changes"),
        drift=_changes(top, "resource_drift"),
        outputs={
            name: _object(change, f"output_changes.{name}")
            for name, change in _object(_absent_as(top, "output_changes", {}), "output_changes").items()
        },
        complete=complete and not _list(_absent_as(top, "deferred_changes", []), "deferred_changes"),
    )


def _changes(top: JsonObject, key: str) -> tuple[ResourceChange, ...]:
    entries = _list(_absent_as(top, key, []), key)
    return tuple(_change(_object(entry, f"{key}[{i}]"), f"{key}[{i}]") for i, entry in enumerate(entries))


def _change(entry: JsonObject, where: str) -> ResourceChange:
    change = _object(entry.get("change"), f"{where}.change")
    address = _text(entry.get("address"), f"{where}.address")
    deposed = _optional(entry, "deposed", where)
    return ResourceChange(
        # A deposed object shares its address with the one that took its place.
        address=f"{address} (deposed {deposed})" if deposed else address,
        module=_optional(entry, "module_address", where),
        type=_text(entry.get("type"), f"{where}.type"),
        name=_text(entry.get("name"), f"{where}.name"),
        provider=_optional(entry, "provider_name", where) or "",
        action=_action(change.get("actions"), f"{where}.change.actions"),
        before=change.get("before"),
        after=change.get("after"),
        unknown=change.get("after_unknown", False),
        before_sensitive=change.get("before_sensitive", False),
        after_sensitive=change.get("after_sensitive", False),
        replace_paths=_paths(change, f"{where}.change"),
        reason=_optional(entry, "action_reason", where),
        previous_address=_optional(entry, "previous_address", where),
        data=entry.get("mode") == "data",
    )


def _action(value: Json, where: str) -> Action:
    names = tuple(_text(name, where) for name in _list(value, where))
    action = _ACTIONS.get(names)
    if action is None:
        raise _unreadable(where, f"{'+'.join(names) or 'no action'} is not an action that is known")
    return action


def _paths(change: JsonObject, where: str) -> tuple[AttributePath, ...]:
    return tuple(
        tuple(_step(step, f"{where}.replace_paths") for step in _list(path, f"{where}.replace_paths"))
        for path in _list(_absent_as(change, "replace_paths", []), f"{where}.replace_paths")
    )


def _step(value: Json, where: str) -> str | int:
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        # Terraform writes a step into a set as an object; the element cannot be named any other way.
        return "*"
    raise _unreadable(where, "a step of a path is a name or a number")


def _absent_as(holder: JsonObject, key: str, default: Json) -> Json:
    value = holder.get(key)
    return default if value is None else value


def _flag(top: JsonObject, key: str, default: bool) -> bool:
    value = top.get(key, default)
    if not isinstance(value, bool):
        raise _unreadable(key, "it should be true or false")
    return value


def _optional(entry: JsonObject, key: str, where: str) -> str | None:
    value = entry.get(key)
    return None if value is None else _text(value, f"{where}.{key}")


def _text(value: Json, where: str) -> str:
    if not isinstance(value, str):
        raise _unreadable(where, "it should be text" if value is not None else "it is missing")
    return value


def _list(value: Json, where: str) -> list[Json]:
    if not isinstance(value, list):
        raise _unreadable(where, "it should be a list" if value is not None else "it is missing")
    return value


def _object(value: Json, where: str) -> JsonObject:
    if not isinstance(value, dict):
        raise _unreadable(where, "it should be an object" if value is not None else "it is missing")
    return value


def _unreadable(where: str, why: str) -> SesariError:
    return SesariError(
        Problem(
            code="plan-unreadable",
            what="The plan cannot be read",
            where=where,
            why=why,
            hint="Make the plan again; `terraform show -json PLANFILE` writes the document that is read here",
        )
    )
