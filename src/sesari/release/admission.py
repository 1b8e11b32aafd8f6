"""PURE: may this saved plan be applied. Every reason against it, by name; no reason means yes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sesari.errors import Problem
from sesari.model.identity import Identities
from sesari.model.manifest import Environment
from sesari.model.plan import Action, Plan, ResourceChange, SavedPlan, StateVersion
from sesari.release.records import Deployed
from sesari.release.statefulness import Keeping, keeping

LONGEST: Final = timedelta(days=7)
_SKEW: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is so at the moment of the apply, each read anew. `provider_lock`: the lock file exists or is not needed."""

    sources: str
    state: StateVersion
    manifest: str
    deployed: Deployed | None
    identities: Identities
    provider_lock: bool
    now: datetime


def admit(saved: SavedPlan, plan: Plan, environment: Environment, facts: Facts) -> tuple[Problem, ...]:
    """Every reason why `saved`, whose content is `plan`, must not be applied to `environment` now."""
    if saved.environment != environment.name:
        return other_environment(saved, environment)
    return (
        *wrong_identities(environment, facts.identities),
        *_moved(saved, facts),
        *_too_old(saved, facts.now),
        *_incomplete(saved, plan),
        *protected(plan, environment, facts.deployed),
        *unlocked(environment.name, facts.provider_lock),
    )


def wrong_identities(environment: Environment, found: Identities) -> tuple[Problem, ...]:
    """Every provider whose credentials are not this environment's."""
    checks = (
        ("wrong-account", "AWS account", environment.account, found.account),
        ("wrong-vercel-team", "Vercel team", environment.vercel_team, found.vercel_team),
        ("wrong-supabase-organization", "Supabase organization", environment.supabase_organization,
         found.supabase_organization),
    )  # fmt: skip
    return tuple(
        Problem(
            code,
            f"These credentials are not for the {noun} of `{environment.name}`",
            where=f"environments.{environment.name}",
            why=f"the manifest names {expected}, the credentials reach {actual or 'no such ' + noun}",
            hint=f"Use the credentials of `{environment.name}`; nothing was changed",
        )
        for code, noun, expected, actual in checks
        if expected is not None and actual != expected
    )


def other_environment(saved: SavedPlan, environment: Environment) -> tuple[Problem, ...]:
    """Why a plan that was made for another environment is not even opened."""
    if saved.environment == environment.name:
        return ()
    what = f"This plan is of `{saved.environment}`, not of `{environment.name}`"
    hint = f"To plan `{environment.name}`, run `sesari plan -e {environment.name}`"
    return (Problem("plan-of-another-environment", what, where=short(saved.digest), hint=hint),)


def _moved(saved: SavedPlan, facts: Facts) -> Iterable[Problem]:
    again = f"To plan again, run `sesari plan -e {saved.environment}`"
    what = f"Plan {short(saved.digest)} for `{saved.environment}` can no longer be applied"
    if saved.state.lineage != facts.state.lineage and saved.state.lineage:
        why = "the state is another one than the plan was made on (its lineage differs)"
        yield Problem("plan-state-moved", what, "state", why, again)
    elif saved.state.serial != facts.state.serial:
        why = f"state serial is {facts.state.serial}, the plan was made at {saved.state.serial}"
        yield Problem("plan-state-moved", what, "state", why, again)
    if saved.sources != facts.sources:
        why = f"the root, its modules or the lock file changed after {saved.created:%Y-%m-%d %H:%M} UTC"
        yield Problem("plan-sources-moved", what, f"infra/{saved.environment}", why, again)
    if saved.manifest != facts.manifest:
        why = "the manifest resolves to other values for this environment than when it was planned"
        yield Problem("plan-manifest-moved", what, f"environments.{saved.environment}", why, again)


def _too_old(saved: SavedPlan, now: datetime) -> Iterable[Problem]:
    age = now - saved.created
    if age > LONGEST or age < -_SKEW:
        why = f"it is {age.days} days old, {LONGEST.days} are allowed" if age > LONGEST else "it is from the future"
        what = f"Plan {short(saved.digest)} for `{saved.environment}` has expired"
        hint = f"To plan again, run `sesari plan -e {saved.environment}`"
        yield Problem("plan-expired", what, f"made at {saved.created:%Y-%m-%d %H:%M} UTC", why, hint)


def _incomplete(saved: SavedPlan, plan: Plan) -> Iterable[Problem]:
    if not plan.complete:
        what = f"Plan {short(saved.digest)} for `{saved.environment}` is not complete"
        why = "Terraform deferred or could not plan a part of it"
        yield Problem(
            "plan-incomplete", what, None, why, f"Run `sesari plan -e {saved.environment}` and read its errors"
        )


def protected(plan: Plan, environment: Environment, deployed: Deployed | None) -> Iterable[Problem]:
    """Every deletion and replacement in a protected environment that nobody has allowed and that may lose data."""
    # The stricter of the two rules: a proposal cannot unprotect what it destroys.
    if not (environment.protect or (deployed is not None and deployed.protect)):
        return
    allowed = deployed.allow_destroy if deployed else ()
    for change in plan.changes:
        if change.data or change.action not in (Action.DELETE, Action.REPLACE) or permitted(change, allowed):
            continue
        kept = keeping(change.type)
        if kept is not Keeping.REPLACEABLE:
            yield _refusal(change, kept, environment.name, deployed)


def permitted(change: ResourceChange, allowed: Iterable[str]) -> bool:
    """True when the permission names the change's type, its address, or its address without the instance's key."""
    address = change.previous_address or change.address
    names = {change.type, address, re.sub(r"\[[^\[\]]*\]$", "", address)}
    return not names.isdisjoint(allowed)


def _refusal(change: ResourceChange, kept: Keeping, name: str, deployed: Deployed | None) -> Problem:
    verb = "deletes" if change.action is Action.DELETE else "replaces"
    noun = (
        "a stateful resource" if kept is Keeping.STATEFUL else "a resource that may keep data (its type is not known)"
    )
    rule = (
        f"the manifest deployed on {deployed.applied:%Y-%m-%d}"
        if deployed
        else "no manifest is deployed there, so none"
    )
    return Problem(
        "protected-destroy",
        f"This plan {verb} {noun} of the protected environment `{name}`",
        where=change.address,
        why=f"{rule} {'does not allow it' if deployed else 'allows it'}",
        hint=f'First apply a manifest with `allow_destroy = ["{change.address}"]` for `{name}`, then plan this again',
    )


def unlocked(root: str, provider_lock: bool) -> Iterable[Problem]:
    """Why a root without a provider lock file is not applied."""
    if not provider_lock:
        yield Problem(
            "no-provider-lock",
            "There is no provider lock file, so nobody knows which provider binaries would run",
            where=f"infra/{root}/.terraform.lock.hcl",
            hint="To write it, run `sesari lock`, commit it and plan again",
        )


def short(digest: str) -> str:
    """The first eight hex digits, as people quote a plan."""
    return digest.removeprefix("sha256:")[:8]
