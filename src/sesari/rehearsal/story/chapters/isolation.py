"""What one environment's credentials can do in another's account, and in their own: asked, not assumed."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from sesari.errors import SesariError
from sesari.model.access import Purpose
from sesari.rehearsal.cloud_access import role_credentials, subject
from sesari.rehearsal.story.stage import Stage
from sesari.rehearsal.story.telling import Telling

JOBS = (Purpose.PLAN, Purpose.DEPLOY)


def play(stage: Stage, telling: Telling) -> str:
    """Tries every job against every environment's roles, and each role against a planted secret."""
    with telling.proving("isolation.foreign-job") as evidence:
        evidence.settle(*_foreign_jobs(stage))
    first = stage.environments[0]
    name = f"{stage.manifest().product.name}/{first}/{stage.secret()}"
    canary = secrets.token_urlsafe(24)
    stage.secrets.add(canary)
    stage.aws(first, Purpose.BOOTSTRAP, "secretsmanager").put_secret_value(SecretId=name, SecretString=canary)
    plan, deploy = (stage.aws(first, purpose, "secretsmanager") for purpose in JOBS)
    with telling.proving("isolation.plan-reads-no-secret") as evidence:
        evidence.settle(*denied("GetSecretValue", lambda: plan.get_secret_value(SecretId=name)))
    with telling.proving("isolation.plan-changes-nothing") as evidence:
        evidence.settle(*_plan_writes(stage, first, name))
    with telling.proving("isolation.deploy-reads-no-secret") as evidence:
        wrote, _ = denied("PutSecretValue", lambda: deploy.put_secret_value(SecretId=name, SecretString=canary))
        held, detail = denied("GetSecretValue", lambda: deploy.get_secret_value(SecretId=name))
        evidence.settle(held and not wrote, detail if not wrote else "it could not write the secret either")
    return f"{len(stage.environments) ** 2 * len(JOBS) ** 2} pairs of job and role tried"


def denied(action: str, call: Callable[[], Any]) -> tuple[bool, str]:
    """Whether AWS said no for want of permission; any other answer is not a denial."""
    try:
        call()
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        return code in ("AccessDenied", "AccessDeniedException"), f"{action}: {code}"
    return False, f"{action} was allowed"


def _foreign_jobs(stage: Stage) -> tuple[bool, str]:
    """Every GitHub job against every role: its own must work, every other be refused."""
    wrong, tried = [], 0
    for home in stage.environments:
        for job in JOBS:
            for target in stage.environments:
                for role in JOBS:
                    tried += 1
                    entered = _enters(stage, home, job, target, role)
                    if entered != ((home, job) == (target, role)):
                        verb = "entered" if entered else "was kept out of"
                        wrong.append(f"job `{home}` ({job.value}) {verb} `{target}` ({role.value})")
    return not wrong, "; ".join(wrong[:3]) or f"{tried} tried, {len(stage.environments) * len(JOBS)} entered: their own"


def _enters(stage: Stage, home: str, job: Purpose, target: str, role: Purpose) -> bool:
    """Whether the identity of a GitHub job is admitted to a role."""
    access = stage.cloud.access()
    site = access.sites[target]
    arn = f"arn:aws:iam::{site.account}:role/{access.product}-{target}-{role.value}"
    try:
        role_credentials(access.emulator, arn, subject(access.repository, home, job))
    except SesariError as error:
        if error.codes != ("role-not-assumed",):
            raise
        return False
    return True


def _plan_writes(stage: Stage, environment: str, secret: str) -> tuple[bool, str]:
    queue = _queue_url(stage, environment)
    secret_value = stage.aws(environment, Purpose.PLAN, "secretsmanager")
    sqs, iam = (stage.aws(environment, Purpose.PLAN, service) for service in ("sqs", "iam"))
    s3 = stage.aws(environment, Purpose.PLAN, "s3")
    role = f"{stage.prefix(environment)}-deploy"
    bucket = stage.state_bucket(environment)
    tries = (
        denied("PutSecretValue", lambda: secret_value.put_secret_value(SecretId=secret, SecretString="x")),
        denied("DeleteQueue", lambda: sqs.delete_queue(QueueUrl=queue)),
        denied("DeleteRole", lambda: iam.delete_role(RoleName=role)),
        denied(
            "PutObject of the state", lambda: s3.put_object(Bucket=bucket, Key=stage.state_key(environment), Body=b"")
        ),
    )
    allowed = [detail for held, detail in tries if not held]
    return not allowed, "; ".join(allowed) or ", ".join(detail for _, detail in tries)


def _queue_url(stage: Stage, environment: str) -> str:
    sqs = stage.aws(environment, Purpose.BOOTSTRAP, "sqs")
    return str(sqs.get_queue_url(QueueName=f"{stage.prefix(environment)}-{stage.queue()}")["QueueUrl"])
