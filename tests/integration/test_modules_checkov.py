"""The modules are clean under checkov; each exception is written in the module, with its reason."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

import sesari

MODULES = Path(sesari.__file__).parent / "modules"
VERSION = "3.3.30"
HINT = (
    "checkov was not run: install it in an environment of its own (python -m venv .checkov && .checkov/bin/pip install "
    f"checkov=={VERSION}) and name .checkov/bin/checkov in SESARI_CHECKOV; its boto3 pin does not go with ours"
)


@pytest.fixture(scope="module")
def checkov() -> str:
    found = os.environ.get("SESARI_CHECKOV") or shutil.which("checkov")
    if found:
        return found
    if os.environ.get("CI", "").lower() in ("1", "true", "yes"):
        pytest.fail(HINT)
    pytest.skip(HINT)


@pytest.fixture(scope="module")
def modules_report(checkov: str) -> dict[str, Any]:
    return report(checkov, MODULES)


def report(checkov: str, folder: Path) -> dict[str, Any]:
    """The parsed report on a folder. The decision is made from it, never from the exit code."""
    done = subprocess.run(
        [checkov, "--skip-download", "--framework", "terraform", "--output", "json", "--directory", str(folder)],
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")},
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def problems(document: dict[str, Any], folder: Path) -> list[str]:
    """What is wrong with a scan or found by it. A scan that skipped a file found nothing and proves nothing."""
    results = document.get("results")
    if results is None:
        return ["nothing was scanned"]
    summary, found = document["summary"], results["failed_checks"]
    wrong = [f"not parsed: {path}" for path in results.get("parsing_errors", [])]
    if summary["parsing_errors"] or not summary["passed"]:
        wrong.append(f"summary: {summary}")
    seen = {Path(check["file_path"]).parts[1] for check in results["passed_checks"] + found + results["skipped_checks"]}
    wrong += [f"not scanned: {module}" for module in sorted(_with_aws_resources(folder) - seen)]
    return wrong + [
        f"{check['check_id']} {check['file_path']} {check['resource']}: {check['check_name']}" for check in found
    ]


def _with_aws_resources(folder: Path) -> set[str]:
    """The modules that checkov has rules for."""
    files = (path for path in folder.rglob("*.tf") if re.search(r'^resource "aws_', path.read_text(), re.M))
    return {path.relative_to(folder).parts[0] for path in files}


def test_modules_are_clean(modules_report: dict[str, Any]) -> None:
    assert problems(modules_report, MODULES) == []
    assert modules_report["summary"]["checkov_version"] == VERSION, "the exceptions were written for this version"


def test_every_exception_is_used_and_has_a_reason(modules_report: dict[str, Any]) -> None:
    skipped = {
        (check["file_path"].strip("/"), check["check_id"]): check["check_result"]["suppress_comment"]
        for check in modules_report["results"]["skipped_checks"]
    }
    written = {
        (str(path.relative_to(MODULES)), check)
        for path in MODULES.rglob("*.tf")
        for check in re.findall(r"#checkov:skip=(\w+)", path.read_text())
    }
    assert written == set(skipped), "an exception that is not needed, or one that is not seen"
    assert [where for where, reason in skipped.items() if not reason or len(reason) < 20] == []


def test_a_planted_hole_is_found(checkov: str, tmp_path: Path) -> None:
    shutil.copytree(MODULES / "alarms", tmp_path / "alarms")
    main = tmp_path / "alarms" / "main.tf"
    main.write_text(main.read_text().replace("  kms_master_key_id = var.key_arn\n", ""))
    assert any(words.startswith("CKV_AWS_26 ") for words in problems(report(checkov, tmp_path), tmp_path))


def test_an_empty_scan_proves_nothing(checkov: str, tmp_path: Path) -> None:
    assert problems(report(checkov, tmp_path), tmp_path) == ["nothing was scanned"]


def test_what_is_not_hcl_proves_nothing(checkov: str, tmp_path: Path) -> None:
    shutil.copytree(MODULES / "alarms", tmp_path / "alarms")
    (tmp_path / "alarms" / "main.tf").write_text('resource "aws_sns_topic" "this" {\n  name = \n')
    assert problems(report(checkov, tmp_path), tmp_path) != []
