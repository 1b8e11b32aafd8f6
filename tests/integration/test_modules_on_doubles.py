"""The modules whose providers no machine here has: under real Terraform, on the doubles with the true schemas."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.integration.test_modules_real_provider import plan, root, terraform, validated


@pytest.fixture
def env(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a Terraform attached to doubles of one environment."""
    argv = [sys.executable, "-m", "sesari.rehearsal.provider", "--folder", str(tmp_path / "cloud")]
    argv += ["--environment", "staging", "--account", "222222222222", "--region", "us-east-1"]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    ready = json.loads(process.stdout.readline())
    try:
        yield {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "CHECKPOINT_DISABLE": "1",
            "TF_CLI_CONFIG_FILE": os.devnull,
            "TF_REATTACH_PROVIDERS": json.dumps(ready["reattach"]["deploy"]),
        }
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(40)


def apply(folder: Path, env: dict[str, str]) -> None:
    terraform("apply", "-input=false", "-auto-approve", cwd=folder, env=env)


def attributes(folder: Path, env: dict[str, str], address: str) -> dict[str, Any]:
    state = json.loads(terraform("show", "-json", cwd=folder, env=env))
    for child in state["values"]["root_module"]["child_modules"]:
        for resource in child["resources"]:
            if resource["address"] == address:
                values: dict[str, Any] = resource["values"]
                return values
    raise AssertionError(f"{address} is not in the state")


def test_web_and_database(env: dict[str, str], tmp_path: Path) -> None:
    folder = root("others", tmp_path)
    assert validated(folder, env) == []
    apply(folder, {**env, "TF_VAR_initial_database_password": "given-once-at-random"})
    # By hand, without the password that it was created with: nothing to do.
    assert plan(folder, env) == []

    project = attributes(folder, env, "module.web.vercel_project.this")
    assert (project["framework"], project["root_directory"]) == ("nextjs", "apps/web")
    assert project["git_repository"] is None and project["auto_assign_custom_domains"] is False
    trust = json.loads(attributes(folder, env, "module.web.aws_iam_role.web[0]")["assume_role_policy"])
    assert trust["Statement"][0]["Condition"]["StringEquals"] == {
        "oidc.vercel.com/example-staging:aud": "https://vercel.com/example-staging",
        "oidc.vercel.com/example-staging:sub": "owner:example-staging:project:shop-staging-web:environment:production",
    }
    settings = attributes(folder, env, "module.database.supabase_settings.this")
    assert settings["ssl_enforcement"] is True
    assert json.loads(settings["network"]) == {"restrictions": ["10.20.0.0/16", "2001:db8::/32"]}

    # Another domain is another project domain; the project stays.
    changes = plan(folder, {**env, "TF_VAR_domain": "www.example.com"})
    moved = {change["address"]: change["change"]["actions"] for change in changes}
    assert moved == {"module.web.vercel_project_domain.this[0]": ["delete", "create"]}


@pytest.mark.parametrize("name", ["bootstrap", "environment"])
def test_aws_modules_with_scaling_and_a_domain(name: str, env: dict[str, str], tmp_path: Path) -> None:
    """What the emulator has no service for, applied here: the double records it, and a second plan is empty."""
    variables = {**env, "TF_VAR_scaling": "true", "TF_VAR_domain": "api.example.com"}
    folder = root(name, tmp_path)
    assert validated(folder, variables) == []
    apply(folder, variables)
    assert plan(folder, variables) == []
    if name == "environment":
        # A third of the tasks on Spot instead of most: an update, because the module asks for a new deployment.
        main = folder / "main.tf"
        main.write_text(main.read_text().replace("= 0.8", "= 0.3").replace("= 8080", "= 9090"))
        moved = {change["address"]: change["change"] for change in plan(folder, variables)}
        assert moved["module.worker.aws_ecs_service.this"]["actions"] == ["update"]
        assert moved["module.api.aws_ecs_task_definition.this"]["actions"] == ["delete", "create"]
        assert moved["module.api.aws_lb_target_group.this"]["actions"] == ["create", "delete"]
        assert sorted(moved["module.api.aws_lb_target_group.this"]["replace_paths"]) == [["name"], ["port"]]
