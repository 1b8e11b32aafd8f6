"""A real Postgres server for one environment of the offline cloud: what a Supabase project has, on the loopback."""

from __future__ import annotations

import json
import pwd
import secrets
import shutil
import socket
import tempfile
from importlib import resources
from pathlib import Path
from types import TracebackType
from typing import Any

import psycopg
from psycopg import sql

from sesari.errors import Problem, SesariError
from sesari.model.secret import Secret
from sesari.rehearsal.cloud_child import Child
from sesari.rehearsal.cloud_folder import write_private
from sesari.rehearsal.postgres_binaries import find_postgres, reachable, server_user

LOOPBACK = "127.0.0.1"
_LONGEST_SOCKET = 100
_SETTINGS = "server.json"


class PostgresServer:
    """A running server; it goes with this process, and starts again on the same folder with the same data and URL.

    `url` is the product's (role `postgres`: no superuser, as at Supabase); `administrator` is for the rehearsal itself.
    `socket` is the folder of its unix socket, None where the path would be too long for one. `pid` is the process
    around the server.
    """

    def __init__(self, child: Child, folder: Path, settings: dict[str, Any]) -> None:
        self._child = child
        self.folder = folder
        self.port: int = settings["port"]
        self.socket = Path(settings["socket"]) if settings["socket"] else None
        self.url = _url("postgres", settings["password"], self.port)
        self.administrator = _url("supabase_admin", settings["administrator_password"], self.port)
        self.data = Path(settings["base"]) / "data"

    @property
    def pid(self) -> int:
        return self._child.pid

    @classmethod
    def start(cls, folder: Path, binaries: Path | None = None) -> PostgresServer:
        """Start it on the folder's data, which is made where there is none; `binaries` else those that are found.

        Raises SesariError `no-postgres`, `rehearsal-part-failed`; then nothing runs.
        """
        settings = _settings(folder.absolute(), binaries)
        child = Child("Postgres", "sesari.rehearsal.postgres_child", [str(folder / _SETTINGS)], folder / "postgres.log")
        try:
            child.ready()
            server = cls(child, folder, settings)
            _prepare(server.administrator, settings["password"])
        except BaseException:
            child.ask_to_stop()
            child.wait()
            raise
        return server

    @property
    def version(self) -> str:
        """For people: `PostgreSQL 15.18`."""
        with psycopg.connect(self.administrator.reveal()) as connection:
            number = connection.info.server_version
        return f"PostgreSQL {number // 10000}.{number % 10000}"

    def stop(self) -> None:
        """End it in order: sessions are ended, data is written."""
        self._child.ask_to_stop()
        self._child.wait()

    def __enter__(self) -> PostgresServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def remove(folder: Path) -> None:
    """Remove what a stopped server left, also where its data had to be elsewhere."""
    if (folder / _SETTINGS).exists():
        held = json.loads((folder / _SETTINGS).read_text(encoding="utf-8"))
        shutil.rmtree(held["base"], ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


def _settings(folder: Path, binaries: Path | None) -> dict[str, Any]:
    """The folder's `server.json`, made or brought up to date: private, for it holds the passwords."""
    file = folder / _SETTINGS
    held: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    user = server_user()
    base = Path(held["base"]) if held and Path(held["base"]).is_dir() else _base(folder, user)
    settings = {
        "base": str(base),
        "binaries": str(_binaries(base, user, binaries or find_postgres())),
        "user": user,
        "group": pwd.getpwnam(user).pw_gid if user else None,
        "port": _free_port(held.get("port", 0)),
        "socket": str(base) if len(str(base)) < _LONGEST_SOCKET - len("/.s.PGSQL.65535") else "",
        "password": held.get("password") or secrets.token_urlsafe(24),
        "administrator_password": held.get("administrator_password") or secrets.token_urlsafe(24),
    }
    write_private(file, json.dumps(settings, indent=1).encode())
    return settings


def _base(folder: Path, user: str | None) -> Path:
    """Where the data is: in the folder. For root the server is another user, who may not get there: then beside it."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    inside = folder / "server"
    if user is None:
        inside.mkdir(exist_ok=True, mode=0o700)
        return inside
    # To pass through shows nothing of what is in the folder; its files are private one by one.
    folder.chmod(0o711)
    base = inside if reachable(inside, user) else Path(tempfile.mkdtemp(prefix="sesari-postgres-"))
    base.mkdir(exist_ok=True, mode=0o700)
    shutil.chown(base, user, pwd.getpwnam(user).pw_gid)
    return base


def _binaries(base: Path, user: str | None, found: Path) -> Path:
    """The programs, copied where the server's user would not get at them (an environment in root's home)."""
    if reachable(found / "postgres", user):
        return found
    copied = base / "programs"
    if not copied.exists():
        unfinished = base / "programs.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.copytree(found.parent, unfinished, symlinks=True)
        unfinished.rename(copied)
    return copied / "bin"


def _free_port(wanted: int) -> int:
    for port in dict.fromkeys((wanted, 0)):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind((LOOPBACK, port))
            except OSError:
                continue
            found: int = listener.getsockname()[1]
            return found
    raise SesariError(Problem("no-port", "No port is free on the loopback interface"))


def _url(user: str, password: str, port: int) -> Secret:
    return Secret(f"postgresql://{user}:{password}@{LOOPBACK}:{port}/postgres")


def _prepare(administrator: Secret, password: str) -> None:
    """Make a new server what a new Supabase project is, in one transaction."""
    with psycopg.connect(administrator.reveal()) as connection:
        if connection.execute("select from pg_roles where rolname = 'postgres'").fetchone() is not None:
            return
        text = resources.files("sesari.rehearsal").joinpath("supabase_project.sql").read_text(encoding="utf-8")
        connection.execute(text.encode())
        for role in ("postgres", "authenticator"):
            statement = sql.SQL("alter role {} password {}").format(sql.Identifier(role), sql.Literal(password))
            connection.execute(statement)
