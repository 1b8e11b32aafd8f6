"""Turns a plan into what a person reviews: by service, dangerous first, repetitions collapsed, secrets out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from sesari.model.plan import Action, Plan, ResourceChange
from sesari.model.review import AttributeChange, Review, ReviewGroup, ReviewItem, Risk
from sesari.review.diff import attribute_changes
from sesari.review.redact import Redactor, redactor
from sesari.review.risk import Newborn, assess, newborn

_SHOWN: Final = (Action.DELETE, Action.REPLACE, Action.UPDATE, Action.CREATE, Action.FORGET)
_INDEX: Final = re.compile(r'\[(?:\d+|"(?:[^"\\]|\\.)*")\]')
_MODULE: Final = re.compile(r"^module\.([A-Za-z_][\w-]*)")


def review(
    plan: Plan, environment: str, service_of_module: Mapping[str, str | None], digest: str | None = None
) -> Review:
    """The review of one plan. `service_of_module` is `Stack.service_of_module`; `digest` the plan's own.

    Reads of data sources and no-ops are left out. Every other change is in exactly one item: the lengths of the
    items' `addresses` add up to `counts`. The order depends on the plan's contents alone.
    """
    shown = [change for change in plan.changes if change.action in _SHOWN and not change.data]
    redact, born = redactor((*plan.changes, *plan.drift)), newborn(plan.changes)
    by_service: dict[str | None, list[ReviewItem]] = {}
    for change in shown:
        service = service_of(change, service_of_module)
        by_service.setdefault(service, []).append(_item(change, redact, born))
    groups = [ReviewGroup(service, tuple(_collapsed(items))) for service, items in by_service.items()]
    groups.sort(key=lambda group: (group.items[0].risk, group.service is None, group.service or ""))
    counts = Counter(change.action.value for change in shown)
    return Review(
        environment=environment,
        plan=digest,
        groups=tuple(groups),
        counts={action.value: counts[action.value] for action in _SHOWN if counts[action.value]},
        complete=plan.complete,
    )


def service_of(change: ResourceChange, service_of_module: Mapping[str, str | None]) -> str | None:
    """The service whose module call holds the resource; None for shared parts and the root's own resources."""
    call = _MODULE.match(change.module or "")
    return service_of_module.get(call.group(1)) if call else None


def _item(change: ResourceChange, redact: Redactor, born: Newborn) -> ReviewItem:
    verdict = assess(change, born)
    compared = change.action in (Action.UPDATE, Action.REPLACE)
    attributes = attribute_changes(change, redact) if compared else ()
    reasons = tuple(redact.sentence(reason) for reason in verdict.reasons)
    if change.action is Action.UPDATE and not attributes and not reasons:
        reasons = ("only values that are known after apply, or their marks as sensitive, change",)
    return ReviewItem(
        addresses=(redact.address(change.address),),
        type=change.type,
        action=change.action,
        risk=verdict.risk,
        attributes=attributes,
        reasons=reasons,
    )


def _collapsed(items: Iterable[ReviewItem]) -> Iterator[ReviewItem]:
    """Instances of one resource with the same change become one item, in the order in which they are read."""
    alike: dict[tuple[str, str, Action, Risk, str], list[ReviewItem]] = {}
    for item in items:
        if item.addresses[0].endswith(")") or "[" in item.addresses[0]:
            same = _INDEX.sub("[*]", item.addresses[0])
        else:
            same = item.addresses[0]
        key = (same, item.type, item.action, item.risk, repr((item.attributes, item.reasons)))
        alike.setdefault(key, []).append(item)
    merged = [_merged(twins) for twins in alike.values()]
    yield from sorted(merged, key=_rank)


def _merged(twins: list[ReviewItem]) -> ReviewItem:
    first = twins[0]
    addresses = sorted((address for twin in twins for address in twin.addresses), key=_natural)
    return ReviewItem(tuple(addresses), first.type, first.action, first.risk, first.attributes, first.reasons)


def _rank(item: ReviewItem) -> tuple[int, int, str, list[tuple[int, int, str]], str]:
    return (item.risk, _SHOWN.index(item.action), item.type, _natural(item.addresses[0]), _rest(item.attributes))


def _rest(attributes: tuple[AttributeChange, ...]) -> str:
    return repr(attributes)


def _natural(address: str) -> list[tuple[int, int, str]]:
    """`a[10]` after `a[9]`."""
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"(\d+)", address) if part]
