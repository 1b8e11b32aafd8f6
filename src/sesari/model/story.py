"""What a rehearsal told: chapters of claims, each held or not, and what stood behind them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

from sesari.errors import Problem
from sesari.model.review import Drift, Review


class Label(Enum):
    """How true a resource of a rehearsal is; never left out where resources are shown.

    `real`: the service itself. `emulated`: another program that behaves as the service does. `recorded only`:
    kept under the provider's true schema, and nothing runs.
    """

    REAL = "real"
    EMULATED = "emulated"
    RECORDED = "recorded only"


@dataclass(frozen=True, slots=True)
class Claim:
    """One line that the rehearsal claims to prove.

    `id` is stable and unique in the story (`plan.second-is-empty`). `chapter` is the id of its chapter. `held` is
    None while it has not been tried. `detail` says what was observed. `sabotages` name what turns it red.
    """

    id: str
    chapter: str
    text: str
    held: bool | None = None
    seconds: float = 0.0
    detail: str = ""
    sabotages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chapter:
    """Claims that belong together. `title` is the story's left column; `seconds` the whole chapter's wall clock."""

    id: str
    title: str
    claims: tuple[Claim, ...] = ()
    seconds: float = 0.0
    summary: str = ""

    @property
    def held(self) -> bool | None:
        """False when any claim did not hold, None while one is open (or there is none), else True."""
        if any(claim.held is False for claim in self.claims):
            return False
        return True if self.claims and all(claim.held for claim in self.claims) else None


@dataclass(frozen=True, slots=True)
class LabelledResource:
    """One resource of one environment and how true it is."""

    address: str
    type: str
    label: Label


@dataclass(frozen=True, slots=True)
class Story:
    """A whole rehearsal. Times in seconds of wall clock; `engine_seconds` is Terraform's own share.

    `product` is its name, `path` where it was found, `environments` in the manifest's order. `engine` names Terraform
    and its version. `reviews` and `drifts` are those that a person would have read. `report` is the path of the
    HTML report, None when none was written. `sabotage` is the one that was switched on, if any.
    """

    product: str
    path: str
    environments: tuple[str, ...]
    engine: str
    chapters: tuple[Chapter, ...] = ()
    resources: Mapping[str, tuple[LabelledResource, ...]] = field(default_factory=dict)
    reviews: tuple[Review, ...] = ()
    drifts: tuple[Drift, ...] = ()
    seconds: float = 0.0
    engine_seconds: float = 0.0
    report: str | None = None
    sabotage: str | None = None
    problems: tuple[Problem, ...] = ()

    @property
    def labels(self) -> dict[Label, int]:
        """How many resources carry each label, every label named, in the order emulated, recorded only, real."""
        found = [resource.label for resources in self.resources.values() for resource in resources]
        return {label: found.count(label) for label in (Label.EMULATED, Label.RECORDED, Label.REAL)}

    @property
    def ok(self) -> bool:
        """True when there is something to show, every claim of it held and no problem was met."""
        return bool(self.chapters) and not self.problems and all(chapter.held for chapter in self.chapters)


class Moment(Enum):
    """What a `StoryEvent` tells: a chapter begins, something moves in it, a claim was tried, it is over."""

    OPENED = "opened"
    MOVED = "moved"
    TRIED = "tried"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class StoryEvent:
    """One step of a running story. `claim` is set for TRIED, `detail` (what is done now) for MOVED."""

    moment: Moment
    chapter: Chapter
    claim: Claim | None = None
    detail: str = ""


StoryReporter: TypeAlias = Callable[[StoryEvent], None]
