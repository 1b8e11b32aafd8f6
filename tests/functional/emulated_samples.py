"""One of each emulated type, as the modules make them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.functional.emulated_network import network

ACCOUNT = "111111111111"
Make = Callable[..., dict[str, Any]]


def everything(make: Make) -> None:
    """Each type once, in the order of their dependencies."""
    network(make, services(make))


def services(make: Make) -> dict[str, Any]:
    """Keys, buckets, identities, queues, images, alarms; gives the role."""
    k = make(
        "aws_kms_key",
        description="d",
        enable_key_rotation=True,
        deletion_window_in_days=30,
        policy=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Sid": "X",
                        "Effect": "Allow",
                        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
                        "Action": "kms:*",
                        "Resource": "*",
                    }
                ],
            }
        ),
    )
    make("aws_kms_alias", name="alias/x", target_key_id=k["key_id"])
    b = make("aws_s3_bucket", bucket="sesari-dev-state-111111111111")
    bn = b["id"]
    make("aws_s3_bucket_versioning", bucket=bn, versioning_configuration=[{"status": "Enabled", "mfa_delete": ""}])
    make(
        "aws_s3_bucket_server_side_encryption_configuration",
        bucket=bn,
        rule=[
            {
                "bucket_key_enabled": True,
                "apply_server_side_encryption_by_default": [
                    {"sse_algorithm": "aws:kms", "kms_master_key_id": k["arn"]}
                ],
            }
        ],
    )
    make(
        "aws_s3_bucket_public_access_block",
        bucket=bn,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
    )
    make("aws_s3_bucket_ownership_controls", bucket=bn, rule=[{"object_ownership": "BucketOwnerEnforced"}])
    make("aws_s3_bucket_policy", bucket=bn, policy=tls_only(b["arn"]))
    make(
        "aws_s3_bucket_lifecycle_configuration",
        bucket=bn,
        rule=[
            {
                "id": "old",
                "status": "Enabled",
                "filter": [{}],
                "noncurrent_version_expiration": [{"noncurrent_days": 365}],
                "expiration": [{"expired_object_delete_marker": True}],
                "abort_incomplete_multipart_upload": [{"days_after_initiation": 7}],
            }
        ],
    )
    make(
        "aws_iam_openid_connect_provider",
        url="https://token.actions.githubusercontent.com",
        client_id_list=["sts.amazonaws.com"],
    )
    trust = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {
                        "Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
                    },
                    "Action": "sts:AssumeRoleWithWebIdentity",
                    "Condition": {
                        "StringEquals": {
                            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
                            "token.actions.githubusercontent.com:sub": "repo:o/r:environment:dev",
                        }
                    },
                }
            ],
        }
    )
    r = make(
        "aws_iam_role",
        name="sesari-dev-deploy",
        description="x",
        assume_role_policy=trust,
        max_session_duration=3600,
        path="/",
        force_detach_policies=False,
    )
    make(
        "aws_iam_role_policy",
        name="p",
        role=r["id"],
        policy=json.dumps(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
        ),
    )
    ip = make(
        "aws_iam_policy",
        name="read",
        path="/",
        policy=json.dumps(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:*", "sqs:*"], "Resource": "*"}]}
        ),
    )
    make("aws_iam_role_policy_attachment", role=r["id"], policy_arn=ip["arn"])
    make(
        "aws_secretsmanager_secret",
        name="sesari/dev/X",
        description="d",
        kms_key_id=k["arn"],
        recovery_window_in_days=30,
        force_overwrite_replica_secret=False,
    )
    dq = make(
        "aws_sqs_queue",
        name="jobs-dead",
        message_retention_seconds=1209600,
        kms_master_key_id=k["arn"],
        visibility_timeout_seconds=30,
        max_message_size=262144,
        delay_seconds=0,
        receive_wait_time_seconds=0,
        fifo_queue=False,
        content_based_deduplication=False,
    )
    q = make(
        "aws_sqs_queue",
        name="jobs",
        visibility_timeout_seconds=120,
        message_retention_seconds=345600,
        receive_wait_time_seconds=20,
        kms_master_key_id=k["arn"],
        redrive_policy=json.dumps({"deadLetterTargetArn": dq["arn"], "maxReceiveCount": 5}),
    )
    make(
        "aws_sqs_queue_redrive_allow_policy",
        queue_url=dq["url"],
        redrive_allow_policy=json.dumps({"redrivePermission": "byQueue", "sourceQueueArns": [q["arn"]]}),
    )
    make(
        "aws_ecr_repository",
        name="sesari-dev-api",
        image_tag_mutability="IMMUTABLE",
        image_scanning_configuration=[{"scan_on_push": True}],
        encryption_configuration=[{"encryption_type": "KMS", "kms_key": k["arn"]}],
    )
    make(
        "aws_ecr_lifecycle_policy",
        repository="sesari-dev-api",
        policy=json.dumps(
            {
                "rules": [
                    {
                        "rulePriority": 1,
                        "description": "L",
                        "selection": {
                            "tagStatus": "untagged",
                            "countType": "sinceImagePushed",
                            "countUnit": "days",
                            "countNumber": 14,
                        },
                        "action": {"type": "expire"},
                    }
                ]
            }
        ),
    )
    make(
        "aws_cloudwatch_log_group",
        name="/sesari/dev/api",
        retention_in_days=365,
        kms_key_id=k["arn"],
        skip_destroy=False,
    )
    tp = make("aws_sns_topic", name="sesari-dev-alarms", kms_master_key_id=k["arn"])
    make(
        "aws_sns_topic_policy",
        arn=tp["arn"],
        policy=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Sid": "A",
                        "Effect": "Allow",
                        "Principal": {"Service": "cloudwatch.amazonaws.com"},
                        "Action": "sns:Publish",
                        "Resource": tp["arn"],
                    }
                ],
            }
        ),
    )
    make(
        "aws_sns_topic_subscription",
        topic_arn=tp["arn"],
        protocol="email",
        endpoint="a@b.c",
        raw_message_delivery=False,
        confirmation_timeout_in_minutes=1,
    )
    make(
        "aws_cloudwatch_metric_alarm",
        alarm_name="sesari-dev-x",
        alarm_description="d",
        namespace="AWS/SQS",
        metric_name="M",
        dimensions={"QueueName": "jobs"},
        statistic="Maximum",
        period=60,
        evaluation_periods=3,
        comparison_operator="GreaterThanThreshold",
        threshold=10,
        treat_missing_data="notBreaching",
        alarm_actions=[tp["arn"]],
        ok_actions=[tp["arn"]],
        actions_enabled=True,
    )
    make(
        "aws_cloudwatch_metric_alarm",
        alarm_name="sesari-dev-p95",
        namespace="AWS/X",
        metric_name="M",
        extended_statistic="p95",
        period=60,
        evaluation_periods=5,
        comparison_operator="GreaterThanThreshold",
        threshold=2,
    )
    return r


def tls_only(arn: str) -> str:
    statement = {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
