"""The offline cloud as a whole, under real Terraform."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from tests import engine

from sesari.errors import SesariError
from sesari.model.access import Purpose
from sesari.model.manifest import DeliveryStore, Environment, Network, Product
from sesari.rehearsal.aws.faults import Fault
from sesari.rehearsal.cloud import Cloud, attach

PRODUCT = Product("shop", "us-east-1", "o/r")
DELIVERY = DeliveryStore("444444444444", "us-east-1")
ROOT = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

provider "aws" {
  region = "us-east-1"

  default_tags {
    tags = { product = "shop", environment = "dev" }
  }
}

resource "aws_vpc" "this" {
  cidr_block = "10.10.0.0/16"
}

resource "aws_security_group" "this" {
  name        = "tasks"
  description = "Tasks"
  vpc_id      = aws_vpc.this.id
}

resource "aws_vpc_security_group_ingress_rule" "this" {
  security_group_id = aws_security_group.this.id
  description       = "From inside"
  cidr_ipv4         = "10.10.0.0/16"
  ip_protocol       = "tcp"
  from_port         = 8080
  to_port           = 8080
}

resource "aws_sqs_queue" "jobs" {
  name                       = "shop-dev-jobs"
  visibility_timeout_seconds = 120
}

resource "aws_cloudwatch_metric_alarm" "age" {
  alarm_name          = "shop-dev-age"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = { QueueName = aws_sqs_queue.jobs.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = 60
}
"""


def environment(name: str, account: str) -> Environment:
    return Environment(
        name=name,
        account=account,
        region="us-east-1",
        protect=False,
        network=Network("10.0.0.0/16", "none"),
        vercel_team=f"team-{name}",
        supabase_organization=f"org-{name}",
        allow_destroy=(),
        alarm_emails=(),
        services={},
        queues={},
        database=None,
        secrets={},
    )


ENVIRONMENTS = {"dev": environment("dev", "111111111111"), "staging": environment("staging", "222222222222")}


def start(folder: Path) -> Cloud:
    return Cloud.start(folder, ENVIRONMENTS, DELIVERY, PRODUCT)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with start(tmp_path_factory.mktemp("cloud")) as running:
        yield running


def terraform(root: Path, cloud: Cloud, *arguments: str) -> subprocess.CompletedProcess[str]:
    variables = cloud.access().reach("dev", Purpose.BOOTSTRAP).variables
    place = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [*engine.command(), *arguments, "-no-color"],
        cwd=root,
        env={**place, **variables, "TF_CLI_CONFIG_FILE": "/dev/null", "TF_IN_AUTOMATION": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def client(variables: Mapping[str, str], service: str) -> Any:
    return boto3.client(
        service,
        region_name=variables["AWS_REGION"],
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=variables.get("AWS_SESSION_TOKEN"),
    )


def applied(root: Path, cloud: Cloud) -> None:
    root.mkdir(exist_ok=True)
    (root / "main.tf").write_text(ROOT)
    for arguments in (("init",), ("apply", "-auto-approve"), ("plan", "-detailed-exitcode")):
        done = terraform(root, cloud, *arguments)
        assert done.returncode == 0, done.stdout + done.stderr


def test_drift_by_hand_is_found_and_closed_even_after_a_restart(tmp_path: Path) -> None:
    root, folder = tmp_path / "root", tmp_path / "cloud"
    with start(folder) as cloud:
        applied(root, cloud)
        variables = cloud.access().reach("dev", Purpose.BOOTSTRAP).variables
        rules = client(variables, "ec2").describe_security_group_rules()["SecurityGroupRules"]
        ours = next(one for one in rules if one.get("Description") == "From inside")
        opened = {"IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080, "CidrIpv4": "0.0.0.0/0"}
        client(variables, "ec2").modify_security_group_rules(
            GroupId=ours["GroupId"],
            SecurityGroupRules=[{"SecurityGroupRuleId": ours["SecurityGroupRuleId"], "SecurityGroupRule": opened}],
        )
        sqs = client(variables, "sqs")
        url = sqs.get_queue_url(QueueName="shop-dev-jobs")["QueueUrl"]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "7"})
        client(variables, "cloudwatch").delete_alarms(AlarmNames=["shop-dev-age"])
    with start(folder) as cloud:
        found = terraform(root, cloud, "plan", "-detailed-exitcode")
        assert found.returncode == 2, found.stdout + found.stderr
        for words in ('"0.0.0.0/0" -> "10.10.0.0/16"', "7 -> 120", "aws_cloudwatch_metric_alarm.age will be created"):
            assert words in found.stdout
        assert "2 to change" in found.stdout
        assert terraform(root, cloud, "apply", "-auto-approve").returncode == 0
        assert terraform(root, cloud, "plan", "-detailed-exitcode").returncode == 0
        assert terraform(root, cloud, "destroy", "-auto-approve").returncode == 0


def test_a_fault_shows_as_the_real_providers_error_and_the_next_apply_continues(tmp_path: Path, cloud: Cloud) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "main.tf").write_text(ROOT.replace("shop-dev", "shop-faulty"))
    assert terraform(root, cloud, "init").returncode == 0
    cloud.plan_faults(
        [
            Fault("sqs", "CreateQueue", "AccessDenied"),
            Fault("ec2", "DescribeSecurityGroupRules", "InternalError", nth=2),
        ]
    )
    broken = terraform(root, cloud, "apply", "-auto-approve")
    assert broken.returncode == 1
    assert (
        "creating SQS Queue (shop-faulty-jobs): operation error SQS: CreateQueue, https response error "
        "StatusCode: 403" in " ".join(broken.stderr.split())
    )
    cloud.plan_faults([])
    again = terraform(root, cloud, "apply", "-auto-approve")
    assert again.returncode == 0, again.stderr
    assert terraform(root, cloud, "plan", "-detailed-exitcode").returncode == 0
    assert terraform(root, cloud, "destroy", "-auto-approve").returncode == 0


def test_another_process_attaches_and_gets_the_same_cloud(cloud: Cloud) -> None:
    reach = attach(cloud.folder).access().reach("dev", Purpose.BOOTSTRAP)
    assert client(reach.variables, "sts").get_caller_identity()["Account"] == "111111111111"
    assert set(json.loads(reach.variables["TF_REATTACH_PROVIDERS"])) == {
        f"registry.terraform.io/{name}" for name in ("hashicorp/aws", "vercel/vercel", "supabase/supabase")
    }
    record = (cloud.folder / "cloud.json").read_text()
    assert reach.variables["VERCEL_API_TOKEN"] not in record
    assert reach.variables["AWS_SECRET_ACCESS_KEY"] not in record


def test_roles_that_do_not_exist_yet_are_refused_with_the_way_out(cloud: Cloud) -> None:
    with pytest.raises(SesariError) as refusal:
        cloud.access().reach("dev", Purpose.DEPLOY)
    assert refusal.value.codes == ("role-not-assumed",)
    assert "sesari bootstrap" in str(refusal.value.problems[0].hint)
    with pytest.raises(SesariError) as unknown:
        cloud.access().reach("prod", Purpose.PLAN)
    assert unknown.value.codes == ("unknown-environment",)


def test_tokens_reach_their_own_team_only(cloud: Cloud) -> None:
    variables = cloud.access().reach("staging", Purpose.BOOTSTRAP).variables
    headers = {"authorization": f"Bearer {variables['VERCEL_API_TOKEN']}"}
    base = variables["SESARI_VERCEL_API"]
    assert httpx.get(f"{base}/v2/teams/team-staging", headers=headers).json()["slug"] == "team-staging"
    assert httpx.get(f"{base}/v2/teams/team-dev", headers=headers).status_code == 403


def test_a_second_cloud_in_the_folder_is_refused(cloud: Cloud) -> None:
    with pytest.raises(SesariError) as refusal:
        start(cloud.folder)
    assert refusal.value.codes == ("rehearsal-already-running",)


def test_an_empty_folder_has_no_cloud(tmp_path: Path) -> None:
    with pytest.raises(SesariError) as refusal:
        attach(tmp_path)
    assert refusal.value.codes == ("rehearsal-not-running",)


def test_every_type_has_a_label(cloud: Cloud) -> None:
    labels = cloud.labels()
    assert labels["aws_sqs_queue"] == "emulated"
    assert labels["aws_appautoscaling_policy"] == "recorded only"
    assert labels["vercel_project"] == "recorded only"


def test_everything_is_private_to_the_user(cloud: Cloud) -> None:
    paths = [path for path in cloud.folder.rglob("*") if path.is_file() and not path.is_symlink()]
    assert paths
    assert [str(path) for path in paths if path.stat().st_mode & 0o077] == []


def test_every_server_listens_on_the_loopback_only(cloud: Cloud) -> None:
    pids = json.loads((cloud.folder / "cloud.json").read_text())["pids"].values()
    sockets = {str(link.readlink()) for pid in pids for link in Path(f"/proc/{pid}/fd").iterdir()}
    listening = [
        line.split()[1]
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        if line.split()[3] == "0A" and f"socket:[{line.split()[9]}]" in sockets
    ]
    assert len(listening) == 2
    assert all(address.startswith("0100007F:") for address in listening)


def test_a_killed_owner_takes_its_children_along_and_loses_nothing(tmp_path: Path) -> None:
    script = (
        "import sys, time; sys.path.insert(0, sys.argv[2]); from pathlib import Path\n"
        "from test_cloud import start, Purpose, client\n"
        "cloud = start(Path(sys.argv[1]))\n"
        "variables = cloud.access().reach('dev', Purpose.BOOTSTRAP).variables\n"
        "client(variables, 'sqs').create_queue(QueueName='kept')\n"
        "print('ready', flush=True); time.sleep(60)\n"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path), str(Path(__file__).parent)], stdout=subprocess.PIPE
    )
    assert owner.stdout is not None
    assert owner.stdout.readline() == b"ready\n"
    pids = json.loads((tmp_path / "cloud.json").read_text())["pids"].values()
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    owner.stdout.close()
    deadline = time.monotonic() + 20
    while any(alive(pid) for pid in pids):
        assert time.monotonic() < deadline, "a child outlived its owner"
        time.sleep(0.1)
    with start(tmp_path) as cloud:
        variables = cloud.access().reach("dev", Purpose.BOOTSTRAP).variables
        assert client(variables, "sqs").get_queue_url(QueueName="kept")["QueueUrl"]


def alive(pid: int) -> bool:
    with suppress(FileNotFoundError):
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    return False
