"""Node functions of deployments run as real processes. Where there is no Node these tests say so and are not run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from tests.functional.offline_vercel import PROJECT, Offline, function_app, offline

from sesari.pipeline.frontend import current, deploy, promote, roll_back, wait_ready
from sesari.rehearsal.standins.vercel_functions import find_node

COMMIT = "c" * 40
pytestmark = pytest.mark.skipif(find_node(os.environ) is None, reason="no Node on this machine: functions cannot run")


@pytest.fixture
def vercel(tmp_path: Path) -> Iterator[Offline]:
    with offline(tmp_path / "cloud") as running:
        yield running


def released(vercel: Offline, folder: Path, text: str) -> str:
    target = vercel.target()
    done = deploy(target, function_app(folder, text), f"sha256:{text:0<64}", COMMIT, {"RELEASE": text})
    ready = wait_ready(target, done.deployment.id)
    promote(target, ready.id)
    return ready.id


def hello(vercel: Offline, path: str = "/api/hello") -> httpx.Response:
    url = current(vercel.target()).url
    assert url is not None
    return httpx.get(url + path, timeout=30)


def test_a_function_runs_with_the_variables_of_its_deployment(vercel: Offline, tmp_path: Path) -> None:
    given = [{"key": "OF", "value": "before", "type": "encrypted", "target": ["production"]}]
    vercel.ask("POST", f"/v10/projects/{PROJECT}/env?upsert=true", given)
    released(vercel, tmp_path / "app", "first")
    assert hello(vercel, "/api/hello?a=1").json() == {
        "text": "first",
        "of": "before",
        "url": "/api/hello?a=1",
        "matched": "/api/hello",
    }
    # As on Vercel a variable reaches the next deployment, not those that are there.
    vercel.ask("POST", f"/v10/projects/{PROJECT}/env?upsert=true", [{**given[0], "value": "after"}])
    assert hello(vercel).json()["of"] == "before"
    released(vercel, tmp_path / "second", "second")
    assert (hello(vercel).json()["text"], hello(vercel).json()["of"]) == ("second", "after")


def test_back_to_the_code_before(vercel: Offline, tmp_path: Path) -> None:
    first = released(vercel, tmp_path / "app", "first")
    released(vercel, tmp_path / "second", "second")
    assert hello(vercel).json()["text"] == "second"
    roll_back(vercel.target(), first)
    assert hello(vercel).json()["text"] == "first"


def test_changing_the_source_without_a_release_changes_nothing(vercel: Offline, tmp_path: Path) -> None:
    released(vercel, tmp_path / "app", "first")
    (tmp_path / "app" / "src" / "answer.js").write_text("module.exports = () => ({ text: 'by hand' });")
    assert hello(vercel).json()["text"] == "first"


def test_a_function_that_throws_answers_500_and_goes_on(vercel: Offline, tmp_path: Path) -> None:
    released(vercel, tmp_path / "app", "first")
    assert hello(vercel, "/api/hello?broken").status_code == 500
    assert hello(vercel).status_code == 200


def test_a_function_that_died_is_started_again(vercel: Offline, tmp_path: Path) -> None:
    released(vercel, tmp_path / "app", "first")
    assert hello(vercel).status_code == 200
    for child in psutil.Process(vercel.process.pid).children(recursive=True):
        child.kill()
        child.wait(10)
    assert hello(vercel).status_code == 200


def test_a_killed_stand_in_leaves_no_function_behind(tmp_path: Path) -> None:
    with offline(tmp_path / "cloud") as running:
        released(running, tmp_path / "app", "first")
        assert hello(running).status_code == 200
        children = psutil.Process(running.process.pid).children(recursive=True)
        assert children
        running.process.kill()
        running.process.wait(10)
        _, alive = psutil.wait_procs(children, timeout=10)
        assert alive == []
