"""ECS: clusters and task definitions."""

from __future__ import annotations

import json
from typing import Any

from sesari.rehearsal.aws.resource import Aws, Resource, unchanging
from sesari.rehearsal.aws.state import State, changed, covers, from_pairs, given, pairs, retag, wanted_tags


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
    found = aws.ecs.describe_clusters(clusters=[state["id"]], include=["SETTINGS", "TAGS", "CONFIGURATIONS"])[
        "clusters"
    ]
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
    retag_by_arn(aws, prior, planned)


def retag_by_arn(aws: Aws, prior: State, planned: State) -> None:
    gone, new = retag(prior, planned)
    if gone:
        aws.ecs.untag_resource(resourceArn=prior["arn"], tagKeys=gone)
    if new:
        aws.ecs.tag_resource(resourceArn=prior["arn"], tags=pairs(new, "key", "value"))


def _delete_cluster(aws: Aws, prior: State) -> None:
    aws.ecs.delete_cluster(cluster=prior["id"])


def strategy_out(planned: State, name: str) -> list[dict[str, Any]]:
    return [
        {
            "capacityProvider": one["capacity_provider"],
            "base": int(one.get("base") or 0),
            "weight": int(one.get("weight") or 0),
        }
        for one in planned.get(name) or []
    ]


def strategy_in(strategy: list[dict[str, Any]] | None) -> list[State]:
    return [
        {"capacity_provider": one["capacityProvider"], "base": one.get("base", 0), "weight": one.get("weight", 0)}
        for one in strategy or []
    ]


def _put_providers(aws: Aws, planned: State) -> State:
    aws.ecs.put_cluster_capacity_providers(
        cluster=planned["cluster_name"],
        capacityProviders=planned.get("capacity_providers") or [],
        defaultCapacityProviderStrategy=strategy_out(planned, "default_capacity_provider_strategy"),
    )
    return {"id": planned["cluster_name"]}


def _read_providers(aws: Aws, state: State) -> State | None:
    found = aws.ecs.describe_clusters(clusters=[state["id"]])["clusters"]
    if not found or found[0].get("status") == "INACTIVE":
        return None
    return {
        "cluster_name": found[0]["clusterName"],
        "capacity_providers": found[0].get("capacityProviders", []),
        "default_capacity_provider_strategy": strategy_in(found[0].get("defaultCapacityProviderStrategy")),
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


RESOURCES = {
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
}
