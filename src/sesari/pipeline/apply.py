"""Apply a saved plan, and only that plan: lease, lock, everything read anew, admission, apply, record."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from sesari.errors import Problem, Refused, SesariError
from sesari.model.plan import SavedPlan
from sesari.model.progress import Phase, Progress
from sesari.model.store import Conflict
from sesari.pipeline import terraform_argv
from sesari.pipeline.identity import checked_identities
from sesari.pipeline.lease import HeldLease, held
from sesari.pipeline.plan import load_record, open_plan, put, told
from sesari.pipeline.recovery import not_saved, put_right, recover
from sesari.pipeline.state_lock import locked
from sesari.pipeline.terraform import initialise, run, shown
from sesari.pipeline.tools import Scratch, Tools
from sesari.release.admission import Facts, admit, other_environment
from sesari.release.records import (
    DEPLOYED_KEY,
    Deployed,
    decode_deployed,
    encode_deployed,
    environment_digest,
    plan_key,
    read_state_version,
    sources_digest,
)
from sesari.review.read import read_plan


@dataclass(frozen=True, slots=True)
class Applied:
    """What was applied. `token` is the fencing token under which it was."""

    saved: SavedPlan
    token: int


def apply_plan(tools: Tools, wanted: str | None = None) -> Applied:
    """Apply the saved plan whose digest begins with `wanted`, or the newest. Raises Refused with every reason."""
    recover(tools)
    with checked_identities(tools):
        saved = load_record(tools, wanted)
        _refuse(other_environment(saved, tools.environment))
        body = open_plan(tools, saved)
        initialise(tools)
    with (
        tools.scratch(body) as file,
        held(tools, f"apply {told(saved)}") as lease,
        locked(tools, lease, "OperationTypeApply"),
    ):
        put_right(tools, lease)
        _admitted(tools, saved, file)
        apply_file(tools, lease, file)
        _record(tools, saved, lease)
    tools.report(Progress(tools.name, "apply", Phase.SUCCEEDED, told(saved)))
    return Applied(saved, lease.lease.token)


def _admitted(tools: Tools, saved: SavedPlan, file: Scratch) -> None:
    """Everything is read now, under the lock: what was true when the plan was made proves nothing."""
    facts = Facts(
        sources=sources_digest(tools.root.sources()),
        state=read_state_version(_state(tools), tools.where),
        manifest=environment_digest(tools.environment),
        deployed=deployed(tools),
        identities=tools.identify(),
        provider_lock=tools.provider_lock(),
        now=tools.clock.now(),
    )
    _refuse(admit(saved, read_plan(shown(tools, file)), tools.environment, facts))


def _refuse(problems: tuple[Problem, ...]) -> None:
    if problems:
        raise Refused(problems)


def deployed(tools: Tools) -> Deployed | None:
    """The manifest that rules the environment now, None before its first apply. Raises SesariError."""
    stored = tools.state.get(DEPLOYED_KEY)
    return decode_deployed(stored.body, DEPLOYED_KEY) if stored else None


def apply_file(tools: Tools, lease: HeldLease, file: Scratch) -> None:
    """Apply an open plan file under lease and lock; a state that could not be saved is told with the way out."""
    lease.check()
    arguments = terraform_argv.apply(file.path)
    try:
        run(tools, "apply", arguments, (file.descriptor, lease.inherited))
    except SesariError as error:
        unsaved = tools.root.unsaved_state()
        if unsaved is None:
            raise
        raise SesariError((not_saved(tools, str(unsaved)), *error.problems)) from error


def _record(tools: Tools, saved: SavedPlan, lease: HeldLease) -> None:
    lease.check()
    now = tools.clock.now()
    put(tools, DEPLOYED_KEY, encode_deployed(tools.environment, saved, now, tools.author, lease.lease.token))
    # An applied plan can never be applied again, and it holds values in clear once opened.
    there = tools.state.get(plan_key(saved.digest))
    if there is not None:
        with suppress(Conflict):
            tools.state.delete(there.key, there.version)


def _state(tools: Tools) -> bytes | None:
    stored = tools.state.get(tools.state_key)
    return stored.body if stored else None
