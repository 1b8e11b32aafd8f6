"""EC2: VPCs and subnets; what the other EC2 types share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sesari.rehearsal.aws.resource import Aws, Resource
from sesari.rehearsal.aws.state import State, changed, from_pairs, given, pairs, retag, wanted_tags


def tagged(kind: str, planned: State) -> dict[str, Any]:
    """The parameter that tags something while it is created."""
    tags = wanted_tags(planned)
    return {"TagSpecifications": [{"ResourceType": kind, "Tags": pairs(tags)}]} if tags else {}


def update_tags(aws: Aws, prior: State, planned: State) -> None:
    gone, new = retag(prior, planned)
    if gone:
        aws.ec2.delete_tags(Resources=[prior["id"]], Tags=[{"Key": name} for name in gone])
    if new:
        aws.ec2.create_tags(Resources=[prior["id"]], Tags=pairs(new))


def arn(aws: Aws, kind: str, identifier: str) -> str:
    return f"arn:aws:ec2:{aws.region}:{aws.account}:{kind}/{identifier}"


def first(answer: dict[str, Any], key: str) -> dict[str, Any] | None:
    found: list[dict[str, Any]] = answer.get(key, [])
    return found[0] if found else None


def by_id_only(delete: str, parameter: str) -> Callable[[Aws, State], None]:
    """A delete that takes nothing but the id."""

    def run(aws: Aws, prior: State) -> None:
        getattr(aws.ec2, delete)(**{parameter: prior["id"]})

    return run


def _create_vpc(aws: Aws, planned: State) -> State:
    vpc = aws.ec2.create_vpc(CidrBlock=planned["cidr_block"], **tagged("vpc", planned))["Vpc"]["VpcId"]
    if planned.get("enable_dns_hostnames"):
        aws.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    if planned.get("enable_dns_support") is False:
        aws.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsSupport={"Value": False})
    return {"id": vpc, **dict.fromkeys(("ipv6_association_id", "ipv6_cidr_block"), "")}


def _read_vpc(aws: Aws, state: State) -> State | None:
    vpc = state["id"]
    found = first(aws.ec2.describe_vpcs(VpcIds=[vpc]), "Vpcs")
    if found is None:
        return None
    hostnames = aws.ec2.describe_vpc_attribute(VpcId=vpc, Attribute="enableDnsHostnames")
    support = aws.ec2.describe_vpc_attribute(VpcId=vpc, Attribute="enableDnsSupport")
    of_vpc = [{"Name": "vpc-id", "Values": [vpc]}]
    main = _main_table(aws.ec2.describe_route_tables(Filters=of_vpc)["RouteTables"])
    acl = first(aws.ec2.describe_network_acls(Filters=of_vpc), "NetworkAcls") or {}
    group = first(
        aws.ec2.describe_security_groups(Filters=[*of_vpc, {"Name": "group-name", "Values": ["default"]}]),
        "SecurityGroups",
    )
    return {
        "arn": arn(aws, "vpc", vpc),
        "cidr_block": found["CidrBlock"],
        "instance_tenancy": found.get("InstanceTenancy", "default"),
        "dhcp_options_id": found.get("DhcpOptionsId", ""),
        "owner_id": found.get("OwnerId", aws.account),
        "enable_dns_hostnames": hostnames["EnableDnsHostnames"]["Value"],
        "enable_dns_support": support["EnableDnsSupport"]["Value"],
        "enable_network_address_usage_metrics": False,
        "main_route_table_id": main,
        "default_route_table_id": main,
        "default_network_acl_id": acl.get("NetworkAclId", ""),
        "default_security_group_id": (group or {}).get("GroupId", ""),
        "ipv6_cidr_block_network_border_group": "",
        "tags_all": from_pairs(found.get("Tags")),
    }


def _main_table(tables: list[dict[str, Any]]) -> str:
    for table in tables:
        if any(link.get("Main") for link in table.get("Associations", [])):
            return str(table["RouteTableId"])
    return ""


def _update_vpc(aws: Aws, prior: State, planned: State) -> None:
    if changed(prior, planned, "enable_dns_hostnames"):
        wanted = {"Value": bool(planned.get("enable_dns_hostnames"))}
        aws.ec2.modify_vpc_attribute(VpcId=prior["id"], EnableDnsHostnames=wanted)
    if changed(prior, planned, "enable_dns_support"):
        wanted = {"Value": planned.get("enable_dns_support") is not False}
        aws.ec2.modify_vpc_attribute(VpcId=prior["id"], EnableDnsSupport=wanted)
    update_tags(aws, prior, planned)


def _create_subnet(aws: Aws, planned: State) -> State:
    made = aws.ec2.create_subnet(
        VpcId=planned["vpc_id"],
        CidrBlock=planned["cidr_block"],
        **given(AvailabilityZone=planned.get("availability_zone")),
        **tagged("subnet", planned),
    )["Subnet"]
    if planned.get("map_public_ip_on_launch"):
        aws.ec2.modify_subnet_attribute(SubnetId=made["SubnetId"], MapPublicIpOnLaunch={"Value": True})
    return {"id": made["SubnetId"], "ipv6_cidr_block_association_id": "", "ipv6_cidr_block": ""}


def _read_subnet(aws: Aws, state: State) -> State | None:
    found = first(aws.ec2.describe_subnets(SubnetIds=[state["id"]]), "Subnets")
    if found is None:
        return None
    return {
        "arn": found.get("SubnetArn") or arn(aws, "subnet", state["id"]),
        "vpc_id": found["VpcId"],
        "cidr_block": found["CidrBlock"],
        "availability_zone": found["AvailabilityZone"],
        "availability_zone_id": found.get("AvailabilityZoneId", ""),
        "map_public_ip_on_launch": found.get("MapPublicIpOnLaunch", False),
        "owner_id": found.get("OwnerId", aws.account),
        "private_dns_hostname_type_on_launch": "ip-name",
        "tags_all": from_pairs(found.get("Tags")),
    }


def _update_subnet(aws: Aws, prior: State, planned: State) -> None:
    if changed(prior, planned, "map_public_ip_on_launch"):
        wanted = {"Value": bool(planned.get("map_public_ip_on_launch"))}
        aws.ec2.modify_subnet_attribute(SubnetId=prior["id"], MapPublicIpOnLaunch=wanted)
    update_tags(aws, prior, planned)


def ec2(title: str, create: Any, read: Any, update: Any, delete: Any, **more: Any) -> Resource:
    return Resource(title, "ec2", create, read, update, delete, named_by=more.pop("named_by", "id"), **more)


RESOURCES = {
    "aws_vpc": ec2(
        "EC2 VPC",
        _create_vpc,
        _read_vpc,
        _update_vpc,
        by_id_only("delete_vpc", "VpcId"),
        defaults={"enable_dns_support": True, "instance_tenancy": "default"},
    ),
    "aws_subnet": ec2(
        "EC2 Subnet", _create_subnet, _read_subnet, _update_subnet, by_id_only("delete_subnet", "SubnetId")
    ),
}
