"""A product in a git repository of its own, with the example's services, and wheels made of what is installed here."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import zipfile
from importlib.metadata import distribution
from pathlib import Path

from sesari.model.access import Project
from sesari.model.manifest import Service
from sesari.pipeline.wiring_build import build_tools

EXAMPLE = Path(__file__).parents[2] / "examples" / "sesari"
_WHO = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.com",
    "GIT_CONFIG_GLOBAL": os.devnull,
}


def git(root: Path, *arguments: str, date: str = "2026-01-01T00:00:00Z") -> str:
    variables = {**os.environ, **_WHO, "GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
    run = subprocess.run(["git", *arguments], cwd=root, env=variables, capture_output=True, text=True, check=True)
    return run.stdout.strip()


def commit(root: Path, message: str = "change") -> str:
    git(root, "add", "-A")
    git(root, "commit", "-qm", message)
    return git(root, "rev-parse", "HEAD")


def product(root: Path, *, below: str = "", wheels: Path | None = None) -> Project:
    """The example's api and worker in a repository at `root`, in its folder `below`; `wheels` fill the cache."""
    folder = root / below
    ignore = shutil.ignore_patterns("__pycache__", ".pytest_cache")
    shutil.copytree(EXAMPLE / "services", folder / "services", ignore=ignore)
    git(root, "init", "-q", "-b", "main")
    commit(root, "first")
    if wheels is not None:
        shutil.copytree(wheels, folder / ".sesari" / "cache" / "wheels")
    return Project(folder)


def small_product(root: Path, files: dict[str, str]) -> Project:
    """One service `api` of these files, committed."""
    root.mkdir(parents=True, exist_ok=True)
    for path, text in files.items():
        (root / "services" / "api" / path).parent.mkdir(parents=True, exist_ok=True)
        (root / "services" / "api" / path).write_text(text)
    git(root, "init", "-q", "-b", "main")
    commit(root, "first")
    return Project(root)


def service(name: str, kind: str = "api") -> Service:
    return Service(
        name=name,
        kind=kind,  # type: ignore[arg-type]
        target="ecs",
        path=f"services/{name}",
        port=None,
        health=None,
        queue=None,
        size=None,
        scale=None,
        variables={},
        secrets=(),
    )


def offline_tools(project: Project, report=None):
    """As in a rehearsal, and with an index that nothing can be fetched from."""
    machine = {
        **os.environ,
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_RETRIES": "0",
        "PIP_CONFIG_FILE": os.devnull,
    }
    return build_tools(project, machine, True, report or (lambda progress: None))


def installed_wheels(folder: Path, requirements: Path) -> Path:
    """A wheel of every requirement, made of the installed distribution of that very version: no network is needed."""
    folder.mkdir(parents=True, exist_ok=True)
    for line in requirements.read_text().splitlines():
        if line and not line.startswith("#"):
            name, _, version = line.partition("==")
            _wheel(folder, name, version)
    return folder


def _wheel(folder: Path, name: str, version: str) -> None:
    found = distribution(name)
    assert found.version == version, f"{name} {found.version} is installed, the example wants {version}"
    about = f"{name.replace('-', '_')}-{version}.dist-info"
    skipped = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")
    files = {
        str(path): Path(str(found.locate_file(path))).read_bytes()
        for path in found.files or ()
        if not str(path).startswith("..") and path.suffix != ".pyc" and path.name not in skipped
    }
    files = {
        (f"{about}/{path.split('/', 1)[1]}" if ".dist-info/" in path else path): body for path, body in files.items()
    }
    tags = [line[5:] for line in files[f"{about}/WHEEL"].decode().splitlines() if line.startswith("Tag: ")]
    rows = [f"{path},sha256={_encoded(body)},{len(body)}" for path, body in files.items()]
    tag = next(one for one in tags if one.startswith(("py3", "cp3")))
    with zipfile.ZipFile(folder / f"{name.replace('-', '_')}-{version}-{tag}.whl", "w") as archive:
        for path, body in files.items():
            archive.writestr(path, body)
        archive.writestr(f"{about}/RECORD", "\n".join([*rows, f"{about}/RECORD,,"]) + "\n")


def _encoded(body: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b"=").decode()
