"""An apply broken half-way loses nothing: the state is kept, what a dead holder left is released, it continues."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests import engine
from tests.functional.bench import Shop, credentials, data, emulator, prepare, write_root
from tests.functional.proxy import refusing_proxy

from sesari.errors import Refused, SesariError
from sesari.model.lease import Lease
from sesari.pipeline.apply import apply_plan
from sesari.pipeline.lease import current_lease, held, lease_key
from sesari.pipeline.plan import make_plan
from sesari.pipeline.state_lock import found_lock, locked
from sesari.pipeline.stop import Stop
from sesari.pipeline.unlock import unlock
from sesari.release.lease import beat, encode

SLOW = data("a", "one") + data("b", "two", "exec sleep 12", after="a") + data("c", "three", after="b")
QUICK = SLOW.replace("exec sleep 12", "true")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    (tmp_path / "emulator").mkdir()
    with emulator(tmp_path / "emulator") as url:
        prepare(url)
        yield Shop(tmp_path / "shop", url)


def until(true: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not so after {seconds} s"
        time.sleep(0.05)


def started(shop: Shop, choice: str = "") -> subprocess.Popen[str]:
    """An apply in an own process, at the moment when its second resource is under way."""
    command = [sys.executable, "-m", "tests.functional.run_apply", str(shop.project.root), shop.url]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "SESARI_TERRAFORM": choice},
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "provisioning terraform_data.b" in line:
            return process
    raise AssertionError(f"the apply ended with {process.wait()} before it was half-way")


def terraforms(shop: Shop) -> list[int]:
    """The Terraform processes that work in this shop's folder."""
    return engine.processes_in(shop.project.infra)


def await_no_terraform(shop: Shop) -> None:
    until(lambda: not terraforms(shop))


def names_in_state(shop: Shop) -> set[str]:
    stored = shop.tools().state.get("staging/terraform.tfstate")
    return {each["name"] for each in json.loads(stored.body)["resources"]} if stored else set()


def continues(shop: Shop) -> None:
    """The next plan and apply need nobody's help."""
    write_root(shop.project, "staging", QUICK)
    apply_plan(shop.tools(), make_plan(shop.plan_tools()).saved.digest)
    assert names_in_state(shop) == {"a", "b", "c"}
    assert found_lock(shop.tools()) is None
    assert make_plan(shop.tools()).plan.empty


@pytest.mark.parametrize("choice", ["path", "embedded"])
def test_ctrl_c_saves_the_state_and_gives_lease_and_lock_back(shop: Shop, choice: str) -> None:
    engine.only_with(choice)
    shop.machine["SESARI_TERRAFORM"] = choice
    write_root(shop.project, "staging", SLOW)
    process = started(shop, choice)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 130
    assert '"aborted"' in output
    assert names_in_state(shop) == {"a", "b"}
    lease = current_lease(shop.tools().delivery, "staging")
    assert lease is not None
    assert lease.released
    assert found_lock(shop.tools()) is None
    continues(shop)


def test_kill_9_of_sesari_lets_terraform_save_its_state_and_the_next_apply_continues(shop: Shop) -> None:
    write_root(shop.project, "staging", SLOW)
    process = started(shop)
    process.kill()
    process.wait()
    await_no_terraform(shop)
    assert names_in_state(shop) == {"a", "b"}
    left = found_lock(shop.tools())
    assert left is not None
    began = time.monotonic()
    continues(shop)
    assert time.monotonic() - began < 30, (
        "this machine's kernel knows that the holder is dead: nobody waits for its ttl"
    )
    lease = current_lease(shop.tools().delivery, "staging")
    assert lease is not None
    assert lease.token == 3, "one dead holder, one that put things right, one that applied"


def test_kill_9_of_terraform_loses_nothing_that_it_had_created(shop: Shop) -> None:
    write_root(shop.project, "staging", SLOW)
    process = started(shop)
    for pid in terraforms(shop):
        os.kill(pid, signal.SIGKILL)
    process.kill()
    process.wait()
    await_no_terraform(shop)
    assert names_in_state(shop) == set(), "Terraform had no time to save what it had created"
    journal = shop.tools().root.created()
    assert set(journal) == {"terraform_data.a"}
    write_root(shop.project, "staging", QUICK)
    planned = make_plan(shop.plan_tools())
    assert names_in_state(shop) == {"a"}
    assert id_of(shop, "a") == journal["terraform_data.a"], "the same thing, not a second one"
    assert planned.saved.changes == {"create": 2, "update": 1} or planned.saved.changes == {"create": 2}
    assert shop.tools().root.created() == {}
    continues(shop)


def id_of(shop: Shop, name: str) -> str:
    stored = shop.tools().state.get("staging/terraform.tfstate")
    assert stored is not None
    (found,) = [each for each in json.loads(stored.body)["resources"] if each["name"] == name]
    return str(found["instances"][0]["attributes"]["id"])


def test_unlock_releases_what_a_dead_holder_left(shop: Shop) -> None:
    write_root(shop.project, "staging", SLOW)
    process = started(shop)
    with pytest.raises(Refused) as caught:
        unlock(shop.tools())
    assert caught.value.codes == ("environment-held",)
    process.kill()
    process.wait()
    await_no_terraform(shop)
    released = unlock(shop.tools())
    assert released.lease is not None
    assert released.lock is not None
    assert released.lock.id == released.lease.lock_id
    again = unlock(shop.tools())
    assert (again.lease, again.lock) == (None, None)


def test_a_terraform_run_by_hand_and_sesari_keep_each_other_out(shop: Shop) -> None:
    write_root(shop.project, "staging", data("a", "one"))
    digest = make_plan(shop.tools()).saved.digest
    tools = shop.tools()
    by_hand = {**os.environ, **credentials(tools.environment.account, shop.url), "TF_CLI_CONFIG_FILE": os.devnull}

    def terraform(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*engine.command(), *words], cwd=tools.root.directory, env=by_hand, capture_output=True, text=True
        )

    assert terraform("init").returncode == 0
    with held(tools, "test") as lease, locked(tools, lease, "OperationTypeApply"):
        kept_out = terraform("apply", "-auto-approve", "-no-color")
    assert kept_out.returncode == 1
    assert lease.lease.lock_id in kept_out.stderr
    write_root(shop.project, "staging", data("a", "one", "exec sleep 60"))
    hand = subprocess.Popen(
        [*engine.command(), "apply", "-auto-approve"],
        cwd=tools.root.directory,
        env=by_hand,
        stdout=subprocess.DEVNULL,
    )
    until(lambda: found_lock(tools) is not None)
    with pytest.raises(Refused) as caught:
        apply_plan(shop.tools(), digest)
    assert caught.value.codes == ("state-locked",)
    hand.kill()  # a by-hand Terraform that died and left its lock
    hand.wait()
    lock = found_lock(tools)
    assert lock is not None
    assert lock.who in str(caught.value.problems[0].why)
    for wrong in (None, "another-id"):
        with pytest.raises(Refused):
            unlock(shop.tools(), wrong)
    assert found_lock(tools) is not None
    released = unlock(shop.tools(), lock.id).lock
    assert released is not None
    assert released.id == lock.id


def test_a_holder_that_lost_its_lease_stops_terraform_before_its_next_change(shop: Shop) -> None:
    write_root(shop.project, "staging", SLOW)
    digest = make_plan(shop.tools()).saved.digest
    failure: list[SesariError] = []

    def apply() -> None:
        try:
            apply_plan(shop.tools(), digest)
        except SesariError as error:
            failure.append(error)

    thread = threading.Thread(target=apply)
    thread.start()
    tools = shop.tools()
    until(lambda: bool(terraforms(shop)) and found_lock(tools) is not None)
    stolen = False
    while not stolen:
        stored = tools.delivery.get(lease_key("staging"))
        mine = current_lease(tools.delivery, "staging")
        assert stored is not None
        assert mine is not None
        thief = Lease(mine.environment, mine.token + 1, "thief", "t", mine.acquired, mine.heartbeat, mine.ttl, "lock")
        with suppress(Exception):
            tools.delivery.replace(lease_key("staging"), encode(beat(thief, tools.clock.now())), stored.version)
            stolen = True
    thread.join(30)
    assert [error.codes for error in failure] == [("lease-lost",)]
    assert "c" not in names_in_state(shop)
    now = current_lease(tools.delivery, "staging")
    assert now is not None
    assert now.holder == "thief"


def test_a_state_that_could_not_be_saved_is_put_back(shop: Shop) -> None:
    with refusing_proxy(shop.url) as proxy:
        there = Shop(shop.project.root, proxy.url)
        write_root(shop.project, "staging", data("a", "one"))
        digest = make_plan(there.tools()).saved.digest
        proxy.refuse = lambda method, path: method == "PUT" and path.split("?")[0].endswith("/terraform.tfstate")
        with pytest.raises(SesariError) as caught:
            apply_plan(there.tools(), digest)
        assert caught.value.codes[0] == "state-not-saved"
        kept = Path(str(caught.value.problems[0].where))
        assert kept.stat().st_mode & 0o777 == 0o600
        assert not (shop.project.infra / "staging" / "errored.tfstate").exists()
        with pytest.raises(SesariError) as caught:
            make_plan(there.plan_tools())
        assert caught.value.codes[0] == "state-not-saved"
    assert names_in_state(shop) == set()
    assert make_plan(shop.plan_tools()).plan.empty
    assert names_in_state(shop) == {"a"}
    assert not kept.exists()


def test_of_several_who_want_an_environment_one_holds_it(shop: Shop) -> None:
    holding, entered, refusals = threading.Event(), [], []

    def want() -> None:
        try:
            with held(shop.tools(stop=Stop()), "test"):
                entered.append(1)
                holding.wait(15)
        except Refused as error:
            refusals.append(error.codes)

    threads = [threading.Thread(target=want) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(150):
        if len(refusals) == 3:
            break
        time.sleep(0.1)
    holding.set()
    for thread in threads:
        thread.join()
    assert (len(entered), refusals) == (1, [("environment-held",)] * 3)
