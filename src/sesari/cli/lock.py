"""`sesari lock`: pin the provider binaries."""

from __future__ import annotations

import argparse
import sys

from sesari.cli.flags import add_json, add_project, explain


def configure(parser: argparse.ArgumentParser) -> None:
    explain(
        parser,
        "Write .terraform.lock.hcl into every root of infra/, with the providers' checksums for Linux, macOS and "
        "Windows. It needs the provider registry. An apply to a real account is refused without these files.",
        ("sesari lock", "write them; then commit them"),
    )
    add_project(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from sesari.cli.operators import opened
    from sesari.errors import EXIT_DONE
    from sesari.views import json as views

    changed = opened(arguments).lock()
    if arguments.json:
        sys.stdout.write(views.text({"written": list(changed)}))
    else:
        lines = [f"infra/{directory}/.terraform.lock.hcl written\n" for directory in changed]
        sys.stdout.write("".join(lines) or "no change\n")
    return EXIT_DONE
