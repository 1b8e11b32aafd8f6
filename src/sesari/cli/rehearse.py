"""`sesari rehearse`: the whole path on the offline cloud."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sesari.cli.flags import add_env, add_json, explain

if TYPE_CHECKING:
    from sesari.model.story import Story
    from sesari.rehearsal.cloud import Cloud
    from sesari.rehearsal.story.run import Order


def configure(parser: argparse.ArgumentParser) -> None:
    explain(
        parser,
        "Take a product from its manifest to applied, isolated environments on an offline cloud: no account, no "
        "network, the real Terraform. Then edit, refuse, break and repair it. Every line is a claim that was tried; "
        "each has a sabotage under which it goes red.",
        ("sesari rehearse", "the product in this folder, or else Sesari's own example"),
        ("sesari rehearse ../shop --only drift", "one chapter, with what it stands on"),
        ("sesari rehearse --list-sabotages", "what can be broken on purpose"),
        ("sesari rehearse --sabotage NAME", "break it, and see its line go red"),
        ("sesari rehearse --keep", "leave the offline cloud running for other commands"),
    )
    parser.add_argument("path", nargs="?", type=Path, metavar="PATH", help="the product's folder (default: this one)")
    parser.add_argument("--only", action="append", default=[], metavar="CHAPTER", help="this chapter; repeatable")
    add_env(parser, several=True, required=False)
    parser.add_argument("--sabotage", metavar="NAME", help="break one thing on purpose: its line must go red")
    parser.add_argument("--list-sabotages", action="store_true", help="list what can be broken on purpose, and exit")
    parser.add_argument("--folder", type=Path, metavar="DIR", help="where to work (default: .sesari/rehearsal)")
    parser.add_argument(
        "--continue", dest="resume", action="store_true", help="on the environments that an earlier rehearsal left"
    )
    parser.add_argument("--keep", action="store_true", help="leave the offline cloud running until Ctrl-C")
    parser.add_argument("--broken-by", metavar="NAME", help=argparse.SUPPRESS)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from sesari.errors import EXIT_DONE, EXIT_ERROR
    from sesari.rehearsal.story.report import kept
    from sesari.views import html
    from sesari.views import json as views

    if arguments.list_sabotages:
        return _list_sabotages(arguments.json)
    order = _order(arguments)
    if arguments.sabotage:
        return _run_sabotaged(arguments, order)
    told, cloud = _told(order, arguments.json)
    try:
        told = kept(told, html.report(told), order.folder)
        if arguments.json:
            sys.stdout.write(views.text(views.story(told)))
        else:
            _print_ending(told)
        if arguments.keep:
            _wait(cloud)
    finally:
        cloud.stop()
    return EXIT_DONE if told.ok else EXIT_ERROR


def _order(arguments: argparse.Namespace) -> Order:
    """What is asked. Raises SesariError for an unknown chapter, sabotage or folder without a manifest."""
    from sesari.rehearsal.story.asked import chosen_chapters, chosen_product
    from sesari.rehearsal.story.run import Order

    product, folder = chosen_product(arguments.path, arguments.folder)
    chapters, environments = chosen_chapters(arguments.only), tuple(arguments.env)
    return Order(product, folder, chapters, environments, arguments.broken_by, arguments.resume)


def _told(order: Order, quiet: bool) -> tuple[Story, Cloud]:
    """Tells the story live on the terminal; on stderr, one line a claim, when stdout is for JSON."""
    import os
    import time

    from rich.console import Console

    from sesari.rehearsal.story.run import rehearse
    from sesari.views.story import StoryView

    console = Console(stderr=quiet, highlight=False)
    with StoryView(console, time.monotonic) as view:
        return rehearse(order, os.environ, view, view.progress)


def _print_ending(told: Story) -> None:
    from rich.console import Console

    from sesari.views.story import ending

    console = Console(highlight=False)
    console.print()
    console.print(ending(told))


def _wait(cloud: Cloud) -> None:
    """Until Ctrl-C."""
    import threading

    sys.stderr.write(
        f"\nThe offline cloud keeps running. In another terminal:\n  export SESARI_REHEARSAL={cloud.folder}\n"
        "then `sesari plan`, `apply`, `drift` and the others work on it. Ctrl-C ends it.\n"
    )
    threading.Event().wait()


def _list_sabotages(as_json: bool) -> int:
    from rich.console import Console
    from rich.table import Table

    from sesari.errors import EXIT_DONE
    from sesari.rehearsal.story.sabotages import SABOTAGES
    from sesari.views import json as views

    if as_json:
        sys.stdout.write(
            views.text({"sabotages": [{"name": s.name, "claim": s.claim, "breaks": s.breaks} for s in SABOTAGES]})
        )
        return EXIT_DONE
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("sabotage", "breaks", "turns red"):
        table.add_column(heading)
    for sabotage in SABOTAGES:
        table.add_row(sabotage.name, sabotage.breaks, sabotage.claim)
    Console().print(table)
    return EXIT_DONE


def _run_sabotaged(arguments: argparse.Namespace, order: Order) -> int:
    """Runs this very command from a copy of the package in which one thing is broken."""
    import os
    import subprocess

    from sesari.rehearsal.story.asked import chapter_of, chosen_sabotage
    from sesari.rehearsal.story.sabotage import sabotaged_copy

    sabotage = chosen_sabotage(arguments.sabotage)
    path = sabotaged_copy(sabotage, order.folder.parent / f"{order.folder.name}-sabotaged")
    only = arguments.only or [chapter_of(sabotage.claim)]
    command = [sys.executable, "-m", "sesari", "rehearse", str(order.product), "--folder", str(order.folder)]
    command += ["--broken-by", sabotage.name, *(part for name in only for part in ("--only", name))]
    command += [part for name in order.environments for part in ("-e", name)]
    command += [flag for flag, wanted in (("--json", arguments.json), ("--continue", arguments.resume)) if wanted]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(path), os.environ.get("PYTHONPATH", "")])}
    return subprocess.run(command, env=environment, check=False).returncode
