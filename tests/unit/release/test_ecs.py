"""A release's task definition is Terraform's with another image; a rollback's is the old one with today's secrets."""

from __future__ import annotations

import pytest

from sesari.errors import SesariError
from sesari.release.ecs import (
    StoppedTask,
    image_of,
    is_same,
    next_revision,
    read_service,
    read_stopped,
    restored,
    shape_of,
    why_stopped,
)

IMAGE = f"1.dkr.ecr.r.amazonaws.com/shop-dev-api@sha256:{'a' * 64}"
OTHER = IMAGE.replace("a" * 64, "b" * 64)
ARN = "arn:aws:secretsmanager:r:1:secret"


def definition(revision=1, image="1.dkr.ecr.r.amazonaws.com/shop-dev-api:first-release", **container):
    """As DescribeTaskDefinition tells it."""
    own = {
        "name": "api",
        "image": image,
        "cpu": 0,
        "essential": True,
        "environment": [{"name": "PORT", "value": "8080"}],
        "secrets": [{"name": "TOKEN", "valueFrom": f"{ARN}:TOKEN-x"}],
        "mountPoints": [],
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {"awslogs-group": "/shop/dev/api", "awslogs-stream-prefix": "api"},
        },
        **container,
    }
    return {
        "taskDefinitionArn": f"arn:aws:ecs:r:1:task-definition/shop-dev-api:{revision}",
        "family": "shop-dev-api",
        "revision": revision,
        "status": "ACTIVE",
        "registeredAt": "then",
        "compatibilities": ["EC2", "FARGATE"],
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "256",
        "memory": "512",
        "volumes": [],
        "pidMode": "",
        "containerDefinitions": [own],
    }


def test_the_next_revision_is_terraforms_with_the_image_by_digest():
    shape = definition()
    request = next_revision(shape, "api", IMAGE)
    assert image_of(request, "api") == IMAGE
    assert "revision" not in request and "taskDefinitionArn" not in request and "volumes" not in request
    assert request["cpu"] == "256"
    assert image_of(shape, "api").endswith(":first-release")  # what was read is not changed
    assert shape_of(request, "api") == shape["taskDefinitionArn"] and shape_of(shape, "api") is None


@pytest.mark.parametrize(
    ("shape", "image", "code"),
    [
        (definition(), "1.dkr.ecr.r.amazonaws.com/shop-dev-api:latest", "image-not-by-digest"),
        (definition(secrets=[{"name": "TOKEN", "valueFrom": "hunter2"}]), IMAGE, "secret-in-the-open"),
        (definition(name="web"), IMAGE, "container-unknown"),
    ],
)
def test_what_is_never_registered(shape, image, code):
    with pytest.raises(SesariError) as raised:
        next_revision(shape, "api", image)
    assert raised.value.codes == (code,)
    assert "hunter2" not in str(raised.value.problems)


def test_a_revision_is_recognised_whatever_ecs_adds_to_it():
    request = next_revision(definition(), "api", IMAGE)
    told = definition(7, IMAGE, dockerLabels={"com.sesari.shape": "another"}, portMappings=[], systemControls=[])
    assert is_same(request, told)
    assert not is_same(request, definition(7, OTHER))
    assert not is_same(request, {**told, "memory": "1024"})
    assert not is_same(request, definition(7, IMAGE, environment=[{"name": "PORT", "value": "80"}]))


def test_back_means_the_old_image_and_variables_with_todays_secrets():
    previous = definition(3, IMAGE, environment=[{"name": "OLD", "value": "1"}])
    same = restored(previous, definition(5), "api")
    assert is_same(same, previous)
    moved = definition(
        5, secrets=[{"name": "TOKEN", "valueFrom": f"{ARN}:TOKEN-new"}, {"name": "ADDED", "valueFrom": f"{ARN}:A"}]
    )
    request = restored(previous, moved, "api")
    container = request["containerDefinitions"][0]
    assert container["secrets"] == [{"name": "TOKEN", "valueFrom": f"{ARN}:TOKEN-new"}]
    assert (container["image"], container["environment"]) == (IMAGE, [{"name": "OLD", "value": "1"}])
    assert not is_same(request, previous)


def test_what_ecs_describes():
    state = read_service(
        {
            "serviceArn": "arn:s",
            "desiredCount": 2,
            "runningCount": 1,
            "deployments": [
                {
                    "id": "d",
                    "status": "PRIMARY",
                    "taskDefinition": "arn:t",
                    "rolloutState": "FAILED",
                    "rolloutStateReason": "breaker",
                    "failedTasks": 3,
                },
                {"id": "e", "status": "ACTIVE", "taskDefinition": "arn:u"},
            ],
        }
    )
    assert (state.primary.id, state.primary.state, state.primary.failed) == ("d", "FAILED", 3)
    assert state.deployment("e").state == "IN_PROGRESS" and state.deployment("x") is None


def test_why_tasks_stopped_in_words():
    task = {
        "taskArn": "arn:aws:ecs:r:1:task/shop-dev/abc",
        "taskDefinitionArn": "arn:t",
        "stoppedReason": "Essential container exited",
        "containers": [{"name": "api", "exitCode": 137, "reason": "OutOfMemoryError"}],
    }
    stopped = read_stopped(task, definition(), "api")
    assert stopped.log == ("/shop/dev/api", "api/api/abc")
    assert why_stopped([stopped, stopped], ["one", "two"]) == (
        "Essential container exited (OutOfMemoryError), exit code 137 (2 tasks); it said last: one | two"
    )
    assert why_stopped([StoppedTask("a", "t", "", None, None)], ()) == "a task stopped"
    assert "none became healthy" in why_stopped((), ())
    assert read_stopped({"taskArn": "a/b"}, definition(logConfiguration=None), "api").log is None
