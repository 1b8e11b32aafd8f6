"""The commands as people type them, in own processes, against the emulator with the caller's own credentials."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.functional.bench import ACCOUNTS, DELIVERY, PRODUCT, Shop, credentials, data, emulator, prepare, write_root

MANIFEST = f"""
[product]
name = "{PRODUCT}"
region = "us-east-1"
repository = "acme/shop"

[delivery]
account = "{DELIVERY}"

[queues.jobs]

[services.worker]
kind = "worker"
target = "ecs"
path = "worker"
queue = "jobs"

[environments.staging]
account = "{ACCOUNTS["staging"]}"
network = {{ cidr = "10.1.0.0/16" }}

[environments.production]
account = "{ACCOUNTS["production"]}"
network = {{ cidr = "10.2.0.0/16" }}
protect = true
"""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    (tmp_path / "emulator").mkdir()
    with emulator(tmp_path / "emulator") as url:
        prepare(url)
        shop = Shop(tmp_path / "shop", url)
        shop.project.root.mkdir()
        shop.project.manifest.write_text(MANIFEST)
        yield shop


def sesari(shop: Shop, *words: str, account: str = ACCOUNTS["staging"]) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(shop.project.root),
        "TERM": "dumb",
        **credentials(account, shop.url),
        **credentials(DELIVERY, shop.url, "SESARI_DELIVERY_"),
    }
    command = [sys.executable, "-m", "sesari", *words]
    return subprocess.run(command, cwd=shop.project.root, env=environment, capture_output=True, text=True, timeout=120)


def test_plan_shows_the_review_and_exits_as_terraform_does(shop: Shop) -> None:
    write_root(shop.project, "staging", data("a", "one"))
    told = sesari(shop, "plan", "-e", "staging")
    assert told.returncode == 2, told.stderr
    assert "terraform_data.a" in told.stdout
    assert "1 to create" in told.stderr
    as_json = sesari(shop, "plan", "-e", "staging", "--json")
    assert as_json.returncode == 2
    (record,) = json.loads(as_json.stdout)["plans"]
    assert record["counts"] == {"create": 1}
    assert record["saved"]["account"] == ACCOUNTS["staging"]


def test_apply_asks_and_a_real_account_needs_a_provider_lock(shop: Shop) -> None:
    write_root(shop.project, "staging", data("a", "one"))
    assert sesari(shop, "plan", "-e", "staging").returncode == 2
    asked = sesari(shop, "apply", "-e", "staging")
    assert asked.returncode == 3
    assert "Nobody is there to answer" in asked.stderr
    refused = sesari(shop, "apply", "-e", "staging", "--yes")
    assert refused.returncode == 3
    assert ".terraform.lock.hcl" in refused.stderr
    assert "sesari lock" in refused.stderr
    assert "Traceback" not in asked.stderr + refused.stderr


def test_the_wrong_account_and_one_environment_of_two(shop: Shop) -> None:
    for name in ACCOUNTS:
        write_root(shop.project, name, data("a", "one"))
    told = sesari(shop, "plan", "--all", "--json")
    assert told.returncode == 3
    (record,) = json.loads(told.stdout)["plans"]
    assert record["environment"] == "staging"
    assert json.loads(told.stderr[told.stderr.index("{") :])["errors"][0]["code"] == "wrong-account"


def test_drift_unlock_and_a_destroy_that_nobody_confirmed(shop: Shop) -> None:
    write_root(shop.project, "staging", data("a", "one"))
    drift = sesari(shop, "drift", "-e", "staging")
    assert drift.returncode == 0, drift.stderr
    unlock = sesari(shop, "unlock", "-e", "staging")
    assert (unlock.returncode, unlock.stdout) == (0, "staging: nothing is held\n")
    destroy = sesari(shop, "destroy", "-e", "staging")
    assert destroy.returncode == 3
    assert "Nobody is there to answer" in destroy.stderr


def test_lock_without_a_registry_is_one_clear_error(shop: Shop) -> None:
    for name in (*ACCOUNTS, "bootstrap/staging", "bootstrap/production", "bootstrap/delivery"):
        (shop.project.infra / name).mkdir(parents=True)
    environment_without_network = sesari(shop, "lock")
    if environment_without_network.returncode == 0:
        assert (shop.project.infra / "staging" / ".terraform.lock.hcl").read_text().count("h1:") >= 5
        return
    assert environment_without_network.returncode == 1
    assert "registry" in environment_without_network.stderr
    assert not list(shop.project.infra.rglob(".terraform.lock.hcl"))


def test_without_a_root_the_way_out_is_named(shop: Shop) -> None:
    told = sesari(shop, "plan", "-e", "staging")
    assert told.returncode == 1
    assert "sesari synth" in told.stderr
    assert "Traceback" not in told.stderr
