"""A service on ECS is rolled out and back: real processes of images by digest, behind the loopback balancer."""

from __future__ import annotations

import os
import time
from pathlib import Path

import httpx
import pytest
from tests.functional.running_tasks import (
    ACCOUNT,
    CLUSTER,
    CRASHING,
    REGION,
    Load,
    Shop,
    definition_of,
    running,
    server,
    until,
)

from sesari.drivers.aws_session import AwsSession
from sesari.drivers.ecs import EcsCluster
from sesari.drivers.http_probe import HttpProbe
from sesari.errors import SesariError
from sesari.model.progress import Phase
from sesari.pipeline.rollout import EcsPlace, RolloutTools, roll_back, roll_out, serving
from sesari.pipeline.stop import Stop
from sesari.pipeline.verification import VerifyTools, verify
from sesari.release.verification import Criteria, HttpCheck, Verdict

API = EcsPlace("api", "shop-dev-api")


def tools(shop: Shop, report=lambda progress: None, stop: Stop | None = None, limit: float = 60.0) -> RolloutTools:
    cluster = EcsCluster(AwsSession(shop.reach.variables, REGION), CLUSTER)
    return RolloutTools(cluster, report, time.monotonic, stop or Stop(), pause=0.1, limit=limit)


def address(shop: Shop, name: str = "api") -> str:
    found = shop.balancer(name)
    assert found is not None
    return found


def tasks(shop: Shop, name: str = "shop-dev-api", stopped: bool = False):
    return EcsCluster(AwsSession(shop.reach.variables, REGION), CLUSTER).tasks(name, stopped=stopped)


def running_tasks(shop: Shop) -> list[str]:
    return [task["taskArn"] for task in tasks(shop) if task["lastStatus"] == "RUNNING"]


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    with running(tmp_path_factory.mktemp("shop"), healthy_within=2.5) as held:
        held.make_service("api", tasks=2)
        first = roll_out(tools(held), API, held.image(server("one")))
        assert (first.status, first.problem) == ("done", None)
        yield held


@pytest.fixture
def first(shop):
    """The service on its first release, whatever the test before left."""
    outcome = roll_out(tools(shop), API, shop.image(server("one")))
    assert outcome.problem is None
    return outcome


def test_a_good_rollout_under_load_fails_no_request(shop, first):
    told = []
    with Load(address(shop), "/slow") as load:
        until(lambda: len(load.answers) > 10)
        outcome = roll_out(tools(shop, told.append), API, shop.image(server("two")))
        until(lambda: not [task for task in tasks(shop, stopped=True) if task["lastStatus"] != "STOPPED"])
        seen = len(load.answers)
        until(lambda: len(load.answers) > seen + 10)
    assert (outcome.status, outcome.serving, outcome.problem) == ("done", outcome.wanted, None)
    assert outcome.note == "2 of 2 tasks run"
    assert load.bad == []
    assert {answer.split()[0] for answer in load.answers} == {"one", "two"}
    assert load.answers[-1].startswith("two")
    assert told[-1].phase is Phase.SUCCEEDED


def test_a_rollout_done_again_changes_nothing(shop, first):
    before = len(shop.client("ecs").list_task_definitions(familyPrefix="shop-dev-api")["taskDefinitionArns"])
    again = roll_out(tools(shop), API, shop.image(server("one")))
    assert (again.status, again.wanted, again.deployment) == ("unchanged", first.wanted, first.deployment)
    after = len(shop.client("ecs").list_task_definitions(familyPrefix="shop-dev-api")["taskDefinitionArns"])
    assert before == after


def test_a_crashing_image_trips_the_breaker_and_the_old_tasks_serve_on(shop, first):
    running_before = {task["taskArn"] for task in tasks(shop)}
    with Load(address(shop)) as load:
        outcome = roll_out(tools(shop), API, shop.image(CRASHING))
    assert (outcome.status, outcome.serving) == ("failed", first.wanted)
    problem = outcome.problem
    assert problem is not None and problem.code == "rollout-failed"
    assert "what ran before runs on" in problem.what
    assert "exit code 3" in problem.why and "cannot start: no such table" in problem.why
    assert load.bad == [] and {answer.split()[0] for answer in load.answers} == {"one"}
    assert running_before <= {task["taskArn"] for task in tasks(shop)}
    assert serving(tools(shop), API)[1] == shop.image(server("one"))


def test_a_task_that_never_gets_healthy_gets_no_request_and_fails_the_rollout(shop, first):
    with Load(address(shop)) as load:
        outcome = roll_out(tools(shop), API, shop.image(server("sick", health=500)))
    assert (outcome.status, outcome.serving) == ("failed", first.wanted)
    assert "Task failed ELB health checks" in outcome.problem.why
    assert "codes: [500]" in outcome.problem.why
    assert load.bad == [] and {answer.split()[0] for answer in load.answers} == {"one"}


def test_a_source_changed_without_a_release_changes_nothing(shop, first):
    (shop.project.root / "services/api/main.py").write_text(server("three"))
    victim = tasks(shop)[0]["taskArn"]
    shop.client("ecs").stop_task(cluster=CLUSTER, task=victim, reason="replaced")
    until(lambda: victim not in (now := running_tasks(shop)) and len(now) == 2)
    # What was started anew is still the digest's own content.
    assert {httpx.get(address(shop)).text.split()[0] for _ in range(6)} == {"one"}


def test_back_to_the_revision_before_with_todays_secrets(shop, first):
    newer = roll_out(tools(shop), API, shop.image(server("two")))
    assert newer.before == first.wanted
    back = roll_back(tools(shop), API, newer.before)
    assert (back.status, back.wanted, back.serving) == ("done", first.wanted, first.wanted)
    assert httpx.get(address(shop)).text.startswith("one")
    assert roll_back(tools(shop), API, newer.before).status == "unchanged"


def test_terraforms_newer_shape_is_taken_over(shop, first):
    ecs = shop.client("ecs")
    changed = definition_of(
        "api", environment=[{"name": "PORT", "value": "8080"}, {"name": "GREETING", "value": "bye"}]
    )
    ecs.register_task_definition(**changed)
    outcome = roll_out(tools(shop), API, shop.image(server("one")))
    assert outcome.status == "done"
    assert httpx.get(address(shop)).text == "one bye "
    ecs.register_task_definition(**definition_of("api"))


def test_an_image_that_is_not_there(shop, first):
    absent = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/shop-dev-api@sha256:{'0' * 64}"
    outcome = roll_out(tools(shop), API, absent)
    assert (outcome.status, outcome.serving) == ("failed", first.wanted)
    assert "CannotPullContainerError" in outcome.problem.why and "not found" in outcome.problem.why


def test_a_rollout_that_was_stopped_is_followed_by_the_next(shop, first):
    stop = Stop()
    image = shop.image(server("four"))

    def report(progress):
        if "new tasks run" in progress.detail or progress.detail.startswith("from"):
            stop.ask()

    with pytest.raises(SesariError) as raised:
        roll_out(tools(shop, report, stop), API, image)
    assert raised.value.codes == ("aborted",)
    outcome = roll_out(tools(shop), API, image)
    assert outcome.problem is None
    assert httpx.get(address(shop)).text.startswith("four")
    names = shop.client("ecs").list_task_definitions(familyPrefix="shop-dev-api")["taskDefinitionArns"]
    definitions = [shop.client("ecs").describe_task_definition(taskDefinition=name)["taskDefinition"] for name in names]
    assert [one["containerDefinitions"][0]["image"] for one in definitions].count(image) == 1


def test_a_service_that_does_not_exist(shop):
    with pytest.raises(SesariError) as raised:
        roll_out(tools(shop), EcsPlace("api", "shop-dev-none"), shop.image(server("one")))
    assert raised.value.codes[0] in ("service-unknown", "aws-error")


def test_verification_of_what_really_answers(shop, first):
    cluster = EcsCluster(AwsSession(shop.reach.variables, REGION), CLUSTER)
    verifying = VerifyTools(HttpProbe().get, cluster, lambda progress: None, time.monotonic, pause=0.05)
    good = Criteria((HttpCheck("/healthz", contains="one", latency=5.0, samples=3),), bake=0.3)
    assert verify(verifying, "api", good, address(shop), None).verdict is Verdict.GOOD
    bad = verify(verifying, "api", Criteria((HttpCheck("/", contains="nine"),)), address(shop), None)
    assert bad.verdict is Verdict.BAD and "answered without 'nine'" in bad.reasons[0]
    unseen = verify(verifying, "api", Criteria(alarms=("shop-dev-none",), bake=0.1), None, None)
    assert (unseen.verdict, unseen.reasons) == (
        Verdict.INCONCLUSIVE,
        ("the alarm `shop-dev-none` could not be read",),
    )
    shop.client("cloudwatch").put_metric_alarm(
        AlarmName="shop-dev-api-errors",
        Namespace="x",
        MetricName="y",
        ComparisonOperator="GreaterThanThreshold",
        Threshold=1,
        Period=60,
        EvaluationPeriods=1,
        Statistic="Sum",
    )
    silent = verify(verifying, "api", Criteria(alarms=("shop-dev-api-errors",), bake=0.1), None, None)
    assert silent.reasons == ("the alarm `shop-dev-api-errors` has no data",)


def test_a_task_that_falls_ill_is_taken_out_and_replaced(shop, first):
    before = {task["taskArn"] for task in tasks(shop)}
    pids = task_pids(shop, "one")
    assert len(pids) == 2
    os.kill(pids[0], 19)  # stopped: it accepts connections and answers nothing
    gone = until(lambda: before - {task["taskArn"] for task in tasks(shop)}, 40)
    assert len(gone) == 1
    os.kill(pids[0], 9)
    until(lambda: len(running_tasks(shop)) == 2)


def task_pids(shop: Shop, version: str) -> list[int]:
    """Processes of this shop's cloud, and no other test's, whose program says this version."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            folder = (entry / "cwd").readlink()
            if folder.is_relative_to(shop.folder) and f"VERSION = {version!r}" in (folder / "main.py").read_text():
                found.append(int(entry.name))
        except OSError:
            continue
    return found
