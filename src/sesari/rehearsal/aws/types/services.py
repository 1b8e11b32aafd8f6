"""ECS: services."""

from __future__ import annotations

from typing import Any

from sesari.rehearsal.aws.resource import Aws, Resource
from sesari.rehearsal.aws.state import State, from_pairs, given, pairs, wanted_tags
from sesari.rehearsal.aws.types.containers import retag_by_arn, strategy_in, strategy_out


def _network_out(planned: State) -> dict[str, Any] | None:
    for one in planned.get("network_configuration") or []:
        return {
            "awsvpcConfiguration": {
                "subnets": one["subnets"],
                "securityGroups": one.get("security_groups") or [],
                "assignPublicIp": "ENABLED" if one.get("assign_public_ip") else "DISABLED",
            }
        }
    return None


def _deployment_out(planned: State) -> dict[str, Any]:
    out: dict[str, Any] = given(
        maximumPercent=planned.get("deployment_maximum_percent"),
        minimumHealthyPercent=planned.get("deployment_minimum_healthy_percent"),
    )
    for one in planned.get("deployment_circuit_breaker") or []:
        out["deploymentCircuitBreaker"] = {"enable": one["enable"], "rollback": one["rollback"]}
    for one in planned.get("alarms") or []:
        out["alarms"] = {"alarmNames": one["alarm_names"], "enable": one["enable"], "rollback": one["rollback"]}
    return out


def _balancers_out(planned: State) -> list[dict[str, Any]]:
    return [
        given(
            targetGroupArn=one.get("target_group_arn"),
            containerName=one["container_name"],
            containerPort=int(one["container_port"]),
        )
        for one in planned.get("load_balancer") or []
    ]


def _create_service(aws: Aws, planned: State) -> State:
    made = aws.ecs.create_service(
        serviceName=planned["name"],
        desiredCount=int(planned.get("desired_count") or 0),
        **given(
            cluster=planned.get("cluster"),
            taskDefinition=planned.get("task_definition"),
            launchType=planned.get("launch_type"),
            platformVersion=planned.get("platform_version"),
            capacityProviderStrategy=strategy_out(planned, "capacity_provider_strategy"),
            deploymentConfiguration=_deployment_out(planned),
            networkConfiguration=_network_out(planned),
            loadBalancers=_balancers_out(planned),
            healthCheckGracePeriodSeconds=planned.get("health_check_grace_period_seconds"),
            enableExecuteCommand=planned.get("enable_execute_command"),
            enableECSManagedTags=planned.get("enable_ecs_managed_tags"),
            propagateTags=planned.get("propagate_tags") if planned.get("propagate_tags") != "NONE" else None,
            tags=pairs(wanted_tags(planned), "key", "value"),
        ),
    )["service"]
    return {
        "id": made["serviceArn"],
        "iam_role": planned.get("iam_role") or "/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS",
    }


def _find_service(aws: Aws, state: State) -> dict[str, Any] | None:
    found = aws.ecs.describe_services(services=[state["id"]], include=["TAGS"], **given(cluster=state.get("cluster")))[
        "services"
    ]
    return found[0] if found and found[0].get("status") != "INACTIVE" else None


def _read_service(aws: Aws, state: State) -> State | None:
    found = _find_service(aws, state)
    if found is None:
        return None
    by_arn = str(state.get("cluster") or "arn:").startswith("arn:")
    definition = found["taskDefinition"]
    if not str(state.get("task_definition") or "arn:").startswith("arn:"):
        definition = definition.rsplit("/", 1)[-1]
    return {
        "name": found["serviceName"],
        "cluster": found["clusterArn"] if by_arn else found["clusterArn"].rsplit("/", 1)[-1],
        "task_definition": definition,
        "desired_count": found["desiredCount"],
        "tags_all": from_pairs(found.get("tags"), "key", "value"),
        "triggers": state.get("triggers") or {},
        **_network_in(found),
        **_deployment_in(found),
        **_placement_in(found),
    }


def _placement_in(found: dict[str, Any]) -> State:
    strategy = strategy_in(found.get("capacityProviderStrategy"))
    return {
        "capacity_provider_strategy": strategy,
        "launch_type": "" if strategy else found.get("launchType", "FARGATE"),
        "platform_version": found.get("platformVersion") or "LATEST",
        "enable_execute_command": found.get("enableExecuteCommand", False),
        "load_balancer": [
            {
                "target_group_arn": one.get("targetGroupArn", ""),
                "container_name": one["containerName"],
                "container_port": one["containerPort"],
                "elb_name": "",
            }
            for one in found.get("loadBalancers", [])
        ],
    }


def _network_in(found: dict[str, Any]) -> State:
    held = found.get("networkConfiguration", {}).get("awsvpcConfiguration")
    if not held:
        return {"network_configuration": []}
    seen = {
        "subnets": held.get("subnets", []),
        "security_groups": held.get("securityGroups", []),
        "assign_public_ip": held.get("assignPublicIp") == "ENABLED",
    }
    return {"network_configuration": [seen]}


def _deployment_in(found: dict[str, Any]) -> State:
    held = found.get("deploymentConfiguration", {})
    seen: State = {
        "deployment_maximum_percent": held.get("maximumPercent", 200),
        "deployment_minimum_healthy_percent": held.get("minimumHealthyPercent", 100),
        "health_check_grace_period_seconds": found.get("healthCheckGracePeriodSeconds", 0),
    }
    if breaker := held.get("deploymentCircuitBreaker"):
        both = {"enable": breaker.get("enable", False), "rollback": breaker.get("rollback", False)}
        seen["deployment_circuit_breaker"] = [both] if both["enable"] or both["rollback"] else []
    if alarms := held.get("alarms"):
        seen["alarms"] = [
            {
                "alarm_names": alarms.get("alarmNames", []),
                "enable": alarms.get("enable", False),
                "rollback": alarms.get("rollback", False),
            }
        ]
    return seen


def _update_service(aws: Aws, prior: State, planned: State) -> None:
    wanted = given(
        taskDefinition=planned.get("task_definition"),
        capacityProviderStrategy=strategy_out(planned, "capacity_provider_strategy"),
        deploymentConfiguration=_deployment_out(planned),
        networkConfiguration=_network_out(planned),
        loadBalancers=_balancers_out(planned),
        healthCheckGracePeriodSeconds=planned.get("health_check_grace_period_seconds"),
        platformVersion=planned.get("platform_version"),
    )
    aws.ecs.update_service(
        service=prior["id"],
        cluster=prior["cluster"],
        desiredCount=int(planned.get("desired_count") or 0),
        enableExecuteCommand=bool(planned.get("enable_execute_command")),
        **wanted,
    )
    retag_by_arn(aws, {**prior, "arn": prior["id"]}, planned)


def _delete_service(aws: Aws, prior: State) -> None:
    aws.ecs.update_service(service=prior["id"], cluster=prior["cluster"], desiredCount=0)
    aws.ecs.delete_service(service=prior["id"], cluster=prior["cluster"], force=True)


def _locate_service(identifier: str) -> State:
    cluster, _, name = identifier.partition("/")
    return {"id": name, "cluster": cluster}


RESOURCES = {
    "aws_ecs_service": Resource(
        title="ECS Service",
        service="ecs",
        create=_create_service,
        read=_read_service,
        update=_update_service,
        delete=_delete_service,
        locate=_locate_service,
        defaults={
            "deployment_maximum_percent": 200,
            "deployment_minimum_healthy_percent": 100,
            "scheduling_strategy": "REPLICA",
            "health_check_grace_period_seconds": 0,
        },
    ),
}
