"""Terraform as a person runs it, without Sesari: the plain command in `infra/<environment>`."""

from __future__ import annotations

from pathlib import Path

from sesari.model.access import Purpose
from sesari.model.engine import EngineCall, EngineRun, Running
from sesari.rehearsal.story.stage import Stage


def plan_by_hand(stage: Stage, environment: str) -> EngineRun:
    """`terraform init` and `terraform plan -detailed-exitcode` with nothing but the environment's credentials."""
    begun = by_hand(stage, environment, ("init", "-input=false", "-no-color")).wait()
    if begun.exit_code != 0:
        return begun
    arguments = ("plan", "-input=false", "-no-color", "-detailed-exitcode", "-lock=false")
    return by_hand(stage, environment, arguments).wait()


def by_hand(stage: Stage, environment: str, arguments: tuple[str, ...], purpose: Purpose = Purpose.PLAN) -> Running:
    """Starts one Terraform command in the environment's root, with a data folder of its own."""
    reach = stage.access.reach(environment, purpose)
    data = stage.project.root.parent / "by-hand" / environment
    directory: Path = (stage.project.infra / environment).absolute()
    return stage.engine.start(EngineCall(arguments, directory, data, reach.variables), lambda event: None)
