"""Which types can be made again, as data. A type in neither list is unknown, and unknown is refused, not guessed."""

from __future__ import annotations

from enum import Enum
from typing import Final

from sesari.model.stateful import STATEFUL_TYPES


class Keeping(Enum):
    """What a type keeps that an apply cannot bring back."""

    STATEFUL = "stateful"
    REPLACEABLE = "replaceable"
    UNKNOWN = "unknown"


# Everything these hold is in the configuration or is made again by the next release.
_REPLACEABLE = """
    aws_acm_certificate aws_acm_certificate_validation aws_appautoscaling_policy aws_appautoscaling_scheduled_action
    aws_appautoscaling_target aws_budgets_budget aws_cloudwatch_composite_alarm aws_cloudwatch_dashboard
    aws_cloudwatch_event_rule aws_cloudwatch_event_target aws_cloudwatch_log_metric_filter
    aws_cloudwatch_log_resource_policy aws_cloudwatch_metric_alarm aws_default_security_group aws_ecr_lifecycle_policy
    aws_ecr_registry_scanning_configuration aws_ecr_repository_policy aws_ecs_cluster aws_ecs_cluster_capacity_providers
    aws_ecs_service aws_ecs_task_definition aws_flow_log aws_iam_instance_profile aws_iam_openid_connect_provider
    aws_iam_policy aws_iam_policy_attachment aws_iam_role aws_iam_role_policies_exclusive aws_iam_role_policy
    aws_iam_role_policy_attachment aws_iam_role_policy_attachments_exclusive aws_iam_service_linked_role
    aws_internet_gateway aws_kms_alias aws_kms_grant aws_kms_key_policy aws_lb aws_lb_listener aws_lb_listener_rule
    aws_lb_target_group aws_nat_gateway aws_network_acl aws_route aws_route53_record aws_route_table
    aws_route_table_association aws_s3_bucket_lifecycle_configuration aws_s3_bucket_logging aws_s3_bucket_notification
    aws_s3_bucket_ownership_controls aws_s3_bucket_policy aws_s3_bucket_public_access_block
    aws_s3_bucket_server_side_encryption_configuration aws_s3_bucket_versioning aws_secretsmanager_secret_policy
    aws_secretsmanager_secret_rotation aws_security_group aws_security_group_rule aws_sns_topic aws_sns_topic_policy
    aws_sns_topic_subscription aws_sqs_queue_policy aws_sqs_queue_redrive_allow_policy aws_sqs_queue_redrive_policy
    aws_subnet aws_vpc aws_vpc_endpoint aws_vpc_endpoint_policy aws_vpc_security_group_egress_rule
    aws_vpc_security_group_ingress_rule supabase_settings terraform_data vercel_custom_environment vercel_dns_record
    vercel_project_deployment_retention vercel_project_domain vercel_project_environment_variable
    vercel_project_environment_variables vercel_project_protection_bypass vercel_shared_environment_variable
    vercel_webhook
"""
REPLACEABLE_TYPES: Final[frozenset[str]] = frozenset(_REPLACEABLE.split())


def keeping(type: str) -> Keeping:
    """How a Terraform type is to be treated when it is deleted or replaced."""
    if type in STATEFUL_TYPES:
        return Keeping.STATEFUL
    return Keeping.REPLACEABLE if type in REPLACEABLE_TYPES else Keeping.UNKNOWN
