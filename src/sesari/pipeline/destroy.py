"""Remove an environment: by a saved plan like any other; what is protected is told before anybody is asked."""

from __future__ import annotations

from sesari.errors import Refused
from sesari.pipeline.apply import deployed
from sesari.pipeline.plan import Planned, make_plan
from sesari.pipeline.tools import Tools
from sesari.release.admission import protected


def plan_destroy(tools: Tools) -> Planned:
    """Save a plan that removes everything. Raises Refused when the deployed manifest protects some of it.

    `apply_plan` with its digest carries it out, and asks everything again.
    """
    planned = make_plan(tools, destroy=True)
    problems = tuple(protected(planned.plan, tools.environment, deployed(tools)))
    if problems:
        raise Refused(problems)
    return planned
