"""Prepare an account once: the bucket that will hold the state is made with a local state, which then moves into it.

Idempotent, and safe to kill at any point: what is done next follows from where the state is.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from sesari.errors import Problem, Refused, SesariError
from sesari.model.progress import Phase, Progress
from sesari.pipeline import terraform_argv
from sesari.pipeline.apply import apply_file
from sesari.pipeline.identity import check_identities
from sesari.pipeline.lease import held
from sesari.pipeline.plan import counts
from sesari.pipeline.recovery import put_right
from sesari.pipeline.state_lock import locked
from sesari.pipeline.terraform import initialise, run, shown
from sesari.pipeline.tools import Root, Tools
from sesari.release.admission import unlocked
from sesari.release.records import read_state_version
from sesari.review.read import read_plan


class Copy(Protocol):
    """A working copy of the root with a local backend."""

    @property
    def root(self) -> Root:
        """The copy."""

    @property
    def state_file(self) -> Path:
        """Where its local state lies."""

    def alone(self) -> AbstractContextManager[object]:
        """Keep a second run on this machine out while there is no delivery store to hold a lease in."""

    def refresh(self) -> None:
        """Bring it up to date."""

    def state(self) -> bytes | None:
        """Its local state."""

    def discard_state(self) -> None:
        """Once the bucket holds it."""


@dataclass(frozen=True, slots=True)
class Bootstrapped:
    """`changes` counts by action; empty when the account was ready. `moved`: its state was moved to the bucket."""

    name: str
    changes: dict[str, int]
    moved: bool

    @property
    def empty(self) -> bool:
        return not self.changes and not self.moved


def bootstrap(tools: Tools, copy: Copy) -> Bootstrapped:
    """Make the root `tools.name` so. Raises SesariError."""
    check_identities(tools)
    problems = tuple(unlocked(tools.name, tools.provider_lock()))
    if problems:
        raise Refused(problems)
    with copy.alone():
        remote = _remote_state(tools)
        settled = copy.state() is None and remote is not None
        result = _in_bucket(tools) if settled else _from_local(tools, copy, remote)
    words = ", ".join(f"{count} to {action}" for action, count in sorted(result.changes.items())) or "no change"
    tools.report(Progress(tools.name, "bootstrap", Phase.SUCCEEDED, words))
    return result


def _from_local(tools: Tools, copy: Copy, remote: bytes | None) -> Bootstrapped:
    """The bucket is being made: apply with the local state, then move that state into the bucket."""
    if copy.state() is None and _bucket_exists(tools):
        raise SesariError(_state_lost(tools))
    _same_lineage(tools, copy, remote)
    copy.refresh()
    local = replace(tools, root=copy.root)
    initialise(local)
    with tools.scratch(b"") as file:
        run(local, "plan", terraform_argv.plan(file.path), (file.descriptor,), fine=(0, 2))
        plan = read_plan(shown(local, file))
        if not plan.empty:
            run(local, "apply", terraform_argv.apply(file.path), (file.descriptor,))
    initialise(tools)
    run(tools, "move the state", terraform_argv.push(str(copy.state_file)))
    copy.discard_state()
    return Bootstrapped(tools.name, counts(plan), moved=True)


def _in_bucket(tools: Tools) -> Bootstrapped:
    """The bucket holds the state: an ordinary plan and apply, under lease and lock only when there is a change."""
    initialise(tools)
    push = tools.root.unsaved_state() is not None or bool(tools.root.created())
    with tools.scratch(b"") as file:
        if not push:
            run(tools, "plan", terraform_argv.plan(file.path), (file.descriptor,), fine=(0, 2))
            if read_plan(shown(tools, file)).empty:
                return Bootstrapped(tools.name, {}, moved=False)
    with (
        tools.scratch(b"") as file,
        held(tools, "bootstrap") as lease,
        locked(tools, lease, "OperationTypeApply"),
    ):
        put_right(tools, lease)
        run(tools, "plan", terraform_argv.plan(file.path), (file.descriptor, lease.inherited), fine=(0, 2))
        plan = read_plan(shown(tools, file))
        if not plan.empty:
            apply_file(tools, lease, file)
    return Bootstrapped(tools.name, counts(plan), moved=False)


def _remote_state(tools: Tools) -> bytes | None:
    try:
        stored = tools.state.get(tools.state_key)
    except SesariError as error:
        if error.codes == ("bucket-missing",):
            return None
        raise
    return stored.body if stored else None


def _bucket_exists(tools: Tools) -> bool:
    try:
        tools.state.keys(tools.state_key)
    except SesariError as error:
        if error.codes == ("bucket-missing",):
            return False
        raise
    return True


def _same_lineage(tools: Tools, copy: Copy, remote: bytes | None) -> None:
    """A local and a remote state that are not one history are for a person to look at."""
    local = copy.state()
    if local is None or remote is None:
        return
    mine, there = (read_state_version(body, tools.where) for body in (local, remote))
    if mine.lineage != there.lineage or mine.serial < there.serial:
        why = f"this machine has {mine.lineage} at {mine.serial}, the bucket {there.lineage} at {there.serial}"
        hint = f"The bucket's is the newer truth as a rule: move {copy.state_file} away and run it again"
        raise SesariError(
            Problem("bootstrap-two-states", f"There are two states of `{tools.name}`", tools.where, why, hint)
        )


def _state_lost(tools: Tools) -> Problem:
    return Problem(
        "bootstrap-state-lost",
        f"The state bucket of `{tools.name}` exists, but no state says who made it",
        where=tools.where,
        why="somebody made it by hand, or began the bootstrap on another machine, whose `.sesari/bootstrap` has it",
        hint="Finish it on that machine; or restore the state object; or import the bucket and its key into a state",
    )
