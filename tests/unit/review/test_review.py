"""A plan as a person reads it: by service, dangerous first, repetitions collapsed, noise left out."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesari.model.plan import Action, Plan, ResourceChange
from sesari.model.review import Review, ReviewItem, Risk
from sesari.review.review import review

SERVICES = {"api": "api", "worker": "worker", "network": None}


def items(shown: Review) -> list[ReviewItem]:
    return [item for group in shown.groups for item in group.items]


def only(shown: Review, type_: str) -> ReviewItem:
    (found,) = [item for item in items(shown) if item.type == type_]
    return found


def test_a_real_edit_is_read_by_service_and_danger(case: Any) -> None:
    shown = review(case("edited"), "staging", SERVICES, "sha256:ab")
    assert [group.service for group in shown.groups] == ["api", "worker", None]
    assert [(item.risk, item.type) for item in shown.groups[0].items] == [
        (Risk.DATA_LOSS, "aws_s3_bucket"),
        (Risk.IDENTITY, "aws_iam_role_policy"),
        (Risk.CHANGE, "aws_ecs_task_definition"),
        (Risk.CHANGE, "terraform_data"),
        (Risk.CHANGE, "aws_secretsmanager_secret"),
    ]
    assert shown.counts == {"delete": 1, "replace": 3, "update": 8, "create": 2}
    assert shown.plan == "sha256:ab"


def test_a_real_replacement_names_what_forces_it(case: Any) -> None:
    bucket = only(review(case("edited"), "staging", SERVICES), "aws_s3_bucket")
    (attribute,) = bucket.attributes
    assert (attribute.path, attribute.before, attribute.after) == (
        ("bucket",),
        "acme-staging-uploads",
        "acme-staging-uploads-2",
    )
    assert attribute.forces_replacement
    assert "replaced because bucket cannot change in place" in bucket.reasons


def test_a_container_definition_is_compared_inside_its_text(case: Any) -> None:
    task = only(review(case("edited"), "staging", SERVICES), "aws_ecs_task_definition")
    paths = {change.path: change for change in task.attributes}
    name = paths["container_definitions", "api", "environment", "APP_NAME", "value"]
    assert (name.before, name.after) == ("Acme", "Acme 2")
    assert paths["container_definitions", "api", "environment", "SESSION_KEY", "value"].sensitive
    assert "planted" not in repr(task)


def test_no_planted_secret_of_the_real_plans_is_shown(case: Any) -> None:
    for name in ("created", "edited", "empty", "destroy", "drift-plan"):
        assert "planted" not in repr(review(case(name), "staging", SERVICES))


def test_an_environment_that_is_new_shows_nothing_dangerous(case: Any) -> None:
    assert {item.risk for item in items(review(case("created"), "staging", SERVICES))} == {Risk.ADDITION}


def test_an_empty_plan_has_an_empty_review(case: Any) -> None:
    shown = review(case("empty"), "staging", SERVICES)
    assert shown.empty
    assert shown.counts == {}


def test_a_destroy_loses_data_first(case: Any) -> None:
    shown = review(case("destroy"), "staging", SERVICES)
    for group in shown.groups:
        assert [item.risk for item in group.items] == sorted(item.risk for item in group.items)
    assert items(shown)[0].risk is Risk.DATA_LOSS


def test_reads_and_no_ops_are_left_out(change: Any, plan: Any) -> None:
    shown = review(plan(change(action=Action.NOTHING), change(action=Action.READ, data=True)), "dev", {})
    assert shown.empty


def test_identical_instances_collapse_and_different_ones_do_not(change: Any, plan: Any) -> None:
    made = [
        change(
            "aws_sqs_queue",
            address=f"aws_sqs_queue.this[{i}]",
            before={"delay": 0},
            after={"delay": 5 if i != 3 else 9},
        )
        for i in (10, 9, 3, 1)
    ]
    first, second = items(review(plan(*made), "dev", {}))
    assert first.addresses == ("aws_sqs_queue.this[1]", "aws_sqs_queue.this[9]", "aws_sqs_queue.this[10]")
    assert second.addresses == ("aws_sqs_queue.this[3]",)


def test_only_what_is_known_after_apply_is_said_once(change: Any, plan: Any) -> None:
    shown = review(plan(change(before={"tag": "a"}, after={}, unknown={"tag": True})), "dev", {})
    assert items(shown)[0].attributes == ()
    assert "known after apply" in items(shown)[0].reasons[0]


def test_an_unknown_that_forces_a_replacement_or_is_a_policy_is_shown(change: Any, plan: Any) -> None:
    forced = change(
        action=Action.REPLACE,
        before={"vpc_id": "vpc-1"},
        after={},
        unknown={"vpc_id": True},
        replace_paths=(("vpc_id",),),
    )
    (attribute,) = items(review(plan(forced), "dev", {}))[0].attributes
    assert (attribute.before, attribute.unknown, attribute.forces_replacement) == ("vpc-1", True, True)
    policy = change("aws_sqs_queue", before={"policy": "{}"}, after={}, unknown={"policy": True})
    item = items(review(plan(policy), "dev", {}))[0]
    assert item.risk is Risk.IDENTITY
    assert item.attributes[0].unknown


@pytest.mark.parametrize(
    ("type_", "before", "after", "risk"),
    [
        ("aws_lb", {"enable_deletion_protection": True}, {"enable_deletion_protection": False}, Risk.DATA_LOSS),
        ("aws_s3_bucket", {"force_destroy": False}, {"force_destroy": True}, Risk.DATA_LOSS),
        ("aws_s3_bucket_public_access_block", {"block_public_acls": True}, {"block_public_acls": False}, Risk.NETWORK),
        ("aws_ecs_service", {"assign_public_ip": False}, {"assign_public_ip": True}, Risk.NETWORK),
        ("aws_iam_role", {"permissions_boundary": "arn:x"}, {"permissions_boundary": None}, Risk.IDENTITY),
        ("aws_ecs_service", {"desired_count": 1}, {"desired_count": 2}, Risk.CHANGE),
    ],
)
def test_switches_that_turn(change: Any, plan: Any, type_: str, before: Any, after: Any, risk: Risk) -> None:
    assert items(review(plan(change(type_, before=before, after=after)), "dev", {}))[0].risk is risk
    # The other way is no danger.
    back = items(review(plan(change(type_, before=after, after=before)), "dev", {}))[0].risk
    assert back is Risk.CHANGE


@pytest.mark.parametrize("action", [Action.DELETE, Action.REPLACE])
@pytest.mark.parametrize(
    ("type_", "risk"),
    [("aws_kms_key", Risk.DATA_LOSS), ("aws_ecs_service", Risk.OUTAGE), ("aws_ecs_task_definition", Risk.CHANGE)],
)
def test_what_is_lost_depends_on_the_type(change: Any, plan: Any, action: Action, type_: str, risk: Risk) -> None:
    assert items(review(plan(change(type_, action)), "dev", {}))[0].risk is risk


def test_what_a_new_role_gets_is_no_danger_and_what_an_old_one_gets_is(change: Any, plan: Any) -> None:
    document = json.dumps(
        {"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}]}
    )
    policy = change("aws_iam_role_policy", Action.CREATE, after={"role": "task", "policy": document})
    role = change("aws_iam_role", Action.CREATE, after={"name": "task"})
    assert only(review(plan(policy, role), "dev", {}), "aws_iam_role_policy").risk is Risk.ADDITION
    assert only(review(plan(policy), "dev", {}), "aws_iam_role_policy").risk is Risk.IDENTITY


def test_everything_on_everything_is_a_danger_even_in_a_new_role(change: Any, plan: Any) -> None:
    document = json.dumps({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})
    policy = change("aws_iam_role_policy", Action.CREATE, after={"policy": document}, unknown={"role": True})
    assert items(review(plan(policy), "dev", {}))[0].risk is Risk.IDENTITY


def test_a_world_open_port_is_a_danger_even_in_a_new_group(change: Any, plan: Any) -> None:
    def rule(port: int) -> ResourceChange:
        after = {"cidr_ipv4": "0.0.0.0/0", "ip_protocol": "tcp", "from_port": port, "to_port": port}
        unknown = {"security_group_id": True}
        made: ResourceChange = change(
            "aws_vpc_security_group_ingress_rule", Action.CREATE, after=after, unknown=unknown
        )
        return made

    assert items(review(plan(rule(22)), "dev", {}))[0].risk is Risk.NETWORK
    assert items(review(plan(rule(443)), "dev", {}))[0].risk is Risk.ADDITION


def test_a_forgotten_resource_says_that_it_stays(change: Any, plan: Any) -> None:
    assert "goes on existing" in items(review(plan(change(action=Action.FORGET)), "dev", {}))[0].reasons[0]


def test_two_ways_of_writing_nothing_are_no_change(change: Any, plan: Any) -> None:
    shown = review(plan(change(before={"a": "", "b": [], "c": 1}, after={"a": None, "b": None, "c": 2})), "dev", {})
    assert [attribute.path for attribute in items(shown)[0].attributes] == [("c",)]


def test_a_reordered_list_is_shown_as_one_change(change: Any, plan: Any) -> None:
    shown = review(plan(change(before={"command": ["a", "b"]}, after={"command": ["b", "a"]})), "dev", {})
    (attribute,) = items(shown)[0].attributes
    assert (attribute.before, attribute.after) == (["a", "b"], ["b", "a"])


def test_elements_that_come_and_go_are_named(change: Any, plan: Any) -> None:
    shown = review(plan(change(before={"ids": ["a", "b", "c"]}, after={"ids": ["c", "a", "d", "e"]})), "dev", {})
    told = [(attribute.before, attribute.after) for attribute in items(shown)[0].attributes]
    assert told == [("b", None), (None, "d"), (None, "e")]


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(0, 30), st.sampled_from(list(Action)), st.integers(0, 1)),
        max_size=40,
    )
)
def test_collapsing_keeps_the_count_and_the_order_is_the_contents(entries: list[tuple[str, int, Action, int]]) -> None:
    entries = list({entry[:2]: entry for entry in entries}.values())
    changes = [
        ResourceChange(
            f"aws_{n}.x[{i}]",
            f"module.{n}",
            f"aws_{n}",
            "x",
            "p",
            action,
            {"v": 0},
            {"v": v},
            {},
            False,
            False,
            data=False,
        )
        for n, i, action, v in entries
    ]
    made = Plan("1.11.4", tuple(changes), (), {}, True)
    shown = review(made, "dev", {"a": "a", "b": "b"})
    counted = sum(len(item.addresses) for item in items(shown))
    assert counted == sum(shown.counts.values())
    assert counted == sum(action not in (Action.NOTHING, Action.READ) for _, _, action, _ in entries)
    random.Random(1).shuffle(changes)
    assert review(replace(made, changes=tuple(changes)), "dev", {"a": "a", "b": "b"}) == shown
