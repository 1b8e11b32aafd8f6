"""How every server of the offline cloud runs: loopback only, a port told once it listens, gone with its parent."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any

from hypercorn.asyncio import serve
from hypercorn.config import Config

LOOPBACK = "127.0.0.1"


def listen(wanted: int) -> socket.socket:
    """A socket on `wanted`, or on any free port where that one is taken or 0. Restarts ask for their old port."""
    for port in dict.fromkeys((wanted, 0)):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, port))
            listener.listen(128)
        except OSError:
            listener.close()
            if port == 0:
                raise
            continue
        return listener
    raise OSError("no free port on the loopback interface")


def run(listener: socket.socket, application: Any) -> None:
    """Serves until standard input ends (the parent is gone) or SIGTERM. Ctrl-C is the parent's to handle."""
    asyncio.run(_serve(listener, application))


async def _serve(listener: socket.socket, application: Any) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGINT, lambda: None)
    loop.add_reader(sys.stdin.fileno(), _on_input(stop.set))
    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.graceful_timeout = 0.2
    config.keep_alive_timeout = 75
    config.errorlog = None
    announce({"port": listener.getsockname()[1]})
    await serve(application, config, shutdown_trigger=stop.wait)


def _on_input(stop: Callable[[], None]) -> Callable[[], None]:
    def readable() -> None:
        if not os.read(sys.stdin.fileno(), 4096):
            asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
            stop()

    return readable


def announce(facts: dict[str, object]) -> None:
    """One JSON line on standard output: what the parent waits for."""
    sys.stdout.write(json.dumps({**facts, "pid": os.getpid()}) + "\n")
    sys.stdout.flush()
