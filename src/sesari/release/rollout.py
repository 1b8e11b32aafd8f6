"""PURE: what a rollout does next, from what was seen of the service."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from sesari.release.ecs import Deployment, ServiceState

# ECS is eventually consistent: what it told just after an update may be from before it.
_CERTAIN: Final = 3


@dataclass(frozen=True, slots=True)
class Rollout:
    """`definition` (an ARN) shall be what runs. `deployment` is the one that brings it, None before it is known.

    `limit` in seconds: how long the deployment may take. `force`: start anew even where the definition is the same.
    """

    definition: str
    deployment: str | None
    limit: float
    force: bool = False


@dataclass(frozen=True, slots=True)
class Observation:
    """The service at a moment, in seconds on a clock that only grows."""

    at: float
    state: ServiceState


@dataclass(frozen=True, slots=True)
class Step:
    """What to do: update the service, follow a deployment, wait, or nothing more.

    `detail` is for people. `already`: nothing had to be done.
    """

    kind: Literal["update", "follow", "wait", "done", "failed"]
    detail: str
    deployment: str | None = None
    already: bool = False


def next_step(rollout: Rollout, observations: Sequence[Observation]) -> Step:
    """From everything seen so far, oldest first. Without a deployment it first asks what is PRIMARY.

    That the service is stable proves nothing: it also is after ECS went back by itself. What counts is what the
    deployment became, and then which definition is PRIMARY.
    """
    state = observations[-1].state
    primary = state.primary
    if rollout.deployment is None:
        return _begin(rollout, primary)
    own = state.deployment(rollout.deployment)
    if own is not None and own.state == "FAILED":
        return Step("failed", own.reason or "the deployment failed", own.id)
    if primary is None or primary.definition != rollout.definition:
        if _in_a_row(rollout, observations) < _CERTAIN:
            return Step("wait", "ECS does not tell of the deployment yet", rollout.deployment)
        return Step("failed", f"another revision is PRIMARY: {_short(primary)}", rollout.deployment)
    if own is None or not own.primary:
        return Step("follow", "the same revision is deployed anew", primary.id)
    if own.state == "COMPLETED" and own.running >= state.desired:
        return Step("done", _complete(state), own.id)
    elapsed = observations[-1].at - observations[0].at
    if elapsed > rollout.limit:
        return Step("failed", f"not complete after {elapsed:.0f} s: {_counts(own)}", own.id)
    return Step("wait", _counts(own), own.id)


def _in_a_row(rollout: Rollout, observations: Sequence[Observation]) -> int:
    """For how many of the last observations another revision was PRIMARY."""
    count = 0
    for one in reversed(observations):
        if one.state.primary is not None and one.state.primary.definition == rollout.definition:
            break
        count += 1
    return count


def _begin(rollout: Rollout, primary: Deployment | None) -> Step:
    if primary is None or primary.definition != rollout.definition:
        return Step("update", f"from {_short(primary)}")
    if rollout.force:
        return Step("update", "the same revision anew")
    if primary.state == "FAILED":
        return Step("update", "its last deployment failed")
    if primary.state == "COMPLETED":
        return Step("done", "it runs already", primary.id, already=True)
    return Step("follow", "somebody began it", primary.id)


def _complete(state: ServiceState) -> str:
    if state.desired == 0:
        return "no task is wanted now, so nothing has shown that it starts"
    return f"{state.running} of {state.desired} tasks run"


def _counts(own: Deployment) -> str:
    failed = f", {own.failed} failed" if own.failed else ""
    return f"{own.running} of {own.desired} new tasks run{failed}"


def _short(deployment: Deployment | None) -> str:
    return deployment.definition.rsplit("/", 1)[-1] if deployment else "nothing"
