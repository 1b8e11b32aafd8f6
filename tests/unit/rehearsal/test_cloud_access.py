"""Who a rehearsal says it is: exactly what GitHub would say."""

import base64
import json

import pytest

from sesari.model.access import Purpose
from sesari.rehearsal.cloud_access import root_credentials, subject, web_identity


@pytest.mark.parametrize(
    ("purpose", "expected"),
    [
        (Purpose.PLAN, "repo:o/r:environment:staging-plan"),
        (Purpose.DEPLOY, "repo:o/r:environment:staging"),
    ],
)
def test_the_subject_is_githubs(purpose: Purpose, expected: str) -> None:
    assert subject("o/r", "staging", purpose) == expected


def test_the_identity_carries_subject_audience_and_a_short_life() -> None:
    header, claims, signature = web_identity("repo:o/r:environment:dev", 1000.4).split(".")
    assert signature
    decoded = [json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in (header, claims)]
    assert decoded[1] == {
        "iss": "https://token.actions.githubusercontent.com",
        "aud": "sts.amazonaws.com",
        "sub": "repo:o/r:environment:dev",
        "iat": 1000,
        "exp": 1600,
    }


def test_an_accounts_root_is_its_number() -> None:
    assert root_credentials("111111111111")["AWS_ACCESS_KEY_ID"] == "111111111111"
