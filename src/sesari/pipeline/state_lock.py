"""Terraform's own state lock, taken by us, so that a `terraform` run by hand is kept out and keeps us out.

Source of the object's form: https://developer.hashicorp.com/terraform/language/backend/s3 (use_lockfile)
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from sesari.errors import Problem, Refused, SesariError
from sesari.model.progress import Phase, Progress
from sesari.model.store import Conflict, Stored
from sesari.pipeline.lease import HeldLease
from sesari.pipeline.tools import Tools
from sesari.release.lease import is_own_lock


@dataclass(frozen=True, slots=True)
class StateLock:
    """A lock object as found. `id` is empty when the object cannot be read as Terraform's."""

    id: str
    who: str
    operation: str
    created: str
    stored: Stored


@contextmanager
def locked(tools: Tools, held: HeldLease, operation: str) -> Iterator[None]:
    """Hold the state lock while the block runs. Raises Refused `state-locked` when somebody else's is there."""
    version = _take(tools, held, operation)
    try:
        yield
    finally:
        _release(tools, version)


def lock_key(tools: Tools) -> str:
    return f"{tools.state_key}.tflock"


def found_lock(tools: Tools) -> StateLock | None:
    """The lock object that is there now, whoever's it is."""
    stored = tools.state.get(lock_key(tools))
    return None if stored is None else _read(stored)


def drop(tools: Tools, lock: StateLock) -> None:
    """Delete exactly this lock object; if it has changed meanwhile it is left alone."""
    with suppress(Conflict):
        tools.state.delete(lock.stored.key, lock.stored.version)


def _release(tools: Tools, version: str) -> None:
    try:
        tools.state.delete(lock_key(tools), version)
    except (Conflict, SesariError):
        # If it is no longer ours, whoever took over released it. If the bucket cannot be reached, raising would hide
        # what the work itself raised; the next holder of the lease recognises the lock as left behind.
        words = "the state lock could not be deleted; the next apply releases it"
        tools.report(Progress(tools.name, "state lock", Phase.ERRORED, words))


def _take(tools: Tools, held: HeldLease, operation: str) -> str:
    body = _body(tools, held, operation)
    for _ in range(3):
        held.check()
        try:
            return tools.state.create(lock_key(tools), body)
        except Conflict:
            there = found_lock(tools)
        if there is None:
            continue
        if there.stored.body == body:
            return there.stored.version
        if not is_own_lock(there.id, held.lease):
            raise Refused(locked_by(there, tools))
        drop(tools, there)
    raise Refused(
        Problem(
            "state-locked", f"The state of `{tools.name}` is locked again and again", tools.where, None, "Try later"
        )
    )


def locked_by(lock: StateLock, tools: Tools) -> Problem:
    """Why the state cannot be changed: a Terraform that is not ours holds its lock."""
    return Problem(
        "state-locked",
        f"The state of `{tools.name}` is locked by a Terraform that Sesari did not start",
        where=tools.where,
        why=f"`{lock.who}` took lock {lock.id} for {lock.operation} at {lock.created}",
        hint=f"If that run is dead, release it with `sesari unlock -e {tools.name} --lock-id {lock.id}`",
    )


def _body(tools: Tools, held: HeldLease, operation: str) -> bytes:
    entry = {
        "ID": held.lease.lock_id,
        "Operation": operation,
        "Info": f"sesari, lease token {held.lease.token}",
        "Who": held.lease.holder,
        "Version": tools.engine.version,
        "Created": held.lease.acquired.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "Path": tools.where,
    }
    return json.dumps(entry).encode()


def _read(stored: Stored) -> StateLock:
    try:
        entry = json.loads(stored.body)
        who, operation, created = (str(entry[name]) for name in ("Who", "Operation", "Created"))
        return StateLock(str(entry["ID"]), who, operation, created, stored)
    except (ValueError, KeyError, TypeError):
        return StateLock("", "unknown", "unknown", "an unknown time", stored)
