"""A throw-away Postgres in a folder, reached over a unix socket, with the migrations applied."""

from __future__ import annotations

import getpass
import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

PRODUCT = Path(__file__).resolve().parent.parent
KNOWN_FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin")


def find_postgres() -> Path | None:
    """The folder with `initdb` and `pg_ctl`, the newest version of several."""
    on_path = shutil.which("initdb")
    found = [Path(on_path).resolve().parent] if on_path else []
    for pattern in KNOWN_FOLDERS:
        found += sorted(Path("/").glob(pattern.lstrip("/")), key=lambda folder: [len(str(folder)), str(folder)])
    return next((folder for folder in reversed(found) if (folder / "pg_ctl").exists()), None)


def server_user() -> str:
    """Postgres refuses to run as root; then it runs as somebody who owns nothing."""
    if os.geteuid() != 0:
        return getpass.getuser()
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


@contextmanager
def postgres(binaries: Path, folder: Path) -> Iterator[str]:
    """The connection string of a running server's superuser; the server stops when the block ends."""
    user = server_user()
    folder.chmod(0o755)
    data = folder / "data"
    data.mkdir(mode=0o700)
    if os.geteuid() == 0:
        shutil.chown(folder, user)
        shutil.chown(data, user)

    def run(program: str, *arguments: str) -> None:
        identity = {"user": user, "extra_groups": []} if os.geteuid() == 0 else {}
        argv = [str(binaries / program), *arguments]
        subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, cwd=folder, **identity)

    run("initdb", "-D", str(data), "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C")
    options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off -c max_connections=40"
    run("pg_ctl", "-D", str(data), "-l", str(folder / "log"), "-w", "-o", options, "start")
    try:
        yield f"host={folder} user=postgres dbname=postgres"
    finally:
        run("pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")


def migrations() -> list[Path]:
    """In the order in which they run."""
    return sorted((PRODUCT / "migrations").glob("*.sql"))


def migrate(url: str, files: list[Path]) -> None:
    """Each file in a transaction of its own, as the Supabase tools do."""
    for file in files:
        with psycopg.connect(url) as connection:
            connection.execute(file.read_text(encoding="utf-8"))  # type: ignore[arg-type]
