"""`sesari drift`: find what was changed by hand."""

from __future__ import annotations

import argparse
import sys

from sesari.cli.flags import add_env, add_json, add_project, explain
from sesari.cli.operators import add_all, at_once, chosen, opened, show


def configure(parser: argparse.ArgumentParser) -> None:
    explain(
        parser,
        "Compare the state with reality. Tells what was changed by hand from values that move by themselves. Exits "
        "with 2 when something was changed by hand; nothing is written.",
        ("sesari drift -e production", "one environment"),
        ("sesari drift --all --json", "every environment, for a nightly job"),
    )
    add_env(parser, several=True, required=False)
    add_all(parser)
    add_project(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from sesari.errors import EXIT_CHANGES, EXIT_DONE
    from sesari.pipeline.drift import find_drift
    from sesari.pipeline.side_by_side import raise_failures
    from sesari.views import json as views
    from sesari.views import terminal

    wiring = opened(arguments)
    outcomes = at_once(
        chosen(arguments, wiring),
        lambda name, stop, report: find_drift(wiring.plan_tools(name, report, stop), wiring.service_of_module(name)),
    )
    found = [outcome.value for outcome in outcomes if outcome.value is not None]
    if arguments.json:
        sys.stdout.write(views.text({"drift": [views.drift(each) for each in found]}))
    else:
        for each in found:
            show(terminal.drift(each))
    raise_failures(outcomes)
    return EXIT_CHANGES if any(each.hand_made for each in found) else EXIT_DONE
