"""Every sabotage, run for real: its claim goes red, no other does, and the command says so by its exit code.

What breaks neither a module nor the synthesis starts from environments that were applied once and copied.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sesari.rehearsal.story.asked import GROUND, chapter_of
from sesari.rehearsal.story.sabotage import Sabotage
from sesari.rehearsal.story.sabotages import SABOTAGES

PRODUCT = Path(__file__).parents[2] / "examples" / "sesari"
# The fewest environments with which every chapter can be told: one to change, one that is protected.
ENVIRONMENTS = ("-e", "dev", "-e", "production")


def rehearse(folder: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Runs `sesari rehearse --json`; the exit code and the story."""
    command = [sys.executable, "-m", "sesari", "rehearse", str(PRODUCT), "--folder", str(folder), "--json"]
    done = subprocess.run(
        [*command, *ENVIRONMENTS, *arguments],
        capture_output=True,
        text=True,
        cwd=folder.parent,
        env={**os.environ, "NO_COLOR": "1"},
        timeout=300,
        check=False,
    )
    assert done.stdout, done.stderr[-2000:]
    story: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, story


def claims(story: dict[str, Any], held: bool) -> dict[str, str]:
    """The claims that held, or that did not, with what was observed."""
    every = [claim for chapter in story["chapters"] for claim in chapter["claims"]]
    return {claim["id"]: claim["detail"] for claim in every if claim["held"] is held}


@pytest.fixture(scope="session")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Environments applied by an untouched Sesari."""
    folder = tmp_path_factory.mktemp("ground") / "rehearsal"
    code, story = rehearse(folder, "--only", "environments")
    assert code == 0, (claims(story, False), story["problems"])
    return folder


def stands_on_ground(sabotage: Sabotage) -> bool:
    """Whether what it breaks is not what the ground is made of."""
    made_of = ("modules/", "stack/")
    # The last chapter looks at what a whole rehearsal wrote: the broken package must have written it.
    return chapter_of(sabotage.claim) not in (*GROUND, "afterwards") and not any(
        e.file.startswith(made_of) for e in sabotage.edits
    )


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda sabotage: sabotage.name)
def test_a_sabotage_turns_its_claim_red_and_no_other(
    sabotage: Sabotage, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    folder = tmp_path / "rehearsal"
    resume = ()
    if stands_on_ground(sabotage):
        shutil.copytree(request.getfixturevalue("ground"), folder, symlinks=True)
        resume = ("--continue",)
    code, story = rehearse(folder, "--sabotage", sabotage.name, *resume)
    assert list(claims(story, False)) == [sabotage.claim], claims(story, False)
    assert code == 1
