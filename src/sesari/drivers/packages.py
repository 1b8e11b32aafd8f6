"""Fetches a service's dependencies with pip and npm: into a cache, and out of it again without a network."""

from __future__ import annotations

import importlib.util
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from sesari.drivers.child import Child
from sesari.drivers.files import private_folder, write_whole
from sesari.errors import Problem, SesariError
from sesari.model.image import Entry

# Given a file and a folder, the arguments of the one command.
Arguments = Callable[[str, str], Sequence[str]]
# While the block runs, somebody else may interrupt or kill the child.
Watch = Callable[[Child], AbstractContextManager[object]]


class PipWheels:
    """`cache` keeps every wheel ever fetched. `variables` is the process environment: pip's own settings are in it."""

    def __init__(self, cache: Path, variables: Mapping[str, str], watch: Watch = nullcontext) -> None:
        self._cache = cache.absolute()
        self._variables = variables
        self._watch = watch

    @property
    def version(self) -> str:
        """Of the Python that runs here: `3.11`."""
        return f"{sys.version_info.major}.{sys.version_info.minor}"

    def fetch(self, requirements: bytes, arguments: Arguments) -> dict[str, bytes]:
        """The wheels by file name; from the cache alone where it has them all. Raises SesariError."""
        if importlib.util.find_spec("pip") is None:
            hint = f"Install it with `{sys.executable} -m ensurepip`, or install an image builder"
            raise SesariError(Problem("pip-missing", "This Python has no pip", sys.executable, hint=hint))
        private_folder(self._cache)
        with tempfile.TemporaryDirectory(prefix="sesari-pip-") as name:
            file, folder = Path(name) / "requirements.txt", Path(name) / "wheels"
            write_whole(file, requirements)
            command = [
                sys.executable,
                "-m",
                "pip",
                *arguments(str(file), str(folder)),
                "--find-links",
                str(self._cache),
            ]
            code, _ = _run(
                [*command, "--no-index"], Path(name), {**self._variables, "PIP_EXTRA_INDEX_URL": ""}, self._watch
            )
            if code != 0:
                code, errors = _run(command, Path(name), self._variables, self._watch)
                if code != 0:
                    raise _not_fetched("pip", errors)
            wheels = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
        for wheel, body in wheels.items():
            if not (self._cache / wheel).exists():
                write_whole(self._cache / wheel, body)
        return wheels


class NpmModules:
    """`cache` is npm's own. `variables` is the process environment."""

    def __init__(self, cache: Path, variables: Mapping[str, str], watch: Watch = nullcontext) -> None:
        self._cache = cache.absolute()
        self._variables = variables
        self._watch = watch

    def version(self) -> str:
        """Of the Node that runs here: `22`. Raises SesariError `node-missing`."""
        lines: list[bytes] = []
        code, _ = _run(
            [_program("node", self._variables), "--version"], Path.cwd(), self._variables, self._watch, lines
        )
        return lines[0].decode().strip().lstrip("v").split(".")[0] if code == 0 and lines else "0"

    def fetch(self, package: bytes, lock: bytes, arguments: Callable[[str], Sequence[str]]) -> tuple[Entry, ...]:
        """What `npm ci` makes, as entries below `node_modules`. Raises SesariError."""
        private_folder(self._cache)
        with tempfile.TemporaryDirectory(prefix="sesari-npm-") as name:
            write_whole(Path(name) / "package.json", package)
            write_whole(Path(name) / "package-lock.json", lock)
            command = [_program("npm", self._variables), *arguments(str(self._cache))]
            code, errors = _run([*command, "--prefer-offline"], Path(name), self._variables, self._watch)
            if code != 0:
                raise _not_fetched("npm", errors)
            return read_entries(Path(name), "node_modules")


def read_entries(root: Path, below: str) -> tuple[Entry, ...]:
    """A folder on disk as entries, their paths relative to `root`."""
    found = []
    for path in sorted((root / below).rglob("*")):
        name = path.relative_to(root).as_posix()
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            found.append(Entry(name, "link", os.fsencode(path.readlink())))
        elif stat.S_ISDIR(mode):
            found.append(Entry(name, "folder"))
        else:
            found.append(Entry(name, "file", path.read_bytes(), bool(mode & 0o100)))
    return tuple(found)


def _program(name: str, variables: Mapping[str, str]) -> str:
    found = shutil.which(name, path=variables.get("PATH"))
    if found is None:
        hint = "Install Node 20 or newer, or an image builder"
        raise SesariError(Problem("node-missing", f"`{name}` was not found", hint=hint))
    return found


def _run(
    argv: Sequence[str], folder: Path, variables: Mapping[str, str], watch: Watch, lines: list[bytes] | None = None
) -> tuple[int, str]:
    child = Child(argv, folder, variables)
    with watch(child):
        code, errors = child.wait((lines if lines is not None else []).append)
    return code, errors.decode("utf-8", "replace")


def _not_fetched(program: str, errors: str) -> SesariError:
    told = [line.strip() for line in errors.splitlines() if line.startswith(("ERROR", "npm error"))]
    hint = "Check the network and the package index, then run the command again"
    why = " ".join(told[:3])[:600] or "it gave no reason"
    return SesariError(
        Problem("dependencies-not-fetched", f"{program} could not fetch the dependencies", None, why, hint)
    )
