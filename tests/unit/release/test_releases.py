"""A release's canonical form, digest and id."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from sesari.errors import SesariError
from sesari.model.release import Release
from sesari.release.releases import (
    decode_release,
    ecr_host,
    encode_release,
    image_reference,
    image_repository,
    release_digest,
    release_id,
    release_key,
)


def sha(digit: str) -> str:
    return f"sha256:{digit * 64}"


RELEASE = Release(
    commit="1a2b3c4" + "0" * 33,
    images={"worker": sha("b"), "api": sha("a")},
    frontends={"web": {sha("1"): sha("2")}},
    migrations=sha("c"),
    plan=None,
    created=datetime(2026, 11, 24, 9, 30, 1, tzinfo=UTC),
    author="ada@laptop",
)


def test_what_is_encoded_is_decoded():
    assert decode_release(encode_release(RELEASE), "x") == RELEASE


def test_the_form_is_canonical():
    body = encode_release(RELEASE)
    turned = dataclasses.replace(RELEASE, images=dict(reversed(RELEASE.images.items())))
    elsewhere = RELEASE.created.astimezone(timezone(timedelta(hours=5)))
    assert encode_release(turned) == body == encode_release(dataclasses.replace(RELEASE, created=elsewhere))
    assert body == json.dumps(json.loads(body), sort_keys=True, separators=(",", ":")).encode()


def test_made_again_by_somebody_else_it_is_the_same_release():
    again = dataclasses.replace(RELEASE, author="bob", created=RELEASE.created + timedelta(days=1))
    assert release_digest(again) == release_digest(RELEASE)
    assert release_id(RELEASE) == f"1a2b3c4-{release_digest(RELEASE)[7:11]}"
    assert release_key(RELEASE) == f"releases/{release_digest(RELEASE)[7:]}.json"


@pytest.mark.parametrize(
    "other",
    [
        {"commit": "2" * 40},
        {"images": {**RELEASE.images, "api": sha("f")}},
        {"frontends": {"web": {sha("1"): sha("3")}}},
        {"migrations": None},
        {"plan": sha("d")},
    ],
)
def test_anything_that_is_released_changes_the_digest(other):
    assert release_digest(dataclasses.replace(RELEASE, **other)) != release_digest(RELEASE)


@pytest.mark.parametrize(
    "damage",
    [
        lambda value: value["images"].update(api=sha("f")),
        lambda value: value["images"].update(api="latest"),
        lambda value: value.update(format=2),
        lambda value: value.pop("plan"),
        lambda value: value.update(commit="main"),
        lambda value: value.update(created="2026-11-24T09:30:01"),
    ],
)
def test_a_record_that_was_changed_is_refused(damage):
    value = json.loads(encode_release(RELEASE))
    damage(value)
    with pytest.raises(SesariError) as raised:
        decode_release(json.dumps(value).encode(), "releases/x.json")
    assert raised.value.codes == ("release-damaged",)


def test_an_image_is_named_by_digest_in_the_environments_own_registry():
    host = ecr_host("222222222222", "eu-west-1")
    name = image_repository("shop", "staging", "api")
    assert (
        image_reference(host, name, sha("a"))
        == f"222222222222.dkr.ecr.eu-west-1.amazonaws.com/shop-staging-api@{sha('a')}"
    )
    with pytest.raises(ValueError, match="latest"):
        image_reference(host, name, "latest")


def test_a_time_without_a_zone_is_no_record():
    with pytest.raises(ValueError, match="zone"):
        encode_release(dataclasses.replace(RELEASE, created=datetime(2026, 1, 1)))
