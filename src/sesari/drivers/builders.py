"""Image builders: which one works on this machine, and running it. A client without an engine does not count."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Final, get_args

from sesari.drivers.child import Child
from sesari.errors import Problem, SesariError
from sesari.model.image import Builder, BuilderName, Entry

# While the block runs, somebody else may interrupt or kill the child.
Watch = Callable[[Child], AbstractContextManager[object]]

_SECONDS: Final = 20
_KEPT: Final = 15


def find_builder(variables: Mapping[str, str], probe: Callable[[str], Sequence[str]]) -> Builder | None:
    """The first of buildah, podman and docker on PATH whose engine answers `probe`'s arguments; None when none does."""
    for name in get_args(BuilderName):
        program = shutil.which(name, path=variables.get("PATH"))
        if program is None or _asked([program, *probe(name)], variables) is None:
            continue
        version = _asked([program, "--version"], variables)
        return Builder(name, program, (version or name).strip().splitlines()[0])
    return None


def run_builder(
    builder: Builder,
    commands: Iterable[Sequence[str]],
    variables: Mapping[str, str],
    on_line: Callable[[str], None],
    watch: Watch = nullcontext,
) -> None:
    """Run the commands, telling each line of output. Raises SesariError `build-failed` with the end of it."""
    for command in commands:
        lines: list[str] = []

        def told(line: bytes, lines: list[str] = lines) -> None:
            text = line.decode("utf-8", "replace").rstrip()
            lines.append(text)
            on_line(text)

        child = Child(command, Path.cwd(), variables)
        with watch(child):
            code, errors = child.wait(told)
        if code != 0:
            ending = [line for line in (*lines, *errors.decode("utf-8", "replace").splitlines()) if line.strip()]
            what = f"{builder.name} could not build the image (exit code {code})"
            hint = "The lines above are the builder's own; correct the Dockerfile and commit it"
            raise SesariError(Problem("build-failed", what, builder.program, "\n".join(ending[-_KEPT:]), hint))


def write_entries(folder: Path, entries: Iterable[Entry]) -> None:
    """Entries as files: modes and times that do not depend on who writes them."""
    folder.mkdir(parents=True, exist_ok=True)
    for entry in entries:
        path = folder / entry.path
        path.parent.mkdir(parents=True, exist_ok=True)
        if entry.kind == "folder":
            path.mkdir(exist_ok=True)
        elif entry.kind == "link":
            path.symlink_to(os.fsdecode(entry.body))
        else:
            path.write_bytes(entry.body)
            path.chmod(0o755 if entry.executable else 0o644)
        os.utime(path, (0, 0), follow_symlinks=False)


def _asked(argv: Sequence[str], variables: Mapping[str, str]) -> str | None:
    try:
        run = subprocess.run(
            argv,
            env=dict(variables),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            start_new_session=True,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return run.stdout.decode("utf-8", "replace") if run.returncode == 0 else None
