"""Propose: make a plan, say on what it was made, keep it sealed."""

from __future__ import annotations

import io
import zipfile
from collections import Counter
from dataclasses import dataclass

from sesari.errors import Problem, Refused, SesariError
from sesari.model.plan import Action, Plan, SavedPlan
from sesari.model.progress import Phase, Progress
from sesari.model.store import Conflict
from sesari.pipeline import terraform_argv
from sesari.pipeline.identity import checked_identities
from sesari.pipeline.terraform import initialise, run, shown
from sesari.pipeline.tools import Tools
from sesari.release.records import (
    NEWEST_KEY,
    decode_plan,
    digest_of,
    encode_plan,
    environment_digest,
    plan_key,
    read_state_version,
    record_key,
    sources_digest,
)
from sesari.review.read import read_plan


@dataclass(frozen=True, slots=True)
class Planned:
    """A saved plan and what it would do."""

    saved: SavedPlan
    plan: Plan


def make_plan(tools: Tools, *, destroy: bool = False) -> Planned:
    """Plan the environment and save the plan, sealed. `tools` are those of `Wiring.plan_tools`.

    Raises SesariError; Refused for the wrong identities.
    """
    with checked_identities(tools):
        initialise(tools)
        sources = sources_digest(tools.root.sources())
        with tools.scratch(b"") as file:
            arguments = terraform_argv.plan(file.path, destroy=destroy)
            run(tools, "plan", arguments, (file.descriptor,), fine=(0, 2))
            body = file.read()
            plan = read_plan(shown(tools, file))
    if sources != sources_digest(tools.root.sources()):
        hint = "Run the command again when nobody edits infra/"
        raise SesariError(
            Problem("sources-moved", "The sources changed while they were planned", tools.name, hint=hint)
        )
    saved = SavedPlan(
        digest=digest_of(body),
        environment=tools.name,
        sources=sources,
        manifest=environment_digest(tools.environment),
        state=read_state_version(_prior_state(body), tools.where),
        author=tools.author,
        created=tools.clock.now(),
        account=tools.environment.account,
        changes=counts(plan),
        destroy=destroy,
    )
    _keep(tools, saved, body)
    tools.report(Progress(tools.name, "plan", Phase.SUCCEEDED, told(saved)))
    return Planned(saved, plan)


def counts(plan: Plan) -> dict[str, int]:
    """How many changes of each action, without reads and no-ops."""
    actions = (change.action for change in plan.changes if change.action not in (Action.NOTHING, Action.READ))
    return dict(Counter(action.value for action in actions))


def told(saved: SavedPlan) -> str:
    """A plan's counts in words."""
    return ", ".join(f"{count} to {action}" for action, count in sorted(saved.changes.items())) or "no change"


def load_record(tools: Tools, wanted: str | None) -> SavedPlan:
    """The record of the plan whose digest begins with `wanted`, or of the environment's newest. Raises SesariError."""
    key = NEWEST_KEY if wanted is None else _key_of(tools, wanted.removeprefix("sha256:"))
    stored = tools.state.get(key)
    if stored is None:
        hint = f"To make one, run `sesari plan -e {tools.name}`"
        raise SesariError(Problem("plan-missing", f"There is no saved plan for `{tools.name}`", key, None, hint))
    return decode_plan(stored.body, key)


def open_plan(tools: Tools, saved: SavedPlan) -> bytes:
    """The plan file's bytes, authenticated against its record. Raises SesariError `plan-corrupt`, `plan-gone`."""
    key = plan_key(saved.digest)
    stored = tools.state.get(key)
    hint = f"To plan again, run `sesari plan -e {saved.environment}`"
    if stored is None:
        why = "it was applied, or it has expired"
        raise SesariError(Problem("plan-gone", "The saved plan is no longer there", key, why, hint))
    try:
        body = tools.vault.open(stored.body, _context(saved))
    except SesariError as error:
        if error.codes != ("sealed-corrupt",):
            raise
        cause = error.problems[0].why
        raise Refused(Problem("plan-corrupt", "The saved plan is damaged or was altered", key, cause, hint)) from error
    if digest_of(body) != saved.digest:
        why = "its content does not have the digest that names it"
        raise Refused(Problem("plan-corrupt", "The saved plan is damaged or was altered", key, why, hint))
    return body


def _key_of(tools: Tools, wanted: str) -> str:
    found = [key for key in tools.state.keys(f"plans/{wanted}") if key.endswith(".json") and key != NEWEST_KEY]
    if len(found) > 1:
        why = f"{len(found)} plans begin with it"
        raise SesariError(Problem("plan-ambiguous", f"`{wanted}` is not one plan", "plans/", why, "Give more digits"))
    return found[0] if found and wanted else record_key(wanted)


def _keep(tools: Tools, saved: SavedPlan, body: bytes) -> None:
    tools.stop.check()
    record = encode_plan(saved)
    sealed = tools.vault.seal(body, _context(saved))
    for key, content in ((plan_key(saved.digest), sealed), (record_key(saved.digest), record), (NEWEST_KEY, record)):
        put(tools, key, content)


def put(tools: Tools, key: str, body: bytes) -> None:
    """Write unconditionally: a plan's keys are its own, and of two newest ones either will do."""
    for _ in range(5):
        try:
            tools.state.create(key, body)
            return
        except Conflict:
            there = tools.state.get(key)
        if there is None:
            continue
        try:
            tools.state.replace(key, body, there.version)
            return
        except Conflict:
            continue
    raise SesariError(Problem("store-contended", "An object changes faster than it can be written", key))


def _context(saved: SavedPlan) -> dict[str, str]:
    # The record's own digest, so that nobody can alter what a plan says it was made on.
    return {
        "environment": saved.environment,
        "digest": saved.digest,
        "record": digest_of(encode_plan(saved)),
    }


def _prior_state(body: bytes) -> bytes:
    """The state that the plan was made on, from the plan file itself: no later read can disagree with it."""
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            return archive.read("tfstate")
    except (zipfile.BadZipFile, KeyError) as error:
        raise SesariError(Problem("plan-unreadable", "Terraform's plan file cannot be read", why=str(error))) from error
