"""EC2: internet and NAT gateways, addresses, endpoints."""

from __future__ import annotations

from sesari.rehearsal.aws.resource import Aws
from sesari.rehearsal.aws.state import State, changed, from_pairs, given
from sesari.rehearsal.aws.types.network import arn, by_id_only, ec2, first, tagged, update_tags


def _create_gateway(aws: Aws, planned: State) -> State:
    made = aws.ec2.create_internet_gateway(**tagged("internet-gateway", planned))["InternetGateway"]
    if planned.get("vpc_id"):
        aws.ec2.attach_internet_gateway(InternetGatewayId=made["InternetGatewayId"], VpcId=planned["vpc_id"])
    return {"id": made["InternetGatewayId"]}


def _read_gateway(aws: Aws, state: State) -> State | None:
    found = first(aws.ec2.describe_internet_gateways(InternetGatewayIds=[state["id"]]), "InternetGateways")
    if found is None:
        return None
    attached = first(found, "Attachments") or {}
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
    found = first(aws.ec2.describe_addresses(AllocationIds=[state["id"]]), "Addresses")
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
    found = first(aws.ec2.describe_nat_gateways(NatGatewayIds=[state["id"]]), "NatGateways")
    if found is None or found.get("State") in ("deleted", "deleting"):
        return None
    # The emulator forgets a gateway's addresses: the allocation is the state's, its address is looked up.
    allocation = state.get("allocation_id")
    address = first(aws.ec2.describe_addresses(AllocationIds=[allocation]), "Addresses") if allocation else None
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
    found = first(aws.ec2.describe_vpc_endpoints(VpcEndpointIds=[state["id"]]), "VpcEndpoints")
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


RESOURCES = {
    "aws_internet_gateway": ec2("EC2 Internet Gateway", _create_gateway, _read_gateway, update_tags, _delete_gateway),
    "aws_eip": ec2(
        "EC2 EIP", _create_address, _read_address, update_tags, by_id_only("release_address", "AllocationId")
    ),
    "aws_nat_gateway": ec2(
        "EC2 NAT Gateway",
        _create_nat,
        _read_nat,
        update_tags,
        by_id_only("delete_nat_gateway", "NatGatewayId"),
        defaults={"connectivity_type": "public"},
    ),
    "aws_vpc_endpoint": ec2(
        "EC2 VPC Endpoint",
        _create_endpoint,
        _read_endpoint,
        _update_endpoint,
        _delete_endpoint,
        defaults={"vpc_endpoint_type": "Gateway"},
        documents=("policy",),
    ),
}
