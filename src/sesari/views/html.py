"""Results as one self-contained HTML page: no script, no outside resource, light and dark.

Needs jinja2, which the `rehearse` extra brings; it is imported when a page is made.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from importlib import resources
from typing import Any, Final

from sesari.model.plan import Action
from sesari.model.review import AttributeChange, Drift, DriftKind, Review, ReviewItem
from sesari.model.story import Chapter, Label, Story
from sesari.views import words
from sesari.views.story import labels_text

_TONES: Final = {Action.CREATE: "good", Action.UPDATE: "warn", Action.REPLACE: "bad", Action.DELETE: "bad"}
_ONE_LINE: Final = 60
_LABEL_TONES: Final = {Label.REAL: "good", Label.EMULATED: "warn", Label.RECORDED: "quiet"}
_HELD: Final = {True: ("holds", "good"), False: ("does not hold", "bad"), None: ("not tried", "warn")}


def report(story: Story) -> str:
    """The page of a rehearsal: the story, times, reviews, drift, claims with their sabotages, labelled resources."""
    return _page(f"Rehearsal of {story.product}", _story(story), story.reviews, story.drifts)


def reviews(shown: Sequence[Review], drifts: Sequence[Drift] = ()) -> str:
    """A page of reviews, and of drift where there is some, without a story."""
    environments = [*(one.environment for one in shown), *(one.environment for one in drifts)]
    names = ", ".join(dict.fromkeys(environments))
    return _page(f"Review of {names}" if shown else f"Drift of {names}", None, shown, drifts)


def _page(title: str, story: dict[str, Any] | None, shown: Iterable[Review], drifts: Iterable[Drift]) -> str:
    from jinja2 import BaseLoader, Environment, StrictUndefined
    from markupsafe import Markup

    folder = resources.files("sesari.views")
    style = folder.joinpath("report.css").read_text("utf-8")
    environment = Environment(
        loader=BaseLoader(), autoescape=True, undefined=StrictUndefined, trim_blocks=False, keep_trailing_newline=True
    )
    environment.filters["prose"] = _prose
    template = environment.from_string(folder.joinpath("report.html.j2").read_text("utf-8"))
    context = {
        "title": title,
        "story": story,
        "reviews": [_review(one) for one in shown],
        "drifts": [_drift(d) for d in drifts],
    }
    return template.render(
        **context,
        sections=list(_sections(context)),
        # Our own file, not input: the only text on the page that is not escaped.
        style=Markup(style),  # noqa: S704
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
    )


def _prose(text: str) -> str:
    """Text with its `code` in code elements; everything is escaped first."""
    from markupsafe import Markup, escape

    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704


def _sections(context: dict[str, Any]) -> Iterator[tuple[str, str]]:
    story = context["story"] or {}
    candidates = (
        ("problems", "What went wrong", story.get("problems")),
        ("story", "Story", story.get("rows")),
        ("timings", "Timings", story.get("chart")),
        ("reviews", "Reviews", context["reviews"]),
        ("drift", "Drift", context["drifts"]),
        ("claims", "Claims", story.get("claims")),
        ("resources", "Resources", story.get("resources")),
    )
    yield from ((anchor, name) for anchor, name, present in candidates if present)


def _story(story: Story) -> dict[str, Any]:
    claims = [claim for chapter in story.chapters for claim in chapter.claims]
    held = sum(claim.held is True for claim in claims)
    environments = words.plural(len(story.environments), "environment")
    took, engine = words.seconds_text(story.seconds), words.seconds_text(story.engine_seconds)
    return {
        "ok": story.ok,
        "about": " · ".join([story.path, f"{environments}: {', '.join(story.environments)}", story.engine]),
        "verdict": _verdict(story, held, len(claims)),
        "sabotage": story.sabotage,
        "tiles": [
            {"name": "claims hold", "value": f"{held} of {len(claims)}"},
            {"name": "in all", "value": took},
            {"name": "of it Terraform itself", "value": engine},
            *({"name": f"resources {label.value}", "value": count} for label, count in story.labels.items()),
        ],
        "problems": story.problems,
        "rows": [row for chapter in story.chapters for row in _rows(chapter)],
        "share": f"{took} in all, of which Terraform itself took {engine}.",
        "chart": _chart(story),
        "claims": [
            {"id": c.id, "text": c.text, "held": _HELD[c.held][0], "tone": _HELD[c.held][1], "sabotages": c.sabotages}
            for c in claims
        ],
        "labels": labels_text(story),
        "resources": [_resources(name, story) for name in story.resources],
    }


def _verdict(story: Story, held: int, claims: int) -> str:
    if story.ok:
        return f"Proven: all {claims} claims hold."
    return f"Not proven: {held} of {words.plural(claims, 'claim')} hold."


def _rows(chapter: Chapter) -> Iterator[dict[str, Any]]:
    title = chapter.title
    for claim in chapter.claims:
        took = words.seconds_text(claim.seconds) if claim.seconds >= 0.05 else ""
        yield {"title": title, "held": claim.held, "text": claim.text, "detail": claim.detail, "seconds": took}
        title = ""
    if chapter.summary:
        took = words.seconds_text(chapter.seconds)
        yield {"title": title, "held": "", "text": chapter.summary, "detail": "", "seconds": took}


def _chart(story: Story) -> list[dict[str, Any]]:
    longest = max((chapter.seconds for chapter in story.chapters), default=0.0)
    return [
        {
            "name": chapter.title,
            "seconds": words.seconds_text(chapter.seconds),
            "percent": round(100 * chapter.seconds / longest, 1),
            "red": chapter.held is False,
        }
        for chapter in story.chapters
        if longest > 0
    ]


def _resources(name: str, story: Story) -> dict[str, Any]:
    found = story.resources[name]
    counts = {label: sum(one.label is label for one in found) for label in (Label.EMULATED, Label.RECORDED, Label.REAL)}
    return {
        "name": name,
        "counts": ", ".join(f"{count} {label.value}" for label, count in counts.items()),
        "resources": [
            {"address": one.address, "label": one.label.value, "tone": _LABEL_TONES[one.label]}
            for one in sorted(found, key=lambda one: one.address)
        ],
    }


def _review(review: Review) -> dict[str, Any]:
    danger = words.danger_text(review)
    calm = danger == "nothing dangerous"
    return {
        "environment": review.environment,
        "plan": review.plan,
        "counts": words.counts_text(review.counts),
        "danger": danger,
        "calm": calm,
        "note": "" if review.complete else words.INCOMPLETE,
        "nothing": words.NO_CHANGE if review.complete else "",
        "open": not calm,
        "groups": [
            {"service": words.service_text(group.service), "items": [_item(item) for item in group.items]}
            for group in review.groups
        ],
    }


def _item(item: ReviewItem) -> dict[str, Any]:
    return {
        "symbol": words.SYMBOLS[item.action],
        "action": item.action.value,
        "tone": _TONES.get(item.action, "quiet"),
        "address": words.address_text(item),
        "risk": words.RISKS[item.risk] if item.risk in words.DANGEROUS else "",
        "reasons": item.reasons,
        "attributes": [_attribute(change) for change in item.attributes],
    }


def _attribute(change: AttributeChange) -> dict[str, Any]:
    before = None if change.before is None else words.value_text(change.before)
    after = None if change.after is None and not change.unknown else words.after_text(change)
    return {
        "path": words.path_text(change.path),
        "before": before,
        "after": after,
        "line": before is not None and after is not None and len(before) + len(after) <= _ONE_LINE,
        "forces": change.forces_replacement,
    }


def _drift(drift: Drift) -> dict[str, Any]:
    churn = len(drift.items) - len(drift.hand_made)
    return {
        "environment": drift.environment,
        "hand_made": len(drift.hand_made),
        "counts": f"{len(drift.hand_made)} made by hand, {churn} that move by themselves",
        "items": [
            {
                "address": item.address,
                "hand_made": item.kind is DriftKind.HAND_MADE,
                "kind": "made by hand" if item.kind is DriftKind.HAND_MADE else "moves by itself",
                "told": words.drift_text(item),
                "reasons": item.reasons,
                "attributes": [_attribute(change) for change in item.attributes],
            }
            for item in drift.items
        ],
    }
