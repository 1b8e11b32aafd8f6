"""Accounts prepared once: state bucket, key, CI roles, delivery store."""

from __future__ import annotations

from typing import Any

from sesari.model.access import Purpose
from sesari.rehearsal.story.stage import Stage
from sesari.rehearsal.story.telling import Telling


def play(stage: Stage, telling: Telling) -> str:
    """Bootstraps every account, asks the emulator what is there, and does it again."""
    with telling.proving("bootstrap.buckets") as evidence:
        stage.bootstrap()
        problems = [problem for name in stage.environments for problem in _bucket_problems(stage, name)]
        evidence.settle(not problems, "; ".join(problems) or f"{len(stage.environments)} buckets asked")
    with telling.proving("bootstrap.again") as evidence:
        again = stage.bootstrap()
        changed = [f"{name}: {found.changes}" for name, found in again.items() if not found.empty]
        evidence.settle(not changed, "; ".join(changed) or f"{len(again)} roots, no change")
    return f"state, keys and CI roles in {len(stage.environments)} accounts, the delivery store in one more"


def _bucket_problems(stage: Stage, environment: str) -> list[str]:
    """What is wrong with the state bucket, as the emulator tells it."""
    s3 = stage.aws(environment, Purpose.BOOTSTRAP, "s3")
    bucket = stage.state_bucket(environment)
    rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    closed = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    checks = {
        "not versioned": s3.get_bucket_versioning(Bucket=bucket).get("Status") == "Enabled",
        "not encrypted with the environment's key": _under_a_key(rules),
        "not closed to the public": bool(closed) and all(closed.values()),
    }
    return [f"{bucket} is {wrong}" for wrong, right in checks.items() if not right]


def _under_a_key(rules: list[dict[str, Any]]) -> bool:
    defaults = [rule.get("ApplyServerSideEncryptionByDefault", {}) for rule in rules]
    return any(found.get("SSEAlgorithm") == "aws:kms" and found.get("KMSMasterKeyID") for found in defaults)
