"""`sesari bootstrap`: prepare accounts once."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from sesari.cli.flags import add_env, add_json, add_project, add_yes, explain
from sesari.cli.operators import ask, at_once, chosen, opened

if TYPE_CHECKING:
    from sesari.model.json import Json
    from sesari.model.progress import Reporter
    from sesari.pipeline.bootstrap import Bootstrapped
    from sesari.pipeline.stop import Stop
    from sesari.pipeline.wiring import Wiring


def configure(parser: argparse.ArgumentParser) -> None:
    explain(
        parser,
        "Prepare the accounts that have no state bucket yet: the delivery account first, then each environment's "
        "bucket, key and roles. It can be repeated and killed at any point; where all is there, it changes nothing.",
        ("sesari bootstrap", "the delivery account and every environment"),
        ("sesari bootstrap -e staging", "the delivery account and staging"),
    )
    add_env(parser, several=True, required=False)
    add_yes(parser)
    add_project(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from sesari.errors import EXIT_DONE
    from sesari.pipeline.side_by_side import raise_failures
    from sesari.pipeline.wiring import DELIVERY
    from sesari.views import json as views

    wiring = opened(arguments)
    names = chosen(arguments, wiring) if arguments.env else tuple(wiring.manifest.environments)
    accounts = [wiring.manifest.delivery.account, *(wiring.manifest.environments[name].account for name in names)]
    ask(f"Prepare the AWS accounts {', '.join(dict.fromkeys(accounts))}?", arguments.yes)
    done: list[Bootstrapped] = []
    # The delivery account first: it holds the leases under which the others are changed later.
    for group in ((DELIVERY,), names):
        outcomes = at_once(group, lambda name, stop, report: _one(wiring, name, stop, report))
        done += [outcome.value for outcome in outcomes if outcome.value is not None]
        raise_failures(outcomes)
    if arguments.json:
        records: list[Json] = [{"root": each.name, "changes": dict(each.changes), "moved": each.moved} for each in done]
        sys.stdout.write(views.text({"bootstrapped": records}))
    elif all(each.empty for each in done):
        sys.stdout.write("no change\n")
    return EXIT_DONE


def _one(wiring: Wiring, name: str, stop: Stop, report: Reporter) -> Bootstrapped:
    from sesari.pipeline.bootstrap import bootstrap

    tools = wiring.bootstrap_tools(name, report, stop)
    return bootstrap(tools, wiring.local_copy(tools))
