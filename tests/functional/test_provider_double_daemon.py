"""The provider doubles as processes: planned faults, kills, signals, many at once, what is logged."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.functional.doubles import PROVIDER, VPC, Daemon, Root, make_root, start


def test_sigterm_finishes_the_call_in_flight(root: Root) -> None:
    root.write(PROVIDER, VPC)
    root.daemon.faults({"type": "aws_vpc", "operation": "create", "hang_seconds": 2})
    with ThreadPoolExecutor(1) as pool:
        applying = pool.submit(root.run, "apply", "-auto-approve", "-no-color", exit_codes=(0, 1))
        calls = root.daemon.folder / "calls.jsonl"
        time.sleep(1)
        assert root.daemon.stop() == 0
        applying.result()
    assert '"operation": "create"' in calls.read_text() and '"outcome": "ok"' in calls.read_text()
    assert root.daemon.recorded().store.counts() == {"aws_vpc": 1}


@pytest.mark.parametrize(
    ("error", "seen"),
    [
        ("AccessDenied", "is not authorized to perform: ec2"),
        ("Throttling", "ThrottlingException: Rate exceeded"),
        ("Timeout", "context deadline exceeded"),
        ("ServerError", "StatusCode: 500"),
    ],
)
def test_a_fault_is_seen_as_the_real_provider_shows_it_and_the_next_apply_goes_on(
    root: Root, error: str, seen: str
) -> None:
    two = VPC + VPC.replace('"this"', '"other"')
    root.write(PROVIDER, two)
    root.daemon.faults({"type": "aws_vpc", "operation": "create", "nth": 2, "error": error})
    broken = " ".join(root.run("apply", "-auto-approve", "-no-color", exit_codes=(1,)).replace("│", "").split())
    assert seen in broken and "creating VPC" in broken
    assert root.daemon.recorded().store.counts() == {"aws_vpc": 1}
    root.apply(PROVIDER, two)
    assert root.daemon.recorded().store.counts() == {"aws_vpc": 2}


def test_a_killed_daemon_loses_nothing_that_was_applied(tmp_path: Path) -> None:
    first = start(tmp_path / "cloud")
    root = make_root(tmp_path / "root", first)
    root.apply(PROVIDER, VPC)
    first.faults({"type": "aws_vpc", "operation": "read", "nth": 1, "kill": True})
    root.run("plan", "-no-color", exit_codes=(1,))
    assert first.process.wait(timeout=10) == -signal.SIGKILL
    second = start(tmp_path / "cloud")
    try:
        Root(root.folder, second).require_empty()
    finally:
        assert second.stop() == 0


def test_two_applies_at_once_on_one_daemon(daemon: Daemon, tmp_path: Path) -> None:
    roots = [make_root(tmp_path / name, daemon) for name in ("one", "two")]
    many = 'resource "aws_sqs_queue" "q" {\n count = 30\n name = "%s-${count.index}"\n}'
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda root: root.apply(PROVIDER, many % root.folder.name), roots))
    assert daemon.recorded().store.counts() == {"aws_sqs_queue": 60}


def test_every_call_is_logged_without_values(root: Root) -> None:
    root.apply(
        PROVIDER, 'resource "aws_ssm_parameter" "p" {\n name = "/p"\n type = "String"\n value = "MARKED-VALUE"\n}'
    )
    text = (root.daemon.folder / "calls.jsonl").read_text()
    calls = [json.loads(line) for line in text.splitlines()]
    assert {
        "provider": "aws",
        "environment": "dev",
        "identity": "deploy",
        "operation": "create",
        "outcome": "ok",
    }.items() <= (calls[0].items())
    assert "MARKED-VALUE" not in text


def test_a_folder_too_deep_for_sockets_is_served_all_the_same(tmp_path: Path) -> None:
    deep = start(tmp_path / ("deep-" * 20) / "cloud")
    root = make_root(tmp_path / "root", deep)
    root.apply(PROVIDER, VPC)
    (socket, *_) = (one["Addr"]["String"] for one in deep.ready["reattach"]["deploy"].values())
    assert deep.stop() == 0
    assert not Path(socket).parent.exists()


def test_sigint_is_ignored_and_the_daemon_goes_with_its_parent(tmp_path: Path) -> None:
    script = (
        "import subprocess, sys, time\n"
        "argv = [sys.executable, '-m', 'sesari.rehearsal.provider', '--folder', sys.argv[1], '--environment', 'dev',"
        " '--account', '111111111111', '--region', 'us-east-1']\n"
        "daemon = subprocess.Popen(argv, stdout=subprocess.PIPE)\n"
        "daemon.stdout.readline()\n"
        "print(daemon.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "cloud")], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    os.kill(pid, signal.SIGINT)
    time.sleep(0.7)
    assert _alive(pid)
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 10
    while _alive(pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not _alive(pid)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False
