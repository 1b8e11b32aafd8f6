"""`sesari unlock`: release the lock of a holder that is dead."""

from __future__ import annotations

import argparse
import sys

from sesari.cli.flags import add_env, add_json, add_project, explain
from sesari.cli.operators import at_once, chosen, opened


def configure(parser: argparse.ArgumentParser) -> None:
    explain(
        parser,
        "Tell who holds an environment, and release what a dead holder left. A holder that lives is left alone. The "
        "lock of a Terraform that was run by hand is released only when you name it.",
        ("sesari unlock -e staging", "release a dead holder's lease and lock"),
        ("sesari unlock -e staging --lock-id ID", "release the lock of a Terraform that somebody ran by hand"),
    )
    add_env(parser, several=False)
    parser.add_argument("--lock-id", metavar="ID", help="the exact id of a lock that Sesari did not take")
    add_project(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from sesari.errors import EXIT_DONE
    from sesari.model.access import Purpose
    from sesari.pipeline.side_by_side import raise_failures
    from sesari.pipeline.unlock import unlock
    from sesari.views import json as views

    wiring = opened(arguments)
    outcomes = at_once(
        chosen(arguments, wiring),
        lambda name, stop, report: unlock(wiring.tools(name, Purpose.DEPLOY, report, stop), arguments.lock_id),
    )
    raise_failures(outcomes)
    for outcome in outcomes:
        lease = outcome.value.lease if outcome.value else None
        lock = outcome.value.lock if outcome.value else None
        if arguments.json:
            record = {
                "environment": outcome.name,
                "lease": lease.holder if lease else None,
                "lock": lock.id if lock else None,
            }
            sys.stdout.write(views.text(dict(record)))
            continue
        told = [f"the lease of `{lease.holder}` ({lease.purpose})"] if lease else []
        told += [f"the state lock {lock.id} of `{lock.who}`"] if lock else []
        sys.stdout.write(f"{outcome.name}: {'released ' + ' and '.join(told) if told else 'nothing is held'}\n")
    return EXIT_DONE
