"""A killed apply is put right by the deploy role before the plan role plans, with IAM enforced as on AWS."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from sesari.model.access import Project, Purpose
from sesari.model.progress import silent
from sesari.pipeline.wiring import Wiring, open_project
from sesari.rehearsal.aws.faults import Fault
from sesari.rehearsal.cloud import Cloud
from sesari.rehearsal.story.asked import example
from sesari.rehearsal.story.run import Order, rehearse

ENVIRONMENT = "dev"


class Bootstrapped:
    """The example's `dev` account after bootstrap, on a running offline cloud; nothing is applied yet."""

    def __init__(self, folder: Path, cloud: Cloud) -> None:
        self.cloud = cloud
        self.project = Project(folder / "product")
        self.machine = {**os.environ, "SESARI_REHEARSAL": str(cloud.folder)}

    def wiring(self) -> Wiring:
        return open_project(self.project, self.machine)

    def sesari(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "sesari", *words, "-e", ENVIRONMENT, "--project", str(self.project.root)],
            env=self.machine,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def created(self) -> dict[str, str]:
        """What Terraform said that it had created, and no run has found in the state since."""
        return dict(self.wiring().tools(ENVIRONMENT, Purpose.PLAN).root.created())

    def ids_in_state(self) -> set[str]:
        tools = self.wiring().tools(ENVIRONMENT, Purpose.PLAN)
        stored = tools.state.get(tools.state_key)
        resources = json.loads(stored.body)["resources"] if stored else []
        return {each["attributes"]["id"] for resource in resources for each in resource["instances"]}


@pytest.fixture
def dev(tmp_path: Path) -> Iterator[Bootstrapped]:
    order = Order(example(), tmp_path / "work", ("manifest", "bootstrap"), environments=(ENVIRONMENT,))
    told, cloud = rehearse(order, os.environ, lambda chapter: None, silent)
    try:
        assert told.ok, told.problems
        yield Bootstrapped(order.folder, cloud)
    finally:
        cloud.stop()


def kill_all(process: subprocess.Popen[str]) -> None:
    """Terraform first: it would use the time after Sesari's death to save its state."""
    for child in psutil.Process(process.pid).children(recursive=True):
        child.kill()
    process.send_signal(signal.SIGKILL)
    process.communicate()


def await_standstill(dev: Bootstrapped, applying: subprocess.Popen[str], seconds: float = 2) -> None:
    """Until something was created and nothing more is: what is on its way at a kill is lost, as to any Terraform."""
    deadline = time.monotonic() + 35
    count, since = 0, time.monotonic()
    while count == 0 or time.monotonic() - since < seconds:
        assert applying.poll() is None, applying.communicate()
        assert time.monotonic() < deadline, "no standstill"
        time.sleep(0.1)
        if len(dev.created()) != count:
            count, since = len(dev.created()), time.monotonic()


def test_plan_after_kill_9(dev: Bootstrapped) -> None:
    first = dev.sesari("plan")
    output, errors = first.communicate()
    assert first.returncode == 2, output + errors
    # Queues that take long hold the apply where other things exist already and Terraform has not saved its state yet.
    dev.cloud.plan_faults([Fault("sqs", "CreateQueue", "delay", times=0, seconds=40)])
    applying = dev.sesari("apply", "--yes")
    await_standstill(dev, applying)
    kill_all(applying)
    dev.cloud.plan_faults([])
    # Terraform imports a route by its table and destination, which its id does not tell.
    lost = {address: id for address, id in dev.created().items() if ".aws_route." not in address}
    assert set(lost.values()) - dev.ids_in_state()
    again = dev.sesari("plan", "--json")
    output, errors = again.communicate()
    assert again.returncode == 2, output + errors
    assert set(lost.values()) <= dev.ids_in_state()
    assert dev.created() == {}
    (record,) = json.loads(output)["plans"]
    changes = [change for group in record["groups"] for change in group["changes"]]
    planned = {address for change in changes if change["action"] == "create" for address in change["addresses"]}
    assert planned
    # That the apply after it succeeds is not claimed: imported resources that Terraform wants to replace can meet their
    # own names (README, "Known limits").
    assert not planned & set(lost)
