"""The emulator's process: `python -m sesari.rehearsal.aws.server --folder DIR [--port N]`.

Everything it keeps is below the folder, private to the user. State is written when it stops in order; a kill -9
of this process loses what changed since it started.
"""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path

from sesari.rehearsal.serving import LOOPBACK, listen, run

ROOT_SECRET = "rehearsal"  # noqa: S105  (an account's root in the offline cloud; the emulator accepts any secret for it)
_ACCOUNT = re.compile(r"^\d{12}$")


def main() -> None:
    parser = argparse.ArgumentParser(description="The emulated AWS of a rehearsal.")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--healthy-within", type=float, default=10.0, help="seconds that a new task has to get healthy")
    arguments = parser.parse_args()
    folder: Path = arguments.folder
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.umask(0o077)
    listener = listen(arguments.port)
    # The emulator reads its settings when it is imported.
    os.environ.update(settings(folder, listener.getsockname()[1]))

    from ministack.app import app
    from ministack.core import hypercorn_compat

    from sesari.rehearsal.aws import enforcement
    from sesari.rehearsal.aws.gateway import Gateway
    from sesari.rehearsal.tasks import scheduler

    hypercorn_compat.install()
    enforcement.install()
    tasks = scheduler.install(
        folder / "tasks", f"http://{LOOPBACK}:{listener.getsockname()[1]}", arguments.healthy_within
    )
    try:
        run(listener, Gateway(app, folder / "calls.jsonl", account_of))
    finally:
        tasks.stop()


def settings(folder: Path, port: int) -> dict[str, str]:
    """The emulator's environment: IAM enforced, everything kept in the folder, no listener but ours."""
    return {
        "AUTH": "true",
        "AWS_ACCESS_KEY_ID": "unused-root",
        "AWS_SECRET_ACCESS_KEY": ROOT_SECRET,
        "AWS_SESSION_TOKEN": "",
        "BIND_HOST": LOOPBACK,
        "DOCKER_HOST": "unix:///nonexistent",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "LOG_LEVEL": "ERROR",
        "MINISTACK_HOST": LOOPBACK,
        "PERSIST_STATE": "1",
        "S3_DATA_DIR": str(folder / "s3"),
        "S3_PERSIST": "1",
        "SFTP_ENABLED": "0",
        "STATE_DIR": str(folder / "state"),
    }


def account_of(key: str) -> str:
    """The account an access key belongs to; empty for an unsigned call or a key that nobody issued."""
    if _ACCOUNT.match(key):
        return key
    from ministack.core.responses import get_account_id, set_request_account_id

    set_request_account_id(key)
    account: str = get_account_id()
    return "" if account == "000000000000" else account


if __name__ == "__main__":
    main()
