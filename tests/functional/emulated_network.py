"""One of each emulated type of a network with a load balancer and services in it, as the modules make them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Make = Callable[..., dict[str, Any]]


def network(make: Make, r: dict[str, Any]) -> None:
    """A network with a load balancer and services in it."""
    v = make(
        "aws_vpc",
        cidr_block="10.10.0.0/16",
        enable_dns_support=True,
        enable_dns_hostnames=True,
        tags={"Name": "n"},
        instance_tenancy="default",
    )
    make("aws_default_security_group", vpc_id=v["id"], tags={"Name": "closed"}, revoke_rules_on_delete=False)
    ig = make("aws_internet_gateway", vpc_id=v["id"])
    s1 = make(
        "aws_subnet",
        vpc_id=v["id"],
        availability_zone="us-east-1a",
        cidr_block="10.10.0.0/20",
        map_public_ip_on_launch=False,
    )
    s2 = make(
        "aws_subnet",
        vpc_id=v["id"],
        availability_zone="us-east-1b",
        cidr_block="10.10.16.0/20",
        map_public_ip_on_launch=False,
    )
    rt = make("aws_route_table", vpc_id=v["id"], tags={"Name": "pub"})
    make("aws_route", route_table_id=rt["id"], destination_cidr_block="0.0.0.0/0", gateway_id=ig["id"])
    make("aws_route_table_association", subnet_id=s1["id"], route_table_id=rt["id"])
    ei = make("aws_eip", domain="vpc", tags={"Name": "nat"})
    make("aws_nat_gateway", allocation_id=ei["id"], subnet_id=s1["id"], connectivity_type="public")
    make(
        "aws_vpc_endpoint",
        vpc_id=v["id"],
        service_name="com.amazonaws.us-east-1.s3",
        vpc_endpoint_type="Gateway",
        route_table_ids=[rt["id"]],
    )
    sg = make(
        "aws_security_group",
        name="task",
        description="Tasks",
        vpc_id=v["id"],
        tags={"Name": "t"},
        revoke_rules_on_delete=False,
    )
    sg2 = make("aws_security_group", name="bal", description="Tasks", vpc_id=v["id"])
    make(
        "aws_vpc_security_group_ingress_rule",
        security_group_id=sg["id"],
        description="From",
        referenced_security_group_id=sg2["id"],
        ip_protocol="tcp",
        from_port=8080,
        to_port=8080,
    )
    make(
        "aws_vpc_security_group_ingress_rule",
        security_group_id=sg2["id"],
        description="HTTP from",
        cidr_ipv4="0.0.0.0/0",
        ip_protocol="tcp",
        from_port=80,
        to_port=80,
    )
    make(
        "aws_vpc_security_group_egress_rule",
        security_group_id=sg["id"],
        description="To",
        cidr_ipv4="0.0.0.0/0",
        ip_protocol="-1",
    )
    make(
        "aws_security_group",
        name="inline",
        description="Tasks",
        vpc_id=v["id"],
        ingress=[
            {
                "cidr_blocks": ["10.0.0.0/8"],
                "from_port": 80,
                "to_port": 80,
                "protocol": "tcp",
                "description": "",
                "ipv6_cidr_blocks": [],
                "prefix_list_ids": [],
                "security_groups": [],
                "self": False,
            }
        ],
        egress=[
            {
                "cidr_blocks": ["0.0.0.0/0"],
                "from_port": 0,
                "to_port": 0,
                "protocol": "-1",
                "description": "",
                "ipv6_cidr_blocks": [],
                "prefix_list_ids": [],
                "security_groups": [],
                "self": False,
            }
        ],
    )
    lb = make(
        "aws_lb",
        name="sesari-dev-api",
        load_balancer_type="application",
        subnets=[s1["id"], s2["id"]],
        security_groups=[sg2["id"]],
        drop_invalid_header_fields=True,
        enable_deletion_protection=False,
        idle_timeout=60,
        enable_http2=True,
    )
    tg = make(
        "aws_lb_target_group",
        name="sesari-dev-api-8080",
        vpc_id=v["id"],
        target_type="ip",
        protocol="HTTP",
        port=8080,
        deregistration_delay="30",
        health_check=[
            {
                "path": "/healthz",
                "matcher": "200",
                "interval": 15,
                "timeout": 5,
                "healthy_threshold": 2,
                "unhealthy_threshold": 3,
                "enabled": True,
                "port": "traffic-port",
                "protocol": "HTTP",
            }
        ],
    )
    ce = make("aws_acm_certificate", domain_name="api.example.com", validation_method="DNS")
    make(
        "aws_lb_listener",
        load_balancer_arn=lb["arn"],
        port=443,
        protocol="HTTPS",
        ssl_policy="ELBSecurityPolicy-TLS13-1-2-2021-06",
        certificate_arn=ce["arn"],
        default_action=[{"type": "forward", "target_group_arn": tg["arn"]}],
    )
    make(
        "aws_lb_listener",
        load_balancer_arn=lb["arn"],
        port=80,
        protocol="HTTP",
        default_action=[
            {"type": "redirect", "redirect": [{"port": "443", "protocol": "HTTPS", "status_code": "HTTP_301"}]}
        ],
    )
    cl = make("aws_ecs_cluster", name="sesari-dev", setting=[{"name": "containerInsights", "value": "enabled"}])
    make(
        "aws_ecs_cluster_capacity_providers",
        cluster_name="sesari-dev",
        capacity_providers=["FARGATE", "FARGATE_SPOT"],
        default_capacity_provider_strategy=[{"capacity_provider": "FARGATE", "base": 0, "weight": 1}],
    )
    td = make(
        "aws_ecs_task_definition",
        family="sesari-dev-api",
        requires_compatibilities=["FARGATE"],
        network_mode="awsvpc",
        cpu="256",
        memory="512",
        task_role_arn=r["arn"],
        execution_role_arn=r["arn"],
        runtime_platform=[{"operating_system_family": "LINUX", "cpu_architecture": "X86_64"}],
        container_definitions=json.dumps(
            [
                {
                    "name": "api",
                    "image": "x:first",
                    "essential": True,
                    "portMappings": [{"containerPort": 8080, "hostPort": 8080, "protocol": "tcp"}],
                    "environment": [{"name": "A", "value": "b"}],
                    "secrets": [],
                    "stopTimeout": 30,
                    "logConfiguration": {
                        "logDriver": "awslogs",
                        "options": {
                            "awslogs-group": "/x",
                            "awslogs-region": "us-east-1",
                            "awslogs-stream-prefix": "api",
                        },
                    },
                }
            ]
        ),
    )
    make(
        "aws_ecs_service",
        name="sesari-dev-api",
        cluster=cl["arn"],
        task_definition=td["arn"],
        desired_count=1,
        launch_type="FARGATE",
        deployment_minimum_healthy_percent=100,
        deployment_maximum_percent=200,
        health_check_grace_period_seconds=60,
        enable_ecs_managed_tags=True,
        propagate_tags="SERVICE",
        deployment_circuit_breaker=[{"enable": True, "rollback": True}],
        network_configuration=[
            {"subnets": [s1["id"], s2["id"]], "security_groups": [sg["id"]], "assign_public_ip": False}
        ],
        load_balancer=[{"target_group_arn": tg["arn"], "container_name": "api", "container_port": 8080}],
    )
    make(
        "aws_ecs_service",
        name="sesari-dev-worker",
        cluster=cl["arn"],
        task_definition=td["arn"],
        desired_count=0,
        enable_ecs_managed_tags=True,
        propagate_tags="SERVICE",
        force_new_deployment=True,
        capacity_provider_strategy=[
            {"capacity_provider": "FARGATE", "base": 1, "weight": 20},
            {"capacity_provider": "FARGATE_SPOT", "base": 0, "weight": 80},
        ],
        deployment_circuit_breaker=[{"enable": True, "rollback": True}],
        network_configuration=[
            {"subnets": [s1["id"], s2["id"]], "security_groups": [sg["id"]], "assign_public_ip": True}
        ],
    )
