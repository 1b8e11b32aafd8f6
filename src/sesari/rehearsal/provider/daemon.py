"""The process that serves an environment's providers, each identity on its own unix socket."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc

from sesari.rehearsal.provider.assembly import SCHEMA_FILES, Habitat, servicers
from sesari.rehearsal.provider.backend import Backend
from sesari.rehearsal.provider.wire import Protocol, load_protocol

LONGEST_SOCKET_PATH = 100  # the kernel's limit is 108 bytes, on macOS 104
CALLS_AT_ONCE = 10  # Terraform's own default parallelism
GRACE_SECONDS = 30.0
PARENT_CHECK_SECONDS = 0.5


def serve(habitat: Habitat, emulated: Mapping[str, Mapping[str, Backend]], announce: Any) -> None:
    """Serve until SIGTERM or until the parent is gone, then finish the calls in flight.

    `announce` is called once, when every socket listens, with identity -> provider address -> socket path.
    """
    parent = os.getppid()
    stopped = threading.Event()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; Terraform decides when to stop
    signal.signal(signal.SIGTERM, lambda number, frame: stopped.set())
    protocol = load_protocol()
    folder, scratch = _socket_folder(habitat.folder)
    servers: list[Any] = []
    try:
        sockets = _listen(habitat, emulated, protocol, folder, servers)
        announce(sockets)
        while not stopped.wait(PARENT_CHECK_SECONDS) and os.getppid() == parent:
            pass
    finally:
        for waiting in [server.stop(GRACE_SECONDS) for server in servers]:
            waiting.wait()
        if scratch:
            shutil.rmtree(folder, ignore_errors=True)


def _listen(
    habitat: Habitat,
    emulated: Mapping[str, Mapping[str, Backend]],
    protocol: Protocol,
    folder: Path,
    servers: list[Any],
) -> dict[str, dict[str, str]]:
    sockets: dict[str, dict[str, str]] = {}
    for provider in SCHEMA_FILES:
        for identity, servicer in servicers(provider, habitat, protocol, emulated).items():
            path = folder / f"{provider}-{identity}.sock"
            path.unlink(missing_ok=True)
            server = grpc.server(ThreadPoolExecutor(CALLS_AT_ONCE), options=[("grpc.max_receive_message_length", -1)])
            server.add_generic_rpc_handlers((protocol.handler(servicer.methods()),))
            server.add_insecure_port(f"unix:{path}")
            server.start()
            servers.append(server)
            sockets.setdefault(identity, {})[servicer.address] = str(path)
    return sockets


def _socket_folder(folder: Path) -> tuple[Path, bool]:
    """A private folder whose sockets have paths short enough; True when it is outside `folder`, to be removed."""
    inside = folder / "sockets"
    if len(os.fsencode(inside / "supabase-bootstrap.sock")) <= LONGEST_SOCKET_PATH:
        inside.mkdir(mode=0o700, parents=True, exist_ok=True)
        return inside, False
    return Path(tempfile.mkdtemp(prefix="sesari-")), True
