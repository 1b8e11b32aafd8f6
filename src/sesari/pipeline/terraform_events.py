"""PURE: Terraform's machine-readable events as progress, its diagnostics as problems.

Source: https://developer.hashicorp.com/terraform/internals/machine-readable-ui
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from sesari.errors import Problem
from sesari.model.engine import EngineRun
from sesari.model.json import Json, JsonObject
from sesari.model.progress import Phase, Progress

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_DONE = frozenset({"apply_complete", "refresh_complete", "ephemeral_op_complete"})
_BEGUN = {
    "apply_start": "",
    "refresh_start": "reading",
    "provision_start": "provisioning",
    "apply_progress": "",
    "planned_change": "planned",
}
_DOING = {"create": "creating", "update": "updating", "delete": "destroying", "replace": "replacing", "read": "reading"}


@dataclass(frozen=True, slots=True)
class Tally:
    """How far one run is. `total` counts the changes once Terraform has told them."""

    scope: str
    step: str
    done: int = 0
    total: int | None = None
    planned: int = 0


def progress_of(event: JsonObject, tally: Tally) -> tuple[Progress | None, Tally]:
    """The progress that one event means, if any, and the tally after it."""
    kind = event.get("type")
    hook = _object(event.get("hook"))
    if kind == "change_summary":
        return None, replace(tally, total=_count(_object(event.get("changes"))) or tally.total)
    if kind == "planned_change":
        tally = replace(tally, planned=tally.planned + 1)
    if kind == "apply_complete":
        tally = replace(tally, done=tally.done + 1)
    if kind == "apply_errored":
        return _step(tally, f"{_address(hook)} failed", hook), tally
    if kind in _DONE or kind in _BEGUN:
        return _step(tally, _detail(str(kind), hook, event), hook), tally
    return None, tally


def created_by(event: JsonObject) -> tuple[str, str] | None:
    """Address and id of what this event says was created, if it says that."""
    hook = _object(event.get("hook"))
    made = event.get("type") == "apply_complete" and hook.get("action") == "create"
    id = hook.get("id_value")
    return (_address(hook), id) if made and isinstance(id, str) and id else None


def problems_of(diagnostics: Iterable[JsonObject], directory: str) -> tuple[Problem, ...]:
    """Terraform's errors, each once, as problems. Warnings are left out."""
    found = [_problem(entry, directory) for entry in diagnostics if entry.get("severity") == "error"]
    return tuple(dict.fromkeys(found))


def failure_of(run: EngineRun, directory: str) -> tuple[Problem, ...]:
    """Why a run failed: its diagnostics, else the last words it wrote."""
    problems = problems_of(run.diagnostics, directory)
    if problems:
        return problems
    words = plain(run.errors) or plain(run.output)
    why = " ".join(words.split())[-600:] or "it said nothing"
    if run.exit_code < 0:
        why = f"it was ended by signal {-run.exit_code}"
    return (Problem("terraform-failed", "Terraform failed", where=directory, why=why),)


def plain(text: str) -> str:
    """Text without colour codes and box drawings."""
    return re.sub(r"^[│╷╵ ]+", "", _ANSI.sub("", text), flags=re.MULTILINE).strip()


def _problem(entry: JsonObject, directory: str) -> Problem:
    place = _object(entry.get("range"))
    line = _object(place.get("start")).get("line")
    file = f"{directory}/{place['filename']}:{line}" if place.get("filename") else None
    address = entry.get("address")
    where = ", ".join(str(part) for part in (address, file) if part) or directory
    summary, detail = plain(str(entry.get("summary") or "")), plain(str(entry.get("detail") or ""))
    return Problem("terraform-error", f"Terraform: {summary}", where=where, why=" ".join(detail.split()) or None)


def _step(tally: Tally, detail: str, hook: JsonObject) -> Progress:
    seconds = hook.get("elapsed_seconds")
    return Progress(
        tally.scope,
        tally.step,
        Phase.RUNNING,
        detail,
        done=tally.done if tally.total else (tally.planned or None),
        total=tally.total,
        seconds=float(seconds) if isinstance(seconds, int | float) else None,
    )


def _detail(kind: str, hook: JsonObject, event: JsonObject) -> str:
    if kind == "planned_change":
        change = _object(event.get("change"))
        return f"{change.get('action', 'change')} {_address(change)}"
    if kind in _DONE:
        return f"{_address(hook)} done"
    action = _BEGUN[kind] or _DOING.get(str(hook.get("action")), "changing")
    return f"{action} {_address(hook)}"


def _address(holder: JsonObject) -> str:
    return str(_object(holder.get("resource")).get("addr", ""))


def _count(changes: JsonObject) -> int:
    numbers = (changes.get(name) for name in ("add", "change", "remove", "import"))
    return sum(number for number in numbers if isinstance(number, int))


def _object(value: Json) -> JsonObject:
    return value if isinstance(value, dict) else {}
