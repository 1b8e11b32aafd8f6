"""`sesari destroy`: plan and apply the removal of an environment."""

from __future__ import annotations

import argparse
import sys

from sesari.cli.flags import add_env, add_json, add_project, add_yes, explain
from sesari.cli.operators import ask, at_once, chosen, opened
from sesari.cli.plan import tell_review


def configure(parser: argparse.ArgumentParser) -> None:
    explain(
        parser,
        "Plan the removal of everything in an environment, show it, ask, and carry it out. A protected environment "
        "gives away only what the manifest that is deployed there allows.",
        ("sesari destroy -e dev", "remove dev"),
    )
    add_env(parser, several=False)
    add_yes(parser)
    add_project(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from sesari.errors import EXIT_DONE
    from sesari.model.access import Purpose
    from sesari.pipeline.apply import apply_plan
    from sesari.pipeline.destroy import plan_destroy
    from sesari.pipeline.side_by_side import raise_failures
    from sesari.views import json as views

    wiring = opened(arguments)
    names = chosen(arguments, wiring)
    outcomes = at_once(names, lambda name, stop, report: plan_destroy(wiring.plan_tools(name, report, stop)))
    raise_failures(outcomes)
    (planned,) = (outcome.value for outcome in outcomes if outcome.value is not None)
    if not arguments.json:
        tell_review(wiring, planned)
    ask(f"Remove all this from `{names[0]}` for ever?", arguments.yes, names[0])
    applied = at_once(
        names,
        lambda name, stop, report: apply_plan(wiring.tools(name, Purpose.DEPLOY, report, stop), planned.saved.digest),
    )
    raise_failures(applied)
    if arguments.json:
        sys.stdout.write(views.text({"destroyed": [views.saved_plan(planned.saved)]}))
    return EXIT_DONE
