"""KMS keys and aliases, Secrets Manager containers."""

from __future__ import annotations

import json
from typing import Any

from sesari.rehearsal.aws.resource import Aws, Resource
from sesari.rehearsal.aws.state import State, changed, from_pairs, given, pairs, retag, wanted_tags


def _create_key(aws: Aws, planned: State) -> State:
    made = aws.kms.create_key(
        **given(
            Description=planned.get("description"),
            KeyUsage=planned.get("key_usage"),
            KeySpec=planned.get("customer_master_key_spec"),
            Policy=planned.get("policy"),
            MultiRegion=planned.get("multi_region"),
            Tags=pairs(wanted_tags(planned), "TagKey", "TagValue"),
        )
    )["KeyMetadata"]
    key = made["KeyId"]
    if planned.get("enable_key_rotation"):
        _rotate(aws, key, planned)
    if planned.get("is_enabled") is False:
        aws.kms.disable_key(KeyId=key)
    return {"id": key, "key_id": key, "arn": made["Arn"]}


def _rotate(aws: Aws, key: str, planned: State) -> None:
    period = planned.get("rotation_period_in_days")
    aws.kms.enable_key_rotation(KeyId=key, **given(RotationPeriodInDays=period))


def _read_key(aws: Aws, state: State) -> State | None:
    key = state["id"]
    found = aws.kms.describe_key(KeyId=key)["KeyMetadata"]
    if found["KeyState"] == "PendingDeletion":
        return None
    rotation = aws.kms.get_key_rotation_status(KeyId=key)
    seen = {
        "arn": found["Arn"],
        "key_id": found["KeyId"],
        "description": found.get("Description", ""),
        "is_enabled": found["Enabled"],
        "key_usage": found["KeyUsage"],
        "multi_region": found.get("MultiRegion", False),
        "enable_key_rotation": rotation["KeyRotationEnabled"],
        "policy": aws.kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"],
        "tags_all": from_pairs(aws.kms.list_resource_tags(KeyId=key).get("Tags"), "TagKey", "TagValue"),
    }
    if rotation["KeyRotationEnabled"]:
        seen["rotation_period_in_days"] = rotation.get("RotationPeriodInDays", 365)
    elif state.get("rotation_period_in_days") is None:
        seen["rotation_period_in_days"] = 365
    return seen


def _update_key(aws: Aws, prior: State, planned: State) -> None:
    key = prior["id"]
    if changed(prior, planned, "description"):
        aws.kms.update_key_description(KeyId=key, Description=planned.get("description") or "")
    if changed(prior, planned, "policy") and planned.get("policy"):
        aws.kms.put_key_policy(KeyId=key, PolicyName="default", Policy=planned["policy"])
    if changed(prior, planned, "enable_key_rotation", "rotation_period_in_days"):
        if planned.get("enable_key_rotation"):
            _rotate(aws, key, planned)
        else:
            aws.kms.disable_key_rotation(KeyId=key)
    if changed(prior, planned, "is_enabled"):
        (aws.kms.disable_key if planned.get("is_enabled") is False else aws.kms.enable_key)(KeyId=key)
    gone, new = retag(prior, planned)
    if gone:
        aws.kms.untag_resource(KeyId=key, TagKeys=gone)
    if new:
        aws.kms.tag_resource(KeyId=key, Tags=pairs(new, "TagKey", "TagValue"))


def _delete_key(aws: Aws, prior: State) -> None:
    days = prior.get("deletion_window_in_days") or 30
    aws.kms.schedule_key_deletion(KeyId=prior["id"], PendingWindowInDays=int(days))


def _create_alias(aws: Aws, planned: State) -> State:
    aws.kms.create_alias(AliasName=planned["name"], TargetKeyId=planned["target_key_id"])
    return {"id": planned["name"]}


def _read_alias(aws: Aws, state: State) -> State | None:
    for page in aws.kms.get_paginator("list_aliases").paginate():
        for alias in page["Aliases"]:
            if alias["AliasName"] == state["id"]:
                return _alias(aws, state, alias)
    return None


def _alias(aws: Aws, state: State, alias: dict[str, Any]) -> State:
    arn = f"arn:aws:kms:{aws.region}:{aws.account}:key/{alias['TargetKeyId']}"
    by_arn = str(state.get("target_key_id") or "").startswith("arn:")
    return {
        "name": alias["AliasName"],
        "arn": alias["AliasArn"],
        "target_key_arn": arn,
        "target_key_id": arn if by_arn else alias["TargetKeyId"],
    }


def _update_alias(aws: Aws, prior: State, planned: State) -> None:
    aws.kms.update_alias(AliasName=prior["id"], TargetKeyId=planned["target_key_id"])


def _delete_alias(aws: Aws, prior: State) -> None:
    aws.kms.delete_alias(AliasName=prior["id"])


def _put_key_policy(aws: Aws, planned: State) -> State:
    aws.kms.put_key_policy(KeyId=planned["key_id"], PolicyName="default", Policy=planned["policy"])
    return {"id": planned["key_id"]}


def _read_key_policy(aws: Aws, state: State) -> State | None:
    return {
        "key_id": state["id"],
        "policy": aws.kms.get_key_policy(KeyId=state["id"], PolicyName="default")["Policy"],
    }


def _reset_key_policy(aws: Aws, prior: State) -> None:
    principal = {"AWS": f"arn:aws:iam::{aws.account}:root"}
    statement = {"Effect": "Allow", "Principal": principal, "Action": "kms:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    aws.kms.put_key_policy(KeyId=prior["id"], PolicyName="default", Policy=policy)


def _create_secret(aws: Aws, planned: State) -> State:
    arn = aws.secretsmanager.create_secret(
        **given(
            Name=planned.get("name"),
            Description=planned.get("description"),
            KmsKeyId=planned.get("kms_key_id"),
            Tags=pairs(wanted_tags(planned)),
        )
    )["ARN"]
    if planned.get("policy"):
        aws.secretsmanager.put_resource_policy(SecretId=arn, ResourcePolicy=planned["policy"])
    return {"id": arn, "arn": arn}


def _read_secret(aws: Aws, state: State) -> State | None:
    found = aws.secretsmanager.describe_secret(SecretId=state["id"])
    if found.get("DeletedDate"):
        return None
    return {
        "arn": found["ARN"],
        "name": found["Name"],
        "description": found.get("Description", ""),
        "kms_key_id": found.get("KmsKeyId", ""),
        "tags_all": from_pairs(found.get("Tags")),
        "policy": aws.secretsmanager.get_resource_policy(SecretId=state["id"]).get("ResourcePolicy", ""),
    }


def _update_secret(aws: Aws, prior: State, planned: State) -> None:
    arn = prior["id"]
    if changed(prior, planned, "description", "kms_key_id"):
        aws.secretsmanager.update_secret(
            SecretId=arn,
            Description=planned.get("description") or "",
            **given(KmsKeyId=planned.get("kms_key_id")),
        )
    if changed(prior, planned, "policy"):
        if planned.get("policy"):
            aws.secretsmanager.put_resource_policy(SecretId=arn, ResourcePolicy=planned["policy"])
        else:
            aws.secretsmanager.delete_resource_policy(SecretId=arn)
    gone, new = retag(prior, planned)
    if gone:
        aws.secretsmanager.untag_resource(SecretId=arn, TagKeys=gone)
    if new:
        aws.secretsmanager.tag_resource(SecretId=arn, Tags=pairs(new))


def _delete_secret(aws: Aws, prior: State) -> None:
    window = prior.get("recovery_window_in_days")
    days = 30 if window is None else int(window)
    how = {"RecoveryWindowInDays": days} if days else {"ForceDeleteWithoutRecovery": True}
    aws.secretsmanager.delete_secret(SecretId=prior["id"], **how)


def _put_secret_policy(aws: Aws, planned: State) -> State:
    aws.secretsmanager.put_resource_policy(SecretId=planned["secret_arn"], ResourcePolicy=planned["policy"])
    return {"id": planned["secret_arn"]}


def _read_secret_policy(aws: Aws, state: State) -> State | None:
    policy = aws.secretsmanager.get_resource_policy(SecretId=state["id"]).get("ResourcePolicy")
    return {"secret_arn": state["id"], "policy": policy} if policy else None


def _update_secret_policy(aws: Aws, prior: State, planned: State) -> None:
    _put_secret_policy(aws, planned)


def _delete_secret_policy(aws: Aws, prior: State) -> None:
    aws.secretsmanager.delete_resource_policy(SecretId=prior["id"])


def _update_key_policy(aws: Aws, prior: State, planned: State) -> None:
    _put_key_policy(aws, planned)


RESOURCES = {
    "aws_kms_key": Resource(
        title="KMS Key",
        service="kms",
        create=_create_key,
        read=_read_key,
        update=_update_key,
        delete=_delete_key,
        named_by="description",
        defaults={"is_enabled": True, "key_usage": "ENCRYPT_DECRYPT", "enable_key_rotation": False},
        documents=("policy",),
    ),
    "aws_kms_alias": Resource(
        title="KMS Alias",
        service="kms",
        create=_create_alias,
        read=_read_alias,
        update=_update_alias,
        delete=_delete_alias,
    ),
    "aws_kms_key_policy": Resource(
        title="KMS Key Policy",
        service="kms",
        create=_put_key_policy,
        read=_read_key_policy,
        update=_update_key_policy,
        delete=_reset_key_policy,
        named_by="key_id",
        documents=("policy",),
    ),
    "aws_secretsmanager_secret": Resource(
        title="Secrets Manager Secret",
        service="secretsmanager",
        create=_create_secret,
        read=_read_secret,
        update=_update_secret,
        delete=_delete_secret,
        documents=("policy",),
    ),
    "aws_secretsmanager_secret_policy": Resource(
        title="Secrets Manager Secret Policy",
        service="secretsmanager",
        create=_put_secret_policy,
        read=_read_secret_policy,
        update=_update_secret_policy,
        delete=_delete_secret_policy,
        named_by="secret_arn",
        documents=("policy",),
    ),
}
