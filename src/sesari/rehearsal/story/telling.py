"""How a chapter tells its claims, one by one, while it is played."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from sesari.errors import Problem, SesariError
from sesari.model.story import Chapter, Claim, Moment, StoryEvent, StoryReporter


class Stopped(Exception):
    """A claim did not hold, and ends the story. `problems` are those of the error that it met, if it met one."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("a claim did not hold")
        self.problems = problems


@dataclass(slots=True)
class Telling:
    """One chapter while it is played. `listen` hears every change, so that a person sees the line live."""

    chapter: Chapter
    listen: StoryReporter
    started: float = field(default_factory=time.monotonic)

    def claim(self, identifier: str, held: bool, detail: str = "", seconds: float = 0.0) -> bool:
        """Settles one declared claim. Returns `held`. An undeclared claim is a mistake in the story itself."""
        known = {claim.id for claim in self.chapter.claims}
        if identifier not in known:
            raise LookupError(f"chapter {self.chapter.id} declares no claim {identifier}")
        claims = tuple(
            replace(claim, held=held, detail=detail, seconds=seconds) if claim.id == identifier else claim
            for claim in self.chapter.claims
        )
        self._now(Moment.TRIED, replace(self.chapter, claims=claims), next(c for c in claims if c.id == identifier))
        return held

    @contextmanager
    def proving(self, identifier: str) -> Iterator[Evidence]:
        """Times a proof. Inside, `evidence.settle(...)` settles it; an error of Sesari settles it as not held.

        Raises Stopped when it did not hold: what comes after stands on it.
        """
        evidence = Evidence()
        begun = time.monotonic()
        problems: tuple[Problem, ...] = ()
        try:
            yield evidence
        except SesariError as error:
            problems = error.problems
            evidence.settle(False, f"stopped by {', '.join(dict.fromkeys(error.codes))}")
        if not self.claim(identifier, evidence.outcome, evidence.detail, time.monotonic() - begun):
            raise Stopped(problems)

    def doing(self, text: str) -> None:
        """What is being done now: the live part of the chapter's line."""
        self._now(Moment.MOVED, self.chapter, detail=text)

    def open(self) -> None:
        """The chapter begins."""
        self._now(Moment.OPENED, self.chapter)

    def close(self, summary: str) -> Chapter:
        """Ends the chapter with its summary and returns it."""
        self._now(Moment.CLOSED, replace(self.chapter, summary=summary))
        return self.chapter

    def _now(self, moment: Moment, chapter: Chapter, claim: Claim | None = None, detail: str = "") -> None:
        self.chapter = replace(chapter, seconds=time.monotonic() - self.started)
        self.listen(StoryEvent(moment, self.chapter, claim, detail))


@dataclass(slots=True)
class Evidence:
    """What one proof found. Not held until something says so."""

    outcome: bool = False
    detail: str = "nothing was observed"

    def settle(self, outcome: bool, detail: str) -> None:
        self.outcome = outcome
        self.detail = detail


@contextmanager
def refusal(expected: str, evidence: Evidence) -> Iterator[None]:
    """Holds when the block is refused with exactly the problem `expected`."""
    try:
        yield
    except SesariError as error:
        evidence.settle(expected in error.codes, f"refused: {_counted(error.codes)}")
    else:
        evidence.settle(False, f"not refused; `{expected}` was expected")


def _counted(codes: tuple[str, ...]) -> str:
    """Each code once, with how often it was given."""
    counts = Counter(codes)
    return ", ".join(code if count == 1 else f"{code} ({count} times)" for code, count in counts.items())


def declared(chapter: str, claims: Mapping[str, str], sabotages: Mapping[str, tuple[str, ...]]) -> tuple[Claim, ...]:
    """The claims of a chapter before it is played, with the names of what turns each red."""
    return tuple(
        Claim(id=name, chapter=chapter, text=text, sabotages=sabotages.get(name, ())) for name, text in claims.items()
    )
