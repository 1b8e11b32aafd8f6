"""`sesari synth`: write the product's Terraform."""

from __future__ import annotations

import argparse

from sesari.cli.flags import add_json, add_project, explain


def configure(parser: argparse.ArgumentParser) -> None:
    explain(
        parser,
        "Write plain Terraform into infra/ from sesari.toml: a small root per environment and account, and the modules "
        "beside them. The same manifest gives the same bytes. Files that were changed by hand are refused by name.",
        ("sesari synth", "write what has changed"),
        ("sesari synth --check", "for CI: exit with 3 when infra/ is stale; nothing is written"),
        ("sesari synth --force", "write over files that were changed by hand"),
    )
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--check", action="store_true", help="write nothing; name the files that are stale")
    choice.add_argument("--force", action="store_true", help="write over files that were changed by hand")
    add_project(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    import os
    import sys

    from sesari.errors import EXIT_DONE
    from sesari.model.access import Project
    from sesari.pipeline import wiring_synth
    from sesari.views import synthesis as view

    project = Project(arguments.project)
    if arguments.check:
        done = wiring_synth.check(project, os.environ)
    else:
        done = wiring_synth.synthesize(project, os.environ, arguments.force)
    sys.stdout.write(view.as_json(done) if arguments.json else view.as_text(done))
    return EXIT_DONE
