"""Terraform's own events and diagnostics, as real runs of 1.11.4 and 1.15.5 wrote them."""

from __future__ import annotations

from sesari.model.engine import EngineRun
from sesari.model.json import JsonObject
from sesari.pipeline.terraform_events import Tally, created_by, failure_of, problems_of, progress_of

RESOURCE: JsonObject = {"addr": "module.api.aws_ecs_service.this", "module": "module.api"}


def hook(kind: str, **more: object) -> JsonObject:
    return {"type": kind, "hook": {"resource": RESOURCE, "action": "create"} | more}  # type: ignore[dict-item]


def told(events: list[JsonObject]) -> list[tuple[str, int | None, int | None]]:
    tally, found = Tally("staging", "apply"), []
    for event in events:
        progress, tally = progress_of(event, tally)
        if progress is not None:
            found.append((progress.detail, progress.done, progress.total))
    return found


def test_an_apply_counts_up_to_what_was_planned() -> None:
    events = [
        {"type": "version", "terraform": "1.11.4"},
        {"type": "planned_change", "change": {"resource": RESOURCE, "action": "create"}},
        {"type": "change_summary", "changes": {"add": 2, "change": 1, "remove": 0, "import": 0, "operation": "plan"}},
        hook("apply_start"),
        hook("apply_progress", elapsed_seconds=10),
        hook("apply_complete", id_key="id", id_value="x", elapsed_seconds=11),
        hook("apply_errored", elapsed_seconds=2),
    ]
    name = "module.api.aws_ecs_service.this"
    assert told(events) == [
        (f"create {name}", 1, None),
        (f"creating {name}", 0, 3),
        (f"creating {name}", 0, 3),
        (f"{name} done", 1, 3),
        (f"{name} failed", 1, 3),
    ]


def test_events_of_any_shape_are_survived() -> None:
    strange: list[JsonObject] = [{}, {"type": 5}, {"type": "apply_start"}, {"type": "apply_start", "hook": []}]
    strange += [{"type": "change_summary", "changes": None}, {"type": "planned_change", "change": {"resource": None}}]
    assert len(told(strange)) == 3


def test_what_was_created_is_noticed() -> None:
    assert created_by(hook("apply_complete", id_value="i-1")) == ("module.api.aws_ecs_service.this", "i-1")
    assert created_by(hook("apply_start", id_value="i-1")) is None
    assert created_by(hook("apply_complete")) is None
    assert (
        created_by({"type": "apply_complete", "hook": {"resource": RESOURCE, "action": "delete", "id_value": "x"}})
        is None
    )


def test_errors_become_problems_once_each_and_warnings_do_not() -> None:
    error: JsonObject = {
        "severity": "error",
        "summary": "creating S3 Bucket",
        "detail": "AccessDenied:\n  not allowed",
        "address": "module.state.aws_s3_bucket.this",
        "range": {"filename": "../modules/state/main.tf", "start": {"line": 3}},
    }
    (problem,) = problems_of([error, error, {**error, "severity": "warning"}], "infra/staging")
    assert problem.code == "terraform-error"
    assert problem.what == "Terraform: creating S3 Bucket"
    assert problem.where == "module.state.aws_s3_bucket.this, infra/staging/../modules/state/main.tf:3"
    assert problem.why == "AccessDenied: not allowed"


def test_a_failure_without_diagnostics_has_its_last_words_or_its_signal() -> None:
    (words,) = failure_of(EngineRun(1, "", "\x1b[31m╷\x1b[0m\n│ \x1b[1mError: no\x1b[0m\n╵"), "infra/staging")
    assert words.why == "Error: no"
    (killed,) = failure_of(EngineRun(-9, "", ""), "infra/staging")
    assert killed.why == "it was ended by signal 9"
    (silent,) = failure_of(EngineRun(1, "", ""), "infra/staging")
    assert silent.why == "it said nothing"
