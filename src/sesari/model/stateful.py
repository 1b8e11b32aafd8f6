"""Which Terraform types hold what cannot be made again: data, keys, addresses that others remember.

Deleting or replacing one of these loses something that no apply brings back. The review shows such a change
first; admission refuses it in a protected environment unless the deployed manifest allows it.
"""

from __future__ import annotations

from typing import Final

STATEFUL_TYPES: Final[frozenset[str]] = frozenset(
    {
        # Data at rest.
        "aws_backup_vault",
        "aws_cloudwatch_log_group",
        "aws_db_instance",
        "aws_docdb_cluster",
        "aws_dynamodb_table",
        "aws_ebs_volume",
        "aws_ecr_repository",
        "aws_efs_file_system",
        "aws_elasticache_cluster",
        "aws_elasticache_replication_group",
        "aws_kinesis_stream",
        "aws_neptune_cluster",
        "aws_opensearch_domain",
        "aws_rds_cluster",
        "aws_redshift_cluster",
        "aws_s3_bucket",
        "aws_sqs_queue",
        "supabase_branch",
        "supabase_project",
        "vercel_project",
        # Keys and secrets: without the key, what it encrypted is gone too.
        "aws_kms_key",
        "aws_secretsmanager_secret",
        "aws_secretsmanager_secret_version",
        "aws_ssm_parameter",
        # Names that others remember.
        "aws_cognito_user_pool",
        "aws_eip",
        "aws_route53_zone",
    }
)
