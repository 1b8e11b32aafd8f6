"""Releases on the offline Vercel: deployed, promoted, rolled back; with everything that goes wrong on the way."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.functional.offline_vercel import PROJECT, TOKENS, Offline, offline, static_app

from sesari.errors import SesariError
from sesari.model.frontend import FrontendBuild, Readiness
from sesari.pipeline.frontend import current, deploy, promote, roll_back, wait_ready

RELEASE = "sha256:" + "1" * 64
OTHER = "sha256:" + "2" * 64
COMMIT = "c" * 40


@pytest.fixture
def vercel(tmp_path: Path) -> Iterator[Offline]:
    with offline(tmp_path / "cloud") as running:
        yield running


@pytest.fixture
def build(tmp_path: Path) -> FrontendBuild:
    return static_app(tmp_path / "app", "first", {"logo.txt": "a logo"})


def released(vercel: Offline, build: FrontendBuild, release: str = RELEASE) -> str:
    target = vercel.target()
    ready = wait_ready(target, deploy(target, build, release, COMMIT).deployment.id)
    promote(target, ready.id)
    return ready.id


def test_a_deployment_serves_at_its_own_address_before_it_has_a_domain(vercel: Offline, build: FrontendBuild) -> None:
    target = vercel.target()
    done = deploy(target, build, RELEASE, COMMIT)
    assert (done.sent, done.total, done.found) == (4, 4, False)
    assert httpx.get(done.deployment.url).status_code == 404  # it is being built
    ready = wait_ready(target, done.deployment.id)
    assert httpx.get(ready.url).text == "<h1>first</h1>"
    assert current(target).production is None

    shown = promote(target, ready.id)
    assert shown.production == ready.id
    assert shown.url is not None and shown.url != ready.url
    page = httpx.get(shown.url)
    assert (page.text, page.headers["x-frame-options"]) == ("<h1>first</h1>", "DENY")


def test_routes_of_the_build_are_kept(vercel: Offline, build: FrontendBuild) -> None:
    released(vercel, build)
    url = current(vercel.target()).url
    assert url is not None
    assert httpx.get(f"{url}/old").headers["location"] == "/"
    missing = httpx.get(f"{url}/nowhere")
    assert (missing.status_code, missing.text) == (404, "<h1>nothing here</h1>")
    assert httpx.get(f"{url}/logo.txt").text == "a logo"
    assert httpx.get(f"{url}/../../tokens.json").status_code == 404


def test_only_what_changed_is_sent(vercel: Offline, build: FrontendBuild, tmp_path: Path) -> None:
    released(vercel, build)
    second = static_app(tmp_path / "second", "second", {"logo.txt": "a logo"})
    done = deploy(vercel.target(), second, OTHER, COMMIT)
    assert (done.sent, done.bytes) == (1, len("<h1>second</h1>"))


def test_the_same_release_again_changes_nothing(vercel: Offline, build: FrontendBuild) -> None:
    first = released(vercel, build)
    target = vercel.target()
    again = deploy(target, build, RELEASE, COMMIT)
    assert (again.deployment.id, again.found, again.bytes) == (first, True, 0)
    before = current(target).request
    assert promote(target, first).request == before  # nothing was asked
    assert deploy(target, build, OTHER, COMMIT).deployment.id != first


def test_back_to_the_release_before(vercel: Offline, build: FrontendBuild, tmp_path: Path) -> None:
    first = released(vercel, build)
    released(vercel, static_app(tmp_path / "second", "second"), OTHER)
    target = vercel.target()
    url = current(target).url
    assert url is not None and httpx.get(url).text == "<h1>second</h1>"
    assert roll_back(target, first).production == first
    assert httpx.get(url).text == "<h1>first</h1>"


def test_no_request_fails_while_the_domains_move(vercel: Offline, build: FrontendBuild, tmp_path: Path) -> None:
    first = released(vercel, build)
    url = current(vercel.target()).url
    assert url is not None
    answers: list[tuple[int, str]] = []
    stop = threading.Event()

    def load() -> None:
        with httpx.Client() as client:
            while not stop.is_set():
                answer = client.get(url)
                answers.append((answer.status_code, answer.text))

    threads = [threading.Thread(target=load) for _ in range(2)]
    for thread in threads:
        thread.start()
    released(vercel, static_app(tmp_path / "second", "second"), OTHER)
    roll_back(vercel.target(), first)
    stop.set()
    for thread in threads:
        thread.join()
    assert {status for status, _ in answers} == {200}
    assert {text for _, text in answers} == {"<h1>first</h1>", "<h1>second</h1>"}


def test_a_failing_build_leaves_the_domains_alone(vercel: Offline, build: FrontendBuild, tmp_path: Path) -> None:
    first = released(vercel, build)
    target = vercel.target()
    vercel.fail({"operation": "build", "kind": "error"})
    bad = deploy(target, static_app(tmp_path / "second", "second"), OTHER, COMMIT)
    with pytest.raises(SesariError) as raised:
        wait_ready(target, bad.deployment.id)
    assert raised.value.codes == ("vercel-build-failed",)
    assert raised.value.problems[0].why == "the build was made to fail"
    assert current(target).production == first
    # A failed deployment is not taken for the release's: the next try makes another.
    assert deploy(target, static_app(tmp_path / "second", "second"), OTHER, COMMIT).deployment.id != bad.deployment.id


def test_what_is_no_build_fails(vercel: Offline, build: FrontendBuild) -> None:
    (Path(build.folder) / ".vercel/output/config.json").unlink()
    from tests.functional.offline_vercel import read_build

    target = vercel.target()
    done = deploy(target, read_build(Path(build.folder)), RELEASE, COMMIT)
    with pytest.raises(SesariError, match="could not make"):
        wait_ready(target, done.deployment.id)


def test_patience_ends(vercel: Offline, build: FrontendBuild) -> None:
    vercel.fail({"operation": "build", "kind": "delay", "seconds": 600})
    target = vercel.target(ready=0.3)
    done = deploy(target, build, RELEASE, COMMIT)
    with pytest.raises(SesariError) as raised:
        wait_ready(target, done.deployment.id)
    assert raised.value.codes == ("vercel-not-ready",)
    assert deploy(target, build, RELEASE, COMMIT).deployment == done.deployment or (
        deploy(target, build, RELEASE, COMMIT).deployment.readiness is Readiness.COMING
    )


@pytest.mark.parametrize("kind", ["lost", "drop"])
def test_a_deployment_whose_answer_was_lost_is_not_made_twice(vercel: Offline, build: FrontendBuild, kind: str) -> None:
    vercel.fail({"operation": "deployments.create", "kind": kind, "nth": 2})
    target = vercel.target()
    done = deploy(target, build, RELEASE, COMMIT)
    listed = vercel.ask("GET", f"/v6/deployments?projectId={PROJECT}").json()["deployments"]
    assert [one["uid"] for one in listed] == [done.deployment.id]


@pytest.mark.parametrize("kind", ["500", "503", "429", "lost", "drop"])
@pytest.mark.parametrize("operation", ["files", "projects.get", "deployments.list", "deployments.get", "promote"])
def test_a_passing_failure_of_any_call_is_survived(
    vercel: Offline, build: FrontendBuild, operation: str, kind: str
) -> None:
    vercel.fail({"operation": operation, "kind": kind, "times": 2, "seconds": 0.1})
    first = released(vercel, build)
    assert current(vercel.target()).production == first


def test_the_rate_limit_is_waited_for_as_long_as_it_says(vercel: Offline) -> None:
    vercel.fail({"operation": "projects.get", "kind": "429", "seconds": 7})
    with vercel.client() as client:
        client.project(PROJECT)
    assert [round(pause) for pause in vercel.slept] == [7]


def test_a_lasting_failure_is_told(vercel: Offline) -> None:
    vercel.fail({"operation": "projects.get", "kind": "503", "times": 0})
    with vercel.client(seconds=0.5) as client, pytest.raises(SesariError) as raised:
        client.project(PROJECT)
    assert raised.value.codes == ("vercel-busy",)


def test_a_promotion_that_fails_is_told_and_can_be_tried_again(vercel: Offline, build: FrontendBuild) -> None:
    target = vercel.target()
    ready = wait_ready(target, deploy(target, build, RELEASE, COMMIT).deployment.id)
    vercel.fail({"operation": "promotion", "kind": "error"})
    with pytest.raises(SesariError) as raised:
        promote(target, ready.id)
    assert raised.value.codes == ("vercel-not-promoted",)
    assert current(target).production is None
    assert promote(target, ready.id).production == ready.id


def test_a_slow_promotion_is_waited_for_and_not_asked_for_twice(vercel: Offline, build: FrontendBuild) -> None:
    target = vercel.target()
    ready = wait_ready(target, deploy(target, build, RELEASE, COMMIT).deployment.id)
    vercel.fail({"operation": "promotion", "kind": "delay", "seconds": 1.5})
    with pytest.raises(SesariError):
        promote(vercel.target(moved=0.3), ready.id)
    asked = current(target).request
    assert promote(target, ready.id).production == ready.id  # as a command that was killed and run again
    after = current(target).request
    assert asked is not None and after is not None and asked.requested == after.requested


def test_what_never_was_in_production_is_promoted_not_rolled_back_to(vercel: Offline, build: FrontendBuild) -> None:
    target = vercel.target()
    ready = wait_ready(target, deploy(target, build, RELEASE, COMMIT).deployment.id)
    with pytest.raises(SesariError) as raised:
        roll_back(target, ready.id)
    assert raised.value.codes == ("vercel-refused",)


def test_another_teams_token_is_denied_and_never_shown(vercel: Offline) -> None:
    token = TOKENS["sesari-production"]
    with vercel.client("sesari-dev", token) as client, pytest.raises(SesariError) as raised:
        client.project(PROJECT)
    assert raised.value.codes == ("vercel-denied",)
    assert token not in repr(raised.value.problems)
    with vercel.client("sesari-production") as client, pytest.raises(SesariError) as raised:
        client.project(PROJECT)  # the other team's own view: there is no such project
    assert raised.value.codes == ("vercel-unknown",)


def test_a_content_that_is_not_its_digest_is_refused(vercel: Offline) -> None:
    with vercel.client() as client, pytest.raises(SesariError) as raised:
        client.upload("0" * 40, b"something else")
    assert raised.value.codes == ("vercel-refused",)


def test_a_sensitive_value_is_not_read_back(vercel: Offline) -> None:
    given = [{"key": "KEY", "value": "very secret", "type": "sensitive", "target": ["production"]}]
    assert vercel.ask("POST", f"/v10/projects/{PROJECT}/env?upsert=true", given).status_code == 201
    held = vercel.ask("GET", f"/v9/projects/{PROJECT}/env").json()["envs"]
    assert [(one["key"], one["value"]) for one in held] == [("KEY", "")]
    assert vercel.ask("POST", f"/v10/projects/{PROJECT}/env", given).status_code == 400


def test_everything_is_there_after_a_restart(tmp_path: Path, build: FrontendBuild) -> None:
    with offline(tmp_path / "cloud") as running:
        first = released(running, build)
        before = current(running.target())
    with offline(tmp_path / "cloud") as running:
        after = current(running.target())
        assert (after.production, after.url) == (first, before.url)
        assert after.url is not None and httpx.get(after.url).text == "<h1>first</h1>"


def test_uploads_are_private(vercel: Offline, build: FrontendBuild) -> None:
    released(vercel, build)
    files = [path for path in (vercel.folder / "vercel").rglob("*") if path.is_file() and not path.is_symlink()]
    assert files and all(path.stat().st_mode & 0o077 == 0 for path in files)
