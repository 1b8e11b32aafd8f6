"""What looks like a secret, and what only might."""

import pytest

from sesari.manifest.secret_look import looks_secret


@pytest.mark.parametrize(
    "text",
    [
        "info",
        "",
        "https://api.example.com/v1/things?x=1",
        "https://shop@example.com/",
        "123e4567-e89b-42d3-a456-426614174000",
        "arn:aws:sqs:us-east-1:222222222222:shop-staging-jobs",
        "a-rather-long-name-of-a-bucket-with-hyphens-in-it",
        "OneVeryLongCamelCaseIdentifierWithoutDigits",
        "0000000000000000000000000000000000000000",
        "pk_live_abcdefghijklmnop",
    ],
)
def test_plain_values(text: str) -> None:
    assert looks_secret(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN RSA PRIVATE KEY-----",
        "xoxb-123456789012-abcdef",
        "sbp_0123456789abcdef0123456789abcdef01234567",
        "redis://:pass@cache:6379",
        "q8Zr2LkX0vB7nT5wYc3HsJ1dPf6GaM9e",
        "prefix AKIAIOSFODNN7EXAMPLE suffix",
    ],
)
def test_secrets(text: str) -> None:
    assert looks_secret(text)
