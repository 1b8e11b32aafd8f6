"""The wheel: the example product lies in it as the repository has it, and an installed Sesari finds and plays it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parents[2]
EXAMPLE = "examples/sesari/"
LEFT_BY_TOOLS = (
    "apps/web/node_modules/next/index.js",
    "apps/web/.next/build.js",
    "apps/web/.test/session.js",
    "apps/web/.env.local",
    "infra/dev/main.tf",
    "infra/dev/.terraform/terraform.tfstate",
    ".sesari/rehearsal/report.html",
    ".pytest_cache/README.md",
    "services/api/jobs_api/__pycache__/app.cpython-311.pyc",
)


def built(source: Path, folder: Path) -> Path:
    (wheel,) = WheelBuilder(str(source)).build(directory=str(folder), versions=["standard"])
    return Path(wheel)


def files_of_the_example() -> set[str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", EXAMPLE],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return {line.removeprefix(EXAMPLE) for line in listed.stdout.splitlines() if (ROOT / line).exists()}


def test_the_example_is_in_the_wheel_and_what_tools_leave_is_not(tmp_path: Path) -> None:
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "src/sesari").mkdir(parents=True)
    shutil.copy(ROOT / "src/sesari/__init__.py", tmp_path / "src/sesari/__init__.py")
    expected = files_of_the_example()
    assert "sesari.toml" in expected
    for name in expected:
        (tmp_path / EXAMPLE / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / EXAMPLE / name, tmp_path / EXAMPLE / name)
    for name in LEFT_BY_TOOLS:
        (tmp_path / EXAMPLE / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / EXAMPLE / name).write_text("left by a tool")
    with zipfile.ZipFile(built(tmp_path, tmp_path / "dist")) as wheel:
        names = {name for name in wheel.namelist() if not name.startswith("sesari-")}
    prefix = "sesari/example/"
    assert {name.removeprefix(prefix) for name in names if name.startswith(prefix)} == expected
    assert {name for name in names if not name.startswith(prefix)} == {"sesari/__init__.py"}


@pytest.mark.long
def test_an_installed_sesari_plays_its_example_in_an_empty_folder(tmp_path: Path) -> None:
    wheel = built(ROOT, tmp_path / "dist")
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    extras = "rehearse" if shutil.which("terraform") else "rehearse,engine"
    install = [str(tmp_path / "venv/bin/python"), "-m", "pip", "install", "-q", f"{wheel}[{extras}]"]
    subprocess.run(install, check=True, stdin=subprocess.DEVNULL)
    here = tmp_path / "here"
    here.mkdir()
    variables = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    told = subprocess.run(
        [str(tmp_path / "venv/bin/sesari"), "rehearse", "--only", "environments"],
        cwd=here,
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert told.returncode == 0, told.stdout + told.stderr
    assert "Proven in" in told.stdout
    assert [path.name for path in here.iterdir()] == [".sesari"]
