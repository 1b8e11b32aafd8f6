"""`sesari schema`: the JSON Schema of sesari.toml, or the annotated manifest it is derived from."""

from __future__ import annotations

import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    from sesari.cli.flags import explain

    explain(
        parser,
        "Print the JSON Schema (draft 2020-12) of sesari.toml, for editors and other tools.",
        ("sesari schema > sesari.schema.json", "for an editor that completes and checks TOML"),
        ("sesari schema --reference", "every key with its description, defaults and limits, as a manifest"),
    )
    parser.add_argument("--reference", action="store_true", help="print the annotated reference manifest instead")


def run(arguments: argparse.Namespace) -> int:
    import sys

    from sesari.errors import EXIT_DONE
    from sesari.manifest.schema import reference_text, schema_text

    sys.stdout.write(reference_text() if arguments.reference else schema_text())
    return EXIT_DONE
