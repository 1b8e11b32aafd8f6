"""`sesari plan`: propose changes and save them."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from sesari.cli.flags import add_env, add_json, add_project, explain
from sesari.cli.operators import add_all, at_once, chosen, opened, show

if TYPE_CHECKING:
    from sesari.pipeline.plan import Planned
    from sesari.pipeline.wiring import Wiring


def configure(parser: argparse.ArgumentParser) -> None:
    explain(
        parser,
        "Plan one or several environments at once, show the review, and save each plan, encrypted, for `sesari apply`. "
        "Exits with 0 when nothing would change, with 2 when something would.",
        ("sesari plan -e staging", "what would change in staging"),
        ("sesari plan --all", "every environment, in parallel"),
        ("sesari plan -e dev --destroy", "what the removal of dev would take away"),
    )
    add_env(parser, several=True, required=False)
    add_all(parser)
    parser.add_argument("--destroy", action="store_true", help="plan the removal of everything")
    add_project(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from sesari.errors import EXIT_CHANGES, EXIT_DONE
    from sesari.pipeline.destroy import plan_destroy
    from sesari.pipeline.plan import make_plan
    from sesari.pipeline.side_by_side import raise_failures

    wiring = opened(arguments)
    make = plan_destroy if arguments.destroy else make_plan
    outcomes = at_once(
        chosen(arguments, wiring),
        lambda name, stop, report: make(wiring.plan_tools(name, report, stop)),
    )
    made = [outcome.value for outcome in outcomes if outcome.value is not None]
    _tell(wiring, made, arguments.json)
    raise_failures(outcomes)
    return EXIT_DONE if all(planned.plan.empty for planned in made) else EXIT_CHANGES


def tell_review(wiring: Wiring, planned: Planned) -> None:
    """The review of one plan, on stdout."""
    from sesari.views import terminal

    show(terminal.review(wiring.review(planned)))


def _tell(wiring: Wiring, made: list[Planned], as_json: bool) -> None:
    from sesari.views import json as views

    if not as_json:
        for planned in made:
            tell_review(wiring, planned)
        return
    records = [{**views.review(wiring.review(each)), "saved": views.saved_plan(each.saved)} for each in made]
    sys.stdout.write(views.text({"plans": list(records)}))
