"""Somebody changes the cloud by hand; something changes by itself."""

from __future__ import annotations

from typing import Any

from sesari.model.access import Purpose
from sesari.pipeline.drift import find_drift
from sesari.rehearsal.story.chapters.environments import nothing_to_do
from sesari.rehearsal.story.stage import Stage
from sesari.rehearsal.story.telling import Telling
from sesari.stack import desired

BY_HAND = {"aws_sqs_queue", "aws_vpc_security_group_ingress_rule"}


def play(stage: Stage, telling: Telling) -> str:
    """Opens every port of the api's tasks and shortens a timeout; lets a task count move, as scaling does."""
    name = stage.environments[0]
    prefix = stage.prefix(name)
    before = _as_it_is(stage, name, prefix)
    _by_hand(stage, name, prefix)
    _by_itself(stage, name, prefix)
    services = desired(stage.manifest(), name).service_of_module
    with telling.proving("drift.by-hand") as evidence:
        drift = find_drift(stage.wiring().plan_tools(name, stage.report), services)
        stage.drifts.append(drift)
        found = sorted(item.address for item in drift.hand_made)
        missing = BY_HAND - {item.type for item in drift.hand_made}
        evidence.settle(not missing, f"not found: {', '.join(sorted(missing))}" if missing else ", ".join(found))
    with telling.proving("drift.churn") as evidence:
        moved = [item for item in drift.items if item.type == "aws_ecs_service"]
        accused = [item.address for item in moved if item in drift.hand_made]
        evidence.settle(bool(moved) and not accused, ", ".join(accused) or f"{len(moved)} service moved by itself")
    with telling.proving("drift.repaired") as evidence:
        stage.apply(name, stage.plan(name))
        empty, detail = nothing_to_do({name: stage.plan(name)})
        after = _as_it_is(stage, name, prefix)
        evidence.settle(empty and after == before, detail if after == before else f"{before} became {after}")
    return f"{len(drift.hand_made)} made by hand, {len(drift.items) - len(drift.hand_made)} by itself"


def _as_it_is(stage: Stage, environment: str, prefix: str) -> dict[str, str]:
    """What the hand will change, as the emulator tells it."""
    sqs = stage.aws(environment, Purpose.BOOTSTRAP, "sqs")
    queue = sqs.get_queue_url(QueueName=f"{prefix}-{stage.queue()}")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["VisibilityTimeout"])["Attributes"]
    rule = _rule(stage, environment, prefix)
    ports = f"{rule['FromPort']} to {rule['ToPort']}"
    return {"visibility": attributes["VisibilityTimeout"], "ports of the api": ports}


def _rule(stage: Stage, environment: str, prefix: str) -> dict[str, Any]:
    """The one rule by which somebody comes in to the api's tasks."""
    ec2 = stage.aws(environment, Purpose.BOOTSTRAP, "ec2")
    groups = ec2.describe_security_groups(
        Filters=[{"Name": "group-name", "Values": [f"{prefix}-{stage.service('api')}-task"]}]
    )
    group = groups["SecurityGroups"][0]["GroupId"]
    rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])["SecurityGroupRules"]
    found: dict[str, Any] = next(rule for rule in rules if not rule["IsEgress"])
    return found


def _by_hand(stage: Stage, environment: str, prefix: str) -> None:
    sqs, ec2 = (stage.aws(environment, Purpose.BOOTSTRAP, service) for service in ("sqs", "ec2"))
    queue = sqs.get_queue_url(QueueName=f"{prefix}-{stage.queue()}")["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "7"})
    rule = _rule(stage, environment, prefix)
    source = {"ReferencedGroupId": rule["ReferencedGroupInfo"]["GroupId"]}
    opened = {"IpProtocol": rule["IpProtocol"], "FromPort": 0, "ToPort": 65535, **source}
    change = {"SecurityGroupRuleId": rule["SecurityGroupRuleId"], "SecurityGroupRule": opened}
    ec2.modify_security_group_rules(GroupId=rule["GroupId"], SecurityGroupRules=[change])


def _by_itself(stage: Stage, environment: str, prefix: str) -> None:
    ecs = stage.aws(environment, Purpose.BOOTSTRAP, "ecs")
    ecs.update_service(cluster=prefix, service=f"{prefix}-{stage.service('api')}", desiredCount=3)
