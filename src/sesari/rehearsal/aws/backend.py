"""The backend of the emulated types: it stores nothing and calls the emulator with the identity's own credentials."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from sesari.rehearsal.aws.errors import is_gone, summary, unreachable
from sesari.rehearsal.aws.resource import Aws, Credentials, Resource
from sesari.rehearsal.aws.state import State, settle
from sesari.rehearsal.aws.types import emulated_types
from sesari.rehearsal.provider.backend import Backend, Label, ProviderError

T = TypeVar("T")
_SCHEMA = "schemas/aws-5.100.0.json"
_ADDRESS = "registry.terraform.io/hashicorp/aws"


def emulated_backend(endpoint: str, account: str, region: str, credentials: Path) -> dict[str, Backend]:
    """The backend for every emulated type, by type, for one identity.

    `credentials` is a JSON file with `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`; it is read
    again when it changes, and until it exists every call is refused as a call without credentials would be.
    """
    resources = emulated_types()
    backend = Emulated(resources, Identity(endpoint, account, region, credentials))
    return dict.fromkeys(resources, backend)


class Identity:
    """The clients of whoever the credentials file names now."""

    def __init__(self, endpoint: str, account: str, region: str, credentials: Path) -> None:
        self._place = (endpoint, region)
        self._account = account
        self._path = credentials
        self._held: tuple[int, Aws] | None = None

    def aws(self) -> Aws:
        """Raises ProviderError without credentials, or with those of another account."""
        try:
            stamp = self._path.stat().st_mtime_ns
            if self._held is None:
                self._held = (stamp, Aws(*self._place, read_credentials(self._path)))
            elif self._held[0] != stamp:
                self._held[1].renew(read_credentials(self._path))
                self._held = (stamp, self._held[1])
        except (OSError, ValueError, KeyError) as problem:
            raise ProviderError("No valid credential sources found", f"{self._path.stem}: {problem}") from problem
        aws = self._held[1]
        if (account := _account(aws)) != self._account:
            raise ProviderError(f"AWS account ID not allowed: {account}", f"Expected {self._account}.")
        return aws


def _account(aws: Aws) -> str:
    from botocore.exceptions import BotoCoreError, ClientError

    doing = (
        "validating provider credentials: retrieving caller identity from STS: operation error STS: GetCallerIdentity"
    )
    try:
        return aws.account
    except ClientError as problem:
        error = problem.response.get("Error", {})
        raise ProviderError(f"{doing}, api error {error.get('Code')}: {error.get('Message')}") from problem
    except BotoCoreError as problem:
        raise ProviderError(f"{doing}, request send failed, {problem}") from problem


def read_credentials(path: Path) -> Credentials:
    """The credentials in a file. Raises OSError, ValueError or KeyError."""
    held = json.loads(path.read_text(encoding="utf-8"))
    return Credentials(held["AWS_ACCESS_KEY_ID"], held["AWS_SECRET_ACCESS_KEY"], held.get("AWS_SESSION_TOKEN") or "")


class Emulated:
    """Implements `Backend` for every type in `resources`."""

    def __init__(self, resources: Mapping[str, Resource], identity: Identity) -> None:
        self._resources = resources
        self._identity = identity

    @property
    def label(self) -> Label:
        return "emulated"

    def create(self, type: str, planned: State) -> State:
        resource, aws = self._resources[type], self._identity.aws()
        made = _call(aws, resource, "creating", planned, lambda: resource.create(aws, planned))
        state = {**planned, **made}
        try:
            return self._fresh(type, resource, aws, state, "creating")
        except ProviderError:
            # The real provider would mark it tainted; a backend cannot, so what Terraform does not know must not stay.
            with suppress(Exception):
                resource.delete(aws, {**state, "recovery_window_in_days": 0, "force_detach_policies": True})
            raise

    def read(self, type: str, state: State) -> State | None:
        resource, aws = self._resources[type], self._identity.aws()
        seen = _call(aws, resource, "reading", state, lambda: _unless_gone(aws, resource, state))
        return None if seen is None else _settled(type, resource, state, seen)

    def update(self, type: str, prior: State, planned: State) -> State:
        resource, aws = self._resources[type], self._identity.aws()
        _call(aws, resource, "updating", prior, lambda: resource.update(aws, prior, planned))
        kept = {name: value for name, value in prior.items() if planned.get(name) is None and _computed(type, name)}
        return self._fresh(type, resource, aws, {**planned, **kept}, "updating")

    def delete(self, type: str, prior: State) -> None:
        resource, aws = self._resources[type], self._identity.aws()

        def remove() -> None:
            try:
                resource.delete(aws, prior)
            except Exception:
                # Gone, or on its way: a key or secret that waits for its deletion refuses a second one.
                if _unless_gone(aws, resource, prior) is not None:
                    raise

        _call(aws, resource, "deleting", prior, remove)

    def find(self, type: str, id: str) -> State | None:
        located = {**_blank(type), **self._resources[type].locate(id)}
        located.setdefault("id", id)
        found = self.read(type, located)
        if found is not None and "tags" in found and found.get("tags_all"):
            found["tags"] = dict(found["tags_all"])
        return found

    def data(self, type: str, config: State) -> State:
        """A data source of an emulated type, found by its id, ARN or name."""
        for name in ("id", "arn", "key_id", "cluster_name", "name", "url"):
            if config.get(name):
                found = self.find(type, str(config[name]))
                if found is not None:
                    return {**config, **{key: value for key, value in found.items() if value is not None}}
        raise ProviderError(f"reading {self._resources[type].title}: couldn't find resource")

    def _fresh(self, type: str, resource: Resource, aws: Aws, state: State, doing: str) -> State:
        seen = _call(aws, resource, doing, state, lambda: resource.read(aws, state))
        if seen is None:
            name = state.get(resource.named_by) or state.get("id")
            raise ProviderError(f"{doing} {resource.title} ({name}): couldn't find resource")
        return _settled(type, resource, state, seen)


def _unless_gone(aws: Aws, resource: Resource, state: State) -> State | None:
    try:
        return resource.read(aws, state)
    except Exception as problem:
        if not is_gone(getattr(problem, "response", {})):
            raise
        return None


def _call(aws: Aws, resource: Resource, doing: str, state: State, action: Callable[[], T]) -> T:
    """Run it; botocore's errors become the provider's."""
    from botocore.exceptions import BotoCoreError, ClientError

    name = str(state.get(resource.named_by) or state.get("id") or "")
    try:
        return action()
    except ClientError as problem:
        service = aws.client(resource.service).meta.service_model.service_id
        text = summary(doing, resource.title, name, service, problem.operation_name, problem.response)
        raise ProviderError(text) from problem
    except BotoCoreError as problem:
        service = aws.client(resource.service).meta.service_model.service_id
        raise ProviderError(unreachable(doing, resource.title, name, service, problem)) from problem


def _settled(type: str, resource: Resource, state: State, seen: State) -> State:
    return settle(_block(type), state, {"id": state.get("id"), **seen}, dict(resource.defaults), resource.documents)


@cache
def _schemas() -> dict[str, Any]:
    text = (files("sesari.rehearsal.provider") / _SCHEMA).read_text(encoding="utf-8")
    schemas: dict[str, Any] = json.loads(text)["provider_schemas"][_ADDRESS]["resource_schemas"]
    return schemas


def _block(type: str) -> Mapping[str, Any]:
    block: Mapping[str, Any] = _schemas()[type]["block"]
    return block


def _computed(type: str, name: str) -> bool:
    return bool(_block(type).get("attributes", {}).get(name, {}).get("computed"))


def _blank(type: str) -> State:
    return dict.fromkeys(_block(type).get("attributes", {}))
