"""Three environments, planned, reviewed and applied side by side."""

from __future__ import annotations

import zipfile
from io import BytesIO

from sesari.model.access import Purpose
from sesari.model.plan import Action, ResourceChange
from sesari.pipeline.plan import Planned
from sesari.rehearsal.story.by_hand import plan_by_hand
from sesari.rehearsal.story.stage import Stage
from sesari.rehearsal.story.telling import Telling
from sesari.release.records import plan_key

ADDS = {"create"}


def play(stage: Stage, telling: Telling) -> str:
    """From nothing to applied environments."""
    telling.doing("planning")
    planned: dict[str, Planned] = {}
    with telling.proving("apply.only-adds") as evidence:
        planned = stage.side_by_side(stage.plan)
        reviews = {name: stage.review(name, found) for name, found in planned.items()}
        others = {name: set(found.counts) - ADDS for name, found in reviews.items()}
        counts = ", ".join(f"{name} {found.counts.get('create', 0)}" for name, found in reviews.items())
        evidence.settle(all(not extra for extra in others.values()) and all(r.counts for r in reviews.values()), counts)
    with telling.proving("apply.plan-sealed") as evidence:
        evidence.settle(*_sealed(stage, planned))
    telling.doing("applying")
    with telling.proving("apply.exists") as evidence:
        stage.side_by_side(lambda name: stage.apply(name, planned[name]))
        evidence.settle(*_exists(stage))
    with telling.proving("apply.second-empty") as evidence:
        again = stage.side_by_side(stage.plan)
        evidence.settle(*nothing_to_do(again))
    with telling.proving("apply.by-hand") as evidence:
        evidence.settle(*_by_hand(stage))
    return "applied: " + ", ".join(f"{name} {sum(p.saved.changes.values())}" for name, p in planned.items())


def nothing_to_do(planned: dict[str, Planned]) -> tuple[bool, str]:
    """Whether all these plans are empty, and which change is not."""
    left = [f"{name}: {c.address} ({c.action.value})" for name, found in planned.items() for c in _changes(found)]
    return not left, "; ".join(left[:3]) or f"no change in {', '.join(planned)}"


def _changes(planned: Planned) -> list[ResourceChange]:
    return [change for change in planned.plan.changes if change.action not in (Action.NOTHING, Action.READ)]


def _sealed(stage: Stage, planned: dict[str, Planned]) -> tuple[bool, str]:
    for name, found in planned.items():
        stored = stage.tools(name, Purpose.PLAN).state.get(plan_key(found.saved.digest))
        if stored is None:
            return False, f"{name}: the saved plan is not in the state bucket"
        if zipfile.is_zipfile(BytesIO(stored.body)) or b"tfplan" in stored.body:
            return False, f"{name}: the saved plan lies in clear"
    left = [path for path in stage.project.root.rglob("*") if path.is_file() and zipfile.is_zipfile(path)]
    return not left, str(left[0]) if left else f"{len(planned)} plans, encrypted under their environments' keys"


def _exists(stage: Stage) -> tuple[bool, str]:
    """Asks the emulator, as the account's owner: the queues, roles and secrets of this environment and no other's."""
    missing, foreign, seen = [], [], 0
    product = stage.manifest().product.name
    for name in stage.environments:
        found = _names(stage, name)
        seen += len(found)
        wanted = {f"{product}-{name}-{stage.queue()}", f"{product}-{name}-deploy", f"{product}/{name}/{stage.secret()}"}
        missing += [f"{name}: {item}" for item in wanted - found]
        foreign += [f"{name}: {item}" for other in stage.environments if other != name
                    for item in found if item.startswith((f"{product}-{other}-", f"{product}/{other}/"))]  # fmt: skip
    return not missing and not foreign, "; ".join(
        [*missing, *foreign][:3]
    ) or f"{seen} found in {len(stage.environments)} accounts"


def _names(stage: Stage, environment: str) -> set[str]:
    queues = stage.aws(environment, Purpose.BOOTSTRAP, "sqs").list_queues().get("QueueUrls", [])
    roles = stage.aws(environment, Purpose.BOOTSTRAP, "iam").list_roles()["Roles"]
    secrets = stage.aws(environment, Purpose.BOOTSTRAP, "secretsmanager").list_secrets()["SecretList"]
    return {
        *(url.rsplit("/", 1)[1] for url in queues),
        *(role["RoleName"] for role in roles),
        *(secret["Name"] for secret in secrets),
    }


def _by_hand(stage: Stage) -> tuple[bool, str]:
    results = stage.side_by_side(lambda name: plan_by_hand(stage, name))
    wrong = {name: result for name, result in results.items() if result.exit_code != 0}
    if wrong:
        name, result = next(iter(wrong.items()))
        return False, f"{name}: exit {result.exit_code}: {result.output.strip()[-300:]}"
    return True, f"exit code 0 of `terraform plan -detailed-exitcode` in {', '.join(results)}"
