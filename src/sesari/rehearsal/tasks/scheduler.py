"""Joins the emulator's ECS to our tasks. Bound to the pinned version: tests hold what it relies on.

What is replaced: how a container is started and which secrets it gets; that a task of a load-balanced service counts
as healthy only when our balancer says so; that a service's first deployment has to succeed like any other; that a
stopping task is stopping until its process has ended.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from sesari.rehearsal.cloud_folder import write_private
from sesari.rehearsal.tasks.balancer import Balancer, Target
from sesari.rehearsal.tasks.engine import Container, Containers, DockerShaped, Images, Order, machine_languages
from sesari.rehearsal.tasks.health import Check, Health, check_of
from sesari.rehearsal.tasks.images import ImageShelf, PullFailed
from sesari.rehearsal.tasks.process import Spawner
from sesari.rehearsal.tasks.roles import Clients, StartRefused

HEALTHY_WITHIN = 10.0
_BALANCERS = "balancers.json"
_SCHEDULED = "ServiceSchedulerInitiated"


def install(folder: Path, endpoint: str, healthy_within: float = HEALTHY_WITHIN) -> Tasks:
    """From now on the emulator's tasks run. `healthy_within`: seconds that a new task has to pass a health check."""
    from ministack.services import ecs

    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    machine_languages(folder / "bin")
    tasks = Tasks(ecs, folder, endpoint, healthy_within)
    tasks.hook()
    return tasks


class Tasks:
    """The tasks of one emulator process."""

    def __init__(self, ecs: Any, folder: Path, endpoint: str, healthy_within: float) -> None:
        self._ecs = ecs
        self._folder = folder
        self._healthy_within = healthy_within
        self._lock = threading.Lock()
        self._names: dict[str, str] = {}
        ports = _earlier(folder / _BALANCERS)
        self._balancer = Balancer(ports, self._became_unhealthy)
        self._spawner = Spawner()
        self._containers = Containers(
            shelf=ImageShelf(folder, endpoint),
            spawner=self._spawner,
            balancer=self._balancer,
            clients=Clients(endpoint),
            endpoint=endpoint,
            folder=folder,
            order_of=self._order,
            on_ended=self._ended,
        )

    def hook(self) -> None:
        ecs = self._ecs
        ecs._docker = DockerShaped(_Telling(self._containers, ecs), Images())
        ecs._resolve_container_secrets = lambda container: {}
        ecs._build_run_kwargs = _with_definition(ecs._build_run_kwargs)
        ecs._make_deployment = _open_deployment(ecs._make_deployment)
        ecs._record_service_task_healthy = self._gate(ecs._record_service_task_healthy)
        ecs._mark_task_stopped = self._stopping(ecs._mark_task_stopped)

    def stop(self) -> None:
        """End every task and listener."""
        self._containers.close()
        self._balancer.close()
        self._spawner.close()

    def _order(self, image: str, wanted: dict[str, Any]) -> Order:
        from ministack.core.responses import get_account_id, get_region

        account, region = get_account_id(), get_region()
        task = str(wanted["labels"]["com.amazonaws.ecs.task-arn"])
        service = self._service_of(self._ecs._tasks.get(task) or {})
        return Order(
            account=account,
            region=region,
            task=task,
            definition=wanted["definition"],
            container=wanted["container"],
            image=image,
            variables={name: value for name, value in wanted["environment"].items() if not name.startswith("AWS_")},
            groups=tuple(self._groups(service, wanted["container"], account)) if service else (),
        )

    def _groups(
        self, service: Mapping[str, Any], container: Mapping[str, Any], account: str
    ) -> list[tuple[str, Check]]:
        from ministack.services import alb

        found = []
        for entry in service.get("loadBalancers") or []:
            group = alb._tgs.get(entry.get("targetGroupArn"))
            if group is not None and entry.get("containerName") == container["name"]:
                arn = str(entry["targetGroupArn"])
                self._publish(arn, f"{account}/{service['serviceName']}")
                found.append((arn, check_of(group)))
        return found

    def _publish(self, group: str, name: str) -> None:
        """Tell where a service's balancer listens, for whoever looks it up by account and service."""
        port = self._balancer.open(group)
        with self._lock:
            self._names[group] = name
            known = _read(self._folder / _BALANCERS)
            if known.get(name, {}).get("port") != port:
                known[name] = {"port": port, "group": group}
                write_private(self._folder / _BALANCERS, json.dumps(known, indent=1).encode())

    def _service_of(self, task: Mapping[str, Any]) -> Mapping[str, Any] | None:
        key = _service_key(task)
        found: Mapping[str, Any] | None = self._ecs._services.get(key) if key else None
        return found

    def _container_of(self, task: Mapping[str, Any]) -> Container | None:
        arn = task.get("taskArn")
        return next((one for one in list(self._containers.running.values()) if one.order.task == arn), None)

    def _gate(self, told: Callable[..., None]) -> Callable[..., None]:
        """A task counts as healthy when every balancer in front of it says so. Runs in a thread of the scheduler's."""

        def gated(service: str, task: dict[str, Any]) -> None:
            container = self._container_of(task)
            for target in container.targets if container else ():
                if self._balancer.wait(target, self._healthy_within) is Health.UNHEALTHY:
                    self._fail(task, target)
                    return
            if container is not None:
                self._containers.failures.pop(container.order.family, None)
            told(service, task)

        return gated

    def _fail(self, task: dict[str, Any], target: Target) -> None:
        """As ECS does with a task that its load balancer does not want: stop it, count it, replace it."""
        reason = f"Task failed ELB health checks in (target-group {target.group}): {target.reason or 'no answer'}"
        if self._ecs._mark_task_stopped(task["taskArn"], task, reason, _SCHEDULED):
            self._ecs._cleanup_task_resources(task, self._ecs._docker)
            self._ecs._record_service_task_failure(task)

    def _became_unhealthy(self, target: Target) -> None:
        for container in list(self._containers.running.values()):
            if target in container.targets and not self._containers.closed:
                from ministack.core.responses import request_scope

                with request_scope(container.order.account, container.order.region):
                    task = self._ecs._tasks.get(container.order.task)
                    if task is not None:
                        self._fail(task, target)

    def _stopping(self, mark: Callable[..., bool]) -> Callable[..., bool]:
        """A task whose process still runs is not stopped yet, only on its way."""

        def marked(arn: str, task: dict[str, Any], reason: str, code: str, exit_code: int | None = None) -> bool:
            container = self._container_of(task)
            asked = code in ("UserInitiated", _SCHEDULED)
            if asked and reason != "Task stopped by user" and str(task.get("group", "")).startswith("service:"):
                code = _SCHEDULED
            if not mark(arn, task, reason, code, None if asked and container else exit_code):
                return False
            if container is not None and container.status == "running":
                with self._ecs.resource_lock("ecs-task", arn):
                    task.update(lastStatus="STOPPING", stoppedAt=None, executionStoppedAt=None)
            return True

        return marked

    def _ended(self, arn: str, code: int) -> None:
        """The process is gone: now the task is stopped, with the exit code that it really had."""
        found = next((scoped for scoped in self._ecs._tasks.all_items() if scoped[0][2] == arn), None)
        if found is None:
            return
        (account, region, _), task = found
        with self._ecs.resource_lock("ecs-task", arn):
            if task.get("desiredStatus") == "STOPPED":
                now = self._ecs._iso()
                task["lastStatus"] = "STOPPED"
                task["stoppedAt"] = task.get("stoppedAt") or now
                task["executionStoppedAt"] = task.get("executionStoppedAt") or now
                for container in task.get("containers", []):
                    container["exitCode"] = code
        self._replace(account, region, task)

    def _replace(self, account: str, region: str, task: Mapping[str, Any]) -> None:
        """ECS keeps a service at its number of tasks, also when somebody stopped one by hand."""
        from ministack.core.responses import request_scope

        key = _service_key(task)
        if key is not None and not self._containers.closed:
            with request_scope(account, region):
                self._ecs._reconcile_service_tasks(key.split("/", 1)[0], key)


class _Telling:
    """The containers, with refusals in the emulator's own exceptions: each becomes the reason that ECS words."""

    def __init__(self, containers: Containers, ecs: Any) -> None:
        self._containers = containers
        self._ecs = ecs

    def run(self, image: str, **wanted: Any) -> Container:
        try:
            return self._containers.run(image, **wanted)
        except PullFailed as problem:
            raise self._ecs._ImagePullError(str(problem)) from problem
        except StartRefused as problem:
            raise self._ecs._SecretResolutionError(str(problem)) from problem

    def get(self, name: str) -> Container:
        return self._containers.get(name)


def _with_definition(build: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def built(container: dict[str, Any], definition: dict[str, Any], *rest: Any, **more: Any) -> dict[str, Any]:
        wanted = build(container, definition, *rest, **more)
        # A platform makes the emulator start a failing container a second time.
        wanted.pop("platform", None)
        return {**wanted, "definition": definition, "container": container}

    return built


def _open_deployment(make: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def made(*arguments: Any, **more: Any) -> dict[str, Any]:
        return {**make(*arguments, **more), "rolloutState": "IN_PROGRESS", "rolloutStateReason": ""}

    return made


def _service_key(task: Mapping[str, Any]) -> str | None:
    group = str(task.get("group", ""))
    cluster = str(task.get("clusterArn", "")).rsplit("/", 1)[-1]
    return f"{cluster}/{group.removeprefix('service:')}" if group.startswith("service:") else None


def _earlier(file: Path) -> dict[str, int]:
    """The ports that listeners had: a restart asks for them again."""
    return {str(entry["group"]): int(entry["port"]) for entry in _read(file).values()}


def _read(file: Path) -> dict[str, dict[str, Any]]:
    with suppress(OSError, ValueError):
        held: dict[str, dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
        return held
    return {}


def balancer_url(cloud: Path, account: str, service: str) -> str | None:
    """Where the balancer of an ECS service (`sesari-dev-api`) listens; None before its first task."""
    entry = _read(cloud / "aws" / "tasks" / _BALANCERS).get(f"{account}/{service}")
    return f"http://127.0.0.1:{entry['port']}" if entry else None
