"""Plan and apply on real Terraform and the AWS emulator: what is applied is what was saved, or a named refusal."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.functional.bench import Shop, data, emulator, environment, manifest, prepare, write_root

from sesari.errors import Refused, SesariError
from sesari.model.progress import Progress
from sesari.pipeline.apply import apply_plan
from sesari.pipeline.destroy import plan_destroy
from sesari.pipeline.drift import find_drift
from sesari.pipeline.plan import load_record, make_plan
from sesari.release.records import DEPLOYED_KEY, plan_key, record_key


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    (tmp_path / "emulator").mkdir()
    with emulator(tmp_path / "emulator") as url:
        prepare(url)
        yield Shop(tmp_path / "shop", url)


def refused(work: Callable[[], object]) -> tuple[str, ...]:
    with pytest.raises(Refused) as caught:
        work()
    return caught.value.codes


def test_a_saved_plan_is_applied_and_the_next_is_empty(shop: Shop) -> None:
    write_root(shop.project, "staging", data("a", "one"))
    seen: list[Progress] = []
    planned = make_plan(shop.tools(report=seen.append))
    assert planned.saved.changes == {"create": 1}
    assert (planned.saved.state.serial, planned.saved.state.lineage) == (0, "")
    applied = apply_plan(shop.tools(report=seen.append), planned.saved.digest.removeprefix("sha256:")[:8])
    assert applied.saved == planned.saved
    assert applied.token == 1
    assert "creating terraform_data.a" in [progress.detail for progress in seen]
    assert make_plan(shop.tools()).plan.empty
    tools = shop.tools()
    deployed = tools.state.get(DEPLOYED_KEY)
    assert deployed is not None
    assert json.loads(deployed.body)["plan"] == planned.saved.digest
    assert tools.state.get("staging/terraform.tfstate.tflock") is None
    assert find_drift(shop.tools(), {}).items == ()


def test_what_moved_on_is_refused_by_name_and_nothing_changes(shop: Shop) -> None:
    write_root(shop.project, "staging", data("a", "one"))
    old = make_plan(shop.tools()).saved.digest
    write_root(shop.project, "staging", data("a", "one") + data("b", "two"))
    assert refused(lambda: apply_plan(shop.tools(), old)) == ("plan-sources-moved",)
    newer = make_plan(shop.tools()).saved.digest
    apply_plan(shop.tools(), newer)
    write_root(shop.project, "staging", data("a", "one"))
    assert refused(lambda: apply_plan(shop.tools(), old)) == ("plan-state-moved",)


def test_a_plan_of_another_environment_is_refused(shop: Shop) -> None:
    write_root(shop.project, "staging", data("a", "one"))
    write_root(shop.project, "production", data("a", "one"))
    saved = make_plan(shop.tools()).saved
    staging, production = shop.tools().state, shop.tools("production").state
    for key in (record_key(saved.digest), plan_key(saved.digest)):
        body = staging.get(key)
        assert body is not None
        production.create(key, body.body)
    assert refused(lambda: apply_plan(shop.tools("production"), saved.digest)) == ("plan-of-another-environment",)


def test_a_changed_manifest_voids_the_plan(shop: Shop) -> None:
    write_root(shop.project, "staging", data("a", "one"))
    digest = make_plan(shop.tools()).saved.digest
    shop.manifest = manifest(environment("staging", alarm_emails=("a@example.com",)))
    assert refused(lambda: apply_plan(shop.tools(), digest)) == ("plan-manifest-moved",)


def test_a_plan_that_was_altered_in_the_bucket_is_refused(shop: Shop) -> None:
    write_root(shop.project, "staging", data("a", "one"))
    saved = make_plan(shop.tools()).saved
    state = shop.tools().state
    key = plan_key(saved.digest)
    body = state.get(key)
    assert body is not None
    version = state.replace(key, body.body[:-1] + bytes([body.body[-1] ^ 1]), body.version)
    assert refused(lambda: apply_plan(shop.tools(), saved.digest)) == ("plan-corrupt",)
    state.replace(key, body.body, version)
    record = state.get(record_key(saved.digest))
    assert record is not None
    state.replace(record_key(saved.digest), record.body.replace(b'"serial": 0', b'"serial": 9'), record.version)
    assert refused(lambda: apply_plan(shop.tools(), saved.digest)) == ("plan-corrupt",)


def test_a_saved_plan_is_not_readable_in_the_bucket_and_never_lies_on_disk(shop: Shop) -> None:
    write_root(shop.project, "staging", data("a", "a-value-to-look-for"))
    saved = make_plan(shop.tools()).saved
    sealed = shop.tools().state.get(plan_key(saved.digest))
    assert sealed is not None
    assert b"a-value-to-look-for" not in sealed.body
    assert b"PK\x03\x04" not in sealed.body
    written = [path for path in shop.project.work.rglob("*") if path.is_file()]
    assert written
    assert not [path for path in written if b"a-value-to-look-for" in path.read_bytes()]


def test_the_wrong_account_is_refused_before_any_write(shop: Shop) -> None:
    from tests.functional.bench import ACCOUNTS, FixedAccess

    write_root(shop.project, "staging", data("a", "one"))
    wrong = FixedAccess(shop.url, {"staging": ACCOUNTS["production"]})
    assert refused(lambda: make_plan(shop.tools(access=wrong))) == ("wrong-account",)
    make_plan(shop.tools())
    assert refused(lambda: apply_plan(shop.tools(access=wrong))) == ("wrong-account",)
    assert shop.tools().state.get("staging/terraform.tfstate") is None


def test_an_environment_is_destroyed_by_a_saved_plan_and_can_come_back(shop: Shop) -> None:
    write_root(shop.project, "production", data("a", "one"))
    apply_plan(shop.tools("production"), make_plan(shop.tools("production")).saved.digest)
    planned = plan_destroy(shop.tools("production"))
    assert planned.saved.destroy
    apply_plan(shop.tools("production"), planned.saved.digest)
    assert make_plan(shop.tools("production")).saved.changes == {"create": 1}


def test_without_a_provider_lock_a_real_account_is_refused(shop: Shop) -> None:
    write_root(shop.project, "staging", data("a", "one"))
    digest = make_plan(shop.tools()).saved.digest
    assert refused(lambda: apply_plan(replace(shop.tools(), provider_lock=lambda: False), digest)) == (
        "no-provider-lock",
    )


def test_a_source_that_cannot_be_read_is_named(shop: Shop) -> None:
    write_root(shop.project, "staging", data("a", "one"))
    (shop.project.infra / "staging" / "folder.tf").mkdir()
    make_plan(shop.tools())
    (shop.project.infra / "staging" / "loop.tf").symlink_to("loop.tf")
    broken = shop.project.infra / "modules"
    broken.write_text("a file where the modules should be")
    write_root(shop.project, "staging", 'module "x" {\n  source = "../modules/x"\n}\n')
    with pytest.raises(SesariError) as caught:
        make_plan(shop.tools())
    assert all(problem.what and problem.where for problem in caught.value.problems)


def test_terraforms_own_errors_come_with_address_and_line(shop: Shop) -> None:
    write_root(shop.project, "staging", 'resource "terraform_data" "a" {\n  input = var.missing\n}\n')
    with pytest.raises(SesariError) as caught:
        make_plan(shop.tools())
    problem = caught.value.problems[0]
    assert problem.code == "terraform-error"
    assert "undeclared input variable" in problem.what
    assert problem.where is not None
    assert problem.where.endswith("infra/staging/main.tf:2")


def test_a_corrupt_state_and_a_missing_bucket_are_one_clear_error_each(shop: Shop) -> None:
    write_root(shop.project, "staging", data("a", "one"))
    digest = make_plan(shop.tools()).saved.digest
    shop.tools().state.create("staging/terraform.tfstate", b"{ not json")
    with pytest.raises(SesariError) as caught:
        apply_plan(shop.tools(), digest)
    assert caught.value.codes == ("state-corrupt",)
    with pytest.raises(SesariError) as caught:
        make_plan(shop.tools())
    assert set(caught.value.codes) == {"terraform-error"}
    assert "state" in caught.value.problems[0].what.lower()
    shop.manifest = replace(shop.manifest, product=replace(shop.manifest.product, name="other"))
    with pytest.raises(SesariError) as caught:
        load_record(shop.tools(), None)
    assert caught.value.codes == ("bucket-missing",)
