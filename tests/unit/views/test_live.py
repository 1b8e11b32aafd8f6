"""Progress and story while they run: on a terminal, in a log, from several threads, and when somebody stops them."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from sesari.model.progress import Phase, Progress
from sesari.model.story import Moment, StoryEvent
from sesari.views.progress import ECHO, ProgressView, _Lines
from sesari.views.story import StoryView
from sesari.views.terminal import plain


def console(terminal: bool, width: int = 80) -> Console:
    kind = {"TERM": "xterm"} if terminal else {}
    return Console(
        file=io.StringIO(), width=width, force_terminal=terminal, color_system=None, highlight=False, _environ=kind
    )


def written(made: Console) -> str:
    assert isinstance(made.file, io.StringIO)
    return made.file.getvalue()


@pytest.fixture
def clock() -> Callable[[], float]:
    ticks = iter(range(10_000))
    return lambda: float(next(ticks))


STEPS = [
    Progress("staging", "plan", Phase.PENDING),
    Progress("staging", "plan", Phase.RUNNING),
    Progress("production", "plan", Phase.RUNNING, done=1, total=2),
    Progress("staging", "plan", Phase.SUCCEEDED, "58 to add", seconds=1.25),
    Progress("production", "plan", Phase.FAILED, "another account", seconds=0.4),
    Progress("staging", "apply", Phase.RUNNING, done=3, total=58),
    Progress("staging", "apply", Phase.ERRORED, "AccessDenied", done=3, total=58, seconds=2.0),
]


def test_a_log_gets_one_line_per_finished_step(same: Any, clock: Any) -> None:
    made = console(False)
    with ProgressView(made, clock) as view:
        for step in STEPS:
            view(step)
    assert "\x1b" not in written(made)
    same("progress.txt", written(made))


def test_a_terminal_shows_one_line_per_scope_that_works(clock: Any) -> None:
    made = console(True)
    with ProgressView(made, clock) as view:
        for step in STEPS[:3]:
            view(step)
        lines = plain(view.lines()).splitlines()
        assert [line.split()[0] for line in lines] == ["staging", "production"]
        assert "1 of 2" in lines[1]
        drawn = plain(_Lines(view)).splitlines()
        # A terminal echoes `^C` after the line: on the last columns it would wrap, and the line would stay.
        assert max(len(line) for line in drawn) == 80 - ECHO
        assert lines[1].endswith(" s")
    assert written(made).count("\x1b[?25l") == written(made).count("\x1b[?25h")


def test_ctrl_c_tells_what_was_running_and_gives_the_cursor_back(clock: Any) -> None:
    for terminal in (True, False):
        made = console(terminal)
        with pytest.raises(KeyboardInterrupt), ProgressView(made, clock) as view:
            view(STEPS[5])
            raise KeyboardInterrupt
        text = written(made)
        assert "stopped: apply" in text
        assert "3 of 58" in text
        assert text.count("\x1b[?25l") == text.count("\x1b[?25h")


def test_many_threads_lose_no_line() -> None:
    made = console(False, 200)
    with ProgressView(made, lambda: 0.0) as view:

        def work(scope: str) -> None:
            for i in range(50):
                view(Progress(scope, f"step-{i}", Phase.RUNNING))
                view(Progress(scope, f"step-{i}", Phase.SUCCEEDED, seconds=1.0))

        threads = [threading.Thread(target=work, args=(f"s{n}",)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    lines = written(made).splitlines()
    assert len(lines) == 200
    assert len(set(lines)) == 200


def play(view: StoryView, story: Any) -> None:
    for chapter in story.chapters:
        view(StoryEvent(Moment.OPENED, replace(chapter, claims=(), summary="")))
        view(StoryEvent(Moment.MOVED, chapter, detail="works hard"))
        view.progress(Progress("staging", "apply", Phase.RUNNING, done=1, total=2))
        for claim in chapter.claims:
            view(StoryEvent(Moment.TRIED, chapter, claim))
        view(StoryEvent(Moment.CLOSED, chapter))


def test_the_story_told_while_it_runs_is_the_story_told_afterwards(proven: Any, clock: Any) -> None:
    from sesari.views.story import story

    made = console(False)
    with StoryView(made, clock) as view:
        play(view, proven)
    told = [line.rstrip() for line in written(made).splitlines()]
    afterwards = plain(story(proven)).splitlines()
    assert "\x1b" not in written(made)
    start = afterwards.index("") + 1
    assert told == afterwards[start : start + len(told)]


def test_the_living_line(proven: Any, clock: Any) -> None:
    made = console(True)
    with StoryView(made, clock) as view:
        view(StoryEvent(Moment.OPENED, proven.chapters[1]))
        view.progress(Progress("staging", "apply", Phase.RUNNING, done=31, total=58))
        line = plain(view.now())
        assert line.split()[0] == "staging"
        assert "apply 31 of 58" in line
        view.progress(Progress("staging", "apply", Phase.SUCCEEDED))
        assert "31 of 58" not in plain(view.now())
        view(StoryEvent(Moment.CLOSED, proven.chapters[1]))
        assert plain(view.now()).strip() == ""
    assert written(made).count("\x1b[?25l") == written(made).count("\x1b[?25h")
