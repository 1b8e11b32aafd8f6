"""From words to a command: only the chosen command's module is imported."""

from __future__ import annotations

import argparse
import importlib
from difflib import get_close_matches
from typing import NoReturn, Protocol, cast

from sesari.cli.table import COMMANDS
from sesari.errors import Problem, SesariError


class Command(Protocol):
    """What every module `sesari.cli.<name>` has."""

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's options, its description and its examples."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Do it; the exit code. Raises SesariError."""


class Parser(argparse.ArgumentParser):
    """argparse with our errors: its own leave with 2, which here means that there are changes."""

    def error(self, message: str) -> NoReturn:
        raise SesariError(_usage(self.prog, f"{message[:1].upper()}{message[1:]}"))


def parse(words: list[str]) -> tuple[Command, argparse.Namespace]:
    """The command that `words` name, and its arguments. Raises SesariError (`usage`), never SystemExit(2)."""
    name = words[0]
    if name not in COMMANDS:
        near = get_close_matches(name, COMMANDS, n=1)
        hint = f"Did you mean `sesari {near[0]}`?" if near else "`sesari --help` lists the commands"
        raise SesariError(Problem("usage", f"`{name}` is not a command of sesari", hint=hint))
    command = load(name)
    parser = parser_of(name, command)
    arguments, unknown = parser.parse_known_args(words[1:])
    if unknown:
        options = [option for action in parser._actions for option in action.option_strings]
        raise SesariError([_unknown(parser.prog, word, options) for word in unknown])
    return command, arguments


def load(name: str) -> Command:
    """The module of one command of the table."""
    return cast(Command, importlib.import_module(f"sesari.cli.{name}"))


def parser_of(name: str, command: Command) -> argparse.ArgumentParser:
    """The parser of one command, named as people type it."""
    parser = Parser(
        prog=f"sesari {name}",
        description=COMMANDS[name],
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    command.configure(parser)
    return parser


def _unknown(prog: str, word: str, options: list[str]) -> Problem:
    near = get_close_matches(word.split("=")[0], options, n=1)
    what = f"`{prog}` has no option `{word}`" if word.startswith("-") else f"`{prog}` takes no argument `{word}`"
    return _usage(prog, what, f"Did you mean `{near[0]}`?" if near else None)


def _usage(prog: str, what: str, hint: str | None = None) -> Problem:
    return Problem("usage", what, hint=hint or f"`{prog} --help` shows its options")
