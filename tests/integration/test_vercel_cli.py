"""The offline Vercel held to the real Vercel CLI, and the example's frontend built, deployed and served.

Needs npm and its registry: where one of them is missing the tests say so.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.functional.offline_vercel import PROJECT, TOKENS, Offline, function_app, offline, read_build

from sesari.model.access import Project
from sesari.model.manifest import Service
from sesari.pipeline.frontend import current, deploy, promote, wait_ready
from sesari.pipeline.frontend_build import VERCEL_CLI, build_frontend
from sesari.pipeline.wiring_frontend import frontend_tools

REPOSITORY = Path(__file__).parents[2]
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        shutil.which("npm") is None, reason="no npm on this machine: the Vercel CLI cannot be installed"
    ),
]


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    command = ["npm", "install", "--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund"]
    run = subprocess.run([*command, f"vercel@{VERCEL_CLI}"], capture_output=True, text=True, timeout=300, check=False)
    if run.returncode != 0:
        pytest.skip(f"npm could not install vercel@{VERCEL_CLI}: {run.stderr[-300:]}")
    return folder / "node_modules" / ".bin" / "vercel"


@pytest.fixture
def vercel(tmp_path: Path) -> Iterator[Offline]:
    with offline(tmp_path / "cloud") as running:
        yield running


def ask(cli: Path, vercel: Offline, app: Path, *arguments: str) -> str:
    home = app.parent / "home"
    home.mkdir(exist_ok=True)
    variables = {"PATH": os.environ["PATH"], "HOME": str(home), "CI": "1", "VERCEL_TELEMETRY_DISABLED": "1"}
    options = ["--api", vercel.url, "--token", TOKENS["sesari-dev"], "-Q", str(home / "cli")]
    run = subprocess.run(
        [str(cli), *options, *arguments],
        cwd=app,
        env=variables,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


def link(vercel: Offline, app: Path) -> None:
    project = vercel.ask("GET", f"/v9/projects/{PROJECT}").json()
    link = {"projectId": project["id"], "orgId": project["accountId"], "settings": {"framework": None}}
    (app / ".vercel" / "project.json").write_text(json.dumps(link), "utf-8")


def test_the_real_cli_deploys_promotes_and_rolls_back(cli: Path, vercel: Offline, tmp_path: Path) -> None:
    app = tmp_path / "app"
    build = function_app(app, "first")
    link(vercel, app)
    put = ("deploy", "--prebuilt", "--prod", "--skip-domain", "--yes")
    first = ask(cli, vercel, app, *put)
    assert current(vercel.target()).production is None
    ask(cli, vercel, app, "promote", first, "--yes")
    shown = current(vercel.target())
    assert shown.url is not None
    assert httpx.get(f"{shown.url}/api/hello").json()["text"] == "first"
    # What Sesari would send is exactly what the CLI sent: nothing is missing, so nothing is uploaded.
    done = deploy(vercel.target(), build, "sha256:" + "1" * 64, "c" * 40)
    assert (done.sent, done.found) == (0, False)
    trees = [
        {path.relative_to(tree) for path in tree.rglob("*") if not path.is_dir()}
        for tree in (vercel.folder / "vercel" / "deployments").iterdir()
    ]
    assert trees[0] == trees[1] == {Path(file.path) for file in build.files}

    function_app(app, "second")
    second = ask(cli, vercel, app, *put)
    ask(cli, vercel, app, "promote", second, "--yes")
    assert httpx.get(f"{shown.url}/api/hello").json()["text"] == "second"
    ask(cli, vercel, app, "rollback", first, "--yes")
    assert httpx.get(f"{shown.url}/api/hello").json()["text"] == "first"
    assert current(vercel.target()).production == shown.production


def test_the_examples_frontend_is_built_deployed_and_served(vercel: Offline, tmp_path: Path) -> None:
    product = tmp_path / "product"
    ignored = shutil.ignore_patterns("node_modules", ".next", ".test", ".sesari", "infra", "__pycache__")
    shutil.copytree(REPOSITORY / "examples" / "sesari", product, ignore=ignored)
    for command in (["init", "-q"], ["add", "-A"], ["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "x"]):
        subprocess.run(["git", *command], cwd=product, check=True, timeout=60)
    tools = frontend_tools(Project(product), os.environ)
    variables = {"NEXT_PUBLIC_APP_NAME": "Sesari of the test"}
    service = Service("web", "web", "vercel", "apps/web", None, None, None, None, None, variables, ())
    build = build_frontend(tools, service, tools.tree.commit("HEAD"))
    assert build_frontend(tools, service, tools.tree.commit("HEAD")).cached
    assert {file.path for file in read_build(Path(build.folder)).files} == {file.path for file in build.files}

    target = vercel.target()
    secrets = {"DATABASE_URL": "postgres://nobody@127.0.0.1:1/none", "SESSION_SECRET": "s" * 32}
    done = deploy(target, build, "sha256:" + "1" * 64, "c" * 40, secrets)
    promote(target, wait_ready(target, done.deployment.id).id)
    url = current(target).url
    assert url is not None
    page = httpx.get(url, timeout=30)
    assert (page.status_code, page.headers["x-frame-options"]) == (200, "DENY")
    assert "Sign in to see your jobs" in page.text and "Sesari of the test" in page.text
    health = httpx.get(f"{url}/api/health", timeout=30)
    assert (health.status_code, health.json()) == (503, {"status": "no database", "release": "c" * 40})
    assert httpx.get(f"{url}/api/jobs", timeout=30).status_code == 401
    assert httpx.get(f"{url}/nowhere", timeout=30).status_code == 404
