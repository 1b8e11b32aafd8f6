"""EC2 networking: VPC, subnets, routes, gateways, addresses, endpoints."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sesari.rehearsal.aws.resource import Aws, Resource, unchanging
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


def _first(answer: dict[str, Any], key: str) -> dict[str, Any] | None:
    found: list[dict[str, Any]] = answer.get(key, [])
    return found[0] if found else None


def _by_id(delete: str, parameter: str) -> Callable[[Aws, State], None]:
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
    found = _first(aws.ec2.describe_vpcs(VpcIds=[vpc]), "Vpcs")
    if found is None:
        return None
    hostnames = aws.ec2.describe_vpc_attribute(VpcId=vpc, Attribute="enableDnsHostnames")
    support = aws.ec2.describe_vpc_attribute(VpcId=vpc, Attribute="enableDnsSupport")
    of_vpc = [{"Name": "vpc-id", "Values": [vpc]}]
    main = _main_table(aws.ec2.describe_route_tables(Filters=of_vpc)["RouteTables"])
    acl = _first(aws.ec2.describe_network_acls(Filters=of_vpc), "NetworkAcls") or {}
    group = _first(
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
    found = _first(aws.ec2.describe_subnets(SubnetIds=[state["id"]]), "Subnets")
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


def _create_table(aws: Aws, planned: State) -> State:
    made = aws.ec2.create_route_table(VpcId=planned["vpc_id"], **tagged("route-table", planned))["RouteTable"]
    return {"id": made["RouteTableId"], "route": [], "propagating_vgws": []}


def _read_table(aws: Aws, state: State) -> State | None:
    found = _first(aws.ec2.describe_route_tables(RouteTableIds=[state["id"]]), "RouteTables")
    if found is None:
        return None
    return {
        "arn": arn(aws, "route-table", state["id"]),
        "vpc_id": found["VpcId"],
        "owner_id": found.get("OwnerId", aws.account),
        "tags_all": from_pairs(found.get("Tags")),
    }


_ROUTE_TARGETS = (
    ("gateway_id", "GatewayId"),
    ("nat_gateway_id", "NatGatewayId"),
    ("vpc_endpoint_id", "VpcEndpointId"),
    ("vpc_peering_connection_id", "VpcPeeringConnectionId"),
    ("network_interface_id", "NetworkInterfaceId"),
)


def _create_route(aws: Aws, planned: State) -> State:
    table, destination = planned["route_table_id"], planned["destination_cidr_block"]
    targets = {key: planned[ours] for ours, key in _ROUTE_TARGETS if planned.get(ours)}
    aws.ec2.create_route(RouteTableId=table, DestinationCidrBlock=destination, **targets)
    return {"id": f"r-{table}{_hash(destination)}"}


def _hash(text: str) -> int:
    import zlib

    return zlib.crc32(text.encode())


def _read_route(aws: Aws, state: State) -> State | None:
    found = _first(aws.ec2.describe_route_tables(RouteTableIds=[state["route_table_id"]]), "RouteTables")
    for route in (found or {}).get("Routes", []):
        if route.get("DestinationCidrBlock") == state["destination_cidr_block"]:
            seen: State = {ours: route.get(key, "") for ours, key in _ROUTE_TARGETS}
            blank = dict.fromkeys(("instance_id", "instance_owner_id"), "")
            return {**seen, **blank, "origin": route.get("Origin", "CreateRoute"), "state": route.get("State", "active")}
    return None


def _update_route(aws: Aws, prior: State, planned: State) -> None:
    targets = {key: planned[ours] for ours, key in _ROUTE_TARGETS if planned.get(ours)}
    aws.ec2.replace_route(
        RouteTableId=prior["route_table_id"], DestinationCidrBlock=prior["destination_cidr_block"], **targets
    )


def _delete_route(aws: Aws, prior: State) -> None:
    aws.ec2.delete_route(RouteTableId=prior["route_table_id"], DestinationCidrBlock=prior["destination_cidr_block"])


def _locate_route(identifier: str) -> State:
    table, _, destination = identifier.partition("_")
    return {"id": f"r-{table}{_hash(destination)}", "route_table_id": table, "destination_cidr_block": destination}


def _associate(aws: Aws, planned: State) -> State:
    made = aws.ec2.associate_route_table(RouteTableId=planned["route_table_id"], SubnetId=planned["subnet_id"])
    return {"id": made["AssociationId"]}


def _read_association(aws: Aws, state: State) -> State | None:
    by_link = [{"Name": "association.route-table-association-id", "Values": [state["id"]]}]
    for table in aws.ec2.describe_route_tables(Filters=by_link)["RouteTables"]:
        for link in table.get("Associations", []):
            if link.get("RouteTableAssociationId") == state["id"]:
                return {"route_table_id": table["RouteTableId"], "subnet_id": link.get("SubnetId", "")}
    return None


def _create_gateway(aws: Aws, planned: State) -> State:
    made = aws.ec2.create_internet_gateway(**tagged("internet-gateway", planned))["InternetGateway"]
    if planned.get("vpc_id"):
        aws.ec2.attach_internet_gateway(InternetGatewayId=made["InternetGatewayId"], VpcId=planned["vpc_id"])
    return {"id": made["InternetGatewayId"]}


def _read_gateway(aws: Aws, state: State) -> State | None:
    found = _first(aws.ec2.describe_internet_gateways(InternetGatewayIds=[state["id"]]), "InternetGateways")
    if found is None:
        return None
    attached = _first(found, "Attachments") or {}
    return {
        "arn": arn(aws, "internet-gateway", state["id"]),
        "owner_id": found.get("OwnerId", aws.account),
        "vpc_id": attached.get("VpcId", ""),
        "tags_all": from_pairs(found.get("Tags")),
    }


def _delete_gateway(aws: Aws, prior: State) -> None:
    if prior.get("vpc_id"):
        aws.ec2.detach_internet_gateway(InternetGatewayId=prior["id"], VpcId=prior["vpc_id"])
    aws.ec2.delete_internet_gateway(InternetGatewayId=prior["id"])


def _create_address(aws: Aws, planned: State) -> State:
    made = aws.ec2.allocate_address(Domain="vpc", **tagged("elastic-ip", planned))
    blank = dict.fromkeys(("carrier_ip", "customer_owned_ip", "customer_owned_ipv4_pool", "ptr_record"), "")
    return {"id": made["AllocationId"], **blank, "vpc": True}


def _read_address(aws: Aws, state: State) -> State | None:
    found = _first(aws.ec2.describe_addresses(AllocationIds=[state["id"]]), "Addresses")
    if found is None:
        return None
    public = found["PublicIp"]
    return {
        "arn": arn(aws, "elastic-ip", state["id"]),
        "allocation_id": state["id"],
        "domain": found.get("Domain", "vpc"),
        "public_ip": public,
        "public_dns": f"ec2-{public.replace('.', '-')}.compute-1.amazonaws.com",
        "public_ipv4_pool": found.get("PublicIpv4Pool", "amazon"),
        "network_border_group": found.get("NetworkBorderGroup", aws.region),
        "tags_all": from_pairs(found.get("Tags")),
    }


def _create_nat(aws: Aws, planned: State) -> State:
    made = aws.ec2.create_nat_gateway(
        SubnetId=planned["subnet_id"],
        **given(AllocationId=planned.get("allocation_id"), ConnectivityType=planned.get("connectivity_type")),
        **tagged("natgateway", planned),
    )["NatGateway"]
    return {
        "id": made["NatGatewayId"],
        "secondary_allocation_ids": [],
        "secondary_private_ip_addresses": [],
        "secondary_private_ip_address_count": 0,
    }


def _read_nat(aws: Aws, state: State) -> State | None:
    found = _first(aws.ec2.describe_nat_gateways(NatGatewayIds=[state["id"]]), "NatGateways")
    if found is None or found.get("State") in ("deleted", "deleting"):
        return None
    # The emulator forgets a gateway's addresses: the allocation is the state's, its address is looked up.
    allocation = state.get("allocation_id")
    address = _first(aws.ec2.describe_addresses(AllocationIds=[allocation]), "Addresses") if allocation else None
    blank = dict.fromkeys(("association_id", "network_interface_id", "private_ip"), "")
    return {
        **blank,
        "subnet_id": found["SubnetId"],
        "connectivity_type": found.get("ConnectivityType", "public"),
        "public_ip": (address or {}).get("PublicIp", ""),
        "tags_all": from_pairs(found.get("Tags")),
    }


def _create_endpoint(aws: Aws, planned: State) -> State:
    made = aws.ec2.create_vpc_endpoint(
        VpcId=planned["vpc_id"],
        ServiceName=planned["service_name"],
        VpcEndpointType=planned.get("vpc_endpoint_type") or "Gateway",
        **given(
            RouteTableIds=planned.get("route_table_ids"),
            SubnetIds=planned.get("subnet_ids"),
            SecurityGroupIds=planned.get("security_group_ids"),
            PolicyDocument=planned.get("policy"),
        ),
        **tagged("vpc-endpoint", planned),
    )["VpcEndpoint"]
    return {
        "id": made["VpcEndpointId"],
        "dns_entry": [],
        "cidr_blocks": [],
        "network_interface_ids": [],
        "requester_managed": False,
        "private_dns_enabled": bool(planned.get("private_dns_enabled")),
        "ip_address_type": "",
        "service_region": aws.region,
    }


def _read_endpoint(aws: Aws, state: State) -> State | None:
    found = _first(aws.ec2.describe_vpc_endpoints(VpcEndpointIds=[state["id"]]), "VpcEndpoints")
    if found is None or found.get("State") in ("deleted", "deleting"):
        return None
    return {
        "arn": arn(aws, "vpc-endpoint", state["id"]),
        "vpc_id": found["VpcId"],
        "service_name": found["ServiceName"],
        "vpc_endpoint_type": found.get("VpcEndpointType", "Gateway"),
        "state": found.get("State", "available"),
        "owner_id": found.get("OwnerId", aws.account),
        "route_table_ids": found.get("RouteTableIds", []),
        "subnet_ids": found.get("SubnetIds", []),
        "security_group_ids": [group["GroupId"] for group in found.get("Groups", [])],
        "policy": found.get("PolicyDocument", state.get("policy") or ""),
        "prefix_list_id": state.get("prefix_list_id") or "pl-63a5400a",
        "tags_all": from_pairs(found.get("Tags")),
    }


def _update_endpoint(aws: Aws, prior: State, planned: State) -> None:
    before, after = set(prior.get("route_table_ids") or ()), set(planned.get("route_table_ids") or ())
    moves = given(AddRouteTableIds=sorted(after - before), RemoveRouteTableIds=sorted(before - after))
    if changed(prior, planned, "policy") and planned.get("policy"):
        moves["PolicyDocument"] = planned["policy"]
    if moves:
        aws.ec2.modify_vpc_endpoint(VpcEndpointId=prior["id"], **moves)
    update_tags(aws, prior, planned)


def _delete_endpoint(aws: Aws, prior: State) -> None:
    aws.ec2.delete_vpc_endpoints(VpcEndpointIds=[prior["id"]])


def _ec2(title: str, create: Any, read: Any, update: Any, delete: Any, **more: Any) -> Resource:
    return Resource(title, "ec2", create, read, update, delete, named_by=more.pop("named_by", "id"), **more)


RESOURCES = {
    "aws_vpc": _ec2(
        "EC2 VPC",
        _create_vpc,
        _read_vpc,
        _update_vpc,
        _by_id("delete_vpc", "VpcId"),
        defaults={"enable_dns_support": True, "instance_tenancy": "default"},
    ),
    "aws_subnet": _ec2(
        "EC2 Subnet", _create_subnet, _read_subnet, _update_subnet, _by_id("delete_subnet", "SubnetId")
    ),
    "aws_route_table": _ec2(
        "Route Table", _create_table, _read_table, update_tags, _by_id("delete_route_table", "RouteTableId")
    ),
    "aws_route": _ec2(
        "Route", _create_route, _read_route, _update_route, _delete_route, locate=_locate_route, named_by="route_table_id"
    ),
    "aws_route_table_association": _ec2(
        "Route Table Association",
        _associate,
        _read_association,
        unchanging,
        _by_id("disassociate_route_table", "AssociationId"),
        named_by="route_table_id",
    ),
    "aws_internet_gateway": _ec2(
        "EC2 Internet Gateway", _create_gateway, _read_gateway, update_tags, _delete_gateway
    ),
    "aws_eip": _ec2(
        "EC2 EIP", _create_address, _read_address, update_tags, _by_id("release_address", "AllocationId")
    ),
    "aws_nat_gateway": _ec2(
        "EC2 NAT Gateway", _create_nat, _read_nat, update_tags, _by_id("delete_nat_gateway", "NatGatewayId"),
        defaults={"connectivity_type": "public"},
    ),
    "aws_vpc_endpoint": _ec2(
        "EC2 VPC Endpoint",
        _create_endpoint,
        _read_endpoint,
        _update_endpoint,
        _delete_endpoint,
        defaults={"vpc_endpoint_type": "Gateway"},
        documents=("policy",),
    ),
}
