"""Compare the state with reality. Nothing is written, no lease is taken."""

from __future__ import annotations

from collections.abc import Mapping

from sesari.model.plan import Plan
from sesari.model.progress import Phase, Progress
from sesari.model.review import Drift
from sesari.pipeline import terraform_argv
from sesari.pipeline.identity import checked_identities
from sesari.pipeline.terraform import initialise, run, shown
from sesari.pipeline.tools import Tools
from sesari.review.drift import classify
from sesari.review.read import read_plan


def find_drift(tools: Tools, service_of_module: Mapping[str, str | None]) -> Drift:
    """The environment's drift. `tools` are those of `Wiring.plan_tools`.

    Raises SesariError; Refused for the wrong identities.
    """
    with checked_identities(tools):
        initialise(tools)
        # In this order: the ordinary plan is to know at least what the refresh saw.
        refresh = _plan(tools, "compare with reality", refresh_only=True)
        plan = _plan(tools, "what an apply would do", refresh_only=False)
    drift = classify(plan, refresh, service_of_module, tools.name)
    detail = f"{len(drift.hand_made)} made by hand, {len(drift.items) - len(drift.hand_made)} by itself"
    tools.report(Progress(tools.name, "drift", Phase.SUCCEEDED, detail if drift.items else "none"))
    return drift


def _plan(tools: Tools, step: str, refresh_only: bool) -> Plan:
    with tools.scratch(b"") as file:
        arguments = terraform_argv.plan(file.path, refresh_only=refresh_only)
        run(tools, step, arguments, (file.descriptor,), fine=(0, 2))
        return read_plan(shown(tools, file))
