"""`sesari completion SHELL`: print a completion script."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from sesari.cli.flags import explain
from sesari.cli.front import Parser, load
from sesari.cli.table import COMMANDS


def configure(parser: argparse.ArgumentParser) -> None:
    explain(
        parser,
        "Print the completion script of a shell, for all commands and their options.",
        ('eval "$(sesari completion bash)"', "in ~/.bashrc"),
        ('eval "$(sesari completion zsh)"', "in ~/.zshrc, after compinit"),
        ("sesari completion fish > ~/.config/fish/completions/sesari.fish", "once"),
    )
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="the shell")


def run(arguments: argparse.Namespace) -> int:
    import shtab

    whole = whole_parser()
    for action in _actions(whole):
        if action.metavar == "DIR" or action.dest == "path":
            action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]  # how shtab is told
    sys.stdout.write(shtab.complete(whole, shell=arguments.shell))
    return 0


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from _actions(command)


def whole_parser() -> argparse.ArgumentParser:
    """Every command with its options in one parser; this imports all command modules."""
    whole = Parser(prog="sesari", description="Takes every commit safely to production")
    commands = whole.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, line in COMMANDS.items():
        load(name).configure(commands.add_parser(name, help=line, description=line, allow_abbrev=False))
    return whole
