"""The flags that several commands share, so that each means the same everywhere."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Sequence
from pathlib import Path


class _Environments(argparse.Action):
    """Collects `-e a -e b` and `-e a,b` into one list, each name once, in the order given."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[object] | None,
        option_string: str | None = None,
    ) -> None:
        names: list[str] = list(getattr(namespace, self.dest) or [])
        for name in str(values).split(","):
            if name.strip() and name.strip() not in names:
                names.append(name.strip())
        if not names:
            parser.error("argument -e/--env: expected the name of an environment")
        setattr(namespace, self.dest, names)


def add_env(parser: argparse.ArgumentParser, several: bool, required: bool = True) -> None:
    """`--env/-e`, never with a default.

    `arguments.env` is one name (None when not required and not given), or with `several` a list of names ([] when
    not required and not given).
    """
    if several:
        help_text = "environment; repeat it or separate names with commas for several at once"
        parser.add_argument(
            "-e", "--env", metavar="ENV", action=_Environments, default=[], required=required, help=help_text
        )
    else:
        parser.add_argument("-e", "--env", metavar="ENV", required=required, help="environment")


def add_json(parser: argparse.ArgumentParser) -> None:
    """`--json`: the result as JSON on stdout, errors as JSON on stderr."""
    parser.add_argument("--json", action="store_true", help="print the result as JSON on stdout, errors on stderr")


def add_project(parser: argparse.ArgumentParser) -> None:
    """`--project DIR`: `arguments.project` is a Path, by default the current folder."""
    parser.add_argument(
        "--project", metavar="DIR", type=Path, default=Path(), help="the product's folder (default: this one)"
    )


def add_yes(parser: argparse.ArgumentParser) -> None:
    """`--yes`: answers the question that the command would ask. It opens no gate."""
    parser.add_argument("--yes", action="store_true", help="do not ask; it opens no gate")


def explain(parser: argparse.ArgumentParser, description: str, *examples: tuple[str, str]) -> None:
    """Set the description, wrapped, and the examples, each a command line and what it does."""
    parser.description = textwrap.fill(description, 100)
    width = max(len(line) for line, _ in examples)
    parser.epilog = "examples:\n" + "\n".join(f"  {line:<{width}}   {what}" for line, what in examples)
