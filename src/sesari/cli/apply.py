"""`sesari apply`: apply a saved plan, and only that plan."""

from __future__ import annotations

import argparse
import sys

from sesari.cli.flags import add_env, add_json, add_project, add_yes, explain
from sesari.cli.operators import ask, at_once, chosen, opened, show


def configure(parser: argparse.ArgumentParser) -> None:
    explain(
        parser,
        "Apply a saved plan. It is refused when the sources, the state or the manifest have moved on, when the "
        "credentials are another environment's, or when it deletes what the deployed manifest protects.",
        ("sesari apply -e staging", "the newest saved plan of staging"),
        ("sesari apply -e staging 4f2a91c0", "the saved plan whose digest begins so"),
    )
    add_env(parser, several=False)
    parser.add_argument(
        "plan", nargs="?", metavar="PLAN", help="the first digits of a saved plan (default: the newest)"
    )
    add_yes(parser)
    add_project(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from sesari.errors import EXIT_DONE
    from sesari.model.access import Purpose
    from sesari.pipeline.apply import apply_plan
    from sesari.pipeline.plan import load_record
    from sesari.pipeline.side_by_side import raise_failures
    from sesari.views import json as views
    from sesari.views import terminal

    wiring = opened(arguments)
    names = chosen(arguments, wiring)
    saved = load_record(wiring.tools(names[0], Purpose.DEPLOY), arguments.plan)
    if not arguments.json:
        show(terminal.saved_plan(saved))
    ask(f"Apply this plan to `{names[0]}`?", arguments.yes)
    outcomes = at_once(
        names,
        lambda name, stop, report: apply_plan(wiring.tools(name, Purpose.DEPLOY, report, stop), saved.digest),
    )
    raise_failures(outcomes)
    if arguments.json:
        sys.stdout.write(views.text({"applied": [views.saved_plan(saved)]}))
    return EXIT_DONE
