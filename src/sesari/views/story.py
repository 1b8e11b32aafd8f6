"""A rehearsal as a story: chapter, what holds, how long it took; live while it runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Final

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.constrain import Constrain
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from sesari.model.progress import Phase, Progress
from sesari.model.story import Chapter, Claim, Moment, Story, StoryEvent
from sesari.views import terminal
from sesari.views.progress import ECHO, lives
from sesari.views.words import plural, printable, seconds_text

_TITLE_WIDTH: Final = 12
_WIDEST: Final = 100
"""Columns: on a wider terminal the times would stand far from what they belong to."""
_QUICK: Final = 0.05
"""Seconds below which a time says nothing."""


def heading(story: Story) -> Text:
    """Who is rehearsed, where it was found, on what."""
    told = [
        f"rehearsal of `{story.product}` ({story.path})",
        plural(len(story.environments), "environment"),
        "offline cloud on 127.0.0.1",
        story.engine,
    ]
    return Text.assemble(("sesari", "bold"), " · ", printable(" · ".join(part for part in told if part)))


def story(shown: Story) -> RenderableType:
    """The whole story, finished or stopped."""
    parts: list[RenderableType] = [heading(shown), Text()]
    for number, chapter in enumerate(shown.chapters):
        previous = shown.chapters[number - 1].title if number else ""
        parts.append(_table(chapter_rows(chapter, repeats=chapter.title == previous)))
    return Group(*parts, Text(), ending(shown))


def ending(shown: Story) -> RenderableType:
    """The last lines: proven or not, how long, on what resources, where the report is."""
    claims = [claim for chapter in shown.chapters for claim in chapter.claims]
    broken = [claim for claim in claims if claim.held is False]
    untried = sum(claim.held is None for claim in claims)
    took = f"in {seconds_text(shown.seconds)} (Terraform itself: {seconds_text(shown.engine_seconds)})"
    if shown.ok:
        first = Text.assemble(("Proven", "bold green"), f" {took}: {plural(len(claims), 'claim')}.")
    else:
        said = [f"{len(broken)} of {plural(len(claims), 'claim')} did not hold"]
        said += [f"{untried} not tried"] if untried else []
        first = Text.assemble(("Not proven", "bold red"), f" {took}: {', '.join(said)}.")
    parts: list[RenderableType] = [first, Text(labels_text(shown))]
    if shown.sabotage:
        parts.append(Text(f"Sabotage `{shown.sabotage}` was on: a line that goes red is what it is for."))
    if shown.problems:
        parts += [Text(), terminal.problems(shown.problems), Text()]
    if shown.report:
        parts.append(Text(f"Report: {shown.report}", overflow="fold"))
    return Group(*parts)


def labels_text(shown: Story) -> str:
    """`183 resources: 61 emulated, 122 recorded only, 0 real.`"""
    counts = shown.labels
    told = ", ".join(f"{count} {label.value}" for label, count in counts.items())
    return f"{plural(sum(counts.values()), 'resource')}: {told}."


Row = tuple[str, Text, float | None]


def chapter_rows(chapter: Chapter, repeats: bool = False) -> Iterator[Row]:
    """The lines of one chapter as (left column, text, seconds). `repeats`: the line above has the same title."""
    title = "" if repeats else chapter.title
    for claim in chapter.claims:
        yield title, claim_text(claim), claim.seconds if claim.seconds >= _QUICK else None
        title = ""
    if chapter.summary:
        yield title, _summary(chapter), chapter.seconds


def claim_text(claim: Claim) -> Text:
    """A claim with what was observed; one that does not hold says so in words."""
    text = Text(overflow="fold")
    if claim.held is False:
        text.append("DOES NOT HOLD: ", style="bold red")
    elif claim.held is None:
        text.append("not tried: ", style="yellow")
    text.append(printable(claim.text), style="red" if claim.held is False else "")
    if claim.detail:
        text.append(f" · {printable(claim.detail)}", style="" if claim.held is False else "dim")
    return text


def _summary(chapter: Chapter) -> Text:
    return Text(printable(chapter.summary), overflow="fold", style="dim")


def _table(rows: Iterator[Row]) -> Constrain:
    grid = Table.grid(expand=True, padding=(0, 2, 0, 0))
    grid.add_column(width=_TITLE_WIDTH + 2, no_wrap=True, overflow="ellipsis")
    grid.add_column(ratio=1, overflow="fold")
    grid.add_column(justify="right", no_wrap=True, min_width=6)
    for title, text, seconds in rows:
        grid.add_row(
            Text(f"  {printable(title)}", style="bold"), text, seconds_text(seconds) if seconds is not None else ""
        )
    return Constrain(grid, _WIDEST)


class StoryView:
    """A `StoryReporter` and a context manager: every tried claim becomes a lasting line, the current one lives.

    `progress` takes the steps of the work below as a `Reporter`. Without a live terminal only lasting lines appear.
    Called from several threads at once. `clock` gives monotonic seconds.
    """

    def __init__(self, console: Console, clock: Callable[[], float]) -> None:
        self._console = console
        self._clock = clock
        self._lock = threading.Lock()
        self._spinner = Spinner("dots")
        self._chapter: tuple[Chapter, float] | None = None
        self._title = ""
        self._works: dict[str, Progress] = {}
        self._live = (
            Live(_Now(self), console=console, transient=True, refresh_per_second=10) if lives(console) else None
        )

    def __enter__(self) -> StoryView:
        if self._live is not None:
            self._live.start(refresh=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def __call__(self, event: StoryEvent) -> None:
        with self._lock:
            if event.moment is Moment.OPENED:
                self._chapter, self._works = (event.chapter, self._clock()), {}
            elif event.moment is Moment.MOVED:
                self._works[""] = Progress(event.chapter.title, event.detail, Phase.RUNNING)
            elif event.moment is Moment.CLOSED:
                self._chapter, self._works = None, {}
            rows = list(self._lasting(event))
        for row in rows:
            self._console.print(_table(iter([row])))

    def progress(self, progress: Progress) -> None:
        """A `Reporter` for the work inside a chapter: shown in the living line only."""
        with self._lock:
            if progress.phase is Phase.RUNNING:
                self._works[progress.scope] = progress
            else:
                self._works.pop(progress.scope, None)

    def now(self) -> RenderableType:
        """The living line: chapter, spinner and work, elapsed time."""
        with self._lock:
            chapter, works = self._chapter, list(self._works.values())
        if chapter is None:
            return Text()
        told = " · ".join(dict.fromkeys(_work_text(work) for work in works)) or "works"
        grid = Table.grid(expand=True, padding=(0, 2, 0, 0))
        grid.add_column(width=_TITLE_WIDTH + 2, no_wrap=True)
        grid.add_column(width=1)
        grid.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
        grid.add_column(justify="right", no_wrap=True)
        elapsed = seconds_text(self._clock() - chapter[1])
        grid.add_row(Text(f"  {chapter[0].title}", style="bold"), self._spinner, Text(told, style="dim"), elapsed)
        return grid

    def _lasting(self, event: StoryEvent) -> Iterator[Row]:
        title = event.chapter.title if event.chapter.title != self._title else ""
        if event.moment is Moment.TRIED and event.claim is not None:
            claim = event.claim
            yield title, claim_text(claim), claim.seconds if claim.seconds >= _QUICK else None
        elif event.moment is Moment.CLOSED and event.chapter.summary:
            yield title, _summary(event.chapter), event.chapter.seconds
        else:
            return
        self._title = event.chapter.title


class _Now:
    def __init__(self, view: StoryView) -> None:
        self._view = view

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        now = self._view.now()
        if isinstance(now, Table):
            now.width = max(min(options.max_width - ECHO, _WIDEST), 1)
        yield now


def _work_text(work: Progress) -> str:
    count = f" {work.done} of {work.total}" if work.done is not None and work.total is not None else ""
    return printable(f"{work.step}{count}" if work.scope in ("", work.step) else f"{work.scope} {work.step}{count}")
