"""PURE: what a load balancer's health check asks, and what a run of answers means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

# AWS checks every 15 s and gives a new task a minute; nobody waits that long for a rehearsal.
_LONGEST_INTERVAL: Final = 1.0


class Health(Enum):
    """Of a target, by AWS's names. `draining` is for good."""

    INITIAL = "initial"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    DRAINING = "draining"


@dataclass(frozen=True, slots=True)
class Check:
    """`codes` as AWS writes them: `200`, `200,202`, `200-299`. Times in seconds."""

    path: str
    codes: str = "200"
    interval: float = _LONGEST_INTERVAL
    timeout: float = 5.0
    unhealthy_after: int = 3


def check_of(group: Mapping[str, Any]) -> Check:
    """The check of a target group as the API describes it, its waits shortened."""
    return Check(
        path=str(group.get("HealthCheckPath") or "/"),
        codes=str((group.get("Matcher") or {}).get("HttpCode") or "200"),
        interval=min(float(group.get("HealthCheckIntervalSeconds") or 30), _LONGEST_INTERVAL),
        timeout=float(group.get("HealthCheckTimeoutSeconds") or 5),
        unhealthy_after=int(group.get("UnhealthyThresholdCount") or 2),
    )


def matches(codes: str, status: int) -> bool:
    """Whether a status is one of the codes."""
    for part in codes.split(","):
        first, _, last = part.strip().partition("-")
        if int(first) <= status <= int(last or first):
            return True
    return False


class Streak:
    """Counts failures in a row: one good check is healthy, `limit` bad ones are unhealthy."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._failed = 0

    def take(self, *, passed: bool) -> Health | None:
        """What the target is now; None while it may still recover."""
        self._failed = 0 if passed else self._failed + 1
        if passed:
            return Health.HEALTHY
        return Health.UNHEALTHY if self._failed >= self._limit else None
