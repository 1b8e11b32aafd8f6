"""A plan as a person reviews it: by service, dangerous first, secrets redacted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from sesari.model.json import Json
from sesari.model.plan import Action, AttributePath


class Risk(IntEnum):
    """How much a change can hurt: lower is shown first."""

    DATA_LOSS = 0
    OUTAGE = 1
    IDENTITY = 2
    NETWORK = 3
    CHANGE = 4
    ADDITION = 5


@dataclass(frozen=True, slots=True)
class AttributeChange:
    """One attribute's change. `before`/`after` are already redacted when `sensitive`; `unknown`: known after apply."""

    path: AttributePath
    before: Json
    after: Json
    sensitive: bool = False
    unknown: bool = False
    forces_replacement: bool = False


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """One change, or several identical ones collapsed: then `addresses` has more than one."""

    addresses: tuple[str, ...]
    type: str
    action: Action
    risk: Risk
    attributes: tuple[AttributeChange, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReviewGroup:
    """The changes of one service, or of the shared parts (`service` None), dangerous first."""

    service: str | None
    items: tuple[ReviewItem, ...]


@dataclass(frozen=True, slots=True)
class Review:
    """A whole plan for a person. `counts` by action value (no no-ops); `plan` is the digest it shows.

    `complete` is false when Terraform deferred or failed on a part, which nobody has seen.
    """

    environment: str
    plan: str | None
    groups: tuple[ReviewGroup, ...]
    counts: Mapping[str, int]
    complete: bool = True

    @property
    def empty(self) -> bool:
        return not self.groups


class DriftKind(IntEnum):
    """Why reality differs from the state: somebody's hand, or values that move by themselves."""

    HAND_MADE = 0
    CHURN = 1


@dataclass(frozen=True, slots=True)
class DriftItem:
    """One drifted resource. `gone`: it no longer exists. `restores`: an apply would put it back.

    `reasons` say what the drift lets somebody do that the state does not know of.
    """

    address: str
    type: str
    service: str | None
    kind: DriftKind
    gone: bool
    restores: bool
    attributes: tuple[AttributeChange, ...]
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Drift:
    """All drift of one environment, hand-made first."""

    environment: str
    items: tuple[DriftItem, ...]

    @property
    def hand_made(self) -> tuple[DriftItem, ...]:
        return tuple(item for item in self.items if item.kind is DriftKind.HAND_MADE)
