"""The provider doubles under real Terraform. Without `terraform` on PATH these tests fail and say so."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sesari.rehearsal.provider.assembly import Habitat, load_schema, recorded_backend
from sesari.rehearsal.provider.fabricate import Place
from sesari.rehearsal.provider.recorded import Recorded
from sesari.rehearsal.provider.store import RecordStore

ACCOUNT = "111111111111"
REGION = "us-east-1"
HEADER = """
terraform {
  required_providers {
    aws      = { source = "hashicorp/aws", version = "5.100.0" }
    vercel   = { source = "vercel/vercel", version = "5.10.0" }
    supabase = { source = "supabase/supabase", version = "1.10.1" }
  }
}
"""
PROVIDER = """
provider "aws" {
  region              = "us-east-1"
  allowed_account_ids = ["111111111111"]
  default_tags { tags = { product = "shop", managed-by = "terraform" } }
}
"""


@dataclass
class Daemon:
    folder: Path
    process: subprocess.Popen[str]
    ready: dict[str, Any]

    def variables(self, identity: str = "deploy") -> dict[str, str]:
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("TF_")},
            "TF_CLI_CONFIG_FILE": os.devnull,
            "TF_REATTACH_PROVIDERS": json.dumps(self.ready["reattach"][identity]),
            "CHECKPOINT_DISABLE": "1",
        }

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=40)

    def recorded(self, provider: str = "aws") -> Recorded:
        habitat = Habitat(self.folder, "dev", Place(ACCOUNT, REGION))
        return recorded_backend(load_schema(provider), habitat, RecordStore(habitat.record_file(provider)))

    def faults(self, *faults: dict[str, Any]) -> None:
        (self.folder / "faults.json").write_text(json.dumps(faults))


def start(folder: Path) -> Daemon:
    argv = [sys.executable, "-m", "sesari.rehearsal.provider", "--folder", str(folder)]
    argv += ["--environment", "dev", "--account", ACCOUNT, "--region", REGION]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return Daemon(folder, process, json.loads(process.stdout.readline()))


@dataclass
class Root:
    """A root module on a daemon, and Terraform run in it."""

    folder: Path
    daemon: Daemon

    def run(self, *arguments: str, identity: str = "deploy", exit_codes: tuple[int, ...] = (0,)) -> str:
        assert shutil.which("terraform"), "these tests need `terraform` (>= 1.11) on PATH"
        done = subprocess.run(
            ["terraform", *arguments],
            cwd=self.folder,
            env=self.daemon.variables(identity),
            text=True,
            capture_output=True,
            timeout=120,
        )
        assert done.returncode in exit_codes, done.stdout + done.stderr
        return done.stdout + done.stderr

    def write(self, *parts: str) -> None:
        (self.folder / "main.tf").write_text("\n".join((HEADER, *parts)))

    def apply(self, *parts: str) -> str:
        """Write, apply, and require that a second plan is empty."""
        self.write(*parts)
        output = self.run("apply", "-auto-approve", "-no-color")
        self.require_empty()
        return output

    def require_empty(self) -> None:
        code_two = self.run("plan", "-detailed-exitcode", "-no-color", exit_codes=(0, 2))
        assert "No changes" in code_two, code_two

    def plan(self) -> dict[str, Any]:
        self.run("plan", "-out=plan", "-no-color")
        document: dict[str, Any] = json.loads(self.run("show", "-json", "plan"))
        return document

    def changes(self) -> dict[str, dict[str, Any]]:
        return {
            change["address"]: change["change"]
            for change in self.plan().get("resource_changes", [])
            if change["change"]["actions"] != ["no-op"]
        }

    def outputs(self) -> dict[str, Any]:
        return {name: output["value"] for name, output in json.loads(self.run("output", "-json")).items()}

    def attributes(self, address: str) -> dict[str, Any]:
        state = json.loads(self.run("show", "-json"))
        found = [one for one in state["values"]["root_module"]["resources"] if one["address"] == address]
        assert found, f"{address} is not in the state"
        values: dict[str, Any] = found[0]["values"]
        return values


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    started = start(tmp_path / "cloud")
    yield started
    started.stop()


@pytest.fixture
def root(daemon: Daemon, tmp_path: Path) -> Root:
    return make_root(tmp_path / "root", daemon)


def make_root(folder: Path, daemon: Daemon) -> Root:
    folder.mkdir()
    made = Root(folder, daemon)
    made.write(PROVIDER)
    made.run("init", "-no-color")
    return made


VPC = 'resource "aws_vpc" "this" {\n  cidr_block = "10.0.0.0/16"\n}\n'
GROUP = """
resource "aws_security_group" "this" {
  name   = "web"
  vpc_id = aws_vpc.this.id
  %s
}
"""


def ingress(*ports: int) -> str:
    return "\n".join(
        f'ingress {{\n from_port = {p}\n to_port = {p}\n protocol = "tcp"\n cidr_blocks = ["10.0.0.0/8"]\n}}'
        for p in ports
    )


def test_create_then_an_empty_plan_then_destroy(root: Root) -> None:
    root.apply(
        PROVIDER,
        VPC,
        'resource "aws_subnet" "this" {\n for_each = { a = "10.0.1.0/24", b = "10.0.2.0/24" }\n'
        " vpc_id = aws_vpc.this.id\n cidr_block = each.value\n}",
        'resource "aws_lb" "this" {\n name = "web"\n subnets = [for s in aws_subnet.this : s.id]\n}',
    )
    assert root.attributes("aws_vpc.this")["arn"].startswith(f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc/vpc-")
    assert len(root.attributes("aws_lb.this")["subnets"]) == 2
    assert root.daemon.recorded().store.counts() == {"aws_lb": 1, "aws_subnet": 2, "aws_vpc": 1}
    root.run("destroy", "-auto-approve", "-no-color")
    assert root.daemon.recorded().store.counts() == {}


def test_an_edit_updates_in_place_and_keeps_computed_values(root: Root) -> None:
    root.apply(PROVIDER, VPC)
    before = root.attributes("aws_vpc.this")
    root.write(PROVIDER, VPC.replace("}", '  enable_dns_hostnames = true\n  tags = { Name = "n" }\n}'))
    (change,) = root.changes().values()
    assert change["actions"] == ["update"]
    assert change["after"]["id"] == before["id"]
    assert change["after"]["tags_all"] == {"Name": "n", "product": "shop", "managed-by": "terraform"}
    assert not any(change["after_unknown"].values())
    root.run("apply", "-auto-approve", "-no-color")
    root.require_empty()


def test_an_attribute_that_forces_a_replacement_does_and_its_dependents_follow(root: Root) -> None:
    subnet = 'resource "aws_subnet" "this" {\n vpc_id = aws_vpc.this.id\n cidr_block = "10.0.1.0/24"\n}'
    root.apply(PROVIDER, VPC, subnet)
    before = root.attributes("aws_vpc.this")["id"]
    root.write(PROVIDER, VPC.replace("10.0.0.0/16", "10.0.0.0/15"), subnet)
    changes = root.changes()
    assert changes["aws_vpc.this"]["actions"] == ["delete", "create"]
    assert changes["aws_vpc.this"]["replace_paths"] == [["cidr_block"]]
    assert changes["aws_subnet.this"]["actions"] == ["delete", "create"]
    root.run("apply", "-auto-approve", "-no-color")
    root.require_empty()
    assert root.attributes("aws_vpc.this")["id"] != before
    assert root.daemon.recorded().store.counts() == {"aws_subnet": 1, "aws_vpc": 1}


def test_sigterm_finishes_the_call_in_flight(root: Root) -> None:
    root.write(PROVIDER, VPC)
    root.daemon.faults({"type": "aws_vpc", "operation": "create", "hang_seconds": 2})
    with ThreadPoolExecutor(1) as pool:
        applying = pool.submit(root.run, "apply", "-auto-approve", "-no-color", exit_codes=(0, 1))
        calls = root.daemon.folder / "calls.jsonl"
        time.sleep(1)
        assert root.daemon.stop() == 0
        applying.result()
    assert '"operation": "create"' in calls.read_text() and '"outcome": "ok"' in calls.read_text()
    assert root.daemon.recorded().store.counts() == {"aws_vpc": 1}


def test_default_tags_reach_the_state_and_a_new_default_is_an_update(root: Root) -> None:
    root.apply(PROVIDER, VPC.replace("}", '  tags = { product = "mine" }\n}'))
    state = root.attributes("aws_vpc.this")
    assert state["tags"] == {"product": "mine"}
    assert state["tags_all"] == {"product": "mine", "managed-by": "terraform"}
    root.write(PROVIDER.replace('"terraform"', '"hand"'), VPC.replace("}", '  tags = { product = "mine" }\n}'))
    assert root.changes()["aws_vpc.this"]["actions"] == ["update"]


def test_the_order_of_a_set_is_no_change_and_a_new_element_is_one(root: Root) -> None:
    root.apply(PROVIDER, VPC, GROUP % ingress(80, 443))
    root.write(PROVIDER, VPC, GROUP % ingress(443, 80))
    assert root.changes() == {}
    root.write(PROVIDER, VPC, GROUP % ingress(443, 80, 8080))
    change = root.changes()["aws_security_group.this"]
    assert change["actions"] == ["update"]
    assert sorted(rule["from_port"] for rule in change["after"]["ingress"]) == [80, 443, 8080]


def test_drift_by_hand_is_seen_and_repaired(root: Root) -> None:
    root.apply(PROVIDER, VPC, GROUP % ingress(80))
    backend = root.daemon.recorded()
    id = root.attributes("aws_security_group.this")["id"]
    open_rule = {**backend.store.get("aws_security_group", id)["ingress"][0], "cidr_blocks": ["0.0.0.0/0"]}
    backend.mutate("aws_security_group", id, {"ingress": [open_rule]})
    plan = root.plan()
    assert [drift["address"] for drift in plan["resource_drift"]] == ["aws_security_group.this"]
    root.run("apply", "-auto-approve", "-no-color")
    assert backend.store.get("aws_security_group", id)["ingress"][0]["cidr_blocks"] == ["10.0.0.0/8"]
    backend.mutate("aws_security_group", id, None)
    assert root.changes()["aws_security_group.this"]["actions"] == ["create"]


def test_import_adopts_what_is_recorded_and_refuses_what_is_not(root: Root) -> None:
    root.apply(PROVIDER, VPC)
    id = root.attributes("aws_vpc.this")["id"]
    root.run("state", "rm", "aws_vpc.this")
    refused = root.run("import", "-no-color", "aws_vpc.this", "vpc-none", exit_codes=(1,))
    assert "Cannot import non-existent remote object" in refused
    root.run("import", "-no-color", "aws_vpc.this", id)
    root.require_empty()


def test_data_sources_and_functions_tell_the_place(root: Root) -> None:
    root.apply(
        PROVIDER,
        'data "aws_caller_identity" "me" {}\ndata "aws_region" "here" {}\ndata "aws_availability_zones" "all" {}',
        'resource "aws_ecs_cluster" "this" {\n name = "c"\n}',
        'data "aws_ecs_cluster" "found" {\n cluster_name = aws_ecs_cluster.this.name\n}',
        'output "all" {\n value = [data.aws_caller_identity.me.account_id, data.aws_region.here.name,'
        " data.aws_availability_zones.all.names, data.aws_ecs_cluster.found.arn]\n}",
        'output "build" {\n value = provider::aws::arn_build("aws", "s3", "", "", "bucket")\n}',
        'output "parse" {\n value = provider::aws::arn_parse("arn:aws:iam::1:role/a/b").resource\n}',
        'output "trim" {\n value = provider::aws::trim_iam_role_path("arn:aws:iam::1:role/a/b")\n}',
    )
    outputs = root.outputs()
    assert outputs["all"][:2] == [ACCOUNT, REGION]
    assert outputs["all"][2] == ["us-east-1a", "us-east-1b", "us-east-1c"]
    assert outputs["all"][3] == f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/c"
    assert (outputs["build"], outputs["parse"]) == ("arn:aws:s3:::bucket", "role/a/b")
    assert outputs["trim"] == "arn:aws:iam::1:role/b"
    root.write(PROVIDER, 'output "x" {\n value = provider::aws::arn_parse("nope")\n}')
    assert "arn: invalid prefix" in root.run("plan", "-no-color", exit_codes=(1,))


def test_an_ephemeral_value_into_a_write_only_attribute_leaves_no_trace(root: Root) -> None:
    secret = (
        'ephemeral "aws_secretsmanager_random_password" "made" {\n password_length = 40\n}\n'
        'resource "aws_secretsmanager_secret" "this" {\n name = "s"\n}\n'
        'resource "aws_secretsmanager_secret_version" "this" {\n secret_id = aws_secretsmanager_secret.this.id\n'
        " secret_string_wo = ephemeral.aws_secretsmanager_random_password.made.random_password\n"
        " secret_string_wo_version = %d\n}"
    )
    root.apply(PROVIDER, secret % 1)
    assert root.attributes("aws_secretsmanager_secret_version.this")["secret_string_wo"] is None
    root.write(PROVIDER, secret % 2)
    assert root.changes()["aws_secretsmanager_secret_version.this"]["actions"] in (["update"], ["delete", "create"])
    root.run("apply", "-auto-approve", "-no-color")
    root.require_empty()
    marked = (
        'resource "aws_ssm_parameter" "p" {\n name = "/p"\n type = "SecureString"\n'
        ' value_wo = "%s"\n value_wo_version = 1\n}'
    )
    root.apply(PROVIDER, marked % "MARKED-VALUE")
    leaks = [
        path
        for folder in (root.folder, root.daemon.folder)
        for path in folder.rglob("*")
        if path.is_file() and path.name != "main.tf" and b"MARKED-VALUE" in path.read_bytes()
    ]
    assert leaks == []


def test_vercel_and_supabase_chains_of_unknown_values(root: Root) -> None:
    root.apply(
        'resource "vercel_project" "web" {\n name = "web"\n framework = "nextjs"\n}',
        'resource "vercel_project_environment_variables" "all" {\n project_id = vercel_project.web.id\n'
        " variables = [\n"
        '  { key = "A", value = "1", target = ["production"], sensitive = false },\n'
        '  { key = "B", value = supabase_project.db.id, target = ["production", "preview"], sensitive = false }\n'
        " ]\n}",
        'resource "supabase_project" "db" {\n name = "db"\n organization_id = "o"\n database_password = "p"\n'
        ' region = "us-east-1"\n lifecycle {\n  ignore_changes = [database_password]\n }\n}',
    )
    assert root.attributes("vercel_project.web")["id"].startswith("prj_")
    project = root.attributes("supabase_project.db")["id"]
    assert len(project) == 20 and project.isalpha()


def test_a_value_for_a_computed_attribute_is_refused(root: Root) -> None:
    root.write(PROVIDER, VPC.replace("}", '  arn = "mine"\n}'))
    refused = root.run("validate", "-no-color", exit_codes=(1,))
    assert "Value for unconfigurable attribute" in refused
    assert 'Can\'t configure a value for "arn"' in refused


def test_a_wrong_account_is_refused_before_anything_is_made(root: Root) -> None:
    root.write(PROVIDER.replace(ACCOUNT, "222222222222"), VPC)
    refused = root.run("apply", "-auto-approve", "-no-color", exit_codes=(1,))
    assert f"AWS account ID not allowed: {ACCOUNT}" in refused
    assert root.daemon.recorded().store.counts() == {}


def test_the_plan_identity_reads_but_writes_nothing(root: Root) -> None:
    root.write(PROVIDER, VPC)
    root.run("plan", "-no-color", identity="plan")
    refused = root.run("apply", "-auto-approve", "-no-color", identity="plan", exit_codes=(1,))
    assert "AccessDenied" in refused and "dev-plan" in refused
    assert root.daemon.recorded().store.counts() == {}


@pytest.mark.parametrize(
    ("error", "seen"),
    [
        ("AccessDenied", "is not authorized to perform: ec2"),
        ("Throttling", "ThrottlingException: Rate exceeded"),
        ("Timeout", "context deadline exceeded"),
        ("ServerError", "StatusCode: 500"),
    ],
)
def test_a_fault_is_seen_as_the_real_provider_shows_it_and_the_next_apply_goes_on(
    root: Root, error: str, seen: str
) -> None:
    two = VPC + VPC.replace('"this"', '"other"')
    root.write(PROVIDER, two)
    root.daemon.faults({"type": "aws_vpc", "operation": "create", "nth": 2, "error": error})
    broken = " ".join(root.run("apply", "-auto-approve", "-no-color", exit_codes=(1,)).replace("│", "").split())
    assert seen in broken and "creating VPC" in broken
    assert root.daemon.recorded().store.counts() == {"aws_vpc": 1}
    root.apply(PROVIDER, two)
    assert root.daemon.recorded().store.counts() == {"aws_vpc": 2}


def test_a_killed_daemon_loses_nothing_that_was_applied(tmp_path: Path) -> None:
    first = start(tmp_path / "cloud")
    root = make_root(tmp_path / "root", first)
    root.apply(PROVIDER, VPC)
    first.faults({"type": "aws_vpc", "operation": "read", "nth": 1, "kill": True})
    root.run("plan", "-no-color", exit_codes=(1,))
    assert first.process.wait(timeout=10) == -signal.SIGKILL
    second = start(tmp_path / "cloud")
    try:
        Root(root.folder, second).require_empty()
    finally:
        assert second.stop() == 0


def test_two_applies_at_once_on_one_daemon(daemon: Daemon, tmp_path: Path) -> None:
    roots = [make_root(tmp_path / name, daemon) for name in ("one", "two")]
    many = 'resource "aws_sqs_queue" "q" {\n count = 30\n name = "%s-${count.index}"\n}'
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda root: root.apply(PROVIDER, many % root.folder.name), roots))
    assert daemon.recorded().store.counts() == {"aws_sqs_queue": 60}


def test_every_call_is_logged_without_values(root: Root) -> None:
    root.apply(
        PROVIDER, 'resource "aws_ssm_parameter" "p" {\n name = "/p"\n type = "String"\n value = "MARKED-VALUE"\n}'
    )
    text = (root.daemon.folder / "calls.jsonl").read_text()
    calls = [json.loads(line) for line in text.splitlines()]
    assert {
        "provider": "aws",
        "environment": "dev",
        "identity": "deploy",
        "operation": "create",
        "outcome": "ok",
    }.items() <= (calls[0].items())
    assert "MARKED-VALUE" not in text


def test_a_folder_too_deep_for_sockets_is_served_all_the_same(tmp_path: Path) -> None:
    deep = start(tmp_path / ("deep-" * 20) / "cloud")
    root = make_root(tmp_path / "root", deep)
    root.apply(PROVIDER, VPC)
    (socket, *_) = (one["Addr"]["String"] for one in deep.ready["reattach"]["deploy"].values())
    assert deep.stop() == 0
    assert not Path(socket).parent.exists()


def test_sigint_is_ignored_and_the_daemon_goes_with_its_parent(tmp_path: Path) -> None:
    script = (
        "import subprocess, sys, time\n"
        "argv = [sys.executable, '-m', 'sesari.rehearsal.provider', '--folder', sys.argv[1], '--environment', 'dev',"
        " '--account', '111111111111', '--region', 'us-east-1']\n"
        "daemon = subprocess.Popen(argv, stdout=subprocess.PIPE)\n"
        "daemon.stdout.readline()\n"
        "print(daemon.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "cloud")], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    os.kill(pid, signal.SIGINT)
    time.sleep(0.7)
    assert _alive(pid)
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 10
    while _alive(pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not _alive(pid)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False
