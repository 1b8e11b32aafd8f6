"""What a policy newly allows, in words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sesari.review.policy import compare, grants


def doc(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: Any, resource: Any = "arn:r", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def test_only_the_new_part_of_a_statement_is_told() -> None:
    change = compare(doc(allow(["s3:GetObject"])), doc(allow(["s3:GetObject", "s3:PutObject"])))
    assert change is not None
    assert change.gained == ("allows s3:PutObject on arn:r",)
    assert change.lost == ()
    assert change.widens


@pytest.mark.parametrize(
    ("before", "after", "widens"),
    [
        (allow("s3:*"), allow("s3:GetObject"), False),
        (allow("s3:GetObject"), allow("s3:*"), True),
        (allow("s3:GetObject", "arn:b/*"), allow("s3:GetObject", "arn:b/key"), False),
        (allow("s3:GetObject", "arn:b/key"), allow("s3:GetObject", "arn:b/*"), True),
        (allow("S3:getobject"), allow("s3:GetObject"), True),
        (allow("a:b"), allow("a:b", Condition={"StringEquals": {"k": "v"}}), False),
        (allow("a:b", Condition={"StringEquals": {"k": "v"}}), allow("a:b"), True),
        (allow("a:b", Sid="One"), allow("a:b", Sid="Two"), False),
        (allow(["a:b", "a:c"]), allow(["a:c", "a:b"]), False),
        (allow("a:b"), {"Effect": "Allow", "NotAction": "a:b", "Resource": "*"}, True),
    ],
)
def test_widening_is_told_from_narrowing(before: Any, after: Any, widens: bool) -> None:
    change = compare(doc(before), doc(after))
    assert change is not None
    assert change.widens is widens


def test_a_lost_denial_widens() -> None:
    change = compare(doc({"Effect": "Deny", "Action": "s3:*", "Resource": "*"}), doc())
    assert change is not None
    assert change.widens
    assert change.lost == ("no longer denies s3:* on *",)


def test_two_old_statements_may_cover_one_new() -> None:
    change = compare(doc(allow("a:b", "arn:1"), allow("a:c", "arn:1")), doc(allow(["a:b", "a:c"], "arn:1")))
    assert change is not None
    assert not change.widens


def test_a_trust_policy_says_who_and_when() -> None:
    trust = {
        "Effect": "Allow",
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": "arn:oidc"},
        "Condition": {
            "StringEquals": {"token.actions.githubusercontent.com:sub": "repo:acme/shop:environment:staging"}
        },
    }
    change = compare(None, doc(trust))
    assert change is not None
    assert change.gained == (
        "allows Federated arn:oidc to sts:AssumeRoleWithWebIdentity when"
        " token.actions.githubusercontent.com:sub StringEquals repo:acme/shop:environment:staging",
    )
    assert not change.wild


def test_anybody_without_a_condition_is_wild() -> None:
    open_ = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:b/*", "Principal": "*"}
    change = compare(None, doc(open_))
    assert change is not None
    assert change.wild
    guarded = compare(None, doc({**open_, "Condition": {"StringEquals": {"aws:SourceVpce": "vpce-1"}}}))
    assert guarded is not None
    assert not guarded.wild


def test_what_is_no_policy_is_not_judged() -> None:
    assert grants("not json") is None
    assert grants('{"a": 1}') is None
    assert compare("nonsense", doc()) is None
