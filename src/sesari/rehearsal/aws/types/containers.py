"""ECR repositories; ECS clusters, task definitions and services."""

from __future__ import annotations

import json
from typing import Any

from sesari.rehearsal.aws.resource import Aws, Resource, unchanging
from sesari.rehearsal.aws.state import State, changed, covers, from_pairs, given, pairs, retag, wanted_tags


def _create_repository(aws: Aws, planned: State) -> State:
    encryption = [
        given(encryptionType=one.get("encryption_type"), kmsKey=one.get("kms_key"))
        for one in planned.get("encryption_configuration") or []
    ]
    made = aws.ecr.create_repository(
        repositoryName=planned["name"],
        **given(
            imageTagMutability=planned.get("image_tag_mutability"),
            imageScanningConfiguration=_scanning(planned),
            encryptionConfiguration=encryption[0] if encryption else None,
            tags=pairs(wanted_tags(planned)),
        ),
    )["repository"]
    return {"id": made["repositoryName"], "arn": made["repositoryArn"]}


def _scanning(planned: State) -> dict[str, bool]:
    return {"scanOnPush": any(one.get("scan_on_push") for one in planned.get("image_scanning_configuration") or [])}


def _read_repository(aws: Aws, state: State) -> State | None:
    found = aws.ecr.describe_repositories(repositoryNames=[state["id"]])["repositories"][0]
    encryption = found.get("encryptionConfiguration", {"encryptionType": "AES256"})
    registry = found["registryId"]
    return {
        "name": found["repositoryName"],
        "arn": found["repositoryArn"],
        "registry_id": registry,
        "repository_url": f"{registry}.dkr.ecr.{aws.region}.amazonaws.com/{found['repositoryName']}",
        "image_tag_mutability": found.get("imageTagMutability", "MUTABLE"),
        "image_scanning_configuration": [
            {"scan_on_push": found.get("imageScanningConfiguration", {}).get("scanOnPush", False)}
        ],
        "encryption_configuration": [
            {"encryption_type": encryption.get("encryptionType"), "kms_key": encryption.get("kmsKey", "")}
        ],
        "tags_all": from_pairs(aws.ecr.list_tags_for_resource(resourceArn=found["repositoryArn"]).get("tags")),
    }


def _update_repository(aws: Aws, prior: State, planned: State) -> None:
    name, arn = prior["id"], prior["arn"]
    if changed(prior, planned, "image_tag_mutability"):
        mutability = planned.get("image_tag_mutability") or "MUTABLE"
        aws.ecr.put_image_tag_mutability(repositoryName=name, imageTagMutability=mutability)
    if changed(prior, planned, "image_scanning_configuration"):
        aws.ecr.put_image_scanning_configuration(repositoryName=name, imageScanningConfiguration=_scanning(planned))
    gone, new = retag(prior, planned)
    if gone:
        aws.ecr.untag_resource(resourceArn=arn, tagKeys=gone)
    if new:
        aws.ecr.tag_resource(resourceArn=arn, tags=pairs(new))


def _delete_repository(aws: Aws, prior: State) -> None:
    aws.ecr.delete_repository(repositoryName=prior["id"], force=bool(prior.get("force_delete")))


def _put_lifecycle(aws: Aws, planned: State) -> State:
    name = planned["repository"]
    aws.ecr.put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=planned["policy"])
    return {"id": name}


def _read_lifecycle(aws: Aws, state: State) -> State | None:
    found = aws.ecr.get_lifecycle_policy(repositoryName=state["id"])
    return {
        "repository": state["id"],
        "registry_id": found.get("registryId", aws.account),
        "policy": found["lifecyclePolicyText"],
    }


def _update_lifecycle(aws: Aws, prior: State, planned: State) -> None:
    _put_lifecycle(aws, planned)


def _delete_lifecycle(aws: Aws, prior: State) -> None:
    aws.ecr.delete_lifecycle_policy(repositoryName=prior["id"])


def _create_cluster(aws: Aws, planned: State) -> State:
    made = aws.ecs.create_cluster(
        clusterName=planned["name"],
        **given(
            settings=[{"name": one["name"], "value": one["value"]} for one in planned.get("setting") or []],
            tags=pairs(wanted_tags(planned), "key", "value"),
        ),
    )["cluster"]
    return {"id": made["clusterArn"], "arn": made["clusterArn"]}


def _read_cluster(aws: Aws, state: State) -> State | None:
    found = aws.ecs.describe_clusters(clusters=[state["id"]], include=["SETTINGS", "TAGS", "CONFIGURATIONS"])["clusters"]
    if not found or found[0].get("status") == "INACTIVE":
        return None
    cluster = found[0]
    return {
        "name": cluster["clusterName"],
        "arn": cluster["clusterArn"],
        "setting": [{"name": one["name"], "value": one["value"]} for one in cluster.get("settings", [])],
        "tags_all": from_pairs(cluster.get("tags"), "key", "value"),
    }


def _update_cluster(aws: Aws, prior: State, planned: State) -> None:
    if changed(prior, planned, "setting"):
        settings = [{"name": one["name"], "value": one["value"]} for one in planned.get("setting") or []]
        aws.ecs.update_cluster_settings(cluster=prior["id"], settings=settings)
    _retag(aws, prior, planned)


def _retag(aws: Aws, prior: State, planned: State) -> None:
    gone, new = retag(prior, planned)
    if gone:
        aws.ecs.untag_resource(resourceArn=prior["arn"], tagKeys=gone)
    if new:
        aws.ecs.tag_resource(resourceArn=prior["arn"], tags=pairs(new, "key", "value"))


def _delete_cluster(aws: Aws, prior: State) -> None:
    aws.ecs.delete_cluster(cluster=prior["id"])


def _strategy_out(planned: State, name: str) -> list[dict[str, Any]]:
    return [
        {
            "capacityProvider": one["capacity_provider"],
            "base": int(one.get("base") or 0),
            "weight": int(one.get("weight") or 0),
        }
        for one in planned.get(name) or []
    ]


def _strategy_in(strategy: list[dict[str, Any]] | None) -> list[State]:
    return [
        {"capacity_provider": one["capacityProvider"], "base": one.get("base", 0), "weight": one.get("weight", 0)}
        for one in strategy or []
    ]


def _put_providers(aws: Aws, planned: State) -> State:
    aws.ecs.put_cluster_capacity_providers(
        cluster=planned["cluster_name"],
        capacityProviders=planned.get("capacity_providers") or [],
        defaultCapacityProviderStrategy=_strategy_out(planned, "default_capacity_provider_strategy"),
    )
    return {"id": planned["cluster_name"]}


def _read_providers(aws: Aws, state: State) -> State | None:
    found = aws.ecs.describe_clusters(clusters=[state["id"]])["clusters"]
    if not found or found[0].get("status") == "INACTIVE":
        return None
    return {
        "cluster_name": found[0]["clusterName"],
        "capacity_providers": found[0].get("capacityProviders", []),
        "default_capacity_provider_strategy": _strategy_in(found[0].get("defaultCapacityProviderStrategy")),
    }


def _update_providers(aws: Aws, prior: State, planned: State) -> None:
    _put_providers(aws, planned)


def _delete_providers(aws: Aws, prior: State) -> None:
    aws.ecs.put_cluster_capacity_providers(
        cluster=prior["id"], capacityProviders=[], defaultCapacityProviderStrategy=[]
    )


def _register(aws: Aws, planned: State) -> State:
    platform = [
        given(cpuArchitecture=one.get("cpu_architecture"), operatingSystemFamily=one.get("operating_system_family"))
        for one in planned.get("runtime_platform") or []
    ]
    storage = [{"sizeInGiB": int(one["size_in_gib"])} for one in planned.get("ephemeral_storage") or []]
    made = aws.ecs.register_task_definition(
        family=planned["family"],
        containerDefinitions=json.loads(planned["container_definitions"]),
        **given(
            cpu=planned.get("cpu"),
            memory=planned.get("memory"),
            networkMode=planned.get("network_mode"),
            executionRoleArn=planned.get("execution_role_arn"),
            taskRoleArn=planned.get("task_role_arn"),
            requiresCompatibilities=planned.get("requires_compatibilities"),
            runtimePlatform=platform[0] if platform else None,
            ephemeralStorage=storage[0] if storage else None,
            volumes=[given(name=one["name"]) for one in planned.get("volume") or []],
            tags=pairs(wanted_tags(planned), "key", "value"),
        ),
    )["taskDefinition"]
    return {
        "id": made["family"],
        "arn": made["taskDefinitionArn"],
        "arn_without_revision": made["taskDefinitionArn"].rpartition(":")[0],
        "revision": made["revision"],
        "enable_fault_injection": bool(planned.get("enable_fault_injection")),
    }


def _read_definition(aws: Aws, state: State) -> State | None:
    answer = aws.ecs.describe_task_definition(taskDefinition=state.get("arn") or state["id"], include=["TAGS"])
    found = answer["taskDefinition"]
    if found.get("status") == "INACTIVE":
        return None
    held = state.get("container_definitions")
    same = isinstance(held, str) and covers(found["containerDefinitions"], json.loads(held))
    seen = {
        "family": found["family"],
        "arn": found["taskDefinitionArn"],
        "arn_without_revision": found["taskDefinitionArn"].rpartition(":")[0],
        "revision": found["revision"],
        "container_definitions": held if same else json.dumps(found["containerDefinitions"]),
        "cpu": found.get("cpu"),
        "memory": found.get("memory"),
        "network_mode": found.get("networkMode"),
        "execution_role_arn": found.get("executionRoleArn", ""),
        "task_role_arn": found.get("taskRoleArn", ""),
        "requires_compatibilities": found.get("requiresCompatibilities", []),
    }
    tags = answer.get("tags") or aws.ecs.list_tags_for_resource(resourceArn=seen["arn"]).get("tags")
    return {**seen, "tags_all": from_pairs(tags, "key", "value")}


def _deregister(aws: Aws, prior: State) -> None:
    if not prior.get("skip_destroy"):
        aws.ecs.deregister_task_definition(taskDefinition=prior["arn"])


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


def _create_service(aws: Aws, planned: State) -> State:
    balancers = [
        given(
            targetGroupArn=one.get("target_group_arn"),
            containerName=one["container_name"],
            containerPort=int(one["container_port"]),
        )
        for one in planned.get("load_balancer") or []
    ]
    made = aws.ecs.create_service(
        serviceName=planned["name"],
        desiredCount=int(planned.get("desired_count") or 0),
        **given(
            cluster=planned.get("cluster"),
            taskDefinition=planned.get("task_definition"),
            launchType=planned.get("launch_type"),
            platformVersion=planned.get("platform_version"),
            capacityProviderStrategy=_strategy_out(planned, "capacity_provider_strategy"),
            deploymentConfiguration=_deployment_out(planned),
            networkConfiguration=_network_out(planned),
            loadBalancers=balancers,
            healthCheckGracePeriodSeconds=planned.get("health_check_grace_period_seconds"),
            enableExecuteCommand=planned.get("enable_execute_command"),
            enableECSManagedTags=planned.get("enable_ecs_managed_tags"),
            propagateTags=planned.get("propagate_tags") if planned.get("propagate_tags") != "NONE" else None,
            tags=pairs(wanted_tags(planned), "key", "value"),
        ),
    )["service"]
    return {"id": made["serviceArn"], "iam_role": planned.get("iam_role") or "/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"}


def _find_service(aws: Aws, state: State) -> dict[str, Any] | None:
    found = aws.ecs.describe_services(
        services=[state["id"]], include=["TAGS"], **given(cluster=state.get("cluster"))
    )["services"]
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
    strategy = _strategy_in(found.get("capacityProviderStrategy"))
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
        capacityProviderStrategy=_strategy_out(planned, "capacity_provider_strategy"),
        deploymentConfiguration=_deployment_out(planned),
        networkConfiguration=_network_out(planned),
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
    _retag(aws, {**prior, "arn": prior["id"]}, planned)


def _delete_service(aws: Aws, prior: State) -> None:
    aws.ecs.update_service(service=prior["id"], cluster=prior["cluster"], desiredCount=0)
    aws.ecs.delete_service(service=prior["id"], cluster=prior["cluster"], force=True)


def _locate_service(identifier: str) -> State:
    cluster, _, name = identifier.partition("/")
    return {"id": name, "cluster": cluster}


RESOURCES = {
    "aws_ecr_repository": Resource(
        title="ECR Repository",
        service="ecr",
        create=_create_repository,
        read=_read_repository,
        update=_update_repository,
        delete=_delete_repository,
        defaults={"image_tag_mutability": "MUTABLE"},
    ),
    "aws_ecr_lifecycle_policy": Resource(
        title="ECR Lifecycle Policy",
        service="ecr",
        create=_put_lifecycle,
        read=_read_lifecycle,
        update=_update_lifecycle,
        delete=_delete_lifecycle,
        named_by="repository",
        documents=("policy",),
    ),
    "aws_ecs_cluster": Resource(
        title="ECS Cluster",
        service="ecs",
        create=_create_cluster,
        read=_read_cluster,
        update=_update_cluster,
        delete=_delete_cluster,
    ),
    "aws_ecs_cluster_capacity_providers": Resource(
        title="ECS Cluster Capacity Providers",
        service="ecs",
        create=_put_providers,
        read=_read_providers,
        update=_update_providers,
        delete=_delete_providers,
        named_by="cluster_name",
    ),
    "aws_ecs_task_definition": Resource(
        title="ECS Task Definition",
        service="ecs",
        create=_register,
        read=_read_definition,
        update=unchanging,
        delete=_deregister,
        named_by="family",
        locate=lambda arn: {"id": arn.rsplit("/", 1)[-1].split(":")[0], "arn": arn},
    ),
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
