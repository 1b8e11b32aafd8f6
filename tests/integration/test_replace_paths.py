"""The sidecar of the AWS double says what the real provider says. A sample of the types; the tool asks for all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests import engine
from tools import real_provider, replace_paths

SAMPLE = {"aws_ecs_service", "aws_iam_role", "aws_kms_key", "aws_lb_target_group", "aws_sqs_queue", "aws_vpc"}


@pytest.fixture
def answers(real: dict[str, str], tmp_path: Path) -> dict[str, Any]:
    mirror = real_provider.find_mirror(replace_paths.VERSION)
    assert mirror is not None and real["TF_CLI_CONFIG_FILE"]
    folder = tmp_path / "asked"
    folder.mkdir()
    return replace_paths.ask(replace_paths.Asker(folder, mirror, engine.command()), SAMPLE, verbose=False)


def test_the_sidecar_says_what_the_real_provider_says(answers: dict[str, Any]) -> None:
    kept = json.loads(replace_paths.SIDECAR.read_text())
    assert {type_: kept[type_] for type_ in SAMPLE} == answers
    # The answers are not empty ones: a few that everybody can look up.
    assert "cidr_block" in answers["aws_vpc"]["replace"]
    assert "enable_dns_hostnames" not in answers["aws_vpc"]["replace"]
    assert answers["aws_sqs_queue"]["defaults"]["visibility_timeout_seconds"] == 30
