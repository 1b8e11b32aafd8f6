"""S3 buckets and their sub-resources."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sesari.rehearsal.aws.resource import Aws, Resource
from sesari.rehearsal.aws.state import State, from_pairs, pairs, wanted_tags


def _create_bucket(aws: Aws, planned: State) -> State:
    name = planned["bucket"]
    where = {} if aws.region == "us-east-1" else {"LocationConstraint": aws.region}
    lock = {"ObjectLockEnabledForBucket": True} if planned.get("object_lock_enabled") else {}
    aws.s3.create_bucket(Bucket=name, **({"CreateBucketConfiguration": where} if where else {}), **lock)
    if tags := wanted_tags(planned):
        aws.s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": pairs(tags)})
    return {"id": name, "acl": None, "policy": "", "request_payer": "BucketOwner", "acceleration_status": ""}


def _read_bucket(aws: Aws, state: State) -> State | None:
    name = state["id"]
    aws.s3.head_bucket(Bucket=name)
    return {
        "bucket": name,
        "bucket_prefix": "",
        "arn": f"arn:aws:s3:::{name}",
        "bucket_domain_name": f"{name}.s3.amazonaws.com",
        "bucket_regional_domain_name": f"{name}.s3.{aws.region}.amazonaws.com",
        "hosted_zone_id": "Z3AQBSTGFYJSTF",
        "region": aws.region,
        "object_lock_enabled": bool(state.get("object_lock_enabled")),
        "tags_all": _tags(aws, name),
    }


def _tags(aws: Aws, bucket: str) -> dict[str, str]:
    try:
        return from_pairs(aws.s3.get_bucket_tagging(Bucket=bucket)["TagSet"])
    except aws.s3.exceptions.ClientError as problem:
        if problem.response["Error"]["Code"] != "NoSuchTagSet":
            raise
        return {}


def _update_bucket(aws: Aws, prior: State, planned: State) -> None:
    if wanted_tags(prior) != wanted_tags(planned):
        if tags := wanted_tags(planned):
            aws.s3.put_bucket_tagging(Bucket=prior["id"], Tagging={"TagSet": pairs(tags)})
        else:
            aws.s3.delete_bucket_tagging(Bucket=prior["id"])


def _delete_bucket(aws: Aws, prior: State) -> None:
    if prior.get("force_destroy"):
        for page in aws.s3.get_paginator("list_object_versions").paginate(Bucket=prior["id"]):
            for entry in page.get("Versions", []) + page.get("DeleteMarkers", []):
                aws.s3.delete_object(Bucket=prior["id"], Key=entry["Key"], VersionId=entry["VersionId"])
    aws.s3.delete_bucket(Bucket=prior["id"])


Put = Callable[[Aws, str, State], None]
Get = Callable[[Aws, str], State | None]


def _part(title: str, put: Put, get: Get, remove: Callable[[Aws, str], None], **more: Any) -> Resource:
    """A sub-resource: one configuration of one bucket, put whole, read whole."""

    def create(aws: Aws, planned: State) -> State:
        put(aws, planned["bucket"], planned)
        return {"id": planned["bucket"]}

    def read(aws: Aws, state: State) -> State | None:
        seen = get(aws, state["id"])
        return None if seen is None else {"bucket": state["id"], **seen}

    def update(aws: Aws, prior: State, planned: State) -> None:
        put(aws, planned["bucket"], planned)

    def delete(aws: Aws, prior: State) -> None:
        remove(aws, prior["id"])

    return Resource(
        title=title,
        service="s3",
        create=create,
        read=read,
        update=update,
        delete=delete,
        named_by="bucket",
        **more,
    )


def _put_versioning(aws: Aws, bucket: str, planned: State) -> None:
    wanted = planned["versioning_configuration"][0]
    if wanted["status"] != "Disabled":
        aws.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": wanted["status"]})


def _get_versioning(aws: Aws, bucket: str) -> State:
    status = aws.s3.get_bucket_versioning(Bucket=bucket).get("Status", "Disabled")
    return {"versioning_configuration": [{"status": status, "mfa_delete": ""}]}


def _suspend_versioning(aws: Aws, bucket: str) -> None:
    aws.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})


def _put_encryption(aws: Aws, bucket: str, planned: State) -> None:
    rules = []
    for rule in planned["rule"]:
        entry: dict[str, Any] = {"BucketKeyEnabled": bool(rule.get("bucket_key_enabled"))}
        for wanted in rule.get("apply_server_side_encryption_by_default") or []:
            default = {"SSEAlgorithm": wanted["sse_algorithm"]}
            if wanted.get("kms_master_key_id"):
                default["KMSMasterKeyID"] = wanted["kms_master_key_id"]
            entry["ApplyServerSideEncryptionByDefault"] = default
        rules.append(entry)
    aws.s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": rules})


def _get_encryption(aws: Aws, bucket: str) -> State:
    held = aws.s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    rules = []
    for rule in held:
        default = rule.get("ApplyServerSideEncryptionByDefault", {})
        by_default = {
            "sse_algorithm": default.get("SSEAlgorithm"),
            "kms_master_key_id": default.get("KMSMasterKeyID", ""),
        }
        rules.append(
            {
                "bucket_key_enabled": rule.get("BucketKeyEnabled", False),
                "apply_server_side_encryption_by_default": [by_default] if default else [],
            }
        )
    return {"rule": rules}


def _delete_encryption(aws: Aws, bucket: str) -> None:
    aws.s3.delete_bucket_encryption(Bucket=bucket)


_BLOCKS = (
    ("block_public_acls", "BlockPublicAcls"),
    ("block_public_policy", "BlockPublicPolicy"),
    ("ignore_public_acls", "IgnorePublicAcls"),
    ("restrict_public_buckets", "RestrictPublicBuckets"),
)


def _put_access_block(aws: Aws, bucket: str, planned: State) -> None:
    wanted = {key: bool(planned.get(ours)) for ours, key in _BLOCKS}
    aws.s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=wanted)


def _get_access_block(aws: Aws, bucket: str) -> State:
    held = aws.s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    return {ours: held.get(key, False) for ours, key in _BLOCKS}


def _delete_access_block(aws: Aws, bucket: str) -> None:
    aws.s3.delete_public_access_block(Bucket=bucket)


def _put_policy(aws: Aws, bucket: str, planned: State) -> None:
    aws.s3.put_bucket_policy(Bucket=bucket, Policy=planned["policy"])


def _get_policy(aws: Aws, bucket: str) -> State:
    return {"policy": aws.s3.get_bucket_policy(Bucket=bucket)["Policy"]}


def _delete_policy(aws: Aws, bucket: str) -> None:
    aws.s3.delete_bucket_policy(Bucket=bucket)


def _put_ownership(aws: Aws, bucket: str, planned: State) -> None:
    rules = [{"ObjectOwnership": rule["object_ownership"]} for rule in planned["rule"]]
    aws.s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls={"Rules": rules})


def _get_ownership(aws: Aws, bucket: str) -> State:
    held = aws.s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    return {"rule": [{"object_ownership": rule["ObjectOwnership"]} for rule in held]}


def _delete_ownership(aws: Aws, bucket: str) -> None:
    aws.s3.delete_bucket_ownership_controls(Bucket=bucket)


def _put_lifecycle(aws: Aws, bucket: str, planned: State) -> None:
    rules = [_rule_out(rule) for rule in planned["rule"]]
    aws.s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})


def _rule_out(rule: State) -> dict[str, Any]:
    out: dict[str, Any] = {"ID": rule["id"], "Status": rule["status"], "Filter": {"Prefix": _prefix(rule)}}
    for expiration in rule.get("expiration") or []:
        marker = expiration.get("expired_object_delete_marker")
        days = expiration.get("days")
        out["Expiration"] = {"ExpiredObjectDeleteMarker": True} if marker else {"Days": int(days or 0)}
    for noncurrent in rule.get("noncurrent_version_expiration") or []:
        out["NoncurrentVersionExpiration"] = {"NoncurrentDays": int(noncurrent["noncurrent_days"])}
        if newer := noncurrent.get("newer_noncurrent_versions"):
            out["NoncurrentVersionExpiration"]["NewerNoncurrentVersions"] = int(newer)
    for abort in rule.get("abort_incomplete_multipart_upload") or []:
        out["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": int(abort["days_after_initiation"])}
    return out


def _prefix(rule: State) -> str:
    filters = rule.get("filter") or []
    return str((filters[0].get("prefix") if filters else rule.get("prefix")) or "")


def _get_lifecycle(aws: Aws, bucket: str) -> State:
    held = aws.s3.get_bucket_lifecycle_configuration(Bucket=bucket)
    size = held.get("TransitionDefaultMinimumObjectSize", "all_storage_classes_128K")
    rules = [_rule_in(rule) for rule in held["Rules"]]
    return {"rule": rules, "transition_default_minimum_object_size": size, "expected_bucket_owner": ""}


def _rule_in(rule: dict[str, Any]) -> State:
    seen: State = {"id": rule["ID"], "status": rule["Status"], "prefix": "", "filter": [_filter_in(rule)]}
    expiration = rule.get("Expiration")
    seen["expiration"] = (
        []
        if expiration is None
        else [
            {
                "days": expiration.get("Days", 0),
                "expired_object_delete_marker": expiration.get("ExpiredObjectDeleteMarker", False),
            }
        ]
    )
    noncurrent = rule.get("NoncurrentVersionExpiration")
    seen["noncurrent_version_expiration"] = (
        []
        if noncurrent is None
        else [
            {
                "noncurrent_days": noncurrent["NoncurrentDays"],
                "newer_noncurrent_versions": noncurrent.get("NewerNoncurrentVersions"),
            }
        ]
    )
    abort = rule.get("AbortIncompleteMultipartUpload")
    seen["abort_incomplete_multipart_upload"] = (
        [] if abort is None else [{"days_after_initiation": abort["DaysAfterInitiation"]}]
    )
    return seen


def _filter_in(rule: dict[str, Any]) -> State:
    prefix = rule.get("Filter", {}).get("Prefix") or rule.get("Prefix") or ""
    return {"prefix": prefix, "object_size_greater_than": None, "object_size_less_than": None}


def _delete_lifecycle(aws: Aws, bucket: str) -> None:
    aws.s3.delete_bucket_lifecycle(Bucket=bucket)


RESOURCES = {
    "aws_s3_bucket": Resource(
        title="S3 Bucket",
        service="s3",
        create=_create_bucket,
        read=_read_bucket,
        update=_update_bucket,
        delete=_delete_bucket,
        named_by="bucket",
    ),
    "aws_s3_bucket_versioning": _part("S3 Bucket Versioning", _put_versioning, _get_versioning, _suspend_versioning),
    "aws_s3_bucket_server_side_encryption_configuration": _part(
        "S3 Bucket Server-side Encryption Configuration", _put_encryption, _get_encryption, _delete_encryption
    ),
    "aws_s3_bucket_public_access_block": _part(
        "S3 Bucket Public Access Block", _put_access_block, _get_access_block, _delete_access_block
    ),
    "aws_s3_bucket_policy": _part("S3 Bucket Policy", _put_policy, _get_policy, _delete_policy, documents=("policy",)),
    "aws_s3_bucket_ownership_controls": _part(
        "S3 Bucket Ownership Controls", _put_ownership, _get_ownership, _delete_ownership
    ),
    "aws_s3_bucket_lifecycle_configuration": _part(
        "S3 Bucket Lifecycle Configuration", _put_lifecycle, _get_lifecycle, _delete_lifecycle
    ),
}
