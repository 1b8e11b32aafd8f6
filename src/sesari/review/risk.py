"""How much one change can hurt, and why, in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sesari.model.json import Json
from sesari.model.plan import Action, AttributePath, ResourceChange
from sesari.model.review import Risk
from sesari.model.stateful import STATEFUL_TYPES
from sesari.review.hazards import DOORS, EXPOSURES, GUARDS, OUTAGE_TYPES, POLICY_ATTRIBUTES, SHIELDS
from sesari.review.network import NETWORK_TYPES, widened
from sesari.review.policy import compare

_ENDS: Final = (Action.DELETE, Action.REPLACE)
_REASONS: Final = {
    "replace_because_tainted": "an earlier apply left it half made",
    "replace_because_cannot_update": None,  # said by the attributes that force it
    "replace_by_request": "its replacement was asked for",
    "replace_by_triggers": "something that it is tied to changes (replace_triggered_by)",
    "delete_because_no_resource_config": "it is no longer in the configuration",
    "delete_because_no_module": "its module is no longer called",
    "delete_because_wrong_repetition": "it changed between one and many (count or for_each)",
    "delete_because_count_index": "its index is beyond count",
    "delete_because_each_key": "its key is no longer in for_each",
    "delete_because_no_move_target": "it was moved to an address that does not exist",
}
HOLDERS: Final = (
    "role",
    "user",
    "security_group_id",
    "bucket",
    "queue_url",
    "secret_arn",
    "repository",
    "key_id",
    "arn",
)
"""Attributes that name the resource to which a policy, a rule or an attachment belongs."""
_ATTACHMENTS: Final = frozenset({"aws_iam_role_policy_attachment", "aws_iam_user_policy_attachment"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """The risk of one change and the sentences that say why."""

    risk: Risk
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Newborn:
    """Names of roles and groups that the same plan creates: what they are given widens nothing that exists."""

    names: frozenset[str]

    def owns(self, change: ResourceChange) -> bool:
        """True when the change belongs to a holder that this plan creates."""
        after = change.after if isinstance(change.after, dict) else {}
        unknown = change.unknown if isinstance(change.unknown, dict) else {}
        for key in HOLDERS:
            if unknown.get(key) is True or (isinstance(after.get(key), str) and after[key] in self.names):
                return True
        return change.type not in _ATTACHMENTS and not any(
            key in after for key in ("role", "user", "security_group_id", "bucket", "queue_url", "secret_arn")
        )


def newborn(changes: tuple[ResourceChange, ...]) -> Newborn:
    """The names that the plan's creations carry."""
    created = [change.after for change in changes if change.action is Action.CREATE and isinstance(change.after, dict)]
    found = (after.get(key) for after in created for key in ("name", "bucket", "id") if len(after) > 0)
    return Newborn(frozenset(name for name in found if isinstance(name, str)))


def assess(change: ResourceChange, born: Newborn, beside: tuple[ResourceChange, ...] = ()) -> Verdict:
    """The highest risk among everything that the change does, with all of its reasons.

    `beside`: other resources that write into this one (a role's policies, a group's rules); theirs is not new.
    """
    findings = [*_fate(change), *_guards(change), *_identity(change, born, beside), *_network(change, born, beside)]
    risk = min((risk for risk, _ in findings), default=_plain(change))
    return Verdict(min(risk, _plain(change)), tuple(dict.fromkeys(text for _, text in findings if text)))


def path_text(path: AttributePath) -> str:
    """A path as people write it: `ingress[0].cidr_blocks`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f"{'.' if text else ''}{step}"
    return text or "the whole"


def _plain(change: ResourceChange) -> Risk:
    return Risk.ADDITION if change.action is Action.CREATE else Risk.CHANGE


def _fate(change: ResourceChange) -> Iterator[tuple[Risk, str]]:
    """Deletion, replacement, moving, forgetting: what happens to the resource as a whole."""
    if change.action in _ENDS:
        goes = (
            "is replaced: what it holds is lost" if change.action is Action.REPLACE else "is deleted with what it holds"
        )
        if change.type in STATEFUL_TYPES:
            yield Risk.DATA_LOSS, goes
        elif change.type in OUTAGE_TYPES:
            yield Risk.OUTAGE, "is away while it is replaced" if change.action is Action.REPLACE else "is taken away"
        if change.replace_paths:
            forced = ", ".join(dict.fromkeys(path_text(path) for path in change.replace_paths))
            yield Risk.CHANGE, f"replaced because {forced} cannot change in place"
    if change.action is Action.FORGET:
        yield Risk.CHANGE, "Terraform stops managing it; it goes on existing"
    if change.reason and _REASONS.get(change.reason, change.reason) and not change.reason.startswith("read_"):
        yield Risk.ADDITION, str(_REASONS.get(change.reason, change.reason))
    if change.previous_address and change.previous_address != change.address:
        yield Risk.ADDITION, f"moved here from {change.previous_address}"


def _guards(change: ResourceChange) -> Iterator[tuple[Risk, str]]:
    """Switches that turn: guards off, doors open. Only where the resource existed."""
    before, after = change.before, change.after
    if not isinstance(before, dict) or not isinstance(after, dict):
        return
    for key in sorted(before.keys() & after.keys()):
        old, new = before[key], after[key]
        if old is True and new is False and key in GUARDS:
            yield Risk.DATA_LOSS, f"takes away the guard {key}"
        elif old is not True and new is True and key in DOORS:
            yield Risk.DATA_LOSS, f"{key} lets a deletion take the data along"
        elif old is True and new is False and key in SHIELDS:
            yield Risk.NETWORK, f"{key} no longer keeps the public out"
        elif old is not True and new is True and key in EXPOSURES:
            yield Risk.NETWORK, f"{key} opens it to the public"


def _identity(change: ResourceChange, born: Newborn, beside: tuple[ResourceChange, ...]) -> Iterator[tuple[Risk, str]]:
    if change.action is Action.DELETE and change.type not in _ATTACHMENTS:
        return
    before, after = _attributes(change.before), _attributes(change.after)
    policies = tuple(_attributes(other.before).get("policy") for other in beside)
    for key in sorted(POLICY_ATTRIBUTES & (before.keys() | after.keys() | _attributes(change.unknown).keys())):
        # A trust policy is nobody else's to write.
        others = () if key == "assume_role_policy" else policies
        yield from _policy(change, key, before.get(key), after.get(key), born, others)
    arns = [_attributes(other.before).get("policy_arn") for other in beside]
    yield from _managed(change, before.get("managed_policy_arns"), after.get("managed_policy_arns"), arns)
    if change.type in _ATTACHMENTS:
        yield from _attachment(change, before.get("policy_arn"), after.get("policy_arn"), born)
    if before.get("permissions_boundary") and not after.get("permissions_boundary") and after:
        yield Risk.IDENTITY, "loses its permissions boundary"


def _managed(change: ResourceChange, old: Json, new: Json, beside: list[Json]) -> Iterator[tuple[Risk, str]]:
    if change.action is Action.CREATE or "managed_policy_arns" in _marked(change) or not isinstance(new, list):
        return
    had = [*(old if isinstance(old, list) else []), *beside]
    yield from ((Risk.IDENTITY, f"attaches {arn}") for arn in new if arn not in had)


def _policy(
    change: ResourceChange, key: str, old: Json, new: Json, born: Newborn, beside: tuple[Json, ...]
) -> Iterator[tuple[Risk, str]]:
    creation = change.action is Action.CREATE
    if _attributes(change.unknown).get(key) is True:
        if not creation and old:
            yield Risk.IDENTITY, f"{key} is known only after apply: it may allow more"
        return
    if key in _marked(change):
        if old != new:
            yield Risk.IDENTITY, f"{key} changes and is marked as sensitive: it may allow more"
        return
    difference = compare(old, new, beside)
    if difference is None:
        return
    dangerous = difference.wild or (difference.widens and not (creation and born.owns(change)))
    risk = Risk.IDENTITY if dangerous else Risk.ADDITION
    yield from ((risk, f"{key} {text}") for text in difference.gained)
    # A lost Deny widens as much as a gained Allow.
    yield from ((risk if "denies" in text else Risk.ADDITION, f"{key} {text}") for text in difference.lost)
    if difference.wild:
        yield Risk.IDENTITY, f"{key} gives everything of a service, or lets anybody in"


def _attachment(change: ResourceChange, old: Json, new: Json, born: Newborn) -> Iterator[tuple[Risk, str]]:
    if "policy_arn" in _marked(change):
        yield Risk.IDENTITY, "attaches a policy whose name is marked as sensitive"
        return
    if new and new != old:
        fresh = change.action is Action.CREATE and born.owns(change)
        admin = isinstance(new, str) and new.endswith(("/AdministratorAccess", "/PowerUserAccess", "/IAMFullAccess"))
        yield (Risk.ADDITION if fresh and not admin else Risk.IDENTITY), f"attaches {new}"
    if old and old != new:
        yield Risk.ADDITION, f"detaches {old}"


def _network(change: ResourceChange, born: Newborn, beside: tuple[ResourceChange, ...]) -> Iterator[tuple[Risk, str]]:
    if change.type not in NETWORK_TYPES:
        return
    opened, closed = widened(change, beside)
    if _marked(change) and (opened or closed):
        yield Risk.NETWORK, "changes rules of which some are marked as sensitive: it may open more"
        return
    fresh = change.action is Action.CREATE and born.owns(change)
    for opening in opened:
        yield (Risk.ADDITION if fresh and not opening.public else Risk.NETWORK), f"lets {opening}"
    yield from ((Risk.ADDITION, f"no longer lets {opening}") for opening in closed)


def _marked(change: ResourceChange) -> frozenset[str]:
    """Attributes of which any part is marked as sensitive: no sentence may quote them."""
    marks = (change.before_sensitive, change.after_sensitive)
    if True in marks:
        return frozenset({*_attributes(change.before), *_attributes(change.after)})
    return frozenset(key for mark in marks for key, part in _attributes(mark).items() if _any(part))


def _any(mark: Json) -> bool:
    if isinstance(mark, dict):
        return any(_any(part) for part in mark.values())
    return any(_any(part) for part in mark) if isinstance(mark, list) else mark is True


def _attributes(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}
