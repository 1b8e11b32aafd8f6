"""Proposed changes, as Terraform's `show -json` tells them, and the record a saved plan carries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TypeAlias

from sesari.model.json import Json

AttributePath: TypeAlias = tuple[str | int, ...]


class Action(Enum):
    """What happens to one resource. A replacement is one action, whichever order Terraform takes."""

    CREATE = "create"
    READ = "read"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    FORGET = "forget"
    NOTHING = "no-op"


@dataclass(frozen=True, slots=True)
class ResourceChange:
    """One entry of `resource_changes` or `resource_drift`.

    `before`/`after` are the attribute objects (None when absent); `unknown`, `before_sensitive` and
    `after_sensitive` mirror their shape with `true` where it applies; `replace_paths` force a replacement.
    """

    address: str
    module: str | None
    type: str
    name: str
    provider: str
    action: Action
    before: Json
    after: Json
    unknown: Json
    before_sensitive: Json
    after_sensitive: Json
    replace_paths: tuple[AttributePath, ...] = ()
    reason: str | None = None
    previous_address: str | None = None
    data: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan as read. `complete` is false when Terraform deferred or errored on part of it."""

    terraform_version: str
    changes: tuple[ResourceChange, ...]
    drift: tuple[ResourceChange, ...]
    outputs: Mapping[str, Json]
    complete: bool

    @property
    def empty(self) -> bool:
        """True when applying it would change nothing."""
        return all(change.action in (Action.NOTHING, Action.READ) for change in self.changes)


@dataclass(frozen=True, slots=True)
class StateVersion:
    """Which state a plan was made on. A state that does not exist yet has serial 0 and an empty lineage."""

    serial: int
    lineage: str


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """What is known of a saved plan without opening it. Every digest is `sha256:<hex>`.

    `digest` is of the plan file's own bytes; `sources` of the root, its modules and lock file; `manifest` of the
    resolved environment. `changes` counts by action value. `destroy` marks a plan that removes everything.
    """

    digest: str
    environment: str
    sources: str
    manifest: str
    state: StateVersion
    author: str
    created: datetime
    account: str
    changes: Mapping[str, int]
    destroy: bool = False
