"""Measure a service after a rollout until there is a verdict."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, cast

from sesari.model.progress import Phase, Progress, Reporter
from sesari.pipeline.stop import Stop
from sesari.release.verification import (
    AlarmSample,
    AlarmState,
    Criteria,
    HttpSample,
    Judgement,
    Observations,
    QueueSample,
    Verdict,
    verdict,
)


class Answer(Protocol):
    """One HTTP answer. See `drivers.http_probe`."""

    @property
    def status(self) -> int | None: ...

    @property
    def seconds(self) -> float: ...

    @property
    def body(self) -> str: ...

    @property
    def error(self) -> str: ...


class Watch(Protocol):
    """See `drivers.ecs`."""

    def alarm_states(self, names: Sequence[str]) -> dict[str, str]: ...

    def queue_depth(self, url: str) -> tuple[int, int]: ...


@dataclass(frozen=True, slots=True)
class VerifyTools:
    """`get` measures one request. `seconds` is a clock that only grows. `pause` in seconds between two rounds."""

    get: Callable[[str], Answer]
    watch: Watch
    report: Reporter
    seconds: Callable[[], float]
    stop: Stop = field(default_factory=Stop)
    pause: float = 1.0


def baseline(tools: VerifyTools, criteria: Criteria) -> tuple[AlarmSample, ...]:
    """The alarms before anything moves: one that fires already is not the release's doing."""
    return _alarms(tools, criteria)


def verify(
    tools: VerifyTools,
    service: str,
    criteria: Criteria,
    url: str | None,
    queue: str | None,
    before: tuple[AlarmSample, ...] = (),
) -> Judgement:
    """Look until the verdict is clear: at once when it is bad, else for the bake time. `url` is the service's address,
    `queue` its queue's URL. Raises SesariError when AWS refuses, Aborted when somebody stopped it."""
    begun = tools.seconds()
    seen = Observations(begun, begun, alarms=before)
    while True:
        seen = _looked(tools, criteria, url, queue, seen)
        judged = verdict(criteria, seen)
        if judged.verdict is not Verdict.PENDING:
            good = judged.verdict is Verdict.GOOD
            detail = "; ".join(judged.reasons) or f"{len(seen.http)} answers as they should be"
            phase = Phase.SUCCEEDED if good else Phase.FAILED
            tools.report(Progress(service, "verification", phase, detail, seconds=seen.now - begun))
            return judged
        left = max(0.0, criteria.bake - (seen.now - begun))
        tools.report(Progress(service, "verification", Phase.RUNNING, f"well so far, {left:.0f} s to go"))
        tools.stop.wait(min(tools.pause, left) or tools.pause)
        tools.stop.check()


def _looked(
    tools: VerifyTools, criteria: Criteria, url: str | None, queue: str | None, seen: Observations
) -> Observations:
    http = list(seen.http)
    for check in criteria.http if url else ():
        answer = tools.get(f"{(url or '').rstrip('/')}{check.path}")
        http.append(HttpSample(tools.seconds(), check.path, answer.status, answer.seconds, answer.body, answer.error))
    depths = (*seen.queue, _depth(tools, queue)) if criteria.drains and queue else seen.queue
    alarms = (*seen.alarms, *_alarms(tools, criteria))
    return replace(seen, now=tools.seconds(), http=tuple(http), alarms=alarms, queue=depths)


def _alarms(tools: VerifyTools, criteria: Criteria) -> tuple[AlarmSample, ...]:
    states = tools.watch.alarm_states(criteria.alarms) if criteria.alarms else {}
    now = tools.seconds()
    return tuple(AlarmSample(now, name, cast("AlarmState | None", states.get(name))) for name in criteria.alarms)


def _depth(tools: VerifyTools, queue: str) -> QueueSample:
    waiting, flying = tools.watch.queue_depth(queue)
    return QueueSample(tools.seconds(), waiting, flying)
