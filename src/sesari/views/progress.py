"""Work as it goes: one live line per scope on a terminal, one plain line per finished step elsewhere."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import Final

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from sesari.model.progress import Phase, Progress
from sesari.views.words import printable, seconds_text

Clock = Callable[[], float]
_ENDED: Final = {Phase.SUCCEEDED: "", Phase.FAILED: "refused", Phase.ERRORED: "error", Phase.ABORTED: "stopped"}
_STYLES: Final = {
    Phase.SUCCEEDED: "green",
    Phase.FAILED: "bold red",
    Phase.ERRORED: "bold red",
    Phase.ABORTED: "yellow",
}
ECHO: Final = 3
"""Columns left free at the right: a terminal echoes `^C` there, and must not wrap."""
_SCOPE_WIDTH: Final = 12


class ProgressView:
    """A `Reporter` and a context manager. Called from several threads at once; leaves the cursor as it found it.

    On a terminal every scope that works has a line with a spinner, what is done, counts and the elapsed time by
    `clock` (seconds, monotonic); a finished step becomes a lasting line. Elsewhere only the lasting lines appear.
    """

    def __init__(self, console: Console, clock: Clock) -> None:
        self._console = console
        self._clock = clock
        self._lock = threading.Lock()
        self._running: dict[str, tuple[Progress, float, Spinner]] = {}
        self._live = (
            Live(_Lines(self), console=console, transient=True, refresh_per_second=10) if lives(console) else None
        )

    def __enter__(self) -> ProgressView:
        if self._live is not None:
            self._live.start(refresh=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Also after Ctrl-C: what was running is told, and the terminal is whole again."""
        with self._lock:
            running, self._running = dict(self._running), {}
        if self._live is not None:
            self._live.stop()
        if error is not None:
            for progress, since, _ in running.values():
                self._console.print(lasting(_aborted(progress, self._clock() - since)))

    def __call__(self, progress: Progress) -> None:
        if progress.phase is Phase.PENDING:
            return
        with self._lock:
            if progress.phase is Phase.RUNNING:
                before = self._running.get(progress.scope)
                same = before is not None and before[0].step == progress.step
                since = before[1] if same and before is not None else self._clock()
                spinner = before[2] if before is not None else Spinner("dots")
                self._running[progress.scope] = (progress, since, spinner)
                return
            _, since, _ = self._running.pop(progress.scope, (progress, self._clock(), None))
            seconds = progress.seconds if progress.seconds is not None else self._clock() - since
        self._console.print(lasting(progress, seconds))

    def lines(self) -> Table:
        """The live lines as they are now."""
        grid = Table.grid(padding=(0, 1), expand=True)
        grid.add_column(width=_SCOPE_WIDTH, no_wrap=True, overflow="ellipsis")
        grid.add_column(width=1)
        grid.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
        grid.add_column(justify="right", no_wrap=True)
        with self._lock:
            running = list(self._running.values())
        for progress, since, spinner in running:
            told = Text(printable(" ".join(part for part in (progress.step, progress.detail) if part)))
            grid.add_row(Text(progress.scope, style="bold"), spinner, told, _measure(progress, self._clock() - since))
        return grid


class _Lines:
    """Asks for the lines at every refresh, so that elapsed times move by themselves."""

    def __init__(self, view: ProgressView) -> None:
        self._view = view

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = self._view.lines()
        lines.width = max(options.max_width - ECHO, 1)
        yield lines


def lasting(progress: Progress, seconds: float | None = None) -> Text:
    """The line that stays when a step ended: `staging      applied  12 of 12  3.9 s`."""
    word = _ENDED.get(progress.phase, "")
    text = Text(f"{printable(progress.scope):<{_SCOPE_WIDTH}} ", overflow="fold")
    if word:
        text.append(f"{word}: ", style=_STYLES[progress.phase])
    text.append(printable(progress.step), style=_STYLES.get(progress.phase, "") if not word else "")
    if progress.detail:
        text.append(f" · {printable(progress.detail)}")
    measure = _measure(progress, progress.seconds if progress.seconds is not None else seconds)
    return text.append(f"  {measure}", style="dim") if measure else text


def lives(console: Console) -> bool:
    """True where lines can be drawn over: a terminal that is not dumb."""
    return console.is_terminal and not console.is_dumb_terminal


def _measure(progress: Progress, seconds: float | None) -> str:
    count = "" if progress.done is None else str(progress.done)
    if progress.done is not None and progress.total is not None:
        count = f"{progress.done} of {progress.total}"
    return "  ".join(part for part in (count, seconds_text(seconds) if seconds is not None else "") if part)


def _aborted(progress: Progress, seconds: float) -> Progress:
    return Progress(
        progress.scope, progress.step, Phase.ABORTED, progress.detail, progress.done, progress.total, seconds
    )


def quiet() -> AbstractContextManager[Callable[[Progress], None]]:
    """For output that only machines read: nothing is shown."""
    return nullcontext(lambda progress: None)
