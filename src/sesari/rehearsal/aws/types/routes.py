"""EC2: route tables, routes and associations."""

from __future__ import annotations

import zlib

from sesari.rehearsal.aws.resource import Aws, unchanging
from sesari.rehearsal.aws.state import State, from_pairs
from sesari.rehearsal.aws.types.network import arn, by_id_only, ec2, first, tagged, update_tags


def _create_table(aws: Aws, planned: State) -> State:
    made = aws.ec2.create_route_table(VpcId=planned["vpc_id"], **tagged("route-table", planned))["RouteTable"]
    return {"id": made["RouteTableId"], "route": [], "propagating_vgws": []}


def _read_table(aws: Aws, state: State) -> State | None:
    found = first(aws.ec2.describe_route_tables(RouteTableIds=[state["id"]]), "RouteTables")
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
    return zlib.crc32(text.encode())


def _read_route(aws: Aws, state: State) -> State | None:
    found = first(aws.ec2.describe_route_tables(RouteTableIds=[state["route_table_id"]]), "RouteTables")
    for route in (found or {}).get("Routes", []):
        if route.get("DestinationCidrBlock") == state["destination_cidr_block"]:
            seen: State = {ours: route.get(key, "") for ours, key in _ROUTE_TARGETS}
            blank = dict.fromkeys(("instance_id", "instance_owner_id"), "")
            return {
                **seen,
                **blank,
                "origin": route.get("Origin", "CreateRoute"),
                "state": route.get("State", "active"),
            }
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


RESOURCES = {
    "aws_route_table": ec2(
        "Route Table", _create_table, _read_table, update_tags, by_id_only("delete_route_table", "RouteTableId")
    ),
    "aws_route": ec2(
        "Route",
        _create_route,
        _read_route,
        _update_route,
        _delete_route,
        locate=_locate_route,
        named_by="route_table_id",
    ),
    "aws_route_table_association": ec2(
        "Route Table Association",
        _associate,
        _read_association,
        unchanging,
        by_id_only("disassociate_route_table", "AssociationId"),
        named_by="route_table_id",
    ),
}
