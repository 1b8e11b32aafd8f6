"""What a rollout does next, from what ECS was seen to say; checked against a model of ECS for every ending."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesari.release.ecs import Deployment, ServiceState
from sesari.release.rollout import Observation, Rollout, next_step

OLD, NEW = "arn:aws:ecs:r:1:task-definition/api:1", "arn:aws:ecs:r:1:task-definition/api:2"


def deployment(id="d2", definition=NEW, primary=True, state="IN_PROGRESS", running=0, desired=2, failed=0, reason=""):
    return Deployment(id, definition, primary, state, reason, desired, running, failed)


def seen(*deployments, desired=2, at=0.0):
    running = sum(one.running for one in deployments)
    return Observation(at, ServiceState("arn:service", desired, running, deployments))


OTHER = deployment("d1", OLD, state="COMPLETED", running=2)


@pytest.mark.parametrize(
    ("deployments", "force", "kind", "already"),
    [
        ((OTHER,), False, "update", False),
        ((), False, "update", False),
        ((deployment(state="COMPLETED", running=2),), False, "done", True),
        ((deployment(state="COMPLETED", running=2),), True, "update", False),
        ((deployment(), deployment("d1", OLD, primary=False, running=2)), False, "follow", False),
        ((deployment(state="FAILED"),), False, "update", False),
    ],
)
def test_it_asks_first_what_is_primary(deployments, force, kind, already):
    step = next_step(Rollout(NEW, None, 60, force), [seen(*deployments)])
    assert (step.kind, step.already) == (kind, already)


@pytest.mark.parametrize(
    ("deployments", "kind", "told"),
    [
        ((deployment(running=1),), "wait", "1 of 2 new tasks run"),
        ((deployment(running=1, failed=2),), "wait", "1 of 2 new tasks run, 2 failed"),
        ((deployment(state="COMPLETED", running=1),), "wait", "1 of 2"),  # complete, and one has died since
        ((deployment(state="COMPLETED", running=2),), "done", "2 of 2 tasks run"),
        ((deployment(state="FAILED", reason="circuit breaker"),), "failed", "circuit breaker"),
        ((deployment(state="FAILED", primary=False, reason="breaker"), OTHER), "failed", "breaker"),
        ((deployment("d3"),), "follow", "anew"),
        ((deployment("d3"), deployment(primary=False)), "follow", "anew"),
    ],
)
def test_it_follows_its_own_deployment(deployments, kind, told):
    step = next_step(Rollout(NEW, "d2", 60), [seen(*deployments)])
    assert step.kind == kind and told in step.detail


def test_stable_after_ecs_went_back_by_itself_is_no_success():
    """What `services_stable` waits for holds here: one deployment, complete, as many tasks as wanted."""
    back = seen(OTHER)
    rollout = Rollout(NEW, "d2", 60)
    assert next_step(rollout, [back]).kind == "wait"
    assert next_step(rollout, [back, back, back]).kind == "failed"
    # What ECS told just after the update may be from before it.
    late = seen(deployment(state="COMPLETED", running=2))
    assert next_step(rollout, [back, back, late]).kind == "done"


def test_it_does_not_wait_for_ever():
    rollout = Rollout(NEW, "d2", 60)
    early, late = seen(deployment(), at=5.0), seen(deployment(running=1), at=66.0)
    assert next_step(rollout, [early, seen(deployment(), at=65.0)]).kind == "wait"
    step = next_step(rollout, [early, late])
    assert (step.kind, step.detail) == ("failed", "not complete after 61 s: 1 of 2 new tasks run")


def test_a_service_that_wants_no_task_says_what_was_not_shown():
    step = next_step(Rollout(NEW, "d2", 60), [seen(deployment(state="COMPLETED", desired=0), desired=0)])
    assert step.kind == "done" and "nothing has shown that it starts" in step.detail


states = st.sampled_from(["IN_PROGRESS", "COMPLETED", "FAILED"])
some = st.builds(
    deployment,
    id=st.sampled_from(["d1", "d2", "d3"]),
    definition=st.sampled_from([OLD, NEW]),
    primary=st.booleans(),
    state=states,
    running=st.integers(0, 3),
)


@given(st.lists(some, max_size=3), st.sampled_from([None, "d2"]), st.integers(0, 3))
def test_done_is_only_said_of_what_runs(deployments, own, desired):
    observation = seen(*deployments, desired=desired)
    step = next_step(Rollout(NEW, own, 60), [observation])
    if step.kind == "done":
        primary = observation.state.primary
        assert primary.definition == NEW and primary.state == "COMPLETED"
        assert own is None or primary.running >= desired
