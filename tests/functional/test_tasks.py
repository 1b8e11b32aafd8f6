"""Tasks of the offline cloud: their secrets, how they end, and that they end with it."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import httpx
import pytest
from tests.functional.running_tasks import (
    ACCOUNT,
    CLUSTER,
    REGION,
    Shop,
    definition_of,
    running,
    server,
    until,
)

from sesari.drivers.aws_session import AwsSession
from sesari.drivers.ecs import EcsCluster
from sesari.pipeline.rollout import EcsPlace, RolloutOutcome, RolloutTools, roll_back, roll_out
from sesari.rehearsal.cloud_child import Child
from sesari.rehearsal.tasks.roles import StartRefused, read_reference

# A worker as the example's: receives, works a while, deletes; at SIGTERM it finishes what it holds and takes no more.
WORKER = """
import boto3, os, signal, sys, time
stopping = []
signal.signal(signal.SIGTERM, lambda *_: stopping.append(1))
sqs = boto3.client("sqs")
url = os.environ["QUEUE_URL"]
print("started")
while not stopping:
    for message in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", []):
        print("begun", message["Body"])
        time.sleep(float(os.environ["WORK"]))
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        print("done", message["Body"])
print("drained")
"""
DEAF = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('deaf')\ntime.sleep(60)\n"


def tools(shop: Shop, limit: float = 60.0) -> RolloutTools:
    cluster = EcsCluster(AwsSession(shop.reach.variables, REGION), CLUSTER)
    return RolloutTools(cluster, lambda progress: None, time.monotonic, pause=0.1, limit=limit)


def place(name: str) -> EcsPlace:
    return EcsPlace(name, f"shop-dev-{name}")


def tasks(shop: Shop, name: str, *, stopped: bool):
    return tools(shop).cluster.tasks(f"shop-dev-{name}", stopped=stopped)


def lines(shop: Shop, name: str) -> list[str]:
    """Everything that the service's tasks have said."""
    logs, group = shop.client("logs"), f"/shop/dev/{name}"
    streams = [one["logStreamName"] for one in logs.describe_log_streams(logGroupName=group)["logStreams"]]
    return [
        event["message"]
        for stream in streams
        for event in logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True)["events"]
    ]


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    with running(tmp_path_factory.mktemp("tasks"), healthy_within=4.0) as held:
        yield held


def secret(shop: Shop, name: str, value: str) -> str:
    return shop.client("secretsmanager").create_secret(Name=f"shop/dev/{name}", SecretString=value)["ARN"]


def reads(*arns: str):
    return {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": list(arns)}


def secret_service(shop: Shop, name: str, arn: str, allowed: str, value_from: str | None = None) -> RolloutOutcome:
    container = {"secrets": [{"name": "TOKEN", "valueFrom": value_from or arn}]}
    shop.make_service(name, execution=[reads(allowed)], container=container)
    return roll_out(tools(shop), place(name), shop.image(server("one"), name))


def test_secrets_are_read_by_stage_and_version_under_the_execution_role(shop):
    arn = secret(shop, "CURRENT", "old")
    assert secret_service(shop, "current", arn, arn).status == "done"
    url = shop.balancer("current")
    assert httpx.get(url).text == "one hello old"
    changed = shop.client("secretsmanager").put_secret_value(SecretId=arn, SecretString="new")
    # A running task keeps what it got; whatever starts now gets the current one, also an old revision.
    assert httpx.get(url).text == "one hello old"
    second = roll_out(tools(shop), place("current"), shop.image(server("two"), "current"))
    assert httpx.get(url).text == "two hello new"
    back = roll_back(tools(shop), place("current"), second.before)
    assert (back.serving, httpx.get(url).text) == (second.before, "one hello new")
    # Terraform's shape names a stage, then a version: each gets exactly that.
    for reference, value in ((f"{arn}::AWSPREVIOUS:", "old"), (f"{arn}:::{changed['VersionId']}", "new")):
        secrets = [{"name": "TOKEN", "valueFrom": reference}]
        shop.client("ecs").register_task_definition(**definition_of("current", secrets=secrets))
        assert roll_out(tools(shop), place("current"), shop.image(server("one"), "current")).status == "done"
        assert httpx.get(url).text == f"one hello {value}"


def test_a_key_of_a_json_secret(shop):
    arn = secret(shop, "JSON", json.dumps({"password": "inner"}))
    assert secret_service(shop, "json", arn, arn, f"{arn}:password::").status == "done"
    assert httpx.get(shop.balancer("json")).text == "one hello inner"


def test_a_secret_that_the_role_may_not_read_fails_the_task_with_the_reason(shop):
    arn, other = secret(shop, "MINE", "mine-value"), secret(shop, "OTHER", "other-value")
    outcome = secret_service(shop, "denied", other, arn)
    assert outcome.status == "failed"
    assert "ResourceInitializationError: unable to pull secrets" in outcome.problem.why
    assert "AccessDenied" in outcome.problem.why and other in outcome.problem.why
    assert "other-value" not in str(outcome.problem)
    assert "nothing else runs in its place" in outcome.problem.what


def test_a_role_that_does_not_trust_ecs_starts_nothing(shop):
    shop.make_service("untrusted")
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    shop.client("iam").update_assume_role_policy(
        RoleName="shop-dev-untrusted-execution",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    outcome = roll_out(tools(shop), place("untrusted"), shop.image(server("one"), "untrusted"))
    assert outcome.status == "failed" and "unable to assume the role" in outcome.problem.why


SECRET = "arn:aws:secretsmanager:us-east-1:1:secret:x-1"


@pytest.mark.parametrize(
    ("value_from", "told"),
    [
        (SECRET, (SECRET, None, None, None)),
        (f"{SECRET}:k::", (SECRET, "k", None, None)),
        (f"{SECRET}::S:v", (SECRET, None, "S", "v")),
    ],
)
def test_what_value_from_names(value_from, told):
    found = read_reference(value_from)
    assert (found.secret, found.key, found.stage, found.version) == told


@pytest.mark.parametrize("value_from", ["x", "arn:aws:ssm:us-east-1:1:parameter/x", f"{SECRET}:k"])
def test_what_value_from_cannot_name(value_from):
    with pytest.raises(StartRefused):
        read_reference(value_from)


def test_a_worker_drains_on_sigterm_and_no_message_is_lost(shop):
    sqs = shop.client("sqs")
    url = sqs.create_queue(QueueName="shop-dev-jobs", Attributes={"VisibilityTimeout": "60"})["QueueUrl"]
    queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:shop-dev-jobs"
    actions = ["sqs:ReceiveMessage", "sqs:DeleteMessage"]
    container = {
        "portMappings": None,
        "stopTimeout": 10,
        "environment": [{"name": "QUEUE_URL", "value": url}, {"name": "WORK", "value": "1.0"}],
    }
    statement = {"Effect": "Allow", "Action": actions, "Resource": queue}
    shop.make_service("worker", task=[statement], container=container, balanced=False)
    assert roll_out(tools(shop), place("worker"), shop.image(WORKER + "# one\n", "worker")).status == "done"
    for number in range(6):
        sqs.send_message(QueueUrl=url, MessageBody=str(number))
    until(lambda: any(line.startswith("begun") for line in lines(shop, "worker")))
    assert roll_out(tools(shop), place("worker"), shop.image(WORKER + "# two\n", "worker")).status == "done"
    # The old task is on its way, not gone, while it still works.
    until(lambda: [task for task in tasks(shop, "worker", stopped=True) if task["lastStatus"] == "STOPPED"][:1])
    until(lambda: sum(line.startswith("done") for line in lines(shop, "worker")) == 6)
    said = lines(shop, "worker")
    assert sorted(line for line in said if line.startswith("done")) == [f"done {number}" for number in range(6)]
    assert sum(line.startswith("begun") for line in said) == 6  # nothing was begun twice
    assert "drained" in said
    (old,) = [task for task in tasks(shop, "worker", stopped=True) if "CannotPull" not in task["stoppedReason"]]
    assert (old["lastStatus"], old["stopCode"], old["containers"][0]["exitCode"]) == (
        "STOPPED",
        "ServiceSchedulerInitiated",
        0,
    )


def test_a_task_that_ignores_sigterm_is_killed_after_its_stop_timeout(shop):
    shop.make_service("deaf", container={"portMappings": None, "stopTimeout": 2}, balanced=False)
    assert roll_out(tools(shop), place("deaf"), shop.image(DEAF, "deaf")).status == "done"
    (task,) = tasks(shop, "deaf", stopped=False)
    shop.client("ecs").update_service(cluster=CLUSTER, service="shop-dev-deaf", desiredCount=0)

    def now():
        (found,) = [one for one in tasks(shop, "deaf", stopped=True) if one["taskArn"] == task["taskArn"]]
        return found

    assert now()["lastStatus"] == "STOPPING"
    assert until(lambda: now()["lastStatus"] == "STOPPED" and now())["containers"][0]["exitCode"] == 137


def test_a_service_without_tasks_says_that_nothing_was_shown(shop):
    shop.make_service("idle", container={"portMappings": None}, balanced=False, tasks=0)
    outcome = roll_out(tools(shop), place("idle"), shop.image(DEAF, "idle"))
    assert outcome.status == "done" and "nothing has shown that it starts" in outcome.note


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_tasks_end_with_the_cloud(tmp_path, how):
    with running(tmp_path) as shop:
        shop.make_service("api")
        assert roll_out(tools(shop), place("api"), shop.image(server("one"))).status == "done"
        url = shop.balancer()
        assert httpx.get(url).status_code == 200
        pids = below(shop.folder)
        assert len(pids) == 1
        os.kill(emulator_of(shop), how)
        until(lambda: not any(Path(f"/proc/{pid}").exists() and not zombie(pid) for pid in pids), 15)
        with pytest.raises(httpx.HTTPError):
            httpx.get(url)


def test_a_restarted_cloud_starts_its_tasks_again_at_the_same_address(tmp_path):
    with running(tmp_path) as shop:
        shop.make_service("api")
        assert roll_out(tools(shop), place("api"), shop.image(server("one"))).status == "done"
        url = shop.balancer()
    child = Child(
        "aws",
        "sesari.rehearsal.aws.server",
        ["--folder", str(shop.folder / "aws"), "--port", shop.url.rsplit(":", 1)[1]],
        tmp_path / "again.log",
    )
    try:
        child.ready()

        def serves() -> bool:
            try:
                return httpx.get(url).text.startswith("one")
            except httpx.HTTPError:
                return False

        until(serves)
        assert shop.balancer() == url
    finally:
        child.ask_to_stop()
        child.wait()


def below(folder: Path) -> list[int]:
    """Processes that work in an image unpacked below the cloud's folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cwd").readlink().is_relative_to(folder / "aws" / "tasks" / "unpacked"):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def emulator_of(shop: Shop) -> int:
    (pid,) = [
        int(entry.name)
        for entry in Path("/proc").glob("[0-9]*")
        if str(shop.folder / "aws") in command(entry) and "sesari.rehearsal.aws.server" in command(entry)
    ]
    return pid


def command(entry: Path) -> str:
    try:
        return (entry / "cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


def zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True
