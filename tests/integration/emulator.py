"""The AWS emulator in a process of its own: own port, own folder, IAM enforced, loopback only."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOOPBACK = "127.0.0.1"


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """Its endpoint, while it runs. An account is chosen by a 12-digit access key."""
    port = _free_port()
    variables = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "AUTH": "true",
        "AWS_ACCESS_KEY_ID": "unused-root",
        "AWS_SECRET_ACCESS_KEY": "unused",
        "BIND_HOST": LOOPBACK,
        "DOCKER_HOST": "unix:///nonexistent",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "LOG_LEVEL": "ERROR",
        "MINISTACK_HOST": LOOPBACK,
        "S3_DATA_DIR": str(folder / "s3"),
        "SFTP_ENABLED": "0",
        "STATE_DIR": str(folder / "state"),
    }
    with (folder / "emulator.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "ministack"], env=variables, stdout=log, stderr=log, start_new_session=True
        )
        try:
            _wait(process, port)
            yield f"http://{LOOPBACK}:{port}"
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(10)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex((LOOPBACK, port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError(f"the emulator did not start (exit code {process.poll()})")
