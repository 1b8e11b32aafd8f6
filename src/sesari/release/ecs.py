"""PURE: what ECS describes as values, and a release's task definition from the one that Terraform made."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from sesari.errors import Problem, SesariError
from sesari.model.json import JsonObject

State = Literal["IN_PROGRESS", "COMPLETED", "FAILED"]

# What RegisterTaskDefinition takes of what DescribeTaskDefinition tells.
_REGISTERED: Final = (
    "family",
    "taskRoleArn",
    "executionRoleArn",
    "networkMode",
    "containerDefinitions",
    "volumes",
    "placementConstraints",
    "requiresCompatibilities",
    "cpu",
    "memory",
    "pidMode",
    "ipcMode",
    "proxyConfiguration",
    "ephemeralStorage",
    "runtimePlatform",
)
# On a released revision's container: from which of Terraform's revisions it was made.
_SHAPE: Final = "com.sesari.shape"
_EMPTY: Final[tuple[object, ...]] = (None, "", [], {}, 0)


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployment of a service. `definition` is an ARN; `failed` counts tasks that failed to start or stay."""

    id: str
    definition: str
    primary: bool
    state: State
    reason: str
    desired: int
    running: int
    failed: int


@dataclass(frozen=True, slots=True)
class ServiceState:
    """A service as ECS describes it now."""

    arn: str
    desired: int
    running: int
    deployments: tuple[Deployment, ...]

    @property
    def primary(self) -> Deployment | None:
        return next((one for one in self.deployments if one.primary), None)

    def deployment(self, id: str) -> Deployment | None:
        return next((one for one in self.deployments if one.id == id), None)


@dataclass(frozen=True, slots=True)
class StoppedTask:
    """A task that is no more. `log` names its log group and stream, None where it has none."""

    arn: str
    definition: str
    reason: str
    exit_code: int | None
    log: tuple[str, str] | None


def read_service(described: Mapping[str, Any]) -> ServiceState:
    """From one entry of DescribeServices."""
    deployments = tuple(
        Deployment(
            id=str(one["id"]),
            definition=str(one["taskDefinition"]),
            primary=one.get("status") == "PRIMARY",
            state=one.get("rolloutState") or "IN_PROGRESS",
            reason=str(one.get("rolloutStateReason") or ""),
            desired=int(one.get("desiredCount") or 0),
            running=int(one.get("runningCount") or 0),
            failed=int(one.get("failedTasks") or 0),
        )
        for one in described.get("deployments") or ()
    )
    desired, running = int(described.get("desiredCount") or 0), int(described.get("runningCount") or 0)
    return ServiceState(str(described["serviceArn"]), desired, running, deployments)


def read_stopped(task: Mapping[str, Any], definition: Mapping[str, Any], service: str) -> StoppedTask:
    """From one entry of DescribeTasks, and its task definition, which says where it logs."""
    container = _named(task.get("containers") or (), service)
    told = str(container.get("reason") or "")
    reason = str(task.get("stoppedReason") or "")
    return StoppedTask(
        arn=str(task["taskArn"]),
        definition=str(task.get("taskDefinitionArn", "")),
        reason=f"{reason} ({told})" if told and told not in reason else reason,
        exit_code=container.get("exitCode"),
        log=_log(definition, service, str(task["taskArn"]).rsplit("/", 1)[-1]),
    )


def image_of(definition: Mapping[str, Any], service: str) -> str:
    """The image of the service's own container."""
    return str(_container(definition, service)["image"])


def shape_of(definition: Mapping[str, Any], service: str) -> str | None:
    """The ARN of the revision of Terraform's that a released one was made from; None for any other."""
    found = (_container(definition, service).get("dockerLabels") or {}).get(_SHAPE)
    return None if found is None else str(found)


def next_revision(shape: Mapping[str, Any], service: str, image: str) -> JsonObject:
    """The request that registers the image in the shape that Terraform gave. Raises SesariError `image-not-by-digest`,
    `secret-in-the-open`."""
    if "@sha256:" not in image:
        hint = "Deploy a release: it names images by digest"
        raise SesariError(Problem("image-not-by-digest", "The image is not named by its digest", image, hint=hint))
    request = _labelled(_request(shape), shape, service)
    container = _container(request, service)
    container["image"] = image
    for secret in container.get("secrets") or ():
        if not str(secret["valueFrom"]).startswith("arn:"):
            where = f"{request['family']}: {secret['name']}"
            hint = "`sesari apply` puts the secret's ARN there"
            raise SesariError(Problem("secret-in-the-open", "A secret is not named by its ARN", where, hint=hint))
    return request


def restored(previous: Mapping[str, Any], current: Mapping[str, Any], service: str) -> JsonObject:
    """The request that brings an earlier revision back with today's secrets: its image, variables and size, and for
    each of its secrets the place that the current shape names."""
    request = _labelled(_request(previous), current, service)
    places = {one["name"]: one["valueFrom"] for one in _container(current, service).get("secrets") or ()}
    container = _container(request, service)
    if container.get("secrets"):
        container["secrets"] = [
            {"name": one["name"], "valueFrom": places.get(one["name"], one["valueFrom"])}
            for one in container["secrets"]
        ]
    return request


def is_same(request: Mapping[str, Any], definition: Mapping[str, Any]) -> bool:
    """Whether the revision already is what the request would register, whatever it was made from."""
    return _canonical(_request(request)) == _canonical(_request(definition))


def why_stopped(tasks: Sequence[StoppedTask], lines: Sequence[str]) -> str:
    """For a person: what happened to the newest task, how often, and what it said last."""
    if not tasks:
        return "no task of it has stopped; none became healthy in time"
    first = tasks[0]
    code = f", exit code {first.exit_code}" if first.exit_code is not None else ""
    often = f" ({len(tasks)} tasks)" if len(tasks) > 1 else ""
    said = f"; it said last: {' | '.join(lines)}" if lines else ""
    return f"{first.reason or 'a task stopped'}{code}{often}{said}"


def _labelled(request: JsonObject, shape: Mapping[str, Any], service: str) -> JsonObject:
    container = _container(request, service)
    container["dockerLabels"] = {**(container.get("dockerLabels") or {}), _SHAPE: shape["taskDefinitionArn"]}
    return request


def _request(definition: Mapping[str, Any]) -> JsonObject:
    # Empty values are what ECS tells of what was never given.
    kept = {name: definition[name] for name in _REGISTERED if definition.get(name) not in (None, "", [], {})}
    copied: JsonObject = json.loads(json.dumps(kept))
    return copied


def _canonical(request: JsonObject) -> str:
    return json.dumps(_without_empty(request), sort_keys=True)


def _without_empty(value: Any) -> Any:
    """ECS adds defaults (`cpu: 0`, empty lists) to what was registered."""
    if isinstance(value, dict):
        cleaned = {key: _without_empty(one) for key, one in value.items() if key != _SHAPE}
        return {key: one for key, one in cleaned.items() if one not in _EMPTY}
    return [_without_empty(one) for one in value] if isinstance(value, list) else value


def _container(definition: Mapping[str, Any], service: str) -> dict[str, Any]:
    containers = definition.get("containerDefinitions") or ()
    found: dict[str, Any] = _named(containers, service)
    if not found:
        where = str(definition.get("family", ""))
        hint = "`sesari synth` and `sesari apply` make the service as the manifest says"
        raise SesariError(Problem("container-unknown", f"The task definition has no `{service}`", where, hint=hint))
    return found


def _named(containers: Sequence[Any], service: str) -> Any:
    return next((one for one in containers if one.get("name") == service), {})


def _log(definition: Mapping[str, Any], service: str, task: str) -> tuple[str, str] | None:
    configuration = _named(definition.get("containerDefinitions") or (), service).get("logConfiguration") or {}
    options = configuration.get("options") or {}
    if configuration.get("logDriver") != "awslogs" or "awslogs-stream-prefix" not in options:
        return None
    return str(options["awslogs-group"]), f"{options['awslogs-stream-prefix']}/{service}/{task}"
