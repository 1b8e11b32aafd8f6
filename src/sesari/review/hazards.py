"""Which types and attributes hurt when they change. Data only; what holds data is `model.stateful`."""

from __future__ import annotations

from typing import Final

OUTAGE_TYPES: Final[frozenset[str]] = frozenset(
    {
        "aws_acm_certificate",
        "aws_alb",
        "aws_alb_listener",
        "aws_alb_target_group",
        "aws_autoscaling_group",
        "aws_cloudfront_distribution",
        "aws_ecs_capacity_provider",
        "aws_ecs_cluster",
        "aws_ecs_service",
        "aws_iam_role",
        "aws_instance",
        "aws_internet_gateway",
        "aws_lambda_function",
        "aws_lb",
        "aws_lb_listener",
        "aws_lb_listener_certificate",
        "aws_lb_listener_rule",
        "aws_lb_target_group",
        "aws_nat_gateway",
        "aws_route",
        "aws_route53_record",
        "aws_route_table",
        "aws_route_table_association",
        "aws_security_group",
        "aws_subnet",
        "aws_vpc",
        "aws_vpc_endpoint",
        "aws_vpc_ipv4_cidr_block_association",
        "supabase_settings",
        "vercel_custom_environment",
        "vercel_deployment",
        "vercel_project_domain",
    }
)
"""Deleting or replacing one of these interrupts somebody: traffic, a service, the network below it."""

POLICY_ATTRIBUTES: Final[frozenset[str]] = frozenset(
    {"access_policy", "assume_role_policy", "inline_policy", "key_policy", "policy", "resource_policy"}
)
"""Attributes that hold an IAM policy document as JSON text."""

GUARDS: Final[frozenset[str]] = frozenset(
    {"deletion_protection", "deletion_protection_enabled", "enable_deletion_protection", "termination_protection"}
)
"""Guards against deletion: turning one off clears the way for losing data."""

DOORS: Final[frozenset[str]] = frozenset(
    {"force_delete", "force_destroy", "force_overwrite_replica_secret", "skip_final_snapshot"}
)
"""Turning one of these on lets a deletion take the data along."""

SHIELDS: Final[frozenset[str]] = frozenset(
    {"block_public_acls", "block_public_policy", "ignore_public_acls", "internal", "restrict_public_buckets"}
)
"""Attributes that keep the public out while they are true."""

EXPOSURES: Final[frozenset[str]] = frozenset(
    {"assign_public_ip", "associate_public_ip_address", "map_public_ip_on_launch", "publicly_accessible"}
)
"""Attributes that let the public in while they are true."""
