"""Somebody changes the cloud by hand; something changes by itself."""

from __future__ import annotations

from sesari.model.access import Purpose
from sesari.pipeline.drift import find_drift
from sesari.rehearsal.story.chapters.environments import nothing_to_do
from sesari.rehearsal.story.stage import Stage
from sesari.rehearsal.story.telling import Telling
from sesari.stack import desired


def play(stage: Stage, telling: Telling) -> str:
    """Opens a door and shortens a timeout by hand; lets the service's task count move, as scaling does."""
    name = stage.environments[0]
    prefix = f"{stage.manifest().product.name}-{name}"
    _by_hand(stage, name, prefix)
    _by_itself(stage, name, prefix)
    services = desired(stage.manifest(), name).service_of_module
    with telling.proving("drift.by-hand") as evidence:
        drift = find_drift(stage.tools(name, Purpose.PLAN), services)
        stage.drifts.append(drift)
        found = {item.address: item for item in drift.hand_made}
        wanted = ("aws_sqs_queue", "aws_security_group")
        missing = [kind for kind in wanted if not any(kind in address for address in found)]
        evidence.settle(not missing, f"not found: {', '.join(missing)}" if missing else ", ".join(sorted(found)))
    with telling.proving("drift.churn") as evidence:
        moved = [item for item in drift.items if item.type == "aws_ecs_service"]
        accused = [item.address for item in moved if item in drift.hand_made]
        evidence.settle(bool(moved) and not accused, ", ".join(accused) or f"{len(moved)} service moved by itself")
    with telling.proving("drift.repaired") as evidence:
        stage.apply(name, stage.plan(name))
        evidence.settle(*nothing_to_do({name: stage.plan(name)}))
    return f"{len(drift.hand_made)} made by hand, {len(drift.items) - len(drift.hand_made)} by itself"


def _by_hand(stage: Stage, environment: str, prefix: str) -> None:
    sqs, ec2 = (stage.aws(environment, Purpose.BOOTSTRAP, service) for service in ("sqs", "ec2"))
    queue = sqs.get_queue_url(QueueName=f"{prefix}-jobs")["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "7"})
    groups = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": [f"{prefix}-api*"]}])
    group = next(found for found in groups["SecurityGroups"] if found["GroupName"].startswith(f"{prefix}-api"))
    door = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[door])


def _by_itself(stage: Stage, environment: str, prefix: str) -> None:
    ecs = stage.aws(environment, Purpose.BOOTSTRAP, "ecs")
    ecs.update_service(cluster=prefix, service="api", desiredCount=3)
