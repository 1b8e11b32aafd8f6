"""One file per command: parse the arguments, call the pipeline, choose a view. It holds no logic of its own.

`sesari.cli.<name>` has `configure(parser)` and `run(arguments) -> exit code`. Only the chosen command's module is
imported, because start-up is what a person waits for: `sesari --help` imports neither argparse nor any command.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(words: Sequence[str] | None = None) -> int:
    """Run one command line (default: the process's own) and return its exit code; every error is told here, once."""
    given = list(sys.argv[1:] if words is None else words)
    project = None
    try:
        if not given or given[0] in ("-h", "--help", "-V", "--version"):
            return _front(given)
        from sesari.cli.front import parse

        command, arguments = parse(given)
        project = getattr(arguments, "project", None)
        code: int = command.run(arguments)
        sys.stdout.flush()
        return code
    except SystemExit as stop:  # argparse leaves this way after it has printed a command's help
        return _flushed(stop.code if isinstance(stop.code, int) else 0)
    except BaseException as failure:
        from sesari.cli.failures import report

        return report(failure, given, project)


def _front(given: list[str]) -> int:
    from sesari.cli.table import overview, version

    if not given:
        sys.stderr.write(overview())
        return 1
    sys.stdout.write(version() if given[0] in ("-V", "--version") else overview())
    return _flushed(0)


def _flushed(code: int) -> int:
    """Flush now: a reader that has gone (`| head`) is met here and not in the interpreter's shutdown."""
    try:
        sys.stdout.flush()
    except OSError as failure:
        from sesari.cli.failures import report

        return report(failure, [], None)
    return code
