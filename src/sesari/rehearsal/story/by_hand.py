"""Terraform as a person runs it, without Sesari: the plain command in `infra/<environment>`."""

from __future__ import annotations

import os
import signal
import subprocess
from dataclasses import dataclass

from sesari.model.access import Purpose
from sesari.rehearsal.story.stage import Stage


@dataclass(frozen=True, slots=True)
class ByHand:
    """What the plain command gave."""

    exit_code: int
    output: str


def plan_by_hand(stage: Stage, environment: str) -> ByHand:
    """`terraform init` and `terraform plan -detailed-exitcode` with nothing but the environment's credentials."""
    begun = run_by_hand(stage, environment, ("init", "-input=false", "-no-color"))
    if begun.exit_code != 0:
        return begun
    return run_by_hand(stage, environment, ("plan", "-input=false", "-no-color", "-detailed-exitcode", "-lock=false"))


def run_by_hand(stage: Stage, environment: str, arguments: tuple[str, ...], purpose: Purpose = Purpose.PLAN) -> ByHand:
    """Runs one Terraform command in the environment's root and waits for it."""
    process = start_by_hand(stage, environment, arguments, purpose)
    output, _ = process.communicate()
    return ByHand(process.returncode, output)


def start_by_hand(
    stage: Stage, environment: str, arguments: tuple[str, ...], purpose: Purpose = Purpose.PLAN
) -> subprocess.Popen[str]:
    """Starts one. Its environment holds PATH, HOME and the environment's credentials and endpoints, and no more."""
    plain = {name: value for name, value in stage.machine.items() if name in ("PATH", "HOME", "LD_LIBRARY_PATH")}
    return subprocess.Popen(
        [*stage.terraform, *arguments],
        cwd=stage.project.infra / environment,
        env={**plain, "CHECKPOINT_DISABLE": "1", **stage.access.reach(environment, purpose).variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def killed(process: subprocess.Popen[str]) -> None:
    """kill -9 for it and its children."""
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
