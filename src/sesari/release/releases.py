"""PURE: a release as canonical bytes and back; its digest and its short id; where an image lies in an environment."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from sesari.errors import Problem, SesariError
from sesari.model.json import Json, JsonObject
from sesari.model.release import Release

_FORMAT: Final = 1
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")


def release_digest(release: Release) -> str:
    """Of what is released. Who made it and when is recorded beside it: made again from the same, it is the same."""
    return f"sha256:{hashlib.sha256(_canonical(_content(release))).hexdigest()}"


def release_id(release: Release) -> str:
    """For people: seven digits of the commit, four of the digest (`1a2b3c4-9f0e`)."""
    return f"{release.commit[:7]}-{release_digest(release).removeprefix('sha256:')[:4]}"


def release_key(release: Release) -> str:
    """Where its record lies in the delivery store."""
    return f"releases/{release_digest(release).removeprefix('sha256:')}.json"


def encode_release(release: Release) -> bytes:
    """Canonical JSON: sorted keys, no spaces, no floats. Raises ValueError for a time without a zone."""
    if release.created.tzinfo is None:
        raise ValueError("a release's time needs a zone")
    created = release.created.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    digest = release_digest(release)
    return _canonical({**_content(release), "author": release.author, "created": created, "digest": digest})


def decode_release(body: bytes, where: str) -> Release:
    """The release, held to its digest. Raises SesariError `release-damaged`."""
    try:
        value = json.loads(body)
        release = Release(
            commit=_matching(_COMMIT, value["commit"]),
            images=_digests(value["images"]),
            frontends={str(name): _digests(builds, keyed=True) for name, builds in value["frontends"].items()},
            migrations=None if value["migrations"] is None else _matching(_DIGEST, value["migrations"]),
            plan=None if value["plan"] is None else _matching(_DIGEST, value["plan"]),
            created=datetime.fromisoformat(value["created"]),
            author=str(value["author"]),
        )
        if value["format"] != _FORMAT or value["digest"] != release_digest(release) or release.created.tzinfo is None:
            raise ValueError("what it holds is not what its digest says")
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        hint = "Build the release again from its commit"
        raise SesariError(
            Problem("release-damaged", "The record of a release is damaged", where, f"{error}", hint)
        ) from error
    return release


def image_repository(product: str, environment: str, service: str) -> str:
    """The name of a service's repository in an environment's own registry, as the `registry` module makes it."""
    return f"{product}-{environment}-{service}"


def image_reference(host: str, repository: str, digest: str) -> str:
    """By digest, never by tag. Raises ValueError for anything that is no digest."""
    return f"{host}/{repository}@{_matching(_DIGEST, digest)}"


def ecr_host(account: str, region: str) -> str:
    """The registry of an AWS account."""
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return f"{account}.dkr.ecr.{region}.{suffix}"


def _content(release: Release) -> JsonObject:
    images: JsonObject = dict(release.images)
    frontends: JsonObject = {name: dict(builds) for name, builds in release.frontends.items()}
    return {
        "format": _FORMAT,
        "commit": release.commit,
        "images": images,
        "frontends": frontends,
        "migrations": release.migrations,
        "plan": release.plan,
    }


def _canonical(value: Json) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _digests(value: Mapping[str, str], keyed: bool = False) -> dict[str, str]:
    return {
        (_matching(_DIGEST, name) if keyed else str(name)): _matching(_DIGEST, digest) for name, digest in value.items()
    }


def _matching(pattern: re.Pattern[str], text: str) -> str:
    if not isinstance(text, str) or not pattern.fullmatch(text):
        raise ValueError(f"{text!r} is not of the form {pattern.pattern}")
    return text
