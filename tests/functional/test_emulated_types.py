"""Every emulated type: made, read back unchanged, removed. Run in one emulator, in the order of their dependencies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.functional.emulated_samples import ACCOUNT, everything

from sesari.rehearsal.aws.backend import emulated_backend
from sesari.rehearsal.aws.types import emulated_types
from sesari.rehearsal.cloud_access import root_credentials
from sesari.rehearsal.cloud_child import Child
from sesari.rehearsal.provider.assembly import HERE, SCHEMA_FILES
from sesari.rehearsal.provider.backend import Backend, ProviderError

TAGS = {"product": "sesari", "environment": "dev", "managed-by": "terraform"}
# Real AWS never loses its default encryption either, and these are settings of something that is removed after them.
NEVER_GONE = {"aws_s3_bucket_server_side_encryption_configuration", "aws_s3_bucket_versioning"}
NEVER_GONE |= {"aws_default_security_group", "aws_sns_topic_policy", "aws_ecs_cluster_capacity_providers"}
# Nothing in the modules makes these; the keys' and secrets' own attributes carry the same policies.
NOT_TRIED = {"aws_kms_key_policy", "aws_secretsmanager_secret_policy", "aws_sqs_queue_policy"}
NOT_TRIED |= {"aws_sqs_queue_redrive_policy"}


@pytest.fixture(scope="module")
def backends(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Backend]]:
    folder = tmp_path_factory.mktemp("types")
    emulator = Child("aws", "sesari.rehearsal.aws.server", ["--folder", str(folder)], folder / "log")
    port = emulator.ready()["port"]
    credentials = folder / "bootstrap.json"
    credentials.write_text(json.dumps(root_credentials(ACCOUNT)))
    yield emulated_backend(f"http://127.0.0.1:{port}", ACCOUNT, "us-east-1", credentials)
    emulator.ask_to_stop()
    emulator.wait()


def schemas() -> dict[str, Any]:
    document = json.loads((HERE / "schemas" / SCHEMA_FILES["aws"]).read_text())
    found: dict[str, Any] = document["provider_schemas"]["registry.terraform.io/hashicorp/aws"]["resource_schemas"]
    return found


def filled(block: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """A planned object: everything present, null where nothing was said."""
    out = {name: given.get(name) for name in block.get("attributes", {})}
    for name, nested in block.get("block_types", {}).items():
        if nested["nesting_mode"] == "single":
            out[name] = None
        else:
            out[name] = [filled(nested["block"], one) for one in given.get(name, [])]
    return out


def contradictions(planned: Any, state: Any) -> list[Any]:
    """What the plan said and the state does not, in any depth."""
    if isinstance(planned, dict):
        return [
            (name, found)
            for name, value in planned.items()
            if value not in (None, [], {})
            for found in contradictions(value, state.get(name))
        ]
    if isinstance(planned, list) and planned and isinstance(planned[0], dict):
        return [found for one, other in zip(planned, state, strict=True) for found in contradictions(one, other)]
    return [] if planned == state else [(planned, state)]


class Maker:
    def __init__(self, backends: dict[str, Backend]) -> None:
        self.backends = backends
        self.schemas = schemas()
        self.made: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, type: str, **given: Any) -> dict[str, Any]:
        planned = filled(self.schemas[type]["block"], given)
        if "tags_all" in planned:
            planned["tags_all"] = {**TAGS, **(given.get("tags") or {})}
        state = self.backends[type].create(type, planned)
        assert contradictions(planned, state) == [], type
        assert self.backends[type].read(type, state) == state, type
        self.made.append((type, state))
        return state


def test_every_type_is_read_back_as_made_and_goes_away(backends: dict[str, Backend]) -> None:
    make = Maker(backends)
    everything(make)
    assert {type for type, _ in make.made} == emulated_types().keys() - NOT_TRIED
    for type, state in reversed(make.made):
        backends[type].delete(type, state)
        if type not in NEVER_GONE:
            assert backends[type].read(type, state) is None, type
        backends[type].delete(type, state)  # removing what is gone already is no error


def test_without_credentials_the_error_says_whose(tmp_path: Path) -> None:
    backend = emulated_backend("http://127.0.0.1:1", ACCOUNT, "us-east-1", tmp_path / "deploy.json")["aws_sqs_queue"]
    with pytest.raises(ProviderError, match="No valid credential sources found: deploy"):
        backend.read("aws_sqs_queue", {"id": "x"})


def test_an_emulator_that_is_not_there_is_an_error_of_the_provider(tmp_path: Path) -> None:
    path = tmp_path / "deploy.json"
    path.write_text(json.dumps(root_credentials(ACCOUNT)))
    backend = emulated_backend("http://127.0.0.1:1", ACCOUNT, "us-east-1", path)["aws_sqs_queue"]
    with pytest.raises(ProviderError, match="request send failed"):
        backend.read("aws_sqs_queue", {"id": "x", "name": "jobs"})
