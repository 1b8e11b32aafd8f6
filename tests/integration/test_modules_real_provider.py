"""The modules under the real hashicorp/aws provider: valid, applied to the emulator, and then nothing is left to do."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests import engine
from tests.integration import emulator

import sesari

MODULES = Path(sesari.__file__).parent / "modules"
ROOTS = Path(__file__).parent / "roots"
ACCOUNT = "222222222222"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/shop-staging"
SUBJECT = "repo:example/shop:environment:staging"
OTHER_PROVIDERS = {"database", "web"}
AWS_MODULES = sorted(
    folder.name for folder in MODULES.iterdir() if folder.is_dir() and folder.name not in OTHER_PROVIDERS
)

# What the emulator stores and does not tell again, by type: the real AWS does. Nothing else may show as a change.
FORGOTTEN = {
    "aws_cloudwatch_metric_alarm": {
        "actions_enabled", "alarm_actions", "alarm_description", "dimensions", "extended_statistic", "ok_actions",
        "period", "statistic", "treat_missing_data",
    },
    "aws_ecs_service": {"availability_zone_rebalancing"},
}  # fmt: skip

# Actions for which IAM knows no resource, or whose resource has no ARN before the call.
WITHOUT_ARN = {
    "application-autoscaling:DescribeScalableTargets",
    "application-autoscaling:DescribeScalingPolicies",
    "ecr:GetAuthorizationToken",
    "ecs:DeregisterTaskDefinition",
    "ecs:DescribeTaskDefinition",
    "kms:CreateKey",
    "kms:ListAliases",
    "sns:GetSubscriptionAttributes",
    "sns:Unsubscribe",
}
# With `Resource: *` only together with a condition that a new key's tags must meet.
TAGGED_AT_BIRTH = {"kms:CreateKey", "kms:TagResource"}


def terraform(*words: str, cwd: Path, env: dict[str, str], codes: tuple[int, ...] = (0,)) -> str:
    done = subprocess.run(
        [*engine.command(), *words], cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=420
    )
    assert done.returncode in codes, done.stdout + done.stderr
    return done.stdout


def root(name: str, folder: Path) -> Path:
    """A root of `roots/` in a folder of its own, the modules beside it as in a product."""
    shutil.copytree(ROOTS / name, folder / name)
    shutil.copytree(MODULES, folder / name / "modules")
    return folder / name


def plan(folder: Path, env: dict[str, str], *more: str) -> list[dict[str, Any]]:
    """The resource changes of a plan, no-ops left out."""
    terraform("plan", "-input=false", "-out=plan", *more, cwd=folder, env=env)
    shown = json.loads(terraform("show", "-json", "plan", cwd=folder, env=env))
    return [change for change in shown.get("resource_changes", []) if change["change"]["actions"] != ["no-op"]]


@pytest.mark.parametrize("name", ["bootstrap", "environment"])
def test_the_modules_are_valid(name: str, real: dict[str, str], tmp_path: Path) -> None:
    folder = root(name, tmp_path)
    assert validated(folder, real) == []


def test_a_wrong_module_is_not_valid(real: dict[str, str], tmp_path: Path) -> None:
    folder = root("environment", tmp_path)
    with (folder / "modules/cluster/main.tf").open("a") as file:
        file.write('resource "aws_vpc" "planted" { cidr = "10.0.0.0/16" }\n')
    assert validated(folder, real) == ["Unsupported argument"]


def validated(folder: Path, env: dict[str, str]) -> list[str]:
    """What `terraform validate` says of a root and the modules it calls, warnings too."""
    terraform("init", "-backend=false", "-input=false", cwd=folder, env=env)
    answer = json.loads(terraform("validate", "-json", cwd=folder, env=env, codes=(0, 1)))
    return [diagnostic["summary"] for diagnostic in answer["diagnostics"]]


def test_every_aws_module_is_called_by_a_root() -> None:
    written = "".join((ROOTS / name / "main.tf").read_text() for name in ("bootstrap", "environment"))
    assert [name for name in AWS_MODULES if f'source = "./modules/{name}"' not in written] == []


@pytest.mark.long
def test_applied_with_its_own_roles_nothing_is_left_to_do(real, note, tmp_path: Path) -> None:
    """Bootstrap by the account, the environment by its deploy role, the second plan by its plan role; IAM enforced."""
    with emulator.running(tmp_path) as endpoint:
        env = {**real, "AWS_ENDPOINT_URL": endpoint, "TF_VAR_scaling": "false"}
        bootstrap = applied("bootstrap", tmp_path, {**env, **emulator.account_root(ACCOUNT)})
        assert plan(bootstrap, {**env, **emulator.account_root(ACCOUNT)}) == []

        deploy = {**env, **emulator.role(endpoint, f"{ROLE}-deploy", SUBJECT)}
        environment = applied("environment", tmp_path, deploy)
        planner = {**env, **emulator.role(endpoint, f"{ROLE}-plan", f"{SUBJECT}-plan")}
        left = plan(environment, planner, "-lock=false")
        assert [words for change in left for words in unexpected(change)] == []

        changes = plan(environment, {**planner, "TF_VAR_scaling": "true", "TF_VAR_domain": "api.example.com"})
        scaled = {change["type"] for change in changes}
        assert {"aws_appautoscaling_policy", "aws_acm_certificate", "aws_lb_listener"} <= scaled

        for folder in (bootstrap, environment):
            state = json.loads(terraform("show", "-json", cwd=folder, env=deploy))
            policies = list(policies_of(state["values"]["root_module"]))
            assert policies
            assert [words for address, policy in policies for words in too_wide(address, policy)] == []

        for wrong in (
            f"{SUBJECT}-plan",
            "repo:example/shop:ref:refs/heads/main",
            "repo:other/shop:environment:staging",
        ):
            with pytest.raises(ClientError, match="AccessDenied"):
                emulator.role(endpoint, f"{ROLE}-deploy", wrong)

        terraform("destroy", "-input=false", "-auto-approve", cwd=environment, env=deploy)
        assert json.loads(terraform("show", "-json", cwd=environment, env=deploy)).get("values", {}) == {}
    forgotten = ", ".join(f"{type_} ({len(names)} attributes)" for type_, names in FORGOTTEN.items())
    note(f"modules held to the real AWS provider; the emulator does not give back what it stored of {forgotten}")
    note("Application Auto Scaling and ACM are planned with the real provider, not applied")


def applied(name: str, folder: Path, env: dict[str, str]) -> Path:
    where = root(name, folder)
    terraform("init", "-input=false", cwd=where, env=env)
    terraform("apply", "-input=false", "-auto-approve", "-parallelism=20", cwd=where, env=env)
    return where


def unexpected(change: dict[str, Any]) -> Iterator[str]:
    """What a re-plan wants to change, but for what the emulator forgets."""
    if change["change"]["actions"] != ["update"]:
        yield f"{change['address']}: {change['change']['actions']}"
        return
    before, after = change["change"]["before"], change["change"]["after"]
    moved = {name for name in before | after if before.get(name) != after.get(name)}
    for name in sorted(moved - FORGOTTEN.get(change["type"], set())):
        yield f"{change['address']}.{name}: {before.get(name)!r} -> {after.get(name)!r}"


def policies_of(module: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for resource in module.get("resources", []):
        if resource["type"] in ("aws_iam_policy", "aws_iam_role_policy"):
            yield resource["address"], json.loads(resource["values"]["policy"])
    for child in module.get("child_modules", []):
        yield from policies_of(child)


def too_wide(address: str, policy: dict[str, Any]) -> Iterator[str]:
    """Where a policy allows more than it must, or is larger than IAM takes (6,144 characters)."""
    if len(json.dumps(policy, separators=(",", ":"))) > 6144:
        yield f"{address}: too long for IAM"
    for statement in policy["Statement"]:
        if statement["Effect"] != "Allow":
            continue
        actions, resources = (_list(statement[name]) for name in ("Action", "Resource"))
        yield from (f"{address}: action {action}" for action in actions if "*" in action)
        open_actions = {action for action in actions if "*" in resources and not _takes_no_arn(action)}
        if not (open_actions <= TAGGED_AT_BIRTH and "Condition" in statement):
            yield from (f"{address}: {action} on every resource" for action in sorted(open_actions))


def _takes_no_arn(action: str) -> bool:
    return action in WITHOUT_ARN or action.startswith(("ec2:Describe", "elasticloadbalancing:Describe"))


def _list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def test_too_wide_is_seen() -> None:
    wide = {"Statement": [{"Effect": "Allow", "Action": ["s3:*", "sqs:SendMessage"], "Resource": "*"}]}
    assert list(too_wide("x", wide)) == [
        "x: action s3:*",
        "x: s3:* on every resource",
        "x: sqs:SendMessage on every resource",
    ]
