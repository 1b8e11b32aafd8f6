"""Hand-made drift is told from values that move by themselves."""

from __future__ import annotations

import json
from typing import Any

from sesari.model.plan import Action
from sesari.model.review import DriftKind
from sesari.review.drift import classify

SERVICES = {"api": "api", "worker": "worker", "network": None}
ADMIN = json.dumps({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
READ = json.dumps({"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:b/*"}]})


def test_real_drift_made_by_hand_is_found_whole(case: Any) -> None:
    drift = classify(case("drift-plan"), case("drift-refresh"), SERVICES, "staging")
    told = {item.address: (item.kind, item.gone, item.restores) for item in drift.items}
    hand = DriftKind.HAND_MADE
    assert told == {
        'module.worker.aws_sqs_queue.jobs["mail"]': (hand, True, True),
        "module.api.aws_s3_bucket.uploads": (hand, False, True),
        "module.network.aws_security_group.tasks": (hand, False, True),
        # Terraform would leave these two, but each lets somebody do more than the state knows.
        "module.api.aws_iam_role.task": (hand, False, False),
        'module.worker.aws_sqs_queue.jobs["reports"]': (hand, False, False),
    }
    assert drift.items[0].gone
    assert drift.hand_made == drift.items


def test_a_role_policy_of_our_own_that_shows_up_in_its_role_is_churn(case: Any) -> None:
    drift = classify(case("churn-plan"), case("churn-refresh"), SERVICES, "staging")
    assert drift.hand_made == ()


def role(change: Any, document: str) -> Any:
    return change(
        "aws_iam_role",
        before={"name": "task", "inline_policy": []},
        after={"name": "task", "inline_policy": [{"name": "p", "policy": document}]},
    )


def test_inline_policies_are_judged_beside_the_policies_that_we_manage(change: Any, plan: Any) -> None:
    ours = change(
        "aws_iam_role_policy",
        Action.NOTHING,
        before={"role": "task", "policy": READ},
        after={"role": "task", "policy": READ},
    )
    (churn,) = classify(plan(ours), plan(drift=(role(change, READ),)), {}, "dev").items
    assert churn.kind is DriftKind.CHURN
    (hand_made,) = classify(plan(ours), plan(drift=(role(change, ADMIN),)), {}, "dev").items
    assert hand_made.kind is DriftKind.HAND_MADE
    (unowned,) = classify(plan(), plan(drift=(role(change, READ),)), {}, "dev").items
    assert unowned.kind is DriftKind.HAND_MADE


def test_a_group_is_judged_beside_the_rules_that_we_manage(change: Any, plan: Any) -> None:
    def group(*ports: int) -> Any:
        rules = [{"cidr_blocks": ["10.0.0.0/8"], "protocol": "tcp", "from_port": p, "to_port": p} for p in ports]
        return change(
            "aws_security_group", before={"id": "sg-1", "ingress": []}, after={"id": "sg-1", "ingress": rules}
        )

    rule = {
        "security_group_id": "sg-1",
        "cidr_ipv4": "10.0.0.0/8",
        "ip_protocol": "tcp",
        "from_port": 443,
        "to_port": 443,
    }
    ours = change("aws_vpc_security_group_ingress_rule", Action.NOTHING, before=rule, after=rule)
    (churn,) = classify(plan(ours), plan(drift=(group(443),)), {}, "dev").items
    assert churn.kind is DriftKind.CHURN
    (hand_made,) = classify(plan(ours), plan(drift=(group(443, 22),)), {}, "dev").items
    assert hand_made.kind is DriftKind.HAND_MADE


def test_an_ignored_value_is_churn_and_a_managed_one_is_not(change: Any, plan: Any) -> None:
    drifted = change("aws_ecs_service", before={"desired_count": 1, "cpu": 1}, after={"desired_count": 4, "cpu": 1})
    (churn,) = classify(plan(), plan(drift=(drifted,)), {"api": "api"}, "dev").items
    assert (churn.kind, churn.restores, churn.service) == (DriftKind.CHURN, False, "api")
    back = change("aws_ecs_service", before={"desired_count": 4, "cpu": 1}, after={"desired_count": 1, "cpu": 1})
    (hand_made,) = classify(plan(back), plan(drift=(drifted,)), {}, "dev").items
    assert (hand_made.kind, hand_made.restores) == (DriftKind.HAND_MADE, True)
    other = change("aws_ecs_service", before={"desired_count": 4, "cpu": 1}, after={"desired_count": 4, "cpu": 2})
    (beside,) = classify(plan(other), plan(drift=(drifted,)), {}, "dev").items
    assert beside.kind is DriftKind.CHURN


def test_what_is_gone_and_no_longer_wanted_stays_gone(change: Any, plan: Any) -> None:
    gone = change(action=Action.DELETE, before={"a": 1})
    (item,) = classify(plan(), plan(drift=(gone,)), {}, "dev").items
    assert (item.gone, item.restores, item.kind) == (True, False, DriftKind.HAND_MADE)


def test_two_ways_of_writing_nothing_are_no_drift(change: Any, plan: Any) -> None:
    drifted = change(before={"tags": None}, after={"tags": {}})
    assert classify(plan(), plan(drift=(drifted,)), {}, "dev").items == ()
