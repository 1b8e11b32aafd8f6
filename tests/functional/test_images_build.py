"""Images are built from a commit: the same in two folders, unchanged when nothing changed, clear errors otherwise."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from tests.functional.image_product import commit, git, installed_wheels, offline_tools, product, service, small_product

from sesari.drivers.builders import find_builder
from sesari.errors import Refused, SesariError
from sesari.model.image import Builder
from sesari.pipeline.build import build
from sesari.pipeline.stop import Aborted, Stop
from sesari.pipeline.wiring_build import build_tools, image_store
from sesari.release.builder_argv import probe
from sesari.release.image import beside, process_of

SERVICES = (service("api"), service("worker", "worker"))
PLAIN = 'FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\nCMD ["python", "main.py"]\n'


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheels")
    for name in ("api", "worker"):
        installed_wheels(folder, Path(__file__).parents[2] / f"examples/sesari/services/{name}/requirements.txt")
    return folder


@pytest.fixture(scope="module")
def built(tmp_path_factory, wheels):
    root = tmp_path_factory.mktemp("product")
    project = product(root, wheels=wheels)
    return project, build(offline_tools(project), SERVICES)


def test_the_same_commit_gives_the_same_digests_in_another_folder(built, tmp_path, wheels):
    _, first = built
    elsewhere = product(tmp_path, wheels=wheels)
    second = build(offline_tools(elsewhere), SERVICES)
    assert second.commit == first.commit
    assert second.digests == first.digests
    assert set(first.digests) == {"api", "worker"}
    assert [image.method for image in first.images] == ["assembled without base"] * 2
    assert "without its base `python:3.13-slim-bookworm`" in first.images[0].notes[0]


def test_what_is_unchanged_is_not_built_again(built):
    project, first = built
    told = []
    again = build(offline_tools(project, told.append), SERVICES)
    assert again.digests == first.digests
    assert [image.cached for image in again.images] == [True, True]
    assert [progress.detail for progress in told] == ["unchanged", "unchanged"]


def test_a_commit_of_something_else_does_not_change_an_image(built, tmp_path):
    project, first = built
    root = tmp_path / "clone"
    shutil.copytree(project.root, root, symlinks=True)
    moved = type(project)(root)
    (root / "README.md").write_text("hello")
    (root / "services" / "worker" / "jobs_worker" / "jobs.py").open("a").write("\n# changed\n")
    changed = commit(root)
    second = build(offline_tools(moved), SERVICES)
    assert second.commit == changed != first.commit
    assert second.digests["api"] == first.digests["api"]
    assert second.digests["worker"] != first.digests["worker"]
    # Only the small layer is another one: the dependencies are the same.
    own = {image.service: image.own for image in (*first.images, *second.images)}
    before = next(image.own for image in first.images if image.service == "worker")
    assert own["worker"][0] == before[0] and own["worker"][1] != before[1]


def test_the_work_tree_does_not_count(built):
    project, first = built
    path = project.root / "services" / "api" / "jobs_api" / "app.py"
    before = path.read_text()
    path.write_text("raise SystemExit('dirty')\n")
    try:
        with pytest.raises(Refused) as raised:
            build(offline_tools(project), SERVICES)
        assert raised.value.codes == ("tree-dirty",)
        assert raised.value.problems[0].where == "services/api/jobs_api/app.py"
        named = build(offline_tools(project), SERVICES, "main")
        assert named.digests == first.digests
    finally:
        path.write_text(before)


def test_a_product_below_the_repositorys_root(built, tmp_path, wheels):
    _, first = built
    project = product(tmp_path, below="deep/product", wheels=wheels)
    assert build(offline_tools(project), SERVICES).digests == first.digests
    (tmp_path / "elsewhere.txt").write_text("not part of the product")
    assert build(offline_tools(project), SERVICES).digests == first.digests


def test_the_unpacked_image_runs_and_is_held_to_its_digest(built, tmp_path):
    project, first = built
    store = image_store(project)
    folder = tmp_path / "api"
    process = beside(process_of(store.unpack(first.digests["api"], folder)), str(folder), _path())
    variables = {**process.variables, "HOME": str(tmp_path)}
    script = "import boto3, jobs_api, gunicorn; print(boto3.__file__); print(jobs_api.__file__)"
    run = subprocess.run(
        ["python3", "-c", script], cwd=process.folder, env=variables, capture_output=True, text=True, check=True
    )
    assert run.stdout.splitlines() == [
        str(folder / "opt/dependencies/boto3/__init__.py"),
        str(folder / "app/jobs_api/__init__.py"),
    ]
    program = shutil.which(process.arguments[0], path=process.variables["PATH"])
    assert program == str(folder / "opt/dependencies/bin/gunicorn")
    told = subprocess.run([program, "--version"], cwd=process.folder, env=variables, capture_output=True, text=True)
    assert told.stdout.strip() == "gunicorn (version 27.0.1)"
    assert not list(folder.rglob("*.pyc"))
    assert not (folder / "app/tests").exists()
    # Again: nothing is unpacked twice, and another image is not put over it.
    mark = (folder / "app" / "requirements.txt").stat().st_ino
    store.unpack(first.digests["api"], folder)
    assert (folder / "app" / "requirements.txt").stat().st_ino == mark
    with pytest.raises(SesariError) as raised:
        store.unpack(first.digests["worker"], folder)
    assert raised.value.codes == ("unpacked-other",)


def test_a_layer_that_was_changed_is_not_unpacked(tmp_path):
    project = small_product(tmp_path / "p", {"Dockerfile": PLAIN, "main.py": "print(1)\n"})
    (image,) = build(offline_tools(project), [service("api")]).images
    store = image_store(project)
    path = store.path(image.own[0])
    path.write_bytes(path.read_bytes().replace(b"print(1)", b"print(2)"))
    with pytest.raises(SesariError) as raised:
        store.unpack(image.digest, tmp_path / "u")
    assert raised.value.codes == ("blob-damaged",)
    assert not (tmp_path / "u").exists()
    path.unlink()
    with pytest.raises(SesariError) as raised:
        store.unpack(image.digest, tmp_path / "u")
    assert raised.value.codes == ("blob-absent",)
    # A part that is gone is built again, and is the same.
    assert build(offline_tools(project), [service("api")]).digests == {"api": image.digest}
    store.unpack(image.digest, tmp_path / "u")
    assert (tmp_path / "u/app/main.py").read_text() == "print(1)\n"


def test_what_is_kept_is_private_and_an_oci_layout(built):
    project, first = built
    folder = image_store(project).folder
    assert json.loads((folder / "oci-layout").read_text()) == {"imageLayoutVersion": "1.0.0"}
    index = json.loads((folder / "index.json").read_text())
    assert {one["digest"] for one in index["manifests"]} == set(first.digests.values())
    modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*") if path.is_file()}
    assert modes == {0o600}


def test_links_and_modes_come_from_the_commit(tmp_path):
    project = small_product(tmp_path, {"Dockerfile": PLAIN, "main.py": "1", "run.sh": "#!/bin/sh\n"})
    here = project.root / "services/api"
    (here / "run.sh").chmod(0o777)
    (here / "main.py").chmod(0o600)
    (here / "link").symlink_to("main.py")
    commit(project.root)
    (image,) = build(offline_tools(project), [service("api")]).images
    folder = tmp_path / "unpacked"
    image_store(project).unpack(image.digest, folder)
    assert (folder / "app/link").readlink() == Path("main.py")
    assert stat.S_IMODE((folder / "app/run.sh").stat().st_mode) == 0o755
    assert stat.S_IMODE((folder / "app/main.py").stat().st_mode) == 0o644


def test_every_services_problem_is_told_at_once(tmp_path):
    project = small_product(tmp_path, {"main.py": "1"})
    (project.root / "services/worker").mkdir()
    (project.root / "services/worker/Dockerfile").write_text("FROM python:3.13\nRUN make\n")
    commit(project.root)
    with pytest.raises(SesariError) as raised:
        build(offline_tools(project), [*SERVICES, service("gone")])
    assert raised.value.codes == ("dockerfile-missing", "builder-needed", "path-not-in-commit")
    assert [problem.where for problem in raised.value.problems] == [
        "services/api/Dockerfile",
        "services/worker/Dockerfile:2",
        "services/gone",
    ]


def test_a_commit_that_does_not_exist(tmp_path):
    project = small_product(tmp_path, {"Dockerfile": PLAIN})
    for name in ("nowhere", "--help", "0" * 40):
        with pytest.raises(SesariError) as raised:
            build(offline_tools(project), [service("api")], name)
        assert raised.value.codes == ("commit-unknown",)


def test_a_product_without_a_repository(tmp_path):
    project = small_product(tmp_path / "p", {"Dockerfile": PLAIN})
    shutil.rmtree(project.root / ".git")
    with pytest.raises(SesariError) as raised:
        build(offline_tools(project), [service("api")])
    assert raised.value.codes == ("not-a-repository",)


def test_a_submodule_and_a_large_files_pointer(tmp_path):
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    project = small_product(tmp_path, {"Dockerfile": PLAIN, "model.bin": pointer})
    with pytest.raises(SesariError) as raised:
        build(offline_tools(project), [service("api")])
    assert raised.value.codes == ("large-file-absent",)
    head = git(project.root, "rev-parse", "HEAD")
    git(project.root, "update-index", "--add", "--cacheinfo", f"160000,{head},services/api/module")
    git(project.root, "commit", "-qm", "module")
    with pytest.raises(SesariError) as raised:
        build(offline_tools(project), [service("api")], "HEAD")
    assert raised.value.codes == ("submodule",)


def test_dependencies_that_cannot_be_fetched(tmp_path):
    docker = "FROM python:3.13\nWORKDIR /app\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\n"
    project = small_product(tmp_path, {"Dockerfile": docker, "requirements.txt": "absent-from-everywhere==1.0\n"})
    with pytest.raises(SesariError) as raised:
        build(offline_tools(project), [service("api")])
    assert raised.value.codes == ("dependencies-not-fetched",)
    assert "absent-from-everywhere" in (raised.value.problems[0].why or "")


def test_a_client_without_an_engine_is_no_builder(tmp_path):
    _script(tmp_path / "docker", 'case "$1" in --version) echo "Docker version 28.2.2";; *) exit 1;; esac')
    assert find_builder({"PATH": f"{tmp_path}:/usr/bin:/bin"}, probe) is None
    _script(tmp_path / "podman", 'case "$1" in --version) echo "podman version 5.1";; info) exit 0;; esac')
    found = find_builder({"PATH": str(tmp_path)}, probe)
    assert found == Builder("podman", str(tmp_path / "podman"), "podman version 5.1")


def test_a_builder_that_works_is_given_the_commit_and_its_layout_is_taken_over(tmp_path):
    docker = "FROM scratch\nRUN something only a builder can\n"
    project = small_product(tmp_path / "p", {"Dockerfile": docker, "main.py": "1", ".dockerignore": "*.md", "a.md": ""})
    (project.root / "services/api/untracked.py").write_text("2")
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    text = (Path(__file__).parent / "layout_builder.py").read_text()
    _script(bin_ / "buildah", f"exec {sys.executable} - \"$@\" <<'EOF'\n{text}\nEOF")
    tools = build_tools(project, {**os.environ, "PATH": f"{bin_}:/usr/bin:/bin", "SEEN": str(tmp_path / "seen")}, False)
    assert tools.builder is not None and tools.builder.name == "buildah"
    (image,) = build(tools, [service("api")], "HEAD").images
    assert (image.method, image.base) == ("builder", "scratch")
    seen = json.loads((tmp_path / "seen").read_text())
    assert seen == {"files": [".dockerignore", "Dockerfile", "main.py"], "epoch": "0", "timestamp": "0"}
    image_store(project).unpack(image.digest, tmp_path / "u")
    assert (tmp_path / "u/main.py").read_text() == "1"
    assert build(tools, [service("api")], "HEAD").images[0].cached


def test_the_builder_of_this_machine_gives_the_same_digest_twice(tmp_path):
    if find_builder(os.environ, probe) is None:
        pytest.skip("no image builder works on this machine: its arguments are tested, its digests are not")
    made = []
    for name in ("one", "two"):
        project = small_product(tmp_path / name, {"Dockerfile": "FROM scratch\nCOPY . /app/\n", "main.py": "1"})
        made += build(build_tools(project, os.environ, False), [service("api")]).images
    assert made[0].digest == made[1].digest
    image_store(project).unpack(made[1].digest, tmp_path / "u")
    assert (tmp_path / "u/app/main.py").read_text() == "1"


def test_a_builder_that_fails_is_quoted(tmp_path):
    project = small_product(tmp_path / "p", {"Dockerfile": "FROM scratch\nRUN x\n"})
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    _script(bin_ / "buildah", 'case "$1" in build) echo "STEP 2: RUN x"; echo "x: not found" >&2; exit 127;; esac')
    tools = build_tools(project, {**os.environ, "PATH": f"{bin_}:/usr/bin:/bin"}, False)
    with pytest.raises(SesariError) as raised:
        build(tools, [service("api")])
    assert raised.value.codes == ("build-failed",)
    assert raised.value.problems[0].why == "STEP 2: RUN x\nx: not found"


def test_a_builder_that_is_told_to_stop(tmp_path):
    project = small_product(tmp_path / "p", {"Dockerfile": "FROM scratch\nRUN x\n"})
    (tmp_path / "bin").mkdir()
    _script(tmp_path / "bin" / "buildah", 'case "$1" in build) echo begun; exec sleep 60;; esac')
    stop = Stop()
    machine = {**os.environ, "PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin"}
    tools = build_tools(project, machine, False, lambda told: stop.ask() if told.detail == "begun" else None, stop)
    with pytest.raises(Aborted):
        build(tools, [service("api")])


def _script(path: Path, body: str) -> None:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def _path() -> str:
    return f"{Path(sys.executable).parent}:/usr/bin:/bin"
