from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from sesari.rehearsal.provider.backend import ProviderError
from sesari.rehearsal.provider.call_log import CallLog, FaultFile
from sesari.rehearsal.provider.faults import fault_error, parse_faults
from sesari.rehearsal.provider.store import RecordStore

CALLER = "arn:aws:sts::111111111111:assumed-role/dev-deploy/rehearsal"


def fault_file(folder: Path, *faults: dict[str, Any]) -> FaultFile:
    (folder / "faults.json").write_text(json.dumps(faults))
    return FaultFile(folder / "faults.json", RecordStore(folder / "counters.sqlite"))


def test_the_nth_matching_call_is_struck_and_no_other(tmp_path: Path) -> None:
    faults = fault_file(tmp_path, {"type": "aws_vpc", "operation": "create", "nth": 2, "error": "Throttling"})
    struck = [faults.strike("aws_vpc", "create") is not None for _ in range(3)]
    assert struck == [False, True, False]
    assert faults.strike("aws_subnet", "create") is None
    assert faults.strike("aws_vpc", "read") is None


def test_counters_outlive_the_daemon(tmp_path: Path) -> None:
    one = {"type": "aws_vpc", "operation": "create", "nth": 2, "error": "Throttling"}
    assert fault_file(tmp_path, one).strike("aws_vpc", "create") is None
    assert fault_file(tmp_path, one).strike("aws_vpc", "create") is not None


def test_a_service_prefix_and_every_call(tmp_path: Path) -> None:
    faults = fault_file(tmp_path, {"type": "aws_ecs_*", "nth": 0, "error": "ServerError"})
    assert all(faults.strike("aws_ecs_service", "update") for _ in range(3))
    assert faults.strike("aws_ecr_repository", "read") is None


def test_the_file_is_read_again_when_it_changes_and_its_absence_is_no_fault(tmp_path: Path) -> None:
    faults = fault_file(tmp_path)
    assert faults.strike("aws_vpc", "read") is None
    path = tmp_path / "faults.json"
    path.write_text(json.dumps({"type": "aws_vpc", "nth": 0, "error": "Timeout"}))
    os.utime(path, ns=(1, 1))
    assert faults.strike("aws_vpc", "read") is not None
    path.unlink()
    assert faults.strike("aws_vpc", "read") is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[{"type": "x", "operation": "destroy"}]', "'destroy' is no operation"),
        ('[{"type": "x", "error": "Boom"}]', "'Boom' is no error"),
    ],
)
def test_a_wrong_fault_is_named(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_faults(text)


def test_a_fault_file_that_cannot_be_read_is_said_with_its_path(tmp_path: Path) -> None:
    faults = fault_file(tmp_path)
    (tmp_path / "faults.json").write_text("[{")
    with pytest.raises(ProviderError, match=r"fault file cannot be read.*faults\.json"):
        faults.strike("aws_vpc", "read")


@pytest.mark.parametrize(
    ("kind", "type", "expected"),
    [
        ("AccessDenied", "aws_vpc", f"creating VPC: operation error EC2: CreateVpc.*User: {CALLER} is not authorized"),
        ("Throttling", "aws_ecs_service", "creating ECS Service: operation error ECS: CreateService.*Rate exceeded"),
        ("Timeout", "aws_sqs_queue", "creating SQS Queue.*context deadline exceeded"),
        ("ServerError", "vercel_project", "500 internal_server_error"),
        ("AccessDenied", "supabase_project", "403 forbidden"),
    ],
)
def test_an_error_reads_as_the_providers(kind: Any, type: str, expected: str) -> None:
    error = fault_error(kind, type, "create", CALLER)
    assert re.search(expected, f"{error.summary} {error.detail}"), str(error)


def test_lines_of_the_call_log_have_no_values_and_do_not_mix(tmp_path: Path) -> None:
    logs = [CallLog(tmp_path / "calls.jsonl", "aws", "dev", identity) for identity in ("plan", "deploy")]
    for log in logs:
        log.write("aws_vpc", "create", 0.01234, "ok")
    lines = [json.loads(line) for line in (tmp_path / "calls.jsonl").read_text().splitlines()]
    assert [line["identity"] for line in lines] == ["plan", "deploy"]
    assert set(lines[0]) == {
        "time", "provider", "environment", "identity", "type", "operation", "seconds", "outcome"
    }  # fmt: skip
