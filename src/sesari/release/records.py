"""PURE: what is written beside an environment's state, as bytes and back: saved plans and the deployed manifest."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from sesari.errors import Problem, SesariError
from sesari.model.json import Json, JsonObject
from sesari.model.manifest import Environment
from sesari.model.plan import SavedPlan, StateVersion

DEPLOYED_KEY: Final = "deployed/manifest.json"
NEWEST_KEY: Final = "plans/newest.json"
_FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class Deployed:
    """What rules an environment now: the manifest of its last apply. `environment` is its resolved form as JSON."""

    name: str
    manifest: str
    plan: str
    protect: bool
    allow_destroy: tuple[str, ...]
    applied: datetime
    author: str
    token: int
    environment: Json


def digest_of(body: bytes) -> str:
    """`sha256:<hex>`."""
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def environment_digest(environment: Environment) -> str:
    """The digest of a resolved environment: the same for the same values, in whatever order they were written."""
    return digest_of(json.dumps(_plain(environment), sort_keys=True, separators=(",", ":")).encode())


def sources_digest(files: Mapping[str, bytes]) -> str:
    """The digest of files by their relative paths: of what is in them and how they are called, nothing else."""
    parts = [[path, hashlib.sha256(body).hexdigest()] for path, body in sorted(files.items())]
    return digest_of(json.dumps(parts, separators=(",", ":")).encode())


def plan_key(digest: str) -> str:
    """Where the sealed plan lies in the state bucket; its record is beside it, with `.json`."""
    return f"plans/{digest.removeprefix('sha256:')}.plan"


def record_key(digest: str) -> str:
    return f"plans/{digest.removeprefix('sha256:')}.json"


def encode_plan(saved: SavedPlan) -> bytes:
    """The record of a saved plan."""
    entry = asdict(saved) | {"created": saved.created.isoformat(), "format": _FORMAT}
    return json.dumps(entry, sort_keys=True, default=dict).encode()


def decode_plan(body: bytes, where: str) -> SavedPlan:
    """The record. Raises SesariError `plan-corrupt`."""
    try:
        entry = _entry(body)
        state, changes = entry["state"], entry["changes"]
        if not isinstance(state, dict) or not isinstance(changes, dict):
            raise TypeError("state or changes is not an object")
        return SavedPlan(
            digest=str(entry["digest"]),
            environment=str(entry["environment"]),
            sources=str(entry["sources"]),
            manifest=str(entry["manifest"]),
            state=StateVersion(int(str(state["serial"])), str(state["lineage"])),
            author=str(entry["author"]),
            created=datetime.fromisoformat(str(entry["created"])),
            account=str(entry["account"]),
            changes={action: int(str(count)) for action, count in changes.items()},
            destroy=entry["destroy"] is True,
        )
    except (ValueError, KeyError, TypeError) as error:
        raise SesariError(_corrupt("plan-corrupt", "The record of the saved plan", where, error)) from error


def encode_deployed(environment: Environment, saved: SavedPlan, applied: datetime, author: str, token: int) -> bytes:
    """The deployed manifest's record."""
    entry = {
        "format": _FORMAT,
        "name": environment.name,
        "manifest": environment_digest(environment),
        "plan": saved.digest,
        "destroyed": saved.destroy,
        "applied": applied.isoformat(),
        "author": author,
        "token": token,
        "environment": _plain(environment),
    }
    return json.dumps(entry, sort_keys=True, indent=1).encode()


def decode_deployed(body: bytes, where: str) -> Deployed:
    """The record. Raises SesariError `deployed-corrupt`: nobody knows then what is protected, so nothing is applied."""
    try:
        entry = _entry(body)
        environment = entry["environment"]
        if not isinstance(environment, dict) or not isinstance(environment["allow_destroy"], list):
            raise TypeError("environment is not an object")
        if not isinstance(environment["protect"], bool):
            raise TypeError("protect is not a boolean")
        return Deployed(
            name=str(entry["name"]),
            manifest=str(entry["manifest"]),
            plan=str(entry["plan"]),
            protect=environment["protect"],
            allow_destroy=tuple(str(name) for name in environment["allow_destroy"]),
            applied=datetime.fromisoformat(str(entry["applied"])),
            author=str(entry["author"]),
            token=int(str(entry["token"])),
            environment=environment,
        )
    except (ValueError, KeyError, TypeError) as error:
        raise SesariError(_corrupt("deployed-corrupt", "The deployed manifest", where, error)) from error


def read_state_version(body: bytes | None, where: str) -> StateVersion:
    """Serial and lineage of a state object (None: there is none yet). Raises SesariError `state-corrupt`."""
    if body is None:
        return StateVersion(0, "")
    try:
        entry = _entry(body)
        if not isinstance(entry["serial"], int) or not isinstance(entry["lineage"], str):
            raise TypeError("serial or lineage has the wrong type")
        return StateVersion(entry["serial"], entry["lineage"])
    except (ValueError, KeyError, TypeError) as error:
        hint = "The bucket is versioned: restore the object's last good version, then plan again"
        problem = _corrupt("state-corrupt", "The Terraform state", where, error)
        raise SesariError(dataclasses.replace(problem, hint=hint)) from error


def addresses_in_state(body: bytes | None, where: str) -> frozenset[str]:
    """The address of every managed resource that the state holds. Raises SesariError `state-corrupt`."""
    if body is None:
        return frozenset()
    read_state_version(body, where)
    found = set()
    for resource in json.loads(body).get("resources", []):
        if resource.get("mode") != "managed":
            continue
        prefix = f"{resource['module']}." if resource.get("module") else ""
        for instance in resource.get("instances", []):
            key = instance.get("index_key")
            suffix = "" if key is None else f"[{json.dumps(key)}]"
            found.add(f"{prefix}{resource['type']}.{resource['name']}{suffix}")
    return frozenset(found)


def _entry(body: bytes) -> JsonObject:
    entry: Json = json.loads(body)
    if not isinstance(entry, dict):
        raise TypeError("it is not a JSON object")
    return entry


def _plain(environment: Environment) -> Json:
    # Through JSON, so that tuples and mappings of any kind are compared by value.
    plain: Json = json.loads(json.dumps(asdict(environment), sort_keys=True, default=dict))
    return plain


def _corrupt(code: str, what: str, where: str, error: Exception) -> Problem:
    return Problem(code, f"{what} cannot be read", where, f"{type(error).__name__}: {error}")
