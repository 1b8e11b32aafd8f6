"""Results as JSON records. Field names are part of the interface: they are added to, never renamed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC

from sesari.errors import Problem
from sesari.model.json import Json, JsonObject
from sesari.model.plan import SavedPlan
from sesari.model.progress import Progress
from sesari.model.review import AttributeChange, Drift, Review, ReviewItem
from sesari.model.story import Chapter, Story
from sesari.views.words import RISKS


def text(record: Json) -> str:
    """The record as readable JSON text with a newline at its end."""
    return json.dumps(record, indent=2, ensure_ascii=False) + "\n"


def line(record: Json) -> str:
    """The record on one line, for streams of records."""
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n"


def review(shown: Review) -> JsonObject:
    """`{environment, plan, empty, complete, counts, groups: [{service, changes: [...]}]}`, dangerous first."""
    return {
        "environment": shown.environment,
        "plan": shown.plan,
        "empty": shown.empty,
        "complete": shown.complete,
        "counts": dict(shown.counts),
        "groups": [
            {"service": group.service, "changes": [_item(item) for item in group.items]} for group in shown.groups
        ],
    }


def drift(shown: Drift) -> JsonObject:
    """`{environment, hand_made, items: [...]}`, made by hand first."""
    return {
        "environment": shown.environment,
        "hand_made": len(shown.hand_made),
        "items": [
            {
                "address": item.address,
                "type": item.type,
                "service": item.service,
                "kind": item.kind.name.lower(),
                "gone": item.gone,
                "restores": item.restores,
                "reasons": list(item.reasons),
                "attributes": [_attribute(change) for change in item.attributes],
            }
            for item in shown.items
        ],
    }


def saved_plan(shown: SavedPlan) -> JsonObject:
    """The record of a saved plan; `created` in RFC 3339, UTC."""
    return {
        "digest": shown.digest,
        "environment": shown.environment,
        "account": shown.account,
        "author": shown.author,
        "created": shown.created.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "sources": shown.sources,
        "manifest": shown.manifest,
        "state": {"serial": shown.state.serial, "lineage": shown.state.lineage},
        "changes": dict(shown.changes),
        "destroy": shown.destroy,
    }


def problems(shown: Iterable[Problem]) -> JsonObject:
    """`{errors: [{code, what, at, because, hint}]}`."""
    return {
        "errors": [
            {"code": one.code, "what": one.what, "at": one.where, "because": one.why, "hint": one.hint} for one in shown
        ]
    }


def progress(shown: Progress) -> JsonObject:
    """`{scope, step, phase, detail, done, total, seconds}`."""
    return {**asdict(shown), "phase": shown.phase.value}


def story(shown: Story) -> JsonObject:
    """The whole rehearsal: chapters with their claims, resources with their labels, reviews, drift, times."""
    return {
        "product": shown.product,
        "path": shown.path,
        "environments": list(shown.environments),
        "engine": shown.engine,
        "ok": shown.ok,
        "sabotage": shown.sabotage,
        "seconds": round(shown.seconds, 3),
        "engine_seconds": round(shown.engine_seconds, 3),
        "report": shown.report,
        "labels": {label.value: count for label, count in shown.labels.items()},
        "chapters": [_chapter(chapter) for chapter in shown.chapters],
        "resources": {
            environment: [{"address": one.address, "type": one.type, "label": one.label.value} for one in resources]
            for environment, resources in shown.resources.items()
        },
        "reviews": [review(one) for one in shown.reviews],
        "drifts": [drift(one) for one in shown.drifts],
        **problems(shown.problems),
    }


def _chapter(chapter: Chapter) -> JsonObject:
    return {
        "id": chapter.id,
        "title": chapter.title,
        "summary": chapter.summary,
        "held": chapter.held,
        "seconds": round(chapter.seconds, 3),
        "claims": [
            {
                "id": claim.id,
                "text": claim.text,
                "held": claim.held,
                "seconds": round(claim.seconds, 3),
                "detail": claim.detail,
                "sabotages": list(claim.sabotages),
            }
            for claim in chapter.claims
        ],
    }


def _item(item: ReviewItem) -> JsonObject:
    return {
        "addresses": list(item.addresses),
        "type": item.type,
        "action": item.action.value,
        "risk": RISKS[item.risk].replace(" ", "-"),
        "reasons": list(item.reasons),
        "attributes": [_attribute(change) for change in item.attributes],
    }


def _attribute(change: AttributeChange) -> JsonObject:
    return {
        "path": list(change.path),
        "before": change.before,
        "after": change.after,
        "sensitive": change.sensitive,
        "unknown": change.unknown,
        "forces_replacement": change.forces_replacement,
    }
