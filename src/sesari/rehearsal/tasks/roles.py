"""A task's roles, assumed as ECS does it, and its secrets, read under the execution role by stage and version.

Bound to the pinned emulator: no API lets a service assume a role, so the session is made inside it, after its own
evaluation of the role's trust policy.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SERVICE = "ecs-tasks.amazonaws.com"
_SECONDS = 12 * 3600


class StartRefused(Exception):
    """A task may not start; the text is what ECS tells as its reason."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Temporary credentials of one role."""

    role: str
    variables: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Identity({self.role})"


@dataclass(frozen=True, slots=True)
class SecretReference:
    """What `valueFrom` names: the secret, a key of its JSON, and which version, by stage or by id."""

    secret: str
    key: str | None
    stage: str | None
    version: str | None


def read_reference(value_from: str) -> SecretReference:
    """`arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME[:json-key:version-stage:version-id]`. Raises StartRefused.

    Source: docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html.
    """
    parts = value_from.split(":")
    if len(parts) not in (7, 10) or parts[2] != "secretsmanager" or parts[5] != "secret":
        raise StartRefused(f"{value_from} is not the ARN of a secret in Secrets Manager")
    key, stage, version = (part or None for part in (parts[7:] or ("", "", "")))
    return SecretReference(":".join(parts[:7]), key, stage, version)


def assume(role: str, account: str, region: str, session: str) -> Identity:
    """The role as ECS gets it. Raises StartRefused for one that does not trust ECS, or is not there."""
    from ministack.core.iam_evaluator import EvalContext, evaluate_trust_policy
    from ministack.services import iam, sts

    name = role.rsplit("/", 1)[-1]
    held = iam._roles.get_scoped(account, None, name) if f"::{account}:role/" in role else None
    root = f"arn:aws:iam::{account}:root"
    context = EvalContext(
        principal_arn=root,
        principal_type="AWSService",
        principal_account=account,
        action="sts:AssumeRole",
        resource_arn=role,
        region=region,
        service_context={"aws:sourceaccount": account, "aws:sourcearn": f"arn:aws:ecs:{region}:{account}:*"},
    )
    trust = _for_service((held or {}).get("AssumeRolePolicyDocument", "{}"))
    # The emulator lets an account's root stand for a service; only statements that name this one are left.
    if held is None or not evaluate_trust_policy(trust, root, context):
        raise StartRefused(f"ECS was unable to assume the role '{role}': verify that it exists and trusts {SERVICE}")
    key, secret, token = iam._gen_session_access_key(), iam._gen_secret(), iam._gen_session_token()
    sts.register_session(
        key,
        {
            "Arn": f"arn:aws:sts::{account}:assumed-role/{name}/{session}",
            "UserId": f"{sts._role_id(role)}:{session}",
            "SecretAccessKey": secret,
            "SessionToken": token,
            "Expiration": time.time() + _SECONDS,
            "AccountId": account,
            "PrincipalType": "AssumedRole",
            "SourceAccessKeyId": "",
            "SourcePrincipalArn": root,
            "SessionTags": [],
            "SessionPolicies": None,
        },
    )
    return Identity(role, {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": token})


def _for_service(trust: str | Mapping[str, Any]) -> dict[str, Any]:
    document = json.loads(trust) if isinstance(trust, str) else dict(trust)
    statements = document.get("Statement") or []
    kept = [one for one in ([statements] if isinstance(statements, dict) else statements) if _names(one)]
    return {**document, "Statement": kept}


def _names(statement: Mapping[str, Any]) -> bool:
    principal = statement.get("Principal")
    services = principal.get("Service", []) if isinstance(principal, Mapping) else []
    return principal == "*" or SERVICE in ([services] if isinstance(services, str) else services)


class Clients:
    """boto3 clients of an identity. Loading boto3 takes longest, and happens with the first task."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._lock = threading.Lock()
        self._session: Any = None

    def client(self, service: str, identity: Identity, region: str) -> Any:
        import boto3
        from botocore.config import Config

        with self._lock:
            self._session = self._session or boto3.Session()
            return self._session.client(
                service,
                region_name=region,
                endpoint_url=self._endpoint,
                aws_access_key_id=identity.variables["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=identity.variables["AWS_SECRET_ACCESS_KEY"],
                aws_session_token=identity.variables["AWS_SESSION_TOKEN"],
                config=Config(retries={"total_max_attempts": 2}, connect_timeout=5, read_timeout=20),
            )


def read_secrets(client: Any, entries: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """A container's `secrets` by variable. `client`: Secrets Manager's, as the execution role. Raises StartRefused."""
    return {entry["name"]: _value(client, entry["valueFrom"]) for entry in entries}


def _value(client: Any, value_from: str) -> str:
    from botocore.exceptions import BotoCoreError, ClientError

    wanted = read_reference(value_from)
    which = {"VersionId": wanted.version, "VersionStage": wanted.stage}
    try:
        answer = client.get_secret_value(
            SecretId=wanted.secret, **{name: value for name, value in which.items() if value}
        )
    except (ClientError, BotoCoreError) as problem:
        told = getattr(problem, "response", {}).get("Error", {})
        reason = f"{told.get('Code')}: {told.get('Message')}" if told else str(problem)
        raise StartRefused(f"unable to retrieve secret from asm: {wanted.secret}: {reason}") from problem
    text = str(answer["SecretString"])
    if wanted.key is None:
        return text
    try:
        return str(json.loads(text)[wanted.key])
    except (ValueError, KeyError, TypeError):
        # The cause would show the value.
        raise StartRefused(f"retrieved secret from asm {wanted.secret} has no JSON key {wanted.key}") from None
