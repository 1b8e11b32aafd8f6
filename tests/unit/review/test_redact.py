"""No planted secret comes out of a review or a drift, wherever it stood and however it was marked."""

from __future__ import annotations

import json
import random
import string
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sesari.model.plan import Action, Plan, ResourceChange
from sesari.review.drift import classify
from sesari.review.redact import REDACTED, Redactor, secret_name
from sesari.review.review import review
from sesari.views import json as records
from sesari.views import markdown, terminal

NAMES = [
    "password",
    "db_password",
    "secret_string",
    "api_key",
    "apiKey",
    "DATABASE_URL",
    "SESSION_SECRET",
    "auth_token",
    "privateKey",
]
ALPHABET = string.ascii_letters + string.digits + "!$%^*+/=-_.:@ "
MARKED = st.text(ALPHABET, min_size=6, max_size=30).map(lambda text: f"zq{text}qz")


def looks_secret(seed: int) -> str:
    source = random.Random(seed)
    letters = string.ascii_letters + string.digits
    pick = lambda n: "".join(source.choice(letters) for _ in range(n))  # noqa: E731
    return source.choice(
        [
            f"ghp_{pick(36)}",
            f"AKIA{pick(16).upper()}",
            f"sk_live_{pick(24)}",
            f"sk-proj-{pick(32)}",
            f"eyJ{pick(20)}.{pick(30)}.{pick(20)}",
            f"postgres://app:{pick(6)}@db.internal/app",
            f"password={pick(8)}",
            f"{pick(30)}9a",
            "".join(source.choice("0123456789abcdef") for _ in range(31)) + "7",
        ]
    )


# Each place puts a value somewhere in a resource: attributes, and the mark that Terraform would set there.
PLACES: dict[str, Any] = {
    "attribute": lambda v: ({"engine": v}, {"engine": True}),
    "nested": lambda v: ({"a": {"b": [{"c": v}]}}, {"a": {"b": [{"c": True}]}}),
    "whole block": lambda v: ({"a": {"b": v, "n": 1}}, {"a": True}),
    "list": lambda v: ({"a": ["x", v]}, {"a": [False, True]}),
    "set": lambda v: ({"a": [v]}, {"a": True}),
    "JSON text": lambda v: ({"doc": json.dumps({"k": [v]})}, {"doc": True}),
    "policy": lambda v: ({"policy": policy(v)}, {"policy": True}),
    "rule": lambda v: (
        {"ingress": [{"cidr_blocks": [v], "protocol": "tcp", "from_port": 1, "to_port": 1}]},
        {"ingress": True},
    ),
    "the whole resource": lambda v: ({"a": v}, True),
}
NAMED_PLACES: dict[str, Any] = {
    "attribute": lambda name, v: {name: v},
    "nested": lambda name, v: {"settings": [{name: v}]},
    "below": lambda name, v: {name: {"inner": [v]}},
    "pair": lambda name, v: {"environment": [{"name": name, "value": v}]},
    "own pair": lambda name, v: {"key": name, "value": v},
    "container": lambda name, v: {
        "container_definitions": json.dumps([{"name": "c", "environment": [{"name": name, "value": v}]}])
    },
    "map": lambda name, v: {"variables": {name: v}},
    "JSON text": lambda name, v: {"doc": json.dumps({name: v})},
}


def policy(value: str) -> str:
    return json.dumps({"Statement": [{"Effect": "Allow", "Action": value, "Resource": value}]})


def one(
    type_: str, action: Action, before: Any, after: Any, marks: Any = (False, False), address: str = "t.a"
) -> ResourceChange:
    return ResourceChange(
        address, None, type_, "a", "p", action, before, after, {}, marks[0], marks[1], replace_paths=(("engine",),)
    )


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, child in value.items():
            yield key
            yield from texts(child)
    elif isinstance(value, list | tuple):
        for child in value:
            yield from texts(child)
    elif isinstance(value, str):
        yield value
        try:
            decoded = json.loads(value)
        except ValueError:
            return
        if not isinstance(decoded, str):
            yield from texts(decoded)


def assert_hidden(secret: str, *changes: ResourceChange) -> None:
    plan = Plan("1.11.4", changes, changes, {}, True)
    shown = review(plan, "staging", {}, None)
    drifted = classify(plan, plan, {}, "staging")
    for text in (*texts(records.review(shown)), *texts(records.drift(drifted))):
        assert secret not in text
    for view in (terminal.plain(terminal.review(shown), 4000), markdown.review(shown), markdown.drift(drifted)):
        assert secret not in view


ACTIONS = st.sampled_from([Action.UPDATE, Action.REPLACE, Action.CREATE, Action.DELETE])
TYPES = st.sampled_from(["aws_instance", "aws_iam_role_policy", "aws_security_group", "aws_s3_bucket"])


def placed(action: Action, old: Any, new: Any) -> tuple[Any, Any]:
    return (None if action is Action.CREATE else old, None if action is Action.DELETE else new)


@settings(max_examples=300)
@given(secret=MARKED, place=st.sampled_from(sorted(PLACES)), action=ACTIONS, type_=TYPES, both=st.booleans())
def test_what_terraform_marks_is_hidden(secret: str, place: str, action: Action, type_: str, both: bool) -> None:
    attributes, mark = PLACES[place](secret)
    other, _ = PLACES[place]("earlier")
    before, after = placed(action, other if not both else attributes, attributes)
    assert_hidden(secret, one(type_, action, before, after, (mark if both else False, mark)))
    # A mark that stands only before still covers the value after.
    assert_hidden(secret, one(type_, action, *placed(action, attributes, other), (mark, False)))


@settings(max_examples=200)
@given(
    secret=st.text(string.ascii_lowercase, min_size=1, max_size=8).map(lambda text: f"zq{text}qz"),
    place=st.sampled_from(sorted(PLACES)),
    action=ACTIONS,
    type_=TYPES,
)
def test_a_marked_word_is_hidden_by_its_mark_alone(secret: str, place: str, action: Action, type_: str) -> None:
    attributes, mark = PLACES[place](secret)
    other, _ = PLACES[place]("earlier")
    assert_hidden(secret, one(type_, action, *placed(action, other, attributes), (False, mark)))
    assert_hidden(secret, one(type_, action, *placed(action, attributes, other), (mark, False)))
    assert_hidden(secret, one(type_, Action.UPDATE, {}, attributes, (False, mark)))
    assert_hidden(secret, one(type_, Action.REPLACE, attributes, {}, (mark, False)))


@settings(max_examples=100)
@given(secret=MARKED.map(lambda text: f"Q7{text}"))
def test_what_is_marked_in_one_place_is_hidden_in_every_other(secret: str) -> None:
    marked = one("aws_instance", Action.CREATE, None, {"a": secret}, (False, {"a": True}))
    for loose in ({"b": secret}, {"b": f"https://host/{secret}"}, {"b": {secret: "x"}}, {"policy": policy(secret)}):
        for before in ({"b": "x"}, {"b": {"k": "y"}}):
            assert_hidden(secret, marked, one("aws_iam_role_policy", Action.UPDATE, before, loose, address="t.b"))
    keyed = one("aws_instance", Action.DELETE, {}, None, address=f'aws_instance.this["{secret}"]')
    assert_hidden(secret, marked, keyed)


@settings(max_examples=200)
@given(
    secret=st.text(string.ascii_letters, min_size=4, max_size=12).map(lambda text: f"zq{text}"),
    name=st.sampled_from(NAMES),
    place=st.sampled_from(sorted(NAMED_PLACES)),
    action=ACTIONS,
)
def test_what_stands_under_a_secret_name_is_hidden(secret: str, name: str, place: str, action: Action) -> None:
    before, after = placed(action, NAMED_PLACES[place](name, "earlier"), NAMED_PLACES[place](name, secret))
    assert_hidden(secret, one("aws_instance", action, before, after))
    assert_hidden(secret, one("aws_instance", Action.UPDATE, {}, NAMED_PLACES[place](name, secret)))


@settings(max_examples=300)
@given(
    seed=st.integers(0, 2**32),
    wrap=st.sampled_from(["{}", "--token {}", '{{"a": "{}"}}', "https://h/?k={}", "export A={}; run"]),
    place=st.sampled_from(sorted(PLACES)),
)
def test_what_looks_like_a_secret_is_hidden(seed: int, wrap: str, place: str) -> None:
    secret = looks_secret(seed)
    attributes, _ = PLACES[place](wrap.format(secret))
    other, _ = PLACES[place]("earlier")
    assert_hidden(secret, one("aws_instance", Action.UPDATE, other, attributes))
    assert_hidden(secret, one("aws_iam_role_policy", Action.REPLACE, attributes, other))


@pytest.mark.parametrize(
    "text",
    [
        "arn:aws:secretsmanager:us-east-1:222222222222:secret:acme/staging/DATABASE_URL-AbCdEf",
        "arn:aws:elasticloadbalancing:us-east-1:222222222222:targetgroup/acme/73e2d6bc24d8a067",
        "222222222222.dkr.ecr.us-east-1.amazonaws.com/acme-staging-api@sha256:" + "2c26b46b68ffc68f" * 4,
        "sg-2d49a805a00c7955d",
        "1f0e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
        "https://sqs.us-east-1.amazonaws.com/222222222222/acme-staging-jobs",
        "ELBSecurityPolicy-TLS13-1-2-2021-06",
        "AmazonECSTaskExecutionRolePolicy",
        "repo:acme/shop:environment:staging-plan",
        "prj_8wNjA6fKQ2zLm4Xr7TgYp1Vd",
        "acme-staging-application-load-balancer-2",
        "token.actions.githubusercontent.com:sub",
        "2026-11-24T08:00:00Z",
        "10.20.0.0/16",
    ],
)
def test_what_a_reviewer_must_read_is_not_hidden(text: str) -> None:
    assert Redactor({}).text(text) == text


@pytest.mark.parametrize(
    ("path", "secret"),
    [
        (("password",), True),
        (("master_user_secret", 0, "kms_key_id"), True),
        (("secret_arn",), False),
        (("secrets", "DATABASE_URL", "valueFrom"), False),
        (("secrets", 0, "name"), False),
        (("secrets", "A", "value"), True),
        (("token_version",), False),
        (("kms_key_id",), False),
        (("rotation_enabled",), False),
        (("family",), False),
    ],
)
def test_names_of_secrets_are_told_from_names_about_them(path: Any, secret: bool) -> None:
    assert secret_name(path) is secret


def test_a_marked_word_of_every_plan_hides_nothing_else() -> None:
    marked = one("vercel_project", Action.CREATE, None, {"environment": "production"}, (False, {"environment": True}))
    other = one("aws_instance", Action.UPDATE, {"name": "acme-staging"}, {"name": "acme-production"}, address="t.b")
    shown = records.text(records.review(review(Plan("1", (marked, other), (), {}, True), "production", {})))
    assert "acme-production" in shown


def test_nothing_stays_nothing() -> None:
    assert Redactor({}).clean({"password": None, "token": "", "flag": True}, False, ()) == {
        "password": None,
        "token": "",
        "flag": True,
    }
    assert Redactor({}).clean("x", True, ()) == REDACTED
