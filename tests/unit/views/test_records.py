"""JSON, Markdown and HTML: the same facts for machines, pull requests and browsers."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesari.model.plan import Action
from sesari.model.progress import Phase, Progress
from sesari.model.review import AttributeChange, Review, ReviewGroup, ReviewItem, Risk
from sesari.model.story import Chapter, Claim, Story
from sesari.views import html, markdown
from sesari.views import json as records


def one_item(text: str, count: int = 1) -> Review:
    change = AttributeChange((text,), text, {"k": text})
    items = tuple(
        ReviewItem((f"{text}{i}",), "t", Action.UPDATE, Risk.CHANGE, (change,), (text,)) for i in range(count)
    )
    return Review("staging", None, (ReviewGroup(text, items),), {"update": count})


def test_json(same: Any, review: Any, drift: Any, saved: Any, problems: Any, proven: Any) -> None:
    same("review.json", records.text(records.review(review)))
    same("drift.json", records.text(records.drift(drift)))
    same("saved.json", records.text(records.saved_plan(saved)))
    same("problems.json", records.text(records.problems(problems)))
    story = records.story(proven)
    same("story.json", records.text({**story, "reviews": len(story["reviews"]), "drifts": len(story["drifts"])}))  # type: ignore[arg-type]


def test_a_line_of_progress() -> None:
    line = records.line(records.progress(Progress("staging", "apply", Phase.RUNNING, done=3, total=12)))
    assert line.count("\n") == 1
    assert json.loads(line) == {
        "scope": "staging",
        "step": "apply",
        "phase": "running",
        "detail": "",
        "done": 3,
        "total": 12,
        "seconds": None,
    }


def test_markdown(same: Any, review: Any, first_review: Any, empty_review: Any, drift: Any, problems: Any) -> None:
    same("review.md", markdown.review(review))
    same("review-first.md", markdown.review(first_review))
    same("review-empty.md", markdown.review(empty_review))
    same("drift.md", markdown.drift(drift))
    same("problems.md", markdown.problems(problems))


def test_a_long_review_is_cut_at_a_whole_change_and_says_so() -> None:
    text = markdown.review(one_item("x" * 200, 500))
    assert len(text) <= markdown.LIMIT
    shown = len(re.findall(r"^- `~ update`", text, re.MULTILINE))
    told = re.search(r"Cut here: (\d+) of 500 changes are not shown", text)
    assert told is not None
    assert shown + int(told.group(1)) == 500
    assert text.count("```") % 2 == 0


@given(st.text(max_size=60), st.integers(1, 40), st.integers(400, 3000))
def test_any_text_stays_inside_its_markdown(text: str, count: int, limit: int) -> None:
    seen = markdown.review(one_item(text, count), limit)
    assert len(seen) <= max(limit, len(markdown.review(one_item(text, 0))) + 200)
    outside = re.sub(r"(?ms)^  (`{3,})diff$.*?^  \1$", "", seen)
    outside = re.sub(r"(?s)(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", outside)
    assert not re.search(r"(?<!\\)<", outside)
    assert not re.search(r"@[A-Za-z0-9]", outside)


class Page(HTMLParser):
    """Collects what a page is made of; a tag that is not closed in its order is an error."""

    VOID = frozenset({"meta", "rect", "br", "hr", "img", "link", "input"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.texts.append(data)


def read(text: str) -> Page:
    page = Page()
    page.feed(text)
    assert page.open == []
    return page


def test_the_report(same: Any, proven: Any, broken: Any) -> None:
    style = re.compile(r"<style>.*?</style>", re.DOTALL)
    same("report.html", style.sub("<style></style>", html.report(proven)))
    same("report-broken.html", style.sub("<style></style>", html.report(broken)))


def test_the_page_loads_nothing_and_runs_nothing(proven: Any) -> None:
    text = html.report(proven)
    page = read(text)
    for tag, attributes in page.tags:
        assert tag not in ("script", "link", "img", "iframe", "object")
        assert not {"src", "style", "onclick", "onload"} & attributes.keys()
        assert str(attributes.get("href", "#")).startswith("#")
    policy = next(
        a["content"] for t, a in page.tags if t == "meta" and a.get("http-equiv") == "Content-Security-Policy"
    )
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style is not None
    assert "url(" not in style.group(1)
    digest = base64.b64encode(hashlib.sha256(style.group(1).encode()).digest()).decode()
    assert policy is not None
    assert f"style-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy


def test_the_page_can_be_read_without_seeing_it(broken: Any, proven: Any) -> None:
    for story in (broken, proven):
        page = read(html.report(story))
        anchors = {str(a["href"])[1:] for t, a in page.tags if t == "a"}
        ids = [a["id"] for _, a in page.tags if "id" in a]
        assert anchors <= set(ids)
        assert len(ids) == len(set(ids))
        assert ("html", {"lang": "en"}) in page.tags
        assert all(a.get("scope") for t, a in page.tags if t == "th")
        assert all(a.get("aria-label") for t, a in page.tags if t == "svg")
    assert "Does not hold:" in "".join(read(html.report(broken)).texts)


@pytest.mark.parametrize("nasty", ["<script>alert(1)</script>", '"><img src=x>', "`<b>`", "{{ 7*7 }}", "</style>"])
def test_what_others_wrote_is_text_on_the_page(nasty: str) -> None:
    claim = Claim(nasty, "c", nasty, False, 1.0, nasty, (nasty,))
    story = Story(
        nasty, nasty, (nasty,), nasty, (Chapter("c", nasty, (claim,), 1.0, nasty),), reviews=(one_item(nasty),)
    )
    page = read(html.report(story))
    assert not [tag for tag, _ in page.tags if tag in ("script", "img", "b")]
    assert nasty.strip("`") in "".join(page.texts)


def test_a_page_of_reviews_alone(review: Any, drift: Any) -> None:
    page = read(html.reviews([review], [drift]))
    assert "Review of staging" in "".join(page.texts)
