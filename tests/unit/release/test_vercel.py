"""What is uploaded, and what comes next on the way to a promotion."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesari.errors import SesariError
from sesari.model.frontend import AliasRequest, BuildFile, Readiness, VercelProject
from sesari.model.manifest import Service
from sesari.release.vercel import (
    Step,
    build_digest,
    deployment_body,
    mapped_files,
    missing_files,
    next_turn,
    public_variables,
    read_deployment,
    read_project,
    same_deployment,
    variables_digest,
)

FILE = BuildFile("a.txt", 0o100644, 3, "1" * 40, "2" * 64)
PROJECT = VercelProject("prj_1", "web", "dpl_old", None)


def request(deployment: str, status: str, requested: int = 2) -> AliasRequest:
    return AliasRequest(deployment, status, requested, "promote")


@pytest.mark.parametrize(
    ("production", "last", "asked_after", "step"),
    [
        ("dpl_old", None, None, Step.ASK),
        (None, None, None, Step.ASK),
        ("dpl_new", None, None, Step.DONE),
        ("dpl_new", request("dpl_new", "succeeded"), 1, Step.DONE),
        ("dpl_old", request("dpl_new", "pending"), 1, Step.WAIT),
        ("dpl_old", request("dpl_new", "in-progress"), None, Step.WAIT),  # an earlier run of ours asked
        ("dpl_new", request("dpl_other", "in-progress"), None, Step.WAIT),  # it is about to move away
        ("dpl_old", request("dpl_old", "succeeded", 1), 1, Step.WAIT),  # ours is not seen yet
        ("dpl_old", None, 0, Step.WAIT),
        ("dpl_old", request("dpl_new", "succeeded"), 1, Step.WAIT),  # the domains lag behind
        ("dpl_old", request("dpl_new", "failed"), 1, Step.GIVE_UP),
        ("dpl_old", request("dpl_new", "skipped"), 1, Step.GIVE_UP),
        ("dpl_other", request("dpl_other", "succeeded"), 1, Step.GIVE_UP),  # somebody came between
        ("dpl_old", request("dpl_new", "failed"), None, Step.ASK),  # a failure of before does not count
        ("dpl_old", request("dpl_new", "succeeded"), None, Step.ASK),  # it was rolled back by hand since
    ],
)
def test_next_turn(production: str | None, last: AliasRequest | None, asked_after: int | None, step: Step) -> None:
    assert next_turn(replace(PROJECT, production=production, request=last), "dpl_new", asked_after).step is step


def test_only_public_variables_make_another_build() -> None:
    variables = {"NEXT_PUBLIC_B": "2", "NEXT_PUBLIC_A": "1", "SUMMARIZER": "extract"}
    service = Service("web", "web", "vercel", ".", None, None, None, None, None, variables, ())
    assert public_variables(service) == {"NEXT_PUBLIC_A": "1", "NEXT_PUBLIC_B": "2"}


@given(st.dictionaries(st.text(), st.text()))
def test_a_set_of_variables_has_one_digest(variables: dict[str, str]) -> None:
    assert variables_digest(variables) == variables_digest(dict(reversed(variables.items())))
    assert variables_digest({**variables, "NEXT_PUBLIC_NEW": "x" * 30}) != variables_digest(variables)


def test_a_build_is_known_by_paths_kinds_and_contents() -> None:
    other = replace(FILE, path="b.txt")
    assert build_digest([FILE, other]) == build_digest([other, FILE])
    assert build_digest([replace(FILE, mode=0o100600)]) == build_digest([FILE])  # who may read it here does not matter
    changed = [replace(FILE, path="c"), replace(FILE, sha256="3" * 64), replace(FILE, mode=0o100755)]
    assert len({build_digest([one]) for one in [FILE, *changed, replace(FILE, mode=0o120777)]}) == 5


def test_a_deployment_takes_no_domain() -> None:
    body = deployment_body("web", [FILE], {"sesariBuild": "x"}, "c" * 40, {"RELEASE": "1"})
    assert body["autoAssignCustomDomains"] is False
    assert body["target"] == "production"
    assert body["files"] == [{"file": "a.txt", "sha": "1" * 40, "size": 3, "mode": 0o100644}]


def test_missing_files_are_read_from_that_error_alone() -> None:
    assert missing_files({"error": {"code": "missing_files", "missing": ["b", "a", "a"]}}) == ("a", "b")
    assert missing_files({"error": {"code": "bad_request", "missing": ["a"]}}) == ()
    assert missing_files({"id": "dpl_1"}) == ()


@pytest.mark.parametrize(
    ("state", "readiness"),
    [
        ("QUEUED", Readiness.COMING),
        ("INITIALIZING", Readiness.COMING),
        ("BUILDING", Readiness.COMING),
        ("READY", Readiness.READY),
        ("ERROR", Readiness.FAILED),
        ("CANCELED", Readiness.FAILED),
    ],
)
def test_readiness(state: str, readiness: Readiness) -> None:
    found = read_deployment({"id": "dpl_1", "url": "x.vercel.app", "readyState": state}, "https")
    assert (found.readiness, found.url) == (readiness, "https://x.vercel.app")


def test_an_answer_that_cannot_be_read_is_told() -> None:
    for answer in ({}, {"id": 1, "url": "x"}):
        with pytest.raises(SesariError) as raised:
            read_deployment(answer, "https")
        assert raised.value.codes == ("vercel-answer",)
    with pytest.raises(SesariError):
        read_project({"id": "prj_1"}, "https")


def test_the_newest_deployment_of_the_same_release_is_found() -> None:
    def entry(id: str, created: int, state: str = "READY", build: str = "x") -> dict[str, object]:
        return {"uid": id, "url": id, "created": created, "state": state, "meta": {"sesariBuild": build}}

    listed = [entry("a", 1), entry("b", 3, "ERROR"), entry("c", 2), entry("d", 4, build="y"), entry("e", 0)]
    found = same_deployment({"deployments": listed}, {"sesariBuild": "x"}, "https")
    assert found is not None and found.id == "c"
    assert same_deployment({"deployments": listed}, {"sesariBuild": "z"}, "https") is None
    assert same_deployment({}, {"sesariBuild": "x"}, "https") is None


def test_a_project_tells_what_it_shows() -> None:
    last = {"toDeploymentId": "dpl_1", "jobStatus": "succeeded", "requestedAt": 5, "type": "promote"}
    shown = {"id": "dpl_1", "alias": ["www.example.com", "web.vercel.app"]}
    answer = {"id": "prj_1", "name": "web", "targets": {"production": shown}, "lastAliasRequest": last}
    found = read_project(answer, "https")
    assert found.production == "dpl_1"
    assert (found.url, found.request) == ("https://www.example.com", request("dpl_1", "succeeded", 5))
    empty = read_project({"id": "prj_1", "name": "web", "targets": {}, "lastAliasRequest": None}, "https")
    assert (empty.production, empty.url, empty.request) == (None, None, None)


def test_mapped_files_stay_inside_the_app() -> None:
    assert mapped_files(json.dumps({"filePathMap": {"x": "b", "y": "a"}}).encode(), "f") == ("a", "b")
    assert mapped_files(b"{}", "f") == ()
    for path in ("../secret", "/etc/passwd", "a/../../b"):
        with pytest.raises(SesariError) as raised:
            mapped_files(json.dumps({"filePathMap": {"x": path}}).encode(), "f")
        assert raised.value.codes == ("build-outside",)
    with pytest.raises(SesariError):
        mapped_files(b"[1]", "f")
