"""`sesari config`: one environment's effective values, each with where it came from and what it overrode."""

from __future__ import annotations

import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    from sesari.cli.flags import add_env, add_json, add_project, explain

    explain(
        parser,
        "Show the effective values of one environment. Weakest first: defaults, sesari.toml, its [environments.ENV], "
        "sesari.ENV.toml, variables such as SESARI_STAGING__SERVICES__API__SIZE__CPU.",
        ("sesari config -e staging", "every value"),
        ("sesari config -e staging services.api", "those whose key begins so"),
    )
    parser.add_argument("prefix", nargs="?", default="", metavar="KEY", help="only this key and the keys below it")
    add_env(parser, several=False)
    add_project(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    import json
    import os
    import sys

    from sesari.errors import EXIT_DONE
    from sesari.manifest import below, explain
    from sesari.pipeline.manifest import read_sources
    from sesari.views.settings import settings_json, settings_table

    sources = read_sources(arguments.project, os.environ)
    settings = below(explain(sources, arguments.env), arguments.prefix)
    if arguments.json:
        sys.stdout.write(json.dumps(settings_json(arguments.env, settings), ensure_ascii=False) + "\n")
        return EXIT_DONE
    from rich.console import Console

    # A pipe has no width: nothing is folded there, so that a line stays a line.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 10_000)
    with console.capture() as captured:
        console.print(settings_table(settings))
    sys.stdout.write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))
    return EXIT_DONE
