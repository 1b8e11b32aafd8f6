"""Roll a service on ECS out to an image, or back to an earlier revision; watched until it is known what runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

from sesari.errors import Problem, SesariError
from sesari.model.json import JsonObject
from sesari.model.progress import Phase, Progress, Reporter
from sesari.pipeline.stop import Stop
from sesari.release import ecs
from sesari.release.ecs import ServiceState, StoppedTask
from sesari.release.rollout import Observation, Rollout, Step, next_step

LIMIT = 900.0
_PAUSE = 1.0
_LINES = 5


class Cluster(Protocol):
    """See `drivers.ecs`."""

    @property
    def cluster(self) -> str: ...

    def service(self, name: str) -> JsonObject: ...

    def definition(self, name: str) -> JsonObject: ...

    def register(self, request: JsonObject) -> str: ...

    def update(self, service: str, definition: str, *, force: bool) -> JsonObject: ...

    def tasks(self, service: str, *, stopped: bool) -> tuple[JsonObject, ...]: ...

    def log_tail(self, group: str, stream: str, most: int) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class RolloutTools:
    """`seconds` is a clock that only grows. `pause` in seconds between two looks."""

    cluster: Cluster
    report: Reporter
    seconds: Callable[[], float]
    stop: Stop = field(default_factory=Stop)
    pause: float = _PAUSE
    limit: float = LIMIT


@dataclass(frozen=True, slots=True)
class EcsPlace:
    """Where a service runs: its name in the manifest, and on ECS (`sesari-dev-api`), which is also its family's."""

    service: str
    name: str


@dataclass(frozen=True, slots=True)
class RolloutOutcome:
    """What a rollout came to. Definitions are ARNs.

    `wanted` is what should run, `before` what was PRIMARY at first, `serving` what is PRIMARY now. `unchanged`: there
    was nothing to do. `note` is for people: how many tasks run, or that none is wanted. `problem`: it failed.
    """

    service: str
    status: Literal["unchanged", "done", "failed"]
    wanted: str
    before: str | None
    serving: str | None
    deployment: str | None
    seconds: float
    note: str = ""
    problem: Problem | None = None


def roll_out(tools: RolloutTools, place: EcsPlace, image: str) -> RolloutOutcome:
    """Bring the image (`HOST/REPOSITORY@sha256:...`) up in the shape that Terraform gave the service last.

    Asks first what is PRIMARY: done again it changes nothing, and after a crash it follows what was begun. A rollout
    that fails is told in the outcome; ECS itself goes back to what ran before, if something did.
    Raises SesariError when AWS refuses, Aborted when somebody stopped it: ECS then goes on without us.
    """
    family = Family(tools.cluster, place)
    request = ecs.next_revision(family.shape(), place.service, image)
    return _bring(tools, place, _revision(tools, place, family, request))


def roll_back(tools: RolloutTools, place: EcsPlace, definition: str) -> RolloutOutcome:
    """Bring an earlier revision back, with today's secrets: tasks read their current versions as they start, also when
    the same revision is PRIMARY already. Raises as `roll_out` does."""
    family = Family(tools.cluster, place)
    previous = family.definition(definition)
    request = ecs.restored(previous, family.shape(), place.service)
    wanted = definition if ecs.is_same(request, previous) else _revision(tools, place, family, request)
    return _bring(tools, place, wanted)


def serving(tools: RolloutTools, place: EcsPlace) -> tuple[str | None, str | None]:
    """What is PRIMARY now: its definition's ARN, and its image; None where nothing is."""
    primary = _look(tools, place).primary
    if primary is None:
        return None, None
    return primary.definition, ecs.image_of(tools.cluster.definition(primary.definition), place.service)


class Family:
    """The revisions of one service's task definition; each is asked for once."""

    def __init__(self, cluster: Cluster, place: EcsPlace) -> None:
        self._cluster = cluster
        self._place = place
        self._newest = cluster.definition(place.name)
        self._held = {_name(self._newest): self._newest}

    def definition(self, name: str) -> JsonObject:
        if name not in self._held:
            self._held[name] = self._cluster.definition(name)
        return self._held[name]

    def shape(self) -> JsonObject:
        """Terraform's newest revision: the newest of all, or what the newest of all was made from."""
        made_from = ecs.shape_of(self._newest, self._place.service)
        return self._newest if made_from is None else self.definition(made_from)

    def find(self, request: JsonObject, primary: str | None) -> str | None:
        """A revision that is as requested: what is PRIMARY, or the newest, which a killed rollout may have left."""
        names = (*((primary,) if primary else ()), _name(self._newest))
        return next((name for name in names if ecs.is_same(request, self.definition(name))), None)


def _revision(tools: RolloutTools, place: EcsPlace, family: Family, request: JsonObject) -> str:
    """The ARN of a revision as requested: one that is there already, or a new one."""
    primary = _look(tools, place).primary
    found = family.find(request, primary.definition if primary else None)
    if found is not None:
        return found
    tools.stop.check()
    name = tools.cluster.register(request)
    _tell(tools, place, Phase.RUNNING, f"registered {name.rsplit('/', 1)[-1]}")
    return name


def _bring(tools: RolloutTools, place: EcsPlace, definition: str) -> RolloutOutcome:
    """Update, then follow the deployment by its id until it is over."""
    begun = tools.seconds()
    seen = [Observation(begun, _look(tools, place))]
    before = seen[0].state.primary
    rollout = Rollout(definition, None, tools.limit)
    step = next_step(rollout, seen)
    while step.kind not in ("done", "failed"):
        tools.stop.check()
        _tell(tools, place, Phase.RUNNING, step.detail)
        if step.kind == "update":
            described = tools.cluster.update(place.name, definition, force=_is_primary(seen[-1].state, definition))
            state = ecs.read_service(described)
            rollout = replace(rollout, deployment=state.primary.id if state.primary else "unknown")
            seen = [Observation(tools.seconds(), state)]
        elif step.kind == "follow":
            rollout = replace(rollout, deployment=step.deployment)
        else:
            tools.stop.wait(tools.pause)
        seen = [*seen, Observation(tools.seconds(), _look(tools, place))]
        step = next_step(rollout, seen)
    state = seen[-1].state
    problem = _problem(tools, place, definition, step, state) if step.kind == "failed" else None
    seconds = tools.seconds() - begun
    outcome = RolloutOutcome(
        service=place.service,
        status="failed" if problem else "unchanged" if step.already else "done",
        wanted=definition,
        before=before.definition if before else None,
        serving=state.primary.definition if state.primary else None,
        deployment=step.deployment,
        seconds=seconds,
        note=step.detail,
        problem=problem,
    )
    phase = Phase.ERRORED if problem else Phase.SUCCEEDED
    tools.report(Progress(place.service, "rollout", phase, step.detail, seconds=seconds))
    return outcome


def _problem(tools: RolloutTools, place: EcsPlace, definition: str, step: Step, state: ServiceState) -> Problem:
    primary = state.primary
    back = primary is not None and primary.definition != definition and primary.running > 0
    now = "what ran before runs on" if back else "nothing else runs in its place"
    return Problem(
        "rollout-failed",
        f"`{place.service}` did not come up as {definition.rsplit('/', 1)[-1]}; {now}",
        state.arn,
        f"{step.detail.rstrip('.')}: {_why(tools, place, definition)}",
        "Correct the service, then deploy again; `sesari status` shows what runs",
    )


def _why(tools: RolloutTools, place: EcsPlace, definition: str) -> str:
    """From the tasks that stopped and the last lines that one of them logged, the newest first: logs arrive late. What
    cannot be read is said, not raised: it must not hide that the rollout failed."""
    try:
        described = tools.cluster.definition(definition)
        stopped: Sequence[StoppedTask] = [
            ecs.read_stopped(task, described, place.service)
            for task in tools.cluster.tasks(place.name, stopped=True)
            if task.get("taskDefinitionArn") == definition
        ]
        tails = (tools.cluster.log_tail(*task.log, _LINES) for task in stopped if task.log)
        return ecs.why_stopped(stopped, next((lines for lines in tails if lines), ()))
    except SesariError as error:
        return f"the reason could not be read ({error.problems[0].what}: {error.problems[0].why})"


def _look(tools: RolloutTools, place: EcsPlace) -> ServiceState:
    return ecs.read_service(tools.cluster.service(place.name))


def _is_primary(state: ServiceState, definition: str) -> bool:
    return state.primary is not None and state.primary.definition == definition


def _tell(tools: RolloutTools, place: EcsPlace, phase: Phase, detail: str) -> None:
    tools.report(Progress(place.service, "rollout", phase, detail))


def _name(definition: JsonObject) -> str:
    return str(definition["taskDefinitionArn"])
