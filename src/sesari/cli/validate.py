"""`sesari validate`: is the manifest right? Nothing is written."""

from __future__ import annotations

import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    from sesari.cli.flags import add_env, add_json, add_project, explain

    explain(
        parser,
        "Check sesari.toml, its sesari.ENV.toml files and SESARI_ENV__… variables: every error at once, each with "
        "file and line. Nothing is written.",
        ("sesari validate", "check all environments"),
        ("sesari validate -e staging --json", "the same, and that there is a `staging`; the result as JSON"),
    )
    add_env(parser, several=True, required=False)
    add_project(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    import json
    import os
    import sys

    from sesari.errors import EXIT_DONE, SesariError
    from sesari.manifest import parse, unknown_environment
    from sesari.pipeline.manifest import read_sources

    manifest = parse(read_sources(arguments.project, os.environ))
    known = manifest.environments
    unknown = [unknown_environment(name, known, "--env") for name in arguments.env if name not in known]
    if unknown:
        raise SesariError(unknown)
    services = list(dict.fromkeys(name for environment in known.values() for name in environment.services))
    if arguments.json:
        fields = {"product": manifest.product.name, "environments": list(known), "services": services}
        sys.stdout.write(json.dumps({"valid": True, **fields}) + "\n")
    else:
        sys.stdout.write(
            f"The manifest of `{manifest.product.name}` is valid.\n"
            f"  environments: {', '.join(known)}\n"
            f"  services: {', '.join(services)}\n"
        )
    return EXIT_DONE
