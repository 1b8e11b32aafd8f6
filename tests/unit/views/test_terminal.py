"""What a terminal shows, at 80 columns and others, with and without colour."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from sesari.errors import Problem
from sesari.model.plan import Action
from sesari.model.review import Drift, Review, ReviewGroup, ReviewItem, Risk
from sesari.views import html, markdown, terminal
from sesari.views import story as stories


def test_a_review(same: Any, review: Any, first_review: Any, empty_review: Any) -> None:
    same("review.txt", terminal.plain(terminal.review(review)))
    same("review-first.txt", terminal.plain(terminal.review(first_review)))
    same("review-empty.txt", terminal.plain(terminal.review(empty_review)))


def test_an_incomplete_plan_says_so(review: Any, empty_review: Any) -> None:
    for shown in (review, empty_review):
        assert "Incomplete" in terminal.plain(terminal.review(replace(shown, complete=False)))
        assert "Incomplete" not in terminal.plain(terminal.review(shown))
        assert "Incomplete" in markdown.review(replace(shown, complete=False))
        assert "Incomplete" in html.reviews([replace(shown, complete=False)])


def test_drift(same: Any, drift: Any) -> None:
    same("drift.txt", terminal.plain(terminal.drift(drift)))
    same("drift-none.txt", terminal.plain(terminal.drift(Drift("staging", ()))))


def test_a_saved_plan(same: Any, saved: Any) -> None:
    same("saved.txt", terminal.plain(terminal.saved_plan(saved, ".sesari/plans/staging.plan")))


def test_problems(same: Any, problems: Any) -> None:
    same("problems.txt", terminal.plain(terminal.problems(problems)))


def test_a_story(same: Any, proven: Any, broken: Any) -> None:
    same("story.txt", terminal.plain(stories.story(proven)))
    same("story-broken.txt", terminal.plain(stories.story(broken)))


@pytest.mark.parametrize("width", [40, 80, 120])
def test_no_line_is_wider_than_the_terminal(width: int, review: Any, drift: Any, proven: Any) -> None:
    for shown in (terminal.review(review), terminal.drift(drift), stories.story(proven)):
        assert max(len(line) for line in terminal.plain(shown, width).splitlines()) <= width


def test_colour_adds_nothing_to_what_is_said(review: Any, broken: Any) -> None:
    for shown in (terminal.review(review), stories.story(broken)):
        coloured = io.StringIO()
        Console(
            file=coloured, width=80, force_terminal=True, color_system="truecolor", highlight=False, _environ={}
        ).print(shown)
        assert "\x1b[" in coloured.getvalue()
        plain = terminal.plain(shown)
        assert "\x1b" not in plain
        stripped = Console(file=io.StringIO(), width=80)
        stripped.print(shown)
        assert plain.split() == stripped.file.getvalue().split()  # type: ignore[attr-defined]


def test_what_others_wrote_cannot_steer_the_terminal() -> None:
    nasty = "a\x1b[2Jb\x07[bold]c[/bold]\r"
    item = ReviewItem((nasty,), "t", Action.UPDATE, Risk.CHANGE, (), (nasty,))
    for shown in (
        terminal.review(Review("staging", None, (ReviewGroup(None, (item,)),), {"update": 1})),
        terminal.problems([Problem("x", nasty, nasty, nasty, nasty)]),
    ):
        text = terminal.plain(shown)
        assert not {"\x1b", "\x07", "\r"} & set(text)
        assert "[bold]c[/bold]" in text
