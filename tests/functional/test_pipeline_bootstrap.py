"""Bootstrap makes the bucket that will hold its own state, can be killed anywhere, and is idempotent."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.functional.bench import ACCOUNTS, DELIVERY, PRODUCT, REGION, Shop, credentials, emulator, prepare_delivery

from sesari.errors import Refused, SesariError
from sesari.pipeline.bootstrap import Bootstrapped, bootstrap
from sesari.pipeline.tools import Tools

STATE = "bootstrap/staging.tfstate"
BUCKET = f"{PRODUCT}-staging-state-{ACCOUNTS['staging']}"

# Makes the bucket as the real root's resources do: no provider is needed for that here.
MAKE = """
import sys
from sesari.drivers.aws_session import AwsSession
from tests.functional.bench import REGION, make_state_bucket
import os
make_state_bucket(AwsSession(os.environ, REGION), "staging")
"""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    (tmp_path / "emulator").mkdir()
    with emulator(tmp_path / "emulator") as url:
        prepare_delivery(url)
        shop = Shop(tmp_path / "shop", url, {"PYTHONPATH": str(Path(__file__).parents[2])})
        script = tmp_path / "make.py"
        script.write_text(MAKE)
        root = shop.project.infra / "bootstrap" / "staging"
        root.mkdir(parents=True)
        (root / "backend.tf").write_text(
            f'terraform {{\n  backend "s3" {{\n    bucket = "{BUCKET}"\n    key = "{STATE}"\n    region = "{REGION}"\n'
            "    use_lockfile = true\n  }\n}\n"
        )
        (root / "main.tf").write_text(
            'resource "terraform_data" "bucket" {\n  provisioner "local-exec" {\n'
            f'    command = "{sys.executable} {script}"\n  }}\n}}\n'
        )
        yield shop


def run(shop: Shop, change: dict[str, object] | None = None) -> Bootstrapped:
    wiring = shop.wiring()
    tools = wiring.bootstrap_tools("staging")
    return bootstrap(replace(tools, **(change or {})), wiring.local_copy(tools))  # type: ignore[arg-type]


def tools_of(shop: Shop) -> Tools:
    return shop.wiring().bootstrap_tools("staging")


def test_the_first_run_makes_it_and_the_second_changes_nothing(shop: Shop) -> None:
    first = run(shop)
    assert (first.changes, first.moved) == ({"create": 1}, True)
    state = tools_of(shop).state.get(STATE)
    assert state is not None
    assert [each["name"] for each in json.loads(state.body)["resources"]] == ["bucket"]
    assert not list(shop.project.work.rglob("terraform.tfstate.backup"))
    assert not (shop.project.work / "bootstrap" / "staging" / "terraform.tfstate").exists()
    assert run(shop).empty
    again = tools_of(shop).state.get(STATE)
    assert again is not None
    assert again.body == state.body


def test_a_crash_between_the_bucket_and_the_move_is_continued(shop: Shop) -> None:
    class Crash(Exception):
        """Stands for kill -9 at that point."""

    class CrashingEngine:
        def __init__(self) -> None:
            self.engine = shop.wiring().engine
            self.version, self.label = self.engine.version, self.engine.label

        def start(self, call: object, on_event: object) -> object:
            if call.arguments[:2] == ("state", "push"):  # type: ignore[attr-defined]
                raise Crash
            return self.engine.start(call, on_event)  # type: ignore[arg-type]

    with pytest.raises(Crash):
        run(shop, {"engine": CrashingEngine()})
    assert tools_of(shop).state.get(STATE) is None
    continued = run(shop)
    assert (continued.changes, continued.moved) == ({}, True)
    assert run(shop).empty


def test_a_later_change_is_applied_in_the_bucket_under_the_lease(shop: Shop) -> None:
    run(shop)
    with (shop.project.infra / "bootstrap" / "staging" / "main.tf").open("a") as file:
        file.write('resource "terraform_data" "role" {\n  input = "new"\n}\n')
    changed = run(shop)
    assert (changed.changes, changed.moved) == ({"create": 1}, False)
    assert run(shop).empty


def test_a_bucket_without_a_state_is_for_a_person(shop: Shop) -> None:
    from tests.functional.bench import make_state_bucket

    from sesari.drivers.aws_session import AwsSession

    make_state_bucket(AwsSession(credentials(ACCOUNTS["staging"], shop.url), REGION), "staging")
    with pytest.raises(SesariError) as caught:
        run(shop)
    assert caught.value.codes == ("bootstrap-state-lost",)


def test_the_wrong_account_is_refused_first(shop: Shop) -> None:
    from tests.functional.bench import FixedAccess

    wiring = shop.wiring(FixedAccess(shop.url, {"staging": DELIVERY}))
    tools = wiring.bootstrap_tools("staging")
    with pytest.raises(Refused) as caught:
        bootstrap(tools, wiring.local_copy(tools))
    assert caught.value.codes == ("wrong-account",)
    assert not (shop.project.work / "bootstrap").exists()
