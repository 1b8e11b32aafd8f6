"""The process around a Postgres server: makes its data, starts it, and takes it along when it goes.

It goes when its standard input ends (the parent is gone), or at SIGTERM. Killed itself, the kernel tells the server on
Linux; and the folder's lock is inherited by the server, so that the next one waits until the last is really gone.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

_LOCK_SECONDS = 5.0
_STOP_SECONDS = 8.0
_PR_SET_PDEATHSIG = 1
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "80",
    "shared_buffers": "32MB",
    # The rehearsal's data is thrown away; it survives the death of any process, not that of the machine.
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


def main(settings_file: str) -> int:
    settings: dict[str, Any] = json.loads(Path(settings_file).read_text(encoding="utf-8"))
    base = Path(settings["base"])
    stopping = _stop_signal()
    lock = _locked(base)
    if not (base / "data").exists():
        _make_data(base, settings)
    server = _start(base, settings, lock)
    try:
        if not _ready(server, base, stopping):
            return 1
        sys.stdout.write(json.dumps({"port": settings["port"], "pid": os.getpid(), "server": server.pid}) + "\n")
        sys.stdout.flush()
        _until_told(server, stopping)
    finally:
        _end(server)
    return 0


def _stop_signal() -> int:
    """A descriptor that becomes readable at SIGTERM. Ctrl-C is the parent's to handle."""
    told, tell = os.pipe()
    os.set_blocking(tell, False)
    signal.signal(signal.SIGTERM, lambda number, frame: os.write(tell, b"."))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return told


def _locked(base: Path) -> int:
    descriptor = os.open(base / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
        except OSError:
            if time.monotonic() > deadline:
                sys.exit(f"another Postgres server runs in {base}")
            time.sleep(0.05)


def _make_data(base: Path, settings: Mapping[str, Any]) -> None:
    """Whole or not at all: a killed initdb leaves a folder that is thrown away."""
    fresh, password = base / "data.new", base / "password"
    shutil.rmtree(fresh, ignore_errors=True)
    descriptor = os.open(password, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(settings["administrator_password"])
    try:
        if settings["user"]:
            shutil.chown(password, settings["user"])
        subprocess.run(
            [
                f"{settings['binaries']}/initdb",
                *("-D", str(fresh), "-U", "supabase_admin", "-A", "scram-sha-256", f"--pwfile={password}"),
                *("--no-sync", "-E", "UTF8", "--locale=C"),
            ],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            cwd=base,
            env=_environment(),
            **_identity(settings),
        )
    finally:
        password.unlink()
    fresh.rename(base / "data")


def _start(base: Path, settings: Mapping[str, Any], lock: int) -> subprocess.Popen[bytes]:
    # What a dead server left would look like a ready one.
    (base / "data" / "postmaster.pid").unlink(missing_ok=True)
    held = {**_SETTINGS, "port": str(settings["port"]), "unix_socket_directories": settings["socket"]}
    options = [word for name, value in held.items() for word in ("-c", f"{name}={value}")]
    return subprocess.Popen(
        [f"{settings['binaries']}/postgres", "-D", str(base / "data"), *options],
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        cwd=base,
        env=_environment(),
        pass_fds=(lock,),
        start_new_session=True,
        preexec_fn=_dies_with(os.getpid()),
        **_identity(settings),
    )


def _identity(settings: Mapping[str, Any]) -> dict[str, Any]:
    user = settings["user"]
    return {"user": user, "group": settings["group"], "extra_groups": []} if user else {}


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _dies_with(parent: int) -> Callable[[], None]:
    def prepare() -> None:
        # SIGINT is a fast shutdown to Postgres; it must not inherit that we ignore it.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)

    return prepare


def _ready(server: subprocess.Popen[bytes], base: Path, stopping: int) -> bool:
    """True once the server says so in its pid file: line 8, as pg_ctl reads it."""
    while server.poll() is None:
        if select.select([sys.stdin, stopping], [], [], 0.02)[0]:
            return False
        try:
            lines = (base / "data" / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            continue
        if len(lines) >= 8 and lines[7].strip() == "ready" and lines[0] == str(server.pid):
            return True
    return False


def _until_told(server: subprocess.Popen[bytes], stopping: int) -> None:
    """Return when we are told to stop, or when the server ended by itself."""
    while server.poll() is None:
        if select.select([sys.stdin, stopping], [], [], 0.5)[0]:
            return


def _end(server: subprocess.Popen[bytes]) -> None:
    """Fast (sessions are ended, data is written), then at once."""
    for order, seconds in ((signal.SIGINT, _STOP_SECONDS), (signal.SIGQUIT, 1.0)):
        if server.poll() is None:
            server.send_signal(order)
            try:
                server.wait(seconds)
            except subprocess.TimeoutExpired:
                continue
    if server.poll() is None:
        server.kill()
    server.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
