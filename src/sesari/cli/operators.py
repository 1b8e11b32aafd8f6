"""What the commands for operators share: which environments, the live progress, the question before a change."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from sesari.errors import Problem, Refused, SesariError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from sesari.model.progress import Reporter
    from sesari.pipeline.side_by_side import Outcome
    from sesari.pipeline.stop import Stop
    from sesari.pipeline.wiring import Wiring

Result = TypeVar("Result")


def add_all(parser: argparse.ArgumentParser) -> None:
    """`--all`: every environment of the manifest."""
    parser.add_argument("--all", action="store_true", help="every environment of the manifest")


def opened(arguments: argparse.Namespace) -> Wiring:
    """The product in `--project`, with its drivers. Raises SesariError."""
    import os

    from sesari.model.access import Project
    from sesari.pipeline.wiring import open_project

    return open_project(Project(arguments.project), os.environ)


def chosen(arguments: argparse.Namespace, wiring: Wiring) -> tuple[str, ...]:
    """The environments that `-e` or `--all` name, each known to the manifest. Raises SesariError for every other."""
    from sesari.manifest import select

    if getattr(arguments, "all", False):
        return tuple(wiring.manifest.environments)
    names = arguments.env if isinstance(arguments.env, list) else [arguments.env]
    if not names:
        raise SesariError(Problem("usage", "No environment is named", hint="Name one with `-e ENV`, or use `--all`"))
    problems: list[Problem] = []
    for name in names:
        try:
            select(wiring.manifest, name)
        except SesariError as error:
            problems += error.problems
    if problems:
        raise SesariError(problems)
    return tuple(names)


def at_once(names: tuple[str, ...], work: Callable[[str, Stop, Reporter], Result]) -> tuple[Outcome[Result], ...]:
    """Do `work` for every environment at the same time, with live progress on stderr."""
    from sesari.pipeline.side_by_side import side_by_side

    with _progress() as report:
        return side_by_side(names, lambda name, stop: work(name, stop, report), report)


def show(renderable: RenderableType) -> None:
    """Print a view on stdout."""
    from rich.console import Console

    Console(highlight=False, soft_wrap=not sys.stdout.isatty()).print(renderable)


def ask(question: str, yes: bool, expected: str = "yes") -> None:
    """Return when the person types `expected`, or said `--yes`. Raises Refused otherwise."""
    if yes:
        return
    if not sys.stdin.isatty():
        hint = "Answer it with `--yes`; it opens no gate"
        raise Refused(Problem("confirmation-needed", f"Nobody is there to answer: {question}", "stdin", None, hint))
    sys.stderr.write(f"{question} Type `{expected}`: ")
    sys.stderr.flush()
    if sys.stdin.readline().strip() != expected:
        raise Refused(Problem("not-confirmed", "The answer was not `" + expected + "`", hint="Nothing was changed"))


@contextmanager
def _progress() -> Iterator[Reporter]:
    import time

    from rich.console import Console

    from sesari.views.progress import ProgressView

    with ProgressView(Console(stderr=True, highlight=False), time.monotonic) as view:
        yield view
