"""EC2 security groups and their rules."""

from __future__ import annotations

from typing import Any

from sesari.rehearsal.aws.resource import Aws, Resource
from sesari.rehearsal.aws.state import State, from_pairs, given, retag
from sesari.rehearsal.aws.types.network import arn, tagged, update_tags

_EVERYWHERE = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}


def _create_group(aws: Aws, planned: State) -> State:
    group = aws.ec2.create_security_group(
        GroupName=planned["name"],
        Description=planned.get("description") or "Managed by Terraform",
        **given(VpcId=planned.get("vpc_id")),
        **tagged("security-group", planned),
    )["GroupId"]
    # As the real provider does: AWS opens every new group to the outside, Terraform's starts closed.
    found = _group(aws, group) or {}
    if found.get("IpPermissionsEgress"):
        aws.ec2.revoke_security_group_egress(GroupId=group, IpPermissions=[_EVERYWHERE])
    _authorize(aws, group, planned)
    return {"id": group}


def _authorize(aws: Aws, group: str, planned: State) -> None:
    for rule in planned.get("ingress") or []:
        aws.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[_permission(rule, group)])
    for rule in planned.get("egress") or []:
        aws.ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[_permission(rule, group)])


def _permission(rule: State, group: str) -> dict[str, Any]:
    """One inline rule as an API permission."""
    groups = list(rule.get("security_groups") or []) + ([group] if rule.get("self") else [])
    note = given(Description=rule.get("description"))
    out: dict[str, Any] = {
        "IpProtocol": rule["protocol"],
        **given(
            IpRanges=[{"CidrIp": cidr, **note} for cidr in rule.get("cidr_blocks") or []],
            Ipv6Ranges=[{"CidrIpv6": cidr, **note} for cidr in rule.get("ipv6_cidr_blocks") or []],
            PrefixListIds=[{"PrefixListId": one, **note} for one in rule.get("prefix_list_ids") or []],
            UserIdGroupPairs=[{"GroupId": one, **note} for one in groups],
        ),
    }
    if rule["protocol"] != "-1":
        out.update(FromPort=int(rule["from_port"]), ToPort=int(rule["to_port"]))
    return out


def _rule(permission: dict[str, Any], group: str) -> State:
    """One API permission as an inline rule."""
    sources = [pair["GroupId"] for pair in permission.get("UserIdGroupPairs", [])]
    notes = [
        one.get("Description", "")
        for kind in ("IpRanges", "Ipv6Ranges", "PrefixListIds", "UserIdGroupPairs")
        for one in permission.get(kind, [])
    ]
    return {
        "protocol": permission["IpProtocol"],
        "from_port": permission.get("FromPort", 0),
        "to_port": permission.get("ToPort", 0),
        "cidr_blocks": [one["CidrIp"] for one in permission.get("IpRanges", [])],
        "ipv6_cidr_blocks": [one["CidrIpv6"] for one in permission.get("Ipv6Ranges", [])],
        "prefix_list_ids": [one["PrefixListId"] for one in permission.get("PrefixListIds", [])],
        "security_groups": [source for source in sources if source != group],
        "self": group in sources,
        "description": next((note for note in notes if note), ""),
    }


def _group(aws: Aws, group: str) -> dict[str, Any] | None:
    found: list[dict[str, Any]] = aws.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    return found[0] if found else None


def _inline(aws: Aws, group: dict[str, Any], state: State) -> dict[str, list[State]]:
    """The rules that count as the group's own.

    Rules made by rule resources carry tags and count there, unless the group has rules of its own in the state. The
    real provider reports them on the group as well; a rule made by hand has no tags and shows here.
    """
    identifier = group["GroupId"]
    if state.get("ingress") or state.get("egress"):
        return {
            "ingress": [_rule(one, identifier) for one in group.get("IpPermissions", [])],
            "egress": [_rule(one, identifier) for one in group.get("IpPermissionsEgress", [])],
        }
    own: dict[str, list[State]] = {"ingress": [], "egress": []}
    filters = [{"Name": "group-id", "Values": [identifier]}]
    for rule in aws.ec2.describe_security_group_rules(Filters=filters)["SecurityGroupRules"]:
        if not rule.get("Tags"):
            own["egress" if rule.get("IsEgress") else "ingress"].append(_rule(_as_permission(rule), identifier))
    return own


def _as_permission(rule: dict[str, Any]) -> dict[str, Any]:
    note = given(Description=rule.get("Description"))
    out = {"IpProtocol": rule["IpProtocol"], "FromPort": rule.get("FromPort", 0), "ToPort": rule.get("ToPort", 0)}
    if rule["IpProtocol"] == "-1":
        out.update(FromPort=0, ToPort=0)
    for kind, key, value in (
        ("IpRanges", "CidrIp", rule.get("CidrIpv4")),
        ("Ipv6Ranges", "CidrIpv6", rule.get("CidrIpv6")),
        ("PrefixListIds", "PrefixListId", rule.get("PrefixListId")),
        ("UserIdGroupPairs", "GroupId", rule.get("ReferencedGroupInfo", {}).get("GroupId")),
    ):
        if value:
            out[kind] = [{key: value, **note}]
    return out


def _read_group(aws: Aws, state: State) -> State | None:
    group = state["id"]
    found = _group(aws, group)
    if found is None:
        return None
    return {
        "arn": arn(aws, "security-group", group),
        "name": found["GroupName"],
        "name_prefix": "",
        "description": found.get("Description", ""),
        "owner_id": found.get("OwnerId", aws.account),
        "vpc_id": found.get("VpcId", ""),
        **_inline(aws, found, state),
        "tags_all": from_pairs(found.get("Tags")),
    }


def _update_group(aws: Aws, prior: State, planned: State) -> None:
    _replace_rules(aws, prior, planned)
    update_tags(aws, prior, planned)


def _replace_rules(aws: Aws, prior: State, planned: State) -> None:
    """Inline rules become exactly those planned. Unplanned (null) ones are left alone."""
    found = _group(aws, prior["id"]) or {}
    for direction, key in (("ingress", "IpPermissions"), ("egress", "IpPermissionsEgress")):
        if planned.get(direction) is None or planned.get(direction) == prior.get(direction):
            continue
        if found.get(key):
            getattr(aws.ec2, f"revoke_security_group_{direction}")(GroupId=prior["id"], IpPermissions=found[key])
        _authorize(aws, prior["id"], {direction: planned[direction]})


def _delete_group(aws: Aws, prior: State) -> None:
    aws.ec2.delete_security_group(GroupId=prior["id"])


def _adopt_default(aws: Aws, planned: State) -> State:
    """The default group exists already: Terraform takes it over and empties it."""
    filters = [{"Name": "vpc-id", "Values": [planned["vpc_id"]]}, {"Name": "group-name", "Values": ["default"]}]
    group = aws.ec2.describe_security_groups(Filters=filters)["SecurityGroups"][0]
    identifier = group["GroupId"]
    # Tags first, as the real provider does: they make the group ours for policies that ask.
    update_tags(aws, {"id": identifier}, planned)
    for direction, key in (("ingress", "IpPermissions"), ("egress", "IpPermissionsEgress")):
        if group.get(key):
            getattr(aws.ec2, f"revoke_security_group_{direction}")(GroupId=identifier, IpPermissions=group[key])
    _authorize(aws, identifier, planned)
    return {"id": identifier}


def _leave(aws: Aws, prior: State) -> None:
    """A default group cannot be deleted: Terraform only forgets it."""


def _create_rule(direction: str, aws: Aws, planned: State) -> State:
    permission: dict[str, Any] = {"IpProtocol": planned["ip_protocol"]}
    note = given(Description=planned.get("description"))
    if planned["ip_protocol"] != "-1":
        permission.update(FromPort=int(planned["from_port"]), ToPort=int(planned["to_port"]))
    for ours, kind, key in _SOURCES:
        if planned.get(ours):
            permission[kind] = [{key: planned[ours], **note}]
    made = getattr(aws.ec2, f"authorize_security_group_{direction}")(
        GroupId=planned["security_group_id"],
        IpPermissions=[permission],
        **tagged("security-group-rule", planned),
    )["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    return {"id": made, "security_group_rule_id": made}


# Terraform attribute, kind in a permission, key there.
_SOURCES = (
    ("cidr_ipv4", "IpRanges", "CidrIp"),
    ("cidr_ipv6", "Ipv6Ranges", "CidrIpv6"),
    ("prefix_list_id", "PrefixListIds", "PrefixListId"),
    ("referenced_security_group_id", "UserIdGroupPairs", "GroupId"),
)


def _read_rule(aws: Aws, state: State) -> State | None:
    found = aws.ec2.describe_security_group_rules(SecurityGroupRuleIds=[state["id"]])["SecurityGroupRules"]
    if not found:
        return None
    rule = found[0]
    everything = rule["IpProtocol"] == "-1"
    return {
        "arn": arn(aws, "security-group-rule", state["id"]),
        "security_group_rule_id": state["id"],
        "security_group_id": rule["GroupId"],
        "ip_protocol": rule["IpProtocol"],
        "from_port": None if everything else rule.get("FromPort"),
        "to_port": None if everything else rule.get("ToPort"),
        "cidr_ipv4": rule.get("CidrIpv4"),
        "cidr_ipv6": rule.get("CidrIpv6"),
        "prefix_list_id": rule.get("PrefixListId"),
        "referenced_security_group_id": rule.get("ReferencedGroupInfo", {}).get("GroupId"),
        "description": rule.get("Description") or None,
        "tags_all": from_pairs(rule.get("Tags")),
    }


def _update_rule(aws: Aws, prior: State, planned: State) -> None:
    fields = ("ip_protocol", "from_port", "to_port", "description", *(ours for ours, _, _ in _SOURCES))
    if any(prior.get(name) != planned.get(name) for name in fields):
        wanted = given(
            IpProtocol=planned["ip_protocol"],
            FromPort=planned.get("from_port"),
            ToPort=planned.get("to_port"),
            CidrIpv4=planned.get("cidr_ipv4"),
            CidrIpv6=planned.get("cidr_ipv6"),
            PrefixListId=planned.get("prefix_list_id"),
            ReferencedGroupId=planned.get("referenced_security_group_id"),
            Description=planned.get("description"),
        )
        aws.ec2.modify_security_group_rules(
            GroupId=prior["security_group_id"],
            SecurityGroupRules=[{"SecurityGroupRuleId": prior["id"], "SecurityGroupRule": wanted}],
        )
    if any(retag(prior, planned)):
        update_tags(aws, prior, planned)


def _rule_resource(direction: str) -> Resource:
    def create(aws: Aws, planned: State) -> State:
        return _create_rule(direction, aws, planned)

    def delete(aws: Aws, prior: State) -> None:
        getattr(aws.ec2, f"revoke_security_group_{direction}")(
            GroupId=prior["security_group_id"], SecurityGroupRuleIds=[prior["id"]]
        )

    return Resource(
        title=f"VPC Security Group {direction.title()} Rule",
        service="ec2",
        create=create,
        read=_read_rule,
        update=_update_rule,
        delete=delete,
        named_by="security_group_id",
    )


RESOURCES = {
    "aws_security_group": Resource(
        title="Security Group",
        service="ec2",
        create=_create_group,
        read=_read_group,
        update=_update_group,
        delete=_delete_group,
    ),
    "aws_default_security_group": Resource(
        title="Default Security Group",
        service="ec2",
        create=_adopt_default,
        read=_read_group,
        update=_update_group,
        delete=_leave,
        named_by="vpc_id",
    ),
    "aws_vpc_security_group_ingress_rule": _rule_resource("ingress"),
    "aws_vpc_security_group_egress_rule": _rule_resource("egress"),
}
