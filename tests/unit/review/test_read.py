"""What `terraform show -json` writes is read whole; anything else is refused with its place."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.review.conftest import CASES

from sesari.errors import SesariError
from sesari.model.plan import Action
from sesari.review.read import read_plan

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
EDITED = json.loads((CASES / "edited.json").read_text("utf-8"))


def test_a_real_plan_is_read_whole(case: Any) -> None:
    plan = case("edited")
    by_action = {action: sum(change.action is action for change in plan.changes) for action in Action}
    assert plan.terraform_version == "1.11.4"
    assert plan.complete
    assert not plan.empty
    assert by_action[Action.REPLACE] == 3
    assert by_action[Action.UPDATE] == 8
    bucket = next(change for change in plan.changes if change.type == "aws_s3_bucket")
    assert bucket.replace_paths == (("bucket",),)
    assert bucket.reason == "replace_because_cannot_update"
    assert bucket.module == "module.api"


def test_an_empty_plan_is_empty(case: Any) -> None:
    assert case("empty").empty


def test_drift_is_read(case: Any) -> None:
    assert any(change.action is Action.DELETE for change in case("drift-refresh").drift)


def test_an_errored_or_deferred_plan_is_incomplete() -> None:
    for key, value in (("errored", True), ("complete", False), ("deferred_changes", [{}])):
        assert not read_plan({"format_version": "1.2", "terraform_version": "1.11.4", key: value}).complete


def test_a_deposed_object_keeps_its_own_address() -> None:
    entry = {
        "address": "aws_instance.a",
        "type": "aws_instance",
        "name": "a",
        "deposed": "0123abcd",
        "change": {"actions": ["delete"], "before": {}, "after": None},
    }
    plan = read_plan({"format_version": "1.2", "terraform_version": "1", "resource_changes": [entry]})
    assert plan.changes[0].address == "aws_instance.a (deposed 0123abcd)"


@pytest.mark.parametrize(
    ("damage", "where"),
    [
        (lambda d: d.pop("format_version"), "format_version"),
        (lambda d: d.update(format_version="2.0"), "format_version"),
        (lambda d: d.pop("terraform_version"), "terraform_version"),
        (lambda d: d.update(resource_changes={}), "resource_changes"),
        (lambda d: d["resource_changes"][0].pop("change"), "resource_changes[0].change"),
        (lambda d: d["resource_changes"][0].pop("address"), "resource_changes[0].address"),
        (lambda d: d["resource_changes"][0].update(type=7), "resource_changes[0].type"),
        (
            lambda d: d["resource_changes"][0]["change"].update(actions=["explode"]),
            "resource_changes[0].change.actions",
        ),
        (lambda d: d["resource_changes"][0]["change"].update(actions=[]), "resource_changes[0].change.actions"),
        (lambda d: d["resource_changes"][0]["change"].update(replace_paths=[[None]]), "replace_paths"),
        (lambda d: d.update(errored="no"), "errored"),
        (lambda d: d.update(output_changes=[]), "output_changes"),
    ],
)
def test_a_damaged_plan_is_refused_with_its_place(damage: Any, where: str) -> None:
    document = copy.deepcopy(EDITED)
    damage(document)
    with pytest.raises(SesariError) as caught:
        read_plan(document)
    assert caught.value.codes == ("plan-unreadable",)
    assert where in str(caught.value.problems[0].where)
    assert caught.value.problems[0].hint


def test_a_state_is_not_a_plan() -> None:
    with pytest.raises(SesariError) as caught:
        read_plan(json.loads((CASES / "state.json").read_text("utf-8")))
    assert "state" in str(caught.value.problems[0].why)


@given(JSON)
def test_any_json_is_read_or_refused(document: Any) -> None:
    try:
        read_plan(document)
    except SesariError as error:
        assert error.codes == ("plan-unreadable",)


@settings(max_examples=200)
@given(st.data())
def test_a_plan_with_anything_anywhere_is_read_or_refused(data: st.DataObject) -> None:
    document = copy.deepcopy(EDITED)
    holder: Any = document
    for _ in range(data.draw(st.integers(0, 4))):
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        deeper = [key for key in keys if isinstance(holder[key], dict | list) and holder[key]]
        if not deeper:
            break
        holder = holder[data.draw(st.sampled_from(deeper))]
    key = data.draw(st.sampled_from(list(holder) if isinstance(holder, dict) else list(range(len(holder)))))
    holder[key] = data.draw(JSON)
    try:
        read_plan(document)
    except SesariError as error:
        assert error.codes == ("plan-unreadable",)
