"""Application load balancers and target groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sesari.rehearsal.aws.resource import Aws, Resource
from sesari.rehearsal.aws.state import State, changed, from_pairs, given, pairs, retag, wanted_tags

# Terraform attribute, attribute of the API, type, the cloud's own value.
_Fields = tuple[tuple[str, str, type, Any], ...]
_BALANCER_FIELDS: _Fields = (
    ("client_keep_alive", "client_keep_alive.seconds", int, 3600),
    ("desync_mitigation_mode", "routing.http.desync_mitigation_mode", str, "defensive"),
    ("drop_invalid_header_fields", "routing.http.drop_invalid_header_fields.enabled", bool, False),
    ("enable_deletion_protection", "deletion_protection.enabled", bool, False),
    ("enable_http2", "routing.http2.enabled", bool, True),
    ("idle_timeout", "idle_timeout.timeout_seconds", int, 60),
    ("preserve_host_header", "routing.http.preserve_host_header.enabled", bool, False),
)
_GROUP_FIELDS: _Fields = (
    ("deregistration_delay", "deregistration_delay.timeout_seconds", str, "300"),
    ("slow_start", "slow_start.duration_seconds", int, 0),
    ("load_balancing_algorithm_type", "load_balancing.algorithm.type", str, "round_robin"),
)


def _out(planned: State, fields: _Fields) -> list[dict[str, str]]:
    """The attributes that differ from what the cloud does by itself."""
    return [
        {"Key": key, "Value": str(planned[ours]).lower() if kind is bool else str(kind(planned[ours]))}
        for ours, key, kind, default in fields
        if planned.get(ours) is not None and kind(planned[ours]) != default
    ]


def _in(attributes: list[dict[str, str]], fields: _Fields) -> State:
    held = {one["Key"]: one["Value"] for one in attributes}
    return {
        ours: default if key not in held else (held[key] == "true" if kind is bool else kind(held[key]))
        for ours, key, kind, default in fields
    }


def _all(planned: State, fields: _Fields) -> list[dict[str, str]]:
    """Every attribute, for an update: the defaults too, as they may undo something."""
    whole = {ours: default if planned.get(ours) is None else planned[ours] for ours, _, _, default in fields}
    return [
        {"Key": key, "Value": str(whole[ours]).lower() if kind is bool else str(kind(whole[ours]))}
        for ours, key, kind, _ in fields
    ]


def retag_balancing(aws: Aws, prior: State, planned: State) -> None:
    gone, new = retag(prior, planned)
    if gone:
        aws.elbv2.remove_tags(ResourceArns=[prior["id"]], TagKeys=gone)
    if new:
        aws.elbv2.add_tags(ResourceArns=[prior["id"]], Tags=pairs(new))


def tags_balancing(aws: Aws, arn: str) -> dict[str, str]:
    found = aws.elbv2.describe_tags(ResourceArns=[arn])["TagDescriptions"]
    return from_pairs(found[0].get("Tags")) if found else {}


def _create_balancer(aws: Aws, planned: State) -> State:
    arn = aws.elbv2.create_load_balancer(
        Name=planned["name"],
        Scheme="internal" if planned.get("internal") else "internet-facing",
        Type=planned.get("load_balancer_type") or "application",
        **given(
            Subnets=planned.get("subnets"),
            SecurityGroups=planned.get("security_groups"),
            IpAddressType=planned.get("ip_address_type"),
            Tags=pairs(wanted_tags(planned)),
        ),
    )["LoadBalancers"][0]["LoadBalancerArn"]
    if attributes := _out(planned, _BALANCER_FIELDS):
        aws.elbv2.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=attributes)
    return {"id": arn, "internal": bool(planned.get("internal"))}


def _read_balancer(aws: Aws, state: State) -> State | None:
    arn = state["id"]
    found = aws.elbv2.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"]
    if not found:
        return None
    balancer = found[0]
    zones = [zone["SubnetId"] for zone in balancer.get("AvailabilityZones", []) if zone.get("SubnetId")]
    held = aws.elbv2.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
    return {
        **_in(held, _BALANCER_FIELDS),
        "arn": arn,
        "arn_suffix": arn.partition(":loadbalancer/")[2],
        "name": balancer["LoadBalancerName"],
        "name_prefix": "",
        "dns_name": balancer["DNSName"],
        "zone_id": balancer.get("CanonicalHostedZoneId", ""),
        "vpc_id": balancer.get("VpcId", ""),
        "internal": balancer.get("Scheme") == "internal",
        "ip_address_type": balancer.get("IpAddressType", "ipv4"),
        "load_balancer_type": balancer.get("Type", "application"),
        "security_groups": balancer.get("SecurityGroups", []),
        "subnets": zones,
        "subnet_mapping": [{"subnet_id": subnet, "outpost_id": ""} for subnet in zones],
        "enforce_security_group_inbound_rules_on_private_link_traffic": "",
        "tags_all": tags_balancing(aws, arn),
    }


def _update_balancer(aws: Aws, prior: State, planned: State) -> None:
    arn = prior["id"]
    if changed(prior, planned, *(ours for ours, _, _, _ in _BALANCER_FIELDS)):
        attributes = _all(planned, _BALANCER_FIELDS)
        aws.elbv2.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=attributes)
    if changed(prior, planned, "security_groups") and planned.get("security_groups"):
        aws.elbv2.set_security_groups(LoadBalancerArn=arn, SecurityGroups=planned["security_groups"])
    if changed(prior, planned, "subnets") and planned.get("subnets"):
        aws.elbv2.set_subnets(LoadBalancerArn=arn, Subnets=planned["subnets"])
    retag_balancing(aws, prior, planned)


def _delete_balancer(aws: Aws, prior: State) -> None:
    aws.elbv2.delete_load_balancer(LoadBalancerArn=prior["id"])


def _health(planned: State) -> dict[str, Any]:
    for check in planned.get("health_check") or []:
        return given(
            HealthCheckEnabled=check.get("enabled"),
            HealthCheckPath=check.get("path"),
            HealthCheckPort=check.get("port"),
            HealthCheckProtocol=check.get("protocol"),
            HealthCheckIntervalSeconds=check.get("interval"),
            HealthCheckTimeoutSeconds=check.get("timeout"),
            HealthyThresholdCount=check.get("healthy_threshold"),
            UnhealthyThresholdCount=check.get("unhealthy_threshold"),
            Matcher=given(HttpCode=check.get("matcher")),
        )
    return {}


def _create_group(aws: Aws, planned: State) -> State:
    made = aws.elbv2.create_target_group(
        Name=planned["name"],
        **given(
            Protocol=planned.get("protocol"),
            ProtocolVersion=planned.get("protocol_version"),
            Port=planned.get("port"),
            VpcId=planned.get("vpc_id"),
            TargetType=planned.get("target_type"),
            IpAddressType=planned.get("ip_address_type"),
            Tags=pairs(wanted_tags(planned)),
        ),
        **_health(planned),
    )["TargetGroups"][0]["TargetGroupArn"]
    if attributes := _out(planned, _GROUP_FIELDS):
        aws.elbv2.modify_target_group_attributes(TargetGroupArn=made, Attributes=attributes)
    return {"id": made, "load_balancer_arns": [], **dict.fromkeys(("connection_termination", "preserve_client_ip"))}


def _read_group(aws: Aws, state: State) -> State | None:
    arn = state["id"]
    found = aws.elbv2.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"]
    if not found:
        return None
    group = found[0]
    held = aws.elbv2.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"]
    return {
        **_in(held, _GROUP_FIELDS),
        "arn": arn,
        "arn_suffix": arn.rpartition(":")[2],
        "name": group["TargetGroupName"],
        "name_prefix": "",
        "port": group.get("Port"),
        "protocol": group.get("Protocol"),
        "protocol_version": group.get("ProtocolVersion") or "HTTP1",
        "target_type": group.get("TargetType", "instance"),
        "ip_address_type": group.get("IpAddressType") or "ipv4",
        "vpc_id": group.get("VpcId"),
        "health_check": [_health_in(group)],
        "tags_all": tags_balancing(aws, arn),
    }


def _health_in(group: Mapping[str, Any]) -> State:
    return {
        "enabled": group.get("HealthCheckEnabled", True),
        "path": group.get("HealthCheckPath", "/"),
        "port": str(group.get("HealthCheckPort", "traffic-port")),
        "protocol": group.get("HealthCheckProtocol", "HTTP"),
        "interval": group.get("HealthCheckIntervalSeconds", 30),
        "timeout": group.get("HealthCheckTimeoutSeconds", 5),
        "healthy_threshold": group.get("HealthyThresholdCount", 3),
        "unhealthy_threshold": group.get("UnhealthyThresholdCount", 3),
        "matcher": group.get("Matcher", {}).get("HttpCode", "200"),
    }


def _update_group(aws: Aws, prior: State, planned: State) -> None:
    arn = prior["id"]
    if changed(prior, planned, "health_check"):
        aws.elbv2.modify_target_group(TargetGroupArn=arn, **_health(planned))
    if changed(prior, planned, *(ours for ours, _, _, _ in _GROUP_FIELDS)):
        aws.elbv2.modify_target_group_attributes(TargetGroupArn=arn, Attributes=_all(planned, _GROUP_FIELDS))
    retag_balancing(aws, prior, planned)


def _delete_group(aws: Aws, prior: State) -> None:
    aws.elbv2.delete_target_group(TargetGroupArn=prior["id"])


RESOURCES = {
    "aws_lb": Resource(
        title="ELBv2 Load Balancer",
        service="elbv2",
        create=_create_balancer,
        read=_read_balancer,
        update=_update_balancer,
        delete=_delete_balancer,
        defaults={ours: default for ours, _, _, default in _BALANCER_FIELDS},
    ),
    "aws_lb_target_group": Resource(
        title="ELBv2 Target Group",
        service="elbv2",
        create=_create_group,
        read=_read_group,
        update=_update_group,
        delete=_delete_group,
        defaults={**{ours: default for ours, _, _, default in _GROUP_FIELDS}, "target_type": "instance"},
    ),
}
