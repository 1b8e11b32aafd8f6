"""Tells drift that somebody made by hand from values that move by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sesari.model.json import Json
from sesari.model.plan import Action, Plan, ResourceChange
from sesari.model.review import AttributeChange, Drift, DriftItem, DriftKind, Risk
from sesari.review.diff import attribute_changes
from sesari.review.redact import Redactor, redactor
from sesari.review.review import service_of
from sesari.review.risk import HOLDERS, Newborn, Verdict, assess

_TOUCHES: Final = (Action.CREATE, Action.UPDATE, Action.REPLACE, Action.DELETE)
_DANGEROUS: Final = (Risk.DATA_LOSS, Risk.IDENTITY, Risk.NETWORK)


def classify(plan: Plan, refresh: Plan, service_of_module: Mapping[str, str | None], environment: str) -> Drift:
    """The drift of one environment.

    `plan` is an ordinary plan made after `refresh`, the refresh-only plan whose `drift` says what reality did.
    Hand-made is what is gone, what an apply would put back, and what opens, allows or unguards more than the state
    knows, even where Terraform would leave it. Everything else is churn: computed, reordered or ignored values.
    """
    redact = redactor((*refresh.drift, *plan.drift, *plan.changes))
    proposed = {change.address: change for change in plan.changes if change.action in _TOUCHES}
    drifted = {change.address: change for change in (*plan.drift, *refresh.drift) if not change.data}
    beside = _beside(plan)
    items = [
        item
        for address, change in drifted.items()
        if change.action is not Action.NOTHING
        and (item := _item(change, proposed.get(address), service_of(change, service_of_module), redact, beside))
    ]
    items.sort(key=lambda item: (item.kind, not item.gone, item.service is None, item.service or "", item.address))
    return Drift(environment, tuple(items))


def _beside(plan: Plan) -> dict[str, list[ResourceChange]]:
    """By name, id or ARN of a resource: the other resources that write into it (its policies, rules, attachments).

    What they write shows up in it after every apply, and nobody made it by hand.
    """
    found: dict[str, list[ResourceChange]] = {}
    for change in plan.changes:
        attributes = change.before if isinstance(change.before, dict) else {}
        for holder in {name for key in HOLDERS if isinstance(name := attributes.get(key), str) and name}:
            found.setdefault(holder, []).append(change)
    return found


def _item(
    change: ResourceChange,
    proposed: ResourceChange | None,
    service: str | None,
    redact: Redactor,
    beside: Mapping[str, list[ResourceChange]],
) -> DriftItem | None:
    """One drifted resource, or None where only two ways of writing "nothing" differ."""
    gone = change.action is Action.DELETE or change.after is None
    attributes = () if gone else attribute_changes(change, redact)
    restores = proposed is not None and (gone or _puts_back(change, proposed))
    verdict = _verdict(change, beside)
    hand_made = gone or restores or verdict.risk in _DANGEROUS
    if not hand_made and not attributes:
        return None
    return DriftItem(
        address=redact.address(change.address),
        type=change.type,
        service=service,
        kind=DriftKind.HAND_MADE if hand_made else DriftKind.CHURN,
        gone=gone,
        restores=restores and proposed is not None and proposed.action is not Action.DELETE,
        attributes=_first(attributes, _moving(proposed)) if hand_made else attributes,
        reasons=tuple(redact.sentence(reason) for reason in verdict.reasons) if hand_made and not gone else (),
    )


def _puts_back(change: ResourceChange, proposed: ResourceChange) -> bool:
    """True when the plan would change an attribute that drifted."""
    if proposed.action is Action.DELETE:
        return False
    return bool(_differing(change.before, change.after) & _moving(proposed))


def _moving(proposed: ResourceChange | None) -> frozenset[str]:
    return _differing(proposed.before, proposed.after) if proposed is not None else frozenset()


def _differing(before: Json, after: Json) -> frozenset[str]:
    """Top-level attributes whose known values differ. What is only known after apply is absent on one side."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return frozenset()
    return frozenset(key for key in before.keys() & after.keys() if before[key] != after[key])


def _verdict(change: ResourceChange, beside: Mapping[str, list[ResourceChange]]) -> Verdict:
    attributes = change.before if isinstance(change.before, dict) else {}
    names = {
        name for key in ("id", "name", "arn", "bucket", "url", "key_id") if isinstance(name := attributes.get(key), str)
    }
    others = {id(other): other for name in sorted(names) for other in beside.get(name, ())}
    companions = tuple(other for other in others.values() if other.address != change.address)
    return assess(change, Newborn(frozenset()), companions)


def _first(attributes: tuple[AttributeChange, ...], moving: frozenset[str]) -> tuple[AttributeChange, ...]:
    """What an apply puts back before what only moved along."""
    return tuple(
        sorted(attributes, key=lambda change: bool(moving) and change.path[:1] not in {(key,) for key in moving})
    )
