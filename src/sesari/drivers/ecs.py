"""ECS, and what tells how a service does: its tasks' logs, alarms, queue depths. It decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sesari.drivers.aws_session import AwsSession, aws_error
from sesari.errors import Problem, SesariError
from sesari.model.json import JsonObject

T = TypeVar("T")
_TASKS_AT_ONCE = 100


class EcsCluster:
    """One cluster. Every method raises SesariError when AWS refuses or cannot be reached."""

    def __init__(self, session: AwsSession, cluster: str) -> None:
        self._session = session
        self.cluster = cluster

    def service(self, name: str) -> JsonObject:
        """As DescribeServices tells it. Raises SesariError `service-unknown`."""
        found = self._ask("ecs", lambda ecs: ecs.describe_services(cluster=self.cluster, services=[name]))["services"]
        if not found or found[0].get("status") == "INACTIVE":
            hint = "`sesari plan` and `sesari apply` make the service; is this the right environment?"
            where = f"{self.cluster}/{name}"
            raise SesariError(Problem("service-unknown", "There is no such service on ECS", where, hint=hint))
        service: JsonObject = found[0]
        return service

    def definition(self, name: str) -> JsonObject:
        """A task definition by ARN, or a family's newest active one by its name."""
        answer = self._ask("ecs", lambda ecs: ecs.describe_task_definition(taskDefinition=name))
        definition: JsonObject = answer["taskDefinition"]
        return definition

    def register(self, request: JsonObject) -> str:
        """Register a revision; its ARN."""
        answer = self._ask("ecs", lambda ecs: ecs.register_task_definition(**request))
        return str(answer["taskDefinition"]["taskDefinitionArn"])

    def update(self, service: str, definition: str, *, force: bool) -> JsonObject:
        """Begin to deploy the revision; the service as it is now. The number of tasks is not touched."""
        answer = self._ask(
            "ecs",
            lambda ecs: ecs.update_service(
                cluster=self.cluster, service=service, taskDefinition=definition, forceNewDeployment=force
            ),
        )
        described: JsonObject = answer["service"]
        return described

    def tasks(self, service: str, *, stopped: bool) -> tuple[JsonObject, ...]:
        """The service's tasks that run and shall run, or that are stopped or on their way; newest first.

        ECS tells of stopped tasks for about an hour.
        """
        wanted = "STOPPED" if stopped else "RUNNING"

        def ask(ecs: Any) -> Any:
            arns = ecs.list_tasks(cluster=self.cluster, serviceName=service, desiredStatus=wanted)["taskArns"]
            chosen = arns[:_TASKS_AT_ONCE]
            return ecs.describe_tasks(cluster=self.cluster, tasks=chosen)["tasks"] if chosen else []

        found = self._ask("ecs", ask)
        return tuple(sorted(found, key=lambda task: str(task.get("createdAt", "")), reverse=True))

    def stop_task(self, task: str, reason: str) -> None:
        """Ask one task to end: SIGTERM, its stopTimeout, SIGKILL."""
        self._ask("ecs", lambda ecs: ecs.stop_task(cluster=self.cluster, task=task, reason=reason))

    def log_tail(self, group: str, stream: str, most: int) -> tuple[str, ...]:
        """The last lines of a log stream; none where there is no such stream."""
        from botocore.exceptions import ClientError

        def ask(logs: Any) -> Any:
            try:
                return logs.get_log_events(logGroupName=group, logStreamName=stream, limit=most, startFromHead=False)
            except ClientError as error:
                if error.response["Error"]["Code"] == "ResourceNotFoundException":
                    return {"events": []}
                raise

        return tuple(str(event["message"]) for event in self._ask("logs", ask)["events"][-most:])

    def alarm_states(self, names: Sequence[str]) -> dict[str, str]:
        """Name to `OK`, `ALARM` or `INSUFFICIENT_DATA`; one that does not exist is left out."""
        if not names:
            return {}
        answer = self._ask("cloudwatch", lambda watch: watch.describe_alarms(AlarmNames=list(names)))
        found = [*answer.get("MetricAlarms", ()), *answer.get("CompositeAlarms", ())]
        return {str(alarm["AlarmName"]): str(alarm["StateValue"]) for alarm in found}

    def queue_depth(self, url: str) -> tuple[int, int]:
        """Messages that wait, and that are being worked on; both approximate, as SQS says."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        held = self._ask("sqs", lambda sqs: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names))["Attributes"]
        return int(held[names[0]]), int(held[names[1]])

    def _ask(self, service: str, call: Callable[[Any], T]) -> T:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return call(self._session.client(service))
        except (BotoCoreError, ClientError) as error:
            raise aws_error(error, f"{service} of {self.cluster}") from error
