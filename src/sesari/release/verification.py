"""PURE: whether a release does well, from what was measured after it; what was not measured is not taken as good."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Literal

from sesari.model.manifest import Service

AlarmState = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]
_BAKE: Final = 10.0
_SAMPLES: Final = 5


@dataclass(frozen=True, slots=True)
class HttpCheck:
    """`samples` answers from `path`: each with `status` and, if given, `contains` in its body (its first 64 KiB).

    `latency`: seconds that `percentile` per cent of them may take at most, None for any.
    """

    path: str
    status: int = 200
    contains: str | None = None
    percentile: float = 95.0
    latency: float | None = None
    samples: int = _SAMPLES


@dataclass(frozen=True, slots=True)
class Criteria:
    """What is demanded. `alarms` by name. `drains`: the queue must not grow. `bake`: seconds that it must hold."""

    http: tuple[HttpCheck, ...] = ()
    alarms: tuple[str, ...] = ()
    drains: bool = False
    bake: float = _BAKE


@dataclass(frozen=True, slots=True)
class HttpSample:
    """One answer. `status` is None without one, then `error` says why. `at` and `seconds` in seconds."""

    at: float
    path: str
    status: int | None
    seconds: float
    body: str = field(default="", repr=False)
    error: str = ""


@dataclass(frozen=True, slots=True)
class AlarmSample:
    """An alarm at a moment; `state` None when it was not to be seen."""

    at: float
    name: str
    state: AlarmState | None


@dataclass(frozen=True, slots=True)
class QueueSample:
    """Messages that wait and that somebody works on."""

    at: float
    waiting: int
    flying: int


@dataclass(frozen=True, slots=True)
class Observations:
    """Everything measured, oldest first. The release was in place at `begun`; alarms before that are the baseline."""

    begun: float
    now: float
    http: tuple[HttpSample, ...] = ()
    alarms: tuple[AlarmSample, ...] = ()
    queue: tuple[QueueSample, ...] = ()


class Verdict(Enum):
    """`pending`: look on. `inconclusive`: the time is over, and something could not be seen."""

    GOOD = "good"
    BAD = "bad"
    INCONCLUSIVE = "inconclusive"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with every reason for it, one sentence each."""

    verdict: Verdict
    reasons: tuple[str, ...] = ()


def criteria_of(service: Service, alarms: Sequence[str] = (), bake: float = _BAKE) -> Criteria:
    """What the manifest says of a service: an api's health path answers; a worker's queue does not grow."""
    http = (HttpCheck(service.health),) if service.health else ()
    return Criteria(http, tuple(alarms), service.queue is not None and service.kind == "worker", bake)


def verdict(criteria: Criteria, observations: Observations) -> Judgement:
    """Bad as soon as anything is; good only when the bake time is over and everything was seen to be good."""
    bad = [*_bad_http(criteria, observations), *_bad_alarms(criteria, observations)]
    if bad:
        return Judgement(Verdict.BAD, tuple(bad))
    open_ = [check.path for check in criteria.http if len(_of(check, observations)) < check.samples]
    if observations.now - observations.begun < criteria.bake:
        return Judgement(Verdict.PENDING)
    growing = _growing(observations) if criteria.drains else ""
    if growing:
        return Judgement(Verdict.BAD, (growing,))
    unseen = [f"`{path}` was not asked often enough" for path in open_]
    unseen += _unseen_alarms(criteria, observations)
    if criteria.drains and not observations.queue:
        unseen.append("the queue could not be read")
    return Judgement(Verdict.INCONCLUSIVE, tuple(unseen)) if unseen else Judgement(Verdict.GOOD)


def percentile(values: Sequence[float], share: float) -> float:
    """Nearest rank: the smallest value that `share` per cent of all do not exceed. Raises ValueError without values."""
    if not values:
        raise ValueError("a percentile of nothing")
    rank = max(1, math.ceil(share / 100 * len(values)))
    return sorted(values)[rank - 1]


def _bad_http(criteria: Criteria, observations: Observations) -> list[str]:
    found = []
    for check in criteria.http:
        samples = _of(check, observations)
        wrong = [reason for sample in samples if (reason := _wrong(check, sample))]
        if wrong:
            found.append(f"`{check.path}`: {wrong[0]} ({len(wrong)} of {len(samples)} answers)")
        elif check.latency is not None and len(samples) >= check.samples:
            measured = percentile([sample.seconds for sample in samples], check.percentile)
            if measured > check.latency:
                share = f"{check.percentile:g} % within {measured * 1000:.0f} ms, not {check.latency * 1000:.0f} ms"
                found.append(f"`{check.path}`: {share}")
    return found


def _wrong(check: HttpCheck, sample: HttpSample) -> str:
    if sample.status is None:
        return f"no answer: {sample.error}"
    if sample.status != check.status:
        return f"answered {sample.status}, not {check.status}"
    if check.contains is not None and check.contains not in sample.body:
        return f"answered without {check.contains!r}"
    return ""


def _bad_alarms(criteria: Criteria, observations: Observations) -> list[str]:
    """Alarms that began to fire after the release. One that fired before says nothing about it."""
    found = []
    for name in criteria.alarms:
        before, since = _alarm(name, observations)
        if "ALARM" in since and before != "ALARM":
            found.append(f"the alarm `{name}` fires")
    return found


def _unseen_alarms(criteria: Criteria, observations: Observations) -> list[str]:
    found = []
    for name in criteria.alarms:
        before, since = _alarm(name, observations)
        if not since or since[-1] is None:
            found.append(f"the alarm `{name}` could not be read")
        elif since[-1] == "INSUFFICIENT_DATA":
            found.append(f"the alarm `{name}` has no data")
        elif since[-1] == "ALARM" and before == "ALARM":
            found.append(f"the alarm `{name}` fired before the release already")
    return found


def _alarm(name: str, observations: Observations) -> tuple[AlarmState | None, list[AlarmState | None]]:
    own = [sample for sample in observations.alarms if sample.name == name]
    before = [sample.state for sample in own if sample.at <= observations.begun]
    return before[-1] if before else None, [sample.state for sample in own if sample.at > observations.begun]


def _growing(observations: Observations) -> str:
    """Empty unless the backlog is larger at the end than at the beginning."""
    if len(observations.queue) < 2:
        return ""
    first, last = observations.queue[0].waiting, observations.queue[-1].waiting
    return f"the queue grew from {first} to {last} waiting messages" if last > first else ""


def _of(check: HttpCheck, observations: Observations) -> list[HttpSample]:
    return [sample for sample in observations.http if sample.path == check.path]
