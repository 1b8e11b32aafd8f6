"""One small product seen through every view, and the comparison with what was agreed to be seen.

`SESARI_SNAPSHOTS=write pytest tests/unit/views` writes the snapshots again; a person reads the difference.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sesari.errors import Problem
from sesari.model.plan import Plan, SavedPlan, StateVersion
from sesari.model.review import Drift, Review
from sesari.model.story import Chapter, Claim, Label, LabelledResource, Story
from sesari.review.drift import classify
from sesari.review.read import read_plan
from sesari.review.review import review as review_of

CASES = Path(__file__).parents[2] / "cases" / "review"
SNAPSHOTS = Path(__file__).parent / "snapshots"
SERVICES = {"api": "api", "worker": "worker", "network": None}


def load(name: str) -> Plan:
    return read_plan(json.loads((CASES / f"{name}.json").read_text("utf-8")))


@pytest.fixture
def same() -> Callable[[str, str], None]:
    def compare(name: str, seen: str) -> None:
        path = SNAPSHOTS / name
        if os.environ.get("SESARI_SNAPSHOTS") == "write":
            path.write_text(seen, "utf-8")
        assert path.exists(), f"no snapshot {name}: SESARI_SNAPSHOTS=write makes it"
        assert seen == path.read_text("utf-8")

    return compare


@pytest.fixture(scope="session")
def review() -> Review:
    return review_of(load("edited"), "staging", SERVICES, "sha256:" + "0123456789abcdef" * 4)


@pytest.fixture(scope="session")
def first_review() -> Review:
    return review_of(load("created"), "staging", SERVICES)


@pytest.fixture(scope="session")
def empty_review() -> Review:
    return review_of(load("empty"), "staging", SERVICES)


@pytest.fixture(scope="session")
def drift() -> Drift:
    return classify(load("drift-plan"), load("drift-refresh"), SERVICES, "staging")


@pytest.fixture
def saved() -> SavedPlan:
    return SavedPlan(
        digest="sha256:" + "ab" * 32,
        environment="staging",
        sources="sha256:" + "cd" * 32,
        manifest="sha256:" + "ef" * 32,
        state=StateVersion(42, "3f1c"),
        author="someone@example.com",
        created=datetime(2026, 11, 24, 8, 0, 5, tzinfo=UTC),
        account="222222222222",
        changes={"create": 2, "delete": 1},
    )


@pytest.fixture
def problems() -> tuple[Problem, ...]:
    return (
        Problem(
            "plan-state-moved",
            "Plan 4f2a for `production` can no longer be applied",
            "plan 4f2a, made by someone@example.com",
            "state serial is 43, the plan was made at 42",
            "To plan again, run `sesari plan -e production`",
        ),
        Problem("bare", "Something else is wrong"),
    )


def _chapter(
    name: str, *claims: tuple[str, str, bool | None, float, str], title: str = "", summary: str = ""
) -> Chapter:
    made = tuple(
        Claim(f"{name}.{id_}", name, text, held, seconds, detail, (f"{id_}-broken",))
        for id_, text, held, seconds, detail in claims
    )
    return Chapter(name, title or name, made, sum(claim.seconds for claim in made) + 0.2, summary)


def _story(
    proven: bool, reviews: tuple[Review, ...], drifts: tuple[Drift, ...], problems: tuple[Problem, ...]
) -> Story:
    chapters = (
        _chapter("bootstrap", ("accounts", "state, keys and CI roles in 2 accounts", True, 2.8, "")),
        _chapter("plan", ("first", "plan: 58 to add", True, 1.1, "nothing dangerous"), title="staging"),
        _chapter("apply", ("empty", "applied, and a second plan is empty", True, 3.9, ""), title="staging"),
        _chapter(
            "refused",
            ("stale", "a plan whose state moved on is refused, by name", True, 0.02, "plan-state-moved"),
            (
                "account",
                "another account is refused",
                proven,
                0.4,
                "" if proven else "3 resources were written to 222222222222",
            ),
        ),
        _chapter(
            "drift",
            ("hand", "a group opened by hand is found", True if proven else None, 61.0, ""),
            summary="churn left alone",
        ),
    )
    labels = (Label.EMULATED, Label.RECORDED, Label.RECORDED)
    resources = {
        name: tuple(
            LabelledResource(f"module.api.aws_sqs_queue.q{i}", "aws_sqs_queue", labels[i % 3]) for i in range(6)
        )
        for name in ("staging", "production")
    }
    return Story(
        product="acme",
        path="examples/acme",
        environments=("staging", "production"),
        engine="Terraform 1.11.4",
        chapters=chapters,
        resources=resources,
        reviews=reviews,
        drifts=drifts,
        seconds=71.2,
        engine_seconds=19.04,
        report=".sesari/rehearsal/report.html",
        sabotage=None if proven else "account-broken",
        problems=() if proven else problems[:1],
    )


@pytest.fixture
def proven(review: Review, first_review: Review, drift: Drift, problems: tuple[Problem, ...]) -> Story:
    return _story(True, (first_review, review), (drift,), problems)


@pytest.fixture
def broken(problems: tuple[Problem, ...]) -> Story:
    return _story(False, (), (), problems)
