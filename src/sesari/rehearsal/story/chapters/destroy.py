"""An environment is removed; the others stay."""

from __future__ import annotations

from sesari.model.access import Purpose
from sesari.model.review import Drift
from sesari.pipeline.destroy import plan_destroy
from sesari.pipeline.drift import find_drift
from sesari.rehearsal.story.stage import Stage
from sesari.rehearsal.story.telling import Telling, refusal
from sesari.stack import desired


def play(stage: Stage, telling: Telling) -> str:
    """Destroys the first environment and tries to destroy production."""
    gone, others = stage.environments[0], stage.environments[1:]
    with telling.proving("destroy.production-kept") as evidence, refusal("protected-destroy", evidence):
        plan_destroy(stage.wiring().plan_tools(stage.protected(), stage.report))
    with telling.proving("destroy.gone") as evidence:
        planned = plan_destroy(stage.wiring().plan_tools(gone, stage.report))
        stage.apply(gone, planned)
        left = _left(stage, gone)
        drifted = _drifted(stage, others)
        told = (
            f"left: {', '.join(left[:4])}"
            if left
            else f"drifted: {', '.join(drifted)}"
            if drifted
            else (f"the emulator was asked, service by service; no drift in {', '.join(others)}")
        )
        evidence.settle(not left and not drifted, told)
    return f"{gone} removed, {' and '.join(others)} untouched"


def _drifted(stage: Stage, environments: tuple[str, ...]) -> list[str]:
    """What of the other environments is no longer as their states say."""

    def look(name: str) -> Drift:
        return find_drift(stage.tools(name, Purpose.PLAN), desired(stage.manifest(), name).service_of_module)

    found = stage.side_by_side(look, environments)
    return [f"{name}: {item.address}" for name, drift in found.items() for item in drift.items]


def _left(stage: Stage, environment: str) -> list[str]:
    """What the environment's root made and the account still has; what bootstrap made stays."""
    product = stage.manifest().product.name
    kept = {f"{product}-{environment}-{role}" for role in ("plan", "deploy")}

    def ask(service: str, call: str, *path: str) -> list[dict[str, object]]:
        client = stage.aws(environment, Purpose.BOOTSTRAP, service)
        found: list[dict[str, object]] = getattr(client, call)().get(path[0], [])
        return found

    queues = [str(url).rsplit("/", 1)[1] for url in ask("sqs", "list_queues", "QueueUrls")]
    named = [
        *(str(role["RoleName"]) for role in ask("iam", "list_roles", "Roles")),
        *(str(group["logGroupName"]) for group in ask("logs", "describe_log_groups", "logGroups")),
        *(str(repository["repositoryName"]) for repository in ask("ecr", "describe_repositories", "repositories")),
        *(str(topic["TopicArn"]).rsplit(":", 1)[1] for topic in ask("sns", "list_topics", "Topics")),
        *(str(alarm["AlarmName"]) for alarm in ask("cloudwatch", "describe_alarms", "MetricAlarms")),
        *(str(secret["Name"]) for secret in ask("secretsmanager", "list_secrets", "SecretList")),
    ]
    return [name for name in (*queues, *named) if environment in name and name not in kept]
