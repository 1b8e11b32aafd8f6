"""An edit, reviewed and applied to one environment; and one that production must refuse."""

from __future__ import annotations

from sesari.model.plan import Action
from sesari.model.review import Review, ReviewItem
from sesari.rehearsal.story import edits
from sesari.rehearsal.story.chapters.environments import nothing_to_do
from sesari.rehearsal.story.stage import Stage
from sesari.rehearsal.story.telling import Telling, refusal


def play(stage: Stage, telling: Telling) -> str:
    """Changes the manifest's text, as a developer would."""
    edited, others = stage.environments[0], stage.environments[1:]
    stage.edit(edits.longer_visibility, edits.another_port)
    with telling.proving("edit.reviewed") as evidence:
        planned = stage.plan(edited)
        evidence.settle(*_reviewed(stage.review(edited, planned)))
    with telling.proving("edit.applied") as evidence:
        serials = {name: stage.serial(name) for name in others}
        stage.apply(edited, planned)
        moved = [name for name in others if stage.serial(name) != serials[name]]
        empty, detail = nothing_to_do({edited: stage.plan(edited)})
        evidence.settle(empty and not moved, f"moved too: {', '.join(moved)}" if moved else detail)
    with telling.proving("edit.protected") as evidence:
        production = stage.protected()
        before = stage.edit(lambda text: edits.renamed_queue(text, stage.queue()))
        deleting = stage.plan(production)
        stage.review(production, deleting)
        with refusal("protected-destroy", evidence):
            stage.apply(production, deleting)
    stage.rewrite(before)
    return f"an update and a replacement in {edited}, a deletion refused in {production}"


def _reviewed(review: Review) -> tuple[bool, str]:
    items = [item for group in review.groups for item in group.items]
    updates = [item for item in items if item.action is Action.UPDATE]
    replaced = [item for item in items if item.action is Action.REPLACE]
    forced = [item for item in replaced if any(attribute.forces_replacement for attribute in item.attributes)]
    ordered = all(_dangerous_first(group.items) for group in review.groups)
    detail = f"{len(updates)} updated, {len(replaced)} replaced, {len(forced)} with what forces it"
    if not ordered:
        detail += "; not in order of danger"
    return bool(updates) and bool(replaced) and len(forced) == len(replaced) and ordered, detail


def _dangerous_first(items: tuple[ReviewItem, ...]) -> bool:
    risks = [item.risk for item in items]
    return risks == sorted(risks)
